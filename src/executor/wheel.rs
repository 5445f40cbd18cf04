//! A timer wheel: deadlines in whatever unit its clock counts, each held in constant time.
//!
//! The rule: timers come out by deadline, and equal deadlines in the order in which they were armed, to
//! the last unit, however far apart they were armed and however the clock jumps.
//!
//! How: a hierarchy of wheels with 64 slots (Varghese and Lauck, 1987), as many levels as a `u64` has
//! digits to base 64. A timer lies at the level of the highest digit in which its deadline differs from
//! the wheel's time, so each slot's list is in order of arming: what comes down from the level above
//! came before anything that is put straight into that slot. When time passes, a slot that lies wholly
//! in the past comes out as it is and is sorted (it is short, or it is a batch that is due at once);
//! only the one slot that time stops in is dealt out to the levels below. A timer moves down at most
//! once a level; arming and cancelling are constant.
//!
//! With many timers the cost is in the memory that they touch. So what moves, a deadline and a name, is
//! apart from what stays (`timers`), and lies in blocks that are written and read in a row (`slots`):
//! nothing waits for a look at the timer before. A timer that is disarmed leaves its entry behind, as a
//! name of nothing; the list is swept when most of it is such.

mod order;
mod slots;
mod timers;
mod vacant;

use std::task::Waker;

use slots::Slots;
pub(crate) use timers::Wakes;
use timers::{Name, Timers};

use super::key::TaskId;

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;

/// A timer that has come due, still to be fired; or one that lies in a slot.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    deadline: u64,
    name: Name,
}

/// Names one armed timer, and knows where it lies.
pub(crate) type TimerKey = Due;

impl TimerKey {
    pub(crate) const fn deadline(self) -> u64 {
        self.deadline
    }
}

#[derive(Debug)]
pub(crate) struct Wheel {
    /// Everything due up to here has come out.
    now: u64,
    timers: Timers,
    slots: Slots,
    /// Timers that have come due and wait to be fired, disarmed ones included.
    outstanding: usize,
}

/// The digit of `time` at `level`.
fn digit(time: u64, level: usize) -> usize {
    (time >> (level as u32 * DIGIT_BITS)) as usize & (SLOTS - 1)
}

impl Wheel {
    pub(crate) fn new(now: u64) -> Self {
        Wheel { now, timers: Timers::default(), slots: Slots::new(), outstanding: 0 }
    }

    /// See [`Timers::into_wakers`].
    pub(crate) fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.timers.into_wakers()
    }

    #[cold]
    pub(crate) fn reserve(&mut self, timers: usize) {
        self.timers.reserve(timers);
        self.slots.reserve(self.timers.capacity());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }

    /// Arms a timer. The deadline lies after the wheel's time; one that doesn't comes due with the next
    /// advance by any amount.
    #[inline]
    pub(crate) fn arm(&mut self, deadline: u64, wakes: Wakes) -> TimerKey {
        let deadline = deadline.max(self.now.saturating_add(1));
        if self.timers.is_full() {
            self.reserve(1);
        }
        let timer = Due { deadline, name: self.timers.insert(wakes) };
        self.slots.push(list_of(self.now, deadline), timer);
        timer
    }

    /// Whether the timer wakes what `waker` wakes; `None` when it has fired.
    pub(crate) fn wakes(&self, key: TimerKey, waker: &Waker) -> Option<bool> {
        self.timers.wakes(key.name, waker)
    }

    /// Makes the timer wake something else; gives back what it woke, or `wakes` if it has fired.
    pub(crate) fn set_wakes(&mut self, key: TimerKey, wakes: Wakes) -> Wakes {
        self.timers.replace(key.name, wakes)
    }

    /// Whether the timer's time has come, and all that came due with it has fired.
    #[inline]
    pub(crate) fn has_fired(&self, key: TimerKey) -> bool {
        key.deadline <= self.now && self.outstanding == 0
    }

    /// Disarms a timer, in amortised constant time; gives back a waker that
    /// isn't needed any more.
    #[inline]
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        if self.has_fired(key) {
            return None;
        }
        let wakes = self.timers.remove(key.name)?;
        if key.deadline > self.now {
            self.slots.forget_one(list_of(self.now, key.deadline), &self.timers);
        }
        match wakes {
            Wakes::Task(_) => None,
            Wakes::Other(waker) => Some(waker),
        }
    }

    /// Fires the first of `due`, which came out of this wheel, up to one whose waker isn't a task's, or until
    /// `tasks` is full. Timers that were disarmed since they came out don't fire.
    pub(crate) fn fire(&mut self, due: &[Due], tasks: &mut [TaskId]) -> Fired {
        let mut fired = Fired { due: 0, tasks: 0, other: None };
        while let Some(next) = due.get(fired.due)
            && let Some(task) = tasks.get_mut(fired.tasks)
        {
            fired.due += 1;
            match self.timers.remove(next.name) {
                Some(Wakes::Task(key)) => {
                    *task = key;
                    fired.tasks += 1;
                }
                Some(Wakes::Other(waker)) => {
                    fired.other = Some(waker);
                    break;
                }
                None => (),
            }
        }
        self.outstanding -= fired.due;
        fired
    }

    /// Moves the wheel's time on, and appends what comes due up to and including `now` to `due`, in order.
    pub(crate) fn advance(&mut self, now: u64, due: &mut Vec<Due>) {
        if now <= self.now {
            return;
        }
        let start = due.len();
        // Above this level the old and the new time have the same digits: nothing there moves.
        let top = ((self.now ^ now).ilog2() / DIGIT_BITS) as usize;
        // ORDER: a level's slots lie wholly after all slots of the levels below, so going up from the
        // lowest level, and through each level by digit, goes through time in order.
        for level in 0..=top {
            let passed = if level == top { digit(now, level) } else { SLOTS };
            let mut slots = self.slots.occupied(level) & ones_below(passed);
            while slots != 0 {
                let slot = slots.trailing_zeros() as usize;
                slots &= slots - 1;
                self.expire(level * SLOTS + slot, due);
            }
        }
        // What is left up to `top` lies in the slot that the new time is in.
        self.now = now;
        let entered = digit(now, top);
        if self.slots.occupied(top) & (1 << entered) != 0 {
            self.deal_out(top * SLOTS + entered, due);
        }
        self.outstanding += due.len() - start;
    }

    /// The earliest deadline. Looks through one slot's list.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let level = (0..LEVELS).find(|&level| self.slots.occupied(level) != 0)?;
        let slot = self.slots.occupied(level).trailing_zeros() as usize;
        self.armed_in(level * SLOTS + slot).map(|timer| timer.deadline).min()
    }

    /// The deadlines of those timers that wake such ones. Looks at all timers.
    pub(crate) fn deadlines(&self, is_it: impl Fn(&Waker) -> bool) -> impl Iterator<Item = u64> {
        (0..LEVELS * SLOTS)
            .flat_map(|list| self.armed_in(list))
            .filter(move |timer| self.timers.is_woken(timer.name, &is_it))
            .map(|timer| timer.deadline)
    }

    fn armed_in(&self, list: usize) -> impl Iterator<Item = Due> {
        self.slots.iter(list).filter(|timer| self.timers.has(timer.name))
    }

    /// Empties a slot that lies wholly in the past.
    fn expire(&mut self, list: usize, due: &mut Vec<Due>) {
        let start = due.len();
        let (mut rest, is_whole) = self.slots.take(list);
        if is_whole {
            while let Some(block) = self.slots.next_block(&mut rest) {
                due.extend_from_slice(block.entries());
            }
        } else {
            while let Some(block) = self.slots.next_block(&mut rest) {
                due.extend(block.entries().iter().filter(|timer| self.timers.has(timer.name)));
            }
        }
        order::by_deadline(due, start);
    }

    /// Deals the slot that time has entered out to the levels below; what is due in it comes out.
    fn deal_out(&mut self, list: usize, due: &mut Vec<Due>) {
        let start = due.len();
        let (mut rest, is_whole) = self.slots.take(list);
        while let Some(block) = self.slots.next_block(&mut rest) {
            for &timer in block.entries() {
                if !is_whole && !self.timers.has(timer.name) {
                    continue;
                }
                if timer.deadline <= self.now {
                    due.push(timer);
                } else {
                    // ORDER: in list order, so that equal deadlines keep the order in which they were armed.
                    self.slots.push(list_of(self.now, timer.deadline), timer);
                }
            }
        }
        order::by_deadline(due, start);
    }
}

/// What [`Wheel::fire`] went through.
#[derive(Debug)]
pub(crate) struct Fired {
    /// So many timers, from the first.
    pub(crate) due: usize,
    /// So many tasks are to be woken for them, in order.
    pub(crate) tasks: usize,
    /// And then this.
    pub(crate) other: Option<Waker>,
}

/// The list for a deadline after `now`: it is the same as long as the timer doesn't move.
#[inline]
fn list_of(now: u64, deadline: u64) -> usize {
    let differs = now ^ deadline;
    let level = if differs == 0 { 0 } else { (differs.ilog2() / DIGIT_BITS) as usize };
    level * SLOTS + digit(deadline, level)
}

/// The lowest `count` bits, up to all 64.
fn ones_below(count: usize) -> u64 {
    if count >= SLOTS { u64::MAX } else { (1 << count) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::executor::key::NO_TASK;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Arm(u64),
        Cancel(usize),
        Advance(u64),
    }

    fn span() -> impl Strategy<Value = u64> {
        prop_oneof![0..4_u64, 0..100_u64, 0..20_000_000_u64, 0..90_000_000_000_u64, any::<u64>().prop_map(|x| x >> 4)]
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![4 => span().prop_map(Op::Arm), 1 => any::<usize>().prop_map(Op::Cancel), 2 => span().prop_map(Op::Advance)]
    }

    /// The wheel beside a list that is sorted anew at each advance.
    fn compare(start: u64, ops: &[Op]) {
        let mut wheel = Wheel::new(start);
        let (mut now, mut sequence) = (start, 0);
        let mut armed: Vec<(u64, u64, TimerKey)> = Vec::new();
        for op in ops {
            match *op {
                Op::Arm(_) if now == u64::MAX => {} // Time has ended.
                Op::Arm(after) => {
                    let deadline = now.saturating_add(after).max(now.saturating_add(1));
                    let is_other = sequence % 5 == 0;
                    let wakes = if is_other { Wakes::Other(Waker::noop().clone()) } else { Wakes::Task(NO_TASK) };
                    armed.push((deadline, sequence, wheel.arm(deadline, wakes)));
                    sequence += 1;
                }
                Op::Cancel(which) if !armed.is_empty() => {
                    let (_, _, key) = armed.remove(which % armed.len());
                    assert!(wheel.timers.has(key.name));
                    wheel.cancel(key);
                    assert!(!wheel.timers.has(key.name));
                    assert!(wheel.cancel(key).is_none());
                }
                Op::Cancel(_) => {}
                Op::Advance(by) => {
                    now = now.saturating_add(by);
                    let mut due = Vec::new();
                    wheel.advance(now, &mut due);
                    let mut expected: Vec<_> = armed.extract_if(.., |timer| timer.0 <= now).collect();
                    expected.sort_unstable_by_key(|timer| (timer.0, timer.1));
                    assert_eq!(due, expected.iter().map(|timer| timer.2).collect::<Vec<_>>());
                    for timer in due {
                        let mut tasks = [NO_TASK; 2];
                        let fired = wheel.fire(&[timer], &mut tasks);
                        assert_eq!((fired.due, fired.tasks + usize::from(fired.other.is_some())), (1, 1));
                        assert!(wheel.cancel(timer).is_none());
                    }
                }
            }
            let deadlines: BTreeSet<_> = wheel.deadlines(|_| true).collect();
            assert_eq!(deadlines, armed.iter().map(|timer| timer.0).collect());
            assert_eq!(wheel.next_deadline(), armed.iter().map(|timer| timer.0).min());
            assert_eq!(wheel.is_empty(), armed.is_empty());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 2_000, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        #[cfg_attr(miri, ignore = "safe code, and slow there")]
        fn timers_come_out_as_from_a_sorted_list(
            start in prop_oneof![Just(0), any::<u64>(), Just(u64::MAX - 1_000)],
            ops in prop::collection::vec(op(), 0..60),
        ) {
            compare(start, &ops);
        }
    }
}
