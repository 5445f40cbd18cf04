//! Giving way within a step.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::executor::{WaitKind, current};

/// Goes to the back of the ready queue once, and resumes in the same step.
///
/// It wakes the script as any waker would, so it counts towards the cap on polls. Dropping it takes
/// nothing back: the script is polled once more.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// executor.spawn(framestep::yield_now());
/// assert_eq!(executor.poll_once().polled, 2);
/// ```
#[track_caller]
pub fn yield_now() -> YieldNow {
    YieldNow { site: Location::caller(), yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "a wait does nothing unless it is awaited"]
pub struct YieldNow {
    site: &'static Location<'static>,
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        current::try_with(|core| core.note(WaitKind::Yield, self.site));
        Poll::Pending
    }
}
