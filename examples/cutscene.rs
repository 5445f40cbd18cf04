//! An opening scene: the camera finds the castle while the hero walks up to it, somebody says a line, the gate
//! falls. It can be skipped at any moment; however it ends, everything stands where it should.
//! `cargo run --features bevy --example cutscene`
//!
//! Shown here: tweens, things that happen at once, skipping, and an end state that is certain.

use std::time::Duration;

use bevy_curve::EaseFunction;
use bevy_ecs::prelude::*;
use framestep::{Me, Script, SpawnScript, Until, join3, sleep, step_scripts, tween};

#[derive(Resource, Debug, Default, PartialEq)]
struct Stage {
    camera: f32,
    hero: f32,
    gate: f32,
    line: &'static str,
    is_playing: bool,
}

/// How things stand when the game begins.
const AFTER: Stage = Stage { camera: 100.0, hero: 80.0, gate: 0.0, line: "", is_playing: false };

/// A message: the player doesn't care for stories.
#[derive(Message, Clone)]
struct Skip;

async fn opening(me: Me) -> Result {
    let _after = me.defer(|world| *world.resource_mut::<Stage>() = AFTER);
    story(&me).until(me.message::<Skip>()).await.transpose()?;
    Ok(())
}

async fn story(me: &Me) -> Result {
    me.resource_mut(|mut stage: Mut<Stage>| *stage = Stage { gate: 10.0, is_playing: true, ..Stage::default() })?;
    let (camera, hero, talk) = join3(find_the_castle(me), walk_up(me), talk(me)).await;
    camera.and(hero).and(talk)?;
    tween(Duration::from_millis(500), EaseFunction::BounceOut, |t: f32| {
        me.resource_mut(|mut stage: Mut<Stage>| stage.gate = 10.0 * (1.0 - t))
    })
    .await?;
    sleep(Duration::from_secs(1)).await;
    Ok(())
}

async fn find_the_castle(me: &Me) -> Result {
    let pan = |t: f32| me.resource_mut(|mut stage: Mut<Stage>| stage.camera = 100.0 * t);
    tween(Duration::from_secs(3), EaseFunction::CubicInOut, pan).await?;
    Ok(())
}

async fn walk_up(me: &Me) -> Result {
    let walk = |t: f32| me.resource_mut(|mut stage: Mut<Stage>| stage.hero = 80.0 * t);
    tween(Duration::from_secs(4), EaseFunction::Linear, walk).await?;
    Ok(())
}

async fn talk(me: &Me) -> Result {
    sleep(Duration::from_secs(2)).await;
    me.resource_mut(|mut stage: Mut<Stage>| stage.line = "So this is it.")?;
    sleep(Duration::from_millis(1500)).await;
    me.resource_mut(|mut stage: Mut<Stage>| stage.line = "")?;
    Ok(())
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    world.init_resource::<Stage>();
    world.init_resource::<Messages<Skip>>();
    world.spawn_script(Script::named("opening", opening));
    schedule.add_systems(step_scripts);
    (world, schedule)
}

pub(crate) fn check(world: &mut World) {
    assert_eq!(*world.resource::<Stage>(), AFTER);
}

fn main() {
    let (mut world, mut schedule) = game();
    for frame in 0..360 {
        schedule.run(&mut world);
        let stage = world.resource::<Stage>();
        if frame % 20 == 0 {
            println!(
                "{:4.1} s  camera {:5.1}  hero {:4.1}  gate {:4.1}  {}",
                f64::from(frame) / 60.0,
                stage.camera,
                stage.hero,
                stage.gate,
                stage.line
            );
        }
    }
    check(&mut world);
    println!("and the game begins");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(world: &mut World, schedule: &mut Schedule, frames: u32) -> Stage {
        (0..frames).for_each(|_frame| schedule.run(world));
        let Stage { camera, hero, gate, line, is_playing } = *world.resource::<Stage>();
        Stage { camera: camera.round(), hero: hero.round(), gate: gate.round(), line, is_playing }
    }

    #[test]
    fn it_plays_to_its_end() {
        let (mut world, mut schedule) = game();
        let playing = |camera, hero, gate, line| Stage { camera, hero, gate, line, is_playing: true };
        assert_eq!(after(&mut world, &mut schedule, 91), playing(50.0, 30.0, 10.0, ""));
        assert_eq!(after(&mut world, &mut schedule, 60), playing(98.0, 50.0, 10.0, "So this is it."));
        assert_eq!(after(&mut world, &mut schedule, 120), playing(100.0, 80.0, 0.0, ""));
        assert_eq!(after(&mut world, &mut schedule, 61), AFTER);
        assert_eq!(world.query::<&Script>().iter(&world).count(), 0);
    }

    #[test]
    fn skipped_or_cut_off_it_ends_the_same() {
        for frames in [1, 50, 150, 260] {
            for skip in [true, false] {
                let (mut world, mut schedule) = game();
                after(&mut world, &mut schedule, frames);
                if skip {
                    world.write_message(Skip);
                } else {
                    let opening = world.query_filtered::<Entity, With<Script>>().single(&world).unwrap();
                    world.despawn(opening);
                }
                assert_eq!(after(&mut world, &mut schedule, 1), AFTER);
            }
        }
    }
}
