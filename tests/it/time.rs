//! Clocks, sleeps, intervals and timeouts.
//!
//! Rule: time is what the steps say it is, to the nanosecond; the order in which timers fire is
//! that of a sorted list, however far apart their deadlines are.

mod clocks;
mod driven;
mod intervals;
mod own;
mod sorted;

use crate::{model::config, words::Words};
use framestep::{
    Clock, Elapsed, Executor, Missed, Race, frames, interval, next_frame, race, sleep, sleep_until, timeout,
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use std::{
    cell::{Cell, RefCell},
    future::pending,
    rc::Rc,
    time::Duration,
};

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// Spawns a script that says the clock's time, and the periods, each time an interval comes round.
fn beat(executor: &Executor, clock: Clock, period: u64, missed: Missed) -> Words {
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let mut beat = clock.interval(ns(period)).missed(missed);
        loop {
            let periods = beat.next().await;
            log.say(format!("{}*{periods}", clock.now().as_nanos()));
        }
    });
    words
}
