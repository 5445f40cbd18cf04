//! Where the run of a step is: what it goes through, and the rows of it that stay for the next step.
//!
//! A step polls, in this order: what was woken before the release, the released list as a whole, and what is
//! woken meanwhile. The first and the last are the two ends of the ready queue; the list stands here.
//!
//! A script that was released and waits for the next release at once would be taken out of one list and
//! put into another, as the same entry. So a row of such scripts is left where it is and noted by its bounds
//! alone; it is copied to the next-step list as a whole when it ends, or when somebody looks at that list.
//! `list[row..at - 1]` is the row while the script at `at - 1` is being polled. A place in the next-step
//! list, by which a wait is taken back, follows from `at` by one addition as long as nothing else touches
//! that list.

use std::cell::{Cell, Ref, RefCell};

use super::queue::Queue;

#[derive(Debug)]
pub(crate) struct Batch {
    /// Entries at the front of the ready queue that come before the list.
    early: Cell<usize>,
    /// Borrowed, to be read, for as long as it is run; changed only when none of it is left.
    list: RefCell<Vec<u32>>,
    /// Entries of the list gone through, with the one whose script is being polled.
    at: Cell<usize>,
    /// Where the row begins.
    row: Cell<usize>,
    /// Added to `at` it is the place in the next-step list that the script being polled would have.
    base: Cell<u32>,
    /// Polls beside those of the list, and entries of the list that polled nothing.
    others: Cell<u64>,
    skipped: Cell<u64>,
}

impl Batch {
    pub(super) fn with_capacity(entries: usize) -> Self {
        Batch {
            early: Cell::new(0),
            list: RefCell::new(Vec::with_capacity(entries)),
            at: Cell::new(0),
            row: Cell::new(0),
            base: Cell::new(0),
            others: Cell::new(0),
            skipped: Cell::new(0),
        }
    }

    /// Takes over a next-step list, to be run behind what is in the ready queue by now.
    pub(super) fn release(&self, next: &Queue, early: usize) {
        self.early.set(early);
        let mut list = self.list.borrow_mut();
        *list = next.replace(std::mem::take(&mut *list));
    }

    /// Whether there is nothing in the list.
    pub(super) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Whether entries of the ready queue come before the list.
    #[inline]
    pub(super) fn has_early(&self) -> bool {
        self.early.get() > 0
    }

    /// Takes one off the count of what comes before the list; `false` when there is none left.
    pub(super) fn take_early(&self) -> bool {
        let early = self.early.get();
        self.early.set(early.saturating_sub(1));
        early > 0
    }

    /// The list, to be read; others may read it too.
    pub(super) fn list(&self) -> Ref<'_, Vec<u32>> {
        self.list.borrow()
    }

    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at.get()
    }

    #[inline]
    pub(super) fn set_at(&self, at: usize) {
        self.at.set(at);
    }

    /// Notes a poll of a script that isn't in the list.
    #[inline]
    pub(super) fn count_other(&self) {
        self.others.set(self.others.get() + 1);
    }

    /// Notes an entry of the list that polls nothing.
    pub(super) fn skip(&self) {
        self.skipped.set(self.skipped.get() + 1);
    }

    /// Polls of this step so far.
    #[inline]
    pub(super) fn polled(&self) -> u64 {
        self.others.get() + self.at.get() as u64 - self.skipped.get()
    }

    /// The place in the next-step list that the script being polled would have.
    #[inline]
    pub(super) fn place(&self) -> u32 {
        self.base.get().wrapping_add(self.at.get() as u32)
    }

    /// Begins a row with the next entry.
    #[inline]
    pub(super) fn begin_row(&self, next: &Queue) {
        self.row.set(self.at.get());
        // By the time a place is asked for, `at` is one on.
        self.base.set((next.len() as u32).wrapping_sub(self.at.get() as u32).wrapping_sub(1));
    }

    /// Polls one script that is no part of a row.
    #[inline]
    pub(super) fn begin_single(&self, next: &Queue) {
        self.row.set(usize::MAX);
        self.base.set((next.len() as u32).wrapping_sub(self.at.get() as u32));
    }

    /// Copies the row, which ends before `end`, to the next-step list. What comes next isn't of it.
    #[inline]
    pub(super) fn break_row(&self, next: &Queue, end: usize) {
        let row = self.row.replace(usize::MAX);
        if row < end {
            next.extend(&self.list.borrow()[row..end]);
        }
    }

    /// Lets go of the list, which has been gone through; what of it is a row goes on to the next step.
    pub(super) fn finish_list(&self, next: &Queue) {
        let mut list = self.list.borrow_mut();
        if self.row.get() == 0 && !list.is_empty() && next.is_empty() {
            // All of it: then the list itself moves on.
            *list = next.replace(std::mem::take(&mut *list));
        } else if self.row.get() < list.len() {
            next.extend(&list[self.row.get()..]);
        }
        list.clear();
        self.others.set(self.polled());
        self.skipped.set(0);
        self.at.set(0);
        self.row.set(usize::MAX);
    }

    /// The polls of the step that is done; the next begins at none.
    pub(super) fn take_polled(&self) -> u64 {
        let polled = self.polled();
        self.others.set(0);
        polled
    }
}
