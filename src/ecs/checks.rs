//! Step 5 of a frame: the waits on messages and on conditions, looked at without resuming any script.
//!
//! The rule: messages first, then conditions, each in the order in which the waits were armed; a script
//! is woken only if its wait is over. The world lies on the stage for that time and is only read. What
//! users brought along (conditions, mappings of messages) runs here, outside of their scripts: a panic in
//! it is kept, and goes off in the script that brought it, when that script is resumed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;

use bevy_ecs::world::World;

use super::conditions::Conditions;
use super::stage;
use crate::executor::Lane;

/// What is kept of a panic until its script is resumed.
pub(crate) type Payload = Box<dyn Any + Send>;

/// The messages of one type, and who listens for them.
pub(crate) trait Hub {
    /// Hands every message that has come since the last time to every listener.
    fn pull(&self, world: &World, checks: &Checks);
    fn as_any(&self) -> &dyn Any;
}

/// A wait that messages can end.
pub(crate) trait Waiter {
    /// The waker, if the wait that was armed with this number still stands.
    fn take_due(&self, armed: u64) -> Option<Waker>;
}

/// All the waits of one store.
#[derive(Default)]
pub(crate) struct Checks {
    hubs: RefCell<Vec<Rc<dyn Hub>>>,
    /// Waits on messages that have come, with the numbers that they were armed with.
    due: RefCell<Vec<(u64, Rc<dyn Waiter>)>>,
    pub(crate) conditions: Conditions,
    /// Counts the waits on messages that were armed.
    armed: Cell<u64>,
    woken: RefCell<VecDeque<Waker>>,
    /// Whether the executor was told to call `run`. It isn't before there is a wait to look at, since an
    /// executor with checks is never idle.
    hooked: Cell<bool>,
}

/// The hook that the executor calls at step 5.
pub(crate) fn run() {
    let store = stage::access_current(|stage| {
        let store = stage.store();
        store.checks.look(&stage.world, stage.lane);
        store.clone()
    });
    if let Some(store) = store {
        // The stage is back in its place: what a waker runs may use the world.
        while let Some(waker) = store.checks.next_woken() {
            waker.wake();
        }
    }
}

impl Checks {
    fn look(&self, world: &World, lane: Lane) {
        for at in 0.. {
            let hub = self.hubs.borrow().get(at).cloned();
            let Some(hub) = hub else { break };
            hub.pull(world, self);
        }
        let mut due = mem::take(&mut *self.due.borrow_mut());
        // ORDER: of the waits on messages that are over, the first to be armed is woken first.
        due.sort_unstable_by_key(|(armed, _)| *armed);
        let over = due.drain(..).filter_map(|(armed, waiter)| waiter.take_due(armed));
        self.woken.borrow_mut().extend(over);
        *self.due.borrow_mut() = due;

        // ORDER: conditions behind messages.
        self.conditions.look(world, lane, &mut |waker| self.woken.borrow_mut().push_back(waker));
    }

    /// Whether a look in this lane would find nothing and run nothing.
    pub(crate) fn are_quiet(&self, lane: Lane) -> bool {
        self.hubs.borrow().is_empty() && self.due.borrow().is_empty() && self.conditions.are_none(lane)
    }

    pub(crate) fn are_hooked(&self) -> bool {
        self.hooked.get()
    }

    /// Notes that the executor is told to call `run`; whether it had been told before.
    pub(crate) fn hook(&self) -> bool {
        self.hooked.replace(true)
    }

    fn next_woken(&self) -> Option<Waker> {
        self.woken.borrow_mut().pop_front()
    }

    /// The hub of type `H`, made if it isn't there yet.
    pub(crate) fn hub<H: Hub + 'static>(&self, make: impl FnOnce() -> H) -> Rc<dyn Hub> {
        let mut hubs = self.hubs.borrow_mut();
        if let Some(hub) = hubs.iter().find(|hub| hub.as_any().is::<H>()) {
            return hub.clone();
        }
        let hub: Rc<dyn Hub> = Rc::new(make());
        hubs.push(hub.clone());
        hub
    }

    /// The number of a wait on messages that is being armed.
    pub(crate) fn arm_message(&self) -> u64 {
        self.armed.set(self.armed.get() + 1);
        self.armed.get()
    }

    /// Something has come for a wait; step 5 will wake it.
    pub(crate) fn has_come(&self, armed: u64, waiter: Rc<dyn Waiter>) {
        self.due.borrow_mut().push((armed, waiter));
    }
}

/// Runs what a user brought along; a panic is a value.
#[inline]
pub(crate) fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}
