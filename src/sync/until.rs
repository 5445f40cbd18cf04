//! Cutting a future short.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::executor::current;

/// `until`, for every future: what is awaited until something else happens.
///
/// ```
/// use framestep::{Executor, Until, frames};
///
/// let mut executor = Executor::new();
/// let song = executor.spawn(async {
///     let verses = async { frames(60).await; "the end" };
///     verses.until(frames(2)).await
/// });
/// for _ in 0..3 {
///     executor.poll_once();
/// }
/// assert_eq!(song.take_output().unwrap().unwrap(), None);
/// ```
pub trait Until: IntoFuture + Sized {
    /// Awaits this, but only until `wait` is over: gives what this gives, or `None` where it was cut short.
    ///
    /// This is polled first: if both are over in the same step, its output counts, and `wait` isn't polled.
    /// Whichever is left is dropped before this gives its result; dropping the whole drops both, this first.
    #[track_caller]
    fn until<W: IntoFuture>(self, wait: W) -> UntilOver<Self::IntoFuture, W::IntoFuture> {
        UntilOver { site: Location::caller(), future: Some(self.into_future()), wait: Some(wait.into_future()) }
    }
}

impl<F: IntoFuture> Until for F {}

pin_project! {
    /// The future of [`Until::until`].
    #[must_use = "a wait does nothing unless it is awaited"]
    pub struct UntilOver<F, W> {
        site: &'static Location<'static>,
        #[pin]
        future: Option<F>,
        #[pin]
        wait: Option<W>,
    }
}

impl<F, W> fmt::Debug for UntilOver<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilOver").field("site", self.site).finish_non_exhaustive()
    }
}

impl<F: Future, W: Future> Future for UntilOver<F, W> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (Some(future), Some(wait)) = (this.future.as_mut().as_pin_mut(), this.wait.as_mut().as_pin_mut()) else {
            panic!("what was cut short isn't polled after it is over")
        };
        // ORDER: the future first, then what cuts it short.
        let output = match future.poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending if wait.poll(context).is_ready() => None,
            Poll::Pending => {
                current::try_with(|core| core.note_outer(this.site));
                return Poll::Pending;
            }
        };
        // ORDER: both are dropped, in this order, before the result is given.
        this.future.set(None);
        this.wait.set(None);
        Poll::Ready(output)
    }
}
