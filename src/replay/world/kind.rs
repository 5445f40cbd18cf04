//! A component, or a resource, that is hashed.
//!
//! The rule: every value is looked at each time. Change ticks would save most of it, and would hide what was changed
//! behind their back, which is among the things that a hash is there to find.
//!
//! How: the values of a component are hashed each with its entity's key and summed, so that the order in which Bevy
//! keeps them doesn't matter. A sum of the keys beside it tells whether they are those that were there the last time:
//! only where they aren't, two of the same are looked for.

use std::marker::PhantomData;
use std::sync::Arc;

use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use bevy_ecs::entity_disabling::DefaultQueryFilters;
use bevy_ecs::name::Name;
use bevy_ecs::query::QueryState;
use bevy_ecs::resource::Resource;
use bevy_ecs::world::{Mut, World};
use serde::Serialize;

use super::error::WorldHashError;
use super::hash::hash_of;
use super::key::{ReplayKey, ReplayKeys};
use crate::executor::mix;

/// What is hashed under one key.
pub(super) trait Kind: Send + Sync {
    /// The sum of the hashes of all values.
    fn sum(&mut self, world: &World) -> Result<u64, WorldHashError>;

    /// Shows each value: its entity's key, `None` for a resource, its hash, and what writes it as JSON.
    fn each(&mut self, world: &World, show: &mut Show<'_>) -> Result<(), WorldHashError>;
}

pub(super) type Show<'a> = dyn FnMut(Option<&ReplayKey>, u64, &dyn Fn() -> Arc<str>) + 'a;

/// What is hashed of a value.
pub(super) trait View<C>: Send + Sync + 'static {
    fn hash(&self, value: &C, keys: ReplayKeys<'_>, seed: u64) -> postcard::Result<u64>;
    fn json(&self, value: &C, keys: ReplayKeys<'_>) -> Arc<str>;
}

/// The value itself.
pub(super) struct Whole;

impl<C: Serialize> View<C> for Whole {
    #[inline]
    fn hash(&self, value: &C, _: ReplayKeys<'_>, seed: u64) -> postcard::Result<u64> {
        hash_of(value, seed)
    }

    fn json(&self, value: &C, _: ReplayKeys<'_>) -> Arc<str> {
        json_of(value)
    }
}

/// What a closure makes of it.
pub(super) struct By<F, S>(F, PhantomData<fn() -> S>);

impl<F, S> By<F, S> {
    pub(super) fn new(view: F) -> Self {
        By(view, PhantomData)
    }
}

impl<C, F, S> View<C> for By<F, S>
where
    F: Fn(&C, &ReplayKeys<'_>) -> S + Send + Sync + 'static,
    S: Serialize + 'static,
{
    #[inline]
    fn hash(&self, value: &C, keys: ReplayKeys<'_>, seed: u64) -> postcard::Result<u64> {
        hash_of(&self.0(value, &keys), seed)
    }

    fn json(&self, value: &C, keys: ReplayKeys<'_>) -> Arc<str> {
        json_of(&self.0(value, &keys))
    }
}

/// A value as JSON; one that JSON has no form for, such as a map by pairs, as a string that says so.
fn json_of<T: Serialize>(value: &T) -> Arc<str> {
    let text = serde_json::to_string(value);
    text.unwrap_or_else(|error| serde_json::Value::String(format!("no JSON: {error}")).to_string()).into()
}

pub(super) struct Components<C: Component, V> {
    name: Arc<str>,
    seed: u64,
    view: V,
    query: QueryState<(Entity, &'static C, Option<&'static ReplayKey>)>,
    /// How many entities there were when no two had the same key, and the sum of their keys.
    distinct: (u64, u64),
}

impl<C: Component, V: View<C>> Components<C, V> {
    pub(super) fn new(world: &mut World, name: Arc<str>, seed: u64, view: V) -> Self {
        // What is disabled is state, too: the query is made while no default filter is there to leave it out.
        let query = world
            .try_resource_scope(|world, _: Mut<DefaultQueryFilters>| QueryState::new(world))
            .unwrap_or_else(|| QueryState::new(world));
        Components { name, seed, view, query, distinct: (0, 0) }
    }

    /// Goes through all values, with their hashes.
    #[inline]
    fn go(&mut self, world: &World, mut show: impl FnMut(&V, &C, &ReplayKey, u64)) -> Result<(), WorldHashError> {
        let keys = ReplayKeys(world);
        let mut seen = (0_u64, 0_u64);
        for (entity, value, key) in self.query.iter(world) {
            let Some(key) = key else { return Err(unkeyed(world, &self.name, entity)) };
            let hash = match self.view.hash(value, keys, mix(self.seed, key.hash())) {
                Ok(hash) => hash,
                Err(cause) => return Err(unwritable(&self.name, Some(key), &cause)),
            };
            seen = (seen.0 + 1, seen.1.wrapping_add(key.hash()));
            show(&self.view, value, key, hash);
        }
        if seen != self.distinct {
            self.check_distinct(world)?;
            self.distinct = seen;
        }
        Ok(())
    }

    #[cold]
    fn check_distinct(&mut self, world: &World) -> Result<(), WorldHashError> {
        let all = self.query.iter(world).filter_map(|(entity, _, key)| Some((key?.hash(), entity)));
        let mut all: Vec<(u64, Entity)> = all.collect();
        all.sort_unstable_by_key(|(hash, entity)| (*hash, entity.index_u32(), entity.generation().to_bits()));
        // Which pair is told must not depend on hashes: the first by key.
        let pairs = all.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let pairs = pairs.filter_map(|pair| Some((world.get::<ReplayKey>(pair[0].1)?, [pair[0].1, pair[1].1])));
        match pairs.min_by_key(|(key, _)| *key) {
            None => Ok(()),
            Some((key, entities)) => {
                Err(WorldHashError::Duplicate { component: self.name.clone(), key: key.clone(), entities })
            }
        }
    }
}

impl<C: Component, V: View<C>> Kind for Components<C, V> {
    fn sum(&mut self, world: &World) -> Result<u64, WorldHashError> {
        let mut sum = 0_u64;
        self.go(world, |_, _, _, hash| sum = sum.wrapping_add(hash))?;
        Ok(sum)
    }

    fn each(&mut self, world: &World, show: &mut Show<'_>) -> Result<(), WorldHashError> {
        self.go(world, |view, value, key, hash| {
            show(Some(key), hash, &|| view.json(value, ReplayKeys(world)));
        })
    }
}

#[cold]
fn unkeyed(world: &World, component: &Arc<str>, entity: Entity) -> WorldHashError {
    let name = world.get::<Name>(entity).map(|name| name.as_str().into());
    WorldHashError::Unkeyed { component: component.clone(), entity, name }
}

#[cold]
fn unwritable(component: &Arc<str>, key: Option<&ReplayKey>, cause: &postcard::Error) -> WorldHashError {
    WorldHashError::Unwritable { component: component.clone(), key: key.cloned(), cause: cause.to_string().into() }
}

pub(super) struct Single<R, V> {
    name: Arc<str>,
    seed: u64,
    view: V,
    of: PhantomData<fn(&R)>,
}

impl<R: Resource, V: View<R>> Single<R, V> {
    pub(super) fn new(name: Arc<str>, seed: u64, view: V) -> Self {
        Single { name, seed, view, of: PhantomData }
    }
}

impl<R: Resource, V: View<R>> Kind for Single<R, V> {
    fn sum(&mut self, world: &World) -> Result<u64, WorldHashError> {
        let mut sum = 0;
        self.each(world, &mut |_, hash, _| sum = hash)?;
        Ok(sum)
    }

    fn each(&mut self, world: &World, show: &mut Show<'_>) -> Result<(), WorldHashError> {
        let Some(value) = world.get_resource::<R>() else { return Ok(()) };
        let keys = ReplayKeys(world);
        let hash = self.view.hash(value, keys, self.seed).map_err(|cause| unwritable(&self.name, None, &cause))?;
        show(None, hash, &|| self.view.json(value, keys));
        Ok(())
    }
}
