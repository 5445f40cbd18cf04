//! The integration tests: one binary, a module per topic.
//!
//! | module | what it holds |
//! |---|---|
//! | `order`, `lanes` | each sentence of "One frame, in order" |
//! | `model` | random programs on the real executor and on a naive one, which is the specification in code |
//! | `world_model` | random programs on a world with scripts and on a naive one |
//! | `failures` | what breaks in other executors of this kind |
//! | `combinations` | every combination of how a script ends, what panics, where its handle goes, who has its waker |
//! | `lifecycle` | beginnings and ends: drops that act, counters about to wrap, things used after their time |
//! | `citizens` | scripts that misbehave: that hang, wake or spawn for ever, leak |
//! | `reentrancy` | what scripts do to the executor and the world that run them |
//! | `misuse` | what nobody should do and somebody does: destructors that step, wakers that panic, limits reached |
//! | `time` | clocks, sleeps, intervals, timeouts, and the order of timers |
//! | `holds` | scripts that are held, and what goes on when they are let go |
//! | `faults` | casts of all waits: a panic in each poll, a cancel at each await |
//! | `foreign` | combinators, channels and locks from elsewhere |
//! | `ecs` | scripts on entities |
//! | `replay` | recordings, replays, and what they compare |
//! | `examples` | the examples, as they are, and interrupted at each await |
//! | `determinism` | the log of changes, what comes from outside, shuffled runs, random streams |
//! | `demo` | the demo scene, as its users run it |
//! | `guide` | what the guide says is shown by tests |
//! | `traps` | what makes replays differ, each caught and put right |
//! | `testing` | the test kit: what it asserts, and what it says when that fails |
//! | `explore` | sweeps over seeds, and codes that play a run again |
//! | `layers` | the source, read as text: who imports what, where unsafe code stands |
//! | `words` | word logs, and futures that tests drive by hand |
//!
//! Rules: no test knows the time of day, sleeps, or depends on how fast anything is; what happens
//! is said in words, and the whole log is compared. Memory is watched by Miri, with smaller
//! counts where `cfg!(miri)` says so. Allocations are counted in a binary of their own, `tests/alloc.rs`, and
//! fail in another, `tests/alloc_failure.rs`.
//!
//! Cargo features and variables: what a module needs stands at its `mod` line, here or, for the parts of a topic that
//! need Bevy, in that topic; what needs no feature is tested without any.
//! `FRAMESTEP_CASES` and `FRAMESTEP_SEED` give random tests another number and another draw.

#![allow(unused_must_use, reason = "most scripts here are spawned for what they do and detached")]

mod citizens;
mod combinations;
#[cfg(all(feature = "bevy_ecs", feature = "replay", not(miri)))]
mod demo;
mod determinism;
#[cfg(feature = "bevy_ecs")]
mod ecs;
#[cfg(all(feature = "bevy_ecs", not(miri)))]
mod examples;
#[cfg(feature = "explore")]
mod explore;
mod failures;
mod faults;
mod foreign;
#[cfg(not(miri))]
mod guide;
mod holds;
mod lanes;
#[cfg(not(miri))]
mod layers;
mod lifecycle;
mod misuse;
mod model;
mod order;
mod reentrancy;
#[cfg(feature = "replay")]
mod replay;
#[cfg(feature = "replay")]
mod testing;
mod time;
#[cfg(all(feature = "bevy_ecs", feature = "replay", not(miri)))]
mod traps;
mod words;
#[cfg(feature = "bevy_ecs")]
mod world_model;
