//! What scripts, destructors, wakers and hooks do to the executor and the world that run them.
//!
//! Rule: each way in again has one outcome, which stands on the guide's page `reentrancy`; here it is shown where no
//! other topic shows it. Nothing is lost, nothing runs twice, and those who had nothing to do with it go on.

#[expect(unsafe_code, reason = "a waker that acts when it is cloned is made from parts")]
mod clones;
mod executors;
#[cfg(not(target_family = "wasm"))]
mod threads;
#[cfg(feature = "bevy_ecs")]
mod worlds;

use crate::words::{Words, on_drop};
use framestep::{Executor, IncidentKind, JoinError, SpawnLimit, next_frame, spawn};
use std::{
    cell::RefCell,
    future::{Future, pending},
    pin::pin,
    rc::Rc,
};
