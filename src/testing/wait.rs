//! What a script waits for, asserted, and told in words where that fails.

use std::fmt::Write;
use std::panic::Location;

use super::trace::History;
use crate::executor::{Due, Executor, TaskId, TaskInfo, TaskState, WaitInfo, WaitKind};

/// A script that waits for what was expected; asks further. Each question panics, with all that is known of the wait,
/// when the answer is another one.
///
/// ```
/// use framestep::testing::ExecutorTest;
/// use framestep::{Due, WaitKind, frames};
///
/// let mut test = ExecutorTest::new();
/// let door = test.spawn(frames(3));
/// test.step(1);
/// test.assert_waits(&door, WaitKind::Frames).due(Due::Frames(3));
/// ```
#[derive(Clone, Debug)]
pub struct Parked {
    wait: WaitInfo,
    /// The script and its wait in words.
    told: String,
}

impl Parked {
    /// Exactly this much is left to wait.
    #[track_caller]
    pub fn due(self, due: Due) -> Self {
        assert!(self.wait.due == Some(due), "expected a wait that is due {}; but {}", due_in_words(due), self.told);
        self
    }

    /// The wait, or the outermost `race`, `join`, `timeout` or `until` around it, was written at a place whose
    /// `file:line:column` holds `place`: `"door.rs"`, `"door.rs:33"`.
    #[track_caller]
    pub fn at(self, place: &str) -> Self {
        let places = [self.wait.at, self.wait.outer];
        let is_there = places.iter().flatten().any(|at| is_at(at, place));
        assert!(is_there, "expected a wait that was written at {place}; but {}", self.told);
        self
    }

    /// What is known of the wait.
    #[must_use]
    pub fn info(&self) -> WaitInfo {
        self.wait
    }

    /// Of a script that waits as expected; else an explanation.
    pub(super) fn of(executor: &Executor, history: &History, task: TaskId, kind: WaitKind) -> Result<Parked, String> {
        let told = describe(executor, history, task);
        match executor.task_info(task).and_then(|info| info.wait) {
            Some(wait) if wait.kind == kind => Ok(Parked { wait, told }),
            _ => Err(format!("expected a script that waits for {kind:?}; but {told}")),
        }
    }
}

/// Whether `place` ends where a number does, so that `door.rs:3` isn't found in `door.rs:33`.
fn is_at(at: &Location<'_>, place: &str) -> bool {
    let at = at.to_string().replace('\\', "/");
    at.match_indices(place).any(|(start, _)| {
        let next = at[start + place.len()..].chars().next();
        !(place.ends_with(|last: char| last.is_ascii_digit()) && next.is_some_and(|next| next.is_ascii_digit()))
    })
}

fn due_in_words(due: Due) -> String {
    match due {
        Due::Frames(1) => "in 1 frame".to_owned(),
        Due::Frames(frames) => format!("in {frames} frames"),
        Due::Time(time) => format!("in {time:?}"),
    }
}

/// What a script is doing, in a sentence.
pub(super) fn describe(executor: &Executor, history: &History, task: TaskId) -> String {
    match executor.task_info(task) {
        Some(info) => describe_info(&info, history),
        None => "the script has ended".to_owned(),
    }
}

fn describe_info(info: &TaskInfo, history: &History) -> String {
    let mut text = format!(
        "script `{}` (number {}, spawned at {}, polled {} times) ",
        info.name, info.number, info.spawned_at, info.polls
    );
    let put = |text: &mut String, more: &str| text.push_str(more);
    match info.state {
        TaskState::Ready if info.polls == 0 => put(&mut text, "hasn't been polled yet: step its lane first"),
        TaskState::Ready => put(&mut text, "waits for nothing: it is resumed in the next step"),
        TaskState::Running => put(&mut text, "is running"),
        TaskState::Held => put(&mut text, "is held"),
        TaskState::Waiting => {}
    }
    let Some(wait) = info.wait else { return text };
    let and = if info.state == TaskState::Held { ", and " } else { "" };
    write!(text, "{and}waits for {:?}", wait.kind).expect("a string takes it");
    if let Some(due) = wait.due {
        put(&mut text, ", due ");
        put(&mut text, &due_in_words(due));
    }
    if let Some(frame) = history.polled_in(info.number) {
        write!(text, ", since frame {frame}").expect("a string takes it");
    }
    match wait.at {
        Some(at) => write!(text, ", at {at}").expect("a string takes it"),
        None => put(&mut text, ", at a place that is another crate's"),
    }
    if let Some(outer) = wait.outer.filter(|outer| Some(*outer) != wait.at) {
        write!(text, " within the combinator at {outer}").expect("a string takes it");
    }
    text
}

/// What all scripts are doing, a line each.
pub(super) fn describe_all(executor: &Executor, history: &History) -> String {
    let mut text = String::new();
    executor.for_each_task(|info| {
        text.push_str("\n  ");
        text.push_str(&describe_info(info, history));
    });
    if text.is_empty() { "\n  no script is left".to_owned() } else { text }
}
