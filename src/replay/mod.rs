//! Record, replay, verify, explore: determinism as a tool.

mod game;
mod line;
mod recording;
mod setup;
#[cfg(feature = "bevy_ecs")]
mod world;

pub use game::Game;
pub use line::{Line, Origin, Site, StateLine, StepTrail, Who};
pub use recording::{Detail, RecordedFrame};
pub use setup::Setup;
#[cfg(feature = "bevy_app")]
pub use world::assert_no_ambiguities;
#[cfg(feature = "bevy_ecs")]
pub use world::{
    Ambiguity, HashWorld, ReplayKey, ReplayKeys, WorldHash, WorldHashError, ambiguities, ambiguities_in,
    assert_no_ambiguities_in,
};
