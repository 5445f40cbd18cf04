//! Clocks: counters in integer nanoseconds (or frames), each with a timer wheel of its own.
//!
//! The rule: nothing drifts. A clock advances by the step times its scale, a rational whose remainder is
//! carried, so n steps at scale a/b are worth exactly floor(n * step * a / b). Pausing a clock is not
//! advancing it; no deadline ever moves, since a deadline is a time of the clock itself.
//!
//! A clock belongs to a lane: the lane's step advances it and fires what is due, clocks in order of
//! creation. The first clock of each lane counts its steps, for `frames`. A driven clock takes in what it was
//! given since the lane's last step, where others take the step's length.

use std::task::Waker;
use std::time::Duration;

use super::key::TaskId;
use super::wheel::{Due, Fired, TimerKey, Wakes, Wheel};

/// When a timer is due.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Deadline {
    /// At this time of the clock.
    At(u64),
    /// When this much has passed from now on.
    In(u64),
}

/// What one clock is at.
#[derive(Debug)]
pub(crate) struct ClockState {
    name: &'static str,
    pub(crate) lane: u8,
    /// Counts steps of its lane instead of nanoseconds.
    pub(crate) counts_steps: bool,
    pub(crate) paused: bool,
    /// Of a driven clock: what it was given since its lane's last step.
    given: Option<u64>,
    now: u64,
    numerator: u32,
    denominator: u32,
    /// In units of 1 / `denominator` of a nanosecond; below `denominator`.
    remainder: u64,
    wheel: Wheel,
}

impl ClockState {
    pub(crate) fn new(name: &'static str, lane: u8, counts_steps: bool, now: u64) -> Self {
        ClockState {
            name,
            lane,
            counts_steps,
            paused: false,
            given: None,
            now,
            numerator: 1,
            denominator: 1,
            remainder: 0,
            wheel: Wheel::new(now),
        }
    }

    /// Makes it a driven clock.
    pub(crate) fn driven(mut self) -> Self {
        self.given = Some(0);
        self
    }

    /// Gives a driven clock time for its lane's next step; while it is paused that is lost. `false` if it isn't
    /// driven.
    pub(crate) fn give(&mut self, nanos: u64) -> bool {
        let Some(given) = &mut self.given else { return false };
        if !self.paused {
            *given = given.saturating_add(nanos);
        }
        true
    }

    /// For inspection.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// The wakers of its timers that others made, each to be dropped by itself.
    pub(super) fn into_wakers(self) -> impl Iterator<Item = Waker> {
        self.wheel.into_wakers()
    }

    pub(crate) fn reserve(&mut self, timers: usize) {
        self.wheel.reserve(timers);
    }

    /// Sets how far the clock advances for a step: `numerator / denominator` of it.
    pub(crate) fn set_scale(&mut self, numerator: u32, denominator: u32) {
        // What is carried keeps its worth, rounded down to the new unit.
        self.remainder = self.remainder * u64::from(denominator) / u64::from(self.denominator);
        self.numerator = numerator;
        self.denominator = denominator;
    }

    /// Step 1 for this clock: moves its time on for a step of its lane.
    pub(crate) fn advance(&mut self, step_nanos: u64) {
        let step_nanos = self.given.as_mut().map_or(step_nanos, std::mem::take);
        if self.counts_steps {
            self.now += 1;
        } else if !self.paused {
            let parts = u128::from(step_nanos) * u128::from(self.numerator) + u128::from(self.remainder);
            let denominator = u128::from(self.denominator);
            self.now = self.now.saturating_add(u64::try_from(parts / denominator).unwrap_or(u64::MAX));
            self.remainder = (parts % denominator) as u64;
        }
    }

    /// Step 3 for this clock: appends what is due to `due`.
    pub(crate) fn expire(&mut self, due: &mut Vec<Due>) {
        self.wheel.advance(self.now, due);
    }

    /// Fires some of what has come due; see [`Wheel::fire`].
    pub(crate) fn fire(&mut self, due: &[Due], tasks: &mut [TaskId]) -> Fired {
        self.wheel.fire(due, tasks)
    }

    /// Arms a timer; gives `wakes` back when the deadline isn't ahead.
    #[inline]
    pub(crate) fn arm(&mut self, deadline: Deadline, wakes: Wakes) -> Result<TimerKey, Wakes> {
        let deadline = match deadline {
            Deadline::At(time) => time,
            Deadline::In(span) => self.now.saturating_add(span),
        };
        if deadline <= self.now { Err(wakes) } else { Ok(self.wheel.arm(deadline, wakes)) }
    }

    /// Whether a timer is known to have fired.
    #[inline]
    pub(crate) fn has_fired(&self, key: TimerKey) -> bool {
        self.wheel.has_fired(key)
    }

    /// Whether the timer wakes what `waker` wakes; `None` when it has fired.
    pub(crate) fn wakes(&self, key: TimerKey, waker: &Waker) -> Option<bool> {
        self.wheel.wakes(key, waker)
    }

    /// Makes the timer wake something else; gives back what isn't needed any more.
    pub(crate) fn set_wakes(&mut self, key: TimerKey, wakes: Wakes) -> Wakes {
        self.wheel.set_wakes(key, wakes)
    }

    #[inline]
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        self.wheel.cancel(key)
    }

    /// The time to the first deadline of those timers whose wakers are such ones; looks at all timers.
    pub(crate) fn remaining(&self, is_it: impl Fn(&Waker) -> bool) -> Option<u64> {
        self.wheel.deadlines(is_it).min().map(|deadline| deadline.saturating_sub(self.now))
    }

    pub(crate) fn has_timers(&self) -> bool {
        !self.wheel.is_empty()
    }

    /// The shortest step of its lane after which a timer of this clock is due; `None` when no step is
    /// long enough, or there is no timer.
    pub(crate) fn step_to_next_deadline(&self) -> Option<Duration> {
        let deadline = self.wheel.next_deadline()?;
        if self.paused || self.numerator == 0 || self.given.is_some() {
            return None;
        }
        let parts = u128::from(deadline - self.now.min(deadline)) * u128::from(self.denominator);
        let nanos = parts.saturating_sub(u128::from(self.remainder)).div_ceil(u128::from(self.numerator));
        Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }
}

/// A duration as the clocks count it; more than 584 years count as 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_clock_carries_its_remainder() {
        let mut clock = ClockState::new("", 0, false, 0);
        clock.set_scale(1, 3);
        for _ in 0..3_000_000 / if cfg!(miri) { 10_000 } else { 1 } {
            clock.advance(10);
        }
        assert_eq!(clock.now(), 10_000_000 / if cfg!(miri) { 10_000 } else { 1 });
    }

    #[test]
    fn the_step_to_the_next_deadline_is_the_shortest_that_reaches_it() {
        let mut clock = ClockState::new("", 0, false, 0);
        clock.set_scale(2, 3);
        assert!(clock.arm(Deadline::At(7), Wakes::Other(Waker::noop().clone())).is_ok());
        let step = clock.step_to_next_deadline().unwrap().as_nanos() as u64;
        assert_eq!(step, 11);
        clock.advance(step - 1);
        assert!(clock.now() < 7);
        let step = clock.step_to_next_deadline().unwrap().as_nanos() as u64;
        clock.advance(step);
        assert_eq!((step, clock.now()), (1, 7));
        clock.paused = true;
        assert_eq!(clock.step_to_next_deadline(), None);
    }
}
