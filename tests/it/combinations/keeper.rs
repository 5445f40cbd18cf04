//! A thread that owns wakers.
//!
//! Rule: a waker is moved to the thread, and stays there over frames and the end of its script, until the thread is told to
//! drop it. All that is done with it is done there. Whoever tells the thread something waits for it to be done, so what
//! happens has one order. When the keeper is dropped its thread has ended.

use crate::words::hear;
use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::mpsc::{Receiver, Sender, channel},
    task::Waker,
    thread,
};

/// What the thread is told, by the number of a waker.
enum Told {
    Keep(usize, Waker),
    /// By a clone that is made there.
    Wake(usize),
    Drop(usize),
}

pub(super) struct Keeper {
    /// `None` when it is to end.
    tell: Option<Sender<Told>>,
    done: Receiver<()>,
    /// How many it was given.
    kept: Cell<usize>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Keeper {
    pub(super) fn new() -> Keeper {
        let (tell, told) = channel();
        let (say, done) = channel();
        let thread = thread::spawn(move || {
            let mut wakers = BTreeMap::new();
            while let Ok(told) = told.recv() {
                match told {
                    Told::Keep(number, waker) => _ = wakers.insert(number, waker),
                    Told::Wake(number) => {
                        let clone: Waker = Waker::clone(&wakers[&number]);
                        clone.wake();
                    }
                    Told::Drop(number) => drop(wakers.remove(&number).expect("it is kept")),
                }
                // Nobody hears it when the test has failed.
                let _ = say.send(());
            }
        });
        Keeper { tell: Some(tell), done, kept: Cell::new(0), thread: Some(thread) }
    }

    /// Comes back when it is done.
    fn tell(&self, told: Told) {
        self.tell.as_ref().expect("it isn't dropped").send(told).expect("the thread runs");
        hear(&self.done, "that the keeper of wakers has done it");
    }

    /// Gives it a waker; the waker's number.
    pub(super) fn keep(&self, waker: Waker) -> usize {
        let number = self.kept.replace(self.kept.get() + 1);
        self.tell(Told::Keep(number, waker));
        number
    }

    pub(super) fn wake(&self, number: usize) {
        self.tell(Told::Wake(number));
    }

    pub(super) fn drop_waker(&self, number: usize) {
        self.tell(Told::Drop(number));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.tell.take());
        let ended = self.thread.take().map(thread::JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "it has ended well");
    }
}
