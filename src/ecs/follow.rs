//! What a layer above is told: that a lane was stepped, and to whom scripts belong.
//!
//! The rule: it is told of a step when that is over and the world is back in its place, before anybody is told of what
//! went wrong. Without a follower a step costs one question more.
//!
//! Owners are named when their scripts start, since they may be gone when somebody asks.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use bevy_ecs::entity::Entity;
use bevy_ecs::world::World;

use super::script_executor::ScriptExecutor;
use super::store::{Row, Store};
use crate::executor::Lane;

/// Called with the world and the number of a lane.
pub(crate) type StepHook = Rc<dyn Fn(&mut World, u8)>;

/// Who follows the steps of a store.
#[derive(Clone)]
pub(crate) struct Follower {
    /// Called behind each step, with the number of its lane.
    pub(crate) after_step: StepHook,
    /// What an owner is called.
    pub(crate) name_of: fn(&World, Entity) -> Arc<str>,
}

/// The follower of a store, if it has one, and what it may ask.
#[derive(Default)]
pub(crate) struct Following {
    is_on: Cell<bool>,
    follower: RefCell<Option<Follower>>,
    /// By the spawn numbers of their scripts: those that run, and those that ended in the last step.
    owners: RefCell<BTreeMap<u64, Arc<str>>>,
    ended: RefCell<Vec<u64>>,
}

impl Following {
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    #[inline]
    fn follower(&self) -> Option<Follower> {
        if self.is_on.get() { self.follower.borrow().clone() } else { None }
    }

    /// A script was started.
    #[inline]
    pub(crate) fn started(&self, world: &World, row: &Row) {
        if let Some(follower) = self.follower() {
            let name = (follower.name_of)(world, row.owner);
            self.owners.borrow_mut().insert(row.number, name);
        }
    }

    /// A script's row is being dropped.
    #[inline]
    pub(crate) fn ended(&self, row: &Row) {
        if self.is_on.get() {
            self.ended.borrow_mut().push(row.number);
        }
    }

    /// What the owner of a script is called; `None` where nobody follows, or the script is another's.
    pub(crate) fn owner(&self, number: u64) -> Option<Arc<str>> {
        self.owners.borrow().get(&number).cloned()
    }
}

impl ScriptExecutor {
    /// Makes `follower` the one that follows this world's steps.
    pub(crate) fn follow(world: &mut World, follower: Option<Follower>) {
        let (store, _) = Self::of(world);
        let following = &store.following;
        following.owners.borrow_mut().clear();
        following.ended.borrow_mut().clear();
        following.is_on.set(follower.is_some());
        let before = following.follower.replace(follower);
        drop(before);
        store.for_each_row(|row| following.started(world, row));
    }
}

impl Store {
    /// A step is over.
    #[inline]
    pub(crate) fn stepped(&self, world: &mut World, lane: Lane) {
        if self.following.is_on.get() {
            self.tell_follower(world, lane);
        }
    }

    #[cold]
    fn tell_follower(&self, world: &mut World, lane: Lane) {
        if let Some(follower) = self.following.follower() {
            (follower.after_step)(world, lane.index);
            let mut owners = self.following.owners.borrow_mut();
            for number in self.following.ended.borrow_mut().drain(..) {
                owners.remove(&number);
            }
        }
    }
}
