//! Why a world can't be hashed.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bevy_ecs::entity::Entity;

use super::key::ReplayKey;

/// Why a world can't be hashed; its words say what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorldHashError {
    /// An entity that carries a hashed component has no [`ReplayKey`].
    Unkeyed {
        /// The key that the component was registered by.
        component: Arc<str>,
        /// The entity.
        entity: Entity,
        /// Its Bevy `Name`, if it has one.
        name: Option<Arc<str>>,
    },
    /// Two entities that carry the same hashed component have the same [`ReplayKey`].
    Duplicate {
        /// The key that the component was registered by.
        component: Arc<str>,
        /// The key of both.
        key: ReplayKey,
        /// The entities, in order of their numbers.
        entities: [Entity; 2],
    },
    /// A value can't be written by `serde` in the way that is hashed.
    Unwritable {
        /// The key that the component or resource was registered by.
        component: Arc<str>,
        /// The entity's key; `None` for a resource.
        key: Option<ReplayKey>,
        /// What `postcard` said.
        cause: Arc<str>,
    },
}

impl fmt::Display for WorldHashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorldHashError::Unkeyed { component, entity, name } => {
                write!(f, "entity {entity}")?;
                if let Some(name) = name {
                    write!(f, " (\"{name}\")")?;
                }
                write!(
                    f,
                    " has the hashed component \"{component}\" and no `ReplayKey`, so nothing says which entity it is in \
                     another run: spawn it with one, such as `ReplayKey::new(\"vault\")` or \
                     `ReplayKey::numbered(\"visitor\", 17)`"
                )
            }
            WorldHashError::Duplicate { component, key, entities: [a, b] } => write!(
                f,
                "the entities {a} and {b} both have the `ReplayKey` \"{key}\" and the hashed component \"{component}\": \
                 give each a key of its own, such as `ReplayKey::numbered(\"{}\", n)` with n in the order in which the game \
                 makes them",
                key.name()
            ),
            WorldHashError::Unwritable { component, key, cause } => {
                write!(f, "the value of \"{component}\"")?;
                if let Some(key) = key {
                    write!(f, " of \"{key}\"")?;
                }
                write!(
                    f,
                    " can't be hashed ({cause}): register it with `hash_component_by` or `hash_resource_by`, and give plain \
                     data such as tuples, structs and `Vec`s there"
                )
            }
        }
    }
}

impl Error for WorldHashError {}
