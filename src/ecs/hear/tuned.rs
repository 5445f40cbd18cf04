//! An ear, as the wait holds it that it belongs to.
//!
//! The rule: the ear is open from its making on, and ends when this is dropped.

use std::panic::resume_unwind;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::super::stage::{self, StoreKey};
use super::column::{Ears, Entry};
use super::hub::{Key, Opened};
use crate::executor::WaitKind;

/// What the ears of a wait are opened at: it takes in what has come, and forgets those that end.
pub(super) trait Post {
    /// Takes in what was written by now; events come by themselves.
    fn pull(&self, store: StoreKey);
    /// An ear has ended.
    fn close(&self, key: Key, entry: Entry);
    /// What a script does that waits here.
    fn wait_kind(&self) -> WaitKind;
}

pub(super) struct Tuned<T> {
    ears: Arc<dyn Ears<T>>,
    post: Rc<dyn Post>,
    store: StoreKey,
    key: Key,
    entry: Entry,
}

impl<T> Tuned<T> {
    pub(super) fn new(store: StoreKey, post: Rc<dyn Post>, key: Key, opened: Opened<T>) -> Self {
        Tuned { ears: opened.ears, post, store, key, entry: opened.entry }
    }

    pub(super) fn ears(&self) -> &dyn Ears<T> {
        &*self.ears
    }

    pub(super) fn row(&self) -> u32 {
        self.entry.row
    }

    pub(super) fn wait_kind(&self) -> WaitKind {
        self.post.wait_kind()
    }

    pub(super) fn pull(&self) {
        self.post.pull(self.store);
    }

    /// The oldest that is kept; else has the next one wake whoever polls.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<T> {
        let (ears, row) = (&*self.ears, self.entry.row);
        if let Some(payload) = ears.take_panic(row) {
            resume_unwind(payload);
        }
        let next = ears.pop(row).or_else(|| {
            self.pull();
            ears.pop(row)
        });
        let next = next.or_else(|| {
            // Out of the world's reach nothing can have come, and nobody else begins to wait.
            let number = stage::access(self.store, |stage| stage.store().checks.arm()).unwrap_or(0);
            if !ears.arm(row, number, context.waker()) {
                return None;
            }
            if let Some(payload) = ears.take_panic(row) {
                resume_unwind(payload);
            }
            ears.pop(row)
        });
        let Some(next) = next else { return Poll::Pending };
        ears.disarm(row);
        Poll::Ready(next)
    }
}

impl<T> Drop for Tuned<T> {
    fn drop(&mut self) {
        self.ears.close(self.entry.row);
        self.post.close(self.key, self.entry);
    }
}
