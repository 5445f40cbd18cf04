//! A boss with two phases. It swings its club until half its health is gone; then it rages and calls for help,
//! until it is dead. A stunning blow interrupts whatever it does. `cargo run --example boss_fight`
//!
//! Shown here: phases that end on a condition, interruptions, helpers that die with the boss, and music that
//! stops however the fight ends.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::{Me, Race, Script, Until, race, sleep, step_scripts};

#[derive(Component)]
struct Health {
    now: i32,
    full: i32,
}

#[derive(EntityEvent, Clone)]
struct Stunned {
    entity: Entity,
}

/// A message: the boss does this much damage.
#[derive(Message)]
struct Swing(i32);

#[derive(Component)]
struct Imp;

#[derive(Resource, Debug, PartialEq)]
struct Music(&'static str);

const STUN: Duration = Duration::from_secs(1);

async fn boss(me: Me) -> Result {
    me.resource_mut(|mut music: Mut<Music>| music.0 = "battle")?;
    let _calm = me.defer(|world| world.resource_mut::<Music>().0 = "calm");

    let half_dead = me.until(|health: &Health| health.now * 2 <= health.full);
    unless_stunned(&me, async || swings(&me, 10).await).until(half_dead).await.transpose()?;

    call_for_help(&me)?;
    let dead = me.until(|health: &Health| health.now <= 0);
    unless_stunned(&me, async || swings(&me, 25).await).until(dead).await.transpose()?;

    me.despawn()?; // its imps and the music go with it
    Ok(())
}

/// Does something, from the start again after every stunning blow.
async fn unless_stunned(me: &Me, act: impl AsyncFn() -> Result) -> Result {
    while let Race::Second(_stunned) = race(act(), me.on::<Stunned>()).await {
        sleep(STUN).await;
    }
    Ok(())
}

async fn swings(me: &Me, damage: i32) -> Result {
    loop {
        sleep(Duration::from_millis(500)).await; // winds up
        me.write_message(Swing(damage))?;
    }
}

fn call_for_help(me: &Me) -> Result {
    let boss = me.id();
    for _ in 0..2 {
        let imp = Script::named("imp", async |me: Me| swings(&me, 1).await);
        me.spawn_child((Imp, imp.owned_by(boss)))?;
    }
    Ok(())
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    world.init_resource::<Messages<Swing>>();
    world.insert_resource(Music("calm"));
    world.spawn((Health { now: 100, full: 100 }, Script::named("boss", boss)));
    schedule.add_systems(step_scripts);
    (world, schedule)
}

/// A hero who hits once a second, and stuns once.
pub(crate) fn player(world: &mut World, frame: u32) {
    let Ok((boss, mut health)) = world.query::<(Entity, &mut Health)>().single_mut(world) else { return };
    if frame % 60 == 59 {
        health.now -= 20;
    }
    if frame == 100 {
        world.trigger(Stunned { entity: boss });
    }
}

pub(crate) fn music(world: &World) -> &'static str {
    world.resource::<Music>().0
}

fn main() {
    let (mut world, mut schedule) = game();
    for frame in 0..360 {
        player(&mut world, frame);
        schedule.run(&mut world);
        if frame % 60 == 0 {
            let damage: i32 = world.resource_mut::<Messages<Swing>>().drain().map(|swing| swing.0).sum();
            let left = world.query::<&Health>().single(&world).map_or(0, |health| health.now);
            println!("{} s  the boss has {left:3} left, did {damage:2} damage; {} music", frame / 60, music(&world));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fight(World, Schedule, Entity);

    impl Fight {
        fn new() -> Self {
            let (mut world, schedule) = game();
            let boss = world.query_filtered::<Entity, With<Health>>().single(&world).unwrap();
            Fight(world, schedule, boss)
        }

        /// The swings of this many frames.
        fn swings(&mut self, frames: u32) -> Vec<i32> {
            (0..frames).for_each(|_frame| self.1.run(&mut self.0));
            self.0.resource_mut::<Messages<Swing>>().drain().map(|swing| swing.0).collect()
        }

        fn hurt(&mut self, damage: i32) {
            self.0.get_mut::<Health>(self.2).unwrap().now -= damage;
        }

        fn imps(&mut self) -> usize {
            self.0.query_filtered::<(), (With<Imp>, With<Script>)>().iter(&self.0).count()
        }
    }

    #[test]
    fn it_goes_through_its_phases_and_takes_its_imps_along() {
        let mut fight = Fight::new();
        assert_eq!(fight.swings(61), [10, 10]);
        assert_eq!(*fight.0.resource::<Music>(), Music("battle"));
        fight.hurt(60);
        assert_eq!(fight.swings(2), [0_i32; 0]);
        assert_eq!(fight.imps(), 2);
        assert_eq!(fight.swings(30), [25, 1, 1]);
        fight.hurt(60);
        fight.swings(2);
        assert_eq!((fight.imps(), fight.0.resource::<Music>()), (0, &Music("calm")));
        assert!(fight.0.get_entity(fight.2).is_err());
    }

    #[test]
    fn a_stunning_blow_stops_the_club_for_a_second() {
        let mut fight = Fight::new();
        fight.swings(25);
        fight.0.trigger(Stunned { entity: fight.2 });
        assert_eq!(fight.swings(85), [0_i32; 0], "a second of stars, and it winds up anew");
        assert_eq!(fight.swings(10), [10]);
    }
}
