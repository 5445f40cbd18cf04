//! Step 6: the ready queue, run to its end.
//!
//! The rule: first in, first out; a script that is queued twice is polled once; one that was polled too
//! often in this step, or that comes after the cap on the whole step, is put off, keeps its place among
//! those put off, and comes first in the lane's next step.
//!
//! How: where the run is stands in the core (`batch`), so that it goes on behind a script that panicked.
//!
//! Most scripts of most frames were released by step 4 and wait for the next step again: `rows` is for those.

use std::ptr;
use std::task::Waker;

use super::batch::Batch;
use super::changes::{Cause, ChangeKind};
use super::core::{Core, count};
use super::inspect::WaitKind;
use super::lane::{LaneState, entry};
use super::report::IncidentKind;
use super::rows::{AHEAD, NEAR, Rows};
use super::task::{Begun, Pending, Polled, Site, Slot, flag};
use super::waker;
use super::word::AtRest;

impl Core {
    /// Runs the lane's ready queue. May unwind with a script's panic; then it can be called again.
    pub(super) fn run(&self, lane: &LaneState) {
        self.drain();
        if self.trace.is_on() {
            // One that a panic broke off.
            self.end_traced_row();
        }
        let waker = waker::lend(&self.running);
        let is_done = match (self.is_heard.get(), self.shuffle.is_on()) {
            (false, false) => self.run_all::<false>(lane, &waker),
            (true, false) => self.run_all::<true>(lane, &waker),
            (false, true) => self.run_shuffled::<false>(lane, &waker),
            (true, true) => self.run_shuffled::<true>(lane, &waker),
        };
        self.own_waker.set(ptr::null());
        self.running.clear();
        if !is_done {
            self.put_off_rest(lane);
        }
        // ORDER: those put off come before whatever is woken from here on.
        lane.put_first.set(lane.put_off.len());
        self.ready_now.append(&lane.put_off);
    }

    /// `false` when the step's polls are used up. A function of its own for each of the two, so that what is told
    /// doesn't lengthen the path where nobody listens.
    #[inline(never)]
    fn run_all<const HEARD: bool>(&self, lane: &LaneState, waker: &Waker) -> bool {
        // ORDER: what was woken before the release, the released, what is woken from then on.
        self.run_ready::<HEARD>(lane, waker, Batch::take_early)
            && self.run_list::<HEARD>(lane, waker)
            && self.run_ready::<HEARD>(lane, waker, |_| true)
    }

    /// Polls what is in the ready queue, while there is more to take; `false` when the step's polls are used up.
    fn run_ready<const HEARD: bool>(&self, lane: &LaneState, waker: &Waker, more: impl Fn(&Batch) -> bool) -> bool {
        let mut alone = Rows::alone(self, waker);
        loop {
            if self.batch.polled() >= self.frame_polls {
                return self.ready_now.len() == 0 && !self.batch.has_early();
            }
            if !more(&self.batch) {
                return true;
            }
            let Some(entry) = self.ready_now.pop() else { return true };
            if self.ready_now.len() > NEAR
                && let Some(later) = self.ready_now.get(AHEAD)
            {
                self.storage.prefetch(later);
            }
            self.run_entry::<HEARD>(lane, entry, &mut alone);
        }
    }

    /// Polls what an entry of the ready queue names, unless it is stale or put off.
    #[inline(always)]
    pub(super) fn run_entry<'a, const HEARD: bool>(&'a self, lane: &LaneState, entry: u32, alone: &mut Rows<'a>) {
        let parked_at = if HEARD { self.parked_at(entry) } else { None };
        if let Some(begun) = self.begin_woken(lane, entry) {
            self.batch.count_other();
            self.run_single::<HEARD>(begun, entry, parked_at, alone);
        }
    }

    /// Polls the tasks of the released list, from where the batch is at; `false` when the step's polls are used up.
    fn run_list<const HEARD: bool>(&self, lane: &LaneState, waker: &Waker) -> bool {
        let list = self.batch.list();
        let mut rows = Rows::new(self, waker, AtRest::new(flag::next_of(lane.released.get())));
        let mut alone = Rows::alone(self, waker);
        loop {
            let room = usize::try_from(self.frame_polls - self.batch.polled()).unwrap_or(usize::MAX);
            let end = list.len().min(self.batch.at().saturating_add(room));
            self.batch.begin_row(&self.next_now);
            self.own_waker.set(waker);
            loop {
                self.run_rows::<HEARD>(&mut rows, &list[..end]);
                let at = self.batch.at();
                let Some(&entry) = list[..end].get(at) else { break };
                self.batch.break_row(&self.next_now, at);
                self.batch.set_at(at + 1);
                let parked_at = if HEARD { self.parked_at(entry) } else { None };
                match self.begin_released(lane, entry) {
                    Some(begun) => self.run_single::<HEARD>(begun, entry, parked_at, &mut alone),
                    None => self.batch.skip(),
                }
                self.own_waker.set(waker);
                self.batch.begin_row(&self.next_now);
            }
            if self.batch.at() == list.len() {
                break;
            }
            self.batch.break_row(&self.next_now, self.batch.at());
            if self.batch.polled() >= self.frame_polls {
                return false;
            }
        }
        drop(list);
        self.own_waker.set(ptr::null());
        self.running.clear();
        self.batch.finish_list(&self.next_now);
        true
    }

    /// Counts a poll that has begun, and notes that its task is being polled.
    #[inline]
    pub(super) fn note_poll(&self, begun: &Begun<'_>, index: u32) {
        begun.count();
        self.running.set(index, begun.slot().header().generation());
    }

    /// Polls one task that is no part of a row, and parks or ends it.
    #[inline(always)]
    fn run_single<'a, const HEARD: bool>(
        &'a self,
        begun: Begun<'a>,
        index: u32,
        parked_at: Option<Site>,
        alone: &mut Rows<'a>,
    ) {
        self.batch.begin_single(&self.next_now);
        let slot = begun.slot();
        if HEARD {
            self.record_with(ChangeKind::Polled, slot.cold().number.get(), |change| change.at = parked_at);
            self.note_script(slot);
        }
        self.note_poll(&begun, index);
        self.own_waker.set(alone.waker());
        let begun = if HEARD { self.without_fault(begun) } else { begun };
        let polled = begun.poll(alone);
        alone.mend();
        match polled {
            Polled::Pending(pending) if !self.has_ends.get() => {
                if let Some(site) = self.wish.take() {
                    self.grant(slot.header(), index, site);
                }
                pending.park();
            }
            Polled::Pending(pending) => self.finish(Some(pending)),
            Polled::Ready => self.finish(None),
            Polled::Parked => unreachable!("only a script that others follow is parked by its poll function"),
        }
    }

    /// Parks or ends a task that was polled, and carries out all ends that its poll brought.
    #[inline(never)]
    pub(super) fn finish(&self, pending: Option<Pending<'_>>) {
        let index = self.settle_wish().expect("a task is being polled");
        let slot = self.storage.slot(index);
        let header = slot.header();
        self.forget_release(header);
        self.running.clear();
        match pending {
            None => self.end(index, slot, ChangeKind::Completed),
            Some(pending) => {
                pending.park();
                if self.has_ends.get() {
                    self.look_at(index, slot);
                }
            }
        }
    }

    /// Cancels or holds a task if that was asked for while it was polled, and carries out what ended meanwhile.
    fn look_at(&self, index: u32, slot: Slot<'_>) {
        let is_held = self.hold_asked.replace(false);
        // Whoever asked for it did so within the poll.
        let phase = self.log.replace_phase(Cause::Script(slot.cold().number.get()));
        if slot.header().has(flag::CANCEL) {
            slot.cancelled();
            self.ended(index, slot, ChangeKind::Cancelled);
        } else if is_held {
            self.hold_if_asked(slot, index);
        }
        self.log.set_phase(phase);
        self.drain();
    }

    /// Begins the poll of the task that an entry of the ready queue names; none when the entry is stale, or the
    /// task is put off.
    #[inline]
    fn begin_woken(&self, lane: &LaneState, entry: u32) -> Option<Begun<'_>> {
        if entry == entry::TOMBSTONE {
            return None;
        }
        let slot = self.storage.slot(entry);
        let header = slot.header();
        let serial = self.step_serial.get();
        let again = header.last_step.get() == serial;
        let polls = if again { self.polls_in_step(slot) } else { 0 };
        if polls < self.script_polls
            && let Some(begun) = slot.begin_woken(again)
        {
            header.last_step.set(serial);
            if again {
                slot.cold().again.set(polls);
            }
            return Some(begun);
        }
        self.begin_other(lane, slot, entry)
    }

    /// The same where more is to be looked at.
    #[inline(never)]
    fn begin_other<'a>(&self, lane: &LaneState, slot: Slot<'a>, entry: u32) -> Option<Begun<'a>> {
        let flags = slot.header().flags();
        if flags & flag::QUEUED == 0 || !slot.header().is_live() {
            self.discard(entry, false);
            return None;
        }
        let done = if lane.has_released(flags) { flag::NEXT_BOTH | flag::NEXT_MORE } else { 0 };
        self.begin(lane, slot, entry, done)
    }

    /// Begins the poll of the task that an entry of the released list names; none when the entry is stale, or the
    /// task is put off.
    fn begin_released(&self, lane: &LaneState, entry: u32) -> Option<Begun<'_>> {
        if entry == entry::TOMBSTONE {
            return None;
        }
        let slot = self.storage.slot(entry);
        if !lane.has_released(slot.header().flags()) || !slot.header().is_live() {
            self.discard(entry, true);
            return None;
        }
        self.begin(lane, slot, entry, flag::NEXT_BOTH | flag::NEXT_MORE)
    }

    /// Begins the poll of a task that was named, and isn't queued any more; `done` are the flags of a wait that is over.
    #[inline]
    fn begin<'a>(&self, lane: &LaneState, slot: Slot<'a>, index: u32, done: u8) -> Option<Begun<'a>> {
        slot.header().clear(done | flag::QUEUED);
        let serial = self.step_serial.get();
        if slot.header().last_step.get() != serial {
            slot.header().last_step.set(serial);
            slot.header().clear(flag::AGAIN);
        } else if !self.may_poll_again(lane, index) {
            return None;
        }
        slot.header().set_wait(WaitKind::Unknown);
        slot.begin()
    }

    /// Counts another poll of a task in the same step, or puts it off.
    #[cold]
    fn may_poll_again(&self, lane: &LaneState, index: u32) -> bool {
        let slot = self.storage.slot(index);
        let polls = self.polls_in_step(slot);
        if polls >= self.script_polls {
            slot.header().set(flag::QUEUED);
            lane.put_off.push(index);
            let message = format!("it was polled {} times in this step, the cap for one script", self.script_polls);
            self.note_put_off(slot, index, message);
            return false;
        }
        slot.header().set(flag::AGAIN);
        slot.cold().again.set(polls);
        true
    }

    /// Forgets an entry that polls nothing.
    #[cold]
    fn discard(&self, index: u32, from_next: bool) {
        let slot = self.storage.slot(index);
        let header = slot.header();
        if header.is_live() {
            return;
        }
        if !from_next {
            header.clear(flag::QUEUED);
        } else if self.lane(header.lane()).has_released(header.flags()) {
            // Only a wait that was leaked still stands here.
            self.forget_next(index);
        }
        self.settle(slot, index);
    }

    fn note_put_off(&self, slot: Slot<'_>, index: u32, message: String) {
        count(&self.counts.put_off);
        self.record(ChangeKind::PutOff, slot.cold().number.get());
        self.incident(IncidentKind::PutOff, index, message);
    }

    /// Puts off everything that is left, in order, behind those that were put off one by one.
    #[cold]
    fn put_off_rest(&self, lane: &LaneState) {
        let mut first = true;
        while self.batch.take_early() {
            self.put_off_woken(lane, &mut first);
        }
        let list = self.batch.list();
        for &entry in &list[self.batch.at()..] {
            self.batch.set_at(self.batch.at() + 1);
            self.batch.skip();
            if entry == entry::TOMBSTONE {
                continue;
            }
            let header = self.storage.slot(entry).header();
            if header.is_live() && lane.has_released(header.flags()) {
                self.put_off(lane, entry, &mut first);
            } else {
                self.discard(entry, true);
            }
        }
        drop(list);
        self.batch.finish_list(&self.next_now);
        while self.ready_now.len() > 0 {
            self.put_off_woken(lane, &mut first);
        }
    }

    /// Puts off what the next entry of the ready queue names.
    fn put_off_woken(&self, lane: &LaneState, first: &mut bool) {
        let Some(entry) = self.ready_now.pop().filter(|&entry| entry != entry::TOMBSTONE) else { return };
        let header = self.storage.slot(entry).header();
        if header.is_live() && header.has(flag::QUEUED) {
            self.put_off(lane, entry, first);
        } else {
            self.discard(entry, false);
        }
    }

    fn put_off(&self, lane: &LaneState, index: u32, first: &mut bool) {
        let slot = self.storage.slot(index);
        if lane.has_released(slot.header().flags()) {
            slot.header().clear(flag::NEXT_BOTH | flag::NEXT_MORE);
        }
        slot.header().set(flag::QUEUED);
        lane.put_off.push(index);
        // One stands for all of them in the incidents: the step as a whole was too long.
        if std::mem::take(first) {
            let message = format!(
                "{} polls in this step, the cap for all scripts; others were put off with it",
                self.frame_polls
            );
            self.note_put_off(slot, index, message);
        } else {
            count(&self.counts.put_off);
            self.record(ChangeKind::PutOff, slot.cold().number.get());
        }
    }
}
