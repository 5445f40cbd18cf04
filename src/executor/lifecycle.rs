//! How tasks begin and end: spawn, wake, cancel, panic, and the stages in which an end is carried out.
//!
//! The rule: a task that ends is retired at once and never polled again. Its future is dropped as soon
//! as the poll then running has returned, in order of the ends, one after another and never one inside
//! another, however they cancel each other; outside of a step at once. Then a detached output is
//! dropped, then what was held with it goes on, then whoever awaits it is woken, then its scope. A panic in one stage goes on with the next.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use super::changes::ChangeKind;
use super::clock::ClockState;
use super::core::{Core, Payload, Stage, count};
use super::current;
use super::handle::SpawnLimit;
use super::key::TaskId;
use super::random::mix;
use super::report::IncidentKind;
use super::task::{Header, Site, Slot, State, flag};
use super::waker::Running;

impl Core {
    /// Puts a future into a slot and at the back of its lane's ready queue.
    #[inline]
    pub(crate) fn spawn<F>(&self, lane: u8, future: F, site: Site) -> Result<TaskId, SpawnLimit>
    where
        F: Future<Output: 'static> + 'static,
    {
        if self.closed.get() {
            return Err(SpawnLimit::Closed);
        }
        if self.live.get() >= self.max_tasks {
            return Err(SpawnLimit::MaxTasks);
        }
        let (slot, index) = self.storage.take()?.fill(future, lane);
        Ok(self.admit(slot, index, lane, site))
    }

    /// Makes a task known whose future is in its slot.
    fn admit(&self, slot: Slot<'_>, index: u32, lane: u8, site: Site) -> TaskId {
        let (header, cold) = (slot.header(), slot.cold());
        header.site.set(None);
        cold.spawned_at.set(site);
        let number = self.spawns.get() + 1;
        self.spawns.set(number);
        cold.number.set(number);
        let may_be_held = if let Some(parent) = self.current_slot() {
            let child = self.link(slot, parent);
            cold.seed.set(mix(parent.cold().seed.get(), child));
            // A chain of spawns counts as one script, or it could hang the frame.
            self.count_on(slot, self.polls_in_step(parent));
            if self.own_clocks.get() {
                self.set_clock_of(slot, self.clock_of(parent));
            }
            self.hold_asked.get()
        } else {
            let child = self.root_children.get() + 1;
            self.root_children.set(child);
            cold.seed.set(mix(self.seed, child));
            header.last_step.set(self.step_serial.get().wrapping_sub(1));
            if let Some((ending, _)) = self.at_stage.get() {
                // A chain of those that an end starts is one of spawns, too.
                self.count_on(slot, self.polls_in_step(self.storage.slot(ending)));
            }
            false
        };
        self.live.set(self.live.get() + 1);
        count(&self.counts.spawned);
        self.record_with(ChangeKind::Spawned, number, |change| {
            change.at = Some(site);
            change.name = Some(slot.type_name());
        });
        self.ready_of(lane).push(index);
        if may_be_held {
            self.hold_if_asked(slot, index);
        }
        TaskId::new(self.number(), index, header.generation())
    }

    /// Has a task count on from so many polls in the step now running, if there are any.
    #[inline]
    fn count_on(&self, slot: Slot<'_>, polls: u32) {
        if let Some(again) = polls.checked_sub(1) {
            slot.header().last_step.set(self.step_serial.get());
            slot.header().set(flag::AGAIN);
            slot.cold().again.set(again);
        }
    }

    /// How often a task was polled in the step now running, what it inherited included.
    #[inline]
    pub(super) fn polls_in_step(&self, slot: Slot<'_>) -> u32 {
        let serial = self.step_serial.get();
        if slot.header().last_step.get() != serial {
            0
        } else if !slot.header().has(flag::AGAIN) {
            1
        } else {
            1 + slot.cold().again.get()
        }
    }

    /// Puts a task at the back of its lane's ready queue, unless it is there already or has ended. Always `true`: the
    /// executor has taken the wake.
    #[inline]
    pub(crate) fn wake(&self, key: TaskId) -> bool {
        if let Some(slot) = self.storage.find(key.index())
            && slot.header().generation() == key.generation()
            && self.enqueue(slot.header(), key.index())
        {
            count(&self.counts.woken);
            if self.trace.is_on() {
                self.record(ChangeKind::Woken, slot.cold().number.get());
            }
        }
        true
    }

    /// Wakes the task whose poll is on the stack, if that is the one that `running` notes.
    #[inline]
    pub(super) fn wake_running(&self, running: *const Running) -> bool {
        if !ptr::eq(&self.running, running) {
            return false;
        }
        let Some(index) = self.running.index() else { return false };
        let header = self.storage.slot(index).header();
        // It runs, so it was reached in the ready queue, and its lane is the one being stepped.
        if !header.has(flag::QUEUED) {
            header.set_queued();
            self.ready_now.push(index);
            count(&self.counts.woken);
            if self.trace.is_on() {
                self.record(ChangeKind::Woken, self.storage.slot(index).cold().number.get());
            }
        }
        true
    }

    #[inline]
    pub(super) fn enqueue(&self, header: &Header, index: u32) -> bool {
        let word = header.word();
        if !word.is_live() || word.flags() & flag::QUEUED != 0 {
            return false;
        }
        if word.flags() & flag::NEXT != 0
            && self.lane(word.lane()).has_released(word.flags())
            && word.is(State::Idle)
            && !self.releasing.get()
        {
            // Released in this step and not yet reached: it will be polled anyway.
            return false;
        }
        header.set_queued();
        self.ready_of(word.lane()).push(index);
        true
    }

    /// Cancels a task; `false` when it had ended. One whose poll is on the stack ends when that poll
    /// returns pending.
    pub(crate) fn cancel(&self, key: TaskId) -> bool {
        let Some(slot) = self.find(key) else { return false };
        match slot.header().state() {
            State::Idle => {
                slot.cancelled();
                self.ended(key.index(), slot, ChangeKind::Cancelled);
                self.drain_outside();
                true
            }
            State::Running => {
                self.cancel_running(slot);
                true
            }
            _ => false,
        }
    }

    fn cancel_running(&self, slot: Slot<'_>) {
        slot.header().set(flag::CANCEL);
        self.note_end();
    }

    /// Makes the poll that is on the stack, if there is one, be looked at when it returns.
    pub(super) fn note_end(&self) {
        self.has_ends.set(true);
        self.settle_wish();
    }

    /// Notes the end of a task whose state says so; its future is dropped by the next `drain`.
    pub(super) fn ended(&self, index: u32, slot: Slot<'_>, how: ChangeKind) {
        self.count_end(slot, how);
        self.ending.push(index);
        self.note_end();
    }

    fn count_end(&self, slot: Slot<'_>, how: ChangeKind) {
        match how {
            ChangeKind::Completed => count(&self.counts.completed),
            ChangeKind::Cancelled => count(&self.counts.cancelled),
            _ => (),
        }
        self.live.set(self.live.get() - 1);
        if self.is_heard.get() {
            self.tell_end(how, slot.cold().number.get());
        }
    }

    /// Out of line: where nobody is told it is in nobody's way.
    #[inline(never)]
    fn tell_end(&self, how: ChangeKind, number: u64) {
        self.record(how, number);
        self.faults.forget(number);
    }

    /// Carries out the ends so far, outside of a step. Inside of one the step does it.
    pub(crate) fn drain_outside(&self) {
        if self.in_step.get() || self.draining.get() || !self.has_ends.get() {
            return;
        }
        // The core must outlive what the destructors do to its owner.
        let this = self.this.upgrade();
        // A destructor that stepped the executor would have the slot reused under it.
        self.in_step.set(true);
        current::enter(self, || self.guarded(|| self.drain()));
        self.in_step.set(false);
        if self.closed.get() {
            self.finish_close();
        }
        drop(this);
    }

    /// Runs `work`, which runs foreign code; after a panic, which is counted and reported, once more.
    /// So `work` keeps where it is outside of itself.
    pub(super) fn guarded(&self, mut work: impl FnMut()) {
        while let Err(payload) = catch_unwind(AssertUnwindSafe(&mut work)) {
            self.panicked(payload);
        }
    }

    /// Carries out the ends so far, and those that these bring about.
    #[inline]
    pub(super) fn drain(&self) {
        if self.has_ends.get() {
            self.carry_out_all();
        }
    }

    fn carry_out_all(&self) {
        self.draining.set(true);
        if let Some((index, stage)) = self.at_stage.get() {
            self.carry_out(index, stage);
        }
        self.carry_out_rest();
    }

    /// Notes the end of a task, and carries it out at once if no other end comes before.
    pub(super) fn end(&self, index: u32, slot: Slot<'_>, how: ChangeKind) {
        if self.has_ends.get() {
            self.hold_asked.set(false);
            self.ended(index, slot, how);
            self.drain();
            return;
        }
        self.count_end(slot, how);
        self.has_ends.set(true);
        self.draining.set(true);
        self.carry_out(index, Stage::DropFuture);
        self.carry_out_rest();
    }

    fn carry_out_rest(&self) {
        // ORDER: in order of the ends; what ends meanwhile goes to the back.
        while let Some(index) = self.ending.pop() {
            self.carry_out(index, Stage::DropFuture);
        }
        self.has_ends.set(false);
        self.draining.set(false);
    }

    fn carry_out(&self, index: u32, from: Stage) {
        let slot = self.storage.slot(index);
        if from <= Stage::DropFuture && slot.holds_future() {
            self.at_stage.set(Some((index, Stage::DropFuture)));
            slot.drop_future();
        }
        if from <= Stage::DropOutput && slot.header().is(State::Completed) && !slot.header().has(flag::HANDLE) {
            self.at_stage.set(Some((index, Stage::DropOutput)));
            slot.drop_output();
        }
        if slot.has_extra() {
            if self.has_held() {
                // What goes on does so by this end, also where nothing was dropped.
                self.at_stage.set(Some((index, Stage::DropOutput)));
                self.end_while_held(slot, index);
            }
            if from <= Stage::WakeJoiner
                && let Some(joiner) = self.take_joiner(slot)
            {
                self.at_stage.set(Some((index, Stage::WakeJoiner)));
                joiner.wake();
            }
            if from <= Stage::WakeScope
                && let Some(waiter) = self.leave_scope(slot)
            {
                self.at_stage.set(Some((index, Stage::WakeScope)));
                waiter.wake();
            }
        }
        self.at_stage.set(None);
        self.settle(slot, index);
    }

    /// Retires a slot that holds nothing any more; called wherever the last hold may have gone.
    #[inline]
    pub(super) fn settle(&self, slot: Slot<'_>, index: u32) {
        if slot.retire() {
            self.retired.push(index);
        }
    }

    /// Deals with a panic that came out of foreign code.
    fn panicked(&self, payload: Payload) {
        count(&self.counts.panicked);
        let message = message_of(&payload);
        let key = self.running.key();
        if let Some(slot) = self.current_slot() {
            self.settle_wish();
            self.forget_release(slot.header());
            self.running.clear();
        }
        let (mut keep, mut panicked_in_poll) = (None, false);
        if let Some((index, stage)) = self.at_stage.get() {
            let what = match stage {
                Stage::DropFuture => "in its destructor",
                Stage::DropOutput => "in the destructor of its output",
                _ => "in a waker that its end woke",
            };
            self.incident(IncidentKind::Panicked, index, format!("{message} ({what})"));
            let next = match stage {
                Stage::DropFuture => Stage::DropOutput,
                Stage::DropOutput => Stage::WakeJoiner,
                Stage::WakeJoiner => Stage::WakeScope,
                Stage::WakeScope | Stage::Settle => Stage::Settle,
            };
            self.at_stage.set(Some((index, next)));
        } else if let Some(slot) = self.find(key).filter(|slot| slot.header().is(State::Running)) {
            slot.panicked();
            panicked_in_poll = true;
            self.hold_asked.set(false);
            self.incident(IncidentKind::Panicked, key.index(), message);
            self.ended(key.index(), slot, ChangeKind::Panicked);
            if slot.header().has(flag::HANDLE) {
                keep = Some(key);
            }
        } else if let Some(name) = self.at_job.take() {
            self.incident_of(IncidentKind::Panicked, name, message);
        }
        if let Some(key) = keep {
            self.payloads.borrow_mut().insert(key, payload);
        } else if panicked_in_poll {
            // What its destructor starts is started by the end of its script. No stage is carried out
            // meanwhile: that is left to the next `drain`.
            self.at_stage.set(Some((key.index(), Stage::Settle)));
            self.drop_payload(payload);
            self.at_stage.set(None);
        } else {
            self.drop_payload(payload);
        }
    }

    /// As [`drop_payload`], and counts the panics of its destructor.
    pub(super) fn drop_payload(&self, payload: Payload) {
        (0..drop_payload(payload)).for_each(|_| count(&self.counts.panicked));
    }

    /// Ends every task in order of spawn numbers, and gives the executor's number back.
    pub(crate) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        for key in self.live_tasks() {
            self.cancel_quietly(key);
        }
        // Closed by its own script or destructor, it ends when that step or those ends are done.
        if !self.in_step.get() && !self.draining.get() {
            self.finish_close();
        }
    }

    /// As `cancel`, but leaves the rest to a later `drain`.
    fn cancel_quietly(&self, key: TaskId) {
        let slot = self.storage.slot(key.index());
        match slot.header().state() {
            State::Idle => {
                slot.cancelled();
                self.ended(key.index(), slot, ChangeKind::Cancelled);
            }
            State::Running => self.cancel_running(slot),
            _ => (),
        }
    }

    pub(super) fn finish_close(&self) {
        if self.is_finished.replace(true) {
            return;
        }
        let this = self.this.upgrade();
        self.in_step.set(true);
        current::enter(self, || self.guarded(|| self.drain()));
        self.in_step.set(false);
        // Wakers of others may still be held here, and their owners may hold us.
        let clocks = std::mem::take(&mut *self.clocks.borrow_mut());
        let waits: Vec<_> = self.lane_states().map(|lane| std::mem::take(&mut *lane.slow.borrow_mut())).collect();
        let checks: Vec<_> = self.lane_states().map(|lane| std::mem::take(&mut *lane.checks.borrow_mut())).collect();
        let inlets = std::mem::take(&mut *self.inlets.borrow_mut());
        let scopes = std::mem::take(&mut *self.scopes.borrow_mut());
        let (mail, hook) = self.lease.shut();
        let mut on_stuck = self.stop_watch();
        let mut timers = clocks.into_iter().flat_map(ClockState::into_wakers);
        let mut waits = waits.into_iter().flatten();
        let mut checks = checks.into_iter().flatten();
        let mut inlets = inlets.into_iter().flat_map(|(_, inlet)| inlet.into_parts());
        let mut scopes = scopes.into_iter().filter_map(|(_, scope)| scope.into_waiter());
        let mut mail = mail.into_iter();
        let mut hook = Some(hook);
        self.guarded(|| {
            // One by one: two destructors that panic in one unwind would abort.
            timers.by_ref().for_each(drop);
            waits.by_ref().for_each(drop);
            checks.by_ref().for_each(drop);
            inlets.by_ref().for_each(drop);
            scopes.by_ref().for_each(drop);
            mail.by_ref().for_each(drop);
            drop(hook.take());
            drop(on_stuck.take());
        });
        current::unregister(self);
        self.lease.give_back(self.storage.last_generation());
        drop(this);
    }
}

/// Drops a panic's payload, whose destructor may panic with another, and that one's; so many did.
pub(crate) fn drop_payload(mut payload: Payload) -> u32 {
    for panicked in 0..8 {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return panicked,
            Err(next) => payload = next,
        }
    }
    // Such a chain could go on for ever.
    std::mem::forget(payload);
    8
}

/// What a panic said.
pub(crate) fn message_of(payload: &Payload) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic whose payload is not a text".to_owned())
}
