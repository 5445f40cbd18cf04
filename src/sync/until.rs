//! A future that is given up when something else is over.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::executor::current;

/// Adds [`until`](Self::until) to everything that can be awaited.
pub trait Until: IntoFuture + Sized {
    /// Waits for this, but no longer than until `wait` is over: gives the output, or `None` when the wait was over
    /// first.
    ///
    /// As in a [`race`](crate::race) this is polled first: if both are over in the same step, its output counts.
    /// The other is dropped before this gives anything. Dropping it drops both.
    ///
    /// ```
    /// use framestep::{Executor, Until, frames};
    ///
    /// let mut executor = Executor::new();
    /// let door = executor.spawn(async {
    ///     let early = frames(1).until(frames(2)).await;
    ///     let late = async { frames(9).await; "open" }.until(frames(2)).await;
    ///     (early, late)
    /// });
    /// while !door.is_finished() {
    ///     executor.poll_once();
    /// }
    /// assert_eq!(executor.frame(), 1 + 1 + 2);
    /// assert_eq!(door.take_output().unwrap().unwrap(), (Some(()), None));
    /// ```
    #[track_caller]
    fn until<W: IntoFuture>(self, wait: W) -> UntilOf<Self::IntoFuture, W::IntoFuture> {
        UntilOf { site: Location::caller(), future: Some(self.into_future()), wait: Some(wait.into_future()) }
    }
}

impl<F: IntoFuture> Until for F {}

pin_project! {
    /// The future of [`Until::until`].
    #[must_use = "a wait does nothing unless it is awaited"]
    pub struct UntilOf<F, W> {
        site: &'static Location<'static>,
        #[pin]
        future: Option<F>,
        #[pin]
        wait: Option<W>,
    }
}

impl<F, W> fmt::Debug for UntilOf<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilOf").field("site", self.site).finish_non_exhaustive()
    }
}

impl<F: Future, W: Future> Future for UntilOf<F, W> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        const OVER: &str = "what waits until something else isn't polled after it is over";
        let mut this = self.project();
        // ORDER: the future first, and the wait only if that isn't ready.
        let output = match this.future.as_mut().as_pin_mut().expect(OVER).poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending if this.wait.as_mut().as_pin_mut().expect(OVER).poll(context).is_ready() => None,
            Poll::Pending => {
                current::try_with(|core| core.note_outer(this.site));
                return Poll::Pending;
            }
        };
        // ORDER: both are dropped, in this order, before the output is given.
        this.future.set(None);
        this.wait.set(None);
        Poll::Ready(output)
    }
}
