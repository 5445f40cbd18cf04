//! Sleeps, timeouts, and the clocks that they follow.
//!
//! Rule: as in `time`.

use super::*;

// ---- Sleeps -------------------------------------------------------------------------------------

#[test]
fn a_sleep_ends_in_the_first_step_that_brings_the_clock_that_far() {
    let mut executor = Executor::new();
    let words = Words::default();
    for nanos in [0, 1, 9, 10, 11, 20, 21] {
        let log = words.clone();
        executor.spawn(async move {
            sleep(ns(nanos)).await;
            log.say(nanos);
        });
    }
    let mut took = Vec::new();
    for _ in 0..4 {
        executor.poll_once_with(ns(10));
        took.push(words.take());
    }
    assert_eq!(took, ["0", "1 9 10", "11 20", "21"]);
}

#[test]
fn sleep_until_counts_from_the_clocks_start() {
    let mut executor = Executor::new();
    let words = Words::default();
    executor.poll_once_with(ns(50));
    for nanos in [0, 50, 60, 61, 75] {
        let log = words.clone();
        executor.spawn(async move {
            sleep_until(ns(nanos)).await;
            log.say(nanos);
        });
    }
    let mut took = Vec::new();
    for _ in 0..4 {
        executor.poll_once_with(ns(10));
        took.push(words.take());
    }
    assert_eq!(took, ["0 50 60", "61", "75", ""].map(|words| words.to_string()));
}

#[test]
fn sleeps_to_the_end_of_time_neither_end_nor_overflow() {
    let mut executor = Executor::new();
    let far = [Duration::MAX, ns(u64::MAX), ns(u64::MAX - 1), Duration::from_secs(u64::MAX)];
    for duration in far {
        executor.spawn(async move {
            race(sleep(duration), sleep_until(duration)).await;
        });
    }
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        sleep(Duration::from_secs(10_000_000_000)).await;
        log.say("three hundred years");
    });
    executor.poll_once_with(ns(1));
    executor.poll_once_with(Duration::from_secs(9_999_999_999));
    assert_eq!((words.take().as_str(), executor.live()), ("", 5));
    executor.poll_once_with(Duration::from_secs(1));
    assert_eq!((words.take().as_str(), executor.live()), ("three hundred years", 4));
    // The clock stops at its end, about 584 years; nothing panics there.
    executor.poll_once_with(Duration::MAX);
    executor.poll_once_with(Duration::MAX);
    assert_eq!(executor.clock().now(), ns(u64::MAX));
}

// ---- Clocks -------------------------------------------------------------------------------------

#[test]
fn a_scaled_clock_carries_the_remainder() {
    for (num, den) in [(1, 3), (2, 3), (7, 5), (1, 1_000), (999, 1_000), (0, 7), (u32::MAX, u32::MAX)] {
        let mut executor = Executor::new();
        let clock = executor.add_clock(executor.main_lane(), "scaled");
        clock.set_scale(num, den);
        let mut total = 0u128;
        for step in
            [1, 1, 1, 16_666_667, 5, 0, 33_333_334, 1].into_iter().cycle().take(if cfg!(miri) { 12 } else { 200 })
        {
            executor.poll_once_with(ns(step));
            total += u128::from(step);
            assert_eq!(clock.now().as_nanos(), total * u128::from(num) / u128::from(den));
        }
    }
}

#[test]
fn changing_the_scale_loses_less_than_a_nanosecond() {
    let mut executor = Executor::new();
    let clock = executor.add_clock(executor.main_lane(), "scaled");
    // In units of 1/60 ns, which all the scales divide.
    let mut exact = 0u64;
    let scales = [(1, 2), (1, 3), (3, 4), (2, 5), (1, 6), (5, 4)];
    let mut changes = 0;
    for (num, den) in scales.into_iter().cycle().take(60) {
        clock.set_scale(num, den);
        changes += 1;
        for _ in 0..7 {
            executor.poll_once_with(ns(11));
            exact += 11 * 60 * u64::from(num) / u64::from(den);
        }
        let (now, ideal) = (clock.now().as_nanos() as u64, exact / 60);
        assert!(now <= ideal && ideal - now <= changes, "{now} for {ideal}");
    }
}

#[test]
fn pausing_and_scaling_a_clock_move_no_deadline() {
    let mut executor = Executor::new();
    let words = Words::default();
    let clock = executor.add_clock(executor.main_lane(), "game");
    let log = words.clone();
    executor.spawn(async move {
        clock.sleep(ns(100)).await;
        log.say(clock.now().as_nanos());
    });
    executor.poll_once_with(ns(10));
    let mut steps = |count: u32, nanos: u64| {
        for _ in 0..count {
            executor.poll_once_with(ns(nanos));
        }
        (clock.now().as_nanos(), words.take())
    };
    assert_eq!(steps(5, 10), (60, String::new()));
    clock.pause();
    assert!(clock.is_paused());
    assert_eq!(steps(50, 10), (60, String::new()));
    clock.resume();
    clock.set_scale(1, 2);
    assert_eq!(steps(9, 10), (105, String::new()));
    clock.set_scale(10, 1);
    assert_eq!(steps(1, 1), (115, "115".to_string()));
    // Two clocks of one lane don't know of each other.
    assert_eq!(executor.clock().now(), ns(10 + 50 + 500 + 90 + 1));
}

#[test]
fn a_clock_advances_with_the_steps_of_its_lane_alone() {
    let mut executor = Executor::new();
    let fixed = executor.add_lane("fixed");
    let on_fixed = executor.add_clock(fixed, "on fixed");
    let words = Words::default();
    let log = words.clone();
    // A script of the main lane that waits on the other lane's clock runs in its own lane.
    executor.spawn(async move {
        on_fixed.sleep(ns(10)).await;
        log.say("woken");
    });
    executor.poll_once_with(ns(100));
    executor.poll_once_with(ns(100));
    assert_eq!(executor.step_lane(fixed, ns(10)).woken, 1);
    assert_eq!((on_fixed.now(), words.take().as_str()), (ns(10), ""));
    executor.poll_once_with(ns(0));
    assert_eq!(words.take(), "woken");
}

// ---- Timeouts -----------------------------------------------------------------------------------

#[test]
fn a_timeout_gives_the_output_or_elapsed_and_drops_what_was_too_slow() {
    let mut executor = Executor::new();
    let words = Words::default();
    for (name, nanos) in [("before", 9), ("at", 10), ("after", 11), ("never", u64::MAX)] {
        let log = words.clone();
        executor.spawn(async move {
            let guard = log.on_drop("dropped");
            let slow = async move {
                let _guard = guard;
                sleep(ns(nanos)).await;
                nanos
            };
            let ended = timeout(ns(10), slow).await;
            log.say(format!("{name}:{ended:?}"));
        });
    }
    for _ in 0..10 {
        executor.poll_once_with(ns(5));
    }
    assert_eq!(
        words.take(),
        "dropped before:Ok(9) dropped at:Ok(10) dropped after:Err(Elapsed) dropped never:Err(Elapsed)"
    );
}

#[test]
fn a_timeout_of_zero_polls_once() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        log.say(format!("{:?}", timeout(Duration::ZERO, async { 1 }).await));
        log.say(format!("{:?}", timeout(Duration::ZERO, pending::<()>()).await));
        let nested = timeout(ns(10), timeout(ns(5), frames(100))).await;
        log.say(nested == Ok(Err(Elapsed)));
    });
    executor.poll_once_with(ns(1));
    assert_eq!(words.take(), "Ok(1) Err(Elapsed)");
    executor.poll_once_with(ns(20));
    assert_eq!(words.take(), "true");
}
