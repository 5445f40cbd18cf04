//! Waiting until a condition of the world holds.
//!
//! The rule: the condition is looked at once when the wait is armed, and then in step 5 of each step of
//! the script's lane; the script isn't resumed before it holds. The condition lies in a cell that the
//! wait and the list of step 5 share, so that a wait that is dropped takes its condition along at once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bevy_ecs::world::World;

use super::checks::{Condition, Payload, guarded};
use super::stage::{self, StoreKey};
use crate::executor::{WaitKind, current};

/// The wait that [`Me::until_some`](crate::Me::until_some) gives.
#[must_use = "a wait does nothing unless it is awaited"]
pub struct UntilSome<F, T> {
    store: StoreKey,
    at: &'static Location<'static>,
    state: State<F, T>,
}

enum State<F, T> {
    New(F),
    Armed(Rc<Shared<F, T>>),
    Done,
}

/// What the wait shares with step 5.
struct Shared<F, T> {
    condition: RefCell<Option<F>>,
    found: Cell<Option<Result<T, Payload>>>,
    waker: RefCell<Option<Waker>>,
}

impl<F, T> UntilSome<F, T> {
    pub(crate) fn new(store: StoreKey, at: &'static Location<'static>, condition: F) -> Self {
        UntilSome { store, at, state: State::New(condition) }
    }
}

// Nothing in here is ever pinned.
impl<F, T> Unpin for UntilSome<F, T> {}

impl<F, T> Future for UntilSome<F, T>
where
    F: FnMut(&World) -> Option<T> + 'static,
    T: 'static,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        match std::mem::replace(&mut this.state, State::Done) {
            State::Done => panic!("`until` was polled after it had ended: await it once"),
            State::New(mut condition) => {
                if let Ok(Some(found)) = stage::access(this.store, |stage| condition(&stage.world)) {
                    return Poll::Ready(found);
                }
                let cell = Rc::new(Shared {
                    condition: RefCell::new(Some(condition)),
                    found: Cell::new(None),
                    waker: RefCell::new(Some(context.waker().clone())),
                });
                let armed = stage::access(this.store, |stage| {
                    stage.store().hook_checks();
                    stage.store().checks.arm_condition(stage.lane, cell.clone());
                });
                if let Err(error) = armed {
                    panic!("`until` can't watch the world: {error}");
                }
                this.state = State::Armed(cell);
            }
            State::Armed(cell) => {
                if let Some(found) = cell.found.take() {
                    return match found {
                        Ok(found) => Poll::Ready(found),
                        Err(payload) => resume_unwind(payload),
                    };
                }
                let mut waker = cell.waker.borrow_mut();
                if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                    *waker = Some(context.waker().clone());
                }
                drop(waker);
                this.state = State::Armed(cell);
            }
        }
        current::try_with(|core| core.note(WaitKind::Condition, this.at));
        Poll::Pending
    }
}

impl<F, T> Condition for Shared<F, T>
where
    F: FnMut(&World) -> Option<T>,
{
    fn is_armed(&self) -> bool {
        self.condition.borrow().is_some()
    }

    fn check(&self, world: &World) -> bool {
        let mut condition = self.condition.borrow_mut();
        let Some(condition) = condition.as_mut() else { return false };
        match guarded(|| condition(world)) {
            Ok(None) => false,
            Ok(Some(found)) => {
                self.found.set(Some(Ok(found)));
                true
            }
            Err(payload) => {
                self.found.set(Some(Err(payload)));
                true
            }
        }
    }

    fn take_waker(&self) -> Option<Waker> {
        self.waker.borrow_mut().take()
    }
}

impl<F, T> Drop for UntilSome<F, T> {
    fn drop(&mut self) {
        if let State::Armed(cell) = &self.state {
            // The condition may be on the stack only if it drops its own wait; then it goes with the list.
            let condition = cell.condition.try_borrow_mut().ok().and_then(|mut condition| condition.take());
            let waker = cell.waker.borrow_mut().take();
            drop((condition, waker));
        }
    }
}

impl<F, T> fmt::Debug for UntilSome<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilSome").field("at", &self.at).finish_non_exhaustive()
    }
}
