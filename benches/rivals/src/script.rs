//! What the scripts of all works are made of.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A count that outlives all executors, so that scripts and harness share it without a reference count.
pub type Counter = &'static Cell<u64>;

pub fn counter() -> Counter {
    Box::leak(Box::default())
}

/// Counts one more.
pub fn bump(counter: Counter) {
    counter.set(counter.get() + 1);
}

/// What a script keeps between its steps: 96 bytes of data of its own, and where its updates are summed up
/// when it ends.
pub struct State {
    data: [u64; 12],
    total: Counter,
}

impl State {
    pub fn new(number: usize, total: Counter) -> Self {
        let mut data = [number as u64; 12];
        data[3] = 0;
        State { data, total }
    }

    /// One step of the script: updates a counter in its state.
    #[inline]
    pub fn update(&mut self) {
        self.data[3] = self.data[3].wrapping_add(1);
        black_box(&mut self.data);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.total.set(self.total.get() + self.data[3]);
    }
}

/// Wakes its own task through the waker, and is over when it is polled again.
#[derive(Default)]
pub struct WakeSelf(bool);

impl Future for WakeSelf {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The wakers of scripts, each left once: every executor here wakes a task by the same waker all its life.
///
/// Leaked, as counters are. `clear` it before an executor is dropped: `nexus-async-rt` frees a task whatever
/// wakers of it are left, and these would then write to freed memory.
pub type Wakers = &'static RefCell<Vec<Waker>>;

pub fn wakers() -> Wakers {
    Box::leak(Box::default())
}

/// Leaves the script's waker, once, and goes on.
pub async fn leave_waker(wakers: Wakers) {
    std::future::poll_fn(|context| {
        wakers.borrow_mut().push(context.waker().clone());
        Poll::Ready(())
    })
    .await;
}
