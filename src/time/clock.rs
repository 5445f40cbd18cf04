//! A clock, as users hold it.

use std::fmt;
use std::time::Duration;

use super::interval::Interval;
use super::sleep::Sleep;
use super::timeout::Timeout;
use crate::executor::core::Core;
use crate::executor::{ClockState, Executor, Lane, current, nanos};

/// A clock of an executor: a counter of integer nanoseconds, with its own pause and scale.
///
/// `Copy` and `Send`. Its methods work on the executor's thread, inside and outside of scripts. A clock
/// advances in the steps of its lane, each by the step's length times its scale (a
/// [driven](Executor::add_driven_clock) one by what it was given); what the scale leaves over is carried, so it
/// never drifts. Pausing or scaling it moves no deadline: they are its own times.
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let bullets = executor.add_clock(executor.main_lane(), "bullets");
/// bullets.set_scale(1, 4);                                     // slow motion
/// let hit = executor.spawn(async move { bullets.sleep(Duration::from_millis(100)).await });
/// for _ in 0..5 {
///     executor.poll_once_with(Duration::from_millis(100));
/// }
/// assert!(hit.is_finished());
/// ```
///
/// # Panics
/// Every method panics when the executor was dropped, or lives on another thread.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clock {
    pub(super) serial: u32,
    pub(super) index: u16,
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({} of executor {})", self.index, self.serial)
    }
}

impl Clock {
    /// Waits until this much time of the clock has passed. See [`sleep`](crate::sleep).
    #[track_caller]
    pub fn sleep(self, duration: Duration) -> Sleep {
        Sleep::on(self, duration)
    }

    /// Waits until the clock shows this time, counted from its start.
    #[track_caller]
    pub fn sleep_until(self, time: Duration) -> Sleep {
        Sleep::until_on(self, time)
    }

    /// Comes round every `period` of the clock. See [`interval`](crate::interval).
    ///
    /// # Panics
    /// When the period is zero.
    pub fn interval(self, period: Duration) -> Interval {
        Interval::on(Some(self), period)
    }

    /// Waits for `future`, but for no longer than `duration` of the clock. See [`timeout`](crate::timeout).
    #[track_caller]
    pub fn timeout<F: IntoFuture>(self, duration: Duration, future: F) -> Timeout<F::IntoFuture> {
        Timeout::on(self, duration, future.into_future())
    }

    /// Gives a driven clock this much time, to be taken in by its lane's next step; see
    /// [`Executor::add_driven_clock`]. While the clock is paused it is lost.
    ///
    /// # Panics
    /// When the clock isn't driven.
    #[track_caller]
    pub fn advance(self, time: Duration) {
        let is_driven = self.with(|core| core.with_clock(self.index, |clock| clock.give(nanos(time))));
        assert_ne!(
            is_driven,
            Some(false),
            "the steps of its lane advance this clock: give time by their length, or make a clock by `add_driven_clock`"
        );
    }

    /// The time that the clock shows, counted from its start.
    #[must_use]
    #[track_caller]
    pub fn now(self) -> Duration {
        Duration::from_nanos(self.with(|core| core.clock_now(self.index)))
    }

    /// The name that it was given, or its lane's.
    #[must_use]
    #[track_caller]
    pub fn name(self) -> &'static str {
        self.with(|core| core.with_clock(self.index, |clock| clock.name())).unwrap_or("")
    }

    /// Stops the clock: steps don't advance it.
    #[track_caller]
    pub fn pause(self) {
        self.with(|core| core.with_clock(self.index, |clock| clock.paused = true));
    }

    /// Lets the clock run on.
    #[track_caller]
    pub fn resume(self) {
        self.with(|core| core.with_clock(self.index, |clock| clock.paused = false));
    }

    /// Whether the clock is stopped.
    #[must_use]
    #[track_caller]
    pub fn is_paused(self) -> bool {
        self.with(|core| core.with_clock(self.index, |clock| clock.paused)) == Some(true)
    }

    /// Makes the clock advance by `numerator / denominator` of each step from the next one on.
    ///
    /// # Panics
    /// When the denominator is zero.
    #[track_caller]
    pub fn set_scale(self, numerator: u32, denominator: u32) {
        assert_ne!(denominator, 0, "a clock's scale has a denominator of at least 1; to stop a clock, pause it");
        self.with(|core| core.with_clock(self.index, |clock| clock.set_scale(numerator, denominator)));
    }

    #[track_caller]
    fn with<R>(self, f: impl FnOnce(&Core) -> R) -> R {
        let Some(result) = current::with_serial(self.serial, f) else {
            panic!(
                "this clock's executor isn't on this thread, or was dropped: use a clock of an executor that lives here"
            )
        };
        result
    }

    /// The clock's index, for waits inside of its own executor.
    #[track_caller]
    pub(crate) fn check(self, core: &Core) -> u16 {
        assert_eq!(
            self.serial,
            core.serial(),
            "this clock belongs to another executor: use a clock of the executor that runs the script"
        );
        self.index
    }
}

/// Makes the script that calls this follow a clock of its own; `None` gives it back to its lane's.
///
/// From now on its [`sleep`](crate::sleep), [`sleep_until`](crate::sleep_until), [`interval`](crate::interval)
/// and [`timeout`](crate::timeout) follow that clock where they begin to wait; those that wait already keep
/// theirs. Scripts that it spawns from now on follow it, too. `frames` counts the steps of the lane as ever.
///
/// ```
/// use framestep::{set_task_clock, sleep};
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let slow = executor.add_clock(executor.main_lane(), "under water");
/// slow.set_scale(1, 2);
/// let diver = executor.spawn(async move {
///     set_task_clock(slow);
///     sleep(Duration::from_secs(1)).await;
/// });
/// executor.poll_once();
/// executor.poll_once_with(Duration::from_secs(1));
/// assert!(!diver.is_finished());
/// executor.poll_once_with(Duration::from_secs(1));
/// assert!(diver.is_finished());
/// ```
///
/// # Panics
/// Outside of a script, and when the clock is another executor's.
#[track_caller]
pub fn set_task_clock(clock: impl Into<Option<Clock>>) {
    let clock = clock.into();
    current::with("set_task_clock()", |core| {
        let clock = clock.map(|clock| clock.check(core));
        if let Some(slot) = core.current_slot() {
            core.set_clock_of(slot, clock);
        }
    });
}

/// The clock that the waits of the script that calls this follow where they name none: its
/// [own](set_task_clock), or else its lane's.
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let walk = executor.spawn(async {
///     let begun = framestep::task_clock().now();
///     framestep::sleep(Duration::from_millis(5)).await;
///     framestep::task_clock().now() - begun
/// });
/// executor.poll_once_with(Duration::from_millis(1));
/// executor.poll_once_with(Duration::from_millis(7));
/// assert_eq!(walk.take_output().unwrap().unwrap(), Duration::from_millis(7));
/// ```
///
/// # Panics
/// Outside of a script.
#[must_use]
#[track_caller]
pub fn task_clock() -> Clock {
    current::with("task_clock()", |core| Clock { serial: core.serial(), index: core.clock_here() })
}

impl Executor {
    /// The main lane's clock.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.lane_clock(self.main_lane())
    }

    /// A lane's clock: the one that [`sleep`](crate::sleep) follows in that lane, unless the script has its own.
    ///
    /// # Panics
    /// When the lane is another executor's.
    #[must_use]
    pub fn lane_clock(&self, lane: Lane) -> Clock {
        Clock { serial: self.core().serial(), index: self.core().check_lane(lane).time_clock }
    }

    /// Adds a clock that the steps of `lane` advance.
    ///
    /// # Panics
    /// When the lane is another executor's, or there are 65,535 clocks.
    #[must_use]
    pub fn add_clock(&self, lane: Lane, name: &'static str) -> Clock {
        self.core().check_lane(lane);
        self.add(ClockState::new(name, lane.index, false, 0))
    }

    /// Adds a clock that advances by what it is given, such as the time of a physics engine or of a song.
    ///
    /// [`Clock::advance`] gives it time. In step 1 of its lane's next step it advances by the sum of that, times
    /// its scale, and fires its timers in step 3 among the lane's other clocks. A step in which it is paused
    /// takes what was given all the same, and drops it.
    /// [`next_deadline`](Executor::next_deadline) knows nothing of its timers.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut executor = framestep::Executor::new();
    /// let song = executor.add_driven_clock(executor.main_lane(), "song");
    /// let chorus = executor.spawn(song.sleep(Duration::from_secs(40)));
    /// executor.poll_once();
    /// song.advance(Duration::from_secs(30));
    /// song.advance(Duration::from_secs(10));
    /// assert_eq!(song.now(), Duration::ZERO);      // until the step
    /// executor.poll_once();
    /// assert!(chorus.is_finished());
    /// ```
    ///
    /// # Panics
    /// When the lane is another executor's, or there are 65,535 clocks.
    #[must_use]
    pub fn add_driven_clock(&self, lane: Lane, name: &'static str) -> Clock {
        self.core().check_lane(lane);
        self.add(ClockState::new(name, lane.index, false, 0).driven())
    }

    fn add(&self, clock: ClockState) -> Clock {
        Clock { serial: self.core().serial(), index: self.core().add_clock(clock) }
    }
}
