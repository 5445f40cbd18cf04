//! Motion along a curve, one value a step.
//!
//! The rule: time is an integer until the last moment. How far a tween has come is the time that its clock
//! has counted since the first poll; the ratio of two integers is rounded once, to the curve's parameter,
//! so that n short steps end where one long one does. A step in which the clock stood still brings no value,
//! and the curve's end comes once, last and exactly.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bevy_curve::Curve;

use crate::executor::nanos;
use crate::time::{Clock, NextFrame, task_clock};

/// Moves something along a curve: calls `set` with the curve's value in this step and in each step of the
/// script's lane in which the clock has moved, until `duration` of it has passed.
///
/// The first call has the curve's start, in the first poll; the last has exactly its end, in the first step at
/// whose beginning the time is over. A `duration` of zero makes only that last call, and doesn't wait. While
/// the clock stands still `set` isn't called, so that nothing is marked as changed which doesn't move. The clock
/// is the script's, as for [`sleep`](crate::sleep), unless [`on`](Tween::on) names one.
///
/// The curve is any [`Curve`] over a bounded interval: an `EaseFunction`, an `EasingCurve` between two
/// vectors, a spline. Dropping the tween stops it where it is. It allocates nothing.
///
/// ```
/// use std::time::Duration;
/// use bevy_curve::EaseFunction;
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, step_scripts_by, tween};
///
/// #[derive(Component)]
/// struct Height(f32);
///
/// let mut world = World::new();
/// let lift = world.spawn((Height(0.0), Script::new(async |me: Me| {
///     let to = |t: f32| me.with(|mut height: Mut<Height>| height.0 = 10.0 * t);
///     tween(Duration::from_secs(2), EaseFunction::QuadraticIn, to).await?;
///     Ok(())
/// }))).id();
/// for height in [0.0, 2.5, 10.0] {
///     step_scripts_by(&mut world, Duration::from_secs(1));
///     assert_eq!(world.get::<Height>(lift).unwrap().0, height);
/// }
/// ```
///
/// # Errors
/// The first one that `set` gives, which ends the tween: with `me.with(..)`, when the entity is gone.
///
/// # Panics
/// When the curve's interval isn't bounded; when polled outside of a script. A panic in `set` goes off in the
/// script.
#[track_caller]
pub fn tween<C, T, F, E>(duration: Duration, curve: C, set: F) -> Tween<C, T, F>
where
    C: Curve<T>,
    F: FnMut(T) -> Result<(), E>,
{
    assert!(
        curve.domain().is_bounded(),
        "a tween goes from the curve's start to its end: give it a bounded curve, as `reparametrize_linear` makes one"
    );
    let of = PhantomData;
    Tween { curve, set, duration: nanos(duration), site: Location::caller(), state: State::New(None), of }
}

/// The future of [`tween`].
#[must_use = "a tween does nothing unless it is awaited"]
pub struct Tween<C, T, F> {
    curve: C,
    set: F,
    duration: u64,
    site: &'static Location<'static>,
    state: State,
    of: PhantomData<fn(T)>,
}

enum State {
    /// With the clock that was named.
    New(Option<Clock>),
    Moving {
        clock: Clock,
        begun: u64,
        /// The time of the last value.
        shown: u64,
        next: NextFrame,
    },
    Over,
}

impl<C, T, F> Tween<C, T, F> {
    /// Moves by the time of this clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bevy_curve::EaseFunction;
    /// use framestep::{Clock, Me, ScriptError, tween};
    ///
    /// async fn fade(me: Me, menu: Clock, mut show: impl FnMut(f32)) -> Result<(), ScriptError> {
    ///     tween(Duration::from_secs(1), EaseFunction::SineOut, |t: f32| Ok(show(t))).on(menu).await
    /// }
    /// ```
    ///
    /// # Panics
    /// If it has begun. When it is polled, if the clock's executor was dropped.
    #[track_caller]
    pub fn on(mut self, clock: Clock) -> Self {
        assert!(matches!(self.state, State::New(_)), "a tween has its clock before it begins");
        self.state = State::New(Some(clock));
        self
    }
}

// Nothing in here is ever pinned.
impl<C, T, F> Unpin for Tween<C, T, F> {}

impl<C, T, F, E> Tween<C, T, F>
where
    C: Curve<T>,
    F: FnMut(T) -> Result<(), E>,
{
    /// Shows the curve's value after `elapsed` of the duration, of which there is more.
    fn show(&mut self, elapsed: u64) -> Result<(), E> {
        let ratio = (elapsed as f64 / self.duration as f64) as f32;
        let domain = self.curve.domain();
        let value = self.curve.sample_clamped(domain.start() + domain.length() * ratio);
        (self.set)(value)
    }

    fn show_end(&mut self) -> Result<(), E> {
        let value = self.curve.sample_unchecked(self.curve.domain().end());
        (self.set)(value)
    }
}

impl<C, T, F, E> Future for Tween<C, T, F>
where
    C: Curve<T>,
    F: FnMut(T) -> Result<(), E>,
{
    type Output = Result<(), E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        let this = &mut *self;
        let (clock, begun, now) = match mem::replace(&mut this.state, State::Over) {
            State::Over => panic!("`tween` was polled after it had ended: await it once"),
            State::New(clock) => {
                let clock = clock.unwrap_or_else(task_clock);
                let now = nanos(clock.now());
                if this.duration > 0 {
                    this.show(0)?;
                }
                (clock, now, now)
            }
            State::Moving { clock, begun, shown, mut next } => {
                if Pin::new(&mut next).poll(context).is_pending() {
                    this.state = State::Moving { clock, begun, shown, next };
                    return Poll::Pending;
                }
                let now = nanos(clock.now());
                if now != shown && now - begun < this.duration {
                    this.show(now - begun)?;
                }
                (clock, begun, now)
            }
        };
        if now - begun >= this.duration {
            return Poll::Ready(this.show_end());
        }
        let mut next = NextFrame::at(this.site);
        let polled = Pin::new(&mut next).poll(context);
        debug_assert!(polled.is_pending(), "a step that has just been asked for hasn't come");
        this.state = State::Moving { clock, begun, shown: now, next };
        Poll::Pending
    }
}

impl<C, T, F> fmt::Debug for Tween<C, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tween")
            .field("duration", &Duration::from_nanos(self.duration))
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
