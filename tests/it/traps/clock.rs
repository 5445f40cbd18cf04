//! Real time, and what outlives a game.
//!
//! The clock here only stands for a real one: it is read by the game, and goes on from run to run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::replay::{Detail, HashWorld, Player, ReplayKey, Setup, Verify, WorldGame, record};
use framestep::{Me, Script, ScriptSystems, frames, next_frame, sleep, step_scripts};
use serde::{Deserialize, Serialize};

use super::{double_run, world_game};

#[derive(Component, Serialize)]
struct Age(u64);

fn egg(setup: &Setup, hatch: Script) -> WorldGame<()> {
    let mut game = world_game(setup);
    game.world_mut().hash_component::<Age>("age").spawn((ReplayKey::new("egg"), Age(0), hatch));
    game
}

#[test]
fn real_time_is_found_and_the_clock_of_the_frames_passes() {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    let now = || CLOCK.fetch_add(1, Ordering::Relaxed);
    let by_clock = move |setup: &Setup| {
        let hatch = Script::new(async move |me: Me| {
            frames(9).await;
            loop {
                me.with(|mut age: Mut<Age>| age.0 = now())?;
                next_frame().await;
            }
        });
        egg(setup, hatch)
    };
    let report = double_run(by_clock).expect_err("it is later in run 2");
    assert!(report.contains("run 2 in the same process differs from run 1 in frame 10 of 30"), "{report}");
    assert!(report.contains("state    `age` of `egg`: expected 0, actual 21"), "{report}");
    assert!(report.contains("real time"), "{report}");

    let by_frames = |setup: &Setup| {
        let hatch = Script::new(async |me: Me| {
            loop {
                sleep(Duration::from_millis(100)).await;
                me.with(|mut age: Mut<Age>| age.0 += 100)?;
            }
        });
        egg(setup, hatch)
    };
    double_run(by_frames).expect("a sleep follows the lengths of the frames, which are recorded");
}

/// The time of day, as an input.
#[derive(Resource, Clone, Serialize, Deserialize)]
struct TimeOfDay(u64);

#[test]
fn the_time_of_day_passes_as_an_input() {
    let game = |setup: &Setup| {
        let mut game = WorldGame::<TimeOfDay>::new(setup);
        game.world_mut().hash_component::<Age>("age").spawn((ReplayKey::new("clock tower"), Age(0)));
        let show = |time: Res<TimeOfDay>, mut ages: Query<&mut Age>| ages.iter_mut().for_each(|mut age| age.0 = time.0);
        game.schedule_mut().add_systems((step_scripts.in_set(ScriptSystems::Step), show).chain());
        game
    };
    let times = (0..30).map(|frame| TimeOfDay(86_399 + frame));
    let recording = record(&Setup::new(7), Detail::Full, times, game).expect("it can be recorded");
    Verify::new(recording.clone()).run(game).expect("it is the recorded time, whenever it is played");
    let mut player = Player::new(recording, game).expect("it has the seed");
    player.run_to(30).expect("it plays");
    let world = player.game_mut().world_mut();
    assert_eq!(world.query::<&Age>().single(world).expect("there is one").0, 86_399 + 29);
}

#[test]
fn a_static_that_outlives_the_game_is_found_and_a_resource_passes() {
    static HATCHED: AtomicU64 = AtomicU64::new(0);
    let counted = |setup: &Setup| {
        let hatch = Script::new(async |me: Me| {
            frames(9).await;
            me.with(|mut age: Mut<Age>| age.0 = HATCHED.fetch_add(1, Ordering::Relaxed))?;
            Ok(())
        });
        egg(setup, hatch)
    };
    let report = double_run(counted).expect_err("it counts on");
    assert!(report.contains("run 2 in the same process differs from run 1 in frame 10 of 30"), "{report}");
    assert!(report.contains("state    `age` of `egg`: expected 0, actual 1"), "{report}");

    #[derive(Resource, Default)]
    struct Hatched(u64);
    let in_the_world = |setup: &Setup| {
        let hatch = Script::new(async |me: Me| {
            frames(9).await;
            let count = me.resource(|hatched: &Hatched| hatched.0)?;
            me.resource_mut(|mut hatched: Mut<Hatched>| hatched.0 += 1)?;
            me.with(|mut age: Mut<Age>| age.0 = count)?;
            Ok(())
        });
        let mut game = egg(setup, hatch);
        game.world_mut().init_resource::<Hatched>();
        game
    };
    double_run(in_the_world).expect("it is as old as the game");
}
