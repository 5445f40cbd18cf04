//! Scripts in a schedule whose other systems run on a pool of threads.
//!
//! `step_scripts` is exclusive, so Bevy runs it on the thread that runs the schedule, with no other
//! system beside it; commands may be applied, and hooks run, wherever Bevy likes.

#![cfg(test)]

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::MultiThreadedExecutor;
use bevy_tasks::{ComputeTaskPool, TaskPoolBuilder};
use framestep::{Me, Script, ScriptRegistry, next_frame, step_scripts};

#[derive(Component)]
struct Steps(u32);

#[derive(Component)]
struct Runs(u32);

#[derive(Component)]
struct Short;

#[test]
fn scripts_run_once_a_frame_beside_parallel_systems() {
    ComputeTaskPool::get_or_init(|| TaskPoolBuilder::new().num_threads(3).build());
    let mut world = World::new();
    let walk = || {
        Script::new(async |me: Me| {
            loop {
                me.with(|mut steps: Mut<Steps>| steps.0 += 1)?;
                next_frame().await;
            }
        })
    };
    for _ in 0..100 {
        world.spawn((Steps(0), Runs(0), walk()));
    }
    let mut schedule = Schedule::default();
    schedule.set_executor(MultiThreadedExecutor::new());
    schedule.add_systems((
        |mut runs: Query<&mut Runs>| runs.iter_mut().for_each(|mut runs| runs.0 += 1),
        |steps: Query<&Steps>| assert_eq!(steps.iter().count(), 100),
        |mut commands: Commands| {
            let short = Script::new(async |me: Me| {
                me.world(|world| world.despawn(me.entity()))?;
                next_frame().await;
                unreachable!("its entity is gone")
            });
            commands.spawn((Short, short));
        },
        step_scripts,
    ));
    for _ in 0..100 {
        schedule.run(&mut world);
    }
    let first: Vec<Entity> = world.query_filtered::<Entity, With<Steps>>().iter(&world).take(50).collect();
    schedule.add_systems(move |mut commands: Commands, mut is_done: Local<bool>| {
        if !std::mem::replace(&mut *is_done, true) {
            first.iter().for_each(|entity| drop(commands.entity(*entity).remove::<Script>()));
        }
    });
    for _ in 0..100 {
        schedule.run(&mut world);
    }
    let mut steps: Vec<u32> = world
        .query::<(&Steps, &Runs)>()
        .iter(&world)
        .map(|(steps, runs)| {
            assert_eq!(runs.0, 200);
            steps.0
        })
        .collect();
    steps.sort_unstable();
    // Whether the removal came before or after that frame's step is for the schedule to choose.
    assert!(steps[..50].iter().all(|steps| [100, 101].contains(steps)), "{steps:?}");
    assert!(steps[50..].iter().all(|steps| *steps == 200), "{steps:?}");
    step_scripts(&mut world);
    assert_eq!(world.resource::<ScriptRegistry>().running(), 50);
    assert_eq!(world.query::<&Short>().iter(&world).count(), 0);
}
