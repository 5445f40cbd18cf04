//! Lanes and idling: a test for each sentence of the promise.
//!
//! Rule: as in `order.rs`, a test is named after its sentence.

use crate::words::{Gate, Words, on_thread};
use framestep::{Executor, IncidentKind, frames, next_frame, resume_in, sleep, spawn, spawn_in, yield_now};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

#[test]
fn a_script_is_only_polled_in_steps_of_its_home_lane() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let gate = Gate::default();
    let (log, wait) = (words.clone(), gate.clone());
    executor.spawn_in(fixed, async move {
        log.say("spawned");
        wait.wait().await;
        log.say("woken");
        next_frame().await;
        log.say("released");
    });
    executor.poll_once();
    assert_eq!(words.take(), "");
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "spawned");
    gate.open();
    executor.poll_once();
    assert_eq!(words.take(), "");
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "woken");
    executor.poll_once();
    assert_eq!(words.take(), "");
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "released");
}

#[test]
fn next_frame_means_the_next_step_of_its_lane_and_sleep_follows_its_lanes_clock() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let log = words.clone();
    executor.spawn_in(fixed, async move {
        next_frame().await;
        log.say("next");
        frames(2).await;
        log.say("two");
        sleep(ns(10)).await;
        log.say("slept");
    });
    let mut steps = |lane, nanos| {
        executor.step_lane(lane, ns(nanos));
        words.take()
    };
    assert_eq!(steps(fixed, 1), "");
    assert_eq!(steps(fixed, 1), "next");
    assert_eq!(steps(fixed, 1), "");
    assert_eq!(steps(fixed, 1), "two");
    assert_eq!(steps(fixed, 9), "");
    assert_eq!(steps(fixed, 1), "slept");
}

#[test]
fn the_main_lanes_step_also_advances_the_frame_and_no_other_does() {
    let mut executor = Executor::new();
    let fixed = executor.add_lane("fixed");
    assert_eq!(executor.step_lane(fixed, ns(3)).frame, 0);
    assert_eq!(executor.poll_once_with(ns(5)).frame, 1);
    assert_eq!(executor.step_lane(fixed, ns(3)).frame, 1);
    let main = executor.main_lane();
    assert_eq!(executor.step_lane(main, ns(5)).frame, 2);
    assert_eq!((executor.clock().now(), executor.lane_clock(fixed).now()), (ns(10), ns(6)));
}

#[test]
fn chains_are_free_within_a_lane() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let log = words.clone();
    executor.spawn_in(fixed, async move {
        let (inner, main_child) = (log.clone(), log.clone());
        let child = spawn(async move {
            yield_now().await;
            inner.say("child");
        });
        let _ = child.await;
        log.say("parent");
        drop(spawn_in(fixed, async move { main_child.say("again") }));
    });
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "child parent again");
}

#[test]
fn a_spawn_or_wake_in_another_lane_waits_for_its_step() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let main = executor.main_lane();
    let log = words.clone();
    executor.spawn_in(fixed, async move {
        let inner = log.clone();
        let child = spawn_in(main, async move { inner.say("child") });
        let _ = child.await;
        log.say("parent");
    });
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "");
    executor.poll_once();
    assert_eq!(words.take(), "child");
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "parent");
}

#[test]
fn one_cancelled_while_it_is_queued_in_another_lane_leaves_that_lane_nothing_of_the_next_in_its_slot() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (main, late) = (executor.main_lane(), executor.add_lane("late"));
    // Of one type, so that the second would get the first one's slot.
    let spawn = |executor: &Executor, lane, name: &'static str| {
        let log = words.clone();
        executor.spawn_in(lane, async move {
            log.say(name);
        })
    };
    let first = spawn(&executor, late, "first");
    assert!(first.cancel());
    drop(first);
    // Reclaims what may be reclaimed. That the first one is named in the other lane's queue keeps its slot.
    executor.poll_once();
    spawn(&executor, main, "second");
    assert_eq!(executor.step_lane(late, ns(1)).polled, 0);
    assert_eq!(words.take(), "");
    executor.poll_once();
    assert_eq!(words.take(), "second");
}

#[test]
fn a_script_can_move() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let main = executor.main_lane();
    let log = words.clone();
    executor.spawn(async move {
        resume_in(main).await;
        log.say("main");
        resume_in(fixed).await;
        log.say("fixed");
        next_frame().await;
        log.say("fixed");
        resume_in(main).await;
        log.say("main");
    });
    let mut took = Vec::new();
    for lane in [main, main, fixed, main, fixed, fixed, main] {
        executor.step_lane(lane, ns(1));
        took.push(words.take());
    }
    assert_eq!(took, ["main", "", "fixed", "", "fixed", "", "main"]);
    assert_eq!(executor.live(), 0);
}

#[test]
fn waiting_on_a_lane_that_nobody_steps_is_an_error_that_says_so() {
    let mut executor = Executor::new();
    let nobodys = executor.add_lane("nobody's");
    let steps = executor.add_lane("stepped");
    executor.spawn_in(steps, async { frames(9).await });
    executor.spawn(async move { resume_in(nobodys).await }).named("waits in vain");
    let mut incidents = Vec::new();
    for _ in 0..4 {
        executor.poll_once();
        executor.step_lane(steps, ns(1));
        incidents.extend(executor.incidents());
        executor.poll_once();
        incidents.extend(executor.incidents());
    }
    assert_eq!(incidents.len(), 1, "{incidents:?}");
    assert_eq!(incidents[0].kind, IncidentKind::LaneNotStepped);
    assert_eq!(incidents[0].name, "waits in vain");
    assert!(incidents[0].message.contains("nobody's"), "{}", incidents[0].message);
}

#[test]
fn the_executor_on_its_own_has_one_lane() {
    let mut executor = Executor::new();
    let main = executor.main_lane();
    executor.spawn_in(main, pending::<()>());
    executor.spawn(pending::<()>());
    executor.poll_once();
    executor.for_each_task(|info| assert_eq!((info.lane, info.polls), (main, 1)));
    assert_eq!(executor.lane_clock(main), executor.clock());
}

#[test]
#[should_panic(expected = "32")]
fn there_are_at_most_32_lanes() {
    let executor = Executor::new();
    for _ in 0..32 {
        let _ = executor.add_lane("one more");
    }
}

// ---- Idle -----------------------------------------------------------------------------------

#[test]
fn is_idle_when_only_time_or_an_outside_wake_would_resume_a_script() {
    let mut executor = Executor::new();
    assert!(executor.is_idle());
    let gate = Gate::default();
    let wait = gate.clone();
    executor.spawn(async move {
        wait.wait().await;
        next_frame().await;
        frames(2).await;
        sleep(ns(1)).await;
        pending::<()>().await;
    });
    let mut seen = vec![executor.is_idle()];
    executor.poll_once();
    seen.push(executor.is_idle());
    let waker = gate.waker();
    on_thread(move || waker.wake());
    seen.push(executor.is_idle());
    executor.poll_once();
    seen.push(executor.is_idle());
    gate.open();
    seen.push(executor.is_idle());
    for _ in 0..3 {
        executor.poll_once_with(Duration::ZERO);
        seen.push(executor.is_idle());
    }
    executor.poll_once_with(Duration::ZERO);
    seen.push(executor.is_idle());
    //        new    waits  mail   waits woken  next   two    two    asleep
    assert_eq!(seen, [false, true, false, true, false, false, false, false, true]);
}

#[test]
fn next_deadline_is_the_time_until_the_first_timer_is_due() {
    let mut executor = Executor::new();
    let clock = executor.clock();
    assert_eq!(executor.next_deadline(), None);
    executor.spawn(async { sleep(ns(30)).await });
    executor.spawn(async { sleep(ns(20)).await });
    executor.spawn(async { frames(2).await });
    executor.poll_once_with(ns(5));
    assert_eq!(executor.next_deadline(), Some(ns(20)));
    executor.poll_once_with(ns(8));
    assert_eq!(executor.next_deadline(), Some(ns(12)));
    clock.set_scale(1, 2);
    assert_eq!(executor.next_deadline(), Some(ns(24)));
    clock.pause();
    assert_eq!(executor.next_deadline(), None);
    clock.resume();
    assert_eq!(executor.poll_once_with(ns(23)).completed, 1);
    assert_eq!(executor.poll_once_with(ns(1)).completed, 1);
    assert_eq!(executor.next_deadline(), Some(ns(20)));
}

#[test]
fn the_callback_is_called_on_wakes_from_outside() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let mut executor = Executor::builder()
        .on_outside_wake(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    let gate = Gate::default();
    let wait = gate.clone();
    executor.spawn(async move { wait.wait().await });
    executor.poll_once();
    gate.wake();
    executor.poll_once();
    assert_eq!(calls.load(Ordering::Relaxed), 0, "the game's own thread is not outside");
    for round in 1..4 {
        let waker = gate.waker();
        on_thread(move || waker.wake());
        assert_eq!(calls.load(Ordering::Relaxed), round);
        assert_eq!(executor.poll_once().polled, 1);
    }
}
