//! The lists of a wheel's slots: blocks of entries out of one pool.
//!
//! The rule: a list keeps the order in which it was added to. It knows how many of its entries still name a
//! timer, and is swept when they are fewer than a quarter; one that has none is empty.
//!
//! So an entry that names nothing costs constant time, and all lists together have at most four times as many
//! entries as there are timers. Room for half of that is made with the room for the timers. The rest comes
//! when it is needed, and stays: a list that grows takes blocks from one that shrank.

use super::timers::Timers;
use super::{Due, LEVELS, SLOTS};

/// With the header of a block, two cache lines.
const BLOCK_ENTRIES: usize = 7;
const NONE: u32 = u32::MAX;

#[derive(Copy, Clone, Debug)]
pub(super) struct Block {
    next: u32,
    len: u32,
    entries: [Due; BLOCK_ENTRIES],
}

impl Block {
    #[inline]
    pub(super) fn entries(&self) -> &[Due] {
        &self.entries[..self.len as usize]
    }
}

#[derive(Copy, Clone, Debug)]
struct List {
    first: u32,
    last: u32,
    /// Entries, and those of them that name a timer.
    len: u32,
    armed: u32,
}

const EMPTY: List = List { first: NONE, last: NONE, len: 0, armed: 0 };

/// The blocks of a list that was taken, as far as they are still to be read.
#[derive(Debug)]
pub(super) struct Rest(u32);

#[derive(Debug)]
pub(super) struct Slots {
    /// Made with the first room for timers: many executors never have any.
    lists: Box<[List]>,
    /// A bit for each slot that isn't empty, by level.
    occupied: [u64; LEVELS],
    blocks: Vec<Block>,
    /// The first of the blocks that no list has.
    free: u32,
}

impl Slots {
    pub(super) fn new() -> Self {
        Slots { lists: Box::default(), occupied: [0; LEVELS], blocks: Vec::new(), free: NONE }
    }

    /// Makes room for the entries of this many timers.
    pub(super) fn reserve(&mut self, timers: usize) {
        if timers == 0 {
            return;
        }
        if self.lists.is_empty() {
            self.lists = vec![EMPTY; LEVELS * SLOTS].into();
        }
        // The last block of a list isn't full. So many lists at once are more than timers of one kind lie in.
        let lists = timers.min(4 * SLOTS);
        let blocks = (2 * timers).div_ceil(BLOCK_ENTRIES) + lists;
        self.blocks.reserve_exact(blocks.saturating_sub(self.blocks.len()));
    }

    #[inline]
    pub(super) fn occupied(&self, level: usize) -> u64 {
        self.occupied[level]
    }

    /// Adds a timer to a list.
    #[inline]
    pub(super) fn push(&mut self, list: usize, timer: Due) {
        let slot = &mut self.lists[list];
        slot.len += 1;
        slot.armed += 1;
        if let Some(block) = self.blocks.get_mut(slot.last as usize)
            && let Some(place) = block.entries.get_mut(block.len as usize)
        {
            *place = timer;
            block.len += 1;
            return;
        }
        self.push_block(list, timer);
    }

    fn push_block(&mut self, list: usize, timer: Due) {
        let new = Block { next: NONE, len: 1, entries: [timer; BLOCK_ENTRIES] };
        let index = self.free;
        let index = if let Some(block) = self.blocks.get_mut(index as usize) {
            self.free = block.next;
            *block = new;
            index
        } else {
            self.blocks.push(new);
            (self.blocks.len() - 1) as u32
        };
        let slot = &mut self.lists[list];
        match self.blocks.get_mut(slot.last as usize) {
            Some(last) => last.next = index,
            None => {
                slot.first = index;
                self.occupied[list / SLOTS] |= 1 << (list % SLOTS);
            }
        }
        self.lists[list].last = index;
    }

    /// Empties a list; says whether all its entries name timers. Its blocks are read with `next_block`.
    #[inline]
    pub(super) fn take(&mut self, list: usize) -> (Rest, bool) {
        self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
        let taken = std::mem::replace(&mut self.lists[list], EMPTY);
        (Rest(taken.first), taken.armed == taken.len)
    }

    /// Takes the next block, which goes back to the pool.
    #[inline]
    pub(super) fn next_block(&mut self, rest: &mut Rest) -> Option<Block> {
        let block = self.blocks.get_mut(rest.0 as usize)?;
        let taken = *block;
        block.next = std::mem::replace(&mut self.free, rest.0);
        rest.0 = taken.next;
        Some(taken)
    }

    pub(super) fn iter(&self, list: usize) -> impl Iterator<Item = Due> {
        let block = |index: u32| self.blocks.get(index as usize);
        let first = self.lists.get(list).map_or(NONE, |list| list.first);
        std::iter::successors(block(first), move |last| block(last.next))
            .flat_map(|block| block.entries().iter().copied())
    }

    /// Notes that one of a list's entries doesn't name a timer any more.
    #[inline]
    pub(super) fn forget_one(&mut self, list: usize, timers: &Timers) {
        let slot = &mut self.lists[list];
        slot.armed -= 1;
        if slot.armed == 0 || slot.armed < slot.len / 4 {
            self.sweep(list, timers);
        }
    }

    /// Forgets the entries of a list that don't name a timer.
    fn sweep(&mut self, list: usize, timers: &Timers) {
        let has_any = self.lists[list].armed > 0;
        let (mut rest, _) = self.take(list);
        while let Some(block) = self.next_block(&mut rest) {
            if has_any {
                block.entries().iter().filter(|timer| timers.has(timer.name)).for_each(|&timer| self.push(list, timer));
            }
        }
    }
}
