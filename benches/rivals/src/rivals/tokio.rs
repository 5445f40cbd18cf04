//! `tokio`: its `LocalSet` on a runtime of the current thread.
//!
//! It has no frames: a future that `block_on` waits for says when one is over. Scripts wake themselves to
//! wait for the next; `tokio::task::yield_now`, which goes round by the runtime's driver, takes a third to four
//! fifths longer.
//!
//! Works set it up last: it aligns tasks to 128 bytes, and the gaps that this leaves in the heap would scatter
//! the small blocks of whoever comes next.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use super::Rival;
use crate::script::{Counter, WakeSelf, Wakers, bump, counter, wakers};

/// Without a timer driver, which each turn would ask for the time.
pub struct Tokio {
    // Dropped before the runtime, as its tasks may use it.
    local: LocalSet,
    runtime: Runtime,
}

impl Rival for Tokio {
    const NAME: &'static str = "tokio";

    fn new(_tasks: usize) -> Self {
        let runtime = Builder::new_current_thread().build().expect("a runtime without drivers");
        Tokio { local: LocalSet::new(), runtime }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        drop(self.local.spawn_local(future));
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        WakeSelf::default()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        self.local.block_on(&self.runtime, turns_until(done));
    }

    fn idle_frames(&mut self, count: usize) {
        let turns = Cell::new(0);
        self.local.block_on(
            &self.runtime,
            turns_until(|| {
                turns.set(turns.get() + 1);
                turns.get() >= count
            }),
        );
    }
}

/// Lets the tasks take a turn at least once, and until `done`; it is asked every 61 polls.
async fn turns_until(done: impl Fn() -> bool) {
    let mut turned = false;
    poll_fn(|context| {
        if std::mem::replace(&mut turned, true) && done() {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// With timers on a paused clock, which a frame advances.
pub struct TokioTimed {
    local: LocalSet,
    runtime: Runtime,
    /// A task that is woken last in each frame: when it is polled, so were all that were ready.
    last: Wakers,
    polls_of_last: Counter,
}

pub const STEP: Duration = Duration::from_nanos(16_666_667);

impl Rival for TokioTimed {
    const NAME: &'static str = Tokio::NAME;

    fn new(_tasks: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let local = LocalSet::new();
        let (last, polls_of_last) = (wakers(), counter());
        local.spawn_local(poll_fn(move |context| {
            bump(polls_of_last);
            if last.borrow().is_empty() {
                last.borrow_mut().push(context.waker().clone());
            }
            Poll::<()>::Pending
        }));
        let new = TokioTimed { local, runtime: runtime.expect("a runtime with timers"), last, polls_of_last };
        new.local.block_on(&new.runtime, turns_until(move || polls_of_last.get() == 1));
        new
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        drop(self.local.spawn_local(future));
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        WakeSelf::default()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        let (last, polls) = (self.last, self.polls_of_last);
        self.local.block_on(&self.runtime, async move {
            tokio::time::advance(STEP).await;
            let before = polls.get();
            last.borrow().iter().for_each(|waker| waker.wake_by_ref());
            turns_until(move || polls.get() > before && done()).await;
        });
    }

    fn idle_frames(&mut self, count: usize) {
        self.local.block_on(&self.runtime, async {
            for _ in 0..count {
                tokio::time::advance(STEP).await;
            }
        });
    }
}

impl Drop for TokioTimed {
    fn drop(&mut self) {
        self.last.borrow_mut().clear();
    }
}
