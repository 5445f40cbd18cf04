//! Step 6: the ready queue, run to its end.
//!
//! The rule: first in, first out; a script that is queued twice is polled once; one that was polled too
//! often in this step, or that comes after the cap on the whole step, is put off, keeps its place among
//! those put off, and comes first in the lane's next step.
//!
//! How: the queue is taken in batches, each swapped out whole, so that what is woken meanwhile gathers
//! behind it without a borrow across a poll. The caller keeps the batch and the place in it, so that
//! the loop goes on behind a script that panicked.

use std::ptr;
use std::task::Context;

use super::core::{Core, count};
use super::key::{NO_TASK, TaskId};
use super::lane::{LaneState, entry};
use super::report::IncidentKind;
use super::storage::{ChunkView, PLACE_BITS};
use super::task::{Begun, Granted, Slot, flag};
use super::trace::Change;
use super::waker;
use super::word::NextMark;

/// The flags that a script has all told that step 4 released and that nothing else woke.
const RELEASE: u8 = flag::NEXT_BOTH | flag::NEXT_MORE | flag::QUEUED;

/// Where the loop is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    batch: Vec<u32>,
    at: usize,
    /// Entries gone through in earlier batches, and entries so far that polled nothing.
    before: u64,
    skipped: u64,
}

impl Progress {
    pub(super) fn with_list(list: Vec<u32>) -> Self {
        Progress { batch: list, ..Progress::default() }
    }

    pub(super) fn polled(&self) -> u64 {
        self.before + self.at as u64 - self.skipped
    }

    /// The list, empty.
    pub(super) fn into_list(mut self) -> Vec<u32> {
        self.batch.clear();
        self.batch
    }
}

impl Core {
    /// Runs the lane's ready queue. May unwind with a script's panic; then it can be called again.
    pub(super) fn run(&self, lane: &LaneState, progress: &mut Progress) {
        self.drain();
        loop {
            let room = self.frame_polls - progress.polled();
            let end = progress.batch.len().min(progress.at.saturating_add(usize::try_from(room).unwrap_or(usize::MAX)));
            self.run_batch(lane, progress, end);
            if progress.at < progress.batch.len() {
                if progress.polled() >= self.frame_polls {
                    self.put_off_rest(lane, progress);
                    return;
                }
                continue;
            }
            progress.before += progress.at as u64;
            progress.at = 0;
            let mut empty = std::mem::take(&mut progress.batch);
            empty.clear();
            progress.batch = lane.ready.replace(empty);
            if progress.batch.is_empty() {
                break;
            }
        }
        // ORDER: those put off come before whatever is woken from here on.
        lane.ready.append(&lane.put_off);
    }

    /// Polls the batch's tasks up to `end`.
    fn run_batch(&self, lane: &LaneState, progress: &mut Progress, end: usize) {
        let released = flag::next_of(lane.released.get());
        while progress.at < end {
            let entry = progress.batch[progress.at];
            if entry & entry::FROM_NEXT != 0 && !self.trace.is_on() {
                let before = progress.at;
                if let Some(chunk) = self.storage.chunk(entry & entry::INDEX) {
                    self.run_released(chunk, &progress.batch[..end], &mut progress.at, released);
                }
                if progress.at != before {
                    continue;
                }
            }
            progress.at += 1;
            match self.begin(lane, entry, released) {
                Some(begun) => self.poll(begun, entry & entry::INDEX),
                None => progress.skipped += 1,
            }
        }
    }

    /// Polls those of a row of entries, from `at` on, that step 4 released, that nothing else woke, and that
    /// lie in one chunk, as scripts do that were spawned in a row: the loop in which a resume's time is
    /// spent. Stops before the first entry that isn't such a one, and after one that ends.
    #[inline(never)]
    fn run_released(&self, chunk: ChunkView<'_>, batch: &[u32], at: &mut usize, released: u8) {
        let serial = self.step_serial.get();
        let next = NextMark::new(self.next_flags_now.get());
        let number = self.number();
        let mut waker = waker::for_task(NO_TASK);
        self.own_waker.set(&*waker);
        let mut place = *at;
        let high = batch[place] >> PLACE_BITS;
        while let Some(&entry) = batch.get(place)
            && entry >> PLACE_BITS == high
            && let Some(slot) = chunk.slot(entry)
            && let Some(begun) = slot.begin(RELEASE, released)
        {
            place += 1;
            *at = place;
            let header = begun.slot.header;
            // Its first poll in this step, or an entry of another wake would have come before.
            header.last_step.set(serial);
            header.polls.set(header.polls.get().wrapping_add(1));
            let index = entry & entry::INDEX;
            let key = TaskId::new(number, index, begun.generation);
            self.running.set(key);
            waker = waker::for_task(key);
            let (ready, granted) = begun.poll(&mut Context::from_waker(&waker), &self.wish, next);
            if granted != Granted::Nothing {
                self.grant(index, granted);
            }
            if ready || self.has_ends.get() {
                self.end_of_poll(key, ready);
                break;
            }
        }
        self.own_waker.set(ptr::null());
        self.running.set(NO_TASK);
    }

    /// Polls one task.
    #[inline(never)]
    fn poll(&self, begun: Begun<'_>, index: u32) {
        if self.trace.is_on() {
            self.trace.record(Change::Polled, begun.slot.cold().number.get());
        }
        let header = begun.slot.header;
        header.polls.set(header.polls.get().wrapping_add(1));
        let key = TaskId::new(self.number(), index, begun.generation);
        let waker = waker::for_task(key);
        self.own_waker.set(&*waker);
        self.running.set(key);
        let (ready, granted) =
            begun.poll(&mut Context::from_waker(&waker), &self.wish, NextMark::new(self.next_flags_now.get()));
        if granted != Granted::Nothing {
            self.grant(index, granted);
        }
        self.own_waker.set(ptr::null());
        self.running.set(NO_TASK);
        if ready || self.has_ends.get() {
            self.end_of_poll(key, ready);
        }
    }

    /// Begins the poll of the task that an entry names; none when the entry is stale, or the task is put
    /// off.
    #[inline(never)]
    fn begin(&self, lane: &LaneState, entry: u32, released: u8) -> Option<Begun<'_>> {
        if entry == entry::TOMBSTONE {
            return None;
        }
        let index = entry & entry::INDEX;
        let slot = self.storage.slot(index);
        let flags = slot.header.flags();
        let is_released = flags & flag::NEXT_BOTH == released;
        let is_named = if entry & entry::FROM_NEXT != 0 { is_released } else { flags & flag::QUEUED != 0 };
        if !is_named || !slot.header.state().is_live() {
            self.discard(index, entry, is_released);
            return None;
        }
        let done = if is_released { flag::NEXT_BOTH | flag::NEXT_MORE } else { 0 };
        slot.header.clear(done | flag::QUEUED);
        let serial = self.step_serial.get();
        if slot.header.last_step.replace(serial) == serial && !self.may_poll_again(lane, index) {
            return None;
        }
        slot.begin(0, 0)
    }

    /// Ends a task whose poll was its last, and carries out all ends of that poll.
    #[inline(never)]
    fn end_of_poll(&self, key: TaskId, ready: bool) {
        self.own_waker.set(ptr::null());
        self.running.set(NO_TASK);
        let slot = self.storage.slot(key.index());
        if ready {
            self.ended(key.index(), slot, Change::Completed);
        } else if slot.header.has(flag::CANCEL) {
            slot.cancelled();
            self.ended(key.index(), slot, Change::Cancelled);
        }
        self.drain();
    }

    /// Counts another poll of a task in the same step, or puts it off.
    #[cold]
    fn may_poll_again(&self, lane: &LaneState, index: u32) -> bool {
        let slot = self.storage.slot(index);
        let polls = self.polls_in_step(slot);
        if polls >= self.script_polls {
            slot.header.set(flag::QUEUED);
            lane.put_off.push(index);
            let message = format!("it was polled {} times in this step, the cap for one script", self.script_polls);
            self.note_put_off(slot, index, message);
            return false;
        }
        slot.cold().again_step.set(self.step_serial.get());
        slot.cold().again.set(polls);
        true
    }

    /// Forgets an entry that polls nothing.
    #[cold]
    fn discard(&self, index: u32, entry: u32, released: bool) {
        let slot = self.storage.slot(index);
        if slot.header.state().is_live() {
            return;
        }
        if entry & entry::FROM_NEXT == 0 {
            slot.header.clear(flag::QUEUED);
        } else if released {
            // Only a wait that was leaked still stands here.
            self.forget_next(index);
        }
        self.settle(index);
    }

    fn note_put_off(&self, slot: Slot<'_>, index: u32, message: String) {
        count(&self.counts.put_off);
        self.trace.record(Change::PutOff, slot.cold().number.get());
        self.incident(IncidentKind::PutOff, index, message);
    }

    /// Puts off everything that is left, in order, behind those that were put off one by one.
    #[cold]
    fn put_off_rest(&self, lane: &LaneState, progress: &mut Progress) {
        let mut rest = progress.batch.split_off(progress.at);
        rest.append(&mut lane.ready.take());
        let mut put_off = lane.put_off.take();
        let mut first = true;
        for entry in rest {
            if entry == entry::TOMBSTONE {
                continue;
            }
            let index = entry & entry::INDEX;
            let slot = self.storage.slot(index);
            let flags = slot.header.flags();
            let released = lane.has_released(flags);
            let from_next = entry & entry::FROM_NEXT != 0;
            if !slot.header.state().is_live() || (from_next && !released) {
                self.discard(index, entry, released);
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
                self.trace.record(Change::PutOff, slot.cold().number.get());
            }
        }
        lane.ready.replace(put_off);
    }
}
