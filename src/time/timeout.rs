//! A limit on how long something may take.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use super::clock::Clock;
use super::sleep::Sleep;
use crate::executor::current;

/// Waits for `future`, but for no longer than `duration` of the script's clock from the first poll.
///
/// The future is polled first: if both are over in the same step, its output counts. When time is up it
/// is dropped before this gives its error.
///
/// # Errors
/// [`Elapsed`], when time is up.
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::new();
/// let door = executor.spawn(framestep::timeout(Duration::from_secs(1), std::future::pending::<()>()));
/// executor.poll_once();
/// executor.poll_once_with(Duration::from_secs(1));
/// assert!(door.take_output().unwrap().unwrap().is_err());
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { site: Location::caller(), future: Some(future.into_future()), sleep: super::sleep(duration) }
}

/// What [`timeout`] gives when time is up.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("time was up before it was done")
    }
}

impl std::error::Error for Elapsed {}

pin_project! {
    /// The future of [`timeout`].
    #[derive(Debug)]
    #[must_use = "a wait does nothing unless it is awaited"]
    pub struct Timeout<F> {
        site: &'static Location<'static>,
        #[pin]
        future: Option<F>,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    #[track_caller]
    pub(super) fn on(clock: Clock, duration: Duration, future: F) -> Self {
        Timeout { site: Location::caller(), future: Some(future), sleep: Sleep::on(clock, duration) }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("a timeout isn't polled after it is over");
        if let Poll::Ready(output) = future.poll(context) {
            this.future.set(None);
            return Poll::Ready(Ok(output));
        }
        if Pin::new(this.sleep).poll(context).is_ready() {
            this.future.set(None);
            return Poll::Ready(Err(Elapsed));
        }
        current::try_with(|core| core.note_outer(this.site));
        Poll::Pending
    }
}
