//! How executors, scripts, scopes and wakers begin and end, and what outlives what.
//!
//! Rule: nothing here is about order within a frame (that is `order.rs`); these are the corners of
//! lives: drops that act, counters about to wrap, things used after their time.

mod executors;
mod scopes;
mod scripts;
mod waits;

use crate::words::{Gate, Words, on_drop, on_thread, poll_now, quiet_panic, slot};
use framestep::{
    Clock, Executor, JoinError, JoinHandle, Race, Signal, SpawnLimit, Until, current_frame, current_task, frames,
    interval, join, next_frame, race, random, resume_in, scope, set_task_name, sleep, spawn, timeout, yield_now,
};
use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
    time::Duration,
};

type Boxed = Pin<Box<dyn Future<Output = ()>>>;

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}
