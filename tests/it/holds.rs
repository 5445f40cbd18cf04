//! Scripts that are held: what stands still, what is kept, and in which order it goes on.
//!
//! Rule: each corner of a hold is a test of its own; the random programs of `model` hold and let go everywhere.

mod ends;
mod kept;
mod still;

use crate::words::{Gate, Words};
use framestep::{
    Executor, JoinHandle, TaskState, frames, join, next_frame, resume_in, scope, sleep, spawn, spawn_in, yield_now,
};
use std::{cell::RefCell, future::pending, rc::Rc, time::Duration};

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// A script that says its name in every frame.
fn walker(executor: &Executor, words: &Words, name: &'static str) -> JoinHandle<()> {
    executor.spawn(walk(words.clone(), name))
}

async fn walk(words: Words, name: &'static str) {
    loop {
        words.say(name);
        next_frame().await;
    }
}

/// A script that says its name each time it is woken.
fn waiter(executor: &Executor, words: &Words, name: &'static str) -> (JoinHandle<()>, Gate) {
    let gate = Gate::default();
    let (words, wait) = (words.clone(), gate.clone());
    let script = executor.spawn(async move {
        wait.wait().await;
        words.say(name);
    });
    (script, gate)
}

/// What is said in each of so many frames.
fn steps(executor: &mut Executor, words: &Words, count: u32) -> Vec<String> {
    let step = |_| {
        executor.poll_once_with(ns(10));
        words.take()
    };
    (0..count).map(step).collect()
}

fn state(executor: &Executor, script: &JoinHandle<()>) -> TaskState {
    executor.task_info(script.id()).expect("it lives").state
}
