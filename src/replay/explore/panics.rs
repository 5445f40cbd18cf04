//! Panics of a run: noted with their places, and kept off the screen.
//!
//! The rule: a run hears of every panic on its thread, also of one that an executor caught. Panics elsewhere reach the
//! hook that was there before.
//!
//! How: a hook is the only one to learn where a panic was. It is put in front of the process's, once.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static RUN: RefCell<Option<Noted>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Noted {
    is_loud: bool,
    list: Vec<String>,
}

/// Runs `act`; what it panicked with, if it did. A loud one is printed as ever.
pub(super) fn catch<T>(is_loud: bool, act: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !note(info) {
                before(info);
            }
        }));
    });
    // A game that shares the pool's threads may have another run begin in the middle of this.
    let outer = RUN.replace(Some(Noted { is_loud, list: Vec::new() }));
    let result = catch_unwind(AssertUnwindSafe(act));
    let noted = RUN.replace(outer).unwrap_or_default();
    result.map_err(|payload| {
        let told = noted.list.last().cloned();
        told.unwrap_or_else(|| {
            let words = payload.downcast_ref::<String>().map(String::as_str);
            words.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a message").to_owned()
        })
    })
}

/// The panics since the last call, by a run's `catch`.
pub(super) fn take() -> Vec<String> {
    RUN.with_borrow_mut(|run| run.as_mut().map(|run| mem::take(&mut run.list)).unwrap_or_default())
}

/// Whether nobody else needs to hear of it.
fn note(info: &PanicHookInfo<'_>) -> bool {
    let message = info.payload_as_str().unwrap_or("a panic without a message");
    let text = match info.location() {
        Some(at) => format!("panicked at {at}: {message}"),
        None => format!("panicked: {message}"),
    };
    let is_quiet = RUN.try_with(|run| {
        let mut run = run.try_borrow_mut().ok()?;
        let run = run.as_mut()?;
        run.list.push(text);
        Some(!run.is_loud)
    });
    is_quiet.ok().flatten().unwrap_or(false)
}
