//! Scripts that follow a clock of their own.
//!
//! Rule: as in `time`.

use super::*;
use framestep::{resume_in, scope, set_task_clock, spawn};

#[test]
fn a_script_with_a_clock_of_its_own_waits_by_it_wherever_it_names_none() {
    let mut executor = Executor::new();
    let slow = executor.add_clock(executor.main_lane(), "slow");
    slow.set_scale(1, 10);
    let main = executor.clock();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        set_task_clock(slow);
        sleep(ns(1)).await;
        log.say("slept");
        sleep_until(ns(2)).await;
        log.say("until");
        interval(ns(1)).next().await;
        log.say("came round");
        log.say(format!("{:?}", timeout(ns(1), pending::<()>()).await));
        main.sleep(ns(10)).await;
        log.say("named");
        frames(2).await;
        log.say("frames");
        set_task_clock(None);
        sleep(ns(10)).await;
        log.say("the lane's");
    });
    let mut took = Vec::new();
    executor.poll_once_with(ns(0));
    for _ in 0..8 {
        executor.poll_once_with(ns(10));
        took.push(words.take());
    }
    assert_eq!(took, ["slept", "until", "came round", "Err(Elapsed)", "named", "", "frames", "the lane's"]);
}

#[test]
fn waits_that_have_begun_keep_their_clock() {
    let mut executor = Executor::new();
    let stopped = executor.add_clock(executor.main_lane(), "stopped");
    stopped.pause();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let mut nap = Box::pin(sleep(ns(10)));
        let mut beat = interval(ns(10));
        let begun = timeout(ns(1), race(nap.as_mut(), beat.next())).await;
        log.say(begun == Err(Elapsed));
        set_task_clock(stopped);
        nap.await;
        log.say("slept");
        log.say(beat.next().await);
        sleep(ns(1)).await;
        log.say("never");
    });
    executor.poll_once_with(ns(0));
    executor.poll_once_with(ns(1));
    executor.poll_once_with(ns(9));
    executor.poll_once_with(ns(100));
    assert_eq!(words.take(), "true slept 1");
}

#[test]
fn what_a_script_spawns_follows_its_clock_from_then_on() {
    let mut executor = Executor::new();
    let fixed = executor.add_lane("fixed");
    let driven = executor.add_driven_clock(executor.main_lane(), "driven");
    let words = Words::default();
    let log = words.clone();
    let nap = move |log: Words, name: &'static str| async move {
        sleep(ns(5)).await;
        log.say(name);
    };
    executor.spawn(async move {
        drop(spawn(nap(log.clone(), "before")));
        set_task_clock(driven);
        let grandchild = log.clone();
        drop(spawn(async move { spawn(nap(grandchild, "grandchild")).await }));
        let moved = log.clone();
        drop(spawn(async move {
            resume_in(fixed).await;
            nap(moved, "moved").await;
        }));
        let inner = log.clone();
        scope(async move |s| {
            s.spawn(nap(inner.clone(), "child"));
            set_task_clock(None);
            s.spawn(nap(inner, "after"));
        })
        .await;
        log.say("scope");
    });
    executor.poll_once_with(ns(0));
    executor.step_lane(fixed, ns(0));
    executor.poll_once_with(ns(5));
    assert_eq!(words.take(), "before after");
    executor.step_lane(fixed, ns(5));
    driven.advance(ns(5));
    executor.poll_once_with(ns(0));
    // In the order in which they began to wait.
    assert_eq!(words.take(), "child grandchild scope");
    executor.step_lane(fixed, ns(0));
    assert_eq!(words.take(), "moved");
}

#[test]
#[should_panic(expected = "another executor")]
fn a_script_cant_follow_another_executors_clock() {
    let (mut executor, other) = (Executor::new(), Executor::new());
    let clock = other.clock();
    let script = executor.spawn(async move { set_task_clock(clock) });
    executor.poll_once();
    if let Some(Err(framestep::JoinError::Panicked(payload))) = script.take_output() {
        std::panic::resume_unwind(payload);
    }
}
