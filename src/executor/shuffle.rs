//! A shuffled run: among all that is ready any may be next, each as likely, and equal deadlines fire in any order.
//!
//! The rule: the order is drawn from a seed of its own, so it is the same on every run, and everything but the order
//! holds: each script that is ready is polled in the step, once for however many wakes came before; chains of wakes
//! are free; caps are kept; what is put off runs before all else in the next step. It shows a game that depends on
//! an order that it didn't ask for.
//!
//! What keeps its order: the eight parts of a step, clocks among each other, different deadlines of one clock, waits
//! of outer layers, ends, what comes from outside.

use std::cell::RefCell;
use std::task::Waker;

use super::core::Core;
use super::lane::LaneState;
use super::random::RandomStream;
use super::rows::Rows;
use super::wheel::Due;

#[derive(Debug)]
pub(crate) struct Shuffle {
    seed: Option<u64>,
    draws: RefCell<RandomStream>,
}

impl Shuffle {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Shuffle { seed, draws: RefCell::new(RandomStream::new(seed.unwrap_or(0), "shuffle")) }
    }

    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.seed.is_some()
    }

    pub(crate) fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// One of so many, each as likely; the first where there is none.
    fn pick(&self, among: usize) -> usize {
        self.draws.borrow_mut().below(among as u64) as usize
    }

    /// Shuffles timers that are due at the same time; `due` is in order of deadlines.
    pub(super) fn shuffle_equals(&self, due: &mut [Due]) {
        for equals in due.chunk_by_mut(|one, other| one.deadline() == other.deadline()) {
            for end in (2..=equals.len()).rev() {
                equals.swap(end - 1, self.pick(end));
            }
        }
    }
}

impl Core {
    /// Runs the lane's ready queue in a shuffled order; `false` when the step's polls are used up.
    #[inline(never)]
    pub(super) fn run_shuffled<const HEARD: bool>(&self, lane: &LaneState, waker: &Waker) -> bool {
        let mut alone = Rows::alone(self, waker);
        while self.ready_now.len() > 0 {
            if self.batch.polled() >= self.frame_polls {
                return false;
            }
            // ORDER: what was put off in the step before comes first.
            let first = lane.put_first.get().min(self.ready_now.len());
            lane.put_first.set(first.saturating_sub(1));
            let picked = self.shuffle.pick(if first > 0 { first } else { self.ready_now.len() });
            if let (Some(entry), Some(front)) = (self.ready_now.get(picked), self.ready_now.get(0)) {
                self.ready_now.set(picked, front);
                self.ready_now.set(0, entry);
            }
            if let Some(entry) = self.ready_now.pop() {
                self.run_entry::<HEARD>(lane, entry, &mut alone);
            }
        }
        true
    }
}
