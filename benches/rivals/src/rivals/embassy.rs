//! `embassy-executor`: its raw executor, whose `poll` goes once through all that is ready.
//!
//! It runs what was woken last first, so the order of a frame is the reverse of the one before. Its tasks
//! live in storages that may never be freed: they are leaked, or reused by the next spawn.

use embassy_executor::raw::{Executor, TaskStorage};

use super::Rival;

/// Called when there is something to poll. The frames come anyway.
#[unsafe(export_name = "__pender")]
fn pender(_context: *mut ()) {}

fn executor() -> &'static Executor {
    Box::leak(Box::new(Executor::new(std::ptr::null_mut())))
}

pub struct Embassy {
    executor: &'static Executor,
}

impl Rival for Embassy {
    const NAME: &'static str = "embassy";
    const DROPS_TASKS: bool = false;

    fn new(_tasks: usize) -> Self {
        Embassy { executor: executor() }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        let storage: &'static TaskStorage<F> = Box::leak(Box::new(TaskStorage::new()));
        self.executor.spawner().spawn(storage.spawn(|| future).expect("a new storage is free"));
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        embassy_futures::yield_now()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        loop {
            // SAFETY: no task and no pender calls this.
            unsafe { self.executor.poll() };
            if done() {
                break;
            }
        }
    }
}

/// Storages for tasks that end within a frame, used again in the next.
pub struct EmbassyPool<F: Future<Output = ()> + 'static> {
    executor: &'static Executor,
    storages: &'static [TaskStorage<F>],
}

impl<F: Future<Output = ()> + 'static> EmbassyPool<F> {
    pub fn new(count: usize) -> Self {
        let storages = Vec::from_iter((0..count).map(|_| TaskStorage::new()));
        EmbassyPool { executor: executor(), storages: storages.leak() }
    }

    /// Spawns a task in every storage, and runs all of them.
    pub fn frame(&mut self, make: impl Fn() -> F) {
        for storage in self.storages {
            self.executor.spawner().spawn(storage.spawn(&make).expect("its last task has ended"));
        }
        // SAFETY: no task and no pender calls this.
        unsafe { self.executor.poll() };
    }
}
