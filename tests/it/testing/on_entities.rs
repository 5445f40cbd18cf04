//! Scripts on entities.

use std::time::Duration;

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use bevy_ecs::schedule::ScheduleLabel;
use framestep::testing::ScriptTest;
use framestep::{
    Due, Executor, Me, Script, ScriptExecutor, ScriptOf, ScriptRegistry, WaitKind, frames, next_frame, sleep,
    step_scripts,
};

use super::told;
use crate::words::quiet_panic;

const SECOND: Duration = Duration::from_secs(1);

async fn stand(_: Me) -> Result {
    loop {
        next_frame().await;
    }
}

#[test]
fn a_script_is_asked_by_its_entity_its_owner_and_its_id() {
    let mut test = ScriptTest::new();
    let guard = test.spawn(Script::named("stand", stand));
    let walk = test.spawn_empty();
    test.spawn((
        Script::named("walk", async |_: Me| {
            frames(9).await;
            Ok(())
        }),
        ScriptOf(walk),
    ));
    let free = test.script(Script::named("free", async |_: Me| {
        sleep(SECOND).await;
        Ok(())
    }));
    test.step(1);
    test.assert_waits(guard, WaitKind::NextFrame);
    test.assert_waits(walk, WaitKind::Frames).due(Due::Frames(9)).at("on_entities.rs");
    test.assert_waits(free, WaitKind::Sleep).due(Due::Time(SECOND));
    assert_eq!(test.advance(SECOND), 60);
    test.assert_ended(free);
    test.assert_ended(walk);
}

trait SpawnEmpty {
    fn spawn_empty(&mut self) -> Entity;
}

impl SpawnEmpty for ScriptTest {
    fn spawn_empty(&mut self) -> Entity {
        self.spawn(())
    }
}

#[test]
fn an_assertion_that_fails_says_what_the_script_does() {
    let mut test = ScriptTest::new();
    let guard = test.spawn(Script::named("stand", stand));
    let early = told(|| drop(test.assert_waits(guard, WaitKind::NextFrame)));
    assert_eq!(early, "the script wasn't started yet: call `step` first");
    test.step(1);
    assert_eq!(
        told(|| drop(test.assert_waits(guard, WaitKind::Event))),
        "expected a script that waits for Event; but script `stand` (number 1, spawned at HERE, polled 1 times) waits \
         for NextFrame, due in 1 frame, since frame 1, at HERE"
    );
    let nobody = test.spawn_empty();
    assert_eq!(
        told(|| drop(test.assert_waits(nobody, WaitKind::Event))),
        format!(
            "expected a script that waits for Event; but a script of entity {nobody} isn't running: it has ended, or \
             never was"
        )
    );
    let ended = told(|| test.assert_ended(nobody));
    assert!(ended.ends_with("was never seen at the end of a frame"), "{ended}");
    for name in ["talk", "walk"] {
        test.spawn((Script::named(name, stand), ScriptOf(nobody)));
    }
    assert_eq!(
        told(|| drop(test.assert_waits(nobody, WaitKind::NextFrame))),
        format!("entity {nobody} has several scripts, `talk` and `walk` among them: name one by its `ScriptId`")
    );
}

#[test]
fn a_script_that_fails_or_panics_fails_the_test_unless_it_is_taken() {
    let failure = told(|| {
        let mut test = ScriptTest::new();
        test.spawn(Script::named("door", async |_: Me| Err("out of keys".into())));
        test.step(1);
    });
    assert!(failure.starts_with("scripts failed, and the test didn't take it"), "{failure}");
    assert!(failure.contains("script `door`") && failure.ends_with("failed: out of keys"), "{failure}");

    let mut test = ScriptTest::new();
    let door = test.spawn(Script::named("door", async |_: Me| Err("out of keys".into())));
    let vault = test.script(Script::named("vault", async |_: Me| {
        quiet_panic("alarm");
        Ok(())
    }));
    test.step(1);
    let other = told(|| drop(test.assert_failed(vault, "keys")));
    assert!(other.starts_with("expected a failure with \"keys\"; but it says: script `vault`"), "{other}");
    test.assert_failed(door, "out of keys");
    test.assert_ended(door);
    assert!(test.take_failures().is_empty());
}

#[test]
fn the_games_own_handler_is_told_all_the_same() {
    std::thread_local! {
        static HEARD: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
    }
    fn handler(_: BevyError, _: ErrorContext) {
        HEARD.set(HEARD.get() + 1);
    }
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(handler));
    let mut schedule = Schedule::default();
    schedule.add_systems(step_scripts);
    let mut test = ScriptTest::playing(world, schedule);
    let door = test.spawn(Script::named("door", async |_: Me| Err("out of keys".into())));
    test.step(1);
    test.assert_failed(door, "out of keys");
    assert_eq!(HEARD.get(), 1);
}

#[test]
fn systems_run_behind_the_step_of_the_scripts_and_say_words_of_the_same_frame() {
    let mut test = ScriptTest::new();
    let (log, tick) = (test.log(), test.log());
    test.script(Script::new(async move |_: Me| {
        log.say("script");
        next_frame().await;
        log.say("script");
        Ok(())
    }));
    test.schedule(|schedule| {
        schedule.add_systems(move || tick.say("system"));
    });
    test.step(2);
    assert_eq!(test.words(), "1: script system; 2: script system");
}

#[test]
fn a_lane_that_no_schedule_steps_is_stepped_by_the_test() {
    #[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
    struct Physics;
    let mut test = ScriptTest::of(Executor::builder().trace(true).step(SECOND).build());
    let log = test.log();
    let ball = test.spawn(
        Script::named("ball", async move |_: Me| {
            next_frame().await;
            log.say("bounce");
            Ok(())
        })
        .in_lane(Physics),
    );
    test.step(1);
    test.step_lane(Physics);
    test.assert_waits(ball, WaitKind::NextFrame);
    test.step_lane(Physics);
    test.assert_ended(ball);
    assert_eq!(test.words(), "1: bounce");
}

#[test]
fn until_looks_at_the_world() {
    #[derive(Component)]
    struct Door(u32);
    let mut test = ScriptTest::new();
    let door = test.spawn((
        Door(0),
        Script::named("door", async |me: Me| {
            loop {
                me.with(|mut door: Mut<Door>| door.0 += 10)?;
                next_frame().await;
            }
        }),
    ));
    assert_eq!(test.until(20, |world| world.get::<Door>(door).unwrap().0 >= 50), 5);
    let failure = told(|| {
        test.until(2, |world| world.get::<Door>(door).is_none());
    });
    assert!(failure.starts_with("it isn't so after 2 frames:\n  script `door` (number 1"), "{failure}");
}

#[cfg(feature = "bevy_app")]
#[test]
fn an_app_is_stepped_by_its_updates() {
    let mut app = bevy_app::App::new();
    app.add_plugins(framestep::FramestepPlugin);
    let mut test = ScriptTest::app(app);
    let log = test.log();
    let door = test.spawn(Script::named("door", async move |_: Me| {
        sleep(SECOND).await;
        log.say("open");
        Ok(())
    }));
    let tick = test.log();
    test.schedule(|schedule| {
        schedule.add_systems(move || tick.say("."));
    });
    test.step(1);
    test.assert_waits(door, WaitKind::Sleep);
    assert_eq!(test.advance(SECOND), 60);
    test.assert_ended(door);
    let words = test.words();
    assert!(words.starts_with("1: .; 2: .;") && words.contains("; 61: ") && words.contains("open"), "{words}");
}

#[test]
#[cfg(not(miri))]
fn a_golden_trace_is_compared_with_its_file() {
    let mut test = ScriptTest::new();
    test.spawn(Script::named("door", async |_: Me| {
        frames(2).await;
        Ok(())
    }));
    test.step(3);
    test.assert_trace("tests/golden/door.trace");
    if std::env::var_os("BLESS").is_some() {
        return;
    }
    test.script(Script::named("lamp", stand));
    test.step(1);
    let failure = told(|| test.assert_trace("tests/golden/door.trace")).replace('\\', "/");
    assert!(failure.starts_with("tests/golden/door.trace: the first difference is in line "), "{failure}");
    assert!(failure.contains("- expected (its end)") && failure.contains("lamp#2 spawned"), "{failure}");
}

#[test]
fn a_test_that_fails_without_its_executor_fails_once() {
    let failure = told(|| {
        let mut test = ScriptTest::new();
        drop(test.world().remove_non_send::<ScriptExecutor>());
        quiet_panic("the test's own");
    });
    assert_eq!(failure, "the test's own");
}

#[test]
fn a_script_panics_at_the_poll_that_a_test_names_and_the_test_takes_it() {
    let mut test = ScriptTest::new();
    let log = test.log();
    let guard = test.spawn(Script::named("guard", async move |me: Me| {
        let gone = log.clone();
        let _clean_up = me.defer(move |_| gone.say("gone"));
        for round in 1.. {
            log.say(format!("round {round}"));
            next_frame().await;
        }
        Ok(())
    }));
    let failure = told(|| test.panic_at(guard, 1));
    assert!(
        failure.contains("wasn't started yet") && failure.contains("`test.executor().panic_at(number, 1)`"),
        "{failure}"
    );
    test.step(2);
    let failure = told(|| test.panic_at(guard, 2));
    assert_eq!(failure, "it had 2 polls already, so poll 2 can't panic any more: have it panic at its poll 3 or later");
    test.panic_at(guard, 4);
    test.step(4);
    let failure = test.assert_failed(guard, "a fault in poll 4 of script 1");
    assert!(failure.starts_with("script `guard` of entity") && failure.contains("after the wait at"), "{failure}");
    assert_eq!(test.words(), "1: round 1; 2: round 2; 3: round 3; 4: gone");
    let failure = told(|| test.panic_at(guard, 5));
    assert!(failure.ends_with("isn't running, so it has no poll to panic at"), "{failure}");
}

#[test]
fn a_fault_is_refused_of_an_entity_whose_script_was_cancelled_already_and_of_one_with_several() {
    let mut test = ScriptTest::new();
    let gate = test.spawn(Script::named("gate", stand));
    let hall = test.spawn_empty();
    for name in ["lamp", "fire"] {
        test.spawn((Script::named(name, stand), ScriptOf(hall)));
    }
    test.step(1);
    let failure = told(|| test.panic_at(gate, 0));
    assert!(failure.starts_with("it had 1 polls already, so poll 0 can't panic"), "{failure}");
    let failure = told(|| test.panic_at(hall, 2));
    assert!(failure.contains("has several scripts, `lamp` and `fire` among them"), "{failure}");
    // It carries its `Script` until the next step.
    let id = test.world().get::<Script>(gate).and_then(Script::id).expect("it was spawned");
    assert!(test.world().resource::<ScriptRegistry>().cancel(id));
    let failure = told(|| test.panic_at(gate, 2));
    assert!(failure.ends_with("isn't running, so it has no poll to panic at"), "{failure}");
    test.assert_ended(gate);
}
