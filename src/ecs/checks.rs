//! Step 5 of a frame: the waits on messages and on conditions, looked at without resuming any script.
//!
//! The rule: messages first, then conditions, each in the order in which the waits were armed; a script
//! is woken only if its wait is over. The world lies on the stage for that time and is only read. What
//! users brought along (conditions, mappings of messages) runs here, outside of their scripts: a panic in
//! it is kept, and goes off in the script that brought it, when that script is resumed.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Waker;

use bevy_ecs::world::World;

use super::conditions::Conditions;
use super::hear::WakeList;
use super::stage;
use crate::executor::Lane;

/// What is kept of a panic until its script is resumed.
pub(crate) type Payload = Box<dyn Any + Send>;

/// What is read in step 5 for all who listen to it.
pub(crate) trait Feed {
    /// Hands everything that has come since the last time to all who listen.
    fn pull(&self, world: &World, checks: &Checks);
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
}

/// All the waits of one store.
#[derive(Default)]
pub(crate) struct Checks {
    feeds: RefCell<Vec<(TypeId, Rc<dyn Feed>)>>,
    /// Those whose messages have come, with the numbers that they were armed with.
    due: Cell<WakeList>,
    pub(crate) conditions: Conditions,
    /// Counts the waits for what is heard.
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
        // The stage is back in its place. A condition may have cancelled scripts, by their registry.
        if store.has_mail() {
            store.settle();
        }
        // What a waker runs may use the world.
        while let Some(waker) = store.checks.next_woken() {
            waker.wake();
        }
    }
}

impl Checks {
    fn look(&self, world: &World, lane: Lane) {
        for at in 0.. {
            let feed = self.feeds.borrow().get(at).map(|(_, feed)| feed.clone());
            let Some(feed) = feed else { break };
            feed.pull(world, self);
        }
        let mut due = self.due.take();
        // ORDER: of the waits on messages that are over, the first to be armed is woken first.
        due.sort_unstable_by_key(|(armed, _)| *armed);
        self.woken.borrow_mut().extend(due.drain(..).map(|(_, waker)| waker));
        self.due.set(due);

        // ORDER: conditions behind messages.
        self.conditions.look(world, lane, &mut |waker| self.woken.borrow_mut().push_back(waker));
    }

    /// Whether a look in this lane would find nothing and run nothing.
    pub(crate) fn are_quiet(&self, lane: Lane) -> bool {
        self.feeds.borrow().is_empty() && self.conditions.are_none(lane)
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

    /// The feed that goes by this type, made if it isn't there yet.
    pub(crate) fn feed(&self, of: TypeId, make: impl FnOnce() -> Rc<dyn Feed>) -> Rc<dyn Feed> {
        let mut feeds = self.feeds.borrow_mut();
        if let Some((_, feed)) = feeds.iter().find(|(known, _)| *known == of) {
            return feed.clone();
        }
        let feed = make();
        feeds.push((of, feed.clone()));
        feed
    }

    /// The number of a wait for what is heard that is being armed.
    pub(crate) fn arm(&self) -> u64 {
        self.armed.set(self.armed.get() + 1);
        self.armed.get()
    }

    /// The list of those that step 5 will wake, to be added to.
    pub(crate) fn take_due(&self) -> WakeList {
        self.due.take()
    }

    pub(crate) fn set_due(&self, due: WakeList) {
        self.due.set(due);
    }
}

/// Runs what a user brought along; a panic is a value.
#[inline]
pub(crate) fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, Payload> {
    catch_unwind(AssertUnwindSafe(f))
}
