//! Waiting for a time of a clock.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::clock::Clock;
use super::timer::Timer;
use crate::executor::layout::fits;
use crate::executor::{Deadline, WaitKind, current, nanos};

/// Waits until `duration` of the script's clock has passed, counted from the first poll: that of its lane,
/// unless it has [one of its own](crate::set_task_clock).
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
    Sleep { site: Location::caller(), state: State::For(nanos(duration)) }
}

/// Waits until the script's clock shows `time`, counted from its start; a time that has passed doesn't wait.
///
/// # Panics
/// As [`sleep`].
#[track_caller]
pub fn sleep_until(time: Duration) -> Sleep {
    Sleep { site: Location::caller(), state: State::Until(nanos(time)) }
}

/// The future of [`sleep`] and [`sleep_until`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Sleep {
    site: &'static Location<'static>,
    state: State,
}

const _: () = assert!(fits::<Sleep>(32), "every script that sleeps somewhere has room for it");

#[derive(Debug)]
enum State {
    For(u64),
    ForOn(Clock, u64),
    Until(u64),
    UntilOn(Clock, u64),
    Armed(Timer),
    Over,
}

impl Sleep {
    #[track_caller]
    pub(super) fn on(clock: Clock, duration: Duration) -> Self {
        Sleep { site: Location::caller(), state: State::ForOn(clock, nanos(duration)) }
    }

    #[track_caller]
    pub(super) fn until_on(clock: Clock, time: Duration) -> Self {
        Sleep { site: Location::caller(), state: State::UntilOn(clock, nanos(time)) }
    }

    pub(super) fn until_at(clock: u16, serial: u32, deadline: u64, site: &'static Location<'static>) -> Self {
        Sleep { site, state: State::UntilOn(Clock { serial, index: clock }, deadline) }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker();
        current::with("sleep()", |core| {
            let (clock, deadline) = match self.state {
                State::For(duration) => (core.clock_here(), Deadline::In(duration)),
                State::ForOn(clock, duration) => (clock.check(core), Deadline::In(duration)),
                State::Until(time) => (core.clock_here(), Deadline::At(time)),
                State::UntilOn(clock, time) => (clock.check(core), Deadline::At(time)),
                State::Armed(ref mut timer) => {
                    if timer.is_over(core, waker) {
                        self.state = State::Over;
                        return Poll::Ready(());
                    }
                    core.note(WaitKind::Sleep, self.site);
                    return Poll::Pending;
                }
                State::Over => return Poll::Ready(()),
            };
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
