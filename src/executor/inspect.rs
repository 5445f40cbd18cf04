//! What every parked script can be asked: its name, where it was spawned, what it waits for and where.
//!
//! The rule: a wait says what it is when it parks, in two stores to the script's header, and only
//! the last poll's word counts. A combinator adds where it was awaited; of nested ones the outermost
//! stands, so that a reader finds the line of the script itself as well as the line of the wait.

use std::panic::Location;
use std::time::Duration;

use super::key::TaskId;
use super::lane::Lane;

/// What a script waits for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(u8)]
pub enum WaitKind {
    /// Something that this crate doesn't know: a channel, a lock, a future written by hand.
    Unknown,
    /// The next step of its lane.
    NextFrame,
    /// A number of steps of its lane.
    Frames,
    /// A time of a clock.
    Sleep,
    /// Its next turn in this step.
    Yield,
    /// The end of another script.
    Join,
    /// A [`Signal`](crate::Signal).
    Signal,
    /// The children of a scope.
    Scope,
    /// A step of another lane.
    Lane,
    /// A message, or a value of an [`Inlet`](crate::Inlet).
    Message,
    /// A condition.
    Condition,
    /// An event.
    Event,
}

impl WaitKind {
    /// All of them, each at the place of its number.
    pub(crate) const ALL: [WaitKind; 12] = [
        WaitKind::Unknown,
        WaitKind::NextFrame,
        WaitKind::Frames,
        WaitKind::Sleep,
        WaitKind::Yield,
        WaitKind::Join,
        WaitKind::Signal,
        WaitKind::Scope,
        WaitKind::Lane,
        WaitKind::Message,
        WaitKind::Condition,
        WaitKind::Event,
    ];
}

/// How long a wait still takes, if it is known.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Steps of the script's lane.
    Frames(u64),
    /// Time of the clock that it waits on.
    Time(Duration),
}

/// What a parked script waits for, and where.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitInfo {
    /// What is waited for; where a script waits for several things at once, the last that it polled.
    pub kind: WaitKind,
    /// Where the wait was written; `None` for one that this crate doesn't know.
    pub at: Option<&'static Location<'static>>,
    /// Where the outermost `race`, `join`, `timeout` or `until` around it was written.
    pub outer: Option<&'static Location<'static>>,
    /// What remains of a timed wait; of several the one that is over first. `None` where a combinator that hands
    /// out wakers of its own stands between the script and its wait.
    pub due: Option<Due>,
}

/// What a script that hasn't ended is doing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// It is in a ready queue.
    Ready,
    /// It is parked.
    Waiting,
    /// Its poll is on the stack: it is the one that asks.
    Running,
    /// It is held, or descends from one that is: [`Executor::hold`](crate::Executor::hold).
    Held,
}

/// One script, as [`Executor::for_each_task`](crate::Executor::for_each_task) sees it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its key.
    pub id: TaskId,
    /// Its spawn number: 1 for the executor's first spawn. The same on every run.
    pub number: u64,
    /// The name it was given, or else the type of its future.
    pub name: &'static str,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// The lane that polls it; of one that is held, the one that will.
    pub lane: Lane,
    /// How often it was polled so far; after 4,294,967,295 polls from 0 again.
    pub polls: u32,
    /// What it is doing.
    pub state: TaskState,
    /// What it waits for, while it is parked; `None` when that is over.
    pub wait: Option<WaitInfo>,
}
