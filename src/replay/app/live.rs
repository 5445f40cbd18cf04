//! An app that its runner drives, while it records or replays.
//!
//! The rule: what is recorded is what the frame went by. The input is read, written and given again, so that a game
//! that is recorded goes the same way as one that replays.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bevy_app::{App, AppExit, MainScheduleOrder, Plugin};
use bevy_ecs::error::Result;
use bevy_ecs::message::Messages;
use bevy_ecs::resource::Resource;
use bevy_ecs::schedule::{IntoScheduleConfigs, ScheduleLabel};
use bevy_ecs::world::World;
use bevy_time::{Real, Time, TimeUpdateStrategy};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::port::{InputPort, Port, ReplaySystems};
use crate::ecs::ScriptExecutor;
use crate::replay::playback::{Reel, input_of, unkept};
use crate::replay::probe::Probe;
use crate::replay::recorder::Tape;
use crate::replay::{Detail, Recording, RecordingWriter, ReplayError, Setup};

/// Records an app while it is played, or replays it in front of its player.
///
/// The frames go as the app's runner drives them. Their input is the resource `I`, or what a
/// [port](InputPort) reads, as it is behind `PreUpdate`; their length is the delta of `Time<Real>`. A replay
/// overwrites both, so that live input is off, until the recording is over; then the game goes on live. To compare a
/// replay with its recording see [`AppGame`](super::AppGame).
///
/// The app's [`ScriptExecutor`], built by the setup, is inserted before the app runs. A recording ends with the app's
/// `AppExit`; one of an app that ends otherwise lacks its end mark, and at most its last second. What goes wrong is
/// told to Bevy's error handler, once, and the game goes on.
///
/// ```no_run
/// use bevy_app::App;
/// use bevy_ecs::prelude::*;
/// use bevy_time::TimePlugin;
/// use framestep::replay::{ReplayPlugin, Setup};
/// use framestep::{FramestepPlugin, ScriptExecutor};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Resource, Clone, Default, Serialize, Deserialize)]
/// struct Controls { jump: bool }
///
/// let setup = Setup::new(7);
/// let mut app = App::new();
/// app.init_resource::<Controls>();
/// app.insert_non_send(ScriptExecutor::new(setup.builder().build()));
/// app.add_plugins((TimePlugin, FramestepPlugin, ReplayPlugin::<Controls>::record("run.replay", setup)));
/// app.run();
/// ```
pub struct ReplayPlugin<I> {
    parts: Mutex<Option<Parts<I>>>,
}

struct Parts<I> {
    port: InputPort<I>,
    mode: Mode,
}

enum Mode {
    Record(PathBuf, Setup, Detail),
    Replay(Recording),
}

/// What a [`ReplayPlugin`] is doing.
#[derive(Resource, Copy, Clone, Debug, PartialEq, Eq)]
pub enum ReplayStatus {
    /// So many frames were recorded.
    Recording(u64),
    /// The frame of this number is played, of so many.
    Replaying(u64, u64),
    /// The recording is over, or has failed: the game goes on live, and isn't recorded.
    Over,
}

impl<I: Resource + Clone> ReplayPlugin<I> {
    /// Records to a new file, in the place of one that is there.
    #[must_use]
    pub fn record(path: impl Into<PathBuf>, setup: Setup) -> Self {
        Self::new(Mode::Record(path.into(), setup, Detail::default()))
    }

    /// Replays a recording.
    #[must_use]
    pub fn replay(recording: Recording) -> Self {
        Self::new(Mode::Replay(recording))
    }

    fn new(mode: Mode) -> Self {
        ReplayPlugin { parts: Mutex::new(Some(Parts { port: InputPort::resource(), mode })) }
    }
}

impl<I> ReplayPlugin<I> {
    /// Records to a new file the input that a port reads.
    #[must_use]
    pub fn record_by(path: impl Into<PathBuf>, setup: Setup, port: InputPort<I>) -> Self {
        let mode = Mode::Record(path.into(), setup, Detail::default());
        ReplayPlugin { parts: Mutex::new(Some(Parts { port, mode })) }
    }

    /// Replays a recording, giving the input by a port.
    #[must_use]
    pub fn replay_by(recording: Recording, port: InputPort<I>) -> Self {
        ReplayPlugin { parts: Mutex::new(Some(Parts { port, mode: Mode::Replay(recording) })) }
    }

    /// How much a recording keeps.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        let parts = self.parts.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(Parts { mode: Mode::Record(_, _, of), .. }) = parts {
            *of = detail;
        }
        self
    }
}

impl<I> fmt::Debug for ReplayPlugin<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayPlugin").finish_non_exhaustive()
    }
}

/// In front of the first frame.
#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct BeforeAll;

/// In front of each frame, with its clocks.
#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct BeforeFrame;

/// Behind each frame.
#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct AfterFrame;

/// The recording that is made or played: non-send data, with the executor.
enum Live {
    Waiting(Mode),
    Recording(Box<Tape<File>>),
    /// With the number of the frame that was given last.
    Replaying(Box<Reel>, u64),
}

impl<I: Serialize + DeserializeOwned + Send + Sync + 'static> Plugin for ReplayPlugin<I> {
    fn build(&self, app: &mut App) {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Parts { port, mode } = parts.expect("a plugin is built once");
        app.insert_resource(match &mode {
            Mode::Record(..) => ReplayStatus::Recording(0),
            Mode::Replay(recording) => ReplayStatus::Replaying(0, recording.frames()),
        });
        app.insert_non_send(Live::Waiting(mode));
        let schedule = Port::add(app, port);
        app.init_schedule(BeforeAll).init_schedule(BeforeFrame).init_schedule(AfterFrame);
        let mut order = app.world_mut().get_resource_or_init::<MainScheduleOrder>();
        order.startup_labels.insert(0, BeforeAll.intern());
        order.labels.insert(0, BeforeFrame.intern());
        order.labels.push(AfterFrame.intern());
        app.add_systems(BeforeAll, begin);
        app.add_systems(BeforeFrame, before_frame::<I>);
        app.add_systems(schedule, record_input::<I>.after(Port::<I>::pass).in_set(ReplaySystems::Input));
        app.add_systems(AfterFrame, after_frame);
    }

    fn name(&self) -> &str {
        // One for an app, of whatever input.
        "framestep::replay::ReplayPlugin"
    }
}

/// Does something with what is live. After an error it is over.
fn with_live(world: &mut World, f: impl FnOnce(&mut World, Live) -> Result<Option<Live>, ReplayError>) -> Result {
    let Some(live) = world.remove_non_send::<Live>() else { return Ok(()) };
    match f(world, live) {
        Ok(Some(live)) => world.insert_non_send(live),
        Ok(None) => end(world),
        Err(error) => {
            end(world);
            return Err(error.into());
        }
    }
    Ok(())
}

/// The game goes on live.
fn end(world: &mut World) {
    world.insert_resource(ReplayStatus::Over);
    world.insert_resource(TimeUpdateStrategy::Automatic);
    ScriptExecutor::of(world).0.executor.replay_arrivals(None);
}

fn begin(world: &mut World) -> Result {
    ScriptExecutor::of(world);
    with_live(world, |world, live| match live {
        Live::Waiting(Mode::Record(path, setup, detail)) => {
            let probe = Probe::attach(world, &setup, detail)?;
            let writer = RecordingWriter::create(path, &setup, detail)?;
            let executor = world.non_send::<ScriptExecutor>().executor();
            Ok(Some(Live::Recording(Box::new(Tape::new(writer, probe, executor)))))
        }
        Live::Waiting(Mode::Replay(recording)) => {
            recording.setup().check(world.non_send::<ScriptExecutor>().executor())?;
            if let Some(mut time) = world.get_resource_mut::<Time<Real>>()
                && time.last_update().is_none()
            {
                // The first update of a clock only says when it began, and recorded frames all have a length.
                time.update_with_duration(Duration::ZERO);
            }
            Ok(Some(Live::Replaying(Box::new(Reel::new(recording)), 0)))
        }
        live => Ok(Some(live)),
    })
}

fn before_frame<I: DeserializeOwned + Send + Sync + 'static>(world: &mut World) -> Result {
    with_live(world, |world, live| {
        let Live::Replaying(mut reel, frame) = live else { return Ok(Some(live)) };
        let (frame, frames) = (frame + 1, reel.recording.frames());
        let Some(recorded) = reel.get(frame) else { return Ok(None) };
        if let Some(site) = unkept(recorded) {
            return Err(ReplayError::Unkept { frame, site });
        }
        Port::<I>::give_next(world, input_of(recorded, frame)?);
        world.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_nanos(recorded.step_nanos)));
        world.insert_resource(ReplayStatus::Replaying(frame, frames));
        let executor = world.non_send::<ScriptExecutor>().executor();
        executor.replay_arrivals(Some(recorded.arrivals.clone()));
        #[cfg(feature = "bevy_asset")]
        super::assets::wait_for_replayed(world);
        Ok(Some(Live::Replaying(reel, frame)))
    })
}

fn record_input<I: Serialize + Send + Sync + 'static>(world: &mut World) -> Result {
    with_live(world, |world, live| {
        let Live::Recording(mut tape) = live else { return Ok(Some(live)) };
        let input = Port::<I>::read(world);
        let length = world.get_resource::<Time<Real>>().map_or(Duration::ZERO, |time| time.delta());
        tape.before(&input, length)?;
        Port::give_now(world, &input);
        Ok(Some(Live::Recording(tape)))
    })
}

fn after_frame(world: &mut World) -> Result {
    with_live(world, |world, live| match live {
        Live::Recording(mut tape) => {
            tape.after(world, None)?;
            world.insert_resource(ReplayStatus::Recording(tape.frames()));
            if world.get_resource::<Messages<AppExit>>().is_some_and(|exits| !exits.is_empty()) {
                tape.finish(world)?;
                return Ok(None);
            }
            Ok(Some(Live::Recording(tape)))
        }
        Live::Replaying(reel, frame) => {
            let executor = world.non_send::<ScriptExecutor>().executor();
            let mut faults = executor.take_replay_faults();
            faults.extend(executor.take_missed_arrivals());
            if faults.is_empty() {
                return Ok(Some(Live::Replaying(reel, frame)));
            }
            Err(ReplayError::Fault { frame, what: faults.join("; ") })
        }
        live @ Live::Waiting(_) => Ok(Some(live)),
    })
}
