//! Step 6: the ready queue, run to its end.
//!
//! The rule: first in, first out; a script that is queued twice is polled once; one that was polled too
//! often in this step, or that comes after the cap on the whole step, is put off, keeps its place among
//! those put off, and comes first in the lane's next step.
//!
//! How: the queue is taken in batches, each swapped out whole, so that what is woken meanwhile gathers
//! behind it without a borrow across a poll. The caller keeps the batch and the place in it, so that
//! the loop goes on behind a script that panicked.

use std::task::Context;

use super::core::{Core, NO_TASK, count};
use super::key::TaskId;
use super::lane::{LaneState, entry};
use super::report::IncidentKind;
use super::task::{Slot, flag};
use super::trace::Change;
use super::waker;

/// Where the loop is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    batch: Vec<u32>,
    at: usize,
    polled: u64,
}

impl Progress {
    pub(super) fn with_list(list: Vec<u32>) -> Self {
        Progress { batch: list, at: 0, polled: 0 }
    }

    pub(super) fn into_list(self) -> Vec<u32> {
        self.batch
    }
}

impl Core {
    /// Runs the lane's ready queue. May unwind with a script's panic; then it can be called again.
    pub(super) fn run(&self, lane: &LaneState, progress: &mut Progress) {
        self.drain();
        loop {
            while let Some(&entry) = progress.batch.get(progress.at) {
                if progress.polled >= self.frame_polls {
                    self.put_off_rest(lane, progress);
                    return;
                }
                progress.at += 1;
                if let Some((slot, key)) = self.claim(lane, entry) {
                    progress.polled += 1;
                    self.poll(slot, key);
                }
            }
            progress.batch.clear();
            progress.at = 0;
            std::mem::swap(&mut *lane.ready.borrow_mut(), &mut progress.batch);
            if progress.batch.is_empty() {
                break;
            }
        }
        // ORDER: those put off come before whatever is woken from here on.
        std::mem::swap(&mut *lane.ready.borrow_mut(), &mut *lane.put_off.borrow_mut());
    }

    /// Takes an entry off the queue: the task to poll, unless the entry is stale or the task is put off.
    #[inline]
    fn claim(&self, lane: &LaneState, entry: u32) -> Option<(Slot<'_>, TaskId)> {
        if entry == entry::TOMBSTONE {
            return None;
        }
        let index = entry & entry::INDEX;
        let slot = self.storage.slot(index);
        let header = slot.header;
        let flags = header.flags.get();
        let released = flags & flag::NEXT != 0 && (flags & flag::NEXT_ODD != 0) == lane.released_is_odd();
        let valid = if entry & entry::FROM_NEXT != 0 { released } else { flags & flag::QUEUED != 0 };
        if !header.state().is_live() || !valid {
            self.discard(slot, entry, released);
            return None;
        }
        let mut done = flag::QUEUED | flag::OUTER;
        if released {
            done |= flag::NEXT | flag::NEXT_ODD | flag::NEXT_MORE;
        }
        header.flags.set(flags & !done);
        let serial = self.step_serial.get();
        if header.last_step.get() == serial {
            let polls = self.polls_in_step(slot);
            if polls >= self.script_polls {
                self.put_off_one(lane, slot, index);
                return None;
            }
            slot.cold.again_step.set(serial);
            slot.cold.again.set(polls);
        } else {
            header.last_step.set(serial);
        }
        Some((slot, TaskId::new(self.number(), index, header.generation.get())))
    }

    #[inline]
    fn poll(&self, slot: Slot<'_>, key: TaskId) {
        count(&self.counts.polled);
        self.trace.record_with(Change::Polled, || slot.cold.number.get());
        slot.header.polls.set(slot.header.polls.get().saturating_add(1));
        slot.header.wait.set(super::inspect::WaitKind::Unknown);
        self.current.set(key);
        let waker = waker::for_task(key);
        let ready = slot.poll(&mut Context::from_waker(&waker));
        self.current.set(NO_TASK);
        if ready {
            self.ended(key.index(), slot, Change::Completed);
        } else if slot.header.has(flag::CANCEL) {
            slot.cancelled();
            self.ended(key.index(), slot, Change::Cancelled);
        }
        self.drain();
    }

    /// Forgets an entry that polls nothing.
    #[cold]
    fn discard(&self, slot: Slot<'_>, entry: u32, released: bool) {
        if slot.header.state().is_live() {
            return;
        }
        let index = entry & entry::INDEX;
        if entry & entry::FROM_NEXT == 0 {
            slot.header.clear(flag::QUEUED);
        } else if released {
            // Only a wait that was leaked still stands here.
            self.forget_next(index);
        }
        self.settle(index);
    }

    #[cold]
    fn put_off_one(&self, lane: &LaneState, slot: Slot<'_>, index: u32) {
        slot.header.set(flag::QUEUED);
        lane.put_off.borrow_mut().push(index);
        let message = format!("it was polled {} times in this step, the cap for one script", self.script_polls);
        self.note_put_off(slot, index, message);
    }

    fn note_put_off(&self, slot: Slot<'_>, index: u32, message: String) {
        count(&self.counts.put_off);
        self.trace.record(Change::PutOff, slot.cold.number.get());
        self.incident(IncidentKind::PutOff, index, message);
    }

    /// Puts off everything that is left, in order, behind those that were put off one by one.
    #[cold]
    fn put_off_rest(&self, lane: &LaneState, progress: &mut Progress) {
        let mut rest = progress.batch.split_off(progress.at);
        progress.batch.clear();
        progress.at = 0;
        rest.append(&mut lane.ready.borrow_mut());
        let mut put_off = std::mem::take(&mut *lane.put_off.borrow_mut());
        let mut first = true;
        for entry in rest {
            if entry == entry::TOMBSTONE {
                continue;
            }
            let index = entry & entry::INDEX;
            let slot = self.storage.slot(index);
            let flags = slot.header.flags.get();
            let released = flags & flag::NEXT != 0 && (flags & flag::NEXT_ODD != 0) == lane.released_is_odd();
            let from_next = entry & entry::FROM_NEXT != 0;
            if !slot.header.state().is_live() || (from_next && !released) {
                self.discard(slot, entry, released);
                continue;
            }
            if released {
                slot.header.clear(flag::NEXT | flag::NEXT_ODD | flag::NEXT_MORE);
            }
            slot.header.set(flag::QUEUED);
            put_off.push(index);
            // One stands for all of them in the incidents: the step as a whole was too long.
            if std::mem::take(&mut first) {
                let message = format!(
                    "{} polls in this step, the cap for all scripts; others were put off with it",
                    self.frame_polls
                );
                self.note_put_off(slot, index, message);
            } else {
                count(&self.counts.put_off);
                self.trace.record(Change::PutOff, slot.cold.number.get());
            }
        }
        *lane.ready.borrow_mut() = put_off;
    }
}
