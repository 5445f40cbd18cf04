//! Uses that nobody would call right, and which must be sound and break nothing else.
//!
//! Rule: each test is named after what it would break, and says in its first comment which promise it
//! holds. Memory is at stake in most, so all run under Miri, with small counts.

mod destructors;
mod limits;
mod rows;
mod threads;
mod waits;
mod wakers;

use crate::words::{Words, on_drop, poll_now, quiet_panic, slot};
use framestep::{
    Clock, Executor, FrameReport, IncidentKind, JoinError, JoinHandle, NextFrame, Scope, Signal, SpawnLimit, TaskId,
    current_frame, frames, interval, next_frame, random, resume_in, scope, sleep, spawn,
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc, Once,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

type Act = Box<dyn FnOnce()>;
type Boxed = Pin<Box<dyn Future<Output = ()>>>;
type Shared = Rc<RefCell<Executor>>;

/// An executor that its own scripts can reach.
fn shared() -> Shared {
    Rc::new(RefCell::new(Executor::new()))
}

/// Steps it once.
fn step(executor: &Shared) -> FrameReport {
    executor.borrow_mut().poll_once()
}

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// Runs something whose panics are expected: the panic hook doesn't hear of those on this thread.
fn muted<T>(act: impl FnOnce() -> T) -> T {
    static ONCE: Once = Once::new();
    thread_local! {
        static MUTED: Cell<bool> = const { Cell::new(false) };
    }
    ONCE.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |info| {
            if !MUTED.get() {
                hook(info);
            }
        }));
    });
    let _loud_again = on_drop({
        let before = MUTED.replace(true);
        move || MUTED.set(before)
    });
    act()
}

/// Whether something panics.
fn panics(act: impl FnOnce()) -> bool {
    muted(|| catch_unwind(AssertUnwindSafe(act)).is_err())
}
