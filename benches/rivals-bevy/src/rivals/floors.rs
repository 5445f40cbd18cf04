//! What the same work costs without scripts: one system over all entities, and one access by id for each.

use bevy_ecs::prelude::*;

use crate::scene::{Frame, Position, Push, Scene, Velocity, populate};
use crate::work::{HOME, is_far};

/// Entities that carry their velocity, and one system.
fn system<M>(size: usize, system: impl IntoSystem<(), (), M> + 'static) -> Scene {
    let mut world = World::new();
    world.init_resource::<Messages<Push>>();
    let mut schedule = Schedule::new(Frame);
    schedule.add_systems(IntoSystem::into_system(system));
    world.add_schedule(schedule);
    let entities = populate(&mut world, size, Velocity::of);
    Scene::new(world, entities)
}

pub fn moving_by_system(size: usize) -> Scene {
    system(size, |mut movers: Query<(&mut Position, &Velocity)>| {
        for (mut position, velocity) in &mut movers {
            position.advance(*velocity);
        }
    })
}

pub fn moving_by_id(size: usize) -> Scene {
    let mut world = World::new();
    let entities = populate(&mut world, size, |_| ());
    let velocities: Vec<_> = (0..size).map(Velocity::of).collect();
    Scene::with_frame(world, entities, move |world, entities| {
        for (&entity, &velocity) in entities.iter().zip(&velocities) {
            if let Some(mut position) = world.entity_mut(entity).get_mut::<Position>() {
                position.advance(velocity);
            }
        }
    })
}

/// What is to be done with an entity, as a component.
#[derive(Component)]
struct Deed(Box<dyn FnOnce(&mut Position) + Send + Sync>);

/// A boxed closure that is inserted, taken out again and called.
pub fn starting_by_component(size: usize) -> Scene {
    let mut world = World::new();
    let entities = populate(&mut world, size, |_| ());
    Scene::with_frame(world, entities, |world, entities| {
        for (number, &entity) in entities.iter().enumerate() {
            let velocity = Velocity::of(number);
            world.entity_mut(entity).insert(Deed(Box::new(move |position| position.advance(velocity))));
        }
        for &entity in entities {
            let mut entity = world.entity_mut(entity);
            if let Some(Deed(deed)) = entity.take()
                && let Some(mut position) = entity.get_mut()
            {
                deed(&mut position);
            }
        }
    })
}

pub fn until_by_system(size: usize) -> Scene {
    system(size, |mut positions: Query<&mut Position>| {
        for mut position in &mut positions {
            if is_far(&position) {
                *position = HOME;
            }
        }
    })
}

pub fn until_by_id(size: usize) -> Scene {
    let mut world = World::new();
    let entities = populate(&mut world, size, |_| ());
    Scene::with_frame(world, entities, |world, entities| {
        for &entity in entities {
            if let Some(mut position) = world.entity_mut(entity).get_mut::<Position>()
                && is_far(&position)
            {
                *position = HOME;
            }
        }
    })
}

pub fn hearing_by_system(size: usize) -> Scene {
    system(size, |mut pushes: MessageReader<Push>, mut positions: Query<&mut Position>| {
        for push in pushes.read() {
            for mut position in &mut positions {
                position.advance(push.0);
            }
        }
    })
}
