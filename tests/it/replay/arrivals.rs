//! What other threads hand in, recorded and given again.

use std::cell::RefCell;
use std::rc::Rc;

use framestep::replay::{Detail, Difference, Game, Player, Recorder, Recording, ScriptGame, Setup, Verify, inlet_of};
use framestep::{InletSender, next_frame};

use super::planted::{STEP, record, without_lines};
use super::verify::{difference, fails};

/// A game whose script adds up what a thread sends, and whose draws are that many.
struct Sums {
    game: ScriptGame<u8>,
    sender: InletSender<u32>,
    sums: Rc<RefCell<Vec<u32>>>,
}

fn sums(setup: &Setup) -> Sums {
    let executor = setup.builder().build();
    let (sender, mut inlet) = inlet_of::<u32>(&executor, "numbers");
    let sums = Rc::new(RefCell::new(Vec::new()));
    let log = sums.clone();
    executor
        .spawn(async move {
            let mut sum = 0;
            while let Some(number) = inlet.next().await {
                sum += number;
                log.borrow_mut().push(sum);
                next_frame().await;
            }
        })
        .named("sums");
    let game = ScriptGame::new(executor, |executor, _: &u8, step| _ = executor.poll_once_with(step));
    Sums { game, sender, sums }
}

impl Game for Sums {
    type Input = u8;

    fn frame(&mut self, input: &u8, step: std::time::Duration) {
        self.game.frame(input, step);
    }

    fn executor(&self) -> &framestep::Executor {
        self.game.executor()
    }
}

/// A run in which a thread sends numbers before some frames.
fn recorded(detail: Detail) -> (Recording, Vec<u32>) {
    let setup = Setup::new(7);
    let mut game = sums(&setup);
    let mut recorder = Recorder::to(Vec::new(), &setup, detail, &mut game).expect("it is the setup's");
    for frame in 1..=20_u32 {
        if frame.is_multiple_of(4) {
            let sender = game.sender.clone();
            crate::words::on_thread(move || sender.send(frame).expect("the inlet is there"));
        }
        recorder.frame(&mut game, &0, STEP).expect("memory takes it");
    }
    let bytes = recorder.finish(&mut game).expect("memory takes it");
    (Recording::from_bytes(bytes).expect("it is whole"), game.sums.take())
}

#[test]
fn values_from_other_threads_come_again_in_their_frames() {
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let (recording, sums_then) = recorded(detail);
        assert_eq!(sums_then, [4, 12, 24, 40, 60]);
        let mut player = Player::new(recording.clone(), sums).expect("it has the seed");
        player.run_to(20).expect("it plays");
        assert_eq!(player.game().sums.take(), sums_then);
        assert!(Verify::new(recording).run(sums).is_ok());
    }
}

#[test]
fn what_threads_send_during_a_replay_doesnt_count() {
    let (recording, sums_then) = recorded(Detail::Full);
    let sending = |setup: &Setup| {
        let game = sums(setup);
        game.sender.send(1_000).expect("the inlet is there");
        game
    };
    let mut player = Player::new(recording.clone(), sending).expect("it has the seed");
    player.run_to(20).expect("it plays");
    assert_eq!(player.game().sums.take(), sums_then);
    assert!(Verify::new(recording).run(sending).is_ok());
    let game = player.take_over();
    let sender = game.sender.clone();
    let mut game = game;
    sender.send(1).expect("the inlet is there");
    game.frame(&0, STEP);
    assert_eq!(game.sums.take(), [61], "taken over, it hears of them");
}

#[test]
fn a_game_without_the_inlet_is_told_what_it_lacks() {
    let (recording, _) = recorded(Detail::Full);
    let without = |setup: &Setup| {
        let executor = setup.builder().build();
        executor.spawn(async {
            loop {
                next_frame().await
            }
        });
        ScriptGame::new(executor, |executor, _: &u8, step| _ = executor.poll_once_with(step))
    };
    let mut player = Player::new(recording, without).expect("it has the seed");
    let error = player.run_to(20).expect_err("there is no inlet").to_string();
    assert!(error.starts_with("in frame 4 ") && error.contains("numbers"), "{error}");
}

#[test]
fn what_came_from_outside_without_being_kept_is_named_with_its_place() {
    let game = |setup: &Setup| {
        let executor = setup.builder().build();
        let injector = executor.injector();
        ScriptGame::new(executor, move |executor, frame: &u64, step| {
            if *frame == 3 {
                injector.spawn(async {}).expect("the executor is there");
            }
            executor.poll_once_with(step);
        })
    };
    let error = without_lines(&fails(record(game, 5, Detail::Full, |frame| frame), game));
    assert_eq!(
        error,
        "what was handed in at tests/it/replay/arrivals.rs:_ and taken in by frame 3 came from outside and isn't in the \
         recording: send it as data, through an inlet made by `replay::inlet`"
    );
}

#[test]
fn what_arrived_in_a_step_that_isnt_made_is_told_of_its_own_frame() {
    let game = |makes_all: bool| {
        move |setup: &Setup| {
            let executor = setup.builder().build();
            let late = executor.add_lane("late");
            let (sender, inlet) = inlet_of::<u32>(&executor, "numbers");
            ScriptGame::new(executor, move |executor, frame: &u64, step| {
                let _open = &inlet;
                executor.poll_once_with(step);
                if *frame == 3 {
                    sender.send(1).expect("the inlet is there");
                }
                if *frame != 3 || makes_all {
                    executor.step_lane(late, step);
                }
            })
        }
    };
    // Also where no frame comes after it.
    for frames in [3, 5] {
        let recording = record(game(true), frames, Detail::Sparse, |frame| frame);
        let mut player = Player::new(recording, game(false)).expect("it has the seed");
        let error = player.run_to(frames).expect_err("a step is missing").to_string();
        assert_eq!(
            error,
            "in frame 3 a value for the inlet `numbers` (number 0 of that name, from 0) was recorded in lane step 1 of the \
             frame, which wasn't made"
        );
    }
    let found = difference(record(game(true), 5, Detail::Full, |frame| frame), game(false));
    assert_eq!((found.frame, found.what), (3, Difference::FewerSteps), "a missing step says more");
}
