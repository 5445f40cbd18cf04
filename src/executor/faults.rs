//! Faults for tests: polls that panic instead of going on.
//!
//! The rule: such a poll leaves what a panic of the script's own at its beginning would leave, and goes the same way to
//! it. A fault is kept until its poll comes or can't come any more. Who sets no fault pays for none.
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
use super::task::{Begun, Header};

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

    /// Whether this poll is to panic in the step of this serial; that is so once. What was set for it and for those before
    /// it is forgotten.
    fn take(&self, number: u64, poll: u32, serial: u32) -> bool {
        let mut set = self.set.borrow_mut();
        let last = set.extract_if((number, 0)..=(number, poll), |_, _| true).last();
        self.is_on.set(!set.is_empty());
        last.is_some_and(|((_, at), set_in)| at == poll && set_in != Some(serial))
    }

    /// Forgets what was to come of a script that has ended.
    pub(super) fn forget(&self, number: u64) {
        let mut set = self.set.borrow_mut();
        set.retain(|&(of, _), _| of != number);
        self.is_on.set(!set.is_empty());
    }
}

impl Executor {
    /// For tests: has a poll of a script panic instead of going on. Polls are counted from 1; `number` is the script's
    /// spawn number, as [`TaskInfo::number`](crate::TaskInfo::number) has it, also of one that is yet to be spawned.
    /// `false` if that poll is over, or the script has ended: then nothing comes.
    ///
    /// The script ends as by a panic of its own: what it holds is dropped while that unwinds, its handle gets the payload
    /// (a `String`), and reports, incidents, logs of changes and hashes say what they say of a panic. The panic hook isn't
    /// called. What a crash leaves behind can so be tested at every poll, without a word in the scripts.
    ///
    /// It comes before the future is polled at all: a message or an output that the script was woken for isn't taken, and
    /// no `catch_unwind` within the script sees the panic. The future is dropped as a whole while it unwinds, where one
    /// that isn't an `async` block would keep its fields after a panic of its own.
    ///
    /// Any number of polls can be asked for; one that is asked for twice panics once. What is asked for inside of a step is
    /// looked for from the next step on, whatever its lane. It is forgotten when its poll is over, and when the script
    /// ends, in whatever way; until then scripts that wait for the next frame are polled one by one and not in rows, in the
    /// same order. Of a poll that never comes nothing comes, so assert that it came:
    /// [`FrameReport::panicked`](crate::FrameReport::panicked) counts it, and the handle gives the payload. A recording
    /// doesn't hold faults: to replay it, ask for the same.
    ///
    /// Where panics abort, so does this one. A destructor that panics while this one unwinds aborts everywhere: see
    /// [what is promised](crate#what-is-promised-and-what-isnt).
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
    /// assert!(executor.panic_at(1, 2));
    /// executor.poll_once();
    /// assert_eq!(executor.poll_once().panicked, 1);
    /// assert!(matches!(guard.take_output(), Some(Err::<(), _>(JoinError::Panicked(_)))));
    /// executor.poll_once();
    /// assert!(matches!(door.take_output(), Some(Ok("open"))));
    /// ```
    #[track_caller]
    pub fn panic_at(&self, number: u64, poll: u32) -> bool {
        assert!(number > 0, "the first script that is spawned has the number 1: there is no script 0 to panic");
        assert!(poll > 0, "a script's first poll is its poll 1: there is no poll 0 to panic at");
        let core = self.core();
        if core.polls_of(number).is_none_or(|polls| poll <= polls) {
            return false;
        }
        let set_in = core.in_step.get().then(|| core.step_serial.get());
        core.faults.set.borrow_mut().entry((number, poll)).or_insert(set_in);
        core.faults.is_on.set(true);
        core.is_heard.set(true);
        true
    }
}

impl Core {
    /// How often the script of this spawn number was polled, one that is yet to be spawned never; `None` if it has ended.
    fn polls_of(&self, number: u64) -> Option<u32> {
        if number > self.spawns.get() {
            return Some(0);
        }
        let mut headers = self.storage.indices().map(|index| self.storage.slot(index)).filter_map(|slot| {
            (slot.header().is_live() && slot.cold().number.get() == number).then_some(slot.header())
        });
        headers.next().map(Header::polls)
    }

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

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn, ready};
    use std::task::Poll;

    use super::*;

    #[test]
    fn a_fault_is_kept_until_its_poll_has_come_or_cant_come_any_more() {
        let mut executor = Executor::builder().script_polls(1).build();
        // Polled once in each step.
        let spins = || {
            poll_fn(|context| {
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            })
        };
        let is_kept = |executor: &Executor| executor.core().faults.is_on();

        // It comes.
        drop(executor.spawn(spins()));
        assert!(executor.panic_at(1, 2) && is_kept(&executor));
        assert_eq!((executor.poll_once().panicked, is_kept(&executor)), (0, true));
        assert_eq!((executor.poll_once().panicked, is_kept(&executor)), (1, false));

        // Its script ends before, in each way.
        drop(executor.spawn(spins()));
        assert!(executor.panic_at(2, 9) && executor.panic_at(2, 1) && is_kept(&executor));
        assert_eq!((executor.poll_once().panicked, is_kept(&executor)), (1, false));
        drop(executor.spawn(ready(())));
        assert!(executor.panic_at(3, 2) && is_kept(&executor));
        assert_eq!((executor.poll_once().completed, is_kept(&executor)), (1, false));
        let cancelled = executor.spawn(pending::<()>());
        assert!(executor.panic_at(4, 2) && is_kept(&executor));
        assert!(cancelled.cancel() && !is_kept(&executor));

        // It is over, or its script has ended: it isn't kept at all.
        drop(executor.spawn(spins()));
        executor.poll_once();
        assert!(!executor.panic_at(5, 1) && !executor.panic_at(3, 2) && !is_kept(&executor));

        // Asked for inside of the step in which its poll comes, it is over with that, or with the next where the step
        // looked for none.
        let next_step = executor.core().step_serial.get() + 1;
        executor.core().faults.set.borrow_mut().extend([((5, 1), Some(next_step - 1)), ((5, 2), Some(next_step))]);
        executor.core().faults.is_on.set(true);
        executor.core().is_heard.set(true);
        assert_eq!((executor.poll_once().panicked, is_kept(&executor)), (0, false));
    }
}
