//! How random programs are drawn: what proptest draws of them, and hands to `shrink.rs`.
//!
//! Rule: a program is a function of one number, so that drawing takes microseconds and thousands fit into a test.

use super::{
    program::List,
    shrink::{Edit, Shrinking},
};
use proptest::{
    prelude::Rng,
    strategy::{NewTree, Strategy},
    test_runner::TestRunner,
};
use std::fmt::Debug;

/// All programs of a language, by what draws one.
#[derive(Debug)]
pub(crate) struct Programs<P>(pub(crate) fn(&mut Dice) -> P);

impl<P: Edit + Clone + Debug> Strategy for Programs<P> {
    type Tree = Shrinking<P>;
    type Value = P;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(Shrinking::new(self.0(&mut Dice(runner.rng().next_u64()))))
    }
}

/// Draws, by SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    /// Which of the weights is hit.
    pub(crate) fn pick(&mut self, weights: &[u64]) -> usize {
        let mut at = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|&weight| {
                let hit = at < weight;
                at = at.saturating_sub(weight);
                hit
            })
            .expect("the sum is the limit")
    }

    pub(crate) fn one_in(&mut self, chances: u64) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn list<T>(&mut self, lens: std::ops::Range<u64>, mut item: impl FnMut(&mut Self) -> T) -> List<T> {
        let len = lens.start + self.below(lens.end - lens.start);
        List((0..len).map(|_| item(self)).collect())
    }

    pub(crate) fn small(&mut self, limit: u64) -> u8 {
        self.below(limit) as u8
    }
}
