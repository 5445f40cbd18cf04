//! The world's hash: what the game's state is, as far as it asks for that to be compared.
//!
//! The rule: only what was registered is hashed, by the key that it was registered with, the key of its entity and the
//! bits of its value. Nothing rests on the numbers of entities, the order in which they were spawned, types, or the
//! order of registration; so two runs have the same hash exactly when they have the same state.
//!
//! | file | idea |
//! |---|---|
//! | `key` | `ReplayKey`: which entity it is |
//! | `kind` | a component or resource that is hashed |
//! | `hash` | the hash of a value |
//! | `lines` | what has changed since the last time |
//! | `follow` | being told of steps; what a script's owner is called |
//! | `ambiguity` | systems whose order is left to Bevy |
//! | `error` | why a world can't be hashed |

mod ambiguity;
mod error;
mod follow;
mod hash;
mod key;
mod kind;
mod lines;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy_ecs::component::Component;
use bevy_ecs::resource::Resource;
use bevy_ecs::world::World;
use serde::Serialize;

#[cfg(feature = "bevy_app")]
pub use ambiguity::assert_no_ambiguities;
pub use ambiguity::{Ambiguity, ambiguities, ambiguities_in, assert_no_ambiguities_in};
pub use error::WorldHashError;
pub(crate) use follow::{owner_name, set_step_hook};
pub use key::{ReplayKey, ReplayKeys};

use self::hash::ValueHasher;
use self::kind::{By, Components, Kind, Single, Whole};
use self::lines::Known;
use super::line::StateLine;
use crate::executor::mix;

/// The hash of a world's registered state, from [`HashWorld::world_hash`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldHash {
    /// Over all of it; 0 where nothing is registered.
    pub total: u64,
    /// Of each registered component and resource, in the order of their keys: 0 where there is none in the world.
    pub kinds: Vec<(Arc<str>, u64)>,
}

/// Says which state of a world is hashed, and hashes it: for [`World`], and for `App` with the feature `bevy_app`.
///
/// A component's values are hashed whole and by their bits, floats too: a sum that was added up in another order is
/// another state. An entity that carries a hashed component needs a [`ReplayKey`]. Entities that are disabled are
/// hashed like all others. A value whose form isn't the same on every run, such as a `HashMap` or an [`Entity`], is
/// no such state: give a [view](Self::hash_component_by) of it that is.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::replay::{HashWorld, ReplayKey};
/// use serde::Serialize;
///
/// #[derive(Component, Serialize)]
/// struct Health(i32);
/// #[derive(Resource)]
/// struct Score { points: u32 }
///
/// let mut world = World::new();
/// world.hash_component::<Health>("health");
/// world.hash_resource_by("score", |score: &Score, _| score.points);
/// world.insert_resource(Score { points: 3 });
/// let guard = world.spawn((ReplayKey::numbered("guard", 1), Health(30))).id();
///
/// let before = world.world_hash()?;
/// world.get_mut::<Health>(guard).unwrap().0 = 29;
/// let after = world.world_hash()?;
/// assert_ne!(before.total, after.total);
/// assert_ne!(before.kinds[0], after.kinds[0]);                // "health"
/// assert_eq!(before.kinds[1], after.kinds[1]);                // "score"
/// # Ok::<(), framestep::replay::WorldHashError>(())
/// ```
///
/// [`Entity`]: bevy_ecs::entity::Entity
pub trait HashWorld {
    /// Hashes all components of a type, under this key. Keys stand in recordings: once used they stay.
    ///
    /// # Panics
    /// If something else is registered by this key.
    fn hash_component<C: Component + Serialize>(&mut self, key: &str) -> &mut Self;

    /// Hashes what `view` makes of a component, for types that `serde` doesn't know, whose fields don't all count,
    /// or which speak of other entities: those are named by their [`ReplayKeys`].
    ///
    /// # Panics
    /// If something else is registered by this key.
    fn hash_component_by<C, S>(
        &mut self,
        key: &str,
        view: impl Fn(&C, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    ) -> &mut Self
    where
        C: Component,
        S: Serialize + 'static;

    /// Hashes a resource, under this key. While it isn't there, that is its state.
    ///
    /// # Panics
    /// If something else is registered by this key.
    fn hash_resource<R: Resource + Serialize>(&mut self, key: &str) -> &mut Self;

    /// Hashes what `view` makes of a resource.
    ///
    /// # Panics
    /// If something else is registered by this key.
    fn hash_resource_by<R, S>(
        &mut self,
        key: &str,
        view: impl Fn(&R, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Resource,
        S: Serialize + 'static;

    /// The hash of all that is registered, as it is now.
    ///
    /// # Errors
    /// [`WorldHashError`]: an entity without a key, two of one key, a value that can't be written.
    fn world_hash(&mut self) -> Result<WorldHash, WorldHashError>;

    /// What has changed in all that is registered since the last call; in the first call all of it. In order of the
    /// keys of components and resources, and within each of the keys of entities.
    ///
    /// # Errors
    /// As [`world_hash`](Self::world_hash). Then what has changed comes with the next call that succeeds.
    fn changed_state(&mut self) -> Result<Vec<StateLine>, WorldHashError>;

    /// Lets the next [`changed_state`](Self::changed_state) give all of it again.
    fn forget_state(&mut self) -> &mut Self;
}

/// What is registered in a world.
///
/// Behind a lock of its own, since what hashes reads the world meanwhile.
#[derive(Resource, Clone, Default)]
struct Registered(Arc<Mutex<Vec<Entry>>>);

struct Entry {
    key: Arc<str>,
    /// The hash of the key.
    seed: u64,
    kind: Box<dyn Kind>,
    known: Known,
}

impl Registered {
    /// What a panic in a view leaves behind is whole: views change nothing.
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn register<K: Kind + 'static>(world: &mut World, key: &str, kind: impl FnOnce(&mut World, Arc<str>, u64) -> K) {
    let mut hasher = ValueHasher::new(0);
    hasher.write(key.as_bytes());
    let seed = hasher.finish();
    let key: Arc<str> = key.into();
    let registered = world.get_resource_or_init::<Registered>().clone();
    let at = registered.lock().binary_search_by(|entry| entry.key.cmp(&key));
    let Err(at) = at else {
        panic!(
            "something is hashed by the key \"{key}\" already: register each component and each resource once, by a key \
             of its own"
        );
    };
    let kind = Box::new(kind(world, key.clone(), seed));
    // ORDER: by their keys, so that the order of registration doesn't matter.
    registered.lock().insert(at, Entry { key, seed, kind, known: Known::default() });
}

impl HashWorld for World {
    fn hash_component<C: Component + Serialize>(&mut self, key: &str) -> &mut Self {
        register(self, key, |world, name, seed| Components::<C, _>::new(world, name, seed, Whole));
        self
    }

    fn hash_component_by<C, S>(
        &mut self,
        key: &str,
        view: impl Fn(&C, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    ) -> &mut Self
    where
        C: Component,
        S: Serialize + 'static,
    {
        register(self, key, |world, name, seed| Components::<C, _>::new(world, name, seed, By::new(view)));
        self
    }

    fn hash_resource<R: Resource + Serialize>(&mut self, key: &str) -> &mut Self {
        register(self, key, |_, name, seed| Single::<R, _>::new(name, seed, Whole));
        self
    }

    fn hash_resource_by<R, S>(
        &mut self,
        key: &str,
        view: impl Fn(&R, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Resource,
        S: Serialize + 'static,
    {
        register(self, key, |_, name, seed| Single::<R, _>::new(name, seed, By::new(view)));
        self
    }

    fn world_hash(&mut self) -> Result<WorldHash, WorldHashError> {
        let mut hash = WorldHash::default();
        let Some(registered) = self.get_resource::<Registered>().cloned() else { return Ok(hash) };
        for entry in &mut *registered.lock() {
            let sum = entry.kind.sum(self)?;
            hash.total = mix(mix(hash.total, entry.seed), sum);
            hash.kinds.push((entry.key.clone(), sum));
        }
        Ok(hash)
    }

    fn changed_state(&mut self) -> Result<Vec<StateLine>, WorldHashError> {
        let mut lines = Vec::new();
        let Some(registered) = self.get_resource::<Registered>().cloned() else { return Ok(lines) };
        let mut entries = registered.lock();
        for entry in &mut *entries {
            // All or nothing: what was taken in of one kind must not be lost to an error in the next.
            entry.kind.sum(self)?;
        }
        for entry in &mut *entries {
            entry.known.renew(&entry.key, &mut *entry.kind, self, &mut lines)?;
        }
        Ok(lines)
    }

    fn forget_state(&mut self) -> &mut Self {
        if let Some(registered) = self.get_resource::<Registered>() {
            for entry in &mut *registered.lock() {
                entry.known = Known::default();
            }
        }
        self
    }
}

#[cfg(feature = "bevy_app")]
impl HashWorld for bevy_app::App {
    fn hash_component<C: Component + Serialize>(&mut self, key: &str) -> &mut Self {
        self.world_mut().hash_component::<C>(key);
        self
    }

    fn hash_component_by<C, S>(
        &mut self,
        key: &str,
        view: impl Fn(&C, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    ) -> &mut Self
    where
        C: Component,
        S: Serialize + 'static,
    {
        self.world_mut().hash_component_by(key, view);
        self
    }

    fn hash_resource<R: Resource + Serialize>(&mut self, key: &str) -> &mut Self {
        self.world_mut().hash_resource::<R>(key);
        self
    }

    fn hash_resource_by<R, S>(
        &mut self,
        key: &str,
        view: impl Fn(&R, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    ) -> &mut Self
    where
        R: Resource,
        S: Serialize + 'static,
    {
        self.world_mut().hash_resource_by(key, view);
        self
    }

    fn world_hash(&mut self) -> Result<WorldHash, WorldHashError> {
        self.world_mut().world_hash()
    }

    fn changed_state(&mut self) -> Result<Vec<StateLine>, WorldHashError> {
        self.world_mut().changed_state()
    }

    fn forget_state(&mut self) -> &mut Self {
        self.world_mut().forget_state();
        self
    }
}
