//! A log of words: what happened, said as it happens, and compared whole.
//!
//! The rule: a word stands beside the frame in which it was said, which is the one that the test steps, or stepped
//! last. The handle is `Send`, as a `Script`'s closure must be.

use std::fmt::{self, Display, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A log of words, shared by the test and all who say them; a clone is the same log.
///
/// ```
/// use framestep::next_frame;
/// use framestep::testing::ExecutorTest;
///
/// let mut test = ExecutorTest::new();
/// let log = test.log();
/// test.spawn(async move {
///     log.say("knock");
///     log.say("knock");
///     next_frame().await;
///     log.say(format_args!("{} guests", 3));
/// });
/// test.step(2);
/// assert_eq!(test.words(), "1: knock knock; 2: 3 guests");
/// ```
#[derive(Clone, Default)]
pub struct Words(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    frame: u64,
    said: Vec<(u64, String)>,
}

impl Words {
    /// A log without a test; its frame stays 0.
    #[must_use]
    pub fn new() -> Self {
        Words::default()
    }

    /// Adds a word.
    pub fn say(&self, word: impl Display) {
        // Before the lock: what is displayed may itself say something.
        let word = word.to_string();
        let mut state = self.lock();
        let frame = state.frame;
        state.said.push((frame, word));
    }

    /// All words since the last call, by frame: `"1: knock open; 4: shut"`; frame 0 is what came before the first.
    #[must_use = "the words are taken out of the log"]
    pub fn take(&self) -> String {
        let said = std::mem::take(&mut self.lock().said);
        let mut text = String::new();
        let mut last = None;
        for (frame, word) in said {
            if last == Some(frame) {
                text.push(' ');
            } else {
                let between = if last.is_some() { "; " } else { "" };
                write!(text, "{between}{frame}: ").expect("a string takes it");
                last = Some(frame);
            }
            text.push_str(&word);
        }
        text
    }

    /// All words since the last call, without frames: `"knock open shut"`.
    #[must_use = "the words are taken out of the log"]
    pub fn take_plain(&self) -> String {
        let said = std::mem::take(&mut self.lock().said);
        said.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn set_frame(&self, frame: u64) {
        self.lock().frame = frame;
    }

    /// The lock guards plain data that is whole between any two statements; no user code runs under it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.lock().said).finish()
    }
}
