//! All of, and the first of, any number of futures of one type.
//!
//! Each is boxed, and all that aren't done are polled whenever the script is. Children of a `scope` are
//! neither: for many, spawn them.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::executor::current;

/// Waits for all of the futures, and gives their outputs in order.
///
/// They are polled in order, each until it is done; then it is dropped at once. Of none, it is over at
/// once. Allocates a box a future; handles of spawned scripts can be joined as well.
///
/// ```
/// use framestep::{Executor, frames, join_all};
///
/// let mut executor = Executor::new();
/// let all = executor.spawn(join_all((0..3).map(|n| async move { frames(n).await; n * n })));
/// for _ in 0..3 {
///     executor.poll_once();
/// }
/// assert_eq!(all.take_output().unwrap().unwrap(), [0, 1, 4]);
/// ```
#[track_caller]
pub fn join_all<I>(futures: I) -> JoinAll<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator,
    I::Item: IntoFuture,
{
    let parts = futures.into_iter().map(|future| Part::Running(Box::pin(future.into_future()))).collect();
    JoinAll { site: Location::caller(), parts }
}

enum Part<F: Future> {
    Running(Pin<Box<F>>),
    Done(F::Output),
    Taken,
}

/// The future of [`join_all`].
#[must_use = "a wait does nothing unless it is awaited"]
pub struct JoinAll<F: Future> {
    site: &'static Location<'static>,
    parts: Vec<Part<F>>,
}

/// Its futures are boxed, and its outputs are never pinned.
impl<F: Future> Unpin for JoinAll<F> {}

impl<F: Future> fmt::Debug for JoinAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").field("site", self.site).field("futures", &self.parts.len()).finish()
    }
}

impl<F: Future> Future for JoinAll<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut done = true;
        // ORDER: in the order given, whichever woke.
        for part in &mut self.parts {
            if let Part::Running(future) = part {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *part = Part::Done(output),
                    Poll::Pending => done = false,
                }
            }
        }
        if !done {
            current::try_with(|core| core.note_outer(self.site));
            return Poll::Pending;
        }
        let outputs = self.parts.iter_mut().map(|part| match std::mem::replace(part, Part::Taken) {
            Part::Done(output) => output,
            _ => panic!("a join isn't polled after it is over"),
        });
        Poll::Ready(outputs.collect())
    }
}

/// Waits for the first of the futures; gives its index and output.
///
/// They are polled in order, and the first that is ready wins; all are dropped, in order, before this
/// gives the output. Of none, it never ends. Allocates a box a future.
///
/// ```
/// use framestep::{Executor, frames, race_all};
///
/// let mut executor = Executor::new();
/// let first = executor.spawn(race_all([5, 2, 3].map(|n| async move { frames(n).await; n })));
/// for _ in 0..3 {
///     executor.poll_once();
/// }
/// assert_eq!(first.take_output().unwrap().unwrap(), (1, 2));
/// ```
#[track_caller]
pub fn race_all<I>(futures: I) -> RaceAll<<I::Item as IntoFuture>::IntoFuture>
where
    I: IntoIterator,
    I::Item: IntoFuture,
{
    let futures = futures.into_iter().map(|future| Box::pin(future.into_future())).collect();
    RaceAll { site: Location::caller(), futures, is_over: false }
}

/// The future of [`race_all`].
#[must_use = "a wait does nothing unless it is awaited"]
pub struct RaceAll<F> {
    site: &'static Location<'static>,
    futures: Vec<Pin<Box<F>>>,
    is_over: bool,
}

impl<F> fmt::Debug for RaceAll<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceAll").field("site", self.site).field("futures", &self.futures.len()).finish()
    }
}

impl<F: Future> Future for RaceAll<F> {
    type Output = (usize, F::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.is_over, "a race isn't polled after it is over");
        // ORDER: in the order given; those behind the winner aren't polled.
        for index in 0..self.futures.len() {
            if let Poll::Ready(output) = self.futures[index].as_mut().poll(context) {
                self.is_over = true;
                self.futures.clear();
                return Poll::Ready((index, output));
            }
        }
        current::try_with(|core| core.note_outer(self.site));
        Poll::Pending
    }
}
