//! Waiting for steps of the script's own lane.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::timer::Timer;
use crate::executor::core::Core;
use crate::executor::{Deadline, Stamp, StepWait, WaitKind, current};

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
    NextFrame::at(Location::caller())
}

/// The future of [`next_frame`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct NextFrame {
    site: &'static Location<'static>,
    /// `NEVER` before it is armed, `PAST` when it is over.
    armed: Stamp,
    place: u32,
}

impl NextFrame {
    /// For a wait that is made of such waits: `site` is where that one was written.
    #[inline]
    pub(crate) fn at(site: &'static Location<'static>) -> Self {
        NextFrame { site, armed: Stamp::NEVER, place: 0 }
    }

    #[inline]
    fn wait(&self) -> StepWait {
        StepWait { armed: self.armed, place: self.place }
    }

    #[inline]
    fn poll_once(&mut self, context: &Context<'_>) -> Poll<()> {
        current::with("next_frame()", |core| {
            // What a resume meets: armed here, and over.
            if core.step_came_here(self.armed) {
                self.armed = Stamp::PAST;
                return Poll::Ready(());
            }
            if self.armed == Stamp::NEVER {
                StepWait { armed: self.armed, place: self.place } = core.arm_step(context.waker(), self.site);
                return Poll::Pending;
            }
            self.poll_again(core, context.waker())
        })
    }

    /// Polled before its time, after its end, or elsewhere than where it was armed.
    #[cold]
    fn poll_again(&mut self, core: &Core, waker: &Waker) -> Poll<()> {
        if self.armed == Stamp::PAST {
            return Poll::Ready(());
        }
        if self.armed.serial() != core.serial() {
            self.disarm();
            StepWait { armed: self.armed, place: self.place } = core.arm_step(waker, self.site);
            return Poll::Pending;
        } else if core.step_came(self.wait()) {
            self.armed = Stamp::PAST;
            return Poll::Ready(());
        } else {
            core.update_step(self.wait(), waker);
        }
        core.note(WaitKind::NextFrame, self.site);
        Poll::Pending
    }

    #[cold]
    fn disarm(&mut self) {
        let wait = self.wait();
        self.armed = Stamp::NEVER;
        current::with_serial(wait.armed.serial(), |core| core.disarm_step(wait));
    }
}

impl Future for NextFrame {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.poll_once(context)
    }
}

impl Drop for NextFrame {
    #[inline]
    fn drop(&mut self) {
        if self.armed.serial() != 0 {
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
        1 => Kind::Next(NextFrame::at(site)),
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
                self.kind = Timer::arm(core, clock, Deadline::In(count), waker).map_or(Kind::Over, Kind::Armed);
            } else if let Kind::Armed(timer) = &mut self.kind
                && timer.is_over(core, waker)
            {
                self.kind = Kind::Over;
            }
            let Kind::Armed(_) = &self.kind else { return Poll::Ready(()) };
            core.note(WaitKind::Frames, self.site);
            Poll::Pending
        })
    }
}
