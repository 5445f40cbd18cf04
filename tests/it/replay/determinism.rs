//! The double run. The other process of these tests is this test binary, which runs the one test again.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use framestep::replay::{Determinism, Game, ScriptGame, Setup, check_determinism};
use framestep::{frames, next_frame, random, spawn};

use super::planted::{Fault, bells, key, without_lines};

/// What a check panics with.
fn report(check: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("the game isn't deterministic");
    payload.downcast_ref::<String>().expect("it is a report").clone()
}

fn steps<I: serde::Serialize + serde::de::DeserializeOwned + 'static>(
    setup: &Setup,
    spawn: impl FnOnce(&framestep::Executor),
) -> ScriptGame<I> {
    let executor = setup.builder().build();
    spawn(&executor);
    ScriptGame::new(executor, |executor, _: &I, step| _ = executor.poll_once_with(step))
}

#[test]
fn a_game_that_does_the_same_passes_in_both_processes() {
    check_determinism(7, 120, bells(Fault::None));
    // A second call at another place, and several at one.
    for seed in [1, 2] {
        Determinism::new(seed, 60).setup(Setup::new(seed).with("map", "museum")).inputs(key).check(bells(Fault::None));
    }
}

#[test]
fn a_counter_that_outlives_the_game_is_found_by_the_second_run() {
    let runs = Rc::new(Cell::new(0));
    let game = move |setup: &Setup| {
        runs.set(runs.get() + 1);
        let pause = if runs.get() == 1 { 5 } else { 6 };
        steps::<u8>(setup, |executor| {
            drop(
                executor
                    .spawn(async move {
                        frames(pause).await;
                        frames(20).await
                    })
                    .named("slow"),
            )
        })
    };
    let report = report(|| Determinism::new(7, 20).in_this_process().check(game));
    let report = without_lines(&report);
    assert!(
        report.starts_with(
            "tests/it/replay/determinism.rs:_ run 2 in the same process differs from run 1 in frame 6 of 20"
        ),
        "{report}"
    );
    assert!(report.contains("`slow` #1 was woken (which the run did not)"), "{report}");
}

#[test]
fn what_differs_between_processes_alone_is_found_by_the_third_run() {
    let game = |setup: &Setup| {
        // As a number from the environment would: the same all through one process.
        let odd = std::env::var_os("FRAMESTEP_DETERMINISM_CALL").is_some();
        steps::<u8>(setup, |executor| {
            drop(
                executor
                    .spawn(async move {
                        frames(10).await;
                        if odd {
                            let _ = random();
                        }
                        next_frame().await;
                    })
                    .named("odd"),
            );
        })
    };
    let report = without_lines(&report(|| check_determinism(7, 20, game)));
    assert!(
        report.starts_with(
            "tests/it/replay/determinism.rs:_ run 3 in another process differs from run 1 in frame 11 of 20, step 0 (lane `main`)\n"
        ),
        "{report}"
    );
    assert!(report.contains("script   `odd` #1 drew a random number"), "{report}");
}

#[test]
fn a_hash_map_that_is_walked_is_found() {
    // The trap itself: its order differs from map to map, even in one process.
    let game = |setup: &Setup| {
        steps::<u8>(setup, |executor| {
            let guests: HashMap<u64, &'static str> = (0..64).map(|number| (number, "guest")).collect();
            drop(
                executor
                    .spawn(async move {
                        frames(10).await;
                        for (pause, name) in guests {
                            spawn(frames(pause)).named(name);
                        }
                    })
                    .named("host"),
            );
        })
    };
    let report = without_lines(&report(|| check_determinism(7, 100, game)));
    assert!(report.contains("run 2 in the same process differs from run 1 in frame "), "{report}");
    assert!(report.contains("`guest` #"), "{report}");
    assert!(report.contains("the order of a HashMap"), "{report}");
}

#[test]
fn a_check_that_does_nothing_fails() {
    let report = without_lines(&report(|| check_determinism(7, 0, bells(Fault::None))));
    assert!(report.contains("the verification did nothing: the recording has no frames"), "{report}");
}

#[test]
fn a_call_that_the_other_process_never_comes_to_is_told() {
    // The test's name is that of its thread: on another thread the other process runs this program's tests without one.
    let call = || catch_unwind(|| check_determinism(7, 5, bells(Fault::None)));
    let thread = std::thread::Builder::new().name("not::a::test".to_string());
    let result = thread.spawn(call).expect("there is a thread").join().expect("the panic was caught");
    let payload = result.expect_err("nobody answers");
    let report = payload.downcast_ref::<String>().expect("it is a report");
    assert!(report.contains("the other process didn't come to this call"), "{report}");
    assert!(report.contains("`Determinism::in_this_process`"), "{report}");
}

#[test]
fn inputs_need_no_default() {
    #[derive(serde::Serialize, serde::Deserialize)]
    enum Turn {
        Left,
        Right,
    }
    let turns = |frame| if frame % 2 == 0 { Turn::Left } else { Turn::Right };
    let game = |setup: &Setup| {
        let executor = setup.builder().build();
        ScriptGame::new(executor, |executor, turn, step| {
            if matches!(turn, Turn::Left) {
                executor.spawn(async { random() });
            }
            executor.poll_once_with(step);
        })
    };
    Determinism::with_inputs(7, 20, turns).in_this_process().check(game);
    let none = Determinism::with_inputs(7, 20, |_| Turn::Right).in_this_process();
    assert!(report(|| none.check(game)).contains("no script was polled"), "a turn to the left is what spawns one");
}

#[test]
fn the_game_may_be_any_game() {
    fn plays<G: Game<Input = u8>>(build: impl FnMut(&Setup) -> G) {
        Determinism::new(7, 5).in_this_process().check(build);
    }
    plays(bells(Fault::None));
}
