//! From other threads into a running game.
//!
//! The rule: what is handed in waits until step 2 of the next step of whichever lane, and is taken in there, in
//! one order of arrival with wakes and values from other threads. So the game sees it at a fixed point of a
//! frame, and never in the middle of a script.

use std::fmt;

use bevy_ecs::world::World;

use super::me::Me;
use super::script::Script;
use super::script_executor::ScriptExecutor;
use super::stage::{self, StoreKey};
use super::start::SpawnScript;
use crate::executor::{Closed, Injector};

/// A way into a running game for any thread: from [`Me::outside`] and [`ScriptExecutor::outside`].
///
/// It is `Clone` and `Send`. What it hands in is taken in at step 2 of the next step, of whichever lane, in order
/// of arrival. For values that a script waits for there is [`inlet`](crate::inlet).
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, ScriptExecutor, step_scripts};
///
/// #[derive(Resource)]
/// struct Players(u32);
///
/// let mut world = World::new();
/// world.insert_resource(Players(0));
/// world.insert_non_send(ScriptExecutor::default());
/// let outside = world.non_send::<ScriptExecutor>().outside();
/// let network = std::thread::spawn(move || {
///     outside.world(|world| world.resource_mut::<Players>().0 += 1).unwrap();
///     outside.spawn_script(Script::new(async |me: Me| {
///         me.resource_mut(|mut players: Mut<Players>| players.0 += 1)?;
///         Ok(())
///     })).unwrap();
/// });
/// network.join().unwrap();
/// step_scripts(&mut world);
/// assert_eq!(world.resource::<Players>().0, 2);
/// ```
#[derive(Clone)]
pub struct Outside {
    store: StoreKey,
    injector: Injector,
}

impl Outside {
    /// Does something with the world, at step 2 of the next step. Commands are flushed behind it. A panic in it is
    /// told to Bevy's error handler; so it is if what came before it put another world in the place of this one: then
    /// the closure isn't called.
    ///
    /// # Errors
    /// [`Closed`], when the game's scripts are gone; then the closure is dropped here.
    #[track_caller]
    pub fn world(&self, act: impl FnOnce(&mut World) + Send + 'static) -> Result<(), Closed> {
        let store = self.store;
        self.injector.run(move || {
            let done = stage::act(store, |world| {
                act(world);
                world.flush();
            });
            assert!(done.is_some(), "{}", stage::refusal(store));
        })
    }

    /// Starts a free script, as [`SpawnScript`] does: it is polled first in the step that takes it in, if that is
    /// of its lane.
    ///
    /// # Errors
    /// [`Closed`], when the game's scripts are gone; then the script is dropped here.
    #[track_caller]
    pub fn spawn_script(&self, script: Script) -> Result<(), Closed> {
        self.world(move |world| {
            world.spawn_script(script);
        })
    }

    /// The same for futures that aren't scripts, and for closures that don't need the world.
    pub fn injector(&self) -> &Injector {
        &self.injector
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside").field("injector", &self.injector).finish_non_exhaustive()
    }
}

impl ScriptExecutor {
    /// A way into this world for any thread.
    pub fn outside(&self) -> Outside {
        Outside { store: self.store.key, injector: self.executor().injector() }
    }
}

impl Me {
    /// A way into this world for any thread.
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[track_caller]
    pub fn outside(&self) -> Outside {
        match stage::store(self.store()) {
            Some(store) => Outside { store: store.key, injector: store.executor.injector() },
            None => panic!("there is no way into the world from here: {}", stage::refusal(self.store())),
        }
    }
}
