//! Which executor is being stepped on this thread, and which others live here.
//!
//! The rule: the current executor is set for exactly as long as it runs user code of its own (a poll, a
//! destructor, a waker), and set back when an inner executor is done. Everything else finds an executor
//! by its number (wakes) or by its serial (waits and handles, which must not mistake a later executor
//! with the same number for their own). Only executors of this thread are ever found.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::core::Core;

scoped_tls::scoped_thread_local!(static CURRENT: Core);

thread_local! {
    /// The executors of this thread, in order of creation.
    static LIVING: RefCell<Vec<Weak<Core>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` with `core` as this thread's current executor.
#[inline]
pub(crate) fn enter<R>(core: &Core, f: impl FnOnce() -> R) -> R {
    CURRENT.set(core, f)
}

/// Calls `f` with the current executor, if a script of one is being run.
#[inline]
pub(crate) fn try_with<R>(f: impl FnOnce(&Core) -> R) -> Option<R> {
    if CURRENT.is_set() { Some(CURRENT.with(f)) } else { None }
}

/// Calls `f` with the current executor.
///
/// # Panics
/// Outside of a script; `what` names the call that was misplaced.
#[inline]
#[track_caller]
pub(crate) fn with<R>(what: &str, f: impl FnOnce(&Core) -> R) -> R {
    if !CURRENT.is_set() {
        outside(what);
    }
    CURRENT.with(f)
}

#[cold]
#[track_caller]
fn outside(what: &str) -> ! {
    panic!(
        "{what} was used outside of a script: use it in a future that a framestep `Executor` polls \
         (spawn it, then call `poll_once`)"
    );
}

/// Calls `f` with the executor of this thread that has this number.
#[inline]
pub(crate) fn with_number<R>(number: u16, f: impl FnOnce(&Core) -> R) -> Option<R> {
    if CURRENT.is_set() && CURRENT.with(|core| core.number()) == number {
        return Some(CURRENT.with(f));
    }
    let core = find(|core| core.number() == number)?;
    Some(f(&core))
}

/// Calls `f` with the executor of this thread that has this serial.
#[inline]
pub(crate) fn with_serial<R>(serial: u32, f: impl FnOnce(&Core) -> R) -> Option<R> {
    if CURRENT.is_set() && CURRENT.with(|core| core.serial()) == serial {
        return Some(CURRENT.with(f));
    }
    let core = find(|core| core.serial() == serial)?;
    Some(f(&core))
}

#[cold]
fn find(is_it: impl Fn(&Core) -> bool) -> Option<Rc<Core>> {
    LIVING
        .try_with(|living| {
            living.borrow().iter().filter_map(Weak::upgrade).find(|core| is_it(core) && !core.is_closed())
        })
        .ok()
        .flatten()
}

/// Makes `core` findable on this thread.
pub(crate) fn register(core: &Rc<Core>) {
    LIVING.with(|living| {
        let mut living = living.borrow_mut();
        living.retain(|core| core.strong_count() > 0);
        living.push(Rc::downgrade(core));
    });
}

/// Takes `core` off this thread's list.
pub(crate) fn unregister(core: &Core) {
    // A thread that ends may have dropped the list already; then there is nothing to do.
    let _ = LIVING.try_with(|living| {
        if let Ok(mut living) = living.try_borrow_mut() {
            living.retain(|other| !std::ptr::eq(other.as_ptr(), core));
        }
    });
}
