//! `async-executor`: its `LocalExecutor`, stepped by `try_tick`, one poll a call. (Its `run` takes a third
//! to a half longer for resumes.)

use async_executor::LocalExecutor;

use super::Rival;

pub struct AsyncExecutor {
    pub executor: &'static LocalExecutor<'static>,
    owner: *mut LocalExecutor<'static>,
}

impl Rival for AsyncExecutor {
    const NAME: &'static str = "async-executor";

    fn new(_tasks: usize) -> Self {
        let owner = Box::into_raw(Box::new(LocalExecutor::new()));
        // SAFETY: it lives until this is dropped; tasks that refer to it are dropped with it.
        AsyncExecutor { executor: unsafe { &*owner }, owner }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        self.executor.spawn(future).detach();
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        futures_lite::future::yield_now()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        loop {
            let ticked = self.executor.try_tick();
            if done() {
                break;
            }
            assert!(ticked, "it isn't done, yet nothing is ready");
        }
    }
}

impl Drop for AsyncExecutor {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw`, and dropped once.
        drop(unsafe { Box::from_raw(self.owner) });
    }
}
