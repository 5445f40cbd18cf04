//! What has changed in a world since the last look.
//!
//! The rule: a value has changed when its hash has. Only changed ones are written out.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_ecs::world::World;

use super::error::WorldHashError;
use super::key::ReplayKey;
use super::kind::Kind;
use crate::replay::line::StateLine;

/// What the last look at one kind found.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By the hash of the entity's key; 0 for a resource.
    values: BTreeMap<u64, Value>,
    look: u64,
}

#[derive(Debug)]
struct Value {
    entity: Option<ReplayKey>,
    hash: u64,
    /// The last look that found it.
    look: u64,
}

impl Known {
    /// Looks again, and adds what differs to `lines`, in order of the entities' keys.
    pub(super) fn renew(
        &mut self,
        name: &Arc<str>,
        kind: &mut dyn Kind,
        world: &World,
        lines: &mut Vec<StateLine>,
    ) -> Result<(), WorldHashError> {
        self.look += 1;
        let (look, values) = (self.look, &mut self.values);
        let mut changed: Vec<(Option<ReplayKey>, u64, Option<Arc<str>>)> = Vec::new();
        let mut seen = 0;
        kind.each(world, &mut |entity, hash, json| {
            seen += 1;
            let known = values.entry(entity.map_or(0, ReplayKey::hash));
            let mut is_new = false;
            let known = known.or_insert_with(|| {
                is_new = true;
                Value { entity: entity.cloned(), hash, look }
            });
            known.look = look;
            if is_new || known.hash != hash {
                known.hash = hash;
                changed.push((known.entity.clone(), hash, Some(json())));
            }
        })?;
        if values.len() != seen {
            values.retain(|_, value| {
                if value.look != look {
                    changed.push((value.entity.take(), 0, None));
                }
                value.look == look
            });
        }
        changed.sort_by(|a, b| a.0.cmp(&b.0));
        lines.extend(changed.into_iter().map(|(entity, hash, value)| {
            let entity = entity.map_or_else(|| Arc::from(""), |entity| entity.to_string().into());
            StateLine { kind: name.clone(), entity, value, hash }
        }));
        Ok(())
    }
}
