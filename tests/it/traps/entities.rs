//! The numbers of entities, and the order in which a query gives them.
//!
//! Two systems that spawn by commands may run at the same time, and then chance says which entity gets the lower
//! number; no order of systems is ambiguous for it. Here the game that is verified spawns the other way round.

use bevy_ecs::prelude::*;
use framestep::replay::{HashWorld, ReplayKey, Setup, WorldGame};
use framestep::{Me, Script, frames, next_frame};
use serde::Serialize;

use super::{blamed_script, blamed_value, double_run, verified, world_game};

#[derive(Component)]
struct Chases(Entity);

#[derive(Component, Serialize)]
struct Wool(u32);

/// What the game does about it.
#[derive(Copy, Clone, PartialEq)]
enum Care {
    None,
    /// Entities are named, and sorted, by their keys.
    Keys,
}

/// Sheep, spawned in this order, and a wolf that chases sheep 2.
fn meadow(setup: &Setup, sheep: [u64; 2], care: Care) -> WorldGame<()> {
    let mut game = world_game(setup);
    let world = game.world_mut();
    world.hash_component::<Wool>("wool");
    match care {
        Care::None => world.hash_component_by("chases", |chases: &Chases, _| chases.0.to_bits()),
        Care::Keys => world.hash_component_by("chases", |chases: &Chases, keys| keys.of(chases.0)),
    };
    let sheep = sheep.map(|number| (number, world.spawn((ReplayKey::numbered("sheep", number), Wool(10))).id()));
    let prey = sheep.iter().find(|(number, _)| *number == 2).expect("there is one").1;
    world.spawn((ReplayKey::new("wolf"), Chases(prey)));
    game
}

#[test]
fn an_entity_number_in_a_hashed_value_is_found_and_its_key_passes() {
    let found = verified(|setup| meadow(setup, [1, 2], Care::None), |setup| meadow(setup, [2, 1], Care::None));
    let found = found.expect_err("its prey has another number");
    assert_eq!(blamed_value(&found), (1, "chases", "wolf"));
    verified(|setup| meadow(setup, [1, 2], Care::Keys), |setup| meadow(setup, [2, 1], Care::Keys))
        .expect("it has a key");
}

#[test]
fn the_first_of_a_query_is_found_and_the_first_by_key_passes() {
    // From frame 10 on the shepherd shears the first sheep that comes.
    let shorn = |setup: &Setup, sheep, care| {
        let mut game = meadow(setup, sheep, Care::Keys);
        game.world_mut().spawn((ReplayKey::new("shepherd"), Script::named("shepherd", move |me: Me| shear(me, care))));
        game
    };
    let found = verified(|setup| shorn(setup, [1, 2], Care::None), |setup| shorn(setup, [2, 1], Care::None));
    let found = found.expect_err("another sheep is the first");
    assert_eq!(blamed_value(&found), (10, "wool", "sheep 1"));
    verified(|setup| shorn(setup, [1, 2], Care::Keys), |setup| shorn(setup, [2, 1], Care::Keys))
        .expect("it is sheep 1");
}

async fn shear(me: Me, care: Care) -> Result {
    frames(9).await;
    loop {
        me.run(|mut sheep: Query<(&ReplayKey, &mut Wool)>| {
            let first = match care {
                Care::None => sheep.iter_mut().next(),
                Care::Keys => sheep.iter_mut().min_by(|a, b| a.0.cmp(b.0)),
            };
            if let Some((_, mut wool)) = first {
                wool.0 = wool.0.saturating_sub(1);
            }
        })?;
        next_frame().await;
    }
}

#[test]
fn scripts_started_in_the_order_of_a_query_are_found_and_in_that_of_keys_pass() {
    // In frame 10 the shepherd calls the sheep, one after another, and each comes running after its own time.
    let called = |setup: &Setup, sheep, care| {
        let mut game = meadow(setup, sheep, Care::Keys);
        game.world_mut().spawn((ReplayKey::new("shepherd"), Script::named("shepherd", move |me: Me| call(me, care))));
        game
    };
    let found = verified(|setup| called(setup, [1, 2], Care::None), |setup| called(setup, [2, 1], Care::None));
    assert_eq!(blamed_script(&found.expect_err("sheep 2 is called first")), (11, "runs"));
    verified(|setup| called(setup, [1, 2], Care::Keys), |setup| called(setup, [2, 1], Care::Keys))
        .expect("it is sheep 1");
}

async fn call(me: Me, care: Care) -> Result {
    frames(9).await;
    let mut sheep = Vec::new();
    me.run(|all: Query<(Entity, &ReplayKey), With<Wool>>| {
        sheep = all.iter().map(|(entity, key)| (key.clone(), entity)).collect();
    })?;
    if care == Care::Keys {
        sheep.sort();
    }
    for (key, entity) in sheep {
        let time = key.number().expect("sheep are numbered");
        me.other(entity).insert(Script::named("runs", async move |_: Me| {
            frames(time).await;
            Ok(())
        }))?;
    }
    Ok(())
}

#[test]
fn an_entity_without_a_key_is_refused_with_the_remedy() {
    let keyless = |setup: &Setup| {
        let mut game = meadow(setup, [1, 2], Care::Keys);
        game.world_mut().spawn(Wool(3));
        game
    };
    let refused = double_run(keyless).expect_err("nothing says which sheep it is");
    assert!(refused.contains("has the hashed component \"wool\" and no `ReplayKey`"), "{refused}");
    assert!(refused.contains("spawn it with one, such as `ReplayKey::new(\"vault\")`"), "{refused}");
}
