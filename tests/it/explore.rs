//! Sweeps over seeds: what fails is found, on however many threads and shards, and plays again from its code.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use framestep::Executor;
use framestep::replay::{Explore, Found, Game, Setup};

mod codes;
mod faults;
mod orders;
mod shards;

/// A game of an executor alone, with words that its scripts say.
struct Small {
    executor: Executor,
    words: Rc<RefCell<Vec<u64>>>,
    /// What a frame does before its step.
    before: fn(&mut Executor, &u64),
}

impl Game for Small {
    type Input = u64;

    fn frame(&mut self, input: &u64, step: Duration) {
        self.words.borrow_mut().push(*input);
        (self.before)(&mut self.executor, input);
        self.executor.poll_once_with(step);
    }

    fn executor(&self) -> &Executor {
        &self.executor
    }
}

impl Small {
    fn new(setup: &Setup) -> Self {
        Small { executor: setup.builder().build(), words: Rc::default(), before: |_, _| () }
    }

    /// One whose single script does this in its first poll.
    fn with<F: Future<Output = ()> + 'static>(setup: &Setup, script: F) -> Self {
        let small = Small::new(setup);
        drop(small.executor.spawn(script).named("script"));
        small
    }
}

/// What each failure says, behind its seed, order and frame.
fn told(found: &Found) -> Vec<String> {
    let failures = found.failures();
    failures
        .map(|failure| {
            let code = failure.code;
            format!("{} {} {} {:?}: {}", code.seed, code.order, failure.frame, failure.fault, failure.message)
        })
        .collect()
}

/// A sweep of ten frames a run in which every seventh seed fails, in a frame that follows from it.
fn sevens() -> Explore<'static, Small> {
    Explore::new(Small::new).frames(10).check(|game, frame| {
        let seed = game.executor.seed();
        if seed % 7 == 0 && frame == seed % 10 + 1 { Err(format!("seven in {seed}")) } else { Ok(()) }
    })
}
