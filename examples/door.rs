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
}

#[cfg(test)]
mod tests {
    use super::*;

    struct House(World, Schedule, Entity);

    impl House {
        fn new() -> Self {
            let (mut world, mut schedule) = game();
            let door = world.query_filtered::<Entity, With<Door>>().single(&world).unwrap();
            schedule.run(&mut world);
            House(world, schedule, door)
        }

        fn knock(&mut self) {
            knock(&mut self.0);
        }

        fn after(&mut self, frames: u32) -> i32 {
            (0..frames).for_each(|_frame| self.1.run(&mut self.0));
            self.0.get::<Door>(self.2).unwrap().0
        }
    }

    #[test]
    fn it_opens_holds_and_shuts() {
        let mut house = House::new();
        assert_eq!(house.after(100), SHUT);
        house.knock();
        assert_eq!([house.after(10), house.after(10)], [50, OPEN]);
        assert_eq!([house.after(119), house.after(22)], [OPEN, SHUT]);
    }

    #[test]
    fn a_knock_while_it_shuts_opens_it_again() {
        let mut house = House::new();
        house.knock();
        house.after(20 + 121 + 8);
        let half_shut = house.after(1);
        assert!((SHUT + 1..OPEN).contains(&half_shut));
        house.knock();
        assert_eq!([house.after(1), house.after(1)], [half_shut, half_shut + STEP], "from where it was");
        assert_eq!(house.after(15), OPEN);
    }
}
