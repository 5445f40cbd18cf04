//! What breaks in other frame-stepped executors and must not break here.
//!
//! Rule: each test is named after what it would break. The numbers group them by kind: `f1` to
//! `f11`. Memory is at stake in most, so all run under Miri, with small counts.

mod ends;
mod handles;
mod memory;
mod panics;
mod wakes;

use crate::words::{Gate, Words, on_drop, on_thread, quiet_panic};
use framestep::{Executor, JoinError, JoinHandle, next_frame, sleep, spawn, yield_now};
use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn},
    pin::Pin,
    rc::Rc,
    sync::mpsc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

/// What a finished script's handle gives.
fn output<T: 'static>(handle: &JoinHandle<T>) -> T {
    handle.take_output().expect("it has ended").unwrap_or_else(|error| panic!("{error}"))
}
