//! Scripts that wait for the next frame, in two orders.

use framestep::next_frame;
use instructions::{RESUME_IN_ORDER, RESUME_SHUFFLED, SCRIPTS};

use crate::scene::{Scene, executor, frame};
use crate::script::{State, Wakers, leave_waker, woken};

async fn run(mut state: State) {
    loop {
        state.update();
        next_frame().await;
    }
}

/// In the order of their spawns, which is that of their memory.
pub fn in_order() -> Scene {
    let executor = executor();
    (0..SCRIPTS).for_each(|number| drop(executor.spawn(run(State::new(number)))));
    Scene::of_polls(RESUME_IN_ORDER, executor)
}

/// In another order: that in which they were woken once, which each frame keeps.
pub fn shuffled() -> Scene {
    let mut executor = executor();
    let wakers = Wakers::default();
    for number in 0..SCRIPTS {
        let (state, wakers) = (State::new(number), wakers.clone());
        drop(executor.spawn(async move {
            leave_waker(&wakers).await;
            woken().await;
            run(state).await;
        }));
    }
    frame(&mut executor);
    fastrand::Rng::with_seed(1).shuffle(&mut wakers.borrow_mut());
    wakers.borrow().iter().for_each(|waker| waker.wake_by_ref());
    Scene::of_polls(RESUME_SHUFFLED, executor)
}
