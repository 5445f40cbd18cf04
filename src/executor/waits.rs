//! What built-in waits register with the executor: a lane's next step, or a time of a clock.
//!
//! The rule: a wait is found by place and generation, never by a pointer into a future, and taking it
//! back is constant and leaves nothing behind. It keeps the waker that it was polled with, so that a
//! combinator with wakers of its own learns which of its futures is due; a script's own waker, which is
//! the common case, is kept as the script's index.

use std::ptr;
use std::task::Waker;

use super::clock::{ClockState, Deadline};
use super::core::Core;
use super::hold::HELD;
use super::inspect::WaitKind;
use super::key::TaskId;
use super::lane::{LaneState, SlowWait, Stamp, StepWait, entry};
use super::task::{Header, Site, Slot, State, flag};
use super::waker;
use super::wheel::{TimerKey, Wakes};

impl Core {
    /// The lane of the running script; between polls the lane being stepped.
    pub(crate) fn lane_here(&self) -> u8 {
        self.current_slot().map_or(self.lane_now.get(), |slot| slot.header().lane())
    }

    // The next step of a lane.

    /// Arms a wait for the next step of the running script's lane, and notes it.
    #[inline]
    pub(crate) fn arm_step(&self, waker: &Waker, site: Site) -> StepWait {
        if ptr::eq(waker, self.own_waker.get()) {
            // One wish a poll: its own waker is taken for another's from here on.
            self.own_waker.set(ptr::null());
            self.wish.set(Some(site));
            return StepWait { armed: self.stamp_now.get(), place: self.batch.place() };
        }
        self.arm_step_with(waker, site)
    }

    /// Grants the running script's wish, if there is one, and makes the next-step list of the lane being stepped
    /// whole: from here to the poll's end its waits are no wishes, since whoever comes here may change that
    /// list. The running script's index, if there is one.
    pub(super) fn settle_wish(&self) -> Option<u32> {
        self.own_waker.set(ptr::null());
        let index = self.running.index()?;
        self.batch.break_row(&self.next_now, self.batch.at().saturating_sub(1));
        if let Some(site) = self.wish.take() {
            self.noted.set(true);
            self.grant(self.storage.slot(index).header(), index, site);
        }
        Some(index)
    }

    /// Makes a running script wait for the next step of the lane being stepped.
    #[inline]
    pub(super) fn grant(&self, header: &Header, index: u32, site: Site) {
        let next = self.next_flags_now.get();
        if header.flags() & flag::NEXT_BOTH == next {
            self.count_next(index);
        }
        header.wait_for_next(next, site);
        // ORDER: in the order in which they began to wait.
        self.next_now.push(index);
    }

    /// Forgets that the last release put a task into the ready queue: it has been reached there.
    pub(super) fn forget_release(&self, header: &Header) {
        let flags = header.flags();
        if flags & flag::NEXT != 0 && self.lane(header.lane()).has_released(flags) {
            header.clear(flag::NEXT_BOTH | flag::NEXT_MORE);
        }
    }

    /// Counts one more entry in the next-step list for a task that has one there.
    #[cold]
    fn count_next(&self, index: u32) {
        let slot = self.storage.slot(index);
        let is_first = !slot.header().has(flag::NEXT_MORE);
        self.extra(slot, |extra| extra.more_next = if is_first { 1 } else { extra.more_next + 1 });
        slot.header().set(flag::NEXT_MORE);
    }

    /// The same beside another wait of this poll, with another's waker, or between polls.
    #[inline(never)]
    fn arm_step_with(&self, waker: &Waker, site: Site) -> StepWait {
        if waker::is_lent_by(waker, &self.running)
            && let Some(index) = self.settle_wish()
        {
            let header = self.storage.slot(index).header();
            self.forget_release(header);
            self.noted.set(true);
            let wait = StepWait { armed: self.stamp_now.get(), place: self.next_now.len() as u32 };
            self.grant(header, index, site);
            return wait;
        }
        self.note(WaitKind::NextFrame, site);
        let index = self.lane_here();
        let lane = self.lane(index);
        if let Some(key) = waker::key_of(waker)
            && let Some(slot) = self.find(key)
            && slot.header().is_live()
            && slot.header().lane() == index
        {
            let header = slot.header();
            let next = flag::next_after(lane.released.get());
            if header.is(State::Running) {
                self.forget_release(header);
            }
            if !header.has(flag::NEXT) {
                header.set(next);
                return self.arm_entry(index, lane, key.index());
            }
            if header.flags() & flag::NEXT_BOTH == next {
                self.count_next(key.index());
                return self.arm_entry(index, lane, key.index());
            }
        }
        self.arm_slow(index, lane, SlowWait::Wake(waker.clone()))
    }

    /// Arms a wait for the next step of `lane`, which makes it the home of `task`.
    pub(crate) fn arm_move(&self, lane: u8, task: TaskId, waker: &Waker) -> StepWait {
        self.arm_slow(lane, self.lane(lane), SlowWait::Move(task, waker.clone()))
    }

    fn arm_slow(&self, index: u8, lane: &LaneState, wait: SlowWait) -> StepWait {
        let place = lane.slow.borrow_mut().insert(wait);
        self.arm_entry(index, lane, place as u32 | entry::SLOW)
    }

    #[inline]
    fn arm_entry(&self, index: u8, lane: &LaneState, entry: u32) -> StepWait {
        // ORDER: in the order in which they began to wait.
        let armed = Stamp::new(self.serial(), index, lane.released.get());
        StepWait { armed, place: self.next_of(index).push(entry) }
    }

    /// Whether the step that the wait is for has come.
    pub(crate) fn step_came(&self, wait: StepWait) -> bool {
        !wait.armed.is_release(self.lane(wait.armed.lane()).released.get())
    }

    /// The same where the answer costs nothing: `true` if the wait is for the lane being stepped, was armed after the
    /// release before the last, and so is over.
    #[inline]
    pub(crate) fn step_came_here(&self, armed: Stamp) -> bool {
        self.stamp_before.get() == armed
    }

    /// Makes a wait whose step hasn't come wake what `waker` wakes, in its place.
    pub(crate) fn update_step(&self, wait: StepWait, waker: &Waker) {
        let lane = self.lane(wait.armed.lane());
        let Some(entry) = self.next_of(wait.armed.lane()).get(wait.place) else { return };
        if entry & entry::SLOW == 0 {
            let index = entry;
            if waker::key_of(waker).is_some_and(|key| key.index() == index && self.find(key).is_some()) {
                return;
            }
            let waker = waker.clone();
            let slow = lane.slow.borrow_mut().insert(SlowWait::Wake(waker));
            self.next_of(wait.armed.lane()).set(wait.place, slow as u32 | entry::SLOW);
            self.forget_next(index);
            return;
        }
        let mut waker = waker.clone();
        if let Some(wait) = lane.slow.borrow_mut().get_mut((entry & !entry::SLOW) as usize) {
            let (SlowWait::Wake(kept) | SlowWait::Move(_, kept)) = wait;
            std::mem::swap(kept, &mut waker);
            if let SlowWait::Move(task, _) = wait {
                *task = self.current_key();
            }
        }
    }

    /// Takes a wait back. Once; does nothing if its step has come.
    pub(crate) fn disarm_step(&self, wait: StepWait) {
        if self.step_came(wait) {
            return;
        }
        let lane = self.lane(wait.armed.lane());
        let entry = self.next_of(wait.armed.lane()).get(wait.place).unwrap_or(entry::TOMBSTONE);
        if entry == entry::TOMBSTONE {
            return;
        }
        self.next_of(wait.armed.lane()).set(wait.place, entry::TOMBSTONE);
        self.next_of(wait.armed.lane()).trim(entry::TOMBSTONE);
        if entry & entry::SLOW != 0 {
            let wait = lane.slow.borrow_mut().try_remove((entry & !entry::SLOW) as usize);
            drop(wait);
        } else {
            self.forget_next(entry);
        }
    }

    /// Counts one entry in a next-step list less for a task.
    pub(super) fn forget_next(&self, index: u32) {
        let slot = self.storage.slot(index);
        if slot.header().has(flag::NEXT_MORE) {
            let more = self.extra(slot, |extra| {
                extra.more_next -= 1;
                extra.more_next
            });
            if more == 0 {
                slot.header().clear(flag::NEXT_MORE);
            }
        } else {
            slot.header().clear(flag::NEXT | flag::NEXT_ODD);
            self.settle(slot, index);
        }
    }

    /// Makes `index` the home lane of a task, and takes it out of the queue of the lane that it leaves.
    pub(super) fn move_task(&self, key: TaskId, index: u8) {
        let Some(slot) = self.find(key).filter(|slot| slot.header().is_live()) else { return };
        if slot.header().lane() == index {
            return;
        }
        if slot.header().lane() == HELD {
            // It goes on there.
            self.extra(slot, |extra| extra.home = index);
            return;
        }
        let old = self.lane(slot.header().lane());
        if slot.header().has(flag::QUEUED) {
            // It was woken in the lane that it leaves: that wake is served by the one that follows.
            self.ready_of(slot.header().lane()).change(key.index(), entry::TOMBSTONE);
            slot.header().clear(flag::QUEUED);
        }
        if slot.header().has(flag::NEXT) {
            // Waits for the old lane's next step stay, as waits with a waker.
            let next_list = self.next_of(slot.header().lane());
            let mut next = next_list.take();
            for entry in next.iter_mut().filter(|entry| **entry == key.index()) {
                *entry = old.slow.borrow_mut().insert(SlowWait::Wake(waker::for_task(key))) as u32 | entry::SLOW;
            }
            next_list.replace(next);
            slot.header().clear(flag::NEXT | flag::NEXT_ODD | flag::NEXT_MORE);
        }
        slot.header().set_lane(index);
    }

    // Times of a clock.

    /// The clock that waits follow which name none: the running script's own, or else that of its lane.
    #[inline]
    pub(crate) fn clock_here(&self) -> u16 {
        if self.own_clocks.get() { self.own_clock_here() } else { self.lane(self.lane_here()).time_clock }
    }

    #[cold]
    #[inline(never)]
    fn own_clock_here(&self) -> u16 {
        let own = self.current_slot().and_then(|slot| self.clock_of(slot));
        own.unwrap_or_else(|| self.lane(self.lane_here()).time_clock)
    }

    /// A task's own clock.
    pub(super) fn clock_of(&self, slot: Slot<'_>) -> Option<u16> {
        self.extra_if(slot, |extra| extra.clock).flatten()
    }

    /// Gives a task a clock of its own, or takes it back, and so for those that descend from it and follow the same.
    #[cfg_attr(not(feature = "bevy_ecs"), expect(dead_code, reason = "for the layer over an ECS"))]
    pub(crate) fn change_clock(&self, key: TaskId, clock: Option<u16>) {
        let Some(slot) = self.find(key).filter(|slot| slot.header().is_live()) else { return };
        let before = self.clock_of(slot);
        if before != clock {
            self.with_family(key.index(), |family| {
                let family = family.iter().map(|&index| self.storage.slot(index));
                family.filter(|&slot| self.clock_of(slot) == before).for_each(|slot| self.set_clock_of(slot, clock));
            });
        }
    }

    /// Gives a task a clock of its own, or takes it back; what it spawns from now on inherits it.
    pub(crate) fn set_clock_of(&self, slot: Slot<'_>, clock: Option<u16>) {
        if clock.is_some() {
            self.own_clocks.set(true);
            self.extra(slot, |extra| extra.clock = clock);
        } else {
            self.extra_if(slot, |extra| extra.clock = None);
        }
    }

    /// What a clock is at; `None` after the executor's end.
    #[inline]
    pub(crate) fn with_clock<R>(&self, clock: u16, f: impl FnOnce(&mut ClockState) -> R) -> Option<R> {
        self.clocks.borrow_mut().get_mut(usize::from(clock)).map(f)
    }

    #[inline]
    pub(crate) fn clock_now(&self, clock: u16) -> u64 {
        self.with_clock(clock, |clock| clock.now()).unwrap_or(u64::MAX)
    }

    /// Arms a timer; `None` when the deadline isn't ahead.
    #[inline]
    pub(crate) fn arm_timer(&self, clock: u16, deadline: Deadline, waker: &Waker) -> Option<TimerKey> {
        let wakes = self.wakes(waker);
        let armed = self.with_clock(clock, |clock| clock.arm(deadline, wakes))?;
        // A waker that isn't needed is dropped here, where nothing is borrowed.
        armed.ok()
    }

    /// What a timer keeps of a waker.
    #[inline]
    fn wakes(&self, waker: &Waker) -> Wakes {
        match waker::key_of(waker) {
            Some(key) if key.executor() == self.number() => Wakes::Task(key),
            _ => Wakes::Other(waker.clone()),
        }
    }

    /// Whether a timer is known to have fired, without a look at it.
    #[inline]
    pub(crate) fn has_fired(&self, clock: u16, key: TimerKey) -> bool {
        self.clocks.borrow().get(usize::from(clock)).is_some_and(|clock| clock.has_fired(key))
    }

    /// Makes an armed timer wake what `waker` wakes. It may have fired when this returns, and the executor may have
    /// ended: a foreign waker may do anything when it is cloned.
    pub(crate) fn update_timer(&self, clock: u16, key: TimerKey, waker: &Waker) {
        if self.with_clock(clock, |clock| clock.wakes(key, waker)).flatten() == Some(false) {
            let wakes = self.wakes(waker);
            let unneeded = self.with_clock(clock, |clock| clock.set_wakes(key, wakes));
            drop(unneeded);
        }
    }

    #[inline]
    pub(crate) fn disarm_timer(&self, clock: u16, key: TimerKey) {
        let unneeded = self.with_clock(clock, |clock| clock.cancel(key));
        drop(unneeded);
    }
}
