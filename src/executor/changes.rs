//! The log of changes: what happened to which script, and who brought it about.
//!
//! The rule: the log holds what the trace hash is made of, in the same order, and beside it what tells a reader who
//! and where. Only kinds, spawn numbers, lanes and drawn values enter the hash (`trace`, `log`).

use std::panic::Location;

/// What happened to a script; one entry of [`Executor::take_changes`](crate::Executor::take_changes).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskChange {
    /// What happened.
    pub kind: ChangeKind,
    /// The script's spawn number; of a [`Step`](ChangeKind::Step) the number of its lane.
    pub task: u64,
    /// Who brought it about; of a poll, who made the script ready.
    pub cause: Cause,
    /// Of a spawn: where it was written. Of a poll: where the script was parked, if it was.
    pub at: Option<&'static Location<'static>>,
    /// Of a spawn and of a new name: the script's name. Of a step: that of its lane.
    pub name: Option<&'static str>,
    /// Of a draw: what was drawn. Else 0.
    pub value: u64,
}

/// What happened. The numbers are part of the trace hash, but for those that say that they aren't.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum ChangeKind {
    /// A lane's step began.
    Step = 1,
    /// A script was spawned.
    Spawned = 2,
    /// It was woken, and wasn't ready yet.
    Woken = 3,
    /// It was polled.
    Polled = 4,
    /// It ended.
    Completed = 5,
    /// It was cancelled.
    Cancelled = 6,
    /// It panicked.
    Panicked = 7,
    /// It was put off to the next step.
    PutOff = 8,
    /// It stands still from here on.
    Held = 9,
    /// It no longer stands still.
    LetGo = 10,
    /// It drew a random number; 0 stands for the executor's own stream.
    Drew = 11,
    /// It was given a name; not part of the hash.
    Named = 12,
}

/// What stood at the end of a lane's step; one entry of [`Executor::take_marks`](crate::Executor::take_marks).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepMark {
    /// The lane's number.
    pub lane: u8,
    /// The trace hash; 0 without a trace.
    pub trace: u64,
    /// How many changes had been logged, from the executor's first on: what was logged up to here belongs to this
    /// step and to what happened before it.
    pub changes: u64,
    /// Polls of scripts in the step.
    pub polled: u64,
}

/// Who brought a change about; not part of the hash.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The game: a system, or whatever runs between two steps.
    Game,
    /// The script of this spawn number: while it was polled, or by its end.
    Script(u64),
    /// A timer that came due (3).
    Timer,
    /// The lane's step, for which it waited (4).
    Release,
    /// A wait of an outer layer that was over (5).
    Check,
    /// Something from outside that was taken in (2).
    Outside,
}
