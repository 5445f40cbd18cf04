//! bevy_defer: a task for each entity, on the executor that its plugin adds.

use bevy_app::App;
use bevy_defer::reactors::Reactors;
use bevy_defer::signals::SignalId;
use bevy_defer::{AccessResult, AppReactorExtension, AsyncExecutor, AsyncPlugin, AsyncWorld, BeforeAsyncExecutor};
use bevy_ecs::prelude::*;

use crate::scene::{Frame, Position, Push, Scene, Velocity, populate};
use crate::work::{HOME, is_far};

/// A world whose executor runs in `Frame`, after what its documents say comes before it.
fn world(set_up: impl FnOnce(&mut App)) -> World {
    let mut app = App::new();
    app.init_schedule(Frame).add_message::<Push>().add_plugins(AsyncPlugin::empty().run_in(Frame));
    set_up(&mut app);
    std::mem::take(app.world_mut())
}

/// One task an entity.
fn scene<F>(mut world: World, size: usize, script: impl Fn(Entity, Velocity) -> F) -> Scene
where
    F: Future<Output = AccessResult> + 'static,
{
    let entities = populate(&mut world, size, |_| ());
    let executor = world.non_send::<AsyncExecutor>();
    for (number, &entity) in entities.iter().enumerate() {
        executor.spawn(script(entity, Velocity::of(number)));
    }
    Scene::new(world, entities)
}

/// By the access to one component, as in its read-me.
pub fn moving(size: usize) -> Scene {
    scene(world(|_| ()), size, |entity, velocity| async move {
        let position = AsyncWorld.entity(entity).component::<Position>();
        loop {
            position.get_mut(|position| position.advance(velocity))?;
            AsyncWorld.yield_now().await;
        }
    })
}

/// By the access to the whole world.
pub fn moving_by_world(size: usize) -> Scene {
    scene(world(|_| ()), size, |entity, velocity| async move {
        loop {
            AsyncWorld.run(|world| world.get_mut::<Position>(entity).map(|mut position| position.advance(velocity)));
            AsyncWorld.yield_now().await;
        }
    })
}

pub fn starting(size: usize) -> Scene {
    let mut world = world(|_| ());
    let entities = populate(&mut world, size, |_| ());
    let executor = world.non_send::<AsyncExecutor>().clone();
    Scene::with_frame(world, entities, move |world, entities| {
        for (number, &entity) in entities.iter().enumerate() {
            let velocity = Velocity::of(number);
            executor.spawn(async move {
                AsyncWorld.entity(entity).component::<Position>().get_mut(|position| position.advance(velocity))
            });
        }
        world.run_schedule(Frame);
    })
}

/// By the watch of one component.
pub fn until(size: usize) -> Scene {
    scene(world(|_| ()), size, |entity, _| async move {
        let position = AsyncWorld.entity(entity).component::<Position>();
        position.watch(|position| is_far(position).then_some(())).await?;
        position.get_mut(|position| *position = HOME)
    })
}

/// By the watch of the whole world.
pub fn until_by_world(size: usize) -> Scene {
    scene(world(|_| ()), size, |entity, _| async move {
        AsyncWorld.watch(move |world| world.get::<Position>(entity).is_some_and(is_far).then_some(())).await;
        AsyncWorld.entity(entity).component::<Position>().get_mut(|position| *position = HOME)
    })
}

/// By its channel of messages, each of which one task gets.
pub fn listening(size: usize) -> Scene {
    let world = world(|app| _ = app.react_to_message::<Push>());
    scene(world, size, |entity, _| async move {
        let position = AsyncWorld.entity(entity).component::<Position>();
        loop {
            let push = AsyncWorld.next_event::<Push>().await;
            position.get_mut(|position| position.advance(push.0))?;
        }
    })
}

/// The signal that tells all tasks of a push.
struct Pushed;

impl SignalId for Pushed {
    type Data = Velocity;
}

fn signal_pushes(mut pushes: MessageReader<Push>, reactors: Res<Reactors>) {
    for push in pushes.read() {
        reactors.get_typed::<Pushed>().write(push.0);
    }
}

/// By a signal, which all tasks get.
pub fn signalled(size: usize) -> Scene {
    let world = world(|app| _ = app.add_systems(BeforeAsyncExecutor, signal_pushes));
    scene(world, size, |entity, _| async move {
        let position = AsyncWorld.entity(entity).component::<Position>();
        let pushes = AsyncWorld.typed_signal::<Pushed>();
        loop {
            let by = pushes.read_async().await;
            position.get_mut(|position| position.advance(by))?;
        }
    })
}
