//! Who spawned whom: a link from each task that a script spawned to what that script has beside its slot.
//!
//! The rule: a task descends from the script that spawned it, from the one that spawned that, and so on, whichever
//! of them still live. One that was spawned from outside of scripts descends from nobody.
//!
//! How: `Cold::extra` is the place of a task's extra or, marked by `LINK`, of its spawner's, so that a link by itself
//! needs no room. Who spawns has an extra anyway. It outlives its task for as long as a link leads to it; links to
//! what is gone are led past it when their task spawns, so a chain of scripts that each start the next and end
//! leaves nothing behind.

use slab::Slab;

use super::core::Core;
use super::extra::Extra;
use super::task::{NO_INDEX, Slot};

/// In `Cold::extra`: the task has no extra, and the rest is the place of its spawner's.
pub(super) const LINK: u32 = 1 << 31;

const _: () = assert!(super::key::MAX_INDEX < LINK, "a place among the extras fits beside the flag");

impl Core {
    /// Makes a fresh task, which has no extra, one that `parent` spawned; which of its children it is.
    #[inline]
    pub(super) fn link(&self, child: Slot<'_>, parent: Slot<'_>) -> u64 {
        let (number, kin) = self.extra(parent, |extra| {
            extra.children += 1;
            extra.seed = parent.cold().seed.get();
            extra.links += 1;
            (extra.children, extra.kin)
        });
        let place = parent.cold().extra.get();
        if kin != NO_INDEX {
            self.shorten(place);
        }
        child.cold().extra.set(LINK | place);
        number
    }

    /// Leads an extra's link past extras whose tasks are gone.
    #[cold]
    fn shorten(&self, place: u32) {
        let mut extras = self.extras.borrow_mut();
        loop {
            let kin = extras[place as usize].kin;
            if kin == NO_INDEX || !extras[kin as usize].is_gone {
                return;
            }
            let (next, seed) = (extras[kin as usize].kin, extras[kin as usize].seed);
            extras[place as usize].kin = next;
            extras[place as usize].root.get_or_insert(seed);
            if next != NO_INDEX {
                extras[next as usize].links += 1;
            }
            release(&mut extras, kin);
        }
    }

    /// Makes a task one that descends from nobody.
    pub(super) fn unlink(&self, slot: Slot<'_>) {
        if slot.cold().extra.get() == NO_INDEX {
            return;
        }
        let kin = self.extra(slot, |extra| std::mem::replace(&mut extra.kin, NO_INDEX));
        let mut extras = self.extras.borrow_mut();
        if let Some(seed) = extras.get(kin as usize).map(|spawner| spawner.seed) {
            // Its random numbers still follow from whoever spawned it.
            extras[slot.cold().extra.get() as usize].root.get_or_insert(seed);
        }
        release(&mut extras, kin);
    }

    /// Calls `is_it` with the places of the task's extra and of those that it descends from, until it says so.
    pub(super) fn any_kin(&self, slot: Slot<'_>, is_it: impl Fn(u32, &Extra) -> bool) -> bool {
        let extras = self.extras.borrow();
        let mut place = slot.cold().extra.get();
        if place >= LINK {
            place = spawner(place);
        }
        while let Some(extra) = extras.get(place as usize) {
            if is_it(place, extra) {
                return true;
            }
            place = extra.kin;
        }
        false
    }

    /// Calls `f` with a task and those live ones that descend from it, in order of their spawn numbers.
    pub(super) fn with_family(&self, index: u32, f: impl FnOnce(&[u32])) {
        let slot = self.storage.slot(index);
        let place = slot.cold().extra.get();
        if self.extra_if(slot, |extra| extra.links > 0) != Some(true) {
            return f(&[index]);
        }
        let mut family = self.family.take();
        family.extend(self.storage.indices().filter(|&other| {
            let slot = self.storage.slot(other);
            other == index || slot.header().is_live() && self.any_kin(slot, |kin, _| kin == place)
        }));
        family.sort_unstable_by_key(|&index| self.storage.slot(index).cold().number.get());
        f(&family);
        family.clear();
        self.family.set(family);
    }
}

/// The place that a link leads to.
pub(super) fn spawner(link: u32) -> u32 {
    if link == NO_INDEX { NO_INDEX } else { link & !LINK }
}

/// Takes a link away, and what stood only for it.
#[inline]
pub(super) fn release(extras: &mut Slab<Extra>, link: u32) {
    let Some(extra) = extras.get_mut(link as usize) else { return };
    extra.links -= 1;
    if extra.is_gone && extra.links == 0 {
        remove(extras, link);
    }
}

#[cold]
fn remove(extras: &mut Slab<Extra>, mut place: u32) {
    loop {
        place = extras.remove(place as usize).kin;
        let Some(extra) = extras.get_mut(place as usize) else { return };
        extra.links -= 1;
        if !extra.is_gone || extra.links > 0 {
            return;
        }
    }
}
