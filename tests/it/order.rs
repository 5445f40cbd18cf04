//! One frame, in order: a test for each sentence of the promise, steps 1 to 8.
//!
//! Rule: a test is named after its sentence, says words as scripts run, and compares the whole
//! log. Lanes and idling have their own sentences, in `lanes.rs`.

mod arrive;
mod end;
mod run;

use crate::words::{Gate, Words, on_thread};
use framestep::{Executor, IncidentKind, frames, next_frame, sleep, spawn, yield_now};
use std::{cell::Cell, future::pending, rc::Rc, time::Duration};

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// Spawns a script that says its name each time it is polled, and is woken through the gate.
fn say_when_woken(executor: &Executor, words: &Words, name: &'static str) -> Gate {
    let gate = Gate::default();
    let (log, wait) = (words.clone(), gate.clone());
    executor.spawn(async move {
        loop {
            let mut wait = std::pin::pin!(wait.wait());
            std::future::poll_fn(|cx| {
                let polled = wait.as_mut().poll(cx);
                log.say(name);
                polled
            })
            .await;
        }
    });
    gate
}
