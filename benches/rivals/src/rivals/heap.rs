//! Timers by hand, as a floor: a binary heap of deadlines, each with its waker in a box that the wait shares;
//! a wait that is dropped empties its box, and the heap finds that out when the deadline comes.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use super::Rival;
use crate::script::WakeSelf;

type Task = (Pin<Box<dyn Future<Output = ()>>>, Arc<Name>);

/// A list of boxed futures, a ready list, and the heap.
pub struct Heap {
    tasks: Vec<Task>,
    ready: Arc<Mutex<Vec<u32>>>,
    /// What is being run; empty between frames.
    batch: Vec<u32>,
    pub timers: &'static Timers,
    /// How far a frame advances the clock.
    pub step: u64,
}

/// What a waker knows.
struct Name {
    index: u32,
    queued: AtomicBool,
    ready: Arc<Mutex<Vec<u32>>>,
}

impl Wake for Name {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.lock().expect("nothing panics under the lock").push(self.index);
        }
    }
}

#[derive(Default)]
pub struct Timers {
    now: Cell<u64>,
    armed: Cell<u64>,
    heap: RefCell<BinaryHeap<Reverse<Timer>>>,
}

struct Timer {
    /// The deadline, then the order of arming.
    key: (u64, u64),
    waker: Rc<Cell<Option<Waker>>>,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl Rival for Heap {
    const NAME: &'static str = "binary heap";

    fn new(tasks: usize) -> Self {
        let timers = Box::leak(Box::<Timers>::default());
        timers.heap.borrow_mut().reserve(tasks);
        Heap { tasks: Vec::with_capacity(tasks), ready: Arc::default(), batch: Vec::new(), timers, step: 1 }
    }

    fn spawn<F: Future<Output = ()> + 'static>(&mut self, future: F) {
        let index = self.tasks.len() as u32;
        let name = Arc::new(Name { index, queued: AtomicBool::new(false), ready: Arc::clone(&self.ready) });
        name.wake_by_ref();
        self.tasks.push((Box::pin(future), name));
    }

    #[inline]
    fn next_frame() -> impl Future<Output = ()> {
        WakeSelf::default()
    }

    fn frame(&mut self, done: impl Fn() -> bool + 'static) {
        self.timers.advance(self.step);
        loop {
            std::mem::swap(&mut self.batch, &mut *self.ready.lock().expect("nothing panics under the lock"));
            for index in self.batch.drain(..) {
                let (future, name) = &mut self.tasks[index as usize];
                name.queued.store(false, Ordering::Release);
                let waker = Waker::from(Arc::clone(name));
                let ended = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                assert!(!ended, "scripts with timers don't end");
            }
            if done() {
                break;
            }
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.timers.heap.take();
    }
}

impl Timers {
    fn advance(&self, step: u64) {
        let now = self.now.get() + step;
        self.now.set(now);
        let mut heap = self.heap.borrow_mut();
        while heap.peek().is_some_and(|Reverse(timer)| timer.key.0 <= now) {
            if let Some(waker) = heap.pop().and_then(|Reverse(timer)| timer.waker.take()) {
                waker.wake();
            }
        }
    }

    /// Waits until the clock has advanced this far.
    pub fn sleep(&'static self, duration: u64) -> HeapSleep {
        HeapSleep { timers: self, duration, armed: None }
    }
}

pub struct HeapSleep {
    timers: &'static Timers,
    duration: u64,
    armed: Option<(u64, Rc<Cell<Option<Waker>>>)>,
}

impl Future for HeapSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let timers = self.timers;
        if let Some((deadline, _)) = self.armed {
            return if timers.now.get() >= deadline { Poll::Ready(()) } else { Poll::Pending };
        }
        let deadline = timers.now.get() + self.duration;
        let waker = Rc::new(Cell::new(Some(context.waker().clone())));
        let order = timers.armed.get();
        timers.armed.set(order + 1);
        timers.heap.borrow_mut().push(Reverse(Timer { key: (deadline, order), waker: Rc::clone(&waker) }));
        self.armed = Some((deadline, waker));
        Poll::Pending
    }
}

impl Drop for HeapSleep {
    fn drop(&mut self) {
        if let Some((_, waker)) = &self.armed {
            waker.take();
        }
    }
}
