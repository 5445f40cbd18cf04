//! bevy_flurx: a reactor for each entity, whose actions run in `Frame`.
//!
//! The systems of actions take the whole world: that costs it less than a query, which every action would
//! build anew.

use bevy_app::{App, Last};
use bevy_ecs::prelude::*;
use bevy_flurx::FlurxPlugin;
use bevy_flurx::prelude::{Pipe, Reactor, ReactorTask, Then, delay, once, wait};

use crate::scene::{Frame, Position, Push, Scene, Velocity, populate};
use crate::work::{HOME, is_far};

/// A world in which reactors work.
fn world() -> World {
    let mut app = App::new();
    app.init_schedule(Frame).add_message::<Push>().add_plugins(FlurxPlugin);
    app.finish();
    app.cleanup();
    std::mem::take(app.world_mut())
}

/// A reactor for each entity, on an entity of its own.
fn scene<F>(size: usize, script: impl Fn(ReactorTask, Entity, Velocity) -> F + Copy + Send + Sync + 'static) -> Scene
where
    F: Future<Output = ()> + Send + Sync + 'static,
{
    let mut world = world();
    let entities = populate(&mut world, size, |_| ());
    for (number, &entity) in entities.iter().enumerate() {
        world.spawn(Reactor::schedule(move |task| script(task, entity, Velocity::of(number))));
    }
    Scene::new(world, entities)
}

/// By one action a frame, as a script would be written.
pub fn moving(size: usize) -> Scene {
    scene(size, |task, entity, velocity| async move {
        loop {
            let step = move |world: &mut World| advance(world, entity, velocity);
            task.will(Frame, once::run(step).then(delay::frames().with(1))).await;
        }
    })
}

/// By one action that lasts and runs its system every frame.
pub fn moving_by_one_action(size: usize) -> Scene {
    scene(size, |task, entity, velocity| async move {
        let step = move |world: &mut World| {
            advance(world, entity, velocity);
            false
        };
        task.will(Frame, wait::until(step)).await;
    })
}

fn advance(world: &mut World, entity: Entity, by: Velocity) {
    if let Some(mut position) = world.get_mut::<Position>(entity) {
        position.advance(by);
    }
}

/// A reactor that has ended is despawned in `Last`.
pub fn starting(size: usize) -> Scene {
    let mut world = world();
    let entities = populate(&mut world, size, |_| ());
    Scene::with_frame(world, entities, |world, entities| {
        for (number, &entity) in entities.iter().enumerate() {
            let velocity = Velocity::of(number);
            let step = move |world: &mut World| advance(world, entity, velocity);
            world.spawn(Reactor::schedule(move |task| async move { task.will(Frame, once::run(step)).await }));
        }
        world.run_schedule(Frame);
        world.run_schedule(Last);
    })
}

pub fn until(size: usize) -> Scene {
    scene(size, |task, entity, _| async move {
        let has_come = move |world: &mut World| world.get::<Position>(entity).is_some_and(is_far);
        let go_home = move |world: &mut World| {
            if let Some(mut position) = world.get_mut::<Position>(entity) {
                *position = HOME;
            }
        };
        task.will(Frame, wait::until(has_come).then(once::run(go_home))).await;
    })
}

/// A message that one reactor has read is gone for the others.
pub fn listening(size: usize) -> Scene {
    scene(size, |task, entity, _| async move {
        loop {
            let step = move |In(push): In<Push>, world: &mut World| advance(world, entity, push.0);
            task.will(Frame, wait::message::read::<Push>().pipe(once::run(step))).await;
        }
    })
}
