//! A door that opens for whoever knocks, and shuts when nobody has knocked for a while. Who knocks while it
//! shuts has it open again from where it is. `cargo run --example door`
//!
//! Shown here: entity events, a time limit, and a motion that can be cut short.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::{Me, Script, Until, next_frame, step_scripts, timeout};

#[derive(EntityEvent, Clone)]
struct Knock {
    entity: Entity,
}

/// How far it is open, in percent.
#[derive(Component)]
struct Door(i32);

const SHUT: i32 = 0;
const OPEN: i32 = 100;
const STEP: i32 = 5;
const HOLD: Duration = Duration::from_secs(2);

async fn door(me: Me) -> Result {
    loop {
        me.on::<Knock>().await;
        slide(&me, OPEN).await?;
        loop {
            while timeout(HOLD, me.on::<Knock>()).await.is_ok() {} // every knock holds it open
            match slide(&me, SHUT).until(me.on::<Knock>()).await {
                Some(shut) => break shut?,
                None => slide(&me, OPEN).await?,
            }
        }
    }
}

async fn slide(me: &Me, goal: i32) -> Result {
    while me.read(|door: &Door| door.0)? != goal {
        me.with(|mut door: Mut<Door>| door.0 += (goal - door.0).clamp(-STEP, STEP))?;
        next_frame().await;
    }
    Ok(())
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    schedule.add_systems(step_scripts);
    world.spawn((Door(SHUT), Script::named("door", door)));
    (world, schedule)
}

/// Knocks at every door.
pub(crate) fn knock(world: &mut World) {
    let doors: Vec<Entity> = world.query_filtered::<Entity, With<Door>>().iter(world).collect();
    doors.into_iter().for_each(|entity| world.trigger(Knock { entity }));
}

/// Whatever happened to its script, a door is no further than shut or open.
pub(crate) fn check(world: &mut World) {
    assert!(world.query::<&Door>().iter(world).all(|door| (SHUT..=OPEN).contains(&door.0)));
}

fn main() {
    let (mut world, mut schedule) = game();
    for frame in 0..360 {
        if frame == 30 || frame == 175 {
            println!("knock, knock");
            knock(&mut world);
        }
        schedule.run(&mut world);
        if frame % 6 == 5 {
            let door = world.query::<&Door>().single(&world).expect("there is one door");
            println!("{:4.1} s  {}", f64::from(frame) / 60.0, "=".repeat((door.0 / 5) as usize));
        }
    }
    check(&mut world);
}

#[cfg(all(test, feature = "replay"))]
mod tests {
    use framestep::testing::ScriptTest;
    use framestep::{Due, WaitKind};

    use super::*;

    fn house() -> (ScriptTest, Entity) {
        let (world, schedule) = game();
        let mut test = ScriptTest::playing(world, schedule);
        let world = test.world();
        let door = world.query_filtered::<Entity, With<Door>>().single(world).unwrap();
        test.step(1);
        (test, door)
    }

    fn how_far(world: &World) -> i32 {
        world.iter_entities().find_map(|entity| entity.get::<Door>()).unwrap().0
    }

    #[test]
    fn it_opens_holds_and_shuts() {
        let (mut test, door) = house();
        test.step(100);
        test.assert_waits(door, WaitKind::Event).at("door.rs");
        knock(test.world());
        assert_eq!(test.until(30, |world| how_far(world) == OPEN), 20);
        test.step(1);
        test.assert_waits(door, WaitKind::Sleep).due(Due::Time(HOLD));
        test.advance(HOLD);
        assert_eq!(test.until(30, |world| how_far(world) == SHUT), 19);
    }

    #[test]
    fn a_knock_while_it_shuts_opens_it_again() {
        let (mut test, _door) = house();
        knock(test.world());
        test.until(30, |world| how_far(world) == OPEN);
        test.until(140, |world| how_far(world) == OPEN / 2);
        knock(test.world());
        test.step(2);
        assert_eq!(how_far(test.world()), OPEN / 2 + STEP, "from where it was");
        assert_eq!(test.until(30, |world| how_far(world) == OPEN), 9);
    }
}
