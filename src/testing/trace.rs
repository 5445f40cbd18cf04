//! What happened to scripts since a test began, in words: a line a change.
//!
//! The rule: a line holds nothing that changes when other code is edited, so no files, lines, addresses and keys. Scripts
//! stand in it by name and spawn number.
//!
//! Wakes have no line of their own: a poll says who brought it about.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::executor::{Cause, ChangeKind, Executor, TaskChange};

/// As many changes are kept at most: for longer runs there are recordings.
const KEPT: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct History {
    is_on: bool,
    /// The frame before the first change.
    begin: u64,
    changes: Vec<TaskChange>,
    /// More changed than is kept.
    is_cut: bool,
    /// The frame of each script's last poll, by spawn number.
    polled: BTreeMap<u64, u64>,
}

impl History {
    /// Listens to an executor from here on, if it keeps its trace.
    pub(super) fn of(executor: &Executor) -> Self {
        let is_on = executor.is_traced();
        if is_on {
            executor.log_changes(true);
        }
        History { is_on, begin: executor.frame(), changes: Vec::new(), is_cut: false, polled: BTreeMap::new() }
    }

    /// Takes in what happened up to the end of the frame that was just played.
    pub(super) fn note(&mut self, executor: &Executor) {
        if !self.is_on {
            return;
        }
        let from = self.changes.len();
        executor.take_changes(&mut self.changes);
        for change in &self.changes[from..] {
            if change.kind == ChangeKind::Polled {
                self.polled.insert(change.task, executor.frame());
            }
        }
        if self.changes.len() > KEPT {
            self.changes.truncate(KEPT);
            self.is_cut = true;
        }
    }

    /// The frame in which a script was polled last.
    pub(super) fn polled_in(&self, number: u64) -> Option<u64> {
        self.polled.get(&number).copied()
    }

    /// All of it, a line a change.
    ///
    /// # Panics
    /// When it isn't kept.
    #[track_caller]
    pub(super) fn to_text(&self) -> String {
        assert!(self.is_on, "this executor keeps no trace: build it with `Builder::trace(true)`");
        assert!(!self.is_cut, "more than {KEPT} changes are no text to compare: play fewer frames, or record the run");
        let mut names = BTreeMap::new();
        for change in &self.changes {
            let name = change.name.filter(|_| change.kind != ChangeKind::Step).map(short);
            match (change.kind, name) {
                // The name that a script is given behind its spawn stands in that line, too.
                (ChangeKind::Named, Some(name)) => names.insert(change.task, name),
                (_, Some(name)) => Some(names.entry(change.task).or_insert(name).clone()),
                (_, None) => None,
            };
        }
        let who = |number: u64| match names.get(&number) {
            Some(name) => format!("{name}#{number}"),
            None => format!("#{number}"),
        };
        let (mut frame, mut lane) = (self.begin, "main".to_owned());
        let mut text = String::new();
        for change in &self.changes {
            let what = match change.kind {
                ChangeKind::Step => {
                    frame += u64::from(change.task == 0);
                    lane = change.name.map_or_else(|| change.task.to_string(), short);
                    continue;
                }
                ChangeKind::Woken | ChangeKind::Named => continue,
                ChangeKind::Spawned => "spawned",
                ChangeKind::Polled => "polled",
                ChangeKind::Completed => "completed",
                ChangeKind::Cancelled => "cancelled",
                ChangeKind::Panicked => "panicked",
                ChangeKind::PutOff => "put off to the next step",
                ChangeKind::Held => "held",
                ChangeKind::LetGo => "let go",
                ChangeKind::Drew => "drew",
            };
            let is_between = change.cause == Cause::Game && change.kind != ChangeKind::Polled;
            let place = if is_between { "game" } else { &lane };
            // 0 is the executor's own stream.
            let subject = if change.task == 0 { "executor".to_owned() } else { who(change.task) };
            write!(text, "frame {frame} {place}: {subject} {what}").expect("a string takes it");
            if change.kind == ChangeKind::Drew {
                write!(text, " {:#018x}", change.value).expect("a string takes it");
            }
            match change.cause {
                Cause::Game if is_between => {}
                Cause::Script(number) if number == change.task => {}
                Cause::Game => text.push_str(", by the game"),
                Cause::Script(number) => write!(text, ", by {}", who(number)).expect("a string takes it"),
                Cause::Timer => text.push_str(", by a timer"),
                Cause::Release => text.push_str(", by the step"),
                Cause::Check => text.push_str(", by a check"),
                Cause::Outside => text.push_str(", from outside"),
            }
            text.push('\n');
        }
        text
    }
}

/// The last part of a type's name that says something; a name that was given stays as it is.
fn short(name: &str) -> String {
    let name = name.split('<').next().unwrap_or(name);
    let mut parts = name.rsplit("::").filter(|part| !part.starts_with('{') && !part.is_empty());
    parts.next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_types_name_is_cut_to_what_says_something() {
        assert_eq!(short("door"), "door");
        assert_eq!(short("the boss's drums"), "the boss's drums");
        assert_eq!(short("game::doors::slide::{{closure}}::{{closure}}"), "slide");
        assert_eq!(short("framestep::time::timeout::Timeout<framestep::Sleep>"), "Timeout");
    }
}
