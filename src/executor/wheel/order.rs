//! Sorting what comes due, by deadline, without a change to the order of equal ones and without allocating.
//!
//! How: few are sorted by insertion; many by the bytes of what they are later than the first, lowest byte
//! first, with as many passes as the last of them needs.

use super::Due;

/// Up to this many, insertion is faster.
const FEW: usize = 32;
const BYTE: usize = 256;

/// Sorts what stands from `start` on by deadline, keeping the order of equal ones. The list may grow meanwhile.
pub(super) fn by_deadline(due: &mut Vec<Due>, start: usize) {
    if due.len() - start <= FEW {
        insert_each(&mut due[start..]);
    } else if !due[start..].is_sorted_by_key(|timer| timer.deadline) {
        by_bytes(due, start);
    }
}

fn insert_each(due: &mut [Due]) {
    for end in 1..due.len() {
        let next = due[end];
        let mut place = end;
        while place > 0 && due[place - 1].deadline > next.deadline {
            due[place] = due[place - 1];
            place -= 1;
        }
        due[place] = next;
    }
}

fn by_bytes(due: &mut Vec<Due>, start: usize) {
    let end = due.len();
    let deadlines = || due[start..].iter().map(|timer| timer.deadline);
    let (Some(first), Some(last)) = (deadlines().min(), deadlines().max()) else { return };
    for shift in (0..u64::BITS).step_by(8).take_while(|&shift| (last - first) >> shift != 0) {
        let byte = |timer: &Due| ((timer.deadline - first) >> shift) as usize % BYTE;
        // Where the first of each byte's goes.
        let mut places = [0_u32; BYTE];
        due[start..].iter().for_each(|timer| places[byte(timer)] += 1);
        let mut sum = 0;
        for place in &mut places {
            sum += std::mem::replace(place, sum);
        }
        // Behind the list there is room for a copy, once it was needed.
        due.extend_from_within(start..);
        let (sorted, copy) = due[start..].split_at_mut(end - start);
        for timer in copy {
            let place = &mut places[byte(timer)];
            sorted[*place as usize] = *timer;
            *place += 1;
        }
        due.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Wheel;
    use super::super::timers::Wakes;
    use super::*;
    use crate::executor::key::NO_TASK;

    #[test]
    fn it_sorts_as_a_stable_sort_does() {
        let mut wheel = Wheel::new(0);
        let mut random = fastrand::Rng::with_seed(1);
        for len in [0, 1, 2, FEW, FEW + 1, if cfg!(miri) { FEW + 2 } else { 300 }] {
            for bits in [1, 7, 8, 9, 31, 64] {
                let mask = u64::MAX >> (64 - bits);
                let timers: Vec<Due> = (0..len)
                    .map(|_| Due { deadline: random.u64(..) & mask, ..wheel.arm(1, Wakes::Task(NO_TASK)) })
                    .collect();
                let (mut sorted, mut expected) = (timers.clone(), timers);
                by_deadline(&mut sorted, 0);
                expected.sort_by_key(|timer| timer.deadline);
                assert_eq!(sorted, expected);
            }
        }
    }
}
