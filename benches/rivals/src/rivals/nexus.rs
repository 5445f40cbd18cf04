//! `nexus-async-rt` 0.1.0: its `Executor`, whose `poll` goes once through all that is ready, for works that
//! need no more; its `Runtime` for timers and for tasks in a slab, which only `block_on` gives.
//!
//! What breaks it is kept from it:
//! - A wake outside of `poll` and `block_on` is lost, so nothing wakes its tasks between frames.
//! - A task that has woken itself and then ends is freed while it is queued, and is polled again in freed
//!   memory. No task here does both.
//! - Dropping it frees tasks of which wakers are left. Works clear such wakers first, and timers have all
//!   fired by then; a runtime with timers that are still armed is leaked.
//! - Its wakers count references without atomics: no waker of it leaves its thread.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use nexus_async_rt::{ByteSlab, Executor, Runtime};
use nexus_rt::WorldBuilder;

use super::Rival;

pub struct Nexus {
    executor: Executor,
}

impl Rival for Nexus {
    const NAME: &'static str = "nexus";

    fn new(tasks: usize) -> Self {
        let mut executor = Executor::new(tasks);
        executor.set_tasks_per_cycle(usize::MAX);
        Nexus { executor }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        self.executor.spawn_boxed(future);
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        nexus_async_rt::yield_now()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        loop {
            self.executor.poll();
            if done() {
                break;
            }
        }
    }

    fn between_frames(&mut self, _wake: impl FnOnce() + 'static) {
        unreachable!("it would lose the wakes")
    }
}

/// Its runtime, with a clock that can't be set: timers fire when their time has really come.
pub struct NexusRuntime {
    runtime: Option<Runtime>,
    // The runtime points to it.
    _world: Box<nexus_rt::World>,
    /// Leaks the runtime instead of dropping it.
    pub keep: bool,
}

impl NexusRuntime {
    /// Calls `step` once in each turn of the runtime's loop until it says that it is done.
    fn run(&mut self, mut step: impl FnMut() -> bool + 'static) {
        let runtime = self.runtime.as_mut().expect("taken only when it is dropped");
        runtime.block_on_busy(poll_fn(move |context| {
            if step() {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        }));
    }
}

impl Rival for NexusRuntime {
    const NAME: &'static str = Nexus::NAME;

    fn new(tasks: usize) -> Self {
        let mut world = Box::new(WorldBuilder::new().build());
        let runtime = Runtime::builder(&mut world).tasks_per_cycle(usize::MAX).queue_capacity(tasks).build();
        NexusRuntime { runtime: Some(runtime), _world: world, keep: false }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        let mut future = Some(future);
        self.run(move || {
            if let Some(future) = future.take() {
                nexus_async_rt::spawn_boxed(future);
            }
            true
        });
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        nexus_async_rt::yield_now()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        let mut turned = false;
        self.run(move || std::mem::replace(&mut turned, true) && done());
    }

    /// Turns of its loop, each with a call of the system.
    fn idle_frames(&mut self, count: usize) {
        let mut turns = 0;
        self.run(move || {
            turns += 1;
            turns > count
        });
    }

    fn between_frames(&mut self, wake: impl FnOnce() + 'static) {
        let mut wake = Some(wake);
        self.run(move || {
            if let Some(wake) = wake.take() {
                wake();
            }
            true
        });
    }
}

impl Drop for NexusRuntime {
    fn drop(&mut self) {
        if self.keep {
            std::mem::forget(self.runtime.take());
        }
    }
}

/// Its runtime with tasks in a slab: spawns in frames.
pub struct NexusSlab {
    runtime: NexusRuntime,
}

/// A slot takes a task's header of 32 bytes and its future.
const SLOT: usize = nexus_async_rt::TASK_HEADER_SIZE + 104;

impl NexusSlab {
    pub const NAME: &'static str = "nexus slab";

    pub fn new(tasks: usize) -> Self {
        let mut world = Box::new(WorldBuilder::new().build());
        // SAFETY: the slab is used by this runtime only, which stays on its thread.
        let slab = unsafe { ByteSlab::<SLOT>::with_chunk_capacity(tasks) };
        let builder = Runtime::builder(&mut world).tasks_per_cycle(usize::MAX).queue_capacity(tasks);
        let runtime = Some(builder.slab_unbounded(slab).build());
        NexusSlab { runtime: NexusRuntime { runtime, _world: world, keep: false } }
    }

    /// Spawns `count` tasks a frame, which end at their first poll; how long that took, from each frame's
    /// first spawn to its last end. What its loop does between two frames, a call of the system, is left out.
    pub fn frames<F>(&mut self, frames: usize, count: usize, make: impl Fn() -> F + 'static) -> Duration
    where
        F: Future<Output = ()> + 'static,
    {
        const { assert!(size_of::<F>() + nexus_async_rt::TASK_HEADER_SIZE <= SLOT) };
        let took = Rc::new(Cell::new(Duration::ZERO));
        let ended = Rc::clone(&took);
        let mut frame = 0;
        self.runtime.run(move || {
            if frame == frames {
                return true;
            }
            frame += 1;
            let start = Instant::now();
            for _ in 0..count {
                nexus_async_rt::spawn_slab(make());
            }
            let ended = Rc::clone(&ended);
            // Runs behind them.
            nexus_async_rt::spawn_boxed(async move { ended.set(ended.get() + start.elapsed()) });
            false
        });
        took.get()
    }
}
