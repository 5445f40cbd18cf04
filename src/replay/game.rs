//! What a game tells so that it can be recorded, replayed and verified.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::executor::Executor;

/// A game that can be played by a recording: it is built from a [`Setup`](super::Setup), and a frame of it is a
/// function of its input and its length.
pub trait Game {
    /// What a frame gets from its player: keys, a stick, the moves of others.
    type Input: Serialize + DeserializeOwned;

    /// Plays one frame.
    fn frame(&mut self, input: &Self::Input, step: Duration);

    /// The executor of its scripts, built by [`Setup::builder`](super::Setup::builder).
    fn executor(&self) -> &Executor;

    /// The world of its scripts, if it has one: what is hashed there is compared.
    #[cfg(feature = "bevy_ecs")]
    fn world(&mut self) -> Option<&mut bevy_ecs::world::World> {
        None
    }
}
