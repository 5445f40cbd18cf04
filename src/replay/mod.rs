//! Record, replay, verify, explore: determinism as a tool.

mod game;
mod line;
mod outside;
mod recording;
mod setup;

pub use game::Game;
pub use line::{Line, Origin, Site, StateLine, StepTrail, Who};
pub use outside::{inlet, inlet_of};
pub use recording::{Detail, RecordedFrame};
pub use setup::Setup;
