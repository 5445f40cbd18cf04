//! All of a few futures.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::maybe_done::MaybeDone;
use crate::executor::current;

macro_rules! join {
    ($(#[$docs:meta])* $function:ident, $Join:ident, $($field:ident: $F:ident),+) => {
        $(#[$docs])*
        #[track_caller]
        pub fn $function<$($F: IntoFuture),+>($($field: $F),+) -> $Join<$($F::IntoFuture),+> {
            $Join { site: Location::caller(), $($field: MaybeDone::new($field.into_future())),+ }
        }

        pin_project! {
            #[doc = concat!("The future of [`", stringify!($function), "`].")]
            #[must_use = "a wait does nothing unless it is awaited"]
            pub struct $Join<$($F: Future),+> {
                site: &'static Location<'static>,
                $(#[pin] $field: MaybeDone<$F>,)+
            }
        }

        impl<$($F: Future),+> fmt::Debug for $Join<$($F),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Join)).field("site", self.site).finish_non_exhaustive()
            }
        }

        impl<$($F: Future),+> Future for $Join<$($F),+> {
            type Output = ($($F::Output),+);

            fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                let mut this = self.project();
                // ORDER: in argument order, whichever woke.
                let mut done = true;
                $(done &= this.$field.as_mut().poll(context);)+
                if done {
                    return Poll::Ready(($(this.$field.as_mut().take()),+));
                }
                current::try_with(|core| core.note_outer(this.site));
                Poll::Pending
            }
        }
    };
}

join! {
    /// Waits for both futures, and gives both outputs.
    ///
    /// Each is polled in argument order whenever the script is, until it is done; then it is dropped at
    /// once. Dropping the join drops both.
    ///
    /// ```
    /// use framestep::{Executor, frames, join};
    ///
    /// let mut executor = Executor::new();
    /// let both = executor.spawn(join(async { 1 }, async { frames(2).await; 2 }));
    /// for _ in 0..3 {
    ///     executor.poll_once();
    /// }
    /// assert_eq!(both.take_output().unwrap().unwrap(), (1, 2));
    /// ```
    join, Join, a: A, b: B
}
join! {
    /// As [`join`], of three.
    join3, Join3, a: A, b: B, c: C
}
join! {
    /// As [`join`], of four.
    join4, Join4, a: A, b: B, c: C, d: D
}
