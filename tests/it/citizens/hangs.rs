//! Scripts that never return from a poll, and the watchdog that names them.
//!
//! Rule: the script hangs on a channel until the watchdog's callback lets it go, so no test waits for longer than it
//! must, and none can end well without the watchdog. On a busy machine anything may take longer than so short a limit:
//! the callback hears of one name alone. What is told how often, and what isn't, is held by the unit tests of
//! `executor/watch.rs`, where a test looks by hand.

use std::sync::mpsc::{Receiver, channel};

use framestep::{Builder, Stuck, StuckScript, random, set_task_name, yield_now};

use super::*;
use crate::words::hear;

/// The name of who hangs.
const HANGS: &str = "hangs";

/// A builder whose executor's watchdog sends who hangs, and lets it go by a message each; what is told, and what to
/// hang on.
fn watched() -> (Builder, Receiver<Stuck>, Receiver<()>) {
    let (tell, told) = channel();
    let (let_go, hang) = channel();
    let builder = Executor::builder().watchdog(Duration::from_millis(1), move |stuck| {
        if stuck.script.is_some_and(|script| script.name == HANGS) {
            tell.send(*stuck).expect("the test listens");
            let_go.send(()).expect("the script hangs");
        }
    });
    (builder, told, hang)
}

/// Hangs until the watchdog lets it go.
fn wait_for(let_go: &Receiver<()>) {
    hear(let_go, "the watchdog lets it go");
}

/// What the watchdog told.
fn heard(told: &Receiver<Stuck>) -> Stuck {
    hear(told, "the watchdog tells who hangs")
}

/// The script that a message names.
fn script(told: &Receiver<Stuck>) -> StuckScript {
    heard(told).script.expect("it has a name")
}

#[test]
fn a_script_that_never_returns_is_named_while_it_hangs() {
    let (builder, told, hang) = watched();
    let mut executor = builder.build();
    let words = Words::default();
    let say = words.clone();
    let site = line!() + 1;
    drop(executor.spawn(async move {
        set_task_name(HANGS);
        frames(2).await;
        say.say("reads");
        wait_for(&hang);
        say.say("goes on");
    }));
    for _ in 0..3 {
        executor.poll_once();
    }
    assert_eq!(words.take(), "reads goes on");
    let stuck = heard(&told);
    assert_eq!((stuck.frame, stuck.lane), (3, "main"));
    assert!(stuck.lasted >= Duration::from_millis(1));
    let script = stuck.script.expect("it has a name");
    assert_eq!(script.number, 1);
    assert_eq!((script.spawned_at.file(), script.spawned_at.line()), (file!(), site));
    assert_eq!(script.waited_at.expect("it had waited").line(), site + 2);
    assert_eq!(told.try_recv().ok(), None, "once");
}

#[test]
fn the_sentence_names_the_script_and_says_what_to_do() {
    let (builder, told, hang) = watched();
    let mut executor = builder.build();
    drop(executor.spawn(async move { wait_for(&hang) }).named(HANGS));
    executor.poll_once();
    let mut stuck = heard(&told);
    stuck.lasted = Duration::from_secs(5);
    let script = stuck.script.expect("it has a name");
    assert_eq!(
        stuck.to_string(),
        format!(
            "script `{HANGS}` (number 1, spawned at {}) hasn't returned for 5s in frame 1, lane `main`, and the game \
             stands still: await `next_frame()` in its loops, or do on another thread what takes long or blocks, and \
             await its result",
            script.spawned_at
        )
    );
    stuck.script = None;
    assert_eq!(
        stuck.to_string(),
        "the step of lane `main` in frame 1 hasn't come to its next script for 5s: a condition, a waker, a hook or \
         something that was handed in doesn't return"
    );
}

#[test]
fn a_step_of_another_executor_inside_of_a_script_is_told_of_both() {
    let (builder, outer_told, outer_hang) = watched();
    let mut outer = builder.build();
    let (builder, inner_told, inner_hang) = watched();
    let mut inner = builder.build();
    drop(inner.spawn(async move { wait_for(&inner_hang) }).named(HANGS));
    let nested = outer.spawn(async move {
        inner.poll_once();
        wait_for(&outer_hang);
    });
    drop(nested.named(HANGS));
    outer.poll_once();
    let lines = [&outer_told, &inner_told].map(|told| script(told).spawned_at.line());
    assert!(lines[0] > lines[1], "{lines:?}");
}

#[test]
fn a_callback_that_panics_leaves_the_watchdog_at_its_post() {
    let (let_go, hang) = channel();
    let mut bad = Executor::builder()
        .watchdog(Duration::from_millis(1), move |_| {
            // It is told of the step as well, where that is slow, and the script may be gone when this is heard.
            let _ = let_go.send(());
            quiet_panic("in the callback");
        })
        .build();
    drop(bad.spawn(async move { wait_for(&hang) }));
    bad.poll_once();
    let (builder, told, hang) = watched();
    let mut executor = builder.build();
    drop(executor.spawn(async move { wait_for(&hang) }).named(HANGS));
    executor.poll_once();
    assert_eq!(script(&told).number, 1);
}

/// Polls, draws, wakes, cancels and panics of some frames, as a hash and as words.
fn story(builder: Builder) -> (u64, String) {
    let mut executor = builder.seed(5).trace(true).build();
    let words = Words::default();
    for name in ["a", "b", "c", "d"] {
        let words = words.clone();
        drop(executor.spawn(async move {
            for round in 0..3 {
                words.say(format!("{name}{round}:{}", random() % 10));
                next_frame().await;
                if round == 1 && name == "b" {
                    yield_now().await;
                    drop(spawn(async move { quiet_panic("b's child") }));
                }
            }
        }));
    }
    for _ in 0..5 {
        executor.poll_once();
    }
    (executor.trace_hash(), words.take())
}

#[test]
fn nothing_that_scripts_do_depends_on_whether_they_are_watched() {
    let hours = |builder: Builder| builder.watchdog(Duration::from_secs(3_600), |_| ());
    assert_eq!(story(hours(Executor::builder())), story(Executor::builder()));
    assert_eq!(story(hours(Executor::builder().shuffle(7))), story(Executor::builder().shuffle(7)));
    assert_ne!(story(Executor::builder().shuffle(7)), story(Executor::builder()), "the story has an order to tell");
}
