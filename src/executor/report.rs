//! What a step says about itself: counts as a value, and the incidents behind them by name.

use std::fmt;
use std::panic::Location;

use super::key::{NO_TASK, TaskId};

/// Step 8: what happened since the end of the step before, in counts.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// executor.spawn(async {});
/// executor.spawn(framestep::next_frame());
/// let report = executor.poll_once();
/// assert_eq!((report.frame, report.polled, report.completed, report.live), (1, 2, 1, 1));
/// ```
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameReport {
    /// The frame that the step belongs to: 1 for the first.
    pub frame: u64,
    /// Polls of scripts in this step.
    pub polled: u64,
    /// Wakes that put a script into a ready queue: by wakers, timers, signals, ended scripts. The release
    /// of those that waited for the next frame isn't a wake.
    pub woken: u64,
    /// Scripts spawned.
    pub spawned: u64,
    /// Scripts that ended with their output.
    pub completed: u64,
    /// Scripts that were cancelled.
    pub cancelled: u64,
    /// Panics: in polls, and in destructors of futures, outputs and payloads.
    pub panicked: u64,
    /// Scripts that have not ended.
    pub live: u64,
    /// Scripts put off to the next step by a cap on polls.
    pub put_off: u64,
}

/// Why a script stands in [`Executor::incidents`](crate::Executor::incidents).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IncidentKind {
    /// It panicked, or a destructor of its future, output or panic payload did.
    Panicked,
    /// It was polled as often in one step as a cap allows, and was put off to the next.
    PutOff,
    /// It waits for a step of a lane that has never been stepped, while frames pass.
    LaneNotStepped,
    /// It was handed in by an [`Injector`](crate::Injector), and a limit kept it from being started.
    Refused,
}

/// One script that needs attention, with all that is needed to find it in the source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Incident {
    /// What happened.
    pub kind: IncidentKind,
    /// The script; it may have ended. For what was handed in and is no script, a key that finds nothing.
    pub task: TaskId,
    /// Its name: the one it was given, or else the type of its future.
    pub name: String,
    /// Where it was spawned, or handed in.
    pub spawned_at: &'static Location<'static>,
    /// Where the wait was written that it went on from, or waits at: the last of this crate's, where it has awaited
    /// others since; `None` before the first.
    pub waited_at: Option<&'static Location<'static>>,
    /// What a person should know: the panic's message, or which cap was reached.
    pub message: String,
}

impl fmt::Display for Incident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            IncidentKind::Panicked => "panicked",
            IncidentKind::PutOff => "was put off to the next frame",
            IncidentKind::LaneNotStepped => "waits for a lane that nobody steps",
            IncidentKind::Refused => "wasn't started",
        };
        if self.task == NO_TASK {
            return write!(f, "`{}` (handed in at {}) {what}: {}", self.name, self.spawned_at, self.message);
        }
        write!(f, "script `{}` ({}, spawned at {}) {what}", self.name, self.task, self.spawned_at)?;
        if let Some(waited_at) = self.waited_at {
            write!(f, " after the wait at {waited_at}")?;
        }
        write!(f, ": {}", self.message)
    }
}
