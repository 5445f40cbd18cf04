//! The trace: a hash over every change of every script, in order.
//!
//! The rule: two runs have the same trace exactly when the same scripts were spawned, woken, polled, held
//! and ended in the same order and frames. Scripts enter by spawn number; slots, addresses, sizes, names and
//! source lines never do, so the trace is the same in debug and release and on every target.
//!
//! Off unless asked for; then each change costs one multiplication.

use std::cell::Cell;

/// What changed. The numbers are part of the hash.
#[derive(Copy, Clone, Debug)]
#[repr(u8)]
pub(crate) enum Change {
    Step = 1,
    Spawned = 2,
    Woken = 3,
    Polled = 4,
    Completed = 5,
    Cancelled = 6,
    Panicked = 7,
    PutOff = 8,
    Held = 9,
    LetGo = 10,
}

#[derive(Debug)]
pub(crate) struct Trace {
    on: bool,
    hash: Cell<u64>,
}

impl Trace {
    pub(crate) fn new(on: bool, seed: u64) -> Self {
        Trace { on, hash: Cell::new(if on { mix(seed, 0) } else { 0 }) }
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    #[inline]
    pub(crate) fn record(&self, change: Change, number: u64) {
        if self.on {
            self.hash.set(mix(self.hash.get(), (number << 4) | change as u64));
        }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.get()
    }
}

/// Folds `value` into `hash`; also how seeds are split (`random`).
#[inline]
pub(crate) fn mix(hash: u64, value: u64) -> u64 {
    // One round of a folded 64 x 64 bit multiplication, as in wyhash; the constants are odd and random.
    let product = u128::from(hash ^ 0x9E37_79B9_7F4A_7C15) * u128::from(value ^ 0xD1B5_4A32_D192_ED03);
    (product as u64) ^ ((product >> 64) as u64) ^ hash.rotate_left(23)
}
