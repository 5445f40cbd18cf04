//! The layer over `bevy_ecs`: scripts on entities.

mod access;
#[cfg(feature = "bevy_time")]
mod app;
mod changes;
mod conditions;
mod data;
mod defer;
mod events;
mod failures;
mod finished;
mod groups;
mod life;
mod messages;
mod outside;
mod run;
mod starting;
mod steps;
#[cfg(feature = "bevy_curve")]
mod tweens;
mod waits;
mod watch;
mod worlds;

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Context;

use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptId, ScriptRegistry, next_frame, step_scripts};

#[derive(Component, Debug, PartialEq, Eq)]
struct Health(i32);

#[derive(Resource, Debug, PartialEq, Eq)]
struct Score(i32);

/// A log of words, which scripts write and tests compare whole.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn say(&self, word: impl Into<String>) {
        self.0.lock().unwrap().push(word.into());
    }

    /// The words since the last call, with `|` between them.
    fn words(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" | ")
    }

    /// Says `word` when it is dropped.
    fn last_word(&self, word: &'static str) -> LastWord {
        LastWord { log: self.clone(), word }
    }
}

struct LastWord {
    log: Log,
    word: &'static str,
}

impl Drop for LastWord {
    fn drop(&mut self) {
        self.log.say(self.word);
    }
}

fn id_of(world: &World, entity: Entity) -> ScriptId {
    world.get::<Script>(entity).expect("a Script").id().expect("enlisted")
}

fn is_running(world: &World, script: ScriptId) -> bool {
    world.resource::<ScriptRegistry>().is_running(script)
}

fn steps(world: &mut World, steps: u32) {
    for _ in 0..steps {
        step_scripts(world);
    }
}

/// Counts polls.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicU32>);

impl Counter {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn count<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        let counter = self.clone();
        let mut future = Box::pin(future);
        std::future::poll_fn(move |context: &mut Context<'_>| {
            counter.add();
            Pin::new(&mut future).poll(context)
        })
    }
}

/// Says `name1`, `name2` ... in each frame, and `name dropped` at its end.
fn talker(log: &Log, name: &'static str) -> Script {
    let log = log.clone();
    Script::named(name, async move |_: Me| {
        let _last = log.last_word(match name {
            "a" => "a dropped",
            "b" => "b dropped",
            "c" => "c dropped",
            _ => "dropped",
        });
        for count in 1.. {
            log.say(format!("{name}{count}"));
            next_frame().await;
        }
        Ok(())
    })
}
