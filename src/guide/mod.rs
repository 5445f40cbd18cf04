//! The guide: pages to read, without any code of their own.
//!
//! | page | what |
//! |---|---|
//! | [`vocabulary`] | what a script can say, in examples |
//! | [`lanes_and_clocks`] | the points of a frame, the times it has, and how to pause |
//! | [`beside`] | this crate beside others for Bevy, row by row |

#[doc = include_str!("vocabulary.md")]
pub mod vocabulary {}

#[doc = include_str!("lanes_and_clocks.md")]
pub mod lanes_and_clocks {}

#[doc = include_str!("beside.md")]
pub mod beside {}
