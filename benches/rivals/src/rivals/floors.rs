//! Two floors: what a frame costs without an executor, where nothing can be woken and everything is polled
//! whole.

use std::pin::Pin;
use std::task::{Context, Waker};

use crate::script::WakeSelf;

pub const BOXED: &str = "boxed floor";
pub const INLINE: &str = "inline limit";

/// Futures of any type, each in a box, polled in the order of the list.
#[derive(Default)]
pub struct Boxed {
    pub futures: Vec<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Boxed {
    /// Polls all of them, and drops those that end.
    pub fn frame(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        self.futures.retain_mut(|future| future.as_mut().poll(&mut context).is_pending());
    }
}

/// Futures of one type, side by side: what the memory allows, and no executor reaches.
pub struct Inline<F> {
    futures: Pin<Box<[F]>>,
    /// In which order they are polled, if not in that of the memory.
    order: Option<Vec<u32>>,
}

impl<F: Future<Output = ()>> Inline<F> {
    pub fn new(futures: impl Iterator<Item = F>, order: Option<Vec<u32>>) -> Self {
        Inline { futures: Box::into_pin(futures.collect::<Box<[F]>>()), order }
    }

    /// Polls all of them; none ends.
    pub fn frame(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        // SAFETY: the futures aren't moved out of the slice.
        let futures = unsafe { self.futures.as_mut().get_unchecked_mut() };
        let mut poll = |future: &mut F| {
            // SAFETY: as above, so each stays pinned where it is.
            let ended = unsafe { Pin::new_unchecked(future) }.poll(&mut context).is_ready();
            assert!(!ended);
        };
        match &self.order {
            None => futures.iter_mut().for_each(poll),
            Some(order) => order.iter().for_each(|&index| poll(&mut futures[index as usize])),
        }
    }
}

/// Gives way once: what the scripts of the floors await.
#[inline]
pub fn give_way() -> WakeSelf {
    WakeSelf::default()
}
