//! A duel in turns: the knight does what the player says, the ghoul thinks a moment, poison works at the end of
//! each round. While the player thinks nothing runs at all. `cargo run --example turn_based`
//!
//! Shown here: turns as a plain loop, waiting for an order, functions over entities, a duel that can be called off.

use bevy_ecs::prelude::*;
use framestep::{EntityAccess, Me, Script, ScriptError, ScriptRegistry, frames, step_scripts};

/// What the player orders.
#[derive(Message, Clone, Copy, Debug)]
enum Order {
    Strike,
    Poison,
}

#[derive(Component, Clone, Copy, Debug)]
struct Fighter {
    name: &'static str,
    health: i32,
    strength: i32,
}

/// So many rounds of poison are left.
#[derive(Component)]
struct Poisoned(u32);

#[derive(Resource, Default)]
struct Winner(Option<&'static str>);

async fn duel(me: Me, knight: EntityAccess, ghoul: EntityAccess) -> Result {
    let winner = 'duel: loop {
        knights_turn(&me, knight, ghoul).await?;
        ghouls_turn(knight, ghoul).await?;
        for (fighter, rival) in [(knight, ghoul), (ghoul, knight)] {
            suffer(fighter)?;
            if fighter.read(|fighter: &Fighter| fighter.health <= 0)? {
                break 'duel rival;
            }
        }
    };
    let name = winner.read(|fighter: &Fighter| fighter.name)?;
    me.resource_mut(|mut winner: Mut<Winner>| winner.0 = Some(name))?;
    Ok(())
}

async fn knights_turn(me: &Me, knight: EntityAccess, ghoul: EntityAccess) -> Result<(), ScriptError> {
    match me.message::<Order>().await {
        Order::Strike => strike(knight, ghoul),
        Order::Poison => ghoul.insert(Poisoned(3)),
    }
}

async fn ghouls_turn(knight: EntityAccess, ghoul: EntityAccess) -> Result<(), ScriptError> {
    frames(30).await; // it isn't quick
    strike(ghoul, knight)
}

fn strike(from: EntityAccess, at: EntityAccess) -> Result<(), ScriptError> {
    let strength = from.read(|fighter: &Fighter| fighter.strength)?;
    at.with(|mut fighter: Mut<Fighter>| fighter.health -= strength)
}

/// Poison takes its share, until it is used up.
fn suffer(fighter: EntityAccess) -> Result<(), ScriptError> {
    let left = fighter.with(|(mut fighter, poison): (Mut<Fighter>, Option<Mut<Poisoned>>)| {
        let mut poison = poison?;
        fighter.health -= 4;
        poison.0 -= 1;
        Some(poison.0)
    })?;
    if left == Some(0) { fighter.remove::<Poisoned>() } else { Ok(()) }
}

pub(crate) fn game() -> (World, Schedule) {
    let (mut world, mut schedule) = (World::new(), Schedule::default());
    world.init_resource::<Messages<Order>>();
    world.init_resource::<Winner>();
    let knight = world.spawn(Fighter { name: "knight", health: 20, strength: 6 }).id();
    let ghoul = world.spawn(Fighter { name: "ghoul", health: 23, strength: 5 }).id();
    world.spawn(Script::named("duel", async move |me: Me| duel(me, me.other(knight), me.other(ghoul)).await));
    schedule.add_systems(step_scripts);
    (world, schedule)
}

/// A player with a plan, who takes a second for each order.
pub(crate) fn player(world: &mut World, frame: u32) {
    match frame {
        60 => drop(world.write_message(Order::Poison)),
        120 | 180 => drop(world.write_message(Order::Strike)),
        _ => (),
    }
}

/// What is left of the knight and of the ghoul.
fn healths(world: &mut World) -> [i32; 2] {
    let mut fighters = world.query::<&Fighter>();
    let of = |name| fighters.iter(world).find(|fighter| fighter.name == name).map_or(0, |fighter| fighter.health);
    ["knight", "ghoul"].map(of)
}

/// Who has won has a rival who is beaten; without a winner the duel was called off.
pub(crate) fn check(world: &mut World) {
    let winner = world.resource::<Winner>().0;
    let beaten = |fighter: &&Fighter| fighter.health <= 0 && Some(fighter.name) != winner;
    assert!(winner.is_none() || world.query::<&Fighter>().iter(world).filter(beaten).count() == 1);
}

fn main() {
    let (mut world, mut schedule) = game();
    for frame in 0..240 {
        player(&mut world, frame);
        schedule.run(&mut world);
        if frame % 60 == 59 {
            let polled = world.resource::<ScriptRegistry>().last_report().polled;
            let [knight, ghoul] = healths(&mut world);
            println!("knight {knight:2}, ghoul {ghoul:2}; {polled} scripts ran in the last frame");
        }
    }
    check(&mut world);
    println!("the {} wins", world.resource::<Winner>().0.unwrap_or("night"));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The health of both after each order.
    fn play(world: &mut World, schedule: &mut Schedule, orders: &[Order]) -> Vec<[i32; 2]> {
        let mut rounds = Vec::new();
        schedule.run(world);
        for order in orders {
            world.write_message(*order);
            (0..32).for_each(|_frame| schedule.run(world));
            rounds.push(healths(world));
        }
        rounds
    }

    #[test]
    fn poison_and_steel_win_in_three_rounds() {
        let (mut world, mut schedule) = game();
        let rounds = play(&mut world, &mut schedule, &[Order::Poison, Order::Strike, Order::Strike]);
        assert_eq!(rounds, [[15, 19], [10, 9], [5, -1]]);
        assert_eq!(world.resource::<Winner>().0, Some("knight"));
        assert_eq!(world.query::<&Poisoned>().iter(&world).count(), 0, "it is used up");
    }

    #[test]
    fn nothing_runs_while_the_player_thinks() {
        let (mut world, mut schedule) = game();
        schedule.run(&mut world);
        for _ in 0..100 {
            schedule.run(&mut world);
            assert_eq!(world.resource::<ScriptRegistry>().last_report().polled, 0);
        }
    }

    #[test]
    fn a_duel_that_is_called_off_leaves_orders_unheard() {
        let (mut world, mut schedule) = game();
        play(&mut world, &mut schedule, &[Order::Poison]);
        let duel = world.query_filtered::<Entity, With<Script>>().single(&world).unwrap();
        world.despawn(duel);
        assert_eq!(play(&mut world, &mut schedule, &[Order::Strike, Order::Strike]), [[15, 19]; 2]);
        assert_eq!(world.resource::<Winner>().0, None);
    }
}
