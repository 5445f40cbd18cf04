//! Steps 1 to 5: what becomes ready before anything runs, and in which order.
//!
//! Rule: as in `order`.

use super::*;

// ---- 1. Advance ---------------------------------------------------------------------------------

#[test]
fn s1_poll_once_advances_the_frame_count() {
    let mut executor = Executor::new();
    assert_eq!(executor.frame(), 0);
    assert_eq!(executor.poll_once().frame, 1);
    assert_eq!(executor.poll_once_with(ns(1)).frame, 2);
    assert_eq!(executor.frame(), 2);
}

#[test]
fn s1_a_plain_poll_once_advances_the_clocks_by_the_builders_step() {
    let mut executor = Executor::new();
    executor.poll_once();
    assert_eq!(executor.clock().now(), ns(16_666_667));
    executor.poll_once_with(ns(3));
    assert_eq!(executor.clock().now(), ns(16_666_670));

    let mut executor = Executor::builder().step(ns(7)).build();
    executor.poll_once();
    executor.poll_once();
    assert_eq!(executor.clock().now(), ns(14));
}

#[test]
fn s1_the_clocks_have_advanced_before_anything_runs() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (log, clock) = (words.clone(), executor.clock());
    executor.spawn(async move {
        log.say(format!("{}ns frame {}", clock.now().as_nanos(), framestep::current_frame()));
    });
    executor.poll_once_with(ns(5));
    assert_eq!(words.take(), "5ns frame 1");
}

// ---- 2. Collect ---------------------------------------------------------------------------------

#[test]
fn s2_wakes_from_other_threads_are_collected_in_arrival_order() {
    let mut executor = Executor::new();
    let words = Words::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| say_when_woken(&executor, &words, name));
    executor.poll_once();
    assert_eq!(words.take(), "a b c");

    for gate in [&c, &a, &b, &a] {
        let waker = gate.waker();
        on_thread(move || waker.wake());
    }
    assert_eq!(executor.poll_once().woken, 3);
    assert_eq!(words.take(), "c a b");
}

#[test]
fn s2_wakes_on_the_games_own_thread_between_frames_run_in_call_order() {
    let mut executor = Executor::new();
    let words = Words::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| say_when_woken(&executor, &words, name));
    executor.poll_once();
    words.take();

    b.wake();
    let log = words.clone();
    executor.spawn(async move { log.say("spawned") });
    a.wake();
    b.wake();
    c.wake();
    executor.poll_once();
    assert_eq!(words.take(), "b spawned a c");
}

#[test]
fn s2_wakes_between_frames_come_before_those_from_other_threads() {
    let mut executor = Executor::new();
    let words = Words::default();
    let [a, b] = ["a", "b"].map(|name| say_when_woken(&executor, &words, name));
    executor.poll_once();
    words.take();

    let waker = a.waker();
    on_thread(move || waker.wake());
    b.wake();
    executor.poll_once();
    assert_eq!(words.take(), "b a");
}

#[test]
fn s2_nothing_is_ever_lost() {
    let mut executor = Executor::new();
    let words = Words::default();
    let a = say_when_woken(&executor, &words, "a");
    executor.poll_once();
    words.take();

    // A wake from another thread while the frame runs, before and after the script was polled.
    let (log, gate) = (words.clone(), a.clone());
    executor.spawn(async move {
        let waker = gate.waker();
        on_thread(move || waker.wake());
        log.say("woke");
        yield_now().await;
        log.say("again");
    });
    executor.poll_once();
    assert_eq!(words.take(), "woke again");
    executor.poll_once();
    assert_eq!(words.take(), "a");

    // A wake through a clone, on the thread and off it, at once: one poll.
    let waker = a.waker();
    a.wake();
    on_thread(move || waker.wake());
    assert_eq!(executor.poll_once().woken, 1);
    assert_eq!(words.take(), "a");
    executor.poll_once();
    assert_eq!(words.take(), "");
}

// ---- 3. Fire ------------------------------------------------------------------------------------

#[test]
fn s3_timers_fire_by_clock_in_order_of_creation_then_deadline_then_order_of_arming() {
    let mut executor = Executor::new();
    let words = Words::default();
    let main = executor.clock();
    let second = executor.add_clock(executor.main_lane(), "second");
    let third = executor.add_clock(executor.main_lane(), "third");
    let plan = [
        (third, 1, "third-1"),
        (second, 9, "second-9"),
        (main, 9, "main-9-first"),
        (second, 2, "second-2"),
        (main, 9, "main-9-second"),
        (main, 3, "main-3"),
        (third, 1, "third-1-too"),
    ];
    for (clock, nanos, name) in plan {
        let log = words.clone();
        executor.spawn(async move {
            clock.sleep(ns(nanos)).await;
            log.say(name);
        });
    }
    let log = words.clone();
    executor.spawn(async move {
        frames(2).await;
        log.say("frames");
    });
    executor.poll_once_with(ns(1));
    executor.poll_once_with(Duration::ZERO);
    assert_eq!(words.take(), "");
    executor.poll_once_with(ns(100));
    assert_eq!(words.take(), "frames main-3 main-9-first main-9-second second-2 second-9 third-1 third-1-too");
}

#[test]
fn s3_equal_deadlines_are_first_in_first_out() {
    let mut executor = Executor::new();
    let words = Words::default();
    // Armed in different frames and with different lengths, all due at 10 ns, between others.
    for (frame, names) in [["a", "b"], ["c", "d"], ["e", "f"]].into_iter().enumerate() {
        for name in names {
            let log = words.clone();
            let clock = executor.clock();
            executor.spawn(async move {
                clock.sleep_until(ns(11)).await;
                log.say(name);
            });
        }
        let log = words.clone();
        executor.spawn(async move {
            sleep(ns(20)).await;
            log.say(frame);
        });
        executor.poll_once_with(ns(1));
    }
    executor.poll_once_with(ns(8));
    assert_eq!(words.take(), "a b c d e f");
    executor.poll_once_with(ns(100));
    assert_eq!(words.take(), "0 1 2");
}

// ---- 4. Release ---------------------------------------------------------------------------------

#[test]
fn s4_scripts_waiting_for_the_next_frame_are_released_in_the_order_in_which_they_began_to_wait() {
    let mut executor = Executor::new();
    let words = Words::default();
    for (turns, name) in [(2, "a"), (0, "b"), (1, "c"), (0, "d")] {
        let log = words.clone();
        executor.spawn(async move {
            for _ in 0..turns {
                yield_now().await;
            }
            loop {
                next_frame().await;
                log.say(name);
            }
        });
    }
    executor.poll_once();
    assert_eq!(words.take(), "");
    for _ in 0..3 {
        executor.poll_once();
        assert_eq!(words.take(), "b d c a");
    }
}

#[test]
fn s4_those_released_come_after_wakes_threads_and_timers() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        next_frame().await;
        log.say("released");
    });
    let log = words.clone();
    executor.spawn(async move {
        sleep(ns(1)).await;
        log.say("fired");
    });
    let thread = say_when_woken(&executor, &words, "thread");
    let woken = say_when_woken(&executor, &words, "woken");
    executor.poll_once_with(ns(1));
    words.take();

    let waker = thread.waker();
    on_thread(move || waker.wake());
    woken.wake();
    executor.poll_once_with(ns(1));
    assert_eq!(words.take(), "woken thread fired released");
}

#[test]
fn s4_one_that_is_queued_already_keeps_its_place() {
    let mut executor = Executor::new();
    let words = Words::default();
    let gate = Gate::default();
    for name in ["a", "b"] {
        let (log, gate) = (words.clone(), gate.clone());
        executor.spawn(async move {
            if name == "b" {
                framestep::race(next_frame(), gate.wait()).await;
            } else {
                next_frame().await;
            }
            log.say(name);
        });
    }
    executor.poll_once();
    gate.wake();
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.polled, report.woken), ("b a", 2, 1));
}

// ---- 5. Check -----------------------------------------------------------------------------------

#[test]
fn s5_waits_of_an_outer_layer_are_checked_after_the_release_without_resuming_any_whose_wait_isnt_over() {
    let mut executor = Executor::new();
    let words = Words::default();
    let gates = ["a", "b", "c"].map(|name| say_when_woken(&executor, &words, name));
    let log = words.clone();
    executor.spawn(async move {
        next_frame().await;
        log.say("released");
    });
    let [a, _, c] = gates;
    for (hook, gate) in [("first", c), ("second", a)] {
        let log = words.clone();
        executor.on_check(executor.main_lane(), move || {
            log.say(hook);
            gate.wake();
        });
    }
    executor.poll_once();
    words.take();
    assert_eq!(executor.poll_once().polled, 3);
    assert_eq!(words.take(), "first second released c a");
}
