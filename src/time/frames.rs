//! Waiting for steps of the script's own lane.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::timer::Timer;
use crate::executor::{StepWait, WaitKind, current};

/// Waits for the next step of the script's lane: in the main lane, for the next frame.
///
/// Scripts that wait for the same step resume in the order in which they began to wait. Dropping it
/// takes the wait back.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// let walk = executor.spawn(async {
///     for _step in 0..3 {
///         framestep::next_frame().await;
///     }
///     framestep::current_frame()
/// });
/// while !walk.is_finished() {
///     executor.poll_once();
/// }
/// assert_eq!(walk.take_output().unwrap().unwrap(), 1 + 3);
/// ```
///
/// # Panics
/// When polled outside of a script.
#[inline]
#[track_caller]
pub fn next_frame() -> NextFrame {
    NextFrame { site: Location::caller(), serial: 0, state: State::New }
}

/// The future of [`next_frame`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct NextFrame {
    site: &'static Location<'static>,
    serial: u32,
    state: State,
}

#[derive(Copy, Clone, Debug)]
enum State {
    New,
    Armed(StepWait),
    Over,
}

impl NextFrame {
    fn disarm(&mut self) {
        if let State::Armed(wait) = self.state {
            self.state = State::New;
            current::with_serial(self.serial, |core| core.disarm_step(wait));
        }
    }

    fn poll_once(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker();
        current::with("next_frame()", |core| {
            match self.state {
                State::Armed(wait) if self.serial == core.serial() => {
                    if core.step_came(wait) {
                        self.state = State::Over;
                        return Poll::Ready(());
                    }
                    if core.step_wakes(wait, waker) {
                        core.note(WaitKind::NextFrame, self.site);
                        return Poll::Pending;
                    }
                    // It has moved to another script, or into a combinator.
                    self.disarm();
                }
                State::Armed(_) => self.disarm(),
                State::Over => return Poll::Ready(()),
                State::New => (),
            }
            self.serial = core.serial();
            self.state = State::Armed(core.arm_step(waker));
            core.note(WaitKind::NextFrame, self.site);
            Poll::Pending
        })
    }
}

impl Future for NextFrame {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.poll_once(context)
    }
}

impl Drop for NextFrame {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.state, State::Armed(_)) {
            self.disarm();
        }
    }
}

/// Waits for the `count`-th step of the script's lane from here: awaited in frame f it is over in frame
/// f + `count`.
///
/// `frames(0)` doesn't wait, and `frames(1)` is [`next_frame`]. More frames are a timer on the lane's
/// count of steps: those resume before all that wait for the next step only, and among themselves in
/// order of frame, then of beginning. Dropping it takes the wait back.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// let fuse = executor.spawn(async { framestep::frames(2).await; framestep::current_frame() });
/// while !fuse.is_finished() {
///     executor.poll_once();
/// }
/// assert_eq!(fuse.take_output().unwrap().unwrap(), 1 + 2);
/// ```
///
/// # Panics
/// When polled outside of a script.
#[track_caller]
pub fn frames(count: u64) -> Frames {
    let site = Location::caller();
    let kind = match count {
        0 => Kind::Over,
        1 => Kind::Next(NextFrame { site, serial: 0, state: State::New }),
        _ => Kind::Count(count),
    };
    Frames { site, kind }
}

/// The future of [`frames`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Frames {
    site: &'static Location<'static>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Next(NextFrame),
    Count(u64),
    Armed(Timer),
    Over,
}

impl Future for Frames {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.kind {
            Kind::Next(next) => return next.poll_once(context),
            Kind::Over => return Poll::Ready(()),
            Kind::Count(_) | Kind::Armed(_) => (),
        }
        let waker = context.waker();
        current::with("frames()", |core| {
            if let Kind::Count(count) = self.kind {
                let clock = core.lane(core.lane_here()).steps_clock;
                let deadline = core.clock_now(clock).saturating_add(count);
                self.kind = Timer::arm(core, clock, deadline, waker).map_or(Kind::Over, Kind::Armed);
            } else if let Kind::Armed(timer) = &self.kind
                && timer.is_over(waker)
            {
                self.kind = Kind::Over;
            }
            let Kind::Armed(timer) = &self.kind else { return Poll::Ready(()) };
            core.note_due(WaitKind::Frames, self.site, timer.clock(), timer.deadline());
            Poll::Pending
        })
    }
}
