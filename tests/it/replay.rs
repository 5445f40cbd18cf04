//! Recordings, replays, and what they compare.

#[cfg(feature = "bevy_ecs")]
mod world;
