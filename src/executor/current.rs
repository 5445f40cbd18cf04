//! Which executor is being stepped on this thread, and which others live here.
//!
//! The rule: the current executor is set for exactly as long as it runs user code of its own (a poll, a
//! destructor, a waker), and set back when an inner executor is done. Everything else finds an executor
//! by its number (wakes) or by its serial (waits and handles, which must not mistake a later executor
//! with the same number for their own). Only executors of this thread are ever found.
//!
//! Every await of a built-in wait comes through here, so the current one is a plain pointer.
//!
//! Invariants:
//! 1. `CURRENT` is null, or points to the `Core` that an `enter` further down this thread's stack
//!    borrows. `enter` sets it back before its borrow ends, also when it unwinds.
//! 2. A reference made from it is handed to a closure and doesn't leave it, and whatever that closure
//!    calls lies within the same `enter`.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::rc::{Rc, Weak};

use super::core::Core;

thread_local! {
    static CURRENT: Cell<*const Core> = const { Cell::new(ptr::null()) };

    /// The executors of this thread, in order of creation.
    static LIVING: RefCell<Vec<Weak<Core>>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` with `core` as this thread's current executor.
pub(crate) fn enter<R>(core: &Core, f: impl FnOnce() -> R) -> R {
    struct SetBack(*const Core);
    impl Drop for SetBack {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _set_back = SetBack(CURRENT.replace(core));
    f()
}

/// Calls `f` with the current executor, if a script of one is being run.
#[inline]
pub(crate) fn try_with<R>(f: impl FnOnce(&Core) -> R) -> Option<R> {
    // SAFETY: null, or borrowed by an `enter` that is on the stack for longer than `f` (1, 2).
    unsafe { CURRENT.get().as_ref() }.map(f)
}

/// Calls `f` with the current executor.
///
/// # Panics
/// Outside of a script; `what` names the call that was misplaced.
#[inline]
#[track_caller]
pub(crate) fn with<R>(what: &str, f: impl FnOnce(&Core) -> R) -> R {
    // SAFETY: as in `try_with`.
    match unsafe { CURRENT.get().as_ref() } {
        Some(core) => f(core),
        None => outside(what),
    }
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
    with_the(|core| core.number() == number, f)
}

/// Calls `f` with the executor of this thread that has this serial.
#[inline]
pub(crate) fn with_serial<R>(serial: u32, f: impl FnOnce(&Core) -> R) -> Option<R> {
    with_the(|core| core.serial() == serial, f)
}

#[inline]
fn with_the<R>(is_it: impl Fn(&Core) -> bool, f: impl FnOnce(&Core) -> R) -> Option<R> {
    // SAFETY: as in `try_with`.
    match unsafe { CURRENT.get().as_ref() } {
        Some(core) if is_it(core) => Some(f(core)),
        _ => find(is_it).map(|core| f(&core)),
    }
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
    let _ = LIVING.try_with(|living| living.borrow_mut().retain(|other| !ptr::eq(other.as_ptr(), core)));
}
