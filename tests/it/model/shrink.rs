//! Shrinks a program that fails: one edit at a time, kept when the smaller program fails too.
//!
//! Rule: every edit makes something less, so no chain of edits is endless: an element goes, a
//! part takes the place of the whole, something plain that of something rare, or a number drops.

use super::program::List;
use proptest::strategy::ValueTree;

/// A program, and how far the edits have been tried on it.
#[derive(Debug)]
pub(crate) struct Shrinking<P> {
    /// The smallest program known to fail.
    smallest: P,
    /// The program to try: `smallest` after one edit.
    candidate: P,
    /// The number of the next edit.
    edit: usize,
    /// This round over all edits has found a smaller program, so there will be another.
    improved: bool,
}

impl<P: Edit + Clone> Shrinking<P> {
    pub(crate) fn new(program: P) -> Self {
        Self { smallest: program.clone(), candidate: program, edit: 0, improved: false }
    }

    fn next_candidate(&mut self) -> bool {
        loop {
            let mut candidate = self.smallest.clone();
            if candidate.edit(&mut self.edit.clone()) {
                self.edit += 1;
                self.candidate = candidate;
                return true;
            }
            if !self.improved {
                self.candidate = self.smallest.clone();
                return false;
            }
            self.improved = false;
            self.edit = 0;
        }
    }
}

impl<P: Edit + Clone + std::fmt::Debug> ValueTree for Shrinking<P> {
    type Value = P;

    fn current(&self) -> P {
        self.candidate.clone()
    }

    /// The candidate failed: go on from there. What comes after the edit has moved to its place.
    fn simplify(&mut self) -> bool {
        self.smallest = self.candidate.clone();
        self.improved = true;
        self.edit = self.edit.saturating_sub(1);
        self.next_candidate()
    }

    /// The candidate passed: try the next.
    fn complicate(&mut self) -> bool {
        self.next_candidate()
    }
}

/// Something whose edits are numbered.
pub(crate) trait Edit {
    /// Does edit number `at`. If there are fewer, takes their count off `at` and returns `false`.
    fn edit(&mut self, at: &mut usize) -> bool;
}

/// Counts one edit off; `true` if it is the one.
pub(crate) fn hit(at: &mut usize) -> bool {
    let hit = *at == 0;
    *at = at.saturating_sub(1);
    hit
}

/// One edit: a plainer thing takes the place of this one.
pub(crate) fn becomes<T>(this: &mut T, plainer: T, at: &mut usize) -> bool {
    let hit = hit(at);
    if hit {
        *this = plainer;
    }
    hit
}

macro_rules! numbers_drop {
    ($($number:ty)*) => {$(
        impl Edit for $number {
            fn edit(&mut self, at: &mut usize) -> bool {
                let number = *self;
                (number > 0 && becomes(self, 0, at))
                    || (number > 3 && becomes(self, number / 2, at))
                    || (number > 1 && becomes(self, number - 1, at))
            }
        }
    )*};
}
numbers_drop!(u8 u16);

impl Edit for bool {
    fn edit(&mut self, at: &mut usize) -> bool {
        *self && becomes(self, false, at)
    }
}

impl<T: Edit> Edit for List<T> {
    fn edit(&mut self, at: &mut usize) -> bool {
        let len = self.0.len();
        if len > 3 {
            if hit(at) {
                self.0.truncate(len / 2);
                return true;
            }
            if hit(at) {
                self.0.drain(..len / 2);
                return true;
            }
        }
        if *at < len {
            self.0.remove(*at);
            return true;
        }
        *at -= len;
        self.0.iter_mut().any(|item| item.edit(at))
    }
}
