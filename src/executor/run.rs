//! Step 6: the ready queue, run to its end.
//!
//! The rule: first in, first out; a script that is queued twice is polled once; one that was polled too
//! often in this step, or that comes after the cap on the whole step, is put off, keeps its place among
//! those put off, and comes first in the lane's next step.
//!
//! How: the queue is taken in batches, each swapped out whole, so that what is woken meanwhile gathers
//! behind it (`batch`). Where the loop is stands in the core, so that it goes on behind a script that panicked.
//!
//! Most scripts of most frames were released by step 4 and wait for the next step again. For them a poll
//! is all that is done here: their flags are tested in one comparison and set in one store, and they stay
//! where they are in the list. Everything else is for `begin` and `finish`.

use std::ptr;
use std::task::{Context, Waker};

use super::core::{Core, count};
use super::inspect::WaitKind;
use super::lane::{LaneState, entry};
use super::report::IncidentKind;
use super::storage::{ChunkView, PLACE};
use super::task::{Begun, Pending, Slot, flag};
use super::trace::Change;
use super::waker;
use super::word::AtRest;

impl Core {
    /// Runs the lane's ready queue. May unwind with a script's panic; then it can be called again.
    pub(super) fn run(&self, lane: &LaneState) {
        self.drain();
        let waker = waker::lend(&self.running);
        loop {
            let entries = self.batch.entries();
            let room = usize::try_from(self.frame_polls - self.batch.polled()).unwrap_or(usize::MAX);
            let end = entries.len().min(self.batch.at().saturating_add(room));
            if self.trace.is_on() {
                self.run_batch::<true>(lane, &waker, &entries[..end]);
            } else {
                self.run_batch::<false>(lane, &waker, &entries[..end]);
            }
            let left = self.batch.at() < entries.len();
            drop(entries);
            if left {
                self.batch.break_row(&self.next_now, self.batch.at());
                if self.batch.polled() >= self.frame_polls {
                    self.put_off_rest(lane);
                    return;
                }
            } else if !self.batch.refill(&lane.ready, &self.next_now) {
                break;
            }
        }
        // ORDER: those put off come before whatever is woken from here on.
        lane.ready.append(&lane.put_off);
    }

    /// Polls the tasks of `entries`, from where the batch is at.
    fn run_batch<const TRACED: bool>(&self, lane: &LaneState, waker: &Waker, entries: &[u32]) {
        let at_rest = AtRest::new(flag::next_of(lane.released.get()));
        self.begin_row(waker);
        let mut context = Context::from_waker(waker);
        while let Some(&entry) = entries.get(self.batch.at()) {
            if entry & entry::FROM_NEXT != 0
                && let Some(chunk) = self.storage.chunk(entry & entry::INDEX)
            {
                let before = self.batch.at();
                self.run_row::<TRACED>(chunk, at_rest, waker, entries);
                if self.batch.at() != before {
                    continue;
                }
            }
            let at = self.batch.at();
            self.batch.break_row(&self.next_now, at);
            self.begin_row(waker);
            self.batch.set_at(at + 1);
            match self.begin(lane, entry) {
                Some(begun) => {
                    let pending = self.poll::<TRACED>(begun, entry & entry::INDEX, &mut context);
                    self.finish(pending);
                }
                None => self.batch.skip(),
            }
            // It may have another waker in it now.
            context = Context::from_waker(waker);
            self.begin_row(waker);
        }
        self.own_waker.set(ptr::null());
    }

    /// Lets the scripts from here on stay where they are.
    fn begin_row(&self, waker: &Waker) {
        self.own_waker.set(waker);
        self.batch.begin_row(&self.next_now);
    }

    /// Polls a row of entries, from where the batch is at, whose tasks are at rest and lie in one chunk, as
    /// scripts do that were spawned in a row: the loop in which a resume's time is spent.
    #[inline(never)]
    fn run_row<const TRACED: bool>(&self, chunk: ChunkView<'_>, at_rest: AtRest, waker: &Waker, entries: &[u32]) {
        let serial = self.step_serial.get();
        let first = entries[self.batch.at()] & !PLACE;
        let mut at = self.batch.at();
        let mut context = Context::from_waker(waker);
        while let Some(&entry) = entries.get(at)
            && let Some(slot) = chunk.slot(entry.wrapping_sub(first))
            && let Some(begun) = slot.begin_at_rest(at_rest)
        {
            at += 1;
            self.batch.set_at(at);
            // Its first poll in this step, or an entry of another wake would have come before.
            slot.header.last_step.set(serial);
            let pending = self.poll::<TRACED>(begun, entry & entry::INDEX, &mut context);
            match pending {
                Some(pending) if let Some(site) = self.wish.take() => {
                    pending.park_for_next(site);
                    self.own_waker.set(waker);
                }
                pending => {
                    self.finish(pending);
                    self.begin_row(waker);
                }
            }
            // A future can put another waker into the context that it is given.
            if !ptr::eq(context.waker(), waker) {
                break;
            }
        }
        self.running.clear();
    }

    /// Polls one task.
    #[inline(always)]
    fn poll<'a, const TRACED: bool>(
        &self,
        begun: Begun<'a>,
        index: u32,
        context: &mut Context<'_>,
    ) -> Option<Pending<'a>> {
        let header = begun.slot.header;
        if TRACED {
            self.trace.record(Change::Polled, begun.slot.cold().number.get());
        }
        header.polls.set(header.polls.get().wrapping_add(1));
        self.running.set(index, header.generation());
        begun.poll(context)
    }

    /// Parks or ends a task that was polled and doesn't just stay at rest, and carries out all ends that its poll brought.
    #[inline(never)]
    fn finish(&self, pending: Option<Pending<'_>>) {
        self.settle_wish();
        let index = self.running.index().expect("a task is being polled");
        let slot = self.storage.slot(index);
        let header = slot.header;
        self.forget_release(header);
        if !self.noted.replace(false) {
            header.set_wait(WaitKind::Unknown);
        }
        self.running.clear();
        match pending {
            None => self.ended(index, slot, Change::Completed),
            Some(pending) => {
                pending.park();
                if header.has(flag::CANCEL) {
                    slot.cancelled();
                    self.ended(index, slot, Change::Cancelled);
                }
            }
        }
        self.drain();
    }

    /// Begins the poll of the task that an entry names; none when the entry is stale, or the task is put
    /// off.
    fn begin(&self, lane: &LaneState, entry: u32) -> Option<Begun<'_>> {
        if entry == entry::TOMBSTONE {
            return None;
        }
        let index = entry & entry::INDEX;
        let slot = self.storage.slot(index);
        let flags = slot.header.flags();
        let is_released = lane.has_released(flags);
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
        slot.begin()
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
    fn put_off_rest(&self, lane: &LaneState) {
        let mut rest = self.batch.take_rest();
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
