//! Recordings and what is done with them.
//!
//! - `made_up.rs`: frames as a game might make them, from a seed; what a detail keeps of a frame; `framing.rs`: a recording
//!   taken apart and put together by what the module `recording` says of its format.
//! - `format.rs`: what goes in comes out, how large it is; `errors.rs`: what is said when it can't be read.
//! - `mutations.rs`: thousands of damaged recordings.

mod errors;
mod format;
mod framing;
mod made_up;
#[cfg(not(miri))]
mod mutations;
