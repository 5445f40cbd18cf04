//! This crate.

use framestep::Executor;

use super::Rival;

pub struct Framestep {
    pub executor: Executor,
}

impl Rival for Framestep {
    const NAME: &'static str = "framestep";

    fn new(tasks: usize) -> Self {
        Framestep { executor: Executor::builder().capacity(tasks).build() }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        drop(self.executor.spawn(future));
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        framestep::next_frame()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        let report = self.executor.poll_once();
        assert_eq!((report.panicked, report.put_off), (0, 0));
        assert!(done(), "one frame runs all that is ready");
    }
}
