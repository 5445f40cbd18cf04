//! Scripts that begin, and scripts that end.

use framestep::{Executor, JoinHandle, next_frame};
use instructions::{CANCEL, SCRIPTS, SPAWN};

use crate::scene::{Scene, executor, frame};
use crate::script::State;

/// Spawned, polled to their end and reclaimed in one frame.
pub fn spawn() -> Scene {
    let mut executor = executor();
    Scene::of_frames(SPAWN, move || {
        for number in 0..SCRIPTS {
            let mut state = State::new(number);
            drop(executor.spawn(async move { state.update() }));
        }
        frame(&mut executor).completed
    })
}

/// Cancelled by their handles while they wait for the next frame, and reclaimed in it.
pub fn cancel() -> Scene {
    let mut executor = executor();
    for _ in 0..2 {
        let waiting = spawn_waiting(&mut executor);
        cancel_all(waiting, &mut executor);
    }
    let mut waiting = spawn_waiting(&mut executor);
    Scene::new(CANCEL, move || cancel_all(std::mem::take(&mut waiting), &mut executor))
}

fn spawn_waiting(executor: &mut Executor) -> Vec<JoinHandle<()>> {
    let spawn = |number| {
        let mut state = State::new(number);
        executor.spawn(async move {
            loop {
                state.update();
                next_frame().await;
            }
        })
    };
    let waiting = (0..SCRIPTS).map(spawn).collect();
    frame(executor);
    waiting
}

fn cancel_all(waiting: Vec<JoinHandle<()>>, executor: &mut Executor) -> u64 {
    waiting.into_iter().for_each(|script| _ = script.cancel());
    frame(executor).cancelled
}
