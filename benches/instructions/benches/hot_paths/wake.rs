//! Scripts that are woken by wakers within a frame.

use std::cell::Cell;
use std::rc::Rc;

use framestep::next_frame;
use instructions::{SCRIPTS, SELF_WAKE, SELF_WAKES, WAKE_HOP};

use crate::scene::{Scene, executor, frame};
use crate::script::{State, Wakers, leave_waker, wake_self, woken};

pub fn self_wake() -> Scene {
    let executor = executor();
    for number in 0..SCRIPTS {
        let mut state = State::new(number);
        drop(executor.spawn(async move {
            loop {
                for _ in 0..SELF_WAKES {
                    state.update();
                    wake_self().await;
                }
                state.update();
                next_frame().await;
            }
        }));
    }
    Scene::of_polls(SELF_WAKE, executor)
}

/// Each wakes the next, once around in a frame.
pub fn ring() -> Scene {
    let mut executor = executor();
    let (wakers, hops) = (Wakers::default(), Rc::<Cell<u64>>::default());
    for number in 0..SCRIPTS {
        let (mut state, wakers, hops) = (State::new(number), wakers.clone(), hops.clone());
        let next = ((number + 1) % SCRIPTS) as usize;
        drop(executor.spawn(async move {
            leave_waker(&wakers).await;
            loop {
                woken().await;
                if number == 0 {
                    next_frame().await;
                }
                state.update();
                hops.set(hops.get() + 1);
                wakers.borrow()[next].wake_by_ref();
            }
        }));
    }
    frame(&mut executor);
    wakers.borrow()[0].wake_by_ref();
    frame(&mut executor);
    Scene::of_frames(WAKE_HOP, move || {
        hops.set(0);
        frame(&mut executor);
        hops.get()
    })
}
