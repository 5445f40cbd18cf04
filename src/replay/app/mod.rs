//! Recordings in a Bevy app.
//!
//! The rule: a frame of an app is a function of its input and its length. The input is what stands in one place, a
//! resource or what two closures make of the world, when the systems that take it in from outside are done; there it is
//! read for a recording, and there it is overwritten in a replay, so that what a player does meanwhile has no effect.
//! The length is that of `Time<Real>`, from which all other times follow.
//!
//! | file | idea |
//! |---|---|
//! | `port` | where the input is read and given |
//! | `game` | an app that is driven frame by frame |
//! | `live` | an app that its runner drives, while it records or replays |
//! | `assets` | frames that wait for what was loaded in the recording |

#[cfg(feature = "bevy_asset")]
mod assets;
mod game;
mod live;
mod port;

pub use game::AppGame;
pub use live::{ReplayPlugin, ReplayStatus};
pub use port::{InputPort, ReplaySystems, TakeInput};
