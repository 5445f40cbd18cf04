//! Waits for the first, and for all, of two.

use std::time::Duration;

use framestep::{next_frame, sleep};
use instructions::{JOIN, RACE, SCRIPTS, Work};

use crate::scene::{Scene, executor};
use crate::script::State;

const SECOND: Duration = Duration::from_secs(1);

/// The next frame wins, and the sleep is taken back.
pub fn race() -> Scene {
    scene(RACE, async || _ = framestep::race(next_frame(), sleep(SECOND)).await)
}

pub fn join() -> Scene {
    scene(JOIN, async || _ = framestep::join(next_frame(), next_frame()).await)
}

/// Scripts that do nothing but `once`, which takes a frame.
fn scene(work: Work, once: impl AsyncFn() + Copy + 'static) -> Scene {
    let executor = executor();
    for number in 0..SCRIPTS {
        let mut state = State::new(number);
        drop(executor.spawn(async move {
            loop {
                state.update();
                once().await;
            }
        }));
    }
    Scene::of_polls(work, executor)
}
