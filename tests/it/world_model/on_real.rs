//! Runs a program on a world of `bevy_ecs` and the scripts of `framestep`.
//!
//! Rule: it says the same words at the same moments as `on_naive.rs`; the two are read side by side. What is `Send`
//! (a script's closure) holds numbers, and finds the run that it belongs to by its thread.

mod blocks;
mod deeds;

use self::{blocks::Root, deeds::Who};
use super::program::*;
use crate::model::program::pick;
use bevy_ecs::{
    error::{BevyError, ErrorContext, FallbackErrorHandler},
    prelude::*,
    schedule::ScheduleLabel,
};
use framestep as fs;
use std::{cell::RefCell, mem::take, rc::Rc, time::Duration};

#[derive(Component)]
struct PartA(u8);

#[derive(Component)]
struct PartB(u8);

#[derive(Resource)]
struct Treasure(u8);

#[derive(Message)]
struct News(u8);

#[derive(EntityEvent)]
struct Knock {
    entity: Entity,
    value: u8,
}

#[derive(Event)]
struct Bang(u8);

#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Side;

/// What scripts and the game share, beside the world.
struct Here {
    log: RefCell<Vec<String>>,
    entities: RefCell<Vec<Entity>>,
    /// Each has its id once it was inserted.
    scripts: RefCell<Vec<Option<fs::ScriptId>>>,
    signals: Vec<fs::Signal>,
    main: fs::Lane,
}

thread_local! {
    static HERE: RefCell<Option<Rc<Here>>> = const { RefCell::new(None) };
}

fn here() -> Rc<Here> {
    HERE.with(|here| here.borrow().clone()).expect("a program runs on this thread")
}

const SCRIPTED: &str = "scripted error";

/// The log of a program; with a trace each script is polled by itself.
pub(super) fn run(program: &Program, trace: bool) -> Vec<String> {
    let executor = fs::Executor::builder().trace(trace).script_polls(1_000).frame_polls(1_000_000).build();
    let here = Rc::new(Here {
        log: RefCell::default(),
        entities: RefCell::default(),
        scripts: RefCell::default(),
        signals: (0..SIGNALS).map(|_| fs::Signal::new()).collect(),
        main: executor.main_lane(),
    });
    HERE.set(Some(here.clone()));
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(hear));
    world.init_resource::<fs::ScriptRegistry>();
    world.init_resource::<Messages<News>>();
    world.insert_resource(Treasure(0));
    world.insert_non_send(fs::ScriptExecutor::new(executor));
    let game = Who::game(here.clone());
    for act in &program.acts.0 {
        match act {
            Step(nanos) => {
                fs::step_scripts_by(&mut world, Duration::from_nanos(u64::from(*nanos)));
                report(&world, &game, "main");
            }
            StepSide(nanos) => {
                fs::step_lane_by(&mut world, Side, Duration::from_nanos(u64::from(*nanos)));
                report(&world, &game, "side");
            }
            Game(deed) => game.act(&mut world, deed),
            Update => world.resource_mut::<Messages<News>>().update(),
        }
    }
    game.log("drops the world".to_string());
    drop(world);
    HERE.take();
    take(&mut *here.log.borrow_mut())
}

fn report(world: &World, game: &Who, lane: &str) {
    let registry = world.resource::<fs::ScriptRegistry>();
    let fs::FrameReport { frame, polled, woken, spawned, completed, cancelled, panicked, live, put_off, .. } =
        registry.last_report();
    game.log(format!(
        "steps {lane} of frame {frame}: polled {polled} woken {woken} spawned {spawned} completed {completed} \
         cancelled {cancelled} panicked {panicked} put off {put_off} live {live} running {}",
        registry.running()
    ));
}

/// Bevy's error handler: names the script that failed.
fn hear(error: BevyError, _: ErrorContext) {
    let here = here();
    let failure: &fs::ScriptFailure = error.downcast_ref().expect("a script's failure");
    let script = here.scripts.borrow().iter().position(|id| id.is_some() && *id == failure.script);
    let what = match &failure.kind {
        // The side lane may never be stepped.
        fs::FailureKind::LaneNotStepped(_) => return,
        fs::FailureKind::Error(error) => error_word(error).to_string(),
        other => format!("{other:?}"),
    };
    let script = script.map_or("a stranger".to_string(), |script| script.to_string());
    here.log.borrow_mut().push(format!("told of {script}: {what}"));
}

fn error_word(error: &BevyError) -> &'static str {
    error.downcast_ref::<fs::ScriptError>().map_or("scripted", script_error_word)
}

fn script_error_word(error: &fs::ScriptError) -> &'static str {
    match error {
        fs::ScriptError::NoSuchEntity { .. } => "no entity",
        fs::ScriptError::MissingComponent { .. } => "no component",
        _ => "another error",
    }
}

/// A script of the program, with its number.
fn make(number: usize, script: &Script) -> fs::Script {
    let ops = script.ops.clone();
    let made = fs::Script::named("script", async move |me: fs::Me| Root::new(number, me, ops).await);
    if script.side { made.in_lane(Side) } else { made }
}
