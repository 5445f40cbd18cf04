//! In what ways a run fails.

use std::time::Duration;

use framestep::replay::{Explore, Fault, Game, Setup};
use framestep::{Executor, next_frame, random};

use super::{Small, told};
use crate::words::quiet_panic;

/// Every fault by its kind, with the place of the panic cut out.
fn one<G: Game>(explore: &Explore<'_, G>) -> (u64, Fault, String) {
    let found = explore.run();
    let failures: Vec<_> = found.failures().collect();
    assert_eq!((found.runs(), failures.len()), (3, 1), "{found}");
    let failure = failures[0];
    assert_eq!(failure.code.seed, 1);
    (failure.frame, failure.fault, failure.message.replace('\\', "/"))
}

fn sweep<'a>(build: impl Fn(&Setup) -> Small + Sync + 'a) -> Explore<'a, Small> {
    Explore::new(build).seeds(0..3).frames(5)
}

#[test]
fn a_game_that_panics_fails_its_run_and_no_other() {
    let (frame, fault, message) = one(&sweep(|setup| {
        assert_ne!(setup.seed, 1, "no map");
        Small::new(setup)
    }));
    assert_eq!((frame, fault), (0, Fault::Panicked));
    assert!(message.starts_with("panicked at tests/it/explore/faults.rs:"), "{message}");
    assert!(message.contains("no map"), "{message}");

    let (frame, fault, message) = one(&sweep(|setup| Small {
        before: |executor, _| assert!(executor.seed() != 1 || executor.frame() < 2, "too far"),
        ..Small::new(setup)
    }));
    assert_eq!((frame, fault), (3, Fault::Panicked));
    assert!(message.contains("too far"), "{message}");
}

#[test]
fn a_panic_in_the_destructor_of_a_game_is_one_too() {
    struct Bomb(Small);
    impl Game for Bomb {
        type Input = u64;
        fn frame(&mut self, input: &u64, step: Duration) {
            self.0.frame(input, step);
        }
        fn executor(&self) -> &Executor {
            self.0.executor()
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert_ne!(self.0.executor.seed(), 1, "boom");
        }
    }
    let (frame, fault, message) = one(&Explore::new(|setup| Bomb(Small::new(setup))).seeds(0..3).frames(5));
    assert_eq!((frame, fault), (5, Fault::Panicked));
    assert!(message.contains("boom"), "{message}");
}

#[test]
fn a_script_that_panics_fails_the_run_though_the_game_goes_on() {
    let (frame, fault, message) = one(&sweep(|setup| {
        let is_bad = setup.seed == 1;
        Small::with(setup, async move {
            next_frame().await;
            assert!(!is_bad, "out of keys");
        })
    }));
    assert_eq!((frame, fault), (2, Fault::ScriptFailed));
    assert!(message.starts_with("script `script` ("), "{message}");
    assert!(message.contains("panicked after the wait at tests/it/explore/faults.rs:"), "{message}");
    assert!(message.contains("out of keys (panicked at tests/it/explore/faults.rs:"), "{message}");
}

#[test]
fn a_panic_that_no_hook_hears_of_is_found_by_the_incident() {
    let (frame, fault, message) = one(&sweep(|setup| {
        let is_bad = setup.seed == 1;
        Small::with(setup, async move {
            if is_bad {
                quiet_panic("out of keys");
            }
        })
    }));
    assert_eq!((frame, fault), (1, Fault::ScriptFailed));
    assert!(message.ends_with("panicked: out of keys"), "{message}");
}

#[test]
fn a_script_that_panics_in_an_earlier_step_of_the_frame_is_found() {
    let (frame, fault, message) = one(&sweep(|setup| {
        let small = Small::new(setup);
        let lane = small.executor.add_lane("physics");
        let is_bad = setup.seed == 1;
        drop(small.executor.spawn_in(lane, async move { assert!(!is_bad, "out of bounds") }));
        Small {
            before: |executor, _| {
                let lanes = executor.task_lanes();
                for lane in lanes {
                    executor.step_lane(lane, std::time::Duration::ZERO);
                }
            },
            ..small
        }
    }));
    assert_eq!((frame, fault), (1, Fault::ScriptFailed));
    assert!(message.contains("out of bounds"), "{message}");
}

/// The lanes of the scripts that are alive, but for the main lane.
trait TaskLanes {
    fn task_lanes(&self) -> Vec<framestep::Lane>;
}

impl TaskLanes for framestep::Executor {
    fn task_lanes(&self) -> Vec<framestep::Lane> {
        let mut lanes = Vec::new();
        self.for_each_task(|task| lanes.push(task.lane));
        lanes.retain(|lane| *lane != self.main_lane());
        lanes
    }
}

#[test]
fn a_check_that_says_no_fails_the_run_in_that_frame() {
    let explore = sweep(Small::new).check(|game, frame| {
        if game.executor.seed() == 1 && frame == 4 { Err("two are inside".to_owned()) } else { Ok(()) }
    });
    assert_eq!(one(&explore), (4, Fault::CheckFailed, "two are inside".to_owned()));
    let text = explore.run().to_string();
    assert!(text.ends_with("seed 1, order 0, frame 4: the check failed: two are inside"), "{text}");
    let clean = sweep(Small::new).run();
    clean.assert_clean();
    assert!(clean.to_string().starts_with("3 runs, 3 different ends, digest "), "{clean}");
}

#[test]
fn a_game_that_is_built_with_a_seed_of_its_own_is_refused() {
    let found = Explore::new(|_| Small::new(&Setup::new(1))).seeds(0..3).frames(5).run();
    assert_eq!(
        told(&found),
        [0, 2].map(|seed| format!(
            "{seed} 0 0 OtherSeed: the game's executor has the seed 1, and the setup has {seed}: build it by \
             `setup.builder()`"
        ))
    );
}

#[test]
fn inputs_follow_from_the_seed_alone_and_count_frames_from_one() {
    let explore = Explore::new(Small::new)
        .seeds(0..4)
        .shuffles(2)
        .frames(6)
        .input(|frame, draws| frame * 1000 + draws.below(1000))
        .state(|game| game.words.borrow().iter().fold(0, |hash, word| hash * 31 + word));
    let found = explore.run();
    assert_eq!((found.runs(), found.ends()), (12, 4), "the three orders of a seed have the same inputs");
    let mut words = Vec::new();
    explore.replay_with(explore.code(2, 1), |game, _| words = game.words.borrow().clone()).unwrap();
    assert_eq!(words.iter().map(|word| word / 1000).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn random_draws_of_scripts_follow_from_the_seed() {
    let explore = Explore::new(|setup| {
        Small::with(setup, async {
            loop {
                assert_ne!(random() % 500, 0, "the die fell");
                next_frame().await;
            }
        })
    })
    .seeds(0..100)
    .frames(20);
    let found = explore.threads(1).run();
    assert!((1..30).contains(&told(&found).len()), "{found}");
}

#[cfg(feature = "bevy_ecs")]
mod on_entities {
    use bevy_ecs::prelude::*;
    use framestep::replay::{Explore, Fault, Game, HashWorld, Setup};
    use framestep::{Executor, Me, Script, ScriptExecutor, next_frame, step_scripts_by};

    struct House(World);

    impl Game for House {
        type Input = ();

        fn frame(&mut self, _: &(), step: std::time::Duration) {
            step_scripts_by(&mut self.0, step);
        }

        fn executor(&self) -> &Executor {
            self.0.get_non_send::<ScriptExecutor>().unwrap().executor()
        }

        fn world(&mut self) -> Option<&mut World> {
            Some(&mut self.0)
        }
    }

    fn house(setup: &Setup) -> House {
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::new(setup.builder().build()));
        let seed = setup.seed;
        world.spawn(Script::named("door", async move |_: Me| {
            next_frame().await;
            match seed {
                1 => Err("out of keys".into()),
                2 => panic!("off its hinges"),
                _ => Ok(()),
            }
        }));
        House(world)
    }

    #[test]
    fn the_hash_of_the_world_is_its_state_where_something_is_registered() {
        #[derive(Resource)]
        struct Score(u64);
        let rated = |setup: &Setup| {
            let mut house = house(setup);
            house.0.insert_resource(Score(setup.seed % 3));
            house.0.hash_resource_by("score", |score: &Score, _| score.0);
            house
        };
        let found = Explore::new(rated).seeds(3..9).frames(3).compare_orders().run();
        found.assert_clean();
        assert_eq!((found.runs(), found.ends()), (12, 3));
        let unkeyed = |setup: &Setup| {
            let mut house = house(setup);
            house.0.hash_component_by("bomb", |_: &Bomb, _| 1_u8);
            house.0.spawn(Bomb);
            house
        };
        #[derive(Component)]
        struct Bomb;
        let found = Explore::new(unkeyed).seeds(3..4).frames(3).run();
        assert_eq!(found.failures().map(|failure| failure.fault).collect::<Vec<_>>(), [Fault::NotHashed]);
        assert!(found.to_string().contains("the state can't be hashed: "), "{found}");
    }

    #[test]
    fn a_script_that_returns_an_error_or_panics_fails_the_run() {
        let found = Explore::new(house).seeds(0..4).frames(3).run();
        let failures: Vec<_> =
            found.failures().map(|failure| (failure.code.seed, failure.frame, failure.fault)).collect();
        assert_eq!(failures, [(1, 2, Fault::ScriptFailed), (2, 2, Fault::ScriptFailed)]);
        let text = found.to_string();
        assert!(text.contains("script `door` of entity ") && text.contains(": out of keys"), "{text}");
        assert!(text.contains("off its hinges (panicked at "), "{text}");
    }
}
