//! Random numbers for systems.
//!
//! The rule: a stream follows from the executor's seed and its name alone, so a draw from one changes nothing in another,
//! nor in any script. Only 64-bit draws are taken.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use bevy_ecs::resource::Resource;
use bevy_ecs::world::{FromWorld, World};

use super::script_executor::ScriptExecutor;
use crate::executor::RandomStream;

/// Random numbers for systems: a stream for each name, all grown from the executor's seed.
///
/// It comes into the world by `init_resource`, behind the [`ScriptExecutor`]: it takes that one's seed, or 0 where there
/// is none yet, and keeps it.
#[cfg_attr(feature = "bevy_app", doc = "[`FramestepPlugin`](struct@crate::FramestepPlugin) does so in `PreStartup`.")]
/// Scripts draw by [`random`](crate::random), from streams of their own.
///
/// Give each system a name of its own: where two that Bevy runs at the same time draw from one stream, chance decides
/// who gets which number.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Executor, RandomStreams, ScriptExecutor};
///
/// #[derive(Resource)]
/// struct Rain(u64);
///
/// fn weather(streams: Res<RandomStreams>, mut rain: ResMut<Rain>) {
///     rain.0 = streams.draw("weather") % 10;
/// }
///
/// let mut world = World::new();
/// world.insert_non_send(ScriptExecutor::new(Executor::builder().seed(7).build()));
/// world.init_resource::<RandomStreams>();
/// # world.insert_resource(Rain(0));
/// # use bevy_ecs::system::RunSystemOnce;
/// # world.run_system_once(weather).unwrap();
/// ```
#[derive(Resource)]
pub struct RandomStreams {
    seed: u64,
    streams: Mutex<BTreeMap<Box<str>, RandomStream>>,
}

impl RandomStreams {
    /// Streams that grow from this seed, whatever the executor's is.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        RandomStreams { seed, streams: Mutex::default() }
    }

    /// A draw from the stream of this name: any `u64`, each as likely. The stream is that of
    /// [`Executor::random_stream`](crate::Executor::random_stream).
    pub fn draw(&self, name: &str) -> u64 {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = streams.get_mut(name) {
            return stream.next_u64();
        }
        let mut stream = RandomStream::new(self.seed, name);
        let drawn = stream.next_u64();
        streams.insert(name.into(), stream);
        drawn
    }
}

impl FromWorld for RandomStreams {
    fn from_world(world: &mut World) -> Self {
        let executor = world.get_non_send::<ScriptExecutor>();
        RandomStreams::new(executor.map_or(0, |executor| executor.executor().seed()))
    }
}

impl fmt::Debug for RandomStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomStreams").field("seed", &self.seed).finish_non_exhaustive()
    }
}
