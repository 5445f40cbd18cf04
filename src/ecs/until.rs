//! Waiting until a condition of the world holds.
//!
//! The rule: the condition is looked at once when the wait is armed, and then in step 5 of each step of
//! the script's lane; the script isn't resumed before it holds. An armed wait has a row among the
//! conditions of its type, and gives it back when it is over or dropped.

use std::mem;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bevy_ecs::world::World;

use super::conditions::Column;
use super::stage::{self, StoreKey};
use crate::executor::{WaitKind, current};

/// The wait for a condition of the world.
pub(crate) struct UntilHolds<F, T> {
    store: StoreKey,
    at: &'static Location<'static>,
    state: State<F, T>,
}

enum State<F, T> {
    New(F),
    /// With its row.
    Armed(Rc<Column<F, T>>, u32),
    Done,
}

impl<F, T> UntilHolds<F, T> {
    pub(crate) fn new(store: StoreKey, at: &'static Location<'static>, condition: F) -> Self
    where
        F: FnMut(&World) -> Option<T>,
    {
        UntilHolds { store, at, state: State::New(condition) }
    }

    /// Lets go of the condition, once.
    fn end(&mut self) {
        if let State::Armed(column, row) = mem::replace(&mut self.state, State::Done) {
            column.let_go(row);
        }
    }
}

// Nothing in here is ever pinned.
impl<F, T> Unpin for UntilHolds<F, T> {}

impl<F, T> Future for UntilHolds<F, T>
where
    F: FnMut(&World) -> Option<T> + 'static,
    T: 'static,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        if let State::Armed(column, row) = &this.state {
            let found = column.take_found(*row).or_else(|| {
                column.update(*row, context.waker());
                column.take_found(*row)
            });
            if let Some(found) = found {
                this.end();
                return Poll::Ready(found.unwrap_or_else(|payload| resume_unwind(payload)));
            }
        }
        match mem::replace(&mut this.state, State::Done) {
            State::Done => panic!("`until` was polled after it had ended: await it once"),
            State::New(mut condition) => {
                if let Some(Some(found)) = stage::act(this.store, |world| condition(world)) {
                    return Poll::Ready(found);
                }
                let waker = context.waker().clone();
                let armed = stage::access(this.store, |stage| {
                    stage.store().hook_checks();
                    stage.store().checks.conditions.arm(stage.lane, condition, waker)
                });
                match armed {
                    Ok((column, row)) => this.state = State::Armed(column, row),
                    Err(error) => panic!("`until` can't watch the world: {error}"),
                }
            }
            armed @ State::Armed(..) => this.state = armed,
        }
        current::try_with(|core| core.note(WaitKind::Condition, this.at));
        Poll::Pending
    }
}

impl<F, T> Drop for UntilHolds<F, T> {
    fn drop(&mut self) {
        self.end();
    }
}
