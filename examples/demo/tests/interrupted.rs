//! The night goes on whoever of its cast is gone, and at whichever of many times.
//!
//! Rule: a night is played once as it is, to see when its scripts park and how often they are polled. Then it is played again
//! up to each of the first times that each script parks, and to some of those that follow, and that script's owner is
//! despawned. From there on nothing of the script runs, nobody fails, and the others go on; when all are gone nothing is left
//! in the executor.
//!
//! And it is played again with a panic in as many polls of each script (`Executor::panic_at`). Up to it all is as ever; then
//! the error handler is told of it, once and of nothing else, and the rest is as above. The others are all who are there
//! otherwise, but for those that the script has spawned and that are cancelled with it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{Script, ScriptExecutor, ScriptId, ScriptOf, ScriptRegistry, TaskState};

use super::frame;
use crate::{night, stage::Stage};

/// The whole night is longer; its cast is on stage from the beginning.
const FRAMES: u32 = 900;
const TIMES: usize = 5;
/// Of the times that follow, one in so many, and so many of them.
const LATER: usize = 61;
const LATER_TIMES: usize = 2;
/// What is played after it.
const AFTER: u32 = 90;

thread_local! {
    /// What the error handler was told on this thread, where the scripts are stepped.
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn tell(error: BevyError, _: ErrorContext) {
    TOLD.with_borrow_mut(|told| told.push(error.to_string()));
}

fn begin() -> Stage {
    let mut stage = Stage::build(&night::setup(1, None, 2));
    stage.world.insert_resource(FallbackErrorHandler(tell));
    stage
}

struct Parked {
    owner: Entity,
    id: ScriptId,
    name: &'static str,
    number: u64,
    polls: u32,
}

fn parked(world: &mut World) -> Vec<Parked> {
    let mut scripts = world.query::<(Entity, &Script, Option<&ScriptOf>)>();
    let executor = world.non_send::<ScriptExecutor>();
    let mut parked: Vec<_> = scripts
        .iter(world)
        .filter_map(|(entity, script, of)| {
            let id = script.id()?;
            let info = executor.script_info(id).filter(|info| info.state == TaskState::Waiting)?;
            let owner = of.map_or(entity, |of| of.0);
            Some(Parked { owner, id, name: script.name(), number: info.number, polls: info.polls })
        })
        .collect();
    parked.sort_by_key(|script| script.number);
    parked
}

/// The frames after which a script is parked anew, by its spawn number.
fn parks() -> BTreeMap<u64, Vec<u32>> {
    let mut stage = begin();
    let mut seen = BTreeMap::new();
    let mut parks: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for at in 0..FRAMES {
        frame(&mut stage);
        for script in parked(&mut stage.world) {
            if seen.insert(script.number, script.polls) != Some(script.polls) {
                parks.entry(script.number).or_default().push(at);
            }
        }
    }
    parks
}

/// Plays up to a frame, despawns the owner of a script, plays on, and ends it all.
fn kill(number: u64, at: u32) {
    let mut stage = begin();
    (0..=at).for_each(|_| frame(&mut stage));
    let scripts = parked(&mut stage.world);
    let script = scripts.iter().find(|script| script.number == number).expect("it is parked as it was before");
    let what = format!("`{}` in frame {at}", script.name);
    stage.world.despawn(script.owner);
    assert!(!stage.world.resource::<ScriptRegistry>().is_running(script.id), "{what}");
    go_on(stage, &what, |stage| {
        assert!(stage.world.non_send::<ScriptExecutor>().script_info(script.id).is_none(), "{what}");
    });
    assert_eq!(TOLD.take(), [""; 0], "{what}");
}

/// Plays on, with a look after each frame, and ends it all.
fn go_on(mut stage: Stage, what: &str, look: impl Fn(&Stage)) {
    let before = stage.report().live;
    for _ in 0..AFTER {
        frame(&mut stage);
        look(&stage);
        assert_eq!(stage.report().panicked, 0, "{what}");
    }
    assert!(before > 1 && stage.report().live > 0, "{what}: the others go on");
    let world = &mut stage.world;
    let left: Vec<Entity> = world.query_filtered::<Entity, With<Script>>().iter(world).collect();
    left.into_iter().for_each(|script| _ = world.despawn(script));
    frame(&mut stage);
    assert_eq!(stage.world.resource::<ScriptRegistry>().running(), 0, "{what}");
    assert_eq!(stage.world.non_send::<ScriptExecutor>().executor().live(), 0, "{what}");
}

/// The scripts that haven't ended, by their spawn numbers.
fn live(stage: &Stage) -> BTreeSet<u64> {
    let mut live = BTreeSet::new();
    stage.world.non_send::<ScriptExecutor>().executor().for_each_task(|task| _ = live.insert(task.number));
    live
}

/// The night where nobody is missing.
struct Whole {
    /// Of each script its name and how often it was polled as far as was seen, by spawn numbers.
    polls: BTreeMap<u64, (String, u32)>,
    /// Who is live after each frame.
    live: Vec<BTreeSet<u64>>,
}

impl Whole {
    fn play() -> Self {
        let mut stage = begin();
        let mut whole = Whole { polls: BTreeMap::new(), live: Vec::new() };
        for _ in 0..FRAMES {
            frame(&mut stage);
            whole.live.push(live(&stage));
            let executor = stage.world.non_send::<ScriptExecutor>().executor();
            executor.for_each_task(|task| _ = whole.polls.insert(task.number, (task.name.to_owned(), task.polls)));
        }
        whole
    }
}

/// Plays a night in which a poll of a script panics, plays on, and ends it all.
fn strike(whole: &Whole, number: u64, poll: u32) {
    let name = &whole.polls[&number].0;
    let what = format!("poll {poll} of `{name}`, script {number}");
    let mut stage = begin();
    stage.world.non_send::<ScriptExecutor>().executor().panic_at(number, poll);
    let mut frames = whole.live.iter();
    let mut before = &BTreeSet::new();
    let expected = loop {
        let expected = frames.next().unwrap_or_else(|| panic!("{what}: it comes"));
        frame(&mut stage);
        if !TOLD.with_borrow(Vec::is_empty) {
            break expected;
        }
        assert_eq!(stage.report().live, expected.len() as u64, "{what}: up to it all is as ever");
        before = expected;
    };
    let live = live(&stage);
    let was_there = |other: &&u64| **other < number || before.contains(other);
    let gone: Vec<u64> = expected.difference(&live).filter(was_there).copied().filter(|it| *it != number).collect();
    let report = stage.report();
    assert!(gone.iter().all(|gone| *gone > number) && gone.len() as u64 <= report.cancelled, "{what}: {gone:?}");
    assert!(!live.contains(&number), "{what}: it has ended");
    assert_eq!(report.panicked, 1, "{what}");
    go_on(stage, &what, |_| ());
    let told = TOLD.take();
    let is_it = |told: &String| {
        told.starts_with(&format!("script `{name}`"))
            && told.contains(&format!("a fault in poll {poll} of script {number},"))
    };
    assert!(told.len() == 1 && told.iter().all(is_it), "{what}: {told:?}");
}

/// Which of so many times are tried.
fn some(times: usize) -> impl Iterator<Item = usize> {
    (0..times.min(TIMES)).chain((TIMES..times).step_by(LATER).take(LATER_TIMES))
}

#[test]
fn every_script_of_the_night_may_die_the_first_five_times_that_it_parks_and_twice_later() {
    let mut killed = 0;
    for (number, parks) in parks() {
        for at in some(parks.len()).map(|time| parks[time]) {
            kill(number, at);
            killed += 1;
        }
    }
    println!("{killed} killed");
    assert!(killed > 60, "{killed}");
}

#[test]
fn every_script_of_the_night_may_panic_in_its_first_five_polls_and_twice_later() {
    let whole = Whole::play();
    let mut struck = 0;
    for (&number, (_, polls)) in &whole.polls {
        for poll in some(*polls as usize) {
            strike(&whole, number, poll as u32 + 1);
            struck += 1;
        }
    }
    println!("{struck} struck");
    assert!(struck > 60, "{struck}");
}
