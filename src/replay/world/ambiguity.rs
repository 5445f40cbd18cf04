//! Systems whose order is left to Bevy.
//!
//! The rule: Bevy's own detector says which they are; a schedule is built for it and not run. Running a game twice
//! doesn't find them reliably, since within a process Bevy mostly chooses alike.

use std::fmt;

use bevy_ecs::schedule::{InternedScheduleLabel, Schedule, Schedules, SystemKey};
use bevy_ecs::world::World;

/// Two systems of a schedule that want the same data, one of them to write, and that nothing orders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Ambiguity {
    /// The schedule's label.
    pub schedule: String,
    /// The systems; by name, if the feature `debug` of `bevy_ecs` is on.
    pub systems: [String; 2],
    /// The components and resources that both want; empty where it is the world, as with exclusive systems.
    pub on: Vec<String>,
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ambiguity { schedule, systems: [a, b], on } = self;
        let on = if on.is_empty() { "the whole world".to_owned() } else { on.join(", ") };
        write!(f, "in {schedule}: {a} and {b}, both on {on}")
    }
}

/// The ambiguities of all schedules of a world, such as those of an app's: by schedule, then by system.
///
/// What Bevy was told to take no notice of isn't among them: `ambiguous_with`, `allow_ambiguous_component` and the
/// like. The systems that step scripts are exclusive, so each system of their schedule should be before or after
/// [`ScriptSystems::Step`](crate::ScriptSystems). A schedule that a system or a test keeps to itself isn't in the
/// world: see [`ambiguities_in`].
///
/// # Panics
/// If a schedule can't be built.
pub fn ambiguities(world: &mut World) -> Vec<Ambiguity> {
    let Some(schedules) = world.get_resource::<Schedules>() else { return Vec::new() };
    let mut labels: Vec<(String, InternedScheduleLabel)> =
        schedules.iter().map(|(_, schedule)| (format!("{:?}", schedule.label()), schedule.label())).collect();
    labels.sort_by(|a, b| a.0.cmp(&b.0));
    let mut found = Vec::new();
    for (_, label) in labels {
        // One that isn't there any more was taken away by an observer of what was built before.
        let ambiguities = world.try_schedule_scope(label, |world, schedule| ambiguities_in(schedule, world));
        found.extend(ambiguities.into_iter().flatten());
    }
    found
}

/// The ambiguities of one schedule, to be run in `world`, by system.
///
/// # Panics
/// If the schedule can't be built.
pub fn ambiguities_in(schedule: &mut Schedule, world: &mut World) -> Vec<Ambiguity> {
    let label = format!("{:?}", schedule.label());
    if let Err(error) = schedule.initialize(world) {
        panic!("the schedule {label} can't be built: {}", error.to_string(schedule.graph(), world));
    }
    // The graph has handed its systems over, and knows them by their keys alone.
    let systems: Vec<_> = schedule.systems().into_iter().flatten().collect();
    let name_of = |key: SystemKey| {
        let system = systems.iter().find(|(known, _)| *known == key);
        system.map_or_else(|| format!("{key:?}"), |(_, system)| system.name().to_string())
    };
    let mut found = Vec::new();
    for (a, b, on) in schedule.graph().conflicting_systems().iter() {
        let mut pair = [name_of(*a), name_of(*b)];
        pair.sort();
        let on = on.iter().filter_map(|id| world.components().get_name(*id));
        let mut on: Vec<String> = on.map(|name| name.to_string()).collect();
        on.sort();
        found.push(Ambiguity { schedule: label.clone(), systems: pair, on });
    }
    // Bevy gives them in an order of its own.
    found.sort();
    found
}

/// Panics if the order of systems that want the same data is left to Bevy in any schedule of an app's main world.
///
/// One line in a test keeps the most common source of replays that differ out of a game. Plugins that add systems
/// when they finish should have done so.
///
/// ```should_panic
/// use bevy_app::{App, Update};
/// use bevy_ecs::prelude::*;
/// use framestep::replay::assert_no_ambiguities;
///
/// #[derive(Resource)]
/// struct Score(u32);
///
/// let mut app = App::new();
/// app.add_systems(Update, (|mut score: ResMut<Score>| score.0 += 1, |mut score: ResMut<Score>| score.0 *= 2));
/// assert_no_ambiguities(&mut app);        // add or multiply first: Bevy may choose
/// ```
///
/// # Panics
/// With the names of the systems, what they want, and what to do. If a schedule can't be built.
#[cfg(feature = "bevy_app")]
#[track_caller]
pub fn assert_no_ambiguities(app: &mut bevy_app::App) {
    refuse(&ambiguities(app.world_mut()));
}

/// Panics if the order of systems that want the same data is left to Bevy in a schedule.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::replay::assert_no_ambiguities_in;
/// use framestep::{ScriptSystems, step_scripts};
///
/// #[derive(Resource)]
/// struct Score(u32);
///
/// let mut schedule = Schedule::default();
/// schedule.add_systems(step_scripts.in_set(ScriptSystems::Step));
/// schedule.add_systems((|mut score: ResMut<Score>| score.0 += 1).after(ScriptSystems::Step));
/// assert_no_ambiguities_in(&mut schedule, &mut World::new());
/// ```
///
/// # Panics
/// With the names of the systems, what they want, and what to do. If the schedule can't be built.
#[track_caller]
pub fn assert_no_ambiguities_in(schedule: &mut Schedule, world: &mut World) {
    refuse(&ambiguities_in(schedule, world));
}

#[track_caller]
fn refuse(ambiguities: &[Ambiguity]) {
    if ambiguities.is_empty() {
        return;
    }
    let lines: Vec<String> = ambiguities.iter().map(|ambiguity| format!("\n  {ambiguity}")).collect();
    let pairs = if ambiguities.len() == 1 { "pair" } else { "pairs" };
    let nameless = ambiguities.iter().any(|ambiguity| ambiguity.systems[0].contains("debug feature"));
    let names = if nameless {
        "\nTo see the names of systems turn the feature `debug` of `bevy_ecs` on, or that of `bevy`."
    } else {
        ""
    };
    panic!(
        "{} {pairs} of systems may run in either order, so that a replay may differ:{}\nOrder each pair by `before`, \
         `after` or `chain`, or if the order makes no difference say so by `ambiguous_with`. The systems that step \
         scripts are in `ScriptSystems::Step`.{names}",
        ambiguities.len(),
        lines.concat()
    );
}
