//! What scripts are made of.

use std::cell::RefCell;
use std::future::poll_fn;
use std::hint::black_box;
use std::mem;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// What a script keeps between its steps: 96 bytes.
pub struct State([u64; 12]);

impl State {
    pub fn new(number: u64) -> Self {
        State([number; 12])
    }

    /// One step of the script: updates a counter in its state.
    #[inline]
    pub fn update(&mut self) {
        self.0[3] = self.0[3].wrapping_add(1);
        black_box(&mut self.0);
    }
}

/// The wakers of scripts, in the order in which they were left.
pub type Wakers = Rc<RefCell<Vec<Waker>>>;

/// Leaves the script's waker, once: it is the same all its life.
pub async fn leave_waker(wakers: &Wakers) {
    poll_fn(|context| {
        wakers.borrow_mut().push(context.waker().clone());
        Poll::Ready(())
    })
    .await;
}

/// Waits until somebody wakes the script.
pub async fn woken() {
    let mut waits = false;
    poll_fn(|_| if mem::replace(&mut waits, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Wakes its own script, which is polled again.
pub async fn wake_self() {
    let mut waits = false;
    poll_fn(|context| {
        if mem::replace(&mut waits, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
