//! Recordings, replays, and what they compare.
//!
//! - `made_up.rs`: frames as a game might make them, from a seed; what a detail keeps of a frame; `framing.rs`: a recording
//!   taken apart and put together by what the module `recording` says of its format.
//! - `format.rs`: what goes in comes out, how large it is; `errors.rs`: what is said when it can't be read.
//! - `mutations.rs`: thousands of damaged recordings.
//! - `planted.rs`: small games into which a fault can be planted, and how they are recorded.
//! - `play.rs`: recording, stepping forwards and back, taking over.
//! - `verify.rs`, `reports.rs`: which difference is found first, and what is said of it; `bless.rs`: recording anew.
//! - `arrivals.rs`: what other threads hand in.
//! - `determinism.rs`: the double run.
//! - `app.rs`: recordings in a Bevy app, live and driven.
//! - `world.rs`: the hash of a world; `worlds.rs`: games of a world, recorded and verified.

#[cfg(all(feature = "bevy_time", not(miri)))]
mod app;
mod arrivals;
#[cfg(not(miri))]
mod bless;
#[cfg(not(miri))]
mod determinism;
mod errors;
mod format;
mod framing;
mod made_up;
#[cfg(not(miri))]
mod mutations;
mod planted;
mod play;
mod reports;
mod verify;
#[cfg(feature = "bevy_ecs")]
mod world;
#[cfg(feature = "bevy_ecs")]
mod worlds;
