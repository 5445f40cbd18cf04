//! Starting scripts: from commands, from the world, on an entity, from a script.
//!
//! The rule: a script that isn't a component of something has an entity of its own, which goes when the
//! script ends. It is either free, or owned by another entity, with which it goes too.

use bevy_ecs::entity::Entity;
use bevy_ecs::system::{Commands, EntityCommands};
use bevy_ecs::world::{DeferredWorld, EntityWorldMut, World};

use super::error::ScriptError;
use super::me::Me;
use super::registry::ScriptId;
use super::script::{Script, ScriptOf};

/// Starts scripts on entities of their own: in systems and observers by `Commands`, where there is a `World`
/// by that, and on an entity by its commands.
///
/// `commands.spawn_script(..)` starts a free script, and `commands.entity(e).spawn_script(..)` one that belongs
/// to that entity: [`Me`] speaks of it, and the script is despawned with it. An entity may have several. To
/// have a script as a component of the entity itself, insert it like any other.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, SpawnScript, step_scripts};
///
/// #[derive(Component)]
/// struct Torch { lit: bool }
///
/// fn light(torches: Query<Entity, With<Torch>>, mut commands: Commands) {
///     for torch in &torches {
///         commands.entity(torch).spawn_script(Script::new(async |me: Me| {
///             me.with(|mut torch: Mut<Torch>| torch.lit = true)?;
///             Ok(())
///         }));
///     }
/// }
///
/// let mut world = World::new();
/// let torch = world.spawn(Torch { lit: false }).id();
/// let mut schedule = Schedule::default();
/// schedule.add_systems((light, step_scripts).chain());
/// schedule.run(&mut world);
/// assert!(world.get::<Torch>(torch).unwrap().lit);
/// ```
pub trait SpawnScript {
    /// What is given back, to go on with.
    type Spawned<'a>
    where
        Self: 'a;

    /// Starts a script.
    fn spawn_script(&mut self, script: Script) -> Self::Spawned<'_>;
}

/// Gives the script's own entity.
impl SpawnScript for World {
    type Spawned<'a> = EntityWorldMut<'a>;

    #[track_caller]
    fn spawn_script(&mut self, script: Script) -> EntityWorldMut<'_> {
        self.spawn(script.despawn_at_end())
    }
}

/// Gives the commands of the script's own entity.
impl SpawnScript for Commands<'_, '_> {
    type Spawned<'a>
        = EntityCommands<'a>
    where
        Self: 'a;

    #[track_caller]
    fn spawn_script(&mut self, script: Script) -> EntityCommands<'_> {
        self.spawn(script.despawn_at_end())
    }
}

/// For hooks, which can only queue it. Gives the script's own entity.
impl SpawnScript for DeferredWorld<'_> {
    type Spawned<'a>
        = Entity
    where
        Self: 'a;

    #[track_caller]
    fn spawn_script(&mut self, script: Script) -> Entity {
        self.commands().spawn(script.despawn_at_end()).id()
    }
}

/// Gives the commands of the owner.
impl SpawnScript for EntityCommands<'_> {
    type Spawned<'a>
        = &'a mut Self
    where
        Self: 'a;

    #[track_caller]
    fn spawn_script(&mut self, script: Script) -> &mut Self {
        let owner = self.id();
        // Should the owner be gone by the time at which this is carried out, so are the script and its entity.
        self.commands().spawn((script, ScriptOf(owner)));
        self
    }
}

/// Gives the owner.
impl SpawnScript for EntityWorldMut<'_> {
    type Spawned<'a>
        = &'a mut Self
    where
        Self: 'a;

    #[track_caller]
    fn spawn_script(&mut self, script: Script) -> &mut Self {
        let owner = self.id();
        self.world_scope(|world| {
            world.spawn((script, ScriptOf(owner)));
        });
        self
    }
}

impl Me {
    /// Starts a free script: it is polled first in this step, behind all that is ready, if it is of this
    /// lane.
    ///
    /// It runs on when this script ends, unless it is [`owned_by`](Script::owned_by) it.
    ///
    /// # Errors
    /// In a nested access, and outside of a step; and where an observer takes the script away as soon as it
    /// is there.
    pub fn spawn_script(&self, script: Script) -> Result<ScriptId, ScriptError> {
        self.world(|world| {
            let entity = world.spawn(script.despawn_at_end()).id();
            // The world's first script is enlisted by a command.
            world.flush();
            world.get::<Script>(entity).and_then(Script::id).ok_or(ScriptError::NoSuchEntity { entity })
        })?
    }
}
