//! A lamp that blinks three times. `cargo run --example hello`

use bevy_ecs::prelude::*;
use framestep::{Me, Script, frames, step_scripts};

#[derive(Component)]
struct Lamp(bool);

async fn blink(me: Me) -> Result {
    for lit in [true, false, true, false, true, false] {
        me.with(|mut lamp: Mut<Lamp>| lamp.0 = lit)?;
        frames(30).await;
    }
    Ok(())
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    schedule.add_systems(step_scripts);
    world.spawn((Lamp(false), Script::new(blink)));
    (world, schedule)
}

fn main() {
    let (mut world, mut schedule) = game();
    for _second_half in 0..7 {
        (0..30).for_each(|_frame| schedule.run(&mut world));
        let lamp = world.query::<&Lamp>().single(&world).expect("there is one lamp");
        println!("{}", if lamp.0 { "lit" } else { "dark" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lamp after each half second.
    fn lamp(world: &mut World, schedule: &mut Schedule) -> bool {
        (0..30).for_each(|_frame| schedule.run(world));
        world.query::<&Lamp>().single(world).unwrap().0
    }

    #[test]
    fn it_blinks_three_times() {
        let (mut world, mut schedule) = game();
        let seen = [(); 7].map(|()| lamp(&mut world, &mut schedule));
        assert_eq!(seen, [true, false, true, false, true, false, false]);
        assert_eq!(world.query::<&Script>().iter(&world).count(), 0, "its script is over");
    }

    #[test]
    fn switched_off_it_stays_as_it_is() {
        let (mut world, mut schedule) = game();
        lamp(&mut world, &mut schedule);
        let owner = world.query_filtered::<Entity, With<Script>>().single(&world).unwrap();
        world.entity_mut(owner).remove::<Script>();
        assert_eq!([(); 3].map(|()| lamp(&mut world, &mut schedule)), [true; 3]);
    }
}
