//! The listener to changes: what the trace hash is made of, told one by one, and a mark after each step.
//!
//! The rule: nobody pays for it who doesn't listen. It hears of a change where the trace does and nowhere else, so
//! the two are of the same changes in the same order. It says of each who brought it about, as far as that is known
//! by what is being done: a script's poll, the carrying out of a script's end, or else a part of the step.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::Executor;
use super::changes::{Cause, ChangeKind, StepMark, TaskChange};
use super::core::Core;
use super::inspect::WaitKind;
use super::task::{Site, flag};

#[derive(Debug)]
pub(crate) struct Log {
    on: Cell<bool>,
    /// Whether it is to be on from the next step on.
    asked: Cell<bool>,
    changes: RefCell<Vec<TaskChange>>,
    /// Who made the scripts ready that weren't polled since.
    causes: RefCell<BTreeMap<u64, Cause>>,
    /// What is being done between polls and ends.
    phase: Cell<Cause>,
    /// How many changes were ever logged.
    logged: Cell<u64>,
    marks: RefCell<Vec<StepMark>>,
    has_marks: Cell<bool>,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            on: Cell::new(false),
            asked: Cell::new(false),
            changes: RefCell::default(),
            causes: RefCell::default(),
            phase: Cell::new(Cause::Game),
            logged: Cell::new(0),
            marks: RefCell::default(),
            has_marks: Cell::new(false),
        }
    }
}

impl Log {
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// Notes what comes from here on, where no script and no end is at work.
    #[inline]
    pub(super) fn set_phase(&self, phase: Cause) {
        self.phase.set(phase);
    }

    /// The same, and what was noted before.
    pub(super) fn replace_phase(&self, phase: Cause) -> Cause {
        self.phase.replace(phase)
    }
}

impl Executor {
    /// Keeps a log of changes from here on, or no longer: every change that the trace hash is made of, in the same
    /// order, for [`take_changes`](Self::take_changes). Inside of a step it takes effect with the next.
    ///
    /// It grows until it is taken, so take it after each step. What stands there when it is switched off can
    /// still be taken. While it is on, scripts that wait for the next frame are polled one by one and not in rows.
    /// Who made a script ready before it was on isn't known: the poll of such a one counts as brought about by the game.
    ///
    /// # Panics
    /// Without [`Builder::trace`](crate::Builder::trace).
    ///
    /// ```
    /// use framestep::{Cause, ChangeKind, Executor, next_frame};
    ///
    /// let mut executor = Executor::builder().trace(true).build();
    /// executor.log_changes(true);
    /// drop(executor.spawn(next_frame()).named("guard"));
    /// executor.poll_once();
    /// executor.poll_once();
    /// let mut changes = Vec::new();
    /// executor.take_changes(&mut changes);
    /// let polls: Vec<Cause> =
    ///     changes.iter().filter(|change| change.kind == ChangeKind::Polled).map(|change| change.cause).collect();
    /// assert_eq!(polls, [Cause::Game, Cause::Release]);
    /// ```
    pub fn log_changes(&self, on: bool) {
        let core = self.core();
        assert!(
            core.trace.is_on() || !on,
            "a log of changes needs a trace: build the executor with `Builder::trace(true)`"
        );
        core.log.asked.set(on);
        if !core.in_step.get() {
            core.set_log(on);
        }
    }

    /// Moves the changes that were logged to the end of `into`, in order.
    pub fn take_changes(&self, into: &mut Vec<TaskChange>) {
        into.append(&mut self.core().log.changes.borrow_mut());
    }

    /// Keeps a mark after each step of a lane from here on, or no longer, for [`take_marks`](Self::take_marks); also
    /// after steps that find nothing to do.
    pub fn mark_steps(&self, on: bool) {
        self.core().log.has_marks.set(on);
    }

    /// Moves the marks that were kept to the end of `into`, in order of the steps.
    ///
    /// ```
    /// let mut executor = framestep::Executor::builder().trace(true).build();
    /// executor.mark_steps(true);
    /// executor.poll_once();
    /// let mut marks = Vec::new();
    /// executor.take_marks(&mut marks);
    /// assert_eq!((marks.len(), marks[0].lane, marks[0].trace), (1, 0, executor.trace_hash()));
    /// ```
    pub fn take_marks(&self, into: &mut Vec<StepMark>) {
        into.append(&mut self.core().log.marks.borrow_mut());
    }

    /// How many changes were logged so far, taken or not; a mark says how many they were at the end of its step.
    #[cfg_attr(not(feature = "replay"), expect(dead_code, reason = "for recordings"))]
    pub(crate) fn logged_changes(&self) -> u64 {
        self.core().log.logged.get()
    }

    /// Whether a trace is kept: [`Builder::trace`](crate::Builder::trace).
    #[must_use]
    pub fn is_traced(&self) -> bool {
        self.core().trace.is_on()
    }

    /// What [`Builder::shuffle`](crate::Builder::shuffle) set.
    #[must_use]
    pub fn shuffle_seed(&self) -> Option<u64> {
        self.core().shuffle.seed()
    }

    /// The name of the lane with this number, as [`TaskChange::task`] and [`StepMark::lane`] have it; `None` if
    /// there is none.
    #[must_use]
    pub fn lane_name(&self, number: u8) -> Option<&'static str> {
        self.core().lane_states().nth(number.into()).map(|lane| lane.name)
    }
}

#[cfg(feature = "replay")]
impl Core {
    /// Logs, marks and keeps nothing from here on, and forgets what wasn't taken: nobody will take it.
    pub(crate) fn unwatch(&self) {
        self.log.asked.set(false);
        if !self.in_step.get() {
            self.set_log(false);
        }
        self.log.has_marks.set(false);
        self.log.changes.borrow_mut().clear();
        self.log.marks.borrow_mut().clear();
        self.keep_no_arrivals();
    }
}

impl Core {
    /// Switches the log on or off.
    fn set_log(&self, on: bool) {
        if on == self.log.on.replace(on) {
            return;
        }
        let mut causes = self.log.causes.borrow_mut();
        causes.clear();
        if on {
            // Else their polls would count as those of scripts that waited for the step.
            let slots = self.storage.indices().map(|index| self.storage.slot(index));
            let ready = slots.filter(|slot| slot.header().is_live() && slot.header().has(flag::QUEUED));
            causes.extend(ready.map(|slot| (slot.cold().number.get(), Cause::Game)));
        }
    }

    /// Notes that a lane's step begins.
    #[inline]
    pub(super) fn record_step(&self, lane: u8) {
        if self.log.asked.get() != self.log.is_on() {
            self.set_log(self.log.asked.get());
        }
        self.record_with(ChangeKind::Step, lane.into(), |change| change.name = Some(self.lane(lane).name));
    }

    /// Notes that a lane's step is over.
    #[inline]
    pub(super) fn mark_step(&self, lane: u8, polled: u64) {
        self.log.set_phase(Cause::Game);
        if self.log.has_marks.get() {
            self.log.marks.borrow_mut().push(StepMark {
                lane,
                trace: self.trace_hash(),
                changes: self.log.logged.get(),
                polled,
            });
        }
    }

    /// Notes a new name; it is no part of the hash.
    pub(super) fn log_name(&self, number: u64, name: &'static str) {
        if self.log.is_on() {
            self.log_change(ChangeKind::Named, number, |change| change.name = Some(name));
        }
    }

    /// Where a task is parked, if anybody listens; to be asked before its poll begins.
    pub(super) fn parked_at(&self, entry: u32) -> Option<Site> {
        if !self.log.is_on() {
            return None;
        }
        let header = self.storage.find(entry)?.header();
        if header.wait() == WaitKind::Unknown { None } else { header.site.get() }
    }

    /// Adds a change to the log.
    #[cold]
    #[inline(never)]
    pub(super) fn log_change(&self, kind: ChangeKind, task: u64, more: impl FnOnce(&mut TaskChange)) {
        let cause = match kind {
            ChangeKind::Step => Cause::Game,
            ChangeKind::Polled => self.log.causes.borrow_mut().remove(&task).unwrap_or(Cause::Release),
            ChangeKind::Completed | ChangeKind::Panicked | ChangeKind::PutOff => Cause::Script(task),
            _ => self.cause_here(),
        };
        match kind {
            ChangeKind::Spawned | ChangeKind::Woken => _ = self.log.causes.borrow_mut().insert(task, cause),
            ChangeKind::Completed | ChangeKind::Panicked | ChangeKind::Cancelled => {
                self.log.causes.borrow_mut().remove(&task);
            }
            _ => (),
        }
        let mut change = TaskChange { kind, task, cause, at: None, name: None, value: 0 };
        more(&mut change);
        self.log.changes.borrow_mut().push(change);
        self.log.logged.set(self.log.logged.get() + 1);
    }

    /// Who does what is being done.
    fn cause_here(&self) -> Cause {
        let ending = || Some(self.storage.slot(self.at_stage.get()?.0));
        let script = self.current_slot().or_else(ending);
        script.map_or(self.log.phase.get(), |slot| Cause::Script(slot.cold().number.get()))
    }
}
