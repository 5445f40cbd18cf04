//! Scripts on entities.

use bevy_ecs::error::Result;
use bevy_ecs::prelude::*;
use framestep::{FrameReport, Me, Script, ScriptRegistry, next_frame, step_scripts};
use instructions::{ECS_HEAR, ECS_MOVE, ECS_MOVE_BY, ECS_UNTIL, ECS_UNTIL_OWN, SCRIPTS, Work};

use crate::scene::Scene;

#[derive(Component)]
struct Position(f32);

#[derive(Component)]
struct Velocity(f32);

#[derive(EntityEvent)]
struct Push {
    entity: Entity,
}

/// Nobody comes that far.
const FAR: f32 = 1.0e6;

/// Each moves its own entity, every frame.
pub fn moving() -> Scene {
    let mut world = world(async |me: Me| {
        loop {
            me.with(|mut position: Mut<Position>| position.0 += 1.0)?;
            next_frame().await;
        }
    });
    Scene::of_frames(ECS_MOVE, move || frame(&mut world).polled)
}

/// Each moves its own entity by another of its components, every frame.
pub fn moving_by() -> Scene {
    let mut world = world(async |me: Me| {
        loop {
            me.with(|(mut position, velocity): (Mut<Position>, &Velocity)| position.0 += velocity.0)?;
            next_frame().await;
        }
    });
    Scene::of_frames(ECS_MOVE_BY, move || frame(&mut world).polled)
}

/// All wait for a condition, which is checked every frame and never holds.
pub fn until() -> Scene {
    let world = world(async |me: Me| {
        me.until_world(move |world| world.get::<Position>(me.entity()).is_some_and(|position| position.0 >= FAR)).await;
        Ok(())
    });
    waiting(ECS_UNTIL, world)
}

/// The same for a condition of the script's own component.
pub fn until_own() -> Scene {
    let world = world(async |me: Me| {
        me.until(|position: &Position| position.0 >= FAR).await?;
        Ok(())
    });
    waiting(ECS_UNTIL_OWN, world)
}

fn waiting(work: Work, mut world: World) -> Scene {
    frame(&mut world);
    Scene::of_frames(work, move || {
        let report = frame(&mut world);
        assert_eq!(report.polled, 0, "nobody's wait is over");
        report.live
    })
}

/// An event for each, every frame, which it waits for.
pub fn hearing() -> Scene {
    let mut world = world(async |me: Me| {
        loop {
            me.on::<Push>().happened().await;
        }
    });
    frame(&mut world);
    let entities: Vec<Entity> = world.query_filtered::<Entity, With<Position>>().iter(&world).collect();
    Scene::of_frames(ECS_HEAR, move || {
        entities.iter().for_each(|&entity| world.trigger(Push { entity }));
        frame(&mut world).polled
    })
}

/// A world with one script an entity.
fn world(script: impl AsyncFnOnce(Me) -> Result + Copy + Send + 'static) -> World {
    let mut world = World::new();
    (0..SCRIPTS).for_each(|_| _ = world.spawn((Position(0.0), Velocity(1.0), Script::new(script))));
    world
}

fn frame(world: &mut World) -> FrameReport {
    step_scripts(world);
    world.resource::<ScriptRegistry>().last_report()
}
