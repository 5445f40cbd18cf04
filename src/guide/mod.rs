//! The guide: pages to read, without any code of their own.
//!
//! | page | what |
//! |---|---|
//! | [`vocabulary`] | what a script can say, in examples |
//! | [`lanes_and_clocks`] | the points of a frame, the times it has, and how to pause |
//! | [`reentrancy`] | what a script may do to its own executor and world, row by row |
#![cfg_attr(
    feature = "replay",
    doc = "| [`replay`] | record, play, verify, explore, in five minutes |
| [`determinism`] | what is promised, what isn't, and how to rule out the rest |"
)]
//! | [`soundness`] | why this is sound: the states of a task, the invariants, and what shows that they hold |
//! | [`beside`] | this crate beside others for Bevy, row by row |

#[doc = include_str!("vocabulary.md")]
pub mod vocabulary {}

#[doc = include_str!("lanes_and_clocks.md")]
pub mod lanes_and_clocks {}

#[doc = include_str!("reentrancy.md")]
pub mod reentrancy {}

#[cfg(feature = "replay")]
#[doc = include_str!("replay.md")]
pub mod replay {}

#[cfg(feature = "replay")]
#[doc = include_str!("determinism.md")]
pub mod determinism {}

#[doc = include_str!("soundness.md")]
pub mod soundness {}

#[doc = include_str!("beside.md")]
pub mod beside {}
