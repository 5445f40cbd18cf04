//! Steps within steps of one world; worlds, executors and entities that go while a script has hold of them.
//!
//! Rule: as in `reentrancy`. Beside these are `ecs::worlds`, `ecs::life` and `ecs::access`.

use std::{
    mem,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{Me, Outside, Script, ScriptExecutor, ScriptRegistry, step_scripts};

use super::*;

/// A log of words for any thread.
#[derive(Clone)]
struct Log(Sender<String>);

impl Log {
    fn new() -> (Log, Told) {
        let (tell, told) = channel();
        (Log(tell), Told(told))
    }

    fn say(&self, word: impl std::fmt::Display) {
        // Who outlives the test has nobody to tell.
        let _ = self.0.send(word.to_string());
    }
}

struct Told(Receiver<String>);

impl Told {
    /// The words since the last call, with `|` between them.
    fn words(&self) -> String {
        self.0.try_iter().collect::<Vec<_>>().join(" | ")
    }
}

thread_local! {
    /// What the error handler was told on this thread.
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What the error handler was told since the last call.
fn heard() -> Vec<String> {
    HEARD.take()
}

/// A world whose error handler notes what it is told.
fn world() -> World {
    let mut world = World::new();
    let handler = |error: BevyError, _: ErrorContext| HEARD.with_borrow_mut(|heard| heard.push(error.to_string()));
    world.insert_resource(FallbackErrorHandler(handler));
    world
}

/// A script that says a word in each frame, and another when it is dropped.
fn talker(log: &Log, word: &'static str) -> Script {
    let log = log.clone();
    Script::new(async move |_: Me| {
        let say = log.clone();
        let _last = on_drop(move || say.say(format!("{word} dropped")));
        loop {
            log.say(word);
            next_frame().await;
        }
    })
}

fn step_schedule(world: &mut World) {
    let mut schedule = Schedule::default();
    schedule.add_systems(step_scripts);
    schedule.run(world);
}

#[test]
fn a_step_in_a_system_a_schedule_or_a_command_of_a_script_is_refused_and_told() {
    let (mut world, (log, told)) = (world(), Log::new());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.run_system(step_scripts)?;
        say.say("system");
        me.world(step_schedule)?;
        say.say("schedule");
        me.run(|mut commands: Commands| commands.queue(step_scripts))?;
        say.say("command");
        Ok(())
    }));
    world.spawn(talker(&log, "other"));
    step_scripts(&mut world);
    assert_eq!(told.words(), "system | schedule | command | other");
    let heard = heard();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(heard.iter().all(|error| error.contains("a script stepped the scripts of its own world")), "{heard:?}");
    step_scripts(&mut world);
    assert_eq!(told.words(), "other");
}

#[test]
fn a_step_in_a_destructor_a_clean_up_or_a_job_is_refused_and_told() {
    let (mut world, (log, told)) = (world(), Log::new());
    world.insert_non_send(ScriptExecutor::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let _in_destructor = on_drop(move || me.world(step_scripts).expect("within a step"));
        let _clean_up = me.defer(step_scripts);
        say.say("ends");
        Ok(())
    }));
    let outside = world.non_send::<ScriptExecutor>().outside();
    outside.world(step_scripts).expect("it is open");
    step_scripts(&mut world);
    assert_eq!(told.words(), "ends");
    let told_of = heard();
    assert_eq!(told_of.len(), 3, "a job, a clean-up, a destructor: {told_of:?}");
    step_scripts(&mut world);
    assert!(told.words().is_empty() && heard().is_empty());
}

#[test]
fn two_worlds_that_step_each_other_stop_where_they_meet() {
    thread_local! { static OUTER: RefCell<World> = RefCell::new(World::new()); }
    let (log, told) = Log::new();
    let mut inner = world();
    let say = log.clone();
    inner.spawn(Script::new(async move |_: Me| {
        OUTER.with_borrow_mut(step_scripts);
        say.say("inner goes on");
        next_frame().await;
        say.say("inner's next frame");
        Ok(())
    }));
    let mut outer = world();
    let say = log.clone();
    outer.spawn(Script::new(async move |me: Me| {
        me.world(|world| {
            OUTER.set(mem::take(world));
            step_scripts(&mut inner);
            *world = OUTER.take();
        })?;
        say.say("outer goes on");
        step_scripts(&mut inner);
        say.say(format!("{:?}", me.world(|_| ())));
        Ok(())
    }));
    outer.spawn(talker(&log, "another"));
    step_scripts(&mut outer);
    assert_eq!(told.words(), "inner goes on | outer goes on | inner's next frame | Ok(()) | another");
    let heard = heard();
    assert!(heard.len() == 1 && heard[0].contains("its own world"), "{heard:?}");
}

#[test]
fn a_script_that_clears_the_world_runs_to_its_next_await_and_ends_with_the_others() {
    for clear in [World::clear_entities, World::clear_all] {
        let (mut world, (log, told)) = (world(), Log::new());
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let last = say.clone();
            let _last = on_drop(move || last.say("dropped"));
            next_frame().await;
            me.world(clear)?;
            say.say(format!("goes on {:?}", me.world(|world| world.iter_entities().count())));
            say.say(format!("{:?}", me.world(|world| world.spawn_empty().id()).is_ok()));
            next_frame().await;
            say.say("not reached");
            Ok(())
        }));
        world.spawn(talker(&log, "other"));
        step_scripts(&mut world);
        assert_eq!(told.words(), "other");
        step_scripts(&mut world);
        assert_eq!(told.words(), "goes on Ok(0) | true | other dropped | dropped");
        step_scripts(&mut world);
        assert_eq!(told.words(), "", "it is stepped on, with nothing in it");
    }
}

/// A name, and what takes away what the scripts run on.
type Way = (&'static str, fn(&mut World));

/// Several ways to do so.
const WAYS: [Way; 3] = [
    ("the world", |place| *place = world()),
    ("the executor", |world| _ = world.remove_non_send::<ScriptExecutor>()),
    ("another executor", |world| world.insert_non_send(ScriptExecutor::default())),
];

#[test]
fn the_end_of_the_world_or_its_executor_in_a_destructor_or_a_clean_up_ends_all_scripts_in_that_step() {
    for (name, take_away) in WAYS {
        for in_clean_up in [false, true] {
            let (mut world, (log, told)) = (world(), Log::new());
            let say = log.clone();
            world.spawn(Script::new(async move |me: Me| {
                let _guard = (!in_clean_up).then(|| on_drop(move || me.world(take_away).expect("within a step")));
                let _clean_up = in_clean_up.then(|| me.defer(take_away));
                next_frame().await;
                say.say("ends");
                Ok(())
            }));
            world.spawn(talker(&log, "other"));
            step_scripts(&mut world);
            assert_eq!(told.words(), "other");
            step_scripts(&mut world);
            assert_eq!(told.words(), "ends | other dropped", "{name}, in a clean-up: {in_clean_up}");
            step_scripts(&mut world);
            assert_eq!(told.words(), "", "{name}, in a clean-up: {in_clean_up}");
            assert!(heard().is_empty());
        }
    }
}

#[test]
fn the_end_of_the_world_or_its_executor_in_a_job_ends_all_scripts_before_they_run() {
    for (name, take_away) in WAYS {
        let (mut world, (log, told)) = (world(), Log::new());
        world.spawn(talker(&log, "script"));
        step_scripts(&mut world);
        assert_eq!(told.words(), "script");
        let outside = world.non_send::<ScriptExecutor>().outside();
        outside.world(take_away).expect("it is open");
        let say = log.clone();
        outside.world(move |_| say.say("the next job")).expect("it is open");
        let say = log.clone();
        outside.injector().run(move || say.say("a job without a world")).expect("it is open");
        step_scripts(&mut world);
        let (words, heard) = (told.words(), heard());
        if name == "the world" {
            assert_eq!(words, "a job without a world | script dropped");
            assert!(heard.len() == 1 && heard[0].contains("panicked: the world was replaced"), "{heard:?}");
        } else {
            assert_eq!(
                words, "the next job | a job without a world | script dropped",
                "{name}: the step ends as it began"
            );
            assert!(heard.is_empty(), "{heard:?}");
        }
        assert!(outside.world(|_| ()).is_err(), "{name}");
    }
}

#[test]
fn a_registry_that_a_script_replaces_ends_all_scripts_in_the_next_step_and_one_taken_away_is_put_back() {
    let take: fn(&mut World) = |world| _ = world.remove_resource::<ScriptRegistry>();
    let replace: fn(&mut World) = |world| world.insert_resource(ScriptRegistry::default());
    for (act, starts, then) in [
        (take, false, ["in the next step | dropped | other", "other"]),
        // A script that is started without a registry brings another one along.
        (take, true, ["dropped | other dropped | late", "late"]),
        (replace, false, ["dropped | other dropped", ""]),
        (replace, true, ["dropped | other dropped | late", "late"]),
    ] {
        let (mut world, (log, told)) = (world(), Log::new());
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let (last, late) = (say.clone(), say.clone());
            let _last = on_drop(move || last.say("dropped"));
            next_frame().await;
            me.world(act)?;
            if starts {
                me.world(move |world| _ = world.spawn(talker(&late, "late")))?;
            }
            say.say("goes on");
            next_frame().await;
            say.say("in the next step");
            Ok(())
        }));
        world.spawn(talker(&log, "other"));
        let steps = [(); 4].map(|()| {
            step_scripts(&mut world);
            told.words()
        });
        assert_eq!(steps, ["other", "goes on | other", then[0], then[1]]);
        assert_eq!(world.resource::<ScriptRegistry>().running(), usize::from(!then[1].is_empty()));
        assert!(heard().is_empty());
    }
}

#[derive(Component)]
struct Says(Option<Box<dyn FnOnce() + Send + Sync>>);

impl Drop for Says {
    fn drop(&mut self) {
        self.0.take().expect("once")();
    }
}

#[test]
fn what_is_started_while_the_world_is_dropped_is_dropped_with_it() {
    let (mut world, (log, told)) = (world(), Log::new());
    world.insert_non_send(ScriptExecutor::default());
    let late_comer = world.non_send::<ScriptExecutor>().outside();
    let outside = Mutex::new(late_comer.clone());
    let (say, late) = (log.clone(), talker(&log, "late"));
    let start = move |from: &str, outside: &Outside, script| {
        say.say(format!("{from}: {:?}", outside.spawn_script(script).is_ok()));
    };
    let at_component = start.clone();
    world.spawn(Says(Some(Box::new(move || {
        at_component("component", &outside.lock().expect("nobody panics with it"), late);
    }))));
    let (say, script) = (log.clone(), talker(&log, "later"));
    world.spawn(Script::new(async move |me: Me| {
        let outside = me.outside();
        let mut script = Some(script);
        let _guard = on_drop(move || {
            let refused = spawn(async {});
            say.say(matches!(refused.take_output(), Some(Err(JoinError::Refused(SpawnLimit::Closed)))));
            say.say(format!("{:?}", me.world(|_| ())));
            start("destructor", &outside, script.take().expect("once"));
        });
        pending().await
    }));
    step_scripts(&mut world);
    assert_eq!(told.words(), "");
    drop(world);
    assert_eq!(told.words(), "component: true | true | Err(OutsideStep) | destructor: true", "accepted isn't done");
    assert!(late_comer.spawn_script(talker(&log, "too late")).is_err());
    assert_eq!(told.words(), "", "none of them ever ran");
}

#[test]
fn a_world_built_on_another_thread_is_stepped_where_it_is_first() {
    let (log, told) = Log::new();
    let say = log.clone();
    let mut built = thread::spawn(move || {
        let mut world = World::new();
        world.spawn(talker(&say, "built there"));
        world
    })
    .join()
    .expect("it doesn't panic");
    step_scripts(&mut built);
    step_scripts(&mut built);
    assert_eq!(told.words(), "built there | built there");
    assert_eq!(built.resource::<ScriptRegistry>().running(), 1);
    drop(built);
    assert_eq!(told.words(), "built there dropped");
}

#[test]
fn a_world_that_goes_to_another_thread_stands_still_there_and_goes_on_at_home() {
    let (mut world, (log, told)) = (world(), Log::new());
    world.spawn(talker(&log, "at home"));
    step_scripts(&mut world);
    let heard_there = thread::scope(|threads| {
        let world = &mut world;
        threads
            .spawn(move || {
                step_scripts(world);
                world.spawn(talker(&log, "spawned there"));
                heard()
            })
            .join()
            .expect("it doesn't panic")
    });
    assert!(heard_there.len() == 1 && heard_there[0].contains("live on another thread"), "{heard_there:?}");
    step_scripts(&mut world);
    assert_eq!(told.words(), "at home | spawned there | at home");
}

#[cfg_attr(miri, ignore = "Bevy leaks what is dropped there")]
#[test]
fn a_world_dropped_on_another_thread_leaves_its_scripts_undropped() {
    let (mut world, (log, told)) = (world(), Log::new());
    world.spawn(talker(&log, "on"));
    step_scripts(&mut world);
    let outside = world.non_send::<ScriptExecutor>().outside();
    thread::spawn(move || drop(world)).join().expect("it doesn't panic");
    assert_eq!(told.words(), "on", "nothing of a script runs on another thread, its destructors least of all");
    assert!(outside.world(|_| ()).is_ok(), "nobody has told its executor");
}

#[test]
fn an_executor_inserted_on_another_thread_is_bevys_panic() {
    let mut world = thread::spawn(|| {
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::default());
        world
    })
    .join()
    .expect("it doesn't panic");
    let stepped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| step_scripts(&mut world)));
    let message = stepped.expect_err("it panics").downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains("non-send"), "{message}");
}
