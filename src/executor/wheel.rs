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
//! Timers are found by index and sequence number: a stale key finds nothing.

use std::task::Waker;

use slab::Slab;

const DIGIT_BITS: u32 = 6;
const SLOTS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = u64::BITS.div_ceil(DIGIT_BITS) as usize;
const NONE: u32 = u32::MAX;
/// The list of a timer that has come due and waits to be fired.
const DUE: u16 = u16::MAX;

#[derive(Debug)]
struct Timer {
    deadline: u64,
    sequence: u64,
    waker: Waker,
    /// Which list it is in: `level * SLOTS + digit`, or `DUE`.
    list: u16,
    before: u32,
    after: u32,
}

#[derive(Copy, Clone, Debug)]
struct List {
    first: u32,
    last: u32,
}

const EMPTY: List = List { first: NONE, last: NONE };

/// Names one armed timer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimerKey {
    index: u32,
    sequence: u64,
}

/// A timer that has come due, still to be fired; sorts by deadline, then by order of arming.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Due {
    deadline: u64,
    sequence: u64,
    index: u32,
}

#[derive(Debug)]
pub(crate) struct Wheel {
    /// Everything due up to here has come out.
    now: u64,
    sequence: u64,
    timers: Slab<Timer>,
    lists: Box<[List]>,
    /// A bit for each slot that isn't empty, by level.
    occupied: [u64; LEVELS],
}

/// The digit of `time` at `level`.
fn digit(time: u64, level: usize) -> usize {
    (time >> (level as u32 * DIGIT_BITS)) as usize & (SLOTS - 1)
}

impl Wheel {
    pub(crate) fn new(now: u64) -> Self {
        Wheel {
            now,
            sequence: 0,
            timers: Slab::new(),
            lists: vec![EMPTY; LEVELS * SLOTS].into(),
            occupied: [0; LEVELS],
        }
    }

    pub(crate) fn reserve(&mut self, timers: usize) {
        self.timers.reserve(timers);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }

    /// Arms a timer. The deadline lies after the wheel's time; one that doesn't comes due with the next
    /// advance by any amount.
    pub(crate) fn arm(&mut self, deadline: u64, waker: Waker) -> TimerKey {
        let sequence = self.sequence;
        self.sequence += 1;
        let deadline = deadline.max(self.now.saturating_add(1));
        let timer = Timer { deadline, sequence, waker, list: DUE, before: NONE, after: NONE };
        let index = self.timers.insert(timer) as u32;
        self.link(index, self.list_of(deadline));
        TimerKey { index, sequence }
    }

    /// The timer's waker, if it hasn't fired.
    pub(crate) fn waker_mut(&mut self, key: TimerKey) -> Option<&mut Waker> {
        self.timers
            .get_mut(key.index as usize)
            .filter(|timer| timer.sequence == key.sequence)
            .map(|timer| &mut timer.waker)
    }

    /// Disarms a timer, in constant time; gives its waker back if it hadn't fired.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        let timer = self.timers.get(key.index as usize).filter(|timer| timer.sequence == key.sequence)?;
        if timer.list != DUE {
            self.unlink(key.index);
        }
        Some(self.timers.remove(key.index as usize).waker)
    }

    /// Takes the waker of a timer that came due, unless it was disarmed since.
    pub(crate) fn fire(&mut self, due: Due) -> Option<Waker> {
        self.cancel(TimerKey { index: due.index, sequence: due.sequence })
    }

    /// Moves the wheel's time on, and appends what comes due up to and including `now` to `due`, in order.
    pub(crate) fn advance(&mut self, now: u64, due: &mut Vec<Due>) {
        if now <= self.now {
            return;
        }
        // Above this level the old and the new time have the same digits: nothing there moves.
        let top = ((self.now ^ now).ilog2() / DIGIT_BITS) as usize;
        // ORDER: a level's slots lie wholly after all slots of the levels below, so going up from the
        // lowest level, and through each level by digit, goes through time in order.
        for level in 0..=top {
            let passed = if level == top { digit(now, level) } else { SLOTS };
            let mut slots = self.occupied[level] & ones_below(passed);
            while slots != 0 {
                let slot = slots.trailing_zeros() as usize;
                slots &= slots - 1;
                self.expire(level * SLOTS + slot, due);
            }
        }
        // What is left up to `top` lies in the slot that the new time is in.
        self.now = now;
        self.deal_out(top, digit(now, top), due);
    }

    /// The earliest deadline. Looks through one slot's list.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let slot = self.occupied[level].trailing_zeros() as usize;
        let mut index = self.lists[level * SLOTS + slot].first;
        let mut earliest = None;
        while index != NONE {
            let timer = &self.timers[index as usize];
            earliest = Some(earliest.map_or(timer.deadline, |earliest: u64| earliest.min(timer.deadline)));
            index = timer.after;
        }
        earliest
    }

    /// The deadlines of those timers whose wakers are such ones. Looks at all timers.
    pub(crate) fn deadlines(&self, is_it: impl Fn(&Waker) -> bool) -> impl Iterator<Item = u64> {
        self.timers.iter().filter(move |(_, timer)| is_it(&timer.waker)).map(|(_, timer)| timer.deadline)
    }

    /// Empties a slot that lies wholly in the past.
    fn expire(&mut self, list: usize, due: &mut Vec<Due>) {
        let start = due.len();
        let mut index = self.take(list);
        let mut sorted = true;
        while index != NONE {
            let timer = &mut self.timers[index as usize];
            timer.list = DUE;
            let next = Due { deadline: timer.deadline, sequence: timer.sequence, index };
            sorted &= due.len() == start || due[due.len() - 1] < next;
            due.push(next);
            index = timer.after;
        }
        if !sorted {
            // ORDER: by deadline, then by order of arming; the keys are unique.
            due[start..].sort_unstable();
        }
    }

    /// Deals the slot that time has entered out to the levels below; what is due in it comes out.
    fn deal_out(&mut self, level: usize, slot: usize, due: &mut Vec<Due>) {
        let start = due.len();
        let mut index = self.take(level * SLOTS + slot);
        while index != NONE {
            let timer = &mut self.timers[index as usize];
            let (deadline, after) = (timer.deadline, timer.after);
            if deadline <= self.now {
                timer.list = DUE;
                due.push(Due { deadline, sequence: timer.sequence, index });
            } else {
                // ORDER: in list order, so that equal deadlines keep the order in which they were armed.
                self.link(index, self.list_of(deadline));
            }
            index = after;
        }
        due[start..].sort_unstable();
    }

    /// The list for a deadline after the wheel's time.
    fn list_of(&self, deadline: u64) -> usize {
        let differs = self.now ^ deadline;
        let level = if differs == 0 { 0 } else { (differs.ilog2() / DIGIT_BITS) as usize };
        level * SLOTS + digit(deadline, level)
    }

    fn take(&mut self, list: usize) -> u32 {
        self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
        std::mem::replace(&mut self.lists[list], EMPTY).first
    }

    fn link(&mut self, index: u32, list: usize) {
        let last = self.lists[list].last;
        let timer = &mut self.timers[index as usize];
        timer.list = list as u16;
        timer.before = last;
        timer.after = NONE;
        match last {
            NONE => self.lists[list].first = index,
            last => self.timers[last as usize].after = index,
        }
        self.lists[list].last = index;
        self.occupied[list / SLOTS] |= 1 << (list % SLOTS);
    }

    fn unlink(&mut self, index: u32) {
        let Timer { list, before, after, .. } = self.timers[index as usize];
        let list = usize::from(list);
        match before {
            NONE => self.lists[list].first = after,
            before => self.timers[before as usize].after = after,
        }
        match after {
            NONE => self.lists[list].last = before,
            after => self.timers[after as usize].before = before,
        }
        if self.lists[list].first == NONE {
            self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
        }
    }
}

/// The lowest `count` bits, up to all 64.
fn ones_below(count: usize) -> u64 {
    if count >= SLOTS { u64::MAX } else { (1 << count) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
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
                    armed.push((deadline, sequence, wheel.arm(deadline, Waker::noop().clone())));
                    sequence += 1;
                }
                Op::Cancel(which) if !armed.is_empty() => {
                    let (_, _, key) = armed.remove(which % armed.len());
                    assert!(wheel.cancel(key).is_some());
                    assert!(wheel.cancel(key).is_none());
                }
                Op::Cancel(_) => {}
                Op::Advance(by) => {
                    now = now.saturating_add(by);
                    let mut due = Vec::new();
                    wheel.advance(now, &mut due);
                    let mut expected: Vec<_> = armed.extract_if(.., |timer| timer.0 <= now).collect();
                    expected.sort_unstable_by_key(|timer| (timer.0, timer.1));
                    assert_eq!(
                        due.iter().map(|due| (due.deadline, due.sequence)).collect::<Vec<_>>(),
                        expected.iter().map(|timer| (timer.0, timer.1)).collect::<Vec<_>>()
                    );
                    for due in due {
                        assert!(wheel.fire(due).is_some());
                        assert!(wheel.fire(due).is_none());
                    }
                }
            }
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
