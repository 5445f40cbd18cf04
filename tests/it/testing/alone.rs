//! Scripts on an executor alone.

use std::time::Duration;

use framestep::testing::{ExecutorTest, Words};
use framestep::{Due, WaitKind, frames, next_frame, race, sleep};

use super::told;
use crate::words::quiet_panic;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn words_stand_beside_their_frames_and_are_taken_once() {
    let mut test = ExecutorTest::new();
    let log = test.log();
    log.say("before");
    test.spawn(async move {
        log.say("one");
        log.say(2);
        frames(2).await;
        log.say("three");
    });
    test.step(2);
    test.log().say("between");
    test.step(1);
    assert_eq!(test.words(), "0: before; 1: one 2; 2: between; 3: three");
    assert_eq!(test.words(), "");
    test.log().say("a");
    test.step(1);
    test.log().say("b");
    assert_eq!(test.log().take_plain(), "a b");
}

#[test]
fn a_word_that_says_a_word_while_it_is_displayed_comes_second() {
    struct Echo(Words);
    impl std::fmt::Display for Echo {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.say("inner");
            f.write_str("outer")
        }
    }
    let log = Words::new();
    log.say(Echo(log.clone()));
    assert_eq!(log.take(), "0: inner outer");
}

#[test]
fn a_wait_is_asked_for_its_kind_its_due_and_its_place() {
    let mut test = ExecutorTest::new();
    let door = test.spawn(async {
        sleep(SECOND).await;
        race(frames(5), std::future::pending::<()>()).await;
    });
    test.step(1);
    test.assert_waits(&door, WaitKind::Sleep).due(Due::Time(SECOND)).at("testing/alone.rs");
    assert_eq!(test.advance(SECOND), 60);
    test.assert_waits(door.id(), WaitKind::Frames).due(Due::Frames(5)).at("alone.rs");
    test.step(5);
    test.assert_ended(&door);
}

#[test]
fn an_assertion_that_fails_says_what_the_script_does() {
    let mut test = ExecutorTest::new();
    let door = test.spawn(sleep(SECOND)).named("door");
    assert_eq!(
        told(|| drop(test.assert_waits(&door, WaitKind::Sleep))),
        "expected a script that waits for Sleep; but script `door` (number 1, spawned at HERE, polled 0 times) \
         hasn't been polled yet: step its lane first"
    );
    test.step(2);
    assert_eq!(
        told(|| drop(test.assert_waits(&door, WaitKind::Signal))),
        "expected a script that waits for Signal; but script `door` (number 1, spawned at HERE, polled 1 times) \
         waits for Sleep, due in 983.333333ms, since frame 1, at HERE"
    );
    let parked = test.assert_waits(&door, WaitKind::Sleep);
    let place = told(|| drop(parked.clone().at("window.rs")));
    assert!(place.starts_with("expected a wait that was written at window.rs; but script `door`"), "{place}");
    let due = told(|| drop(parked.due(Due::Frames(1))));
    assert!(due.starts_with("expected a wait that is due in 1 frame; but script `door`"), "{due}");
    let ended = told(|| test.assert_ended(&door));
    assert!(ended.starts_with("expected a script that has ended; but script `door`"), "{ended}");
    door.cancel();
    assert_eq!(
        told(|| drop(test.assert_waits(&door, WaitKind::Sleep))),
        "expected a script that waits for Sleep; but the script has ended"
    );
}

#[test]
fn a_place_is_not_found_in_one_whose_number_goes_on() {
    let mut test = ExecutorTest::new();
    let line = line!() + 1;
    let door = test.spawn(async { next_frame().await });
    test.step(1);
    let parked = test.assert_waits(&door, WaitKind::NextFrame).at(&format!("alone.rs:{line}"));
    told(|| drop(parked.at(&format!("alone.rs:{}", line / 10))));
}

#[test]
fn until_counts_frames_and_says_what_keeps_it_waiting() {
    let mut test = ExecutorTest::new();
    let door = test.spawn(frames(3)).named("door");
    assert_eq!(test.until(10, |executor| executor.live() == 0), 4);
    assert_eq!(test.until(10, |executor| executor.live() == 0), 0);
    drop(door);
    let failure = told(|| {
        test.until(2, |executor| executor.live() == 1);
    });
    assert_eq!(failure, "it isn't so after 2 frames:\n  no script is left");
    test.spawn(frames(9)).named("gate");
    let failure = told(|| {
        test.until(2, |executor| executor.live() == 0);
    });
    assert_eq!(
        failure,
        "it isn't so after 2 frames:\n  script `gate` (number 2, spawned at HERE, polled 1 times) waits for Frames, \
         due in 8 frames, since frame 7, at HERE"
    );
}

#[test]
fn a_panic_that_nobody_takes_fails_the_test() {
    let failure = told(|| {
        let mut test = ExecutorTest::new();
        test.spawn(async { quiet_panic("out of keys") }).named("door");
        test.step(3);
    });
    assert!(failure.starts_with("scripts failed, and the test didn't take it"), "{failure}");
    assert!(failure.contains("script `door`") && failure.ends_with("panicked: out of keys"), "{failure}");

    let mut test = ExecutorTest::new();
    let door = test.spawn(async { quiet_panic("out of keys") });
    test.step(1);
    test.assert_failed(&door, "keys");
    let again = told(|| drop(test.assert_failed(&door, "keys")));
    assert_eq!(again, "expected a script that failed with \"keys\"; but the script has ended");
}

#[test]
fn a_script_that_failed_has_not_ended_well() {
    let mut test = ExecutorTest::new();
    let door = test.spawn(async { quiet_panic("out of keys") });
    test.step(1);
    let failure = told(|| test.assert_ended(&door));
    assert!(failure.starts_with("expected a script that has ended well; but script"), "{failure}");
}

#[test]
fn a_clock_that_stands_still_is_no_endless_test() {
    let mut test = ExecutorTest::new();
    test.clock().pause();
    let failure = told(|| {
        test.advance(SECOND);
    });
    assert_eq!(failure, "a frame doesn't move the clock, so no number of frames is 1s long");
}

#[test]
fn a_trace_is_all_that_happened_in_words() {
    let mut test = ExecutorTest::new();
    test.spawn(async {
        let lamp = framestep::spawn(async {
            sleep(Duration::from_millis(20)).await;
            let _ = framestep::random() | 1;
        });
        lamp.named("lamp").await;
    })
    .named("door");
    let guard = test.spawn(next_frame());
    test.step(1);
    test.hold(guard.id());
    guard.cancel();
    test.step(2);
    let trace = test.trace();
    let draw = trace.split_whitespace().find(|word| word.starts_with("0x")).expect("there is a draw").to_owned();
    assert_eq!(
        trace.replace(&draw, "DRAW"),
        "frame 0 game: door#1 spawned\n\
         frame 0 game: NextFrame#2 spawned\n\
         frame 1 main: door#1 polled, by the game\n\
         frame 1 main: lamp#3 spawned, by door#1\n\
         frame 1 main: NextFrame#2 polled, by the game\n\
         frame 1 main: lamp#3 polled, by door#1\n\
         frame 1 game: NextFrame#2 held\n\
         frame 1 game: NextFrame#2 cancelled\n\
         frame 3 main: lamp#3 polled, by a timer\n\
         frame 3 main: lamp#3 drew DRAW\n\
         frame 3 main: lamp#3 completed\n\
         frame 3 main: door#1 polled, by lamp#3\n\
         frame 3 main: door#1 completed\n"
    );
    assert_eq!(test.trace(), trace, "it is shown as often as it is asked for");
}

#[test]
fn an_executor_without_a_trace_says_so() {
    let mut test = ExecutorTest::of(framestep::Executor::new());
    test.step(1);
    let failure = told(|| drop(test.trace()));
    assert_eq!(failure, "this executor keeps no trace: build it with `Builder::trace(true)`");
}

#[test]
fn a_panic_fails_the_test_in_whatever_step_it_was() {
    let steps: [fn(&mut ExecutorTest); 3] = [
        |test| _ = test.poll_once(),
        |test| _ = test.poll_once_with(Duration::ZERO),
        |test| {
            let late = test.add_lane("late");
            drop(test.spawn_in(late, async { quiet_panic("as planned") }));
            test.step_lane(late, Duration::ZERO);
        },
    ];
    for step in steps {
        let failure = told(|| {
            let mut test = ExecutorTest::new();
            drop(test.spawn(async { quiet_panic("as planned") }));
            step(&mut test);
            drop(test.take_failures().pop().expect("it is known at once"));
            drop(test.spawn(async { quiet_panic("once more") }));
            test.step(2);
        });
        assert!(failure.ends_with("once more"), "{failure}");
    }
}
