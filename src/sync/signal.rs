//! A signal: many scripts wait, one raises it, all go on.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::executor::fifo::{Fifo, FifoKey};
use crate::executor::{WaitKind, current};

/// Tells every script that waits for it that something happened.
///
/// A signal has no memory: [`wait`](Self::wait) sees only what is raised after its creation. Waiters are
/// woken in the order in which they began to wait (their first polls). A clone is the same signal. It
/// stays on its thread; it isn't bound to an executor.
///
/// ```
/// use framestep::{Executor, Signal};
///
/// let alarm = Signal::new();
/// let mut executor = Executor::new();
/// let guard = executor.spawn({ let alarm = alarm.clone(); async move { alarm.wait().await } });
/// executor.poll_once();
/// alarm.raise();
/// assert_eq!(executor.poll_once().completed, 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Signal {
    shared: Rc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    raised: Cell<u64>,
    waiters: RefCell<Fifo<Waker>>,
}

impl Signal {
    /// A signal that nobody waits for. Allocates once; waiting allocates nothing once warm.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until the signal is raised, from now on. Dropping it takes the wait back.
    #[track_caller]
    pub fn wait(&self) -> SignalWait {
        SignalWait { site: Location::caller(), signal: self.clone(), seen: self.shared.raised.get(), place: None }
    }

    /// Wakes all that wait, in the order in which they began to.
    ///
    /// # Panics
    /// With the first panic of a foreign waker, after all have been woken.
    pub fn raise(&self) {
        self.shared.raised.set(self.shared.raised.get() + 1);
        let count = self.shared.waiters.borrow().len();
        let mut panicked = None;
        for _ in 0..count {
            let waiter = self.shared.waiters.borrow_mut().pop_front();
            // A waiter may be foreign, and take others back when it is woken.
            let Some(waker) = waiter else { break };
            // One that panics doesn't keep it from the others.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                panicked.get_or_insert(payload);
            }
        }
        if let Some(payload) = panicked {
            resume_unwind(payload);
        }
    }
}

/// The future of [`Signal::wait`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct SignalWait {
    site: &'static Location<'static>,
    signal: Signal,
    seen: u64,
    place: Option<FifoKey>,
}

impl Future for SignalWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.signal.shared.raised.get() != self.seen {
            return Poll::Ready(());
        }
        let mut waker = context.waker().clone();
        // A foreign waker may do anything when it is cloned, and so raise the signal.
        if self.signal.shared.raised.get() != self.seen {
            return Poll::Ready(());
        }
        let place = self.place;
        {
            let mut waiters = self.signal.shared.waiters.borrow_mut();
            match place.and_then(|place| waiters.get_mut(place)) {
                // It keeps its place, and wakes whoever polled it last.
                Some(kept) => std::mem::swap(kept, &mut waker),
                None => {
                    let key = waiters.push_back(waker);
                    drop(waiters);
                    self.place = Some(key);
                    waker = Waker::noop().clone();
                }
            }
        }
        drop(waker);
        current::try_with(|core| core.note(WaitKind::Signal, self.site));
        Poll::Pending
    }
}

impl Drop for SignalWait {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let waker = self.signal.shared.waiters.borrow_mut().remove(place);
            drop(waker);
        }
    }
}
