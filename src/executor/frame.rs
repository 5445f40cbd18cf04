//! One frame, in order: the eight steps of a lane's step, as one function to be read from top to bottom.
//!
//! The rule: this order is a promise. `// ORDER:` marks the lines that it rests on, here and elsewhere,
//! and a test holds each sentence of it (`tests/it/order.rs`).

use std::cell::Cell;
use std::task::Waker;

use super::changes::Cause;
use super::core::Core;
use super::current;
use super::key::NO_TASK;
use super::lane::{LaneState, SlowWait, entry};
use super::report::{FrameReport, IncidentKind};
use super::task::flag;
use super::waker;

/// So many timers of tasks are fired together: enough for their slots to be brought near while others are woken.
const AT_ONCE: usize = 32;

/// Says that no step is running any more, also when foreign code unwinds out of one.
struct Stepping<'a>(&'a Cell<bool>);

impl Drop for Stepping<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Core {
    /// Steps a lane; `None` when a step of this executor is running already.
    pub(crate) fn try_step(&self, lane: u8, step_nanos: u64) -> Option<FrameReport> {
        if self.in_step.replace(true) {
            return None;
        }
        // A script may drop whatever owns the executor: it must live to the end of this step.
        let this = self.this.upgrade();
        let stepping = Stepping(&self.in_step);
        let report = current::enter(self, || self.step(lane, step_nanos));
        drop(stepping);
        if self.closed.get() {
            self.finish_close();
        }
        drop(this);
        Some(report)
    }

    fn step(&self, index: u8, step_nanos: u64) -> FrameReport {
        let lane = self.lane(index);
        // ORDER: 1. Advance the frame count and the clocks.
        self.advance(index, lane, step_nanos);
        self.note_step(index);
        // ORDER: 2. Collect what came from outside, wakes and all else, in order of arrival.
        self.log.set_phase(Cause::Outside);
        self.collect();
        // ORDER: 3. Fire the timers that are due, clock by clock.
        self.log.set_phase(Cause::Timer);
        self.fire(index);
        // ORDER: 4. Release the scripts that wait for this step, in the order in which they began to.
        self.log.set_phase(Cause::Release);
        self.release(index, lane);
        // ORDER: 5. Check the waits that outer layers brought, without resuming any script.
        self.log.set_phase(Cause::Check);
        self.check(lane);
        // ORDER: 6. Run the ready queue to its end.
        if self.has_work(lane) {
            self.guarded(|| self.run(lane));
        }
        self.note_done();
        let polled = self.batch.take_polled();
        // ORDER: 7. Reclaim what has been retired, in order.
        self.reclaim();
        // 8. Report.
        self.report(index, polled)
    }

    pub(super) fn advance(&self, index: u8, lane: &LaneState, step_nanos: u64) {
        if index == 0 {
            self.frame.set(self.frame.get() + 1);
        }
        self.step_serial.set(self.step_serial.get().wrapping_add(1));
        self.set_lane_now(index);
        self.outside.count_step();
        lane.steps.set(lane.steps.get() + 1);
        for clock in self.clocks.borrow_mut().iter_mut().filter(|clock| clock.lane == index) {
            clock.advance(step_nanos);
        }
        self.record_step(index);
    }

    pub(super) fn fire(&self, lane: u8) {
        let mut due = self.due.take();
        let mut clock = 0_u16;
        let mut at = 0;
        self.guarded(|| {
            loop {
                while at < due.len() {
                    let mut tasks = [NO_TASK; AT_ONCE];
                    let fired = self.with_clock(clock - 1, |clock| clock.fire(&due[at..], &mut tasks));
                    let Some(fired) = fired else { break };
                    at += fired.due;
                    let tasks = &tasks[..fired.tasks];
                    tasks.iter().for_each(|task| self.storage.prefetch(task.index()));
                    for &task in tasks {
                        self.wake(task);
                    }
                    // ORDER: the rest fires after it, since it may disarm any of them.
                    if let Some(waker) = fired.other {
                        waker.wake();
                    }
                }
                due.clear();
                at = 0;
                let known = self.with_clock(clock, |clock| {
                    if clock.lane == lane {
                        clock.expire(&mut due);
                    }
                });
                if self.shuffle.is_on() {
                    self.shuffle.shuffle_equals(&mut due);
                }
                if known.is_none() {
                    break;
                }
                clock += 1;
            }
        });
        self.due.set(due);
    }

    pub(super) fn release(&self, index: u8, lane: &LaneState) {
        lane.released.set(lane.released.get().wrapping_add(1));
        self.set_release_now(index);
        if lane.slow.borrow().is_empty() && !self.shuffle.is_on() {
            self.batch.release(&self.next_now, self.ready_now.len());
            return;
        }
        let mut released = self.next_now.replace(self.spare.take());
        let mut at = 0;
        self.releasing.set(true);
        self.guarded(|| {
            while let Some(&entry) = released.get(at) {
                at += 1;
                if entry & entry::SLOW == 0 {
                    self.release_one(lane, entry);
                    continue;
                }
                if entry == entry::TOMBSTONE {
                    continue;
                }
                let wait = lane.slow.borrow_mut().try_remove((entry & !entry::SLOW) as usize);
                match wait {
                    Some(SlowWait::Wake(waker)) => self.release_waker(waker),
                    Some(SlowWait::Move(task, waker)) => {
                        self.move_task(task, index);
                        self.release_waker(waker);
                    }
                    None => (),
                }
            }
        });
        self.releasing.set(false);
        released.clear();
        self.spare.set(released);
    }

    /// Puts a script that waited with its own waker at the back of the ready queue, once for all its waits.
    fn release_one(&self, lane: &LaneState, index: u32) {
        let header = self.storage.slot(index).header();
        if !header.is_live() {
            // Only a wait that was leaked still stands here.
            self.forget_next(index);
        } else if lane.has_released(header.flags()) {
            header.clear(flag::NEXT | flag::NEXT_ODD | flag::NEXT_MORE);
            if !header.has(flag::QUEUED) {
                header.set(flag::QUEUED);
                self.ready_now.push(index);
            }
        }
    }

    /// Wakes by a waker that waited for this step; one of our own isn't counted as a wake.
    fn release_waker(&self, waker: Waker) {
        match waker::key_of(&waker).and_then(|key| Some((self.find(key)?, key))) {
            Some((slot, key)) => drop(self.enqueue(slot.header(), key.index())),
            None => waker.wake(),
        }
    }

    /// Whether anything is to be run.
    fn has_work(&self, lane: &LaneState) -> bool {
        !self.batch.is_empty() || self.ready_now.len() > 0 || self.has_ends.get() || !lane.put_off.is_empty()
    }

    fn check(&self, lane: &LaneState) {
        if lane.checks.borrow().is_empty() {
            return;
        }
        let mut at = 0;
        self.guarded(|| {
            loop {
                let hook = lane.checks.borrow().get(at).cloned();
                let Some(hook) = hook else { break };
                at += 1;
                hook();
            }
        });
    }

    fn reclaim(&self) {
        if self.holds.get() > 0 {
            // A handle is dropping an output further down the stack: its slot must last.
            return;
        }
        if self.retired.is_empty() {
            return;
        }
        let mut retired = self.retired.take();
        for &index in &retired {
            self.drop_extra(self.storage.reclaim(index));
        }
        retired.clear();
        self.retired.replace(retired);
    }

    pub(super) fn report(&self, index: u8, polled: u64) -> FrameReport {
        if index == 0 {
            self.warn_of_unstepped_lanes();
        }
        {
            let mut last = self.last_incidents.borrow_mut();
            last.clear();
            last.append(&mut self.incidents.borrow_mut());
        }
        self.mark_step(index, polled);
        let counts = &self.counts;
        FrameReport {
            frame: self.frame.get(),
            polled,
            woken: counts.woken.take(),
            spawned: counts.spawned.take(),
            completed: counts.completed.take(),
            cancelled: counts.cancelled.take(),
            panicked: counts.panicked.take(),
            live: self.live.get(),
            put_off: counts.put_off.take(),
        }
    }

    /// A lane that was never stepped, though scripts wait for it and frames pass, is a mistake.
    fn warn_of_unstepped_lanes(&self) {
        for (number, lane) in (0..).zip(self.lane_states()) {
            if lane.steps.get() > 0 || lane.warned.get() || self.frame.get() < lane.made_in + 2 {
                continue;
            }
            let slow = lane.slow.borrow().iter().find_map(|(_, wait)| match wait {
                SlowWait::Move(task, _) => self.find(*task).map(|_| task.index()),
                SlowWait::Wake(_) => None,
            });
            let waiting = slow.or_else(|| self.ready_of(number).find(|entry| self.names_live(entry)));
            if let Some(index) = waiting {
                lane.warned.set(true);
                let message =
                    format!("lane `{}` has never been stepped: call `step_lane` for it in each frame", lane.name);
                self.incident(IncidentKind::LaneNotStepped, index, message);
            }
        }
    }
}
