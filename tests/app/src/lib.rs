//! Scripts in whole Bevy apps, also recorded and replayed.
//!
//! The rule: each test runs twice, under the single-threaded and under the multi-threaded schedule executor,
//! and the words are the same. Nothing here waits for a time to pass: what another thread does is waited for
//! by frames, and held up by gates.

#![cfg(test)]

mod assets;
mod everything;
mod replays;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bevy_app::{
    App, First, FixedUpdate, Last, PostUpdate, PreUpdate, TaskPoolOptions, TaskPoolPlugin,
    TaskPoolThreadAssignmentPolicy, Update,
};
use bevy_ecs::schedule::{IntoScheduleConfigs, MultiThreadedExecutor, SingleThreadedExecutor};
use bevy_state::app::StatesPlugin;
use bevy_state::state::StateTransition;
use bevy_time::{TimePlugin, TimeUpdateStrategy};
use framestep::FramestepPlugin;

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
}

/// Runs a test under both executors.
fn twice(test: impl Fn(fn() -> App)) {
    test(|| app(false));
    test(|| app(true));
}

/// An app with its states and its time; not with assets, whose source comes before their plugin.
fn app(is_multi_threaded: bool) -> App {
    let threads = TaskPoolThreadAssignmentPolicy {
        min_threads: 2,
        max_threads: 2,
        percent: 1.0,
        on_thread_spawn: None,
        on_thread_destroy: None,
    };
    let options = TaskPoolOptions {
        min_total_threads: 6,
        max_total_threads: 6,
        io: threads.clone(),
        async_compute: threads.clone(),
        compute: threads,
    };
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin { task_pool_options: options }, TimePlugin, StatesPlugin));
    app.add_plugins(FramestepPlugin.with_lane(PreUpdate));
    macro_rules! set {
        ($($label:expr),*) => {$(
            app.edit_schedule($label, |schedule| {
                if is_multi_threaded {
                    schedule.set_executor(MultiThreadedExecutor::new());
                } else {
                    schedule.set_executor(SingleThreadedExecutor::new());
                }
            });
        )*};
    }
    set!(First, PreUpdate, StateTransition, FixedUpdate, Update, PostUpdate, Last);
    // Something for other threads to do meanwhile.
    app.add_systems(Update, (|| (), || (), || ()).in_set(Others));
    app
}

#[derive(bevy_ecs::schedule::SystemSet, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Others;

/// One frame of the given length.
fn frame(app: &mut App, length: Duration) {
    app.insert_resource(TimeUpdateStrategy::ManualDuration(length));
    app.update();
}

/// Frames until there is a word, and all words by then.
fn words_to_come(app: &mut App, log: &Log) -> String {
    // The other threads may take their time, but not for ever.
    for _ in 0..1_000_000 {
        frame(app, Duration::from_millis(1));
        let words = log.words();
        if !words.is_empty() {
            return words;
        }
        std::thread::yield_now();
    }
    panic!("nothing was said");
}
