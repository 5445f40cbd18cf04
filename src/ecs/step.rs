//! The systems that step the scripts of a world.
//!
//! The rule: one step of one lane is one exclusive call. For its length the world lies on the stage, and
//! it is back in its place before anybody is told of what went wrong. A step inside of a step of the same
//! world isn't made: the error handler is told. Steps of other worlds, inside of a script, are fine.
//!
//! A step that finds nothing to do is made without the world, which then stays where it is: nothing could
//! tell the difference.

use std::time::Duration;

use bevy_ecs::error::BevyError;
use bevy_ecs::schedule::{InternedScheduleLabel, ScheduleLabel, SystemSet};
use bevy_ecs::world::World;

use super::registry::ScriptRegistry;
use super::script_executor::ScriptExecutor;
use super::stage::Step;
use super::store::Store;
use super::tell;
use crate::executor::nanos;

/// Where scripts are stepped, to order other systems before and after it.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{ScriptSystems, step_scripts};
///
/// fn read_input() {}
///
/// let mut schedule = Schedule::default();
/// schedule.add_systems((read_input.before(ScriptSystems::Step), step_scripts.in_set(ScriptSystems::Step)));
/// schedule.run(&mut World::new());
/// ```
#[derive(SystemSet, Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScriptSystems {
    /// The step of the schedule's lane.
    Step,
}

/// One frame of the scripts of this world: steps their main lane.
///
#[cfg_attr(
    feature = "bevy_time",
    doc = "The step is as long as the delta of the world's `Time`, which where this runs in an app is that of \
           `Time<Virtual>`, and in `FixedUpdate` that of `Time<Fixed>`; without a `Time` it is the step of the \
           executor's builder."
)]
#[cfg_attr(
    not(feature = "bevy_time"),
    doc = "The step is that of the executor's builder; with the feature `bevy_time` it is as long as the world's `Time` says."
)]
///
/// An exclusive system, and a function to call. It brings the world's [`ScriptExecutor`] along if there
/// is none. In order: scripts that were started and cancelled since the last step are attended to, in the
/// order in which that happened; then the eight steps of a frame; then Bevy's fallback error handler is
/// told of scripts that failed.
///
/// # Errors
/// The handler is told, and nothing is stepped, when a script calls it for the world that it is being
/// stepped in, and when it is called on another thread than the one that stepped this world's scripts
/// before: scripts stay on their thread.
///
/// A world without an app keeps what was removed from it until [`World::clear_trackers`] is called, which an app does at
/// the end of each frame: do so behind the schedule, or memory grows with each removal, Bevy's own among them.
///
/// # Panics
/// Where the error handler panics; and as Bevy does for non-send data, if the world was given a [`ScriptExecutor`] on another
/// thread and is stepped here for the first time.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, step_scripts};
///
/// let mut world = World::new();
/// let mut schedule = Schedule::default();
/// schedule.add_systems(step_scripts);
/// let hello = world.spawn(Script::new(async |me: Me| {
///     me.world(|world| world.spawn_empty().id())?;
///     Ok(())
/// })).id();
/// schedule.run(&mut world);
/// assert!(world.get::<Script>(hello).is_none());
/// ```
///
/// [`ScriptExecutor`]: crate::ScriptExecutor
pub fn step_scripts(world: &mut World) {
    step(world, None, None);
}

/// As [`step_scripts`], by a length of your own, such as the frame's measured one.
///
/// ```
/// use std::time::Duration;
/// use bevy_ecs::prelude::*;
///
/// #[derive(Resource)]
/// struct FrameTime(Duration);
///
/// fn step_by_frame_time(world: &mut World) {
///     let length = world.resource::<FrameTime>().0;
///     framestep::step_scripts_by(world, length);
/// }
/// # let mut world = World::new();
/// # world.insert_resource(FrameTime(Duration::ZERO));
/// # step_by_frame_time(&mut world);
/// ```
pub fn step_scripts_by(world: &mut World, length: Duration) {
    step(world, None, Some(length));
}

/// A system that steps the lane of `label`, by the same length as [`step_scripts`].
///
/// Scripts go there with [`Script::in_lane`](crate::Script::in_lane) or
/// [`resume_in`](crate::resume_in). The label is a name for the lane, mostly that of the schedule which the
/// system is added to; nothing ties the two.
#[cfg_attr(feature = "bevy_app", doc = "The label `Update` is the main lane's.")]
///
/// ```
/// use bevy_ecs::prelude::*;
/// use bevy_ecs::schedule::ScheduleLabel;
/// use framestep::{Me, Script, step_lane};
///
/// #[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
/// struct Physics;
///
/// let mut world = World::new();
/// let mut physics = Schedule::new(Physics);
/// physics.add_systems(step_lane(Physics));
/// world.spawn(Script::new(async |_: Me| Ok(())).in_lane(Physics));
/// physics.run(&mut world);
/// ```
pub fn step_lane<L: ScheduleLabel>(label: L) -> impl FnMut(&mut World) + Send + Sync + 'static {
    stepper(label.intern(), std::any::type_name::<L>())
}

/// The system that steps the lane of a label.
pub(crate) fn stepper(
    label: InternedScheduleLabel,
    name: &'static str,
) -> impl FnMut(&mut World) + Send + Sync + 'static {
    move |world: &mut World| step(world, Some((label, name)), None)
}

/// Steps the lane of `label` by a length of your own.
pub fn step_lane_by<L: ScheduleLabel>(world: &mut World, label: L, length: Duration) {
    step(world, Some((label.intern(), std::any::type_name::<L>())), Some(length));
}

fn step(world: &mut World, lane: Option<(InternedScheduleLabel, &'static str)>, length: Option<Duration>) {
    let here = std::thread::current().id();
    let home = world.get_resource::<ScriptRegistry>().and_then(|registry| registry.0.home());
    if home.is_some_and(|home| home != here) {
        tell::error(world, BevyError::error(OTHER_THREAD));
        return;
    }
    let (store, registry) = ScriptExecutor::of(world);
    let lane = match lane {
        Some((label, name)) => store.lane(label, name),
        None => store.executor.main_lane(),
    };
    let length = nanos(length.unwrap_or_else(|| length_of(world, &store)));
    #[cfg(feature = "bevy_time")]
    if lane == store.executor.main_lane() {
        store.clocks.drive(world, length);
    }
    if home.is_some()
        && store.acts_for(&registry)
        && let Some(report) = store.try_quiet_step(lane, length)
    {
        store.take_down();
        store.set_report(report);
        #[cfg(feature = "replay")]
        store.stepped(world, lane);
        tell::all(world, &store.failures);
        return;
    }
    if !store.acts_for(&registry)
        && let Some(limit) = registry.watchdog()
    {
        store.executor.core().watch(limit, tell::stuck(world));
    }
    let Some(step) = Step::begin(world, &store, lane) else {
        tell::error(world, BevyError::error(WITHIN_STEP));
        return;
    };
    store.bind(registry, here);
    // ORDER: what was started and cancelled since the last step comes before the step, in that order.
    store.settle();
    let report = store.executor.core().try_step(lane.index, length);
    store.take_down();
    store.settle();
    drop(step);
    match report {
        Some(report) => {
            store.set_report(report);
            #[cfg(feature = "replay")]
            store.stepped(world, lane);
        }
        None => tell::error(world, BevyError::error(WITHIN_STEP)),
    }
    tell::all(world, &store.failures);
}

/// How long a step is where nobody says.
fn length_of(world: &World, store: &Store) -> Duration {
    #[cfg(feature = "bevy_time")]
    if let Some(time) = world.get_resource::<bevy_time::Time>() {
        return time.delta();
    }
    let _ = world;
    store.executor.core().default_step()
}

const OTHER_THREAD: &str = "the scripts of this world live on another thread, and were not stepped: call `step_scripts` \
    on the thread that called it first";

const WITHIN_STEP: &str = "a script stepped the scripts of its own world, which was not done: await `next_frame()` to let \
    the others run, or step a world of its own";
