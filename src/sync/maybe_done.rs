//! A future, then its output: dropped as a future the moment it is done.

use std::pin::Pin;
use std::task::Context;

use pin_project_lite::pin_project;

pin_project! {
    #[project = Project]
    #[project_replace = Replace]
    #[derive(Debug)]
    pub(super) enum MaybeDone<F: Future> {
        Running { #[pin] future: F },
        Done { output: F::Output },
        Taken,
    }
}

impl<F: Future> MaybeDone<F> {
    pub(super) fn new(future: F) -> Self {
        MaybeDone::Running { future }
    }

    /// Polls the future unless it is done; whether it is.
    pub(super) fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> bool {
        if let Project::Running { future } = self.as_mut().project() {
            let std::task::Poll::Ready(output) = future.poll(context) else { return false };
            self.set(MaybeDone::Done { output });
        }
        true
    }

    /// The output of one that is done, once.
    pub(super) fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(MaybeDone::Taken) {
            Replace::Done { output } => output,
            _ => panic!("a join isn't polled after it is over"),
        }
    }
}
