//! For as long as one likes: what is held at the end is what was held at the start.
//!
//! Rule: each runs a count of rounds, `FRAMESTEP_ROUNDS` of them where that is set, and compares the bytes that are
//! held, and what was played with a second run.

use super::*;

fn rounds(unless_set: u64) -> u64 {
    let given = std::env::var("FRAMESTEP_ROUNDS").ok();
    given.map_or(unless_set, |text| text.parse().expect("FRAMESTEP_ROUNDS is a number"))
}

#[test]
fn executors_that_come_and_go_hold_nothing() {
    let run = |executors: u64| {
        for number in 0..executors {
            let mut executor = Executor::new();
            let signal = Signal::new();
            let cell = Rc::new(RefCell::new(Waker::noop().clone()));
            drop(executor.spawn(parked(cell.clone())));
            drop(executor.spawn(sleep(us(number % 50_000))));
            drop(executor.spawn(async move { signal.wait().await }));
            let kept = executor.spawn(async { spawn(frames(2)).await.is_ok() });
            for _ in 0..number % 4 {
                executor.poll_once();
            }
            // Some find their executor gone.
            if number % 2 == 0 {
                drop(executor);
                cell.borrow().wake_by_ref();
                assert_eq!(kept.is_finished(), number % 4 != 3, "executor {number}");
            }
        }
    };
    numbers::make_room();
    run(if cfg!(miri) { 3 } else { 2_100 });
    let executors = if cfg!(miri) { 5 } else { rounds(5_000) };
    let grown = held(|| run(executors));
    assert_eq!(grown, 0, "bytes held after {executors} executors");
}

#[test]
fn executors_that_are_alive_together_hold_nothing_when_they_are_gone() {
    numbers::make_room();
    // The thread's own list of executors has room for four from its first on.
    drop(Executor::new());
    assert_eq!(held(|| drop([(); 4].map(|()| Executor::new()))), 0);
}

#[test]
fn a_busy_executor_holds_no_more_after_many_frames_and_plays_the_same_again() {
    // The counters of frames, steps and releases begin shortly before they come round, where they do.
    let before_wrap = u64::from(u32::MAX) - 500;
    let run = |frames: u64, first: u64| {
        let mut executor = Executor::builder().capacity(1_000).trace(true).start_at(first, 1).build();
        let signal = Signal::new();
        inhabit(&executor, &signal);
        let mut step = |frames| (0..frames).for_each(|_| _ = executor.poll_once());
        step(WARM_UP);
        let grown = held(|| step(frames));
        assert_eq!(grown, 0, "bytes held after {frames} frames");
        executor.trace_hash()
    };
    let frames = if cfg!(miri) { 40 } else { rounds(2_000) };
    assert_eq!(run(frames, before_wrap), run(frames, before_wrap));
}
