//! Limits: caps that are none, as many as there can be, and more than there can be.
//!
//! Rule: as in `misuse`.

use super::*;

#[test]
fn a_frame_without_a_cap_ends_after_a_skipped_entry_and_a_panic() {
    // A frame runs its ready queue to the end, and then ends.
    let mut executor = Executor::builder().frame_polls(u64::MAX).build();
    let skipped = executor.spawn(async {});
    let bomb = executor.spawn(async { quiet_panic("boom") });
    let last = executor.spawn(async { 3 });
    skipped.cancel();
    let report = executor.poll_once();
    assert_eq!((report.polled, report.panicked, report.completed, report.put_off), (2, 1, 1, 0));
    assert!(matches!(bomb.take_output(), Some(Err(JoinError::Panicked(_)))));
    assert!(matches!(last.take_output(), Some(Ok(3))));
}

#[test]
fn slots_made_for_two_sizes_of_one_class_are_as_many_as_both() {
    // `slots` makes as many as it is asked for, however often.
    let count = if cfg!(miri) { 8 } else { 600 };
    for sizes in [[200, 204], [200, 200]] {
        let executor = Executor::builder().slots(sizes[0], count).slots(sizes[1], count).build();
        // Too big for those slots: it takes one behind all that were made beforehand.
        let behind = executor.spawn(poll_fn({
            let big = [0_u8; 2_000];
            move |_| if big[0] == 0 { Poll::Pending } else { Poll::Ready(()) }
        }));
        let handles: Vec<_> = (0..2 * count)
            .map(|_| {
                let bytes = [0_u8; 190];
                executor.spawn(poll_fn(move |_| if bytes[0] == 0 { Poll::Pending } else { Poll::Ready(()) }))
            })
            .collect();
        let late = handles.iter().filter(|handle| slot(handle.id()) > slot(behind.id())).count();
        assert_eq!(late, 0, "slots of {sizes:?} bytes that were missing");
    }
}

#[test]
fn outputs_that_are_overaligned_or_empty_come_through() {
    // A future of any size and alignment can be a script.
    #[repr(align(4096))]
    struct Big(u8);
    let mut executor = Executor::new();
    let big: Vec<_> = (0..if cfg!(miri) { 3 } else { 20 })
        .map(|n| {
            executor.spawn(async move {
                next_frame().await;
                Big(n)
            })
        })
        .collect();
    let empty: Vec<_> = (0..3).map(|_| executor.spawn(ready([0_u128; 0]))).collect();
    executor.poll_once();
    executor.poll_once();
    for (n, handle) in (0..).zip(&big) {
        let output = Box::new(handle.take_output().expect("it ended").expect("well"));
        assert_eq!((output.0, (&raw const *output).addr() % 4096), (n, 0));
    }
    assert!(empty.iter().all(|handle| matches!(handle.take_output(), Some(Ok([])))));
}

#[test]
fn an_executor_whose_build_panics_loses_no_number() {
    // As many executors as are promised can be alive at once, whatever failed before.
    for _ in 0..if cfg!(miri) { 2 } else { 1_100 } {
        assert!(panics(|| drop(Executor::with_capacity(usize::MAX))));
    }
    let mut executor = Executor::new();
    executor.spawn(async {});
    assert_eq!(executor.poll_once().completed, 1);
}

/// An executor with as many clocks as there can be; two of them are the main lane's.
fn full_of_clocks() -> (Executor, Clock) {
    let executor = Executor::new();
    let main = executor.main_lane();
    let clocks: Vec<Clock> = (2..65_535).map(|_| executor.add_clock(main, "")).collect();
    (executor, clocks[clocks.len() - 1])
}

#[test]
#[cfg_attr(miri, ignore = "more clocks than it has time for")]
fn a_frame_with_as_many_clocks_as_there_can_be_ends() {
    // The timers of all clocks are fired, the last one's too.
    let (mut executor, last) = full_of_clocks();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        last.sleep(ns(5)).await;
        log.say(format!("last in {}", current_frame()));
        sleep(ns(5)).await;
        frames(1).await;
        log.say(format!("main in {}", current_frame()));
    });
    for _ in 0..4 {
        executor.poll_once_with(ns(5));
    }
    assert_eq!(words.take(), "last in 2 main in 4");
}

#[test]
#[cfg_attr(miri, ignore = "more clocks than it has time for")]
#[should_panic(expected = "at most 65,535 clocks")]
fn a_clock_more_than_there_can_be_doesnt_take_anothers_number() {
    // A limit that is reached is a panic with advice, and never a wrap.
    let (executor, _) = full_of_clocks();
    let _ = muted(|| executor.add_clock(executor.main_lane(), ""));
}

#[test]
fn a_chain_of_scripts_started_by_the_payloads_of_their_panics_is_put_off() {
    // A chain of spawns counts as one script, or it could hang the frame.
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            drop(spawn(async { resume_unwind(Box::new(Again)) }));
        }
    }
    let mut executor = Executor::builder().script_polls(5).frame_polls(1_000).build();
    drop(executor.spawn(async { resume_unwind(Box::new(Again)) }));
    for _ in 0..2 {
        let report = executor.poll_once();
        assert_eq!((report.polled, report.panicked, report.put_off, report.live), (5, 5, 1, 1));
        let incidents = executor.incidents();
        let put_off = incidents.last().expect("it is told");
        assert!(put_off.kind == IncidentKind::PutOff && put_off.message.contains("5 times"), "{put_off}");
    }
}
