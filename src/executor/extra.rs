//! What only some tasks have: a name, a joiner, a place in a scope, a random stream that was drawn from.
//!
//! The rule: a task that needs none of it has none of it. It is made when it is first asked for, stands in a
//! slab beside the slots, and goes when the slot is reclaimed, unless tasks that it spawned still lead to it (`kin`).

use std::panic::Location;
use std::task::Waker;

use super::core::Core;
use super::kin::{self, LINK};
use super::task::{NO_INDEX, Site, Slot};

#[derive(Debug)]
pub(crate) struct Extra {
    pub(super) name: Option<&'static str>,
    /// Where the task's own random stream stands, once it has been drawn from.
    pub(super) random: Option<u64>,
    /// The seed that its own follows from, where the link to its spawner is gone or doesn't lead there any more.
    pub(super) root: Option<u64>,
    /// Of one that spawns: its own seed, which outlives it as the extra does.
    pub(super) seed: u64,
    /// Spawns so far: they tell its children's seeds apart.
    pub(super) children: u64,
    pub(super) joiner: Option<Waker>,
    /// The clock that its waits follow where they name none, in the place of its lane's.
    pub(super) clock: Option<u16>,
    /// Where the combinator was written that the task was last parked in, and the poll in which it was.
    pub(super) outer: Option<(Site, u32)>,
    /// With `NEXT_MORE`: entries in the next-step list beyond the first.
    pub(super) more_next: u32,
    /// The scope that it is a child of, and its place among the children.
    pub(super) scope: Option<Place>,
    /// The place of its spawner's extra, or `NO_INDEX`; how many such places name this one; and whether it is here
    /// for those alone.
    pub(super) kin: u32,
    pub(super) links: u32,
    pub(super) is_gone: bool,
    /// Whether it was held itself, and while it stands still the lane that it goes on in.
    pub(super) is_held: bool,
    pub(super) home: u8,
}

/// A place in the list of a scope's children; `NO_INDEX` where there is no neighbour.
#[derive(Copy, Clone, Debug)]
pub(super) struct Place {
    pub(super) scope: u32,
    pub(super) branch: bool,
    pub(super) older: u32,
    pub(super) younger: u32,
}

impl Extra {
    const NONE: Extra = Extra {
        name: None,
        random: None,
        root: None,
        seed: 0,
        children: 0,
        joiner: None,
        clock: None,
        outer: None,
        more_next: 0,
        scope: None,
        kin: NO_INDEX,
        links: 0,
        is_gone: false,
        is_held: false,
        home: 0,
    };
}

impl Core {
    /// Calls `f` with a task's extra, which is made if there is none. `f` runs no foreign code.
    pub(super) fn extra<R>(&self, slot: Slot<'_>, f: impl FnOnce(&mut Extra) -> R) -> R {
        let mut extras = self.extras.borrow_mut();
        let mut index = slot.cold().extra.get();
        if index >= LINK {
            index = extras.insert(Extra { kin: kin::spawner(index), ..Extra::NONE }) as u32;
            slot.cold().extra.set(index);
        }
        f(&mut extras[index as usize])
    }

    /// Calls `f` with a task's extra, if there is one. `f` runs no foreign code.
    #[inline]
    pub(super) fn extra_if<R>(&self, slot: Slot<'_>, f: impl FnOnce(&mut Extra) -> R) -> Option<R> {
        let index = slot.cold().extra.get();
        if index >= LINK {
            return None;
        }
        self.extras.borrow_mut().get_mut(index as usize).map(f)
    }

    /// Takes a task's extra away: its slot goes to another.
    #[inline]
    pub(super) fn drop_extra(&self, slot: Slot<'_>) {
        let index = slot.cold().extra.replace(NO_INDEX);
        if index == NO_INDEX {
            return;
        }
        let mut extras = self.extras.borrow_mut();
        if index >= LINK {
            return kin::release(&mut extras, kin::spawner(index));
        }
        let Some(extra) = extras.get_mut(index as usize) else { return };
        debug_assert!(extra.joiner.is_none(), "a joiner is gone before the slot is reclaimed");
        if extra.links > 0 {
            extra.is_gone = true;
        } else {
            let extra = extras.remove(index as usize);
            kin::release(&mut extras, extra.kin);
        }
    }

    /// Names a task.
    pub(crate) fn set_name(&self, slot: Slot<'_>, name: &'static str) {
        self.extra(slot, |extra| extra.name = Some(name));
        self.log_name(slot.cold().number.get(), name);
    }

    /// Takes out whom the end of a task wakes; dropping a foreign waker may do anything.
    #[inline]
    pub(super) fn take_joiner(&self, slot: Slot<'_>) -> Option<Waker> {
        self.extra_if(slot, |extra| extra.joiner.take()).flatten()
    }

    /// Where the combinator was written in which a task was parked by its last poll.
    pub(super) fn outer_of(&self, slot: Slot<'_>) -> Option<&'static Location<'static>> {
        let (site, polls) = self.extra_if(slot, |extra| extra.outer).flatten()?;
        (polls == slot.header().polls()).then_some(site)
    }
}
