//! What each armed timer wakes, at a place that it keeps until it fires.
//!
//! The rule: a name finds the timer that it was given to, or nothing. A place's generation grows each time
//! that it is vacated, and one whose generation is used up is never used again.
//!
//! A task's own waker, which is the common case, is kept as its key; other wakers stand aside.

use std::task::Waker;

use slab::Slab;

use super::vacant::Vacant;
use crate::executor::key::{NO_TASK, TaskId};
use crate::executor::layout::fits;
use crate::executor::waker;

/// What a timer wakes.
#[derive(Debug)]
pub(crate) enum Wakes {
    /// A task of the executor that the timer belongs to.
    Task(TaskId),
    Other(Waker),
}

/// Names one armed timer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    index: u32,
    generation: u32,
}

#[derive(Debug)]
struct Timer {
    task: TaskId,
    generation: u32,
    /// The place of its waker, unless it wakes `task`.
    other: u32,
}

const _: () = assert!(fits::<Timer>(16), "four to a cache line");

const NO_OTHER: u32 = u32::MAX;

#[derive(Debug, Default)]
pub(super) struct Timers {
    timers: Vec<Timer>,
    vacant: Vacant,
    others: Slab<Waker>,
    armed: usize,
}

impl Timers {
    /// Makes room for more, beyond what are vacant.
    pub(super) fn reserve(&mut self, timers: usize) {
        self.timers.reserve(timers);
        self.vacant.reserve(self.timers.capacity());
    }

    /// What others made of what they wake.
    pub(super) fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.others.into_iter().map(|(_, waker)| waker)
    }

    pub(super) fn capacity(&self) -> usize {
        self.timers.capacity()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.armed == 0
    }

    /// Whether there is no room for another.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.vacant.is_empty() && self.timers.len() == self.timers.capacity()
    }

    #[inline]
    pub(super) fn insert(&mut self, wakes: Wakes) -> Name {
        self.armed += 1;
        let (task, other) = self.keep(wakes);
        if let Some(index) = self.vacant.take() {
            let timer = &mut self.timers[index as usize];
            (timer.task, timer.other) = (task, other);
            return Name { index, generation: timer.generation };
        }
        let index = u32::try_from(self.timers.len()).expect("a clock has at most four billion timers");
        self.timers.push(Timer { task, generation: 0, other });
        Name { index, generation: 0 }
    }

    #[inline]
    pub(super) fn remove(&mut self, name: Name) -> Option<Wakes> {
        let timer = self.timers.get_mut(name.index as usize).filter(|timer| timer.generation == name.generation)?;
        timer.generation += 1;
        if timer.generation < u32::MAX {
            self.vacant.insert(name.index);
        }
        self.armed -= 1;
        let (task, other) = (timer.task, timer.other);
        Some(self.give_back(task, other))
    }

    #[inline]
    pub(super) fn has(&self, name: Name) -> bool {
        self.timers[name.index as usize].generation == name.generation
    }

    /// Whether a timer wakes what `waker` wakes, as far as can be told.
    pub(super) fn wakes(&self, name: Name, waker: &Waker) -> Option<bool> {
        self.has(name).then(|| {
            let timer = &self.timers[name.index as usize];
            match self.others.get(timer.other as usize) {
                Some(kept) => waker::is_same(kept, waker),
                None => waker::key_of(waker) == Some(timer.task),
            }
        })
    }

    /// Whether `is_it` says so of what a timer wakes.
    pub(super) fn is_woken(&self, name: Name, is_it: impl Fn(&Waker) -> bool) -> bool {
        let timer = &self.timers[name.index as usize];
        match self.others.get(timer.other as usize) {
            Some(kept) => is_it(kept),
            None => is_it(&waker::for_task(timer.task)),
        }
    }

    /// Puts something else in the place of what a timer wakes; gives back `wakes` if there is no such timer.
    pub(super) fn replace(&mut self, name: Name, wakes: Wakes) -> Wakes {
        if !self.has(name) {
            return wakes;
        }
        let (task, other) = self.keep(wakes);
        let timer = &mut self.timers[name.index as usize];
        let task = std::mem::replace(&mut timer.task, task);
        let other = std::mem::replace(&mut timer.other, other);
        self.give_back(task, other)
    }

    #[inline]
    fn keep(&mut self, wakes: Wakes) -> (TaskId, u32) {
        match wakes {
            Wakes::Task(key) => (key, NO_OTHER),
            Wakes::Other(waker) => (NO_TASK, self.others.insert(waker) as u32),
        }
    }

    #[inline]
    fn give_back(&mut self, task: TaskId, other: u32) -> Wakes {
        if other == NO_OTHER { Wakes::Task(task) } else { Wakes::Other(self.others.remove(other as usize)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_whose_generation_is_used_up_is_left_vacant() {
        let mut timers = Timers::default();
        let mut name = timers.insert(Wakes::Task(NO_TASK));
        timers.timers[0].generation = u32::MAX - 1;
        name.generation = u32::MAX - 1;
        assert!(timers.remove(name).is_some() && timers.remove(name).is_none());
        assert!(timers.is_empty());
        assert_eq!(timers.insert(Wakes::Task(NO_TASK)), Name { index: 1, generation: 0 });
    }
}
