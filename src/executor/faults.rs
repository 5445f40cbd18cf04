//! Faults for tests: polls that panic instead of going on.
//!
//! The rule: such a poll leaves what a panic of the script's own at its beginning would leave, and goes the same way to
//! it. Who sets no fault pays for none.
//!
//! How: scripts are polled one by one, as for a log of changes. The poll begins and is counted; then the future is
//! dropped while a panic unwinds, as what an `async` block holds is dropped when that panics. All that follows is the
//! frame's business, which can't tell the two apart.
//!
//! Left out: panics of destructors and of wakers, which a test can write itself.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::resume_unwind;

use super::Executor;
use super::core::Core;
use super::task::Begun;

#[derive(Debug, Default)]
pub(crate) struct Faults {
    is_on: Cell<bool>,
    /// By spawn number and poll; with the serial of the step inside of which it was set, if it was.
    set: RefCell<BTreeMap<(u64, u32), Option<u32>>>,
}

impl Faults {
    /// Whether any poll is still to panic.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on.get()
    }

    /// Whether this poll is to panic in the step of this serial; that is so once.
    fn take(&self, number: u64, poll: u32, serial: u32) -> bool {
        let mut set = self.set.borrow_mut();
        if set.get(&(number, poll)).is_none_or(|set_in| *set_in == Some(serial)) {
            return false;
        }
        set.remove(&(number, poll));
        self.is_on.set(!set.is_empty());
        true
    }
}

impl Executor {
    /// For tests: has a poll of a script panic instead of going on. Polls are counted from 1; `number` is the script's
    /// spawn number, as [`TaskInfo::number`](crate::TaskInfo::number) has it, also of one that is yet to be spawned.
    ///
    /// The script ends as by a panic of its own: what it holds is dropped while that unwinds, its handle gets the payload
    /// (a `String`), and reports, incidents, logs of changes and hashes say what they say of a panic. The panic hook isn't
    /// called. What a crash leaves behind can so be tested at every poll, without a word in the scripts.
    ///
    /// It comes before the future is polled at all: what the script waited for keeps what it had for it, and no
    /// `catch_unwind` within the script sees the panic. The future is dropped as a whole while it unwinds, where one that isn't
    /// an `async` block would keep its fields after a panic of its own.
    ///
    /// Of a poll that never comes, or is over, nothing comes. One that is asked for twice panics once; any number can be asked
    /// for. What is asked for inside of a step is looked for from the next step on, whatever its lane. As long as any is
    /// to come, scripts that wait for the next frame are polled one by one and not in rows, in the same order. A recording
    /// doesn't hold faults: to replay it, ask for the same.
    ///
    /// Where panics abort, so does this one; and a destructor that panics while it unwinds aborts everywhere, as
    /// [ever](crate#what-is-promised-and-what-isnt).
    ///
    /// # Panics
    /// When `number` or `poll` is 0: both are counted from 1.
    ///
    /// ```
    /// use framestep::{Executor, JoinError, frames, next_frame};
    ///
    /// let mut executor = Executor::new();
    /// let guard = executor.spawn(async { loop { next_frame().await } });
    /// let door = executor.spawn(async { frames(2).await; "open" });
    /// executor.panic_at(1, 2);
    /// executor.poll_once();
    /// assert_eq!(executor.poll_once().panicked, 1);
    /// assert!(matches!(guard.take_output(), Some(Err::<(), _>(JoinError::Panicked(_)))));
    /// executor.poll_once();
    /// assert!(matches!(door.take_output(), Some(Ok("open"))));
    /// ```
    #[track_caller]
    pub fn panic_at(&self, number: u64, poll: u32) {
        assert!(number > 0, "the first script that is spawned has the number 1: there is no script 0 to panic");
        assert!(poll > 0, "a script's first poll is its poll 1: there is no poll 0 to panic at");
        let core = self.core();
        let set_in = core.in_step.get().then(|| core.step_serial.get());
        core.faults.set.borrow_mut().entry((number, poll)).or_insert(set_in);
        core.faults.is_on.set(true);
        core.is_heard.set(true);
    }
}

impl Core {
    /// Gives a poll that has begun and was counted back, unless it is to panic: then it unwinds.
    #[inline]
    pub(super) fn without_fault<'a>(&self, begun: Begun<'a>) -> Begun<'a> {
        if self.faults.is_on() { self.look_for_fault(begun) } else { begun }
    }

    #[cold]
    fn look_for_fault<'a>(&self, begun: Begun<'a>) -> Begun<'a> {
        /// Drops the future while a panic unwinds.
        struct Unwinding<'a>(Option<Begun<'a>>);
        impl Drop for Unwinding<'_> {
            fn drop(&mut self) {
                if let Some(begun) = self.0.take() {
                    begun.drop_future();
                }
            }
        }
        let slot = begun.slot();
        let (number, poll) = (slot.cold().number.get(), slot.header().polls());
        if !self.faults.take(number, poll, self.step_serial.get()) {
            return begun;
        }
        let _unwinding = Unwinding(Some(begun));
        resume_unwind(Box::new(format!("a fault in poll {poll} of script {number}, set by `Executor::panic_at`")))
    }
}
