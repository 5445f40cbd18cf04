//! Scripts that misbehave as no script should, and what the others see of it: nothing.
//!
//! Rule: each test is of one way to misbehave, and says how it comes out: who is put off, refused, named or cancelled, and
//! that all others go on. What grows is bounded by what was leaked on purpose.

#[cfg(not(any(miri, target_family = "wasm")))]
mod hangs;
#[cfg(all(feature = "bevy_app", not(any(miri, target_family = "wasm"))))]
mod hangs_on_entities;

use crate::words::{Words, quiet_panic};
use framestep::{Builder, Executor, frames, next_frame, random, set_task_name, spawn, yield_now};
use std::time::Duration;
