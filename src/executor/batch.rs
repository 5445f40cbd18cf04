//! The ready entries that are being run, and the rows of them that stay: scripts that wait for the next step again.
//!
//! The rule: a script that was released and waits for the next release at once would be taken out of one list
//! and put into another, as the same entry. A row of such scripts is left where it is and noted by its bounds
//! alone; it is copied to the next-step list as a whole when it ends, or when somebody looks at that list.
//!
//! How: `entries[row..at - 1]` is the row while the script at `at - 1` is being polled. A place in the
//! next-step list, by which a wait is taken back, follows from `at` by one addition as long as nothing else
//! touches that list.

use std::cell::{Cell, Ref, RefCell};

use super::queue::Queue;

#[derive(Debug)]
pub(crate) struct Batch {
    /// Borrowed, to be read, for as long as it is run; changed only when none of it is left.
    entries: RefCell<Vec<u32>>,
    /// Entries gone through, with the one whose script is being polled.
    at: Cell<usize>,
    /// Where the row begins.
    row: Cell<usize>,
    /// Added to `at` it is the place in the next-step list that the script being polled would have.
    base: Cell<u32>,
    /// Entries gone through in this step's earlier batches, and entries so far that polled nothing.
    before: Cell<u64>,
    skipped: Cell<u64>,
}

impl Batch {
    pub(super) fn with_capacity(entries: usize) -> Self {
        Batch {
            entries: RefCell::new(Vec::with_capacity(entries)),
            at: Cell::new(0),
            row: Cell::new(0),
            base: Cell::new(0),
            before: Cell::new(0),
            skipped: Cell::new(0),
        }
    }

    /// The entries, to be read; others may read them too.
    pub(super) fn entries(&self) -> Ref<'_, Vec<u32>> {
        self.entries.borrow()
    }

    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at.get()
    }

    #[inline]
    pub(super) fn set_at(&self, at: usize) {
        self.at.set(at);
    }

    /// Notes an entry that polls nothing.
    pub(super) fn skip(&self) {
        self.skipped.set(self.skipped.get() + 1);
    }

    /// Polls of this step so far.
    pub(super) fn polled(&self) -> u64 {
        self.before.get() + self.at.get() as u64 - self.skipped.get()
    }

    /// The place in the next-step list that the script being polled would have.
    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.base.get().wrapping_add(self.at.get() as u32)
    }

    /// Begins a row with the next entry.
    pub(super) fn begin_row(&self, next: &Queue) {
        self.row.set(self.at.get());
        // By the time a place is asked for, `at` is one on.
        self.base.set((next.len() as u32).wrapping_sub(self.at.get() as u32).wrapping_sub(1));
    }

    /// Copies the row, which ends before `end`, to the next-step list. What comes next isn't of it.
    pub(super) fn break_row(&self, next: &Queue, end: usize) {
        let row = self.row.replace(usize::MAX);
        if row < end {
            next.extend(&self.entries.borrow()[row..end]);
        }
    }

    /// Takes the next batch out of `ready`; `false` when there is none, and then the step's counts begin anew.
    pub(super) fn refill(&self, ready: &Queue, next: &Queue) -> bool {
        let mut entries = self.entries.borrow_mut();
        if self.row.get() == 0 && !entries.is_empty() && next.is_empty() {
            // All of it is one row: then the list itself moves on.
            *entries = next.replace(std::mem::take(&mut *entries));
        } else if self.row.get() < entries.len() {
            next.extend(&entries[self.row.get()..]);
        }
        self.before.set(self.before.get() + self.at.replace(0) as u64);
        self.row.set(0);
        entries.clear();
        *entries = ready.replace(std::mem::take(&mut *entries));
        !entries.is_empty()
    }

    /// Takes out what is left, and counts the step as done.
    pub(super) fn take_rest(&self) -> Vec<u32> {
        let mut entries = self.entries.borrow_mut();
        let rest = entries.split_off(self.at.get());
        entries.clear();
        rest
    }

    /// The polls of the step that is done; the next begins at none.
    pub(super) fn take_polled(&self) -> u64 {
        let polled = self.polled();
        self.at.set(0);
        self.row.set(0);
        self.before.set(0);
        self.skipped.set(0);
        polled
    }
}
