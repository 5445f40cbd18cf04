//! framestep: a `Script` on each entity, and `step_scripts` in a bare world's schedule.

use bevy_ecs::error::Result;
use bevy_ecs::prelude::*;
use framestep::{Me, Script, next_frame, step_scripts};

use crate::scene::{Frame, Position, Push, Scene, Velocity, populate};
use crate::work::{HOME, is_far};

fn world() -> World {
    let mut world = World::new();
    let mut schedule = Schedule::new(Frame);
    schedule.add_systems(step_scripts);
    world.add_schedule(schedule);
    world
}

/// One script an entity.
fn scene<F>(size: usize, script: impl Fn(Velocity) -> F) -> Scene
where
    F: AsyncFnOnce(Me) -> Result + Send + 'static,
{
    let mut world = world();
    world.init_resource::<Messages<Push>>();
    let entities = populate(&mut world, size, |number| Script::new(script(Velocity::of(number))));
    Scene::new(world, entities)
}

/// By the access that is made for it: `Me::with`.
pub fn moving(size: usize) -> Scene {
    scene(size, |velocity| {
        async move |me: Me| {
            loop {
                me.with(|mut position: Mut<Position>| position.advance(velocity))?;
                next_frame().await;
            }
        }
    })
}

/// By the access that can do anything, which ends with the commands flushed.
pub fn moving_by_world(size: usize) -> Scene {
    scene(size, |velocity| {
        async move |me: Me| {
            loop {
                me.world(|world| {
                    world.get_mut::<Position>(me.entity()).map(|mut position| position.advance(velocity))
                })?;
                next_frame().await;
            }
        }
    })
}

pub fn starting(size: usize) -> Scene {
    let mut world = world();
    let entities = populate(&mut world, size, |_| ());
    Scene::with_frame(world, entities, |world, entities| {
        for (number, &entity) in entities.iter().enumerate() {
            let velocity = Velocity::of(number);
            world.entity_mut(entity).insert(Script::new(async move |me: Me| {
                me.with(|mut position: Mut<Position>| position.advance(velocity))?;
                Ok(())
            }));
        }
        world.run_schedule(Frame);
    })
}

pub fn until(size: usize) -> Scene {
    scene(size, |_| {
        async move |me: Me| {
            me.until(is_far).await?;
            me.with(|mut position: Mut<Position>| *position = HOME)?;
            Ok(())
        }
    })
}

pub fn listening(size: usize) -> Scene {
    scene(size, |_| {
        async move |me: Me| {
            let mut pushes = me.listen::<Push>();
            loop {
                let push = pushes.next().await;
                me.with(|mut position: Mut<Position>| position.advance(push.0))?;
            }
        }
    })
}
