//! What built-in waits register with the executor: a lane's next step, or a time of a clock.
//!
//! The rule: a wait is found by place and generation, never by a pointer into a future, and taking it
//! back is constant and leaves nothing behind. It keeps the waker that it was polled with, so that a
//! combinator with wakers of its own learns which of its futures is due; a script's own waker, which is
//! the common case, is kept as the script's index.

use std::task::Waker;

use super::clock::ClockState;
use super::core::Core;
use super::key::TaskId;
use super::lane::{LaneState, SlowWait, StepWait, entry};
use super::task::flag;
use super::waker;
use super::wheel::TimerKey;

impl Core {
    /// The lane of the running script; between polls the lane being stepped.
    pub(crate) fn lane_here(&self) -> u8 {
        self.current_slot().map_or(self.lane_now.get(), |slot| slot.header.lane.get())
    }

    // The next step of a lane.

    /// Arms a wait for the next step of the running script's lane.
    pub(crate) fn arm_step(&self, waker: &Waker) -> StepWait {
        let index = self.lane_here();
        let lane = self.lane(index);
        if let Some(key) = waker::key_of(waker)
            && let Some(slot) = self.find(key)
            && slot.header.state().is_live()
            && slot.header.lane.get() == index
        {
            let header = slot.header;
            let odd = lane.next_is_odd();
            if !header.has(flag::NEXT) {
                header.set(flag::NEXT | if odd { flag::NEXT_ODD } else { 0 });
                return Self::arm_entry(index, lane, key.index() | entry::FROM_NEXT);
            }
            if header.has(flag::NEXT_ODD) == odd {
                let more = if header.has(flag::NEXT_MORE) { slot.cold.more_next.get() } else { 0 };
                slot.cold.more_next.set(more + 1);
                header.set(flag::NEXT_MORE);
                return Self::arm_entry(index, lane, key.index() | entry::FROM_NEXT);
            }
        }
        Self::arm_slow(index, lane, SlowWait::Wake(waker.clone()))
    }

    /// Arms a wait for the next step of `lane`, which makes it the home of `task`.
    pub(crate) fn arm_move(&self, lane: u8, task: TaskId, waker: &Waker) -> StepWait {
        Self::arm_slow(lane, self.lane(lane), SlowWait::Move(task, waker.clone()))
    }

    fn arm_slow(index: u8, lane: &LaneState, wait: SlowWait) -> StepWait {
        let place = lane.slow.borrow_mut().insert(wait);
        Self::arm_entry(index, lane, place as u32 | entry::SLOW)
    }

    #[inline]
    fn arm_entry(index: u8, lane: &LaneState, entry: u32) -> StepWait {
        let mut next = lane.next.borrow_mut();
        let place = next.len() as u32;
        // ORDER: in the order in which they began to wait.
        next.push(entry);
        StepWait { lane: index, armed: lane.released.get(), place }
    }

    /// Whether the step that the wait is for has come.
    #[inline]
    pub(crate) fn step_came(&self, wait: StepWait) -> bool {
        self.lane(wait.lane).released.get() != wait.armed
    }

    /// Whether the wait, whose step hasn't come, would wake what `waker` wakes.
    #[inline]
    pub(crate) fn step_wakes(&self, wait: StepWait, waker: &Waker) -> bool {
        let lane = self.lane(wait.lane);
        let entry = lane.next.borrow()[wait.place as usize];
        if entry & entry::SLOW == 0 {
            waker::key_of(waker).is_some_and(|key| key.index() == entry & entry::INDEX && self.find(key).is_some())
        } else {
            match lane.slow.borrow().get((entry & !entry::SLOW) as usize) {
                Some(SlowWait::Wake(kept) | SlowWait::Move(_, kept)) => kept.will_wake(waker),
                None => false,
            }
        }
    }

    /// Takes a wait back. Once; does nothing if its step has come.
    pub(crate) fn disarm_step(&self, wait: StepWait) {
        if self.step_came(wait) {
            return;
        }
        let lane = self.lane(wait.lane);
        let mut next = lane.next.borrow_mut();
        let Some(place) = next.get_mut(wait.place as usize) else { return };
        let entry = std::mem::replace(place, entry::TOMBSTONE);
        LaneState::trim(&mut next);
        drop(next);
        if entry == entry::TOMBSTONE {
            return;
        }
        if entry & entry::SLOW != 0 {
            let wait = lane.slow.borrow_mut().try_remove((entry & !entry::SLOW) as usize);
            drop(wait);
            return;
        }
        self.forget_next(entry & entry::INDEX);
    }

    /// Counts one entry in a next-step list less for a task.
    pub(super) fn forget_next(&self, index: u32) {
        let slot = self.storage.slot(index);
        if slot.header.has(flag::NEXT_MORE) {
            let more = slot.cold.more_next.get() - 1;
            slot.cold.more_next.set(more);
            if more == 0 {
                slot.header.clear(flag::NEXT_MORE);
            }
        } else {
            slot.header.clear(flag::NEXT | flag::NEXT_ODD);
            self.settle(index);
        }
    }

    /// Makes `index` the home lane of a task, and takes it out of the queue of the lane that it leaves.
    pub(super) fn move_task(&self, key: TaskId, index: u8) {
        let Some(slot) = self.find(key).filter(|slot| slot.header.state().is_live()) else { return };
        if slot.header.lane.get() == index {
            return;
        }
        let old = self.lane(slot.header.lane.get());
        if slot.header.has(flag::QUEUED) {
            // It was woken in the lane that it leaves: that wake is served by the one that follows.
            for entry in old.ready.borrow_mut().iter_mut().filter(|entry| **entry == key.index()) {
                *entry = entry::TOMBSTONE;
            }
            slot.header.clear(flag::QUEUED);
        }
        if slot.header.has(flag::NEXT) {
            // Waits for the old lane's next step stay, as waits with a waker.
            for place in old.next.borrow_mut().iter_mut().filter(|entry| **entry == key.index() | entry::FROM_NEXT) {
                let waker = (*waker::for_task(key)).clone();
                *place = old.slow.borrow_mut().insert(SlowWait::Wake(waker)) as u32 | entry::SLOW;
            }
            slot.header.clear(flag::NEXT | flag::NEXT_ODD | flag::NEXT_MORE);
        }
        slot.header.lane.set(index);
    }

    // Times of a clock.

    /// What a clock is at; `None` after the executor's end.
    pub(crate) fn with_clock<R>(&self, clock: u16, f: impl FnOnce(&mut ClockState) -> R) -> Option<R> {
        self.clocks.borrow_mut().get_mut(usize::from(clock)).map(f)
    }

    pub(crate) fn clock_now(&self, clock: u16) -> u64 {
        self.with_clock(clock, |clock| clock.now()).unwrap_or(u64::MAX)
    }

    pub(crate) fn arm_timer(&self, clock: u16, deadline: u64, waker: &Waker) -> Option<TimerKey> {
        let waker = waker.clone();
        self.with_clock(clock, |clock| clock.arm(deadline, waker))
    }

    /// Makes an armed timer wake what `waker` wakes.
    pub(crate) fn update_timer(&self, clock: u16, key: TimerKey, waker: &Waker) {
        let same = self.with_clock(clock, |clock| clock.waker_mut(key).is_none_or(|kept| kept.will_wake(waker)));
        if same == Some(false) {
            let mut waker = waker.clone();
            self.with_clock(clock, |clock| clock.waker_mut(key).map(|kept| std::mem::swap(kept, &mut waker)));
        }
    }

    pub(crate) fn disarm_timer(&self, clock: u16, key: TimerKey) {
        let waker = self.with_clock(clock, |clock| clock.cancel(key));
        drop(waker);
    }
}
