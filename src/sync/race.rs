//! The first of a few futures.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::executor::current;

macro_rules! race {
    ($(#[$docs:meta])* $function:ident, $Race:ident, $RaceOf:ident, $($field:ident: $F:ident => $Nth:ident = $nth:literal),+) => {
        $(#[$docs])*
        #[track_caller]
        pub fn $function<$($F: IntoFuture),+>($($field: $F),+) -> $RaceOf<$($F::IntoFuture),+> {
            $RaceOf { site: Location::caller(), $($field: Some($field.into_future())),+ }
        }

        #[doc = concat!("Which future won a [`", stringify!($function), "`], with its output.")]
        #[derive(Copy, Clone, Debug, PartialEq, Eq)]
        pub enum $Race<$($F),+> {
            $(#[doc = concat!("The ", $nth, ".")] $Nth($F),)+
        }

        pin_project! {
            #[doc = concat!("The future of [`", stringify!($function), "`].")]
            #[must_use = "a wait does nothing unless it is awaited"]
            pub struct $RaceOf<$($F),+> {
                site: &'static Location<'static>,
                $(#[pin] $field: Option<$F>,)+
            }
        }

        impl<$($F),+> fmt::Debug for $RaceOf<$($F),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($RaceOf)).field("site", self.site).finish_non_exhaustive()
            }
        }

        impl<$($F: Future),+> Future for $RaceOf<$($F),+> {
            type Output = $Race<$($F::Output),+>;

            fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                let mut this = self.project();
                let mut won = None;
                // ORDER: in argument order; the first that is ready wins, and those behind it aren't polled.
                $(if won.is_none() {
                    let future = this.$field.as_mut().as_pin_mut().expect("a race isn't polled after it is over");
                    if let Poll::Ready(output) = future.poll(context) {
                        won = Some($Race::$Nth(output));
                    }
                })+
                if let Some(won) = won {
                    // ORDER: all are dropped in argument order before the winner's output is given.
                    $(this.$field.set(None);)+
                    return Poll::Ready(won);
                }
                current::try_with(|core| core.note_outer(this.site));
                Poll::Pending
            }
        }
    };
}

race! {
    /// Waits for the first of two futures; the other is dropped before this gives the output.
    ///
    /// They are polled in argument order, so if both are ready the first wins, and the second isn't
    /// polled. A loser leaves nothing behind: its waits are taken back, its guards are free. To keep one
    /// across races, pin it outside and pass `future.as_mut()`.
    ///
    /// ```
    /// use framestep::{Executor, Race, frames, race};
    ///
    /// let mut executor = Executor::new();
    /// let first = executor.spawn(race(frames(5), frames(2)));
    /// for _ in 0..3 {
    ///     executor.poll_once();
    /// }
    /// assert_eq!(first.take_output().unwrap().unwrap(), Race::Second(()));
    /// ```
    race, Race, RaceOf, a: A => First = "first", b: B => Second = "second"
}
race! {
    /// As [`race`], of three.
    race3, Race3, Race3Of, a: A => First = "first", b: B => Second = "second", c: C => Third = "third"
}
race! {
    /// As [`race`], of four.
    race4, Race4, Race4Of, a: A => First = "first", b: B => Second = "second", c: C => Third = "third", d: D => Fourth = "fourth"
}
