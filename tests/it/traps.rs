//! The traps that the guide's page `determinism` names: each is caught, and the same game put right passes.
//!
//! Rule: what a machine would do by chance (threads that race, a clock, another platform's maths) is done here on
//! purpose, so that a trap snaps on every run; what is caught is caught by what a game's own tests would call.
//!
//! - `systems.rs`: systems whose order is left to Bevy.
//! - `entities.rs`: the numbers of entities, and the order in which a query gives them.
//! - `maps.rs`: hash maps that are walked.
//! - `floats.rs`: sums in another order, maths that differ by platform.
//! - `clock.rs`: real time, and what outlives a game.
//! - `threads.rs`: values from other threads.
//! - `width.rs`: words of 32 bits.
//! - `numbers.rs`: random numbers from elsewhere.

mod clock;
mod entities;
mod floats;
mod maps;
mod numbers;
mod systems;
mod threads;
mod width;

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy_ecs::prelude::*;
use framestep::replay::{Detail, Determinism, Divergence, Game, Setup, Verify, VerifyError, WorldGame, record};
use framestep::{ScriptSystems, step_scripts};

/// So many frames are played.
const FRAMES: usize = 30;

/// A game of a world whose schedule steps scripts, without input.
fn world_game(setup: &Setup) -> WorldGame<()> {
    let mut game = WorldGame::giving(setup, |_, ()| {});
    game.schedule_mut().add_systems(step_scripts.in_set(ScriptSystems::Step));
    game
}

/// How a game differs from what was recorded of another.
fn verified<G: Game<Input = ()>, H: Game<Input = ()>>(
    recorded: impl FnOnce(&Setup) -> G,
    now: impl FnMut(&Setup) -> H,
) -> Result<(), Box<Divergence>> {
    let recording = record(&Setup::new(7), Detail::Full, [(); FRAMES], recorded).expect("it can be recorded");
    match Verify::new(recording).run(now) {
        Ok(verified) => {
            assert_eq!(verified.frames, FRAMES as u64);
            Ok(())
        }
        Err(VerifyError::Diverged(divergence)) => Err(divergence),
        Err(error) => panic!("{error}"),
    }
}

/// What the double run of a game says, in this process.
fn double_run<G: Game<Input = ()>>(build: impl FnMut(&Setup) -> G) -> Result<(), String> {
    panics(|| Determinism::new(7, FRAMES as u64).in_this_process().check(build))
}

/// What this panics with.
fn panics(check: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(check)).map_err(|payload| match payload.downcast::<String>() {
        Ok(report) => *report,
        Err(_) => panic!("what it panics with is a report"),
    })
}

/// The frame of a difference, and the first component or resource to blame: its key, and its entity's.
fn blamed_value(found: &Divergence) -> (u64, &str, &str) {
    let value = found.state.first().unwrap_or_else(|| panic!("a value is to blame: {found}"));
    (found.frame, &value.kind, &value.entity)
}

/// The frame of a difference, and the script to blame.
fn blamed_script(found: &Divergence) -> (u64, &str) {
    let script = found.script.as_ref().unwrap_or_else(|| panic!("a script is to blame: {found}"));
    (found.frame, &script.name)
}
