//! Holding tasks: a task that is held isn't polled, and nothing that happens meanwhile is lost.
//!
//! The rule: a task stands still while it, or one that it descends from (`kin`), is held. Its wakes are kept in
//! the order in which they come, and when it goes on they put it at the back of its lane's ready queue. A hold
//! ends when it is taken back, or with the task that it was put on.
//!
//! How: a task that stands still is at home in a lane that nobody steps, with the lane it came from in its extra:
//! so whatever wakes it queues it there, and no other path knows of holds. Waits for a step of the lane that it
//! came from become waits with a waker, as when it moves; one that was just released is a wake. One whose
//! poll is on the stack is moved when that poll has returned.

use super::changes::ChangeKind;
use super::core::Core;
use super::key::TaskId;
use super::lane::{LaneState, MAX_LANES, SlowWait, entry};
use super::task::{Slot, State, flag};
use super::waker;

/// The lane that nobody steps: it stands behind the others, and is none that can be named.
pub(super) const HELD: u8 = MAX_LANES as u8;

impl Core {
    /// Holds a task and what descends from it; `false` when it had ended.
    pub(crate) fn hold(&self, key: TaskId) -> bool {
        let Some(slot) = self.find(key).filter(|slot| slot.header().is_live()) else { return false };
        self.extra(slot, |extra| extra.is_held = true);
        self.with_family(key.index(), |family| self.hold_still(family));
        true
    }

    /// Takes a hold back; `false` when the task had ended.
    pub(crate) fn unhold(&self, key: TaskId) -> bool {
        let Some(slot) = self.find(key).filter(|slot| slot.header().is_live()) else { return false };
        self.end_hold(slot, key.index());
        true
    }

    /// Holds those of the tasks that haven't ended, and what descends from them, in one go.
    #[cfg_attr(not(feature = "bevy_ecs"), expect(dead_code, reason = "for the layer over an ECS"))]
    pub(crate) fn hold_all(&self, keys: &[TaskId]) {
        self.change_holds(keys, true);
    }

    /// Takes back the holds of those of the tasks that haven't ended, in one go: what is due of theirs goes on in the
    /// order in which it was woken.
    #[cfg_attr(not(feature = "bevy_ecs"), expect(dead_code, reason = "for the layer over an ECS"))]
    pub(crate) fn unhold_all(&self, keys: &[TaskId]) {
        self.change_holds(keys, false);
    }

    fn change_holds(&self, keys: &[TaskId], hold: bool) {
        if keys.is_empty() {
            return;
        }
        let mut tasks = self.family.take();
        let mut have_kin = false;
        for key in keys {
            let Some(slot) = self.find(*key).filter(|slot| slot.header().is_live()) else { continue };
            let (is_news, has_kin) =
                self.extra(slot, |extra| (std::mem::replace(&mut extra.is_held, hold) != hold, extra.links > 0));
            if is_news {
                tasks.push(key.index());
                have_kin |= has_kin;
            }
        }
        if have_kin {
            let stands_still = |slot: Slot<'_>| slot.header().lane() == HELD;
            tasks.clear();
            tasks.extend(self.storage.indices().filter(|&index| {
                let slot = self.storage.slot(index);
                slot.header().is_live() && stands_still(slot) != hold && self.is_under_hold(slot) == hold
            }));
        }
        tasks.sort_unstable_by_key(|&index| self.storage.slot(index).cold().number.get());
        if hold {
            self.hold_still(&tasks);
        } else {
            self.let_go(&tasks);
        }
        tasks.clear();
        self.family.set(tasks);
    }

    /// Makes a task one that no hold of another reaches: it descends from nobody, and what it spawns from it.
    pub(crate) fn set_family(&self, slot: Slot<'_>, index: u32) {
        self.unlink(slot);
        self.let_go(&[index]);
    }

    fn end_hold(&self, slot: Slot<'_>, index: u32) {
        if self.extra_if(slot, |extra| std::mem::take(&mut extra.is_held)) == Some(true) {
            self.with_family(index, |family| self.let_go(family));
        }
    }

    /// Whether a task is to stand still.
    fn is_under_hold(&self, slot: Slot<'_>) -> bool {
        self.any_kin(slot, |_, extra| extra.is_held)
    }

    /// The lane that polls a task, or will when it goes on.
    pub(super) fn home_of(&self, slot: Slot<'_>) -> u8 {
        match slot.header().lane() {
            HELD => self.extra(slot, |extra| extra.home),
            lane => lane,
        }
    }

    /// Whether any task was ever held.
    #[inline]
    pub(super) fn has_held(&self) -> bool {
        self.lanes[usize::from(HELD)].get().is_some()
    }

    /// Makes a parked task stand still if that was asked for while its poll was on the stack, or when it was spawned.
    pub(super) fn hold_if_asked(&self, slot: Slot<'_>, index: u32) {
        if self.is_under_hold(slot) {
            self.hold_still(&[index]);
        }
    }

    /// Takes a task that has ended out of the lane that nobody steps, and ends its hold.
    #[cold]
    pub(super) fn end_while_held(&self, slot: Slot<'_>, index: u32) {
        if slot.header().lane() == HELD && slot.header().has(flag::QUEUED) {
            self.lane(HELD).ready.remove(index);
            slot.header().clear(flag::QUEUED);
        }
        // ORDER: what was held with it goes on before those who wait for its end.
        self.end_hold(slot, index);
    }

    /// Moves those tasks that don't stand still yet to the lane that nobody steps.
    fn hold_still(&self, family: &[u32]) {
        let held = self.lanes[usize::from(HELD)]
            .get_or_init(|| LaneState::new("held", self.frame.get(), 0, 0, 0, self.capacity));
        let mut left = 0_u32;
        for &index in family {
            let slot = self.storage.slot(index);
            let header = slot.header();
            let home = header.lane();
            if home == HELD || !header.is_live() {
                continue;
            }
            if header.is(State::Running) {
                self.hold_asked.set(true);
                self.note_end();
                continue;
            }
            let flags = header.flags();
            // Released in this step and not yet reached is as good as woken.
            let is_released = self.lane(home).has_released(flags);
            if flags & (flag::QUEUED | flag::NEXT) != 0 {
                left |= 1 << home;
            }
            header.clear(flag::NEXT_BOTH | flag::NEXT_MORE);
            header.set_lane(HELD);
            self.extra(slot, |extra| extra.home = home);
            if flags & flag::QUEUED != 0 || is_released {
                // ORDER: what was due when it was held, in order of spawn numbers; then wakes as they come.
                header.set(flag::QUEUED);
                held.ready.push(index);
            }
            self.record(ChangeKind::Held, slot.cold().number.get());
        }
        while left != 0 {
            self.clear_of_held(left.trailing_zeros() as u8);
            left &= left - 1;
        }
    }

    /// Takes tasks that stand still out of the lists of a lane that they came from. What was released of its
    /// next-step list may still name them: their flags say that they wait for nothing there.
    fn clear_of_held(&self, index: u8) {
        let lane = self.lane(index);
        let is_held = |entry: u32| entry & entry::SLOW == 0 && self.storage.slot(entry).header().lane() == HELD;
        let ready = self.ready_of(index);
        for place in 0..ready.len() {
            if ready.get(place).is_some_and(is_held) {
                ready.set(place, entry::TOMBSTONE);
            }
        }
        for place in 0..lane.put_off.len() as u32 {
            if lane.put_off.get(place).is_some_and(is_held) {
                lane.put_off.set(place, entry::TOMBSTONE);
            }
        }
        let next = self.next_of(index);
        for place in 0..next.len() as u32 {
            if let Some(entry) = next.get(place).filter(|&entry| is_held(entry)) {
                let wait = SlowWait::Wake(waker::for_task(self.key_at(entry)));
                let slow = lane.slow.borrow_mut().insert(wait);
                next.set(place, slow as u32 | entry::SLOW);
            }
        }
    }

    /// Moves those tasks that no hold reaches any more back to their lanes.
    fn let_go(&self, family: &[u32]) {
        let Some(held) = self.lanes[usize::from(HELD)].get() else { return };
        let mut is_due = false;
        for &index in family {
            let slot = self.storage.slot(index);
            let header = slot.header();
            if header.lane() != HELD || !header.is_live() || self.is_under_hold(slot) {
                continue;
            }
            header.set_lane(self.home_of(slot));
            is_due |= header.has(flag::QUEUED);
            self.record(ChangeKind::LetGo, slot.cold().number.get());
        }
        if !is_due {
            return;
        }
        for _ in 0..held.ready.len() {
            if let Some(entry) = held.ready.pop() {
                // ORDER: in order of their wakes; those that are still held come round to where they were.
                self.ready_of(self.storage.slot(entry).header().lane()).push(entry);
            }
        }
    }
}
