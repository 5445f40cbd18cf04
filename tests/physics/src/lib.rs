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
//! `cargo run --release -- record yard.replay` makes the recording anew; `BLESS=1 cargo test` does so with its own input.

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

/// How many frames the recording has: a minute.
pub const FRAMES: u64 = 3_600;
