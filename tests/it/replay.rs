//! Recordings, replays, and what they compare.
//!
//! - `planted.rs`: small games into which a fault can be planted, and how they are recorded.
//! - `play.rs`: recording, stepping forwards and back, taking over.
//! - `verify.rs`, `reports.rs`: which difference is found first, and what is said of it; `bless.rs`: recording anew.
//! - `determinism.rs`: the double run.
//! - `world.rs`: the hash of a world; `worlds.rs`: games of a world, recorded and verified.

#[cfg(not(miri))]
mod bless;
#[cfg(not(miri))]
mod determinism;
mod planted;
mod play;
mod reports;
mod verify;
#[cfg(feature = "bevy_ecs")]
mod world;
#[cfg(feature = "bevy_ecs")]
mod worlds;
