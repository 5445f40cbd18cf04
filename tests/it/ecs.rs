//! The layer over `bevy_ecs`: scripts on entities.

mod access;
#[cfg(feature = "bevy_time")]
mod app;
mod conditions;
mod failures;
mod life;
mod outside;
mod steps;
#[cfg(feature = "bevy_curve")]
mod tweens;
mod waits;
mod worlds;

use std::sync::{Arc, Mutex};

use bevy_ecs::prelude::*;
use framestep::{Script, ScriptId, ScriptRegistry, step_scripts};

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
