//! `futures`: its `LocalPool`, run until it stalls once a frame.
//!
//! It has no yield of its own, and a task that wakes itself never lets it stall. So a script that waits for
//! the next frame leaves its waker, and the frame begins by waking them, in order.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use futures::executor::{LocalPool as Pool, LocalSpawner};
use futures::task::LocalSpawnExt;

use super::Rival;

thread_local! {
    static NEXT: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

pub struct LocalPool {
    pool: Pool,
    spawner: LocalSpawner,
    /// Those that the frame wakes; empty between frames.
    waking: Vec<Waker>,
}

impl Rival for LocalPool {
    const NAME: &'static str = "futures";

    fn new(_tasks: usize) -> Self {
        let pool = Pool::new();
        LocalPool { spawner: pool.spawner(), pool, waking: Vec::new() }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        self.spawner.spawn_local(future).expect("the pool is alive");
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        let mut left = false;
        poll_fn(move |context| {
            if left {
                return Poll::Ready(());
            }
            left = true;
            NEXT.with_borrow_mut(|next| next.push(context.waker().clone()));
            Poll::Pending
        })
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        NEXT.with_borrow_mut(|next| std::mem::swap(next, &mut self.waking));
        self.waking.drain(..).for_each(Waker::wake);
        self.pool.run_until_stalled();
        assert!(done(), "it stalls when nothing is ready");
    }
}

impl Drop for LocalPool {
    fn drop(&mut self) {
        NEXT.take();
    }
}
