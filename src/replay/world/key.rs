//! Names of entities that are the same on every run.
//!
//! The rule: a key is what the game says it is, and nothing of it follows from the number that Bevy gave the entity.
//! Keys that read the same are the same.

use std::borrow::Cow;
use std::fmt;

use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use bevy_ecs::world::World;
use serde::{Serialize, Serializer};

use super::hash::ValueHasher;

/// Names an entity across runs: its state is hashed under this key, and reports call it by it.
///
/// Entity numbers differ between runs as soon as something was spawned in another order, so an entity whose
/// components are hashed needs a key that the game gives it: the name of the one vault, the number of a visitor by
/// order of arrival. No two entities may have the same one at the same time. It is immutable; to change it insert
/// another.
///
/// ```
/// use framestep::replay::ReplayKey;
///
/// assert_eq!(ReplayKey::new("vault").to_string(), "vault");
/// assert_eq!(ReplayKey::numbered("visitor", 17).to_string(), "visitor 17");
/// assert_eq!(ReplayKey::new("visitor 17"), ReplayKey::numbered("visitor", 17));
/// ```
///
/// Keys are ordered by name, and those of one name by number.
#[derive(Component, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[component(immutable)]
pub struct ReplayKey {
    name: Cow<'static, str>,
    number: Option<u64>,
    hash: u64,
}

impl ReplayKey {
    /// The key of an entity that is the only one of its name. A name that ends in a number behind a space is a
    /// numbered one.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        let name = name.into();
        match split(&name) {
            None => Self::of(name, None),
            Some((length, number)) => Self::of(shorten(name, length), Some(number)),
        }
    }

    /// The key of one of several entities of a name.
    #[must_use]
    pub fn numbered(name: impl Into<Cow<'static, str>>, number: u64) -> Self {
        Self::of(name.into(), Some(number))
    }

    fn of(name: Cow<'static, str>, number: Option<u64>) -> Self {
        let mut hasher = ValueHasher::new(0);
        hasher.write(name.as_bytes());
        hasher.write_word(number.unwrap_or(0));
        hasher.write_word(u64::from(number.is_some()));
        ReplayKey { name, number, hash: hasher.finish() }
    }

    /// The name, without the number.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number, if it has one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }
}

/// Where the name ends, and the number behind it, if it ends in one as `Display` writes it.
fn split(name: &str) -> Option<(usize, u64)> {
    let (front, digits) = name.rsplit_once(' ')?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some((front.len(), number))
}

fn shorten(name: Cow<'static, str>, length: usize) -> Cow<'static, str> {
    match name {
        Cow::Borrowed(name) => Cow::Borrowed(&name[..length]),
        Cow::Owned(mut name) => {
            name.truncate(length);
            Cow::Owned(name)
        }
    }
}

impl fmt::Display for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            None => f.write_str(&self.name),
            Some(number) => write!(f, "{} {number}", self.name),
        }
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReplayKey({self})")
    }
}

impl Serialize for ReplayKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            (&self.name, self.number).serialize(serializer)
        }
    }
}

/// The keys of a world's entities, for components that speak of other entities.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::replay::{HashWorld, ReplayKey};
///
/// #[derive(Component)]
/// struct Chases(Entity);
///
/// let mut world = World::new();
/// world.hash_component_by("chases", |chases: &Chases, keys| keys.of(chases.0));
/// let thief = world.spawn(ReplayKey::new("thief")).id();
/// world.spawn((ReplayKey::numbered("guard", 1), Chases(thief)));
/// assert!(world.world_hash().is_ok());
/// ```
#[derive(Copy, Clone, Debug)]
pub struct ReplayKeys<'w>(pub(super) &'w World);

impl ReplayKeys<'_> {
    /// The key of an entity; `None` if it has none, or is gone.
    #[must_use]
    pub fn of(&self, entity: Entity) -> Option<ReplayKey> {
        self.0.get::<ReplayKey>(entity).cloned()
    }
}
