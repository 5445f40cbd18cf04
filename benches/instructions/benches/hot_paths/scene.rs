//! A scene: something that is set up, acts while its instructions are counted, and is checked.

use framestep::{Executor, FrameReport};
use instructions::{FRAMES, SCRIPTS, Work};

/// How many frames pass before those that are counted.
const WARM: u64 = 8;

pub struct Scene {
    work: Work,
    act: Box<dyn FnMut() -> u64>,
    /// How often it was done.
    done: u64,
}

impl Scene {
    /// A scene for `work`; `act` tells how often it did it.
    pub fn new(work: Work, act: impl FnMut() -> u64 + 'static) -> Self {
        Scene { work, act: Box::new(act), done: 0 }
    }

    /// A scene of frames that are all the same. `frame` tells how often the work was done in it.
    pub fn of_frames(work: Work, mut frame: impl FnMut() -> u64 + 'static) -> Self {
        (0..WARM).for_each(|_| _ = frame());
        Self::new(work, move || (0..FRAMES).map(|_| frame()).sum())
    }

    /// A scene of frames of scripts alone, where a poll is the work.
    pub fn of_polls(work: Work, mut executor: Executor) -> Self {
        Self::of_frames(work, move || frame(&mut executor).polled)
    }

    #[inline(never)]
    pub fn act(&mut self) {
        self.done = (self.act)();
    }

    /// Panics unless the work was done, and as often as its count is divided by.
    pub fn check(self) {
        assert_eq!(self.done, self.work.times, "{}: so often is a {} done", self.work.name, self.work.unit);
    }
}

/// An executor with room for all scripts.
pub fn executor() -> Executor {
    Executor::builder().capacity(SCRIPTS as usize).build()
}

/// One frame in which nothing goes wrong.
pub fn frame(executor: &mut Executor) -> FrameReport {
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.put_off), (0, 0));
    report
}
