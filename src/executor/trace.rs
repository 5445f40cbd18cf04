//! The trace: a hash over every change of every script, in order.
//!
//! The rule: two runs have the same trace exactly when the same scripts were spawned, woken, polled, held
//! and ended in the same order and steps, and drew the same random numbers. Scripts enter by spawn number; slots,
//! addresses, sizes, names and source lines never do, so the trace is the same in debug and release and on every
//! target.
//!
//! How: each change is a word, and the hash a polynomial in them. So words can be added many at once: polls of the
//! released list (`rows`) when their row ends, or before whatever happens in between, and what comes out is the same
//! as one by one. And most rows are those of the step before: what a block of the list comes to is kept, with the
//! entries that it was made of, and a look at those is all that the polls of the next step cost.
//!
//! Off unless asked for.

use std::cell::{Cell, RefCell};

use super::changes::{ChangeKind, TaskChange};
use super::core::Core;
use super::random::mix;
use super::storage::{ChunkView, PLACE, Storage};

#[derive(Debug)]
pub(crate) struct Trace {
    on: bool,
    sum: Cell<u64>,
    /// From here to where the batch is at, polls of the released list that aren't added yet; `NO_ROW` for none.
    row: Cell<usize>,
    /// For each lane, the blocks of its released list.
    blocks: RefCell<Vec<Vec<Block>>>,
}

const NO_ROW: usize = usize::MAX;

/// So many entries of a list make a block.
const BLOCK: usize = 64;
/// So many multiplications are on their way at once.
const AT_ONCE: usize = 4;

/// What the polls of a block came to, in the release of the lane in which they were last added.
#[derive(Clone, Debug)]
struct Block {
    entries: [u32; BLOCK],
    release: Option<u32>,
    sum: u64,
}

impl Block {
    const UNKNOWN: Block = Block { entries: [0; BLOCK], release: None, sum: 0 };
}

/// A multiplier of full order: it is 5 modulo 8.
const BASE: u64 = 0xD134_2543_DE82_EF95;

const fn power(exponent: usize) -> u64 {
    let (mut power, mut at) = (1_u64, 0);
    while at < exponent {
        power = power.wrapping_mul(BASE);
        at += 1;
    }
    power
}

/// What is added for a change.
#[inline]
const fn word(kind: ChangeKind, number: u64) -> u64 {
    (number << 4) | kind as u64
}

/// Adds words that came to `sum`, and whose number is that of the power.
#[inline]
const fn add(hash: u64, power: u64, sum: u64) -> u64 {
    hash.wrapping_mul(power).wrapping_add(sum)
}

impl Trace {
    pub(crate) fn new(on: bool, seed: u64, shuffle: Option<u64>) -> Self {
        let seed = shuffle.map_or(mix(seed, 0), |shuffle| mix(mix(seed, 1), shuffle));
        Trace { on, sum: Cell::new(seed), row: Cell::new(NO_ROW), blocks: RefCell::default() }
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    #[inline]
    fn add(&self, word: u64) {
        self.sum.set(add(self.sum.get(), BASE, word));
    }
}

impl Core {
    /// Notes a change of a script, if anybody asked for a trace.
    #[inline]
    pub(super) fn record(&self, kind: ChangeKind, number: u64) {
        if self.trace.is_on() {
            self.record_now(kind, number, |_| ());
        }
    }

    /// The same where the log is told more.
    #[inline]
    pub(super) fn record_with(&self, kind: ChangeKind, number: u64, more: impl FnOnce(&mut TaskChange)) {
        if self.trace.is_on() {
            self.record_now(kind, number, more);
        }
    }

    /// Out of line: without a trace it is in nobody's way.
    #[inline(never)]
    fn record_now(&self, kind: ChangeKind, number: u64, more: impl FnOnce(&mut TaskChange)) {
        self.add_row();
        self.trace.add(word(kind, number));
        if self.log.is_on() {
            self.log_change(kind, number, more);
        }
    }

    /// Notes a draw of a random number; `number` is 0 for the executor's own stream.
    #[inline]
    pub(super) fn record_draw(&self, number: u64, value: u64) {
        if self.trace.is_on() {
            self.record_now(ChangeKind::Drew, number, |change| change.value = value);
            self.trace.add(value);
        }
    }

    /// From here on polls of the released list are added when the row ends.
    #[inline]
    pub(super) fn begin_traced_row(&self) {
        self.add_row();
        self.trace.row.set(self.batch.at());
    }

    /// Ends the row.
    #[inline]
    pub(super) fn end_traced_row(&self) {
        self.add_row();
        self.trace.row.set(NO_ROW);
    }

    /// Adds the polls of the row so far.
    #[inline]
    fn add_row(&self) {
        if self.trace.row.get() < self.batch.at() {
            self.add_polls();
        }
    }

    #[inline(never)]
    fn add_polls(&self) {
        let list = self.batch.list();
        let end = self.batch.at();
        let mut at = self.trace.row.replace(end);
        let mut sum = self.trace.sum.get();
        let mut blocks = self.trace.blocks.borrow_mut();
        let lane = usize::from(self.lane_now.get());
        if blocks.len() <= lane {
            blocks.resize(lane + 1, Vec::new());
        }
        let blocks = &mut blocks[lane];
        if blocks.len() < list.len() / BLOCK {
            blocks.resize(list.len() / BLOCK, Block::UNKNOWN);
        }
        let release = self.lane(self.lane_now.get()).released.get();
        let mut words = Words::new(&self.storage);
        while at < end {
            if at.is_multiple_of(BLOCK)
                && let Some(entries) = list[at..end].first_chunk::<BLOCK>()
            {
                let block = &mut blocks[at / BLOCK];
                // What stood there in the release before was parked there, and an entry keeps its slot: so an equal
                // entry is the same script.
                if block.release.replace(release) != Some(release.wrapping_sub(1)) || block.entries != *entries {
                    block.entries = *entries;
                    block.sum = words.sum(entries);
                }
                debug_assert_eq!(block.sum, words.sum(entries), "what is kept of a block is what it comes to");
                sum = add(sum, const { power(BLOCK) }, block.sum);
                at += BLOCK;
            } else {
                sum = add(sum, BASE, words.of(list[at]));
                at += 1;
            }
        }
        self.trace.sum.set(sum);
    }

    /// The hash over all changes so far; 0 without a trace.
    pub(crate) fn trace_hash(&self) -> u64 {
        if !self.trace.is_on() {
            return 0;
        }
        self.add_row();
        mix(self.trace.sum.get(), 0)
    }
}

/// What is added for polls, by entries of the released list.
struct Words<'a> {
    storage: &'a Storage,
    chunk: ChunkView<'a>,
    first: u32,
}

impl<'a> Words<'a> {
    fn new(storage: &'a Storage) -> Self {
        Words { storage, chunk: ChunkView::NONE, first: 0 }
    }

    #[inline]
    fn of(&mut self, entry: u32) -> u64 {
        if !self.chunk.has(entry.wrapping_sub(self.first)) {
            self.chunk = self.storage.chunk(entry).expect("an entry that was polled names a slot");
            self.first = entry & !PLACE;
        }
        let slot = self.chunk.slot(entry.wrapping_sub(self.first)).expect("the chunk has it");
        word(ChangeKind::Polled, slot.cold().number.get())
    }

    /// What a block comes to.
    fn sum(&mut self, entries: &[u32; BLOCK]) -> u64 {
        let mut sums = [0_u64; AT_ONCE];
        for round in entries.as_chunks::<AT_ONCE>().0 {
            for (sum, &entry) in sums.iter_mut().zip(round) {
                *sum = add(*sum, const { power(AT_ONCE) }, self.of(entry));
            }
        }
        sums.into_iter().fold(0, |all, sum| add(all, BASE, sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_added_at_once_come_to_the_same_as_one_by_one() {
        let words = [3_u64, 1 << 40, 7, 7, 0, 99];
        let sum = |words: &[u64]| words.iter().fold(0, |sum, &word| add(sum, BASE, word));
        for split in 0..=words.len() {
            let (one, other) = words.split_at(split);
            assert_eq!(add(sum(one), power(other.len()), sum(other)), sum(&words));
        }
    }
}
