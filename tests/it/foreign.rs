//! What comes from elsewhere: combinators with wakers of their own, channels, locks, threads.
//!
//! Rule: built-in waits keep the waker that they were polled with, so a foreign combinator polls
//! those of its futures that are due and no others; foreign primitives are hammered from four
//! threads while the executor is stepped until everything is done.

mod combinators;
#[cfg(not(target_family = "wasm"))]
mod hammered;
mod outside;
#[cfg(not(target_family = "wasm"))]
mod threads;

use crate::words::{Words, on_thread};
use framestep::{Clock, Executor, Signal, frames, next_frame, resume_in, scope, sleep, spawn, timeout, yield_now};
use futures::{FutureExt, StreamExt, future, stream::FuturesUnordered};
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}
