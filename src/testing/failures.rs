//! Failures that a test has not taken yet.
//!
//! The rule: a failure that nobody takes fails the test, at its end; where the test fails for another reason it is
//! printed, since it may well be the cause.

use std::fmt::Debug;
use std::thread;

#[derive(Debug)]
pub(super) struct Failures<K> {
    list: Vec<(K, String)>,
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Failures { list: Vec::new() }
    }
}

impl<K> Failures<K> {
    pub(super) fn add(&mut self, key: K, text: String) {
        self.list.push((key, text));
    }

    /// Takes the first whose key is meant.
    pub(super) fn take_one(&mut self, is_meant: impl Fn(&K) -> bool) -> Option<String> {
        let at = self.list.iter().position(|(key, _)| is_meant(key))?;
        Some(self.list.remove(at).1)
    }

    pub(super) fn take_all(&mut self) -> Vec<String> {
        self.list.drain(..).map(|(_, text)| text).collect()
    }

    /// What failed, for the message of an assertion.
    pub(super) fn listed(&self) -> String {
        self.list.iter().map(|(_, text)| format!("\n  failed before: {text}")).collect()
    }

    /// At the end of the test.
    #[track_caller]
    pub(super) fn settle(&mut self) {
        let texts = self.take_all();
        if texts.is_empty() {
            return;
        }
        let texts = texts.join("\n  ");
        if thread::panicking() {
            eprintln!("scripts failed in this test:\n  {texts}");
        } else {
            panic!("scripts failed, and the test didn't take it (`assert_failed`, `take_failures`):\n  {texts}");
        }
    }
}

/// Checks the text of the failure of `who`.
#[track_caller]
pub(super) fn assert_text(failure: Option<String>, text: &str, otherwise: impl FnOnce() -> String) -> String {
    let Some(failure) = failure else {
        panic!("expected a script that failed with {text:?}; but {}", otherwise());
    };
    assert!(failure.contains(text), "expected a failure with {text:?}; but it says: {failure}");
    failure
}
