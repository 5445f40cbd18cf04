//! Clocks that are given their time.
//!
//! Rule: as in `time`.

use super::*;

#[test]
fn a_driven_clock_advances_in_its_lanes_step_by_what_it_was_given_since() {
    let mut executor = Executor::new();
    let song = executor.add_driven_clock(executor.main_lane(), "song");
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        song.sleep(ns(10)).await;
        log.say(format!("woken at {}", song.now().as_nanos()));
        // What a script gives is taken in by the next step.
        song.advance(ns(5));
        log.say(format!("still {}", song.now().as_nanos()));
    });
    let mut step = |given: &[u64]| {
        given.iter().for_each(|&nanos| song.advance(ns(nanos)));
        executor.poll_once_with(ns(1_000));
        (song.now().as_nanos(), words.take())
    };
    assert_eq!(step(&[]), (0, String::new()));
    assert_eq!(step(&[4, 5]), (9, String::new()));
    assert_eq!(step(&[]), (9, String::new()));
    assert_eq!(step(&[3]), (12, "woken at 12 still 12".to_string()));
    assert_eq!(step(&[1]), (18, String::new()));
    assert_eq!(song.name(), "song");
}

#[test]
fn a_driven_clock_is_scaled_and_carries_the_remainder() {
    let mut executor = Executor::new();
    let clock = executor.add_driven_clock(executor.main_lane(), "slow");
    clock.set_scale(1, 3);
    let mut took = Vec::new();
    for nanos in [1, 1, 1, 5, 4] {
        clock.advance(ns(nanos));
        executor.poll_once();
        took.push(clock.now().as_nanos());
    }
    assert_eq!(took, [0, 0, 1, 2, 4]);
}

#[test]
fn what_a_paused_clock_is_given_is_lost() {
    let mut executor = Executor::new();
    let clock = executor.add_driven_clock(executor.main_lane(), "song");
    clock.pause();
    clock.advance(ns(1));
    clock.resume();
    clock.advance(ns(2));
    executor.poll_once();
    assert_eq!(clock.now(), ns(2));
    clock.advance(ns(4));
    clock.pause();
    executor.poll_once();
    clock.resume();
    executor.poll_once();
    assert_eq!(clock.now(), ns(2), "the step in which it was paused took what it had been given");
    clock.advance(Duration::MAX);
    clock.advance(Duration::MAX);
    executor.poll_once();
    assert_eq!(clock.now(), ns(u64::MAX));
}

#[test]
fn driven_clocks_fire_in_their_lanes_step_by_order_of_creation() {
    let mut executor = Executor::new();
    let fixed = executor.add_lane("fixed");
    let words = Words::default();
    let driven = executor.add_driven_clock(executor.main_lane(), "driven");
    let plain = executor.add_clock(executor.main_lane(), "plain");
    let fixeds = executor.add_driven_clock(fixed, "fixed's");
    for (name, clock) in [("fixed's", fixeds), ("plain", plain), ("driven", driven), ("main", executor.clock())] {
        let log = words.clone();
        executor.spawn(async move {
            clock.sleep(ns(7)).await;
            log.say(name);
        });
    }
    executor.poll_once_with(ns(0));
    driven.advance(ns(9));
    fixeds.advance(ns(9));
    executor.poll_once_with(ns(7));
    assert_eq!((words.take().as_str(), fixeds.now()), ("main driven plain", ns(0)));
    assert_eq!(executor.step_lane(fixed, ns(0)).woken, 1);
    executor.poll_once_with(ns(0));
    assert_eq!((words.take().as_str(), fixeds.now()), ("fixed's", ns(9)));
}

#[test]
fn no_step_is_said_to_make_a_driven_clocks_timer_due() {
    let mut executor = Executor::new();
    let driven = executor.add_driven_clock(executor.main_lane(), "driven");
    executor.spawn(driven.sleep(ns(10)));
    executor.poll_once();
    driven.advance(ns(4));
    assert_eq!(executor.next_deadline(), None);
    executor.spawn(sleep(ns(20)));
    executor.poll_once_with(ns(0));
    assert_eq!(executor.next_deadline(), Some(ns(20)));
}

#[test]
#[should_panic(expected = "add_driven_clock")]
fn a_clock_that_isnt_driven_cant_be_given_time() {
    let executor = Executor::new();
    executor.clock().advance(ns(1));
}

#[test]
fn a_timeout_can_follow_any_clock() {
    let mut executor = Executor::new();
    let clock = executor.add_driven_clock(executor.main_lane(), "song");
    let words = Words::default();
    for nanos in [9, 10, 11] {
        let log = words.clone();
        executor.spawn(async move {
            let ended = clock.timeout(ns(10), clock.sleep(ns(nanos))).await;
            log.say(format!("{nanos}:{ended:?}"));
        });
    }
    executor.poll_once_with(ns(100));
    executor.poll_once_with(ns(100));
    assert_eq!(words.take(), "");
    clock.advance(ns(10));
    executor.poll_once();
    assert_eq!(words.take(), "9:Ok(()) 10:Ok(()) 11:Err(Elapsed)");
}
