//! The plugin: scripts in the schedules of a Bevy app.
//!
//! The rule: each lane that the plugin steps is one system in the schedule of its label, in
//! [`ScriptSystems::Step`]. What one can say of a schedule or of a set, such as an order or a condition,
//! holds for it.

use std::time::Duration;

use bevy_app::{App, FixedUpdate, Plugin, PostUpdate, PreStartup, Update};
use bevy_ecs::schedule::{InternedScheduleLabel, IntoScheduleConfigs, ScheduleLabel};
use bevy_ecs::world::World;

use super::registry::ScriptRegistry;
use super::step::{ScriptSystems, stepper};
use super::streams::RandomStreams;

/// Steps the scripts of an app's world: the main lane in [`Update`], and a lane each in [`FixedUpdate`] and
/// in [`PostUpdate`], for scripts that go there ([`Script::in_lane`](crate::Script::in_lane),
/// [`Me::resume_in`](crate::Me::resume_in)).
///
/// A lane has the label of the schedule that steps it, and the main lane's label is [`Update`]. A lane that
/// nothing happens in costs its schedule an empty system. Others are added and left out by
/// [`with_lane`](Self::with_lane) and [`without_lane`](Self::without_lane).
///
/// **Order.** Each step is in [`ScriptSystems::Step`] of its schedule. Within an update Bevy runs
/// `FixedUpdate` (as often as time says, or not at all) before `Update`, and `PostUpdate` after it: a script
/// that goes from `Update` to `PostUpdate` goes on in the same frame, and one that goes to `FixedUpdate` in a
/// later one. What runs `FixedUpdate` is Bevy's `TimePlugin`.
///
#[cfg_attr(
    feature = "bevy_time",
    doc = "**Length.** A step is as long as the world's `Time` says it is where it runs: the delta of `Time<Virtual>` in \
           `Update`, the timestep of `Time<Fixed>` in `FixedUpdate`. So `sleep` follows the game's time, and stands \
           still while that is paused. Without a `Time` a step has the length of the executor's builder."
)]
#[cfg_attr(
    not(feature = "bevy_time"),
    doc = "**Length.** A step has the length of the executor's builder; with the feature `bevy_time` it is as long as the \
           world's `Time` says."
)]
///
/// **Conditions.** To hold a lane give its step a condition. Its scripts wait where they are, and its clock
/// counts the steps that are made:
///
/// ```
/// use bevy_app::{App, Update};
/// use bevy_ecs::prelude::*;
/// use framestep::{FramestepPlugin, ScriptSystems};
///
/// #[derive(Resource)]
/// struct IsPlaying(bool);
///
/// let mut app = App::new();
/// app.insert_resource(IsPlaying(true));
/// app.add_plugins(FramestepPlugin);
/// app.configure_sets(Update, ScriptSystems::Step.run_if(|is_playing: Res<IsPlaying>| is_playing.0));
/// app.update();
/// ```
///
/// **Scripts that hang.** In debug builds the executor is watched: what hasn't returned for five seconds is told to Bevy's
/// fallback error handler, by name and spawn site, while it hangs; see [`Builder::watchdog`](crate::Builder::watchdog).
/// The handler is the one that the world has at the first step, and is called on another thread than the app's.
/// [`with_watchdog`](Self::with_watchdog) and [`without_watchdog`](Self::without_watchdog) say otherwise; an executor
/// that was built with a watchdog keeps its own.
///
/// To choose the executor's settings insert a [`ScriptExecutor`](crate::ScriptExecutor) as non-send data.
///
/// ```
/// use bevy_app::{App, PreUpdate};
/// use framestep::{FramestepPlugin, Me, Script, ScriptRegistry, next_frame};
///
/// let mut app = App::new();
/// app.add_plugins(FramestepPlugin.with_lane(PreUpdate));      // or just `FramestepPlugin`
/// app.world_mut().spawn(Script::new(async |_: Me| { next_frame().await; Ok(()) }));
/// app.update();
/// assert_eq!(app.world().resource::<ScriptRegistry>().running(), 1);
/// app.update();
/// assert_eq!(app.world().resource::<ScriptRegistry>().running(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct FramestepPlugin {
    /// In order; the later ones hold.
    changes: Vec<Change>,
    watchdog: Option<Duration>,
}

#[derive(Copy, Clone, Debug)]
struct Change {
    label: InternedScheduleLabel,
    name: &'static str,
    is_stepped: bool,
}

/// The plugin as most apps add it: `app.add_plugins(FramestepPlugin)`.
#[expect(
    non_upper_case_globals,
    reason = "a plugin without settings is written as its type's name, as all of Bevy's are"
)]
pub const FramestepPlugin: FramestepPlugin = FramestepPlugin { changes: Vec::new(), watchdog: WATCHDOG };

/// Not under Miri, for which a thread that never ends is a mistake.
const WATCHDOG: Option<Duration> =
    if cfg!(all(debug_assertions, not(miri))) { Some(Duration::from_secs(5)) } else { None };

impl Default for FramestepPlugin {
    fn default() -> Self {
        FramestepPlugin
    }
}

impl FramestepPlugin {
    /// Steps one more lane, in the schedule of its label.
    #[must_use]
    pub fn with_lane<L: ScheduleLabel>(self, label: L) -> Self {
        self.change(label, true)
    }

    /// Leaves a lane out: then nothing steps it but what you add, such as
    /// [`step_lane`](crate::step_lane) in another schedule, or with a condition of its own.
    ///
    /// ```
    /// use bevy_app::{App, FixedUpdate, Update};
    /// use framestep::{FramestepPlugin, ScriptSystems, step_scripts};
    /// use bevy_ecs::schedule::IntoScheduleConfigs;
    ///
    /// let mut app = App::new();
    /// app.add_plugins(FramestepPlugin.without_lane(Update).without_lane(FixedUpdate));
    /// app.add_systems(FixedUpdate, step_scripts.in_set(ScriptSystems::Step));     // all scripts at the fixed rate
    /// ```
    #[must_use]
    pub fn without_lane<L: ScheduleLabel>(self, label: L) -> Self {
        self.change(label, false)
    }

    /// Has Bevy's fallback error handler told of what hasn't returned for `limit`, in whatever build.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bevy_app::App;
    /// use framestep::FramestepPlugin;
    ///
    /// App::new().add_plugins(FramestepPlugin.with_watchdog(Duration::from_secs(30)));     // it loads a lot
    /// ```
    #[must_use]
    pub fn with_watchdog(mut self, limit: Duration) -> Self {
        self.watchdog = Some(limit);
        self
    }

    /// Leaves the executor without a watchdog, unless it was built with one.
    #[must_use]
    pub fn without_watchdog(mut self) -> Self {
        self.watchdog = None;
        self
    }

    fn change<L: ScheduleLabel>(mut self, label: L, is_stepped: bool) -> Self {
        self.changes.push(change(label, is_stepped));
        self
    }
}

fn change<L: ScheduleLabel>(label: L, is_stepped: bool) -> Change {
    Change { label: label.intern(), name: std::any::type_name::<L>(), is_stepped }
}

impl Plugin for FramestepPlugin {
    fn build(&self, app: &mut App) {
        let mut lanes = vec![change(Update, true), change(FixedUpdate, true), change(PostUpdate, true)];
        for &change in &self.changes {
            lanes.retain(|lane| lane.label != change.label);
            lanes.push(change);
        }
        app.init_resource::<ScriptRegistry>();
        app.world().resource::<ScriptRegistry>().0.set_watchdog(self.watchdog);
        // Not at once: the executor, whose seed they grow from, may be inserted behind this plugin.
        let streams = |world: &mut World| {
            world.init_resource::<RandomStreams>();
        };
        app.add_systems(PreStartup, streams.ambiguous_with_all());
        for Change { label, name, .. } in lanes.into_iter().filter(|lane| lane.is_stepped) {
            // It may be long before a schedule runs for the first time: that is no mistake.
            app.world().resource::<ScriptRegistry>().0.expect_lane(label);
            app.add_systems(label, stepper(label, name).in_set(ScriptSystems::Step));
        }
    }
}
