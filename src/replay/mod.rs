//! Record, replay, verify, explore: determinism as a tool.

mod game;
mod line;
mod recording;
mod setup;
#[cfg(feature = "bevy_ecs")]
pub(crate) mod told;

pub use game::Game;
pub use line::{Line, Origin, Site, StateLine, StepTrail, Who};
pub use recording::{Detail, RecordedFrame};
pub use setup::Setup;
