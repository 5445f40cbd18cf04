//! Sleeps of random lengths, to the nanosecond: what it takes to arm them, and to let them fire.

use std::time::Duration;

use framestep::{Executor, sleep};
use instructions::{SCRIPTS, SLEEP_ARM, SLEEP_FIRE};

use crate::scene::{Scene, executor, frame};
use crate::script::{State, Wakers, leave_waker, woken};

/// The longest sleep: a bit under 60 frames.
const LONGEST: Duration = Duration::from_secs(1);
/// Frames in which all sleeps have ended.
const FRAMES_OF_LONGEST: u64 = 64;

/// Scripts that sleep once whenever they are woken, each for a time of its own.
struct Sleepers {
    executor: Executor,
    wakers: Wakers,
}

impl Sleepers {
    /// Warm, and all waiting to be woken.
    fn new() -> Self {
        let mut sleepers = Sleepers { executor: executor(), wakers: Wakers::default() };
        let mut random = fastrand::Rng::with_seed(2);
        for number in 0..SCRIPTS {
            let length = Duration::from_nanos(random.u64(1..LONGEST.as_nanos() as u64));
            let (mut state, wakers) = (State::new(number), sleepers.wakers.clone());
            drop(sleepers.executor.spawn(async move {
                leave_waker(&wakers).await;
                loop {
                    woken().await;
                    state.update();
                    sleep(length).await;
                }
            }));
        }
        frame(&mut sleepers.executor);
        for _ in 0..2 {
            sleepers.wake();
            sleepers.arm();
            sleepers.fire();
        }
        sleepers
    }

    fn wake(&self) {
        self.wakers.borrow().iter().for_each(|waker| waker.wake_by_ref());
    }

    fn arm(&mut self) -> u64 {
        frame(&mut self.executor).polled
    }

    fn fire(&mut self) -> u64 {
        (0..FRAMES_OF_LONGEST).map(|_| frame(&mut self.executor).polled).sum()
    }
}

/// All armed in one frame, in which all are resumed for it.
pub fn arm() -> Scene {
    let mut sleepers = Sleepers::new();
    sleepers.wake();
    Scene::new(SLEEP_ARM, move || sleepers.arm())
}

/// All frames until the last has fired, and the resumes that follow.
pub fn fire() -> Scene {
    let mut sleepers = Sleepers::new();
    sleepers.wake();
    sleepers.arm();
    Scene::new(SLEEP_FIRE, move || sleepers.fire())
}
