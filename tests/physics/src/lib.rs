//! Something real in a replay: a yard of rapier's bodies, driven by scripts.
//!
//! A crane with its rope, a belt, a catapult, dominoes, a pendulum, wind, and a player who pushes: some thirty bodies and
//! as many scripts. `yard.replay` is a minute of it, 3,600 frames; the tests replay it to the same hashes in debug, in
//! release and on wasm32.
//!
//! | file | idea |
//! |---|---|
//! | `world` | what there is |
//! | `systems` | what follows from it, once a frame after the scripts |
//! | `acts`, `scripts` | the verbs; who does what and waits for what |
//! | `yard` | all of it put together, as a `Game` |
//! | `player` | the player of the recording |
//!
//! `cargo run -- record FILE` makes the recording anew.

mod acts;
pub mod player;
mod scripts;
mod systems;
#[cfg(test)]
mod tests;
mod world;
mod yard;

pub use world::Pushes;
pub use yard::Yard;
