//! Coming round at a fixed period, counted from the deadline and not from the wake.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::clock::Clock;
use super::sleep::Sleep;
use crate::executor::{current, nanos};

/// What an [`Interval`] does after a hitch, when more than one period has passed at once.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// Comes round once for each period that has passed, without waiting in between: the count is kept.
    #[default]
    Burst,
    /// Comes round once for all of them, and next at the next multiple of the period: the beat is kept.
    Skip,
    /// Comes round once for all of them, and next a whole period from now: the distance is kept.
    Delay,
}

/// Comes round every `period` of the script's clock, first after one period from the first `next`.
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let laser = executor.spawn(async {
///     let mut beat = framestep::interval(Duration::from_millis(30));
///     for _pulse in 0..2 {
///         beat.next().await;
///     }
/// });
/// for _ in 0..7 {
///     assert!(!laser.is_finished());
///     executor.poll_once_with(Duration::from_millis(10));
/// }
/// assert!(laser.is_finished());       // begun at 10 ms: 40 ms, 70 ms
/// ```
///
/// # Panics
/// When the period is zero.
pub fn interval(period: Duration) -> Interval {
    Interval::on(None, period)
}

/// The beat of [`interval`].
#[derive(Debug)]
#[must_use = "an interval does nothing unless `next` is awaited"]
pub struct Interval {
    clock: Option<Clock>,
    period: u64,
    missed: Missed,
    deadline: Option<u64>,
}

impl Interval {
    pub(super) fn on(clock: Option<Clock>, period: Duration) -> Self {
        let period = nanos(period);
        assert_ne!(
            period, 0,
            "an interval's period is at least a nanosecond; to come round every frame, await `next_frame`"
        );
        Interval { clock, period, missed: Missed::Burst, deadline: None }
    }

    /// Says what happens after a hitch: [`Missed::Burst`] unless set.
    pub fn missed(mut self, missed: Missed) -> Self {
        self.missed = missed;
        self
    }

    /// Waits for the next time round; gives how many periods this one stands for: 1 unless some were
    /// missed and not made up for. Dropping it loses nothing: the beat goes on.
    #[expect(clippy::should_implement_trait, reason = "the field's word, as in streams; an interval is no iterator")]
    #[track_caller]
    pub fn next(&mut self) -> IntervalNext<'_> {
        IntervalNext { site: Location::caller(), interval: self, sleep: None }
    }

    /// The periods that have passed at `now`, at or after the deadline; sets the next deadline.
    fn come_round(&mut self, deadline: u64, now: u64) -> u64 {
        let passed = (now - deadline) / self.period + 1;
        let (periods, next) = match self.missed {
            Missed::Burst => (1, deadline.saturating_add(self.period)),
            Missed::Skip => (passed, deadline.saturating_add(passed.saturating_mul(self.period))),
            Missed::Delay => (passed, now.saturating_add(self.period)),
        };
        self.deadline = Some(next);
        periods
    }
}

/// The future of [`Interval::next`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct IntervalNext<'a> {
    site: &'static Location<'static>,
    interval: &'a mut Interval,
    sleep: Option<Sleep>,
}

impl Future for IntervalNext<'_> {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
        current::with("interval()", |core| {
            let this = &mut *self;
            let clock = match this.interval.clock {
                Some(clock) => clock.check(core),
                // The script that first awaits it gives the clock for good.
                None => this.interval.clock.insert(Clock { serial: core.serial(), index: core.clock_here() }).index,
            };
            let period = this.interval.period;
            let deadline = *this.interval.deadline.get_or_insert_with(|| core.clock_now(clock).saturating_add(period));
            let sleep = this.sleep.get_or_insert_with(|| Sleep::until_at(clock, core.serial(), deadline, this.site));
            ready!(Pin::new(sleep).poll(context));
            this.sleep = None;
            Poll::Ready(this.interval.come_round(deadline, core.clock_now(clock)))
        })
    }
}
