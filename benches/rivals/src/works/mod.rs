//! The works, one file each: what is done, by whom, and what counts as one unit.

mod combine;
mod foreign;
mod hop;
mod idle;
mod memory;
mod resume;
mod self_wake;
mod spawn;
mod timers;

use crate::report::Table;

pub struct Work {
    pub name: &'static str,
    pub run: fn(&Scale) -> Table,
}

pub const ALL: &[Work] = &[
    Work { name: resume::IN_ORDER, run: resume::in_order },
    Work { name: resume::SHUFFLED, run: resume::shuffled },
    Work { name: self_wake::NAME, run: self_wake::run },
    Work { name: hop::NAME, run: hop::run },
    Work { name: spawn::NAME, run: spawn::run },
    Work { name: timers::NAME, run: timers::run },
    Work { name: idle::PARKED, run: idle::parked },
    Work { name: idle::ASLEEP, run: idle::asleep },
    Work { name: combine::NAME, run: combine::run },
    Work { name: foreign::NAME, run: foreign::run },
    Work { name: memory::NAME, run: memory::run },
];

/// How much is to be done.
pub struct Scale {
    pub quick: bool,
    pub max_size: usize,
}

impl Scale {
    /// Those of the sizes that are wanted; in a quick run only the smallest.
    pub fn sizes(&self, sizes: &[usize]) -> Vec<usize> {
        let wanted = sizes.iter().copied().filter(|&size| size <= self.max_size);
        wanted.take(if self.quick { 1 } else { usize::MAX }).collect()
    }

    /// How many rounds are counted: fewer where a round takes long.
    pub fn rounds(&self, size: usize) -> usize {
        match size {
            _ if self.quick => 1,
            0..=99_999 => 21,
            100_000..=999_999 => 15,
            _ => 9,
        }
    }

    /// How many frames a round has, so that it does about this many units.
    pub fn frames(&self, units: usize, units_a_frame: usize) -> usize {
        if self.quick { 2 } else { (units / units_a_frame).max(1) }
    }
}

/// A size as rows show it.
pub fn label(size: usize) -> String {
    crate::report::thousands(size as u64)
}
