//! Systems whose order is left to Bevy.

use bevy_ecs::prelude::*;
use framestep::replay::{HashWorld, ReplayKey, Setup, WorldGame, ambiguities_in, assert_no_ambiguities_in};
use framestep::{Me, Script, ScriptSystems, frames, step_scripts};
use serde::Serialize;

use super::{blamed_value, panics, verified, world_game};

#[derive(Component, Serialize)]
struct Heat(i32);

fn warm(mut heat: Query<&mut Heat>) {
    heat.iter_mut().for_each(|mut heat| heat.0 += 3);
}

fn cool(mut heat: Query<&mut Heat>) {
    heat.iter_mut().for_each(|mut heat| heat.0 /= 2);
}

/// A kettle that a script stirs up in frame 10, and two systems.
fn kettle(setup: &Setup) -> WorldGame<()> {
    let mut game = world_game(setup);
    game.world_mut().hash_component::<Heat>("heat");
    game.world_mut().spawn((
        ReplayKey::new("kettle"),
        Heat(0),
        Script::new(async |me: Me| {
            frames(9).await;
            me.with(|mut heat: Mut<Heat>| heat.0 += 100)?;
            Ok(())
        }),
    ));
    game
}

#[test]
fn systems_that_nothing_orders_are_refused_and_chained_ones_pass() {
    let mut world = World::new();
    let mut unordered = Schedule::default();
    unordered.add_systems((step_scripts.in_set(ScriptSystems::Step), (warm, cool).after(ScriptSystems::Step)));
    let refused = panics(|| assert_no_ambiguities_in(&mut unordered, &mut world)).expect_err("nothing orders them");
    assert!(refused.starts_with("1 pair of systems may run in either order"), "{refused}");
    assert!(refused.contains("Order each pair by `before`, `after` or `chain`"), "{refused}");

    let mut chained = Schedule::default();
    chained.add_systems((step_scripts.in_set(ScriptSystems::Step), warm, cool).chain());
    assert_no_ambiguities_in(&mut chained, &mut world);
}

#[test]
fn a_system_that_may_run_before_the_scripts_is_refused_too() {
    let mut world = World::new();
    let mut schedule = Schedule::default();
    schedule.add_systems((step_scripts.in_set(ScriptSystems::Step), warm));
    assert_eq!(ambiguities_in(&mut schedule, &mut world).len(), 1);
    let mut schedule = Schedule::default();
    schedule.add_systems((step_scripts.in_set(ScriptSystems::Step), warm.before(ScriptSystems::Step)));
    assert_no_ambiguities_in(&mut schedule, &mut world);
}

#[test]
fn the_order_that_bevy_chose_is_found_by_the_component_that_shows_it() {
    // Both orders are ones that Bevy may choose where nothing says which.
    let warm_first = |setup: &Setup| {
        let mut game = kettle(setup);
        game.schedule_mut().add_systems((warm, cool).chain().after(ScriptSystems::Step));
        game
    };
    let cool_first = |setup: &Setup| {
        let mut game = kettle(setup);
        game.schedule_mut().add_systems((cool, warm).chain().after(ScriptSystems::Step));
        game
    };
    let found = verified(warm_first, cool_first).expect_err("the order shows");
    assert_eq!(blamed_value(&found), (1, "heat", "kettle"));
    assert!(found.script.is_none(), "no script did anything else");
    verified(warm_first, warm_first).expect("it is the same order");
}
