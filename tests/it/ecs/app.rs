//! Scripts in a Bevy app: its schedules, its time, its states.

mod clocks;
mod lanes;
#[cfg(feature = "bevy_state")]
mod states;

use std::time::Duration;

use bevy_app::App;
use bevy_time::{TimePlugin, TimeUpdateStrategy};
use framestep::{FramestepPlugin, Me, Script, next_frame};

use super::Log;

/// A sixty-fourth of a second: Bevy's fixed timestep, to the nanosecond.
const FIXED: Duration = Duration::from_nanos(15_625_000);

fn app() -> App {
    app_with(FramestepPlugin)
}

/// An app whose first frame, which Bevy gives no length, is over.
fn app_with(plugin: FramestepPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((TimePlugin, plugin));
    frame(&mut app, Duration::ZERO);
    app
}

/// One frame of the given length.
fn frame(app: &mut App, length: Duration) {
    app.insert_resource(TimeUpdateStrategy::ManualDuration(length));
    app.update();
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A script that says a word in each step.
fn talker(log: &Log, word: &'static str) -> Script {
    let say = log.clone();
    Script::new(async move |_: Me| {
        loop {
            say.say(word);
            next_frame().await;
        }
    })
}
