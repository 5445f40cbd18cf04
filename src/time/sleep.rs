//! Waiting for a time of a clock.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::clock::Clock;
use super::timer::Timer;
use crate::executor::{WaitKind, current, nanos};

/// Waits until `duration` of the lane's clock has passed, counted from the first poll.
///
/// It is over in the first step at whose beginning the clock has come that far; a duration of zero
/// doesn't wait. Sleeps that end in the same step end in order of their deadlines, to the nanosecond,
/// and equal ones in the order in which they began. Dropping it disarms it.
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let nap = executor.spawn(framestep::sleep(Duration::from_millis(20)));
/// executor.poll_once_with(Duration::from_millis(10));     // begins
/// executor.poll_once_with(Duration::from_millis(10));
/// assert!(!nap.is_finished());
/// executor.poll_once_with(Duration::from_millis(10));
/// assert!(nap.is_finished());
/// ```
///
/// # Panics
/// When polled outside of a script, or after its executor was dropped.
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { site: Location::caller(), state: State::For(None, nanos(duration)) }
}

/// Waits until the lane's clock shows `time`, counted from its start; a time that has passed doesn't wait.
///
/// # Panics
/// As [`sleep`].
#[track_caller]
pub fn sleep_until(time: Duration) -> Sleep {
    Sleep { site: Location::caller(), state: State::Until(None, nanos(time)) }
}

/// The future of [`sleep`] and [`sleep_until`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Sleep {
    site: &'static Location<'static>,
    state: State,
}

#[derive(Debug)]
enum State {
    For(Option<Clock>, u64),
    Until(Option<Clock>, u64),
    Armed(Timer),
    Over,
}

impl Sleep {
    #[track_caller]
    pub(super) fn on(clock: Clock, duration: Duration) -> Self {
        Sleep { site: Location::caller(), state: State::For(Some(clock), nanos(duration)) }
    }

    #[track_caller]
    pub(super) fn until_on(clock: Clock, time: Duration) -> Self {
        Sleep { site: Location::caller(), state: State::Until(Some(clock), nanos(time)) }
    }

    pub(super) fn until_at(clock: u16, serial: u32, deadline: u64, site: &'static Location<'static>) -> Self {
        Sleep { site, state: State::Until(Some(Clock { serial, index: clock }), deadline) }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker();
        current::with("sleep()", |core| {
            let (clock, time, is_span) = match self.state {
                State::For(clock, duration) => (clock, duration, true),
                State::Until(clock, deadline) => (clock, deadline, false),
                State::Armed(ref timer) => {
                    if timer.is_over(waker) {
                        self.state = State::Over;
                        return Poll::Ready(());
                    }
                    core.note(WaitKind::Sleep, self.site);
                    return Poll::Pending;
                }
                State::Over => return Poll::Ready(()),
            };
            let clock = clock.map_or_else(|| core.lane(core.lane_here()).time_clock, |clock| clock.check(core));
            let deadline = if is_span { core.clock_now(clock).saturating_add(time) } else { time };
            match Timer::arm(core, clock, deadline, waker) {
                Some(timer) => {
                    self.state = State::Armed(timer);
                    core.note(WaitKind::Sleep, self.site);
                    Poll::Pending
                }
                None => {
                    self.state = State::Over;
                    Poll::Ready(())
                }
            }
        })
    }
}
