//! What recordings, replays and searches rest on.
//!
//! - `changes.rs`: the log of changes, with its causes, and the hash and the marks over the same.
//! - `arrivals.rs`: what comes from outside, kept and given again.
//! - `shuffled.rs`: runs in another order.
//! - `streams.rs`: the tree of random streams.

#[cfg(feature = "replay")]
mod arrivals;
mod changes;
mod shuffled;
mod streams;
