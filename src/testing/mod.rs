//! A kit for tests of scripts: step frames, ask what a script waits for, compare what happened as a whole.
//!
//! ```
//! # #[cfg(feature = "bevy_ecs")] fn main() {
//! use std::time::Duration;
//!
//! use bevy_ecs::prelude::*;
//! use framestep::testing::ScriptTest;
//! use framestep::{Due, Me, Script, WaitKind, sleep};
//!
//! const HALF: Duration = Duration::from_millis(500);
//!
//! let mut test = ScriptTest::new();
//! let log = test.log();
//! let door = test.spawn(Script::named("door", async move |_: Me| {
//!     log.say("opens");
//!     sleep(HALF).await;
//!     log.say("shuts");
//!     Ok(())
//! }));
//! test.step(1);
//! test.assert_waits(door, WaitKind::Sleep).due(Due::Time(HALF));
//! test.advance(HALF);
//! test.assert_ended(door);
//! assert_eq!(test.words(), "1: opens; 31: shuts");
//! # }
//! # #[cfg(not(feature = "bevy_ecs"))] fn main() {}
//! ```
//!
//! | type | idea |
//! |---|---|
#![cfg_attr(
    feature = "bevy_ecs",
    doc = "| [`ScriptTest`] | a world with its scripts, a game's own world and schedule, or an app |"
)]
//! | [`ExecutorTest`] | the same for the executor alone |
//! | [`Words`] | a log of words with their frames, that scripts say and tests compare whole |
//! | [`Parked`] | what a script waits for, to be asked further |
//! | [`assert_golden`] | a text compared whole with a file, which `BLESS=1` writes |
//!
//! **Golden traces.** `assert_trace("tests/golden/door.trace")` compares all that happened to scripts since the test
//! began with a file, a line a change, by names and spawn numbers, without places in the source:
//!
//! ```text
//! frame 0 game: door#1 spawned
//! frame 1 main: door#1 polled, by the game
//! frame 31 main: door#1 polled, by a timer
//! frame 31 main: door#1 completed
//! ```
//!
//! Nothing in here sleeps or knows the time of day, and nothing but golden files touches the file system. A script that
//! failed or panicked fails its test, unless the test takes the failure. A test can have a script panic at any of its polls:
#![cfg_attr(feature = "bevy_ecs", doc = "[`ScriptTest::panic_at`], and")]
//! [`Executor::panic_at`](crate::Executor::panic_at) for the executor alone.

mod executor_test;
mod failures;
#[cfg(feature = "bevy_ecs")]
mod faults;
mod golden;
#[cfg(feature = "bevy_ecs")]
mod script_test;
#[cfg(feature = "bevy_ecs")]
mod subject;
mod trace;
mod wait;
mod words;

pub use executor_test::ExecutorTest;
pub use golden::assert_golden;
#[cfg(feature = "bevy_ecs")]
pub use script_test::ScriptTest;
#[cfg(feature = "bevy_ecs")]
pub use subject::Subject;
pub use wait::Parked;
pub use words::Words;
