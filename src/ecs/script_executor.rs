//! `ScriptExecutor`: the store as the world holds it.
//!
//! It is non-send data of the world. A world that is dropped in the middle of a step takes its hold along, and
//! the step ends in good order before the executor goes.

use std::any::type_name;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use bevy_ecs::schedule::ScheduleLabel;
use bevy_ecs::world::World;

use super::registry::{Registry, ScriptId, ScriptRegistry};
use super::store::Store;
use crate::executor::{Executor, Lane, TaskInfo};

/// The executor of this world's scripts: non-send data of the world.
///
/// [`step_scripts`](crate::step_scripts) brings a default one along. To choose its settings, insert one
/// before the first step; to replace one later cancels the scripts that it runs: within a step in that step, else at once.
/// So does dropping the world, but for one thing: on another thread than that of its steps Bevy drops nothing that isn't
/// `Send`, and scripts and executor are leaked.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Executor, ScriptExecutor, step_scripts};
///
/// let mut world = World::new();
/// let executor = Executor::builder().seed(7).build();
/// world.insert_non_send(ScriptExecutor::new(executor));
/// step_scripts(&mut world);
/// assert_eq!(world.non_send::<ScriptExecutor>().executor().frame(), 1);
/// ```
pub struct ScriptExecutor {
    pub(crate) store: Rc<Store>,
}

impl ScriptExecutor {
    /// Makes `executor` the one that runs a world's scripts, once it is inserted there.
    ///
    /// What was spawned on it before runs along, without an entity.
    pub fn new(executor: Executor) -> Self {
        ScriptExecutor { store: Rc::new(Store::new(executor)) }
    }

    /// The executor, to look at, to spawn futures on, to reach its clocks. Only the steps of this crate's
    /// systems step it.
    pub fn executor(&self) -> &Executor {
        &self.store.executor
    }

    /// What a script is doing: where it is parked, how often it was polled. `None` if it has ended or wasn't
    /// started yet.
    pub fn script_info(&self, script: ScriptId) -> Option<TaskInfo> {
        self.executor().task_info(self.store.task_of(script)?)
    }

    /// The lane of a label, made if it isn't there yet.
    ///
    /// # Panics
    /// If the executor has as many lanes as it can have.
    pub fn lane<L: ScheduleLabel>(&self, label: L) -> Lane {
        self.store.lane(label.intern(), type_name::<L>())
    }

    /// The store and the registry of `world`, each made if it isn't there yet.
    pub(crate) fn of(world: &mut World) -> (Rc<Store>, Arc<Registry>) {
        if !world.contains_non_send::<ScriptExecutor>() {
            world.insert_non_send(ScriptExecutor::default());
        }
        let store = world.non_send::<ScriptExecutor>().store.clone();
        let registry = match world.get_resource::<ScriptRegistry>() {
            Some(registry) => registry.0.clone(),
            None => {
                let registry = store.registry();
                // After `World::clear_entities` Bevy can't take in a resource that it had before.
                let lost =
                    world.resource_entity::<ScriptRegistry>().is_some_and(|entity| world.get_entity(entity).is_err());
                if !lost {
                    world.insert_resource(ScriptRegistry(registry.clone()));
                }
                registry
            }
        };
        (store, registry)
    }
}

impl Default for ScriptExecutor {
    fn default() -> Self {
        Self::new(Executor::new())
    }
}

impl fmt::Debug for ScriptExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptExecutor").field("key", &self.store.key).finish_non_exhaustive()
    }
}

impl Drop for ScriptExecutor {
    fn drop(&mut self) {
        self.store.let_go();
    }
}
