//! An app as a game: driven frame by frame, with its input and its length.

use std::fmt;
use std::thread;
use std::time::Duration;

use bevy_app::{App, PluginsState};
use bevy_ecs::resource::Resource;
use bevy_ecs::world::World;
use bevy_time::{Real, Time, TimeUpdateStrategy};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::port::{InputPort, Port};
use crate::ecs::ScriptExecutor;
use crate::executor::Executor;
use crate::replay::game::Game;

/// A Bevy app that is recorded, replayed and verified as any other [`Game`].
///
/// Each frame is one `App::update`: its input is given behind `PreUpdate` (see [`TakeInput`](super::TakeInput)), in the
/// place of whatever came from outside, and all its times go by the frame's length. Neither a window nor a runner is
/// needed, so it runs in tests, as fast as it can.
///
/// The app's executor must be the setup's ([`Setup`](crate::replay::Setup)), and its state is hashed as
/// [`HashWorld`](crate::replay::HashWorld) says.
///
/// ```
/// use std::time::Duration;
/// use bevy_app::{App, Update};
/// use bevy_ecs::prelude::*;
/// use bevy_time::TimePlugin;
/// use framestep::replay::{AppGame, Game};
/// use framestep::{FramestepPlugin, ScriptSystems};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Resource, Clone, Default, Serialize, Deserialize)]
/// struct Controls { steps: i32 }
/// #[derive(Resource, Default)]
/// struct Place(i32);
///
/// let mut app = App::new();
/// app.add_plugins((TimePlugin, FramestepPlugin)).init_resource::<Place>();
/// let walk = |controls: Res<Controls>, mut place: ResMut<Place>| place.0 += controls.steps;
/// app.add_systems(Update, walk.before(ScriptSystems::Step));
///
/// let mut game = AppGame::new(app);
/// game.frame(&Controls { steps: 2 }, Duration::from_millis(16));
/// game.frame(&Controls { steps: 3 }, Duration::from_millis(16));
/// assert_eq!(game.app().world().resource::<Place>().0, 5);
/// ```
pub struct AppGame<I> {
    app: App,
    input: std::marker::PhantomData<fn(&I)>,
}

impl<I: Resource + Clone> AppGame<I> {
    /// Drives an app whose input is the resource `I`.
    ///
    /// # Panics
    /// If the app has no `TimePlugin`.
    #[must_use]
    pub fn new(app: App) -> Self {
        Self::with_port(app, InputPort::resource())
    }
}

impl<I: Send + Sync + 'static> AppGame<I> {
    /// Drives an app whose input comes by a port of its own.
    ///
    /// The plugins are finished here, as a runner would do it.
    ///
    /// # Panics
    /// If the app has no `TimePlugin`.
    #[must_use]
    pub fn with_port(mut app: App, port: InputPort<I>) -> Self {
        Port::add(&mut app, port);
        while app.plugins_state() == PluginsState::Adding {
            thread::yield_now();
        }
        if app.plugins_state() == PluginsState::Ready {
            app.finish();
            app.cleanup();
        }
        let world = app.world_mut();
        let Some(mut time) = world.get_resource_mut::<Time<Real>>() else {
            panic!("an app is driven by its times: add Bevy's `TimePlugin` before it is made a game");
        };
        if time.last_update().is_none() {
            // The first update of a clock only says when it began: so that the first frame has a length, too.
            time.update_with_duration(Duration::ZERO);
        }
        ScriptExecutor::of(world);
        AppGame { app, input: std::marker::PhantomData }
    }

    /// The app.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The app, to look at what takes `&mut`.
    pub fn app_mut(&mut self) -> &mut App {
        &mut self.app
    }

    /// The app, to be played on by its runner: its times are the real ones again.
    pub fn into_app(mut self) -> App {
        self.app.insert_resource(TimeUpdateStrategy::Automatic);
        self.app
    }
}

impl<I: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Game for AppGame<I> {
    type Input = I;

    fn frame(&mut self, input: &I, step: Duration) {
        let world = self.app.world_mut();
        world.insert_resource(TimeUpdateStrategy::ManualDuration(step));
        Port::give_next(world, input.clone());
        #[cfg(feature = "bevy_asset")]
        super::assets::wait_for_replayed(world);
        self.app.update();
        assert!(
            !Port::<I>::is_left(self.app.world()),
            "the frame was played without its input: nothing ran the schedule of its port, `TakeInput` unless \
             `InputPort::in_schedule` names another"
        );
    }

    fn executor(&self) -> &Executor {
        self.app.world().non_send::<ScriptExecutor>().executor()
    }

    fn world(&mut self) -> Option<&mut World> {
        Some(self.app.world_mut())
    }
}

impl<I> fmt::Debug for AppGame<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppGame").finish_non_exhaustive()
    }
}
