//! Intervals: no drift, and what happens after a hitch.
//!
//! Rule: as in `time`.

use super::*;

#[test]
fn an_interval_first_comes_round_after_one_period() {
    let mut executor = Executor::new();
    let clock = executor.clock();
    let words = beat(&executor, clock, 10, Missed::Burst);
    for _ in 0..8 {
        executor.poll_once_with(ns(5));
    }
    assert_eq!(words.take(), "15*1 25*1 35*1");
}

#[test]
fn an_interval_after_a_hitch_bursts_skips_or_delays() {
    let mut log = Vec::new();
    for missed in [Missed::Burst, Missed::Skip, Missed::Delay] {
        let mut executor = Executor::new();
        let clock = executor.clock();
        let words = beat(&executor, clock, 10, missed);
        for step in [0, 10, 35, 5, 5, 5, 5] {
            executor.poll_once_with(ns(step));
        }
        log.push(words.take());
    }
    assert_eq!(
        log,
        [
            // Begun at 0; a hitch from 10 to 45 misses 20, 30 and 40.
            "10*1 45*1 45*1 45*1 50*1 60*1",
            "10*1 45*3 50*1 60*1",
            "10*1 45*3 55*1 65*1",
        ]
    );
}

#[test]
fn an_interval_counts_from_the_deadline_and_never_drifts() {
    for missed in [Missed::Burst, Missed::Skip] {
        let mut executor = Executor::new();
        let clock = executor.clock();
        let words = beat(&executor, clock, 1_000_000_007, missed);
        let (mut beats, seconds) = (0, if cfg!(miri) { 2 } else { 600 });
        executor.poll_once_with(ns(0));
        // Frames that never divide the period.
        while clock.now() < Duration::from_secs(seconds) {
            executor.poll_once();
            if !words.take().is_empty() {
                beats += 1;
                let late = (clock.now().as_nanos() - beats * 1_000_000_007) as u64;
                assert!(late < 16_666_667, "beat {beats} is {late} ns late");
            }
        }
        assert_eq!(beats, clock.now().as_nanos() / 1_000_000_007);
    }
}

#[test]
fn an_interval_that_loses_a_race_keeps_its_rhythm() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let mut beat = interval(ns(25));
        loop {
            match race(beat.next(), next_frame()).await {
                Race::First(periods) => log.say(format!("beat{periods}")),
                Race::Second(()) => log.say("frame"),
            }
        }
    });
    for _ in 0..6 {
        executor.poll_once_with(ns(10));
    }
    // Begun at 10 ns, so due at 35 and 60 ns; at 40 and 60 ns both are ready, and the beat is first.
    assert_eq!(words.take(), "frame frame beat1 frame beat1");
}

#[test]
#[should_panic(expected = "period")]
fn an_interval_of_zero_panics() {
    let executor = Executor::new();
    let _ = executor.clock().interval(Duration::ZERO);
}
