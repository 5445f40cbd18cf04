//! The names of scripts, as lines and reports have them.
//!
//! The rule: a change names a script by its spawn number alone; what it is called, who owns it and where it was
//! spawned is looked up here, where each word is made once.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;

use super::line::{Line, Site, Who};
use crate::executor::{ChangeKind, Executor, TaskChange};

#[derive(Debug, Default)]
pub(crate) struct Names {
    scripts: BTreeMap<u64, Who>,
    lanes: BTreeMap<u64, Arc<str>>,
    /// By line, column and file: few sites share the first two.
    sites: BTreeMap<(u32, u32, &'static str), Site>,
    /// Scripts that have ended; they are forgotten when the frame is over.
    ended: Vec<u64>,
}

impl Names {
    /// Takes in the scripts that were spawned before anybody watched.
    pub(crate) fn learn(&mut self, executor: &Executor, owner: &mut dyn FnMut(u64) -> Option<Arc<str>>) {
        executor.for_each_task(|task| {
            let spawned_at = Some(self.site(task.spawned_at));
            let owner = owner(task.number).unwrap_or_default();
            let who = Who { number: task.number, name: task.name.into(), owner, spawned_at };
            self.scripts.insert(task.number, who);
        });
    }

    /// Takes in a script that was spawned, or named.
    pub(crate) fn take_in(&mut self, change: &TaskChange, owner: &mut dyn FnMut(u64) -> Option<Arc<str>>) {
        match change.kind {
            ChangeKind::Spawned => {
                let spawned_at = change.at.map(|at| self.site(at));
                let name = change.name.unwrap_or_default().into();
                let owner = owner(change.task).unwrap_or_default();
                self.scripts.insert(change.task, Who { number: change.task, name, owner, spawned_at });
            }
            ChangeKind::Named => {
                let number = change.task;
                let who = self.scripts.entry(number).or_insert_with(|| Who { number, ..Who::default() });
                who.name = change.name.unwrap_or_default().into();
            }
            ChangeKind::Completed | ChangeKind::Cancelled | ChangeKind::Panicked => self.ended.push(change.task),
            _ => {}
        }
    }

    /// The line of a change.
    pub(crate) fn line(&mut self, change: &TaskChange) -> Line {
        let who = match change.kind {
            ChangeKind::Step => {
                let name = self.lanes.entry(change.task).or_insert_with(|| change.name.unwrap_or_default().into());
                Who { number: change.task, name: name.clone(), ..Who::default() }
            }
            _ => self.scripts.get(&change.task).cloned().unwrap_or(Who { number: change.task, ..Who::default() }),
        };
        Line { kind: change.kind, who, cause: change.cause, at: change.at.map(|at| self.site(at)), value: change.value }
    }

    /// Forgets the scripts that ended in the frame that is over.
    pub(crate) fn end_frame(&mut self) {
        for number in self.ended.drain(..) {
            self.scripts.remove(&number);
        }
    }

    fn site(&mut self, at: &'static Location<'static>) -> Site {
        let key = (at.line(), at.column(), at.file());
        // One way to write a path, on whatever system it was compiled.
        self.sites.entry(key).or_insert_with(|| at.to_string().replace('\\', "/").into()).clone()
    }
}
