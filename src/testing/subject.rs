//! Which script is meant: by its id, or by the entity that it is about.

use bevy_ecs::entity::Entity;
use bevy_ecs::relationship::RelationshipTarget;
use bevy_ecs::world::World;

use crate::ecs::{Script, ScriptId, ScriptRegistry, Scripts};

mod sealed {
    pub trait Sealed {}
    impl Sealed for bevy_ecs::entity::Entity {}
    impl Sealed for crate::ecs::ScriptId {}
}

/// Names a script in a test: a [`ScriptId`], or the `Entity` that carries it or that it is about.
///
/// An entity that carries none and has several is refused: name one of them by its id.
pub trait Subject: sealed::Sealed + Copy {
    #[doc(hidden)]
    fn running(self, world: &World) -> Result<Option<ScriptId>, String>;

    /// Whether this is meant by what was seen of a script: its id, the entity that carried it, its owner.
    #[doc(hidden)]
    fn means(self, script: Option<ScriptId>, carrier: Option<Entity>, owner: Option<Entity>) -> bool;

    #[doc(hidden)]
    fn words(self) -> String;
}

fn is_running(world: &World, id: ScriptId) -> bool {
    world.get_resource::<ScriptRegistry>().is_some_and(|registry| registry.is_running(id))
}

impl Subject for ScriptId {
    fn running(self, world: &World) -> Result<Option<ScriptId>, String> {
        Ok(Some(self).filter(|id| is_running(world, *id)))
    }

    fn means(self, script: Option<ScriptId>, _carrier: Option<Entity>, _owner: Option<Entity>) -> bool {
        script == Some(self)
    }

    fn words(self) -> String {
        "a script of this id".to_owned()
    }
}

impl Subject for Entity {
    fn running(self, world: &World) -> Result<Option<ScriptId>, String> {
        // One that was cancelled carries its `Script` until the next step.
        let id_of = |script: &Script| script.id().filter(|id| is_running(world, *id));
        if let Some(script) = world.get::<Script>(self) {
            return Ok(id_of(script));
        }
        let Some(scripts) = world.get::<Scripts>(self) else { return Ok(None) };
        let scripts = scripts.iter().filter_map(|script| world.get::<Script>(script));
        let mut running = scripts.filter(|script| id_of(script).is_some());
        match (running.next(), running.next()) {
            (script, None) => Ok(script.and_then(id_of)),
            (Some(one), Some(other)) => Err(format!(
                "entity {self} has several scripts, `{}` and `{}` among them: name one by its `ScriptId`",
                one.name(),
                other.name()
            )),
            (None, Some(_)) => unreachable!("an iterator that was at its end has nothing more"),
        }
    }

    fn means(self, _script: Option<ScriptId>, carrier: Option<Entity>, owner: Option<Entity>) -> bool {
        carrier == Some(self) || owner == Some(self)
    }

    fn words(self) -> String {
        format!("a script of entity {self}")
    }
}
