//! Three waves of enemies, each bigger than the last; the next one comes when the last enemy of a wave is gone,
//! however it went. `cargo run --example spawner`
//!
//! Shown here: waiting for all of many, scripts in bundles, and random numbers that are the same on every run.

use bevy_ecs::prelude::*;
use framestep::{Me, Script, frames, join_all, random, step_scripts};

#[derive(Component)]
struct Enemy;

#[derive(Resource, Default)]
struct Wave(usize);

async fn spawner(me: Me) -> Result {
    for wave in 1..=3 {
        me.resource_mut(|mut now: Mut<Wave>| now.0 = wave)?;
        let mut enemies = Vec::new();
        for _ in 0..wave * 2 {
            enemies.push(me.spawn((Enemy, Script::named("enemy", enemy)))?);
            frames(10).await;
        }
        join_all(enemies.iter().map(|enemy| me.other(*enemy).despawned())).await;
        frames(60).await; // a breath
    }
    Ok(())
}

/// Wanders off after a while, if nobody gets it first.
async fn enemy(me: Me) -> Result {
    frames(100 + random() % 100).await;
    me.despawn()?;
    Ok(())
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    world.init_resource::<Wave>();
    world.spawn(Script::named("spawner", spawner));
    schedule.add_systems(step_scripts);
    (world, schedule)
}

/// There are no more enemies than have come with the waves so far.
pub(crate) fn check(world: &mut World) {
    let waves = world.resource::<Wave>().0;
    assert!(waves <= 3 && world.query::<&Enemy>().iter(world).count() <= waves * (waves + 1));
}

fn main() {
    let (mut world, mut schedule) = game();
    let mut enemies = world.query_filtered::<(), With<Enemy>>();
    while {
        schedule.run(&mut world);
        world.query::<&Script>().iter(&world).count() > 0
    } {
        let frame = world.non_send::<framestep::ScriptExecutor>().executor().frame();
        if frame % 60 == 0 {
            println!(
                "{:2} s  wave {}  {}",
                frame / 60,
                world.resource::<Wave>().0,
                "*".repeat(enemies.iter(&world).count())
            );
        }
    }
    check(&mut world);
    println!("all waves are over");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs until the waves are over; gives the frames that each took, and lets `meddle` do as it likes.
    fn waves(mut meddle: impl FnMut(&mut World)) -> [u32; 4] {
        let (mut world, mut schedule) = game();
        let mut frames = [0; 4];
        while frames.iter().sum::<u32>() < 2_000 {
            schedule.run(&mut world);
            frames[world.resource::<Wave>().0] += 1;
            if world.query::<&Script>().iter(&world).count() == 0 {
                assert_eq!(world.query::<&Enemy>().iter(&world).count(), 0);
                break;
            }
            meddle(&mut world);
        }
        frames
    }

    #[test]
    fn every_wave_waits_for_its_last_enemy() {
        let left_alone = waves(|_| ());
        assert!(left_alone[1..].iter().all(|frames| (160..400).contains(frames)), "{left_alone:?}");
        assert_eq!(left_alone, waves(|_| ()), "the same on every run");
    }

    #[test]
    fn enemies_that_are_shot_end_a_wave_early() {
        let shot = waves(|world| {
            let enemies: Vec<Entity> = world.query_filtered::<Entity, With<Enemy>>().iter(world).collect();
            for enemy in enemies {
                world.despawn(enemy);
            }
        });
        assert_eq!(shot, [0, 20 + 60, 40 + 60, 60 + 61], "ten frames an enemy, and a breath");
    }
}
