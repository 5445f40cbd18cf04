//! What is done with entities: components, despawning, and the events that tell of it.

use super::*;

/// A component.
#[derive(Clone, Copy)]
pub(in crate::world_model) struct Comp {
    pub(in crate::world_model) value: u8,
    /// The number of the last write.
    pub(in crate::world_model) written: u64,
}

#[derive(Default)]
pub(in crate::world_model) struct Entity {
    is_gone: bool,
    parts: [Option<Comp>; 2],
    pub(super) script: Option<ScriptNo>,
    /// The entity whose script this is for.
    pub(super) of: Option<EntityNo>,
    pub(super) is_disabled: bool,
}

impl State {
    pub(in crate::world_model) fn exists(&self, entity: EntityNo) -> bool {
        !self.entities[entity].is_gone
    }

    pub(in crate::world_model) fn part(&self, entity: EntityNo, part: Part) -> Result<Comp, Failure> {
        if !self.exists(entity) {
            return Err(Failure::NoEntity);
        }
        self.entities[entity].parts[part as usize].ok_or(Failure::NoComponent)
    }

    fn write(&mut self, entity: EntityNo, part: Part, value: u8) {
        self.writes += 1;
        self.entities[entity].parts[part as usize] = Some(Comp { value, written: self.writes });
    }
}

impl World {
    pub(in crate::world_model) fn spawn(&self) -> EntityNo {
        self.with(|state| {
            state.entities.push(Entity::default());
            state.entities.len() - 1
        })
    }

    /// An entity for a script that belongs to `of`.
    pub(in crate::world_model) fn spawn_for_script_of(&self, of: EntityNo) -> EntityNo {
        let entity = self.spawn();
        self.with(|state| state.entities[entity].of = Some(of));
        entity
    }

    pub(in crate::world_model) fn set(&self, entity: EntityNo, part: Part, value: u8) -> Result<(), Failure> {
        self.with(|state| {
            state.part(entity, part)?;
            state.write(entity, part, value);
            Ok(())
        })
    }

    /// One that is there is replaced, which isn't told as an addition.
    pub(in crate::world_model) fn insert(
        &self,
        exec: &mut Naive,
        entity: EntityNo,
        part: Part,
        value: u8,
    ) -> Result<(), Failure> {
        let had = self.with(|state| state.part(entity, part).map(|_| ()));
        if let Err(Failure::NoEntity) = had {
            return had;
        }
        self.with(|state| state.write(entity, part, value));
        if had.is_err() && part == Part::A {
            self.tell(exec, Source::AddedTo(entity), 0);
        }
        Ok(())
    }

    /// It is told just before the component goes.
    pub(in crate::world_model) fn remove(&self, exec: &mut Naive, entity: EntityNo, part: Part) -> Result<(), Failure> {
        let had = self.with(|state| state.part(entity, part).map(|_| ()));
        if let Err(Failure::NoEntity) = had {
            return had;
        }
        if had.is_ok() && part == Part::A {
            self.tell(exec, Source::RemovedFrom(entity), 0);
        }
        self.with(|state| state.entities[entity].parts[part as usize] = None);
        Ok(())
    }

    /// The script on it is cancelled, and so are those of its own on other entities, which go along.
    pub(in crate::world_model) fn despawn(&self, exec: &mut Naive, entity: EntityNo) -> Result<(), Failure> {
        if !self.with(|state| state.exists(entity)) {
            return Err(Failure::NoEntity);
        }
        if self.with(|state| state.part(entity, Part::A)).is_ok() {
            self.tell(exec, Source::RemovedFrom(entity), 0);
        }
        self.take_off(entity)?;
        self.with(|state| state.entities[entity].is_gone = true);
        self.disable(entity, false);
        for other in 0..self.with(|state| state.entities.len()) {
            if self.with(|state| state.exists(other) && state.entities[other].of == Some(entity)) {
                self.despawn(exec, other)?;
            }
        }
        Ok(())
    }

    /// Disables an entity, or enables it.
    pub(in crate::world_model) fn disable(&self, entity: EntityNo, on: bool) {
        self.with(|state| {
            if std::mem::replace(&mut state.entities[entity].is_disabled, on) != on {
                state.post(Post::Review(entity));
            }
        });
    }

    /// Removes the script of an entity.
    pub(in crate::world_model) fn take_off(&self, entity: EntityNo) -> Result<(), Failure> {
        if !self.with(|state| state.exists(entity)) {
            return Err(Failure::NoEntity);
        }
        let script = self.with(|state| take(&mut state.entities[entity].script));
        script.into_iter().for_each(|script| _ = self.retire(script));
        Ok(())
    }
}
