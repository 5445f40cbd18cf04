//! The night goes on whoever of its cast is gone, and at whichever of many times.
//!
//! Rule: a night is played once as it is, to see when its scripts park. Then it is played again up to each of the first
//! times that each script does, and to some of those that follow, and that script's owner is despawned. From there on
//! nothing of the script runs, nobody fails, and the others go on; when all are gone nothing is left in the executor.

use std::cell::RefCell;
use std::collections::BTreeMap;

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
    let before = stage.report().live;
    for _ in 0..AFTER {
        frame(&mut stage);
        assert!(stage.world.non_send::<ScriptExecutor>().script_info(script.id).is_none(), "{what}");
        assert_eq!(stage.report().panicked, 0, "{what}");
    }
    assert!(before > 1 && stage.report().live > 0, "{what}: the others go on");
    let world = &mut stage.world;
    let left: Vec<Entity> = world.query_filtered::<Entity, With<Script>>().iter(world).collect();
    left.into_iter().for_each(|script| _ = world.despawn(script));
    frame(&mut stage);
    assert_eq!(stage.world.resource::<ScriptRegistry>().running(), 0, "{what}");
    assert_eq!(stage.world.non_send::<ScriptExecutor>().executor().live(), 0, "{what}");
    assert_eq!(TOLD.take(), [""; 0], "{what}");
}

#[test]
fn every_script_of_the_night_may_die_the_first_five_times_that_it_parks_and_twice_later() {
    let mut killed = 0;
    for (number, parks) in parks() {
        let later = parks.iter().skip(TIMES).step_by(LATER).take(LATER_TIMES);
        for &at in parks.iter().take(TIMES).chain(later) {
            kill(number, at);
            killed += 1;
        }
    }
    println!("{killed} killed");
    assert!(killed > 60, "{killed}");
}
