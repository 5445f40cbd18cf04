//! The rivals, one file each: how it is set up, how it spawns, how a script waits for the next frame, and
//! how a frame is run.

pub mod async_executor;
pub mod embassy;
pub mod floors;
pub mod framestep;
pub mod heap;
pub mod local_pool;
pub mod nexus;
pub mod tokio;

/// An executor as a game would step it.
pub trait Rival: 'static {
    const NAME: &'static str;

    /// Whether tasks are dropped with it.
    const DROPS_TASKS: bool = true;

    /// With room for this many tasks, if it can be told.
    fn new(tasks: usize) -> Self;

    /// Starts a task that nobody waits for.
    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F);

    /// What a script awaits to go on in the next frame.
    fn next_frame() -> impl Future<Output = ()>;

    /// Runs one frame: at least once through all that is ready, then on until `done`.
    ///
    /// An executor that knows frames does so in one call. Others are called until it is done.
    fn frame(&mut self, done: impl Fn() -> bool + 'static);

    /// Runs frames in which nothing is due.
    fn idle_frames(&mut self, count: usize) {
        for _ in 0..count {
            self.frame(|| true);
        }
    }

    /// Calls `wake`, which wakes tasks, between two frames.
    fn between_frames(&mut self, wake: impl FnOnce() + 'static) {
        wake();
    }
}
