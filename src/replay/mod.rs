//! Record, replay, verify, explore: determinism as a tool.

#[cfg(feature = "explore")]
mod explore;
mod game;
mod line;
mod recording;
mod setup;
#[cfg(feature = "bevy_ecs")]
pub(crate) mod told;
#[cfg(feature = "bevy_ecs")]
mod world;

#[cfg(feature = "explore")]
pub use explore::*;
pub use game::Game;
pub use line::{Line, Origin, Site, StateLine, StepTrail, Who};
pub use recording::{
    Detail, Frames, RecordedFrame, Recording, RecordingCause, RecordingError, RecordingWriter, fingerprint,
};
pub use setup::Setup;
#[cfg(feature = "bevy_app")]
pub use world::assert_no_ambiguities;
#[cfg(feature = "bevy_ecs")]
pub use world::{
    Ambiguity, HashWorld, ReplayKey, ReplayKeys, WorldHash, WorldHashError, ambiguities, ambiguities_in,
    assert_no_ambiguities_in,
};
