//! Games that are ready made: an executor alone, and a world with a schedule.
//!
//! The rule: what these are built with says all that a frame does, so that the two common kinds of game need no
//! type of their own.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Game;
use crate::executor::Executor;

/// A game that is an executor alone: a closure plays a frame.
///
/// ```
/// use std::time::Duration;
/// use framestep::next_frame;
/// use framestep::replay::{Game, ScriptGame, Setup};
///
/// let executor = Setup::new(1).builder().build();
/// let door = executor.spawn(async { next_frame().await; "open" });
/// let mut game = ScriptGame::new(executor, |executor, _input: &(), step| {
///     executor.poll_once_with(step);
/// });
/// game.frame(&(), Duration::from_millis(16));
/// game.frame(&(), Duration::from_millis(16));
/// assert!(door.is_finished());
/// ```
pub struct ScriptGame<I> {
    frame: PlayFrame<I>,
    executor: Executor,
}

type PlayFrame<I> = Box<dyn FnMut(&mut Executor, &I, Duration)>;

impl<I> ScriptGame<I> {
    /// A game of this executor. `frame` gives the input to the scripts, and steps them.
    pub fn new(executor: Executor, frame: impl FnMut(&mut Executor, &I, Duration) + 'static) -> Self {
        ScriptGame { frame: Box::new(frame), executor }
    }
}

impl<I: Serialize + DeserializeOwned> Game for ScriptGame<I> {
    type Input = I;

    fn frame(&mut self, input: &I, step: Duration) {
        (self.frame)(&mut self.executor, input, step);
    }

    fn executor(&self) -> &Executor {
        &self.executor
    }
}

impl<I> fmt::Debug for ScriptGame<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptGame").field("executor", &self.executor).finish_non_exhaustive()
    }
}

#[cfg(feature = "bevy_ecs")]
pub use of_world::WorldGame;

#[cfg(feature = "bevy_ecs")]
mod of_world {
    use std::fmt;
    use std::time::Duration;

    use bevy_ecs::resource::Resource;
    use bevy_ecs::schedule::Schedule;
    use bevy_ecs::world::World;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::super::{Game, Setup};
    use crate::ecs::{RandomStreams, ScriptExecutor};
    use crate::executor::Executor;

    /// A game that is a world and a schedule, without an app: a frame gives the input to the world, and runs the
    /// schedule once.
    ///
    /// A frame's length is that of the step which [`step_scripts`](crate::step_scripts) makes in it.
    #[cfg_attr(feature = "bevy_time", doc = "If the world has a `Time`, that is advanced by it first.")]
    ///
    /// ```
    /// use std::time::Duration;
    /// use bevy_ecs::prelude::*;
    /// use framestep::replay::{Game, Setup, WorldGame};
    /// use framestep::step_scripts;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Resource, Clone, Serialize, Deserialize)]
    /// struct Controls { jump: bool }
    ///
    /// let mut game = WorldGame::<Controls>::new(&Setup::new(1));
    /// game.schedule_mut().add_systems(step_scripts);
    /// game.frame(&Controls { jump: true }, Duration::from_millis(16));
    /// assert!(game.world_ref().resource::<Controls>().jump);
    /// ```
    pub struct WorldGame<I> {
        world: World,
        schedule: Schedule,
        give: GiveInput<I>,
    }

    type GiveInput<I> = Box<dyn FnMut(&mut World, &I)>;

    impl<I: Resource + Clone> WorldGame<I> {
        /// An empty world whose scripts run on an executor of this setup, with [`RandomStreams`] of its seed, and an
        /// empty schedule. Each frame's input is inserted as a resource.
        #[must_use]
        pub fn new(setup: &Setup) -> Self {
            Self::giving(setup, |world, input: &I| world.insert_resource(input.clone()))
        }
    }

    impl<I> WorldGame<I> {
        /// As [`new`](WorldGame::new), where a closure gives a frame's input to the world.
        ///
        /// A game without input is `WorldGame::giving(setup, |_, ()| {})`.
        pub fn giving(setup: &Setup, give: impl FnMut(&mut World, &I) + 'static) -> Self {
            let mut world = World::new();
            world.insert_non_send(ScriptExecutor::new(setup.builder().build()));
            world.init_resource::<RandomStreams>();
            WorldGame { world, schedule: Schedule::default(), give: Box::new(give) }
        }

        /// The world, to look at.
        #[must_use]
        pub fn world_ref(&self) -> &World {
            &self.world
        }

        /// The world, to spawn into and to register what is hashed.
        pub fn world_mut(&mut self) -> &mut World {
            &mut self.world
        }

        /// The schedule that a frame runs, to add systems to.
        pub fn schedule_mut(&mut self) -> &mut Schedule {
            &mut self.schedule
        }
    }

    impl<I: Serialize + DeserializeOwned> Game for WorldGame<I> {
        type Input = I;

        fn frame(&mut self, input: &I, step: Duration) {
            self.executor().core().set_default_step(step);
            #[cfg(feature = "bevy_time")]
            if let Some(mut time) = self.world.get_resource_mut::<bevy_time::Time>() {
                time.advance_by(step);
            }
            (self.give)(&mut self.world, input);
            self.schedule.run(&mut self.world);
            self.world.clear_trackers();
        }

        fn executor(&self) -> &Executor {
            self.world.non_send::<ScriptExecutor>().executor()
        }

        fn world(&mut self) -> Option<&mut World> {
            Some(&mut self.world)
        }
    }

    impl<I> fmt::Debug for WorldGame<I> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("WorldGame").field("world", &self.world).finish_non_exhaustive()
        }
    }
}
