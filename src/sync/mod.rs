//! Putting futures together: join, race, scope, a signal between scripts, and values from other threads.
//!
//! | you want | use |
//! |---|---|
//! | all of a few, here and now | [`join`], [`join3`], [`join4`] |
//! | the first of a few; the others are dropped | [`race`], [`race3`], [`race4`] |
//! | the same over any number | [`join_all`], [`race_all`] |
//! | one, unless something else is over first | [`Until::until`] |
//! | children that can't outlive this block | [`scope`] |
//! | values from other threads, seen at one point of the frame | [`inlet`] |
//! | to tell many scripts at once that something happened | [`Signal`] |
//!
//! Everything is polled in the order in which it is written. Channels, locks and streams come from the
//! ecosystem (`async-channel`, `futures`, `tokio::sync`): they run here as they are.

mod all;
mod inlet;
mod join;
mod maybe_done;
mod race;
mod scope;
mod signal;
mod until;

pub use all::{JoinAll, RaceAll, join_all, race_all};
pub use inlet::{Inlet, InletNext, InletSender, inlet};
pub use join::{Join, Join3, Join4, join, join3, join4};
pub use race::{Race, Race3, Race3Of, Race4, Race4Of, RaceOf, race, race3, race4};
pub use scope::{Scope, scope};
pub use signal::{Signal, SignalWait};
pub use until::{Until, UntilOf};
