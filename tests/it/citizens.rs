//! Scripts that misbehave as no script should, and what the others see of it: nothing.
//!
//! Rule: each test is of one way to misbehave, and says how it comes out: who is put off, refused, named or cancelled,
//! and that all others go on. What grows is bounded by what was leaked on purpose.

mod endless;
#[cfg(not(any(miri, target_family = "wasm")))]
mod hangs;
#[cfg(all(feature = "bevy_app", not(any(miri, target_family = "wasm"))))]
mod hangs_on_entities;
mod leaks;
#[cfg(feature = "bevy_ecs")]
mod on_entities;

use crate::words::{Words, on_drop, quiet_panic, slot};
use framestep::{Executor, JoinError, Signal, frames, join, next_frame, race, scope, sleep, spawn, timeout};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    future::{Future, pending, poll_fn},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};
