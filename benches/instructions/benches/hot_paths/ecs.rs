//! Scripts on entities.

use bevy_ecs::error::Result;
use bevy_ecs::prelude::*;
use framestep::{FrameReport, Me, Script, ScriptRegistry, next_frame, step_scripts};
use instructions::{ECS_MOVE, ECS_UNTIL, SCRIPTS};

use crate::scene::Scene;

#[derive(Component)]
struct Position(f32);

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

/// All wait for a condition, which is checked every frame and never holds.
pub fn until() -> Scene {
    let mut world = world(async |me: Me| {
        me.until_world(move |world| world.get::<Position>(me.entity()).is_some_and(|position| position.0 >= FAR)).await;
        Ok(())
    });
    frame(&mut world);
    Scene::of_frames(ECS_UNTIL, move || {
        let report = frame(&mut world);
        assert_eq!(report.polled, 0, "nobody's wait is over");
        report.live
    })
}

/// A world with one script an entity.
fn world(script: impl AsyncFnOnce(Me) -> Result + Copy + Send + 'static) -> World {
    let mut world = World::new();
    (0..SCRIPTS).for_each(|_| _ = world.spawn((Position(0.0), Script::new(script))));
    world
}

fn frame(world: &mut World) -> FrameReport {
    step_scripts(world);
    world.resource::<ScriptRegistry>().last_report()
}
