//! Moving to another lane.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::executor::{Lane, StepWait, WaitKind, current};

/// Moves the script to another lane: it resumes in that lane's next step, and is at home there from then
/// on. If the script is in that lane already, this doesn't wait.
///
/// It resumes among those that wait for that lane's next step, in the order in which they began to
/// wait. Dropping it before that step leaves the script in its lane. A lane that nobody steps stands in
/// [`Executor::incidents`](crate::Executor::incidents).
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let physics = executor.add_lane("physics");
/// let body = executor.spawn(framestep::resume_in(physics));
/// executor.poll_once();
/// assert!(!body.is_finished());
/// executor.step_lane(physics, Duration::from_millis(5));
/// assert!(body.is_finished());
/// ```
///
/// # Panics
/// When polled outside of a script, or when the lane is another executor's.
#[track_caller]
pub fn resume_in(lane: Lane) -> ResumeIn {
    ResumeIn { site: Location::caller(), lane, armed: None }
}

/// The future of [`resume_in`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct ResumeIn {
    site: &'static Location<'static>,
    lane: Lane,
    armed: Option<StepWait>,
}

impl Future for ResumeIn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker();
        current::with("resume_in()", |core| {
            core.check_lane(self.lane);
            if core.lane_here() == self.lane.index {
                self.disarm();
                return Poll::Ready(());
            }
            match self.armed {
                Some(wait) if !core.step_came(wait) => core.update_step(wait, waker),
                _ => self.armed = Some(core.arm_move(self.lane.index, core.current_key(), waker)),
            }
            core.note(WaitKind::Lane, self.site);
            Poll::Pending
        })
    }
}

impl ResumeIn {
    fn disarm(&mut self) {
        if let Some(wait) = self.armed.take() {
            current::with_serial(self.lane.serial, |core| core.disarm_step(wait));
        }
    }
}

impl Drop for ResumeIn {
    fn drop(&mut self) {
        self.disarm();
    }
}
