//! Recording and playing: forwards, back, and on from there.

use std::panic::{AssertUnwindSafe, catch_unwind};

use framestep::replay::{Detail, Game, Player, Recorder, Recording, ReplayError, ScriptGame, Setup, Verify, inlet_of};
use framestep::{Executor, frames, next_frame};

use crate::words::quiet_panic;

use super::planted::{Fault, STEP, bells, key, record};

fn player(detail: Detail) -> Player<ScriptGame<u8>> {
    let recording = record(bells(Fault::None), 130, detail, key);
    Player::new(recording, bells(Fault::None)).expect("it is the game that was recorded")
}

#[test]
fn a_player_shows_in_each_frame_what_the_game_did_there() {
    let mut game = bells(Fault::None)(&Setup::new(7));
    let mut player = player(Detail::Sparse);
    assert_eq!((player.frame(), player.frames(), player.is_at_end()), (0, 130, false));
    while player.step().expect("it plays") {
        game.frame(&key(player.frame()), STEP);
        assert_eq!(player.game().executor().trace_hash(), game.executor().trace_hash());
    }
    assert_eq!((player.frame(), player.is_at_end()), (130, true));
    assert!(player.trail().is_empty(), "nobody watches");
}

#[test]
fn each_frame_looks_the_same_from_wherever_one_comes() {
    let mut player = player(Detail::Full).watching();
    let mut forwards = vec![(player.words(), player.game().executor().trace_hash())];
    while player.step().expect("it plays") {
        forwards.push((player.words(), player.game().executor().trace_hash()));
    }
    for frame in [0, 1, 130, 60, 61, 59, 119, 2] {
        player.seek(frame).expect("there is such a frame");
        assert_eq!(player.frame(), frame);
        assert_eq!((player.words(), player.game().executor().trace_hash()), forwards[frame as usize], "frame {frame}");
    }
    player.seek(12).expect("there is such a frame");
    for frame in (0..12).rev() {
        assert!(player.step_back().expect("it plays"));
        assert_eq!((player.words(), player.game().executor().trace_hash()), forwards[frame as usize], "frame {frame}");
    }
    assert!(!player.step_back().expect("there is nothing to play"), "it is at the beginning");
    let error = player.seek(131).expect_err("the recording has 130 frames").to_string();
    assert_eq!(error, "there is no frame 131: the recording has 130, and frame 0 is its beginning");
}

#[test]
fn a_frame_is_told_in_words() {
    let mut player = player(Detail::Sparse).watching();
    player.seek(10).expect("there is such a frame");
    let words = super::planted::without_lines(&player.words().join("\n"));
    assert_eq!(
        words,
        "step of lane main\n\
         polled clerk #1 at planted.rs:_\n\
         polled guard #3 at planted.rs:_\n\
         drew guard #3 c046485c648fcd4e\n\
         woken watcher #2 by #3\n\
         polled watcher #2 at planted.rs:_"
    );
}

#[test]
fn a_player_that_verifies_keeps_the_first_difference() {
    let recording = record(bells(Fault::None), 130, Detail::Full, key);
    let player = Player::new(recording, bells(Fault::ExtraDraw(100)));
    let mut player = player.expect("it is built from the same setup").verifying();
    player.run_to(99).expect("it plays");
    assert!(player.difference().is_none());
    player.run_to(130).expect("it plays");
    assert_eq!(player.difference().map(|difference| difference.frame), Some(100));
    player.seek(3).expect("it plays");
    assert_eq!(player.difference().map(|difference| difference.frame), Some(100));
}

#[test]
fn a_game_that_is_taken_over_goes_on_live() {
    let mut player = player(Detail::Sparse);
    player.seek(50).expect("it plays");
    let mut live = player.take_over();
    let mut game = bells(Fault::None)(&Setup::new(7));
    for frame in 1..=80 {
        game.frame(&key(frame), STEP);
    }
    for frame in 51..=80 {
        live.frame(&key(frame), STEP);
    }
    assert_eq!(live.executor().trace_hash(), game.executor().trace_hash());
}

#[test]
fn a_run_that_is_taken_over_is_recorded_from_its_beginning() {
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let mut player = player(Detail::Sparse);
        player.seek(50).expect("it plays");
        let (mut game, mut recorder) = player.take_over_recording(Vec::new(), detail).expect("memory takes it");
        for _ in 51..=75 {
            recorder.frame(&mut game, &1, STEP).expect("memory takes it");
        }
        let recording =
            Recording::from_bytes(recorder.finish(&mut game).expect("memory takes it")).expect("it is whole");
        let input = |frame| if frame <= 50 { key(frame) } else { 1 };
        let afresh = record(bells(Fault::None), 75, detail, input);
        assert!(recording.iter().eq(afresh.iter()), "as if it had been played like that");
        assert!(Verify::new(recording).run(bells(Fault::None)).is_ok());
    }
}

#[test]
fn a_recorder_wants_the_executor_of_its_setup() {
    let game =
        |executor| ScriptGame::new(executor, |executor: &mut Executor, &(), step| _ = executor.poll_once_with(step));
    let attempt = |executor| {
        let recorder = Recorder::to(Vec::new(), &Setup::new(7), Detail::Full, &mut game(executor));
        recorder.expect_err("that isn't the setup's").to_string()
    };
    assert_eq!(
        attempt(Executor::builder().seed(7).build()),
        "the game's executor keeps no trace: build it by `setup.builder()`, or with `Builder::trace(true)`"
    );
    assert_eq!(
        attempt(Setup::new(8).builder().build()),
        "the game's executor has the seed 8, and the setup has 7: build it by `setup.builder()`"
    );
    let mut shuffled = Setup::new(7);
    shuffled.shuffle = Some(3);
    assert_eq!(
        attempt(shuffled.builder().build()),
        "the game's executor has the shuffle 3, and the setup has no shuffle: build it by `setup.builder()`"
    );
    let recording = record(bells(Fault::None), 3, Detail::Full, key);
    let other = |_: &Setup| bells(Fault::None)(&Setup::new(8));
    assert!(matches!(Player::new(recording, other), Err(ReplayError::OtherSeed { expected: 7, actual: 8 })));
}

#[test]
fn a_loop_by_hand_is_recorded_from_outside() {
    let setup = Setup::new(7);
    let build = |setup: &Setup| {
        let executor = setup.builder().build();
        executor
            .spawn(async {
                loop {
                    next_frame().await
                }
            })
            .named("guard");
        executor
    };
    let mut executor = build(&setup);
    let mut recorder = Recorder::of_executor(Vec::new(), &setup, Detail::Full, &executor).expect("it is the setup's");
    for keys in 0..5_u8 {
        recorder.before(&keys, STEP).expect("memory takes it");
        assert!(matches!(recorder.before(&keys, STEP), Err(ReplayError::OutOfTurn)));
        executor.poll_once_with(STEP);
        recorder.after(&executor).expect("memory takes it");
        assert!(matches!(recorder.after(&executor), Err(ReplayError::OutOfTurn)));
    }
    assert_eq!(recorder.frames(), 5);
    let bytes = recorder.finish_with(&executor).expect("memory takes it");
    let recording = Recording::from_bytes(bytes).expect("it is whole");
    let game =
        |setup: &Setup| ScriptGame::new(build(setup), |executor, _keys: &u8, step| _ = executor.poll_once_with(step));
    assert!(Verify::new(recording).run(game).is_ok());
}

#[test]
fn inputs_of_another_type_are_refused() {
    let recording = record(bells(Fault::None), 3, Detail::Full, key);
    let other = |setup: &Setup| ScriptGame::new(setup.builder().build(), |_, _: &(u32, u32), _| {});
    let mut player = Player::new(recording, other).expect("it has the seed");
    let error = player.step().expect_err("a byte isn't two numbers").to_string();
    assert!(error.starts_with("the input of frame 1 isn't of this game's type of input"), "{error}");
}

#[test]
fn the_trace_is_the_same_in_every_detail() {
    // Many scripts that wait for the same step, which are polled in rows where nobody listens.
    let game = |setup: &Setup| {
        let executor = setup.builder().build();
        for number in 0..300_u64 {
            executor.spawn(async move {
                loop {
                    frames(1 + number % 3).await;
                }
            });
        }
        ScriptGame::new(executor, |executor, _: &u8, step| _ = executor.poll_once_with(step))
    };
    let traces =
        [Detail::Sparse, Detail::Steps, Detail::Full].map(|detail| record(game, 70, detail, key).final_trace());
    assert!(traces[0].is_some());
    assert_eq!(traces, [traces[0]; 3]);
}

#[test]
fn a_recorder_that_is_dropped_leaves_the_game_unwatched() {
    let setup = Setup::new(7);
    let mut game = bells(Fault::None)(&setup);
    let recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut game).expect("it is the setup's");
    drop(recorder);
    game.frame(&0, STEP);
    let (mut changes, mut marks) = (Vec::new(), Vec::new());
    game.executor().take_changes(&mut changes);
    game.executor().take_marks(&mut marks);
    assert_eq!((changes.len(), marks.len()), (0, 0), "nothing piles up");
}

#[test]
fn a_recording_of_a_game_that_panicked_ends_with_the_frame_before() {
    let game = |panics: bool| {
        move |setup: &Setup| {
            let executor = setup.builder().build();
            drop(executor.spawn(async {
                loop {
                    next_frame().await
                }
            }));
            ScriptGame::new(executor, move |executor, frame: &u64, step| {
                executor.poll_once_with(step);
                if panics && *frame == 62 {
                    quiet_panic("as planned");
                }
            })
        }
    };
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let setup = Setup::new(7);
        let mut played = game(true)(&setup);
        let mut recorder = Recorder::to(Vec::new(), &setup, detail, &mut played).expect("it is the setup's");
        let mut play = |frame| recorder.frame(&mut played, &frame, STEP);
        (1..62).for_each(|frame| play(frame).expect("memory takes it"));
        catch_unwind(AssertUnwindSafe(|| play(62))).expect_err("it panics");
        let recording = Recording::from_bytes(recorder.finish(&mut played).expect("memory takes it"));
        let recording = recording.expect("it is whole");
        assert_eq!(recording.frames(), 61);
        let verified = Verify::new(recording).run(game(false));
        assert!(verified.is_ok(), "{detail:?}: {}", verified.expect_err("it isn't well"));
    }
}

#[test]
fn a_player_goes_on_behind_a_frame_that_it_couldnt_play() {
    let game = |has_inlet: bool| {
        move |setup: &Setup| {
            let executor = setup.builder().build();
            let numbers = has_inlet.then(|| inlet_of::<u32>(&executor, "numbers"));
            drop(executor.spawn(async {
                loop {
                    next_frame().await
                }
            }));
            ScriptGame::new(executor, move |executor, frame: &u64, step| {
                if let Some((sender, _)) = numbers.as_ref().filter(|_| *frame == 2) {
                    sender.send(1).expect("the inlet is there");
                }
                executor.poll_once_with(step);
            })
        }
    };
    let recording = record(game(true), 4, Detail::Full, |frame| frame);
    let mut player = Player::new(recording, game(false)).expect("it has the seed").watching();
    assert!(player.run_to(4).is_err_and(|error| error.to_string().starts_with("in frame 2 ")));
    assert_eq!(player.step().ok(), Some(true));
    let steps = player.words().into_iter().filter(|word| word.starts_with("step of")).count();
    assert_eq!((player.frame(), steps), (3, 1), "it shows the steps of that frame alone");
}
