//! A test of scripts on an executor alone.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use super::failures::{Failures, assert_text};
use super::golden::assert_golden;
use super::trace::History;
use super::wait::{Parked, describe, describe_all};
use super::words::Words;
use crate::executor::{Executor, FrameReport, Lane, TaskId, WaitKind};

/// An executor, a log of words, and questions to scripts. It derefs to its [`Executor`]: spawn on it, and look at it.
///
/// At its end it panics when a script has panicked, was put off or couldn't be started, unless
/// [`assert_failed`](Self::assert_failed) or [`take_failures`](Self::take_failures) has taken that.
///
/// ```
/// use std::time::Duration;
///
/// use framestep::testing::ExecutorTest;
/// use framestep::{WaitKind, sleep};
///
/// let mut test = ExecutorTest::new();
/// let log = test.log();
/// let door = test.spawn(async move {
///     sleep(Duration::from_secs(2)).await;
///     log.say("open");
/// });
/// test.step(1);
/// test.assert_waits(&door, WaitKind::Sleep);
/// test.advance(Duration::from_secs(2));
/// test.assert_ended(&door);
/// assert_eq!(test.words(), "121: open");
/// ```
#[derive(Debug)]
pub struct ExecutorTest {
    executor: Executor,
    words: Words,
    failures: Failures<TaskId>,
    history: History,
}

impl Default for ExecutorTest {
    fn default() -> Self {
        Self::new()
    }
}

impl ExecutorTest {
    /// A test with an executor of its own, seed 0, that keeps its trace.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Executor::builder().trace(true).build())
    }

    /// A test of this executor.
    #[must_use]
    pub fn of(executor: Executor) -> Self {
        let words = Words::new();
        words.set_frame(executor.frame());
        let history = History::of(&executor);
        ExecutorTest { executor, words, failures: Failures::default(), history }
    }

    /// The log of words, for scripts to say something.
    #[must_use]
    pub fn log(&self) -> Words {
        self.words.clone()
    }

    /// The words since the last call; see [`Words::take`].
    #[must_use = "the words are taken out of the log"]
    pub fn words(&self) -> String {
        self.words.take()
    }

    /// Plays this many frames of the executor's own length, and gives the report of the last.
    pub fn step(&mut self, frames: u64) -> FrameReport {
        (0..frames).fold(FrameReport::default(), |_, _| self.frame(None))
    }

    /// Plays one frame of this length.
    pub fn step_by(&mut self, length: Duration) -> FrameReport {
        self.frame(Some(length))
    }

    /// Plays one frame, as [`step`](Self::step) does.
    pub fn poll_once(&mut self) -> FrameReport {
        self.frame(None)
    }

    /// Plays one frame of this length, as [`step_by`](Self::step_by) does.
    pub fn poll_once_with(&mut self, step: Duration) -> FrameReport {
        self.frame(Some(step))
    }

    /// Makes one step of a lane, of this length. That of the main lane is a frame.
    pub fn step_lane(&mut self, lane: Lane, step: Duration) -> FrameReport {
        if lane == self.executor.main_lane() {
            return self.frame(Some(step));
        }
        let report = self.executor.step_lane(lane, step);
        self.look();
        report
    }

    /// Plays frames of the executor's own length until its clock has come this much further, and gives their number.
    ///
    /// # Panics
    /// When a frame doesn't move the clock.
    #[track_caller]
    pub fn advance(&mut self, time: Duration) -> u64 {
        let clock = self.executor.clock();
        let goal = clock.now() + time;
        let mut frames = 0;
        while clock.now() < goal {
            let before = clock.now();
            self.frame(None);
            frames += 1;
            assert!(clock.now() > before, "a frame doesn't move the clock, so no number of frames is {time:?} long");
        }
        frames
    }

    /// Plays frames until `is_so`, and gives their number: 0 if it is so already.
    ///
    /// # Panics
    /// When it isn't so after `limit` frames; the message says what each script is doing.
    #[track_caller]
    pub fn until(&mut self, limit: u64, mut is_so: impl FnMut(&Executor) -> bool) -> u64 {
        for frames in 0..=limit {
            if is_so(&self.executor) {
                return frames;
            }
            if frames < limit {
                self.frame(None);
            }
        }
        panic!(
            "it isn't so after {limit} frames:{}{}",
            describe_all(&self.executor, &self.history),
            self.failures.listed()
        )
    }

    /// The script, given as its handle or its key, waits for this.
    ///
    /// # Panics
    /// When it doesn't; the message says what it does.
    #[track_caller]
    pub fn assert_waits(&self, script: impl Into<TaskId>, kind: WaitKind) -> Parked {
        match Parked::of(&self.executor, &self.history, script.into(), kind) {
            Ok(parked) => parked,
            Err(message) => panic!("{message}{}", self.failures.listed()),
        }
    }

    /// The script has ended, in whatever way but a panic.
    ///
    /// # Panics
    /// When it hasn't; the message says what it waits for, or how it failed.
    #[track_caller]
    pub fn assert_ended(&mut self, script: impl Into<TaskId>) {
        let script = script.into();
        let doing = describe(&self.executor, &self.history, script);
        assert!(self.executor.task_info(script).is_none(), "expected a script that has ended; but {doing}");
        if let Some(failure) = self.failures.take_one(|task| *task == script) {
            panic!("expected a script that has ended well; but {failure}");
        }
    }

    /// The script has panicked, or was put off, with a message that holds `text`: takes that failure, and gives it.
    ///
    /// # Panics
    /// When it hasn't.
    #[track_caller]
    pub fn assert_failed(&mut self, script: impl Into<TaskId>, text: &str) -> String {
        let script = script.into();
        let failure = self.failures.take_one(|task| *task == script);
        assert_text(failure, text, || describe(&self.executor, &self.history, script))
    }

    /// Takes all failures that weren't taken yet, in order.
    pub fn take_failures(&mut self) -> Vec<String> {
        self.failures.take_all()
    }

    /// All that happened to scripts since the test began, a line a change.
    ///
    /// # Panics
    /// When the executor was built without [`Builder::trace`](crate::Builder::trace), and past a million changes.
    #[track_caller]
    pub fn trace(&mut self) -> String {
        self.history.note(&self.executor);
        self.history.to_text()
    }

    /// Compares [`trace`](Self::trace) with a golden file, as [`assert_golden`] does.
    ///
    /// # Panics
    /// With the first difference; when the file can't be read; and as `trace` does.
    #[track_caller]
    pub fn assert_trace(&mut self, path: impl AsRef<Path>) {
        let trace = self.trace();
        assert_golden(path, &trace);
    }

    fn frame(&mut self, length: Option<Duration>) -> FrameReport {
        self.words.set_frame(self.executor.frame() + 1);
        let report = match length {
            Some(length) => self.executor.poll_once_with(length),
            None => self.executor.poll_once(),
        };
        self.look();
        report
    }

    /// Takes down what happened in the step that was just made, and what went wrong in it.
    fn look(&mut self) {
        self.history.note(&self.executor);
        for incident in self.executor.incidents() {
            self.failures.add(incident.task, incident.to_string());
        }
    }
}

impl Deref for ExecutorTest {
    type Target = Executor;

    fn deref(&self) -> &Executor {
        &self.executor
    }
}

impl DerefMut for ExecutorTest {
    fn deref_mut(&mut self) -> &mut Executor {
        &mut self.executor
    }
}

impl Drop for ExecutorTest {
    fn drop(&mut self) {
        self.failures.settle();
    }
}
