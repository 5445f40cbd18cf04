//! The world's hash: what it sees, what it doesn't, and what it refuses.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy_ecs::entity_disabling::Disabled;
use bevy_ecs::prelude::*;
use framestep::replay::{HashWorld, ReplayKey, StateLine, WorldHashError, ambiguities_in, assert_no_ambiguities_in};
use framestep::{Executor, RandomStreams, ScriptExecutor, ScriptSystems, step_scripts};
use serde::{Serialize, Serializer};

#[derive(Component, Serialize)]
struct Health(i32);

#[derive(Component, Serialize)]
struct At {
    x: f32,
    y: f32,
}

#[derive(Component)]
struct Chases(Entity);

#[derive(Component)]
struct Marker;

#[derive(Resource, Serialize, PartialEq)]
struct Score(u32);

fn world() -> World {
    let mut world = World::new();
    world.hash_component::<Health>("health").hash_component::<At>("at").hash_resource::<Score>("score");
    world
}

fn total(world: &mut World) -> u64 {
    world.world_hash().unwrap().total
}

/// The state that changed, a line each: `kind entity value`.
fn changed(world: &mut World) -> String {
    let line = |line: StateLine| {
        assert_eq!(line.hash == 0, line.value.is_none());
        let value = line.value.as_deref().unwrap_or("gone").to_owned();
        [line.kind.to_string(), line.entity.to_string(), value].join(" ")
    };
    world.changed_state().unwrap().into_iter().map(line).collect::<Vec<_>>().join(" | ")
}

fn panics(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| (*payload.downcast::<&str>().unwrap()).to_owned())
}

#[test]
fn nothing_is_hashed_unless_it_is_registered() {
    let mut world = World::new();
    world.spawn((ReplayKey::new("vault"), Health(1)));
    assert_eq!(world.world_hash().unwrap(), Default::default());
    assert_eq!(total(&mut world), 0);
    assert_eq!(changed(&mut world), "");
    world.hash_component::<Health>("health");
    assert_ne!(total(&mut world), 0);
}

#[test]
fn the_hash_is_the_same_for_good() {
    let mut world = world();
    world.insert_resource(Score(3));
    world.spawn((ReplayKey::new("vault"), Health(-5), At { x: 0.1, y: -0.0 }));
    world.spawn((ReplayKey::numbered("visitor", 300), Health(70_000)));
    // Recordings rest on it.
    assert_eq!(format!("{:016x}", total(&mut world)), "55edfce33f81ec26");
}

#[test]
fn order_numbers_and_other_components_dont_matter() {
    let mut one = world();
    one.insert_resource(Score(1));
    for number in 0..50 {
        one.spawn((ReplayKey::numbered("visitor", number), Health(number as i32), At { x: 1.0, y: number as f32 }));
    }
    let mut two = World::new();
    // Registered in another order, other types registered before, other entities spawned before.
    two.register_component::<Marker>();
    two.hash_resource::<Score>("score").hash_component::<At>("at").hash_component::<Health>("health");
    for _ in 0..7 {
        two.spawn(Marker);
    }
    for number in (0..50).rev() {
        let key = ReplayKey::numbered("visitor", number);
        let mut entity = two.spawn((At { x: 1.0, y: number as f32 }, key));
        if number % 3 == 0 {
            entity.insert(Marker);
        }
        entity.insert(Health(number as i32));
    }
    two.insert_resource(Score(1));
    assert_eq!(one.world_hash(), two.world_hash());
}

#[test]
fn every_value_counts_and_whose_it_is() {
    let mut world = world();
    let a = world.spawn((ReplayKey::new("a"), Health(1), At { x: 0.0, y: 0.0 })).id();
    let b = world.spawn((ReplayKey::new("b"), Health(2))).id();
    let first = world.world_hash().unwrap();
    let kinds: Vec<&str> = first.kinds.iter().map(|(key, _)| &**key).collect();
    assert_eq!(kinds, ["at", "health", "score"]);
    assert_eq!(first.kinds[2].1, 0);

    // Two that have changed places.
    world.get_mut::<Health>(a).unwrap().0 = 2;
    world.get_mut::<Health>(b).unwrap().0 = 1;
    let swapped = world.world_hash().unwrap();
    assert_ne!(swapped.kinds[1], first.kinds[1]);
    assert_eq!(swapped.kinds[0], first.kinds[0]);
    world.get_mut::<Health>(a).unwrap().0 = 1;
    world.get_mut::<Health>(b).unwrap().0 = 2;
    assert_eq!(world.world_hash().unwrap(), first);

    // By its bits, and where change detection was passed by.
    world.get_mut::<At>(a).unwrap().bypass_change_detection().y = -0.0;
    assert_ne!(world.world_hash().unwrap().kinds[0], first.kinds[0]);
    world.get_mut::<At>(a).unwrap().y = 0.0;
    assert_eq!(world.world_hash().unwrap(), first);

    // A value of the other kind is another state.
    world.insert_resource(Score(0));
    assert_ne!(total(&mut world), first.total);
    world.remove_resource::<Score>();
    assert_eq!(total(&mut world), first.total);

    // One that is disabled is there, and one that is gone isn't.
    world.entity_mut(a).insert(Disabled);
    assert_eq!(total(&mut world), first.total);
    world.despawn(a);
    assert_ne!(total(&mut world), first.total);
}

#[test]
fn sums_in_another_order_are_another_state() {
    let parts = [1e8_f32, -1e8, 1.0];
    let sum = |parts: &mut dyn Iterator<Item = f32>| {
        let mut world = world();
        world.spawn((ReplayKey::new("ball"), At { x: parts.fold(0.0, |sum, part| sum + part), y: 0.0 }));
        total(&mut world)
    };
    assert_ne!(sum(&mut parts.into_iter()), sum(&mut parts.into_iter().rev()));
}

#[test]
fn views_hash_what_they_give_and_name_other_entities_by_their_keys() {
    let hash = |spawned_before: usize, target: &'static str| {
        let mut world = World::new();
        world.hash_component_by("chases", |chases: &Chases, keys| keys.of(chases.0));
        world.hash_resource_by("odd", |score: &Score, _| score.0 % 2 == 1);
        world.insert_resource(Score(5));
        for _ in 0..spawned_before {
            world.spawn(Marker);
        }
        let thief = world.spawn(ReplayKey::new("thief")).id();
        let door = world.spawn(ReplayKey::numbered("door", 4)).id();
        let target = if target == "thief" { thief } else { door };
        world.spawn((ReplayKey::new("guard"), Chases(target)));
        let hash = total(&mut world);
        world.resource_mut::<Score>().0 = 7;
        assert_eq!(total(&mut world), hash);
        (hash, changed(&mut world))
    };
    assert_eq!(hash(0, "thief"), hash(9, "thief"));
    assert_eq!(hash(0, "thief").1, "chases guard \"thief\" | odd  true");
    assert_eq!(hash(3, "door").1, "chases guard \"door 4\" | odd  true");
    assert_ne!(hash(0, "thief").0, hash(0, "door").0);
}

#[test]
fn an_entity_without_a_key_is_refused_with_the_remedy() {
    let mut world = world();
    let bob = world.spawn((Name::new("Bob"), Health(1))).id();
    let error = world.world_hash().unwrap_err();
    assert_eq!(world.changed_state().unwrap_err(), error);
    assert_eq!(
        error.to_string(),
        format!(
            "entity {bob} (\"Bob\") has the hashed component \"health\" and no `ReplayKey`, so nothing says which entity \
             it is in another run: spawn it with one, such as `ReplayKey::new(\"vault\")` or \
             `ReplayKey::numbered(\"visitor\", 17)`"
        )
    );
    world.entity_mut(bob).insert(ReplayKey::new("bob"));
    assert_eq!(changed(&mut world), "health bob 1");
}

#[test]
fn two_of_one_key_are_refused_with_the_remedy_whenever_they_come() {
    let mut world = world();
    let a = world.spawn((ReplayKey::numbered("visitor", 1), Health(1))).id();
    let b = world.spawn((ReplayKey::numbered("visitor", 2), Health(1))).id();
    total(&mut world);
    world.entity_mut(b).insert(ReplayKey::new("visitor 1"));
    let error = world.world_hash().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the entities {a} and {b} both have the `ReplayKey` \"visitor 1\" and the hashed component \"health\": give \
             each a key of its own, such as `ReplayKey::numbered(\"visitor\", n)` with n in the order in which the game \
             makes them"
        )
    );
    assert!(matches!(error, WorldHashError::Duplicate { entities, .. } if entities == [a, b]));
    assert_eq!(world.world_hash().unwrap_err(), error);
    world.entity_mut(b).remove::<Health>();
    total(&mut world);
    // One key may do for entities that carry different things.
    world.entity_mut(b).insert(At { x: 0.0, y: 0.0 });
    total(&mut world);
}

#[test]
fn a_value_that_has_no_length_is_refused_and_one_that_json_has_no_form_for_is_named() {
    #[derive(Component)]
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..10).filter(|number| number % 3 == 0))
        }
    }
    #[derive(Component, Serialize)]
    struct Grid(BTreeMap<(i32, i32), char>);

    let mut world = World::new();
    world.hash_component::<Endless>("endless").hash_component::<Grid>("grid");
    let endless = world.spawn((ReplayKey::new("bird"), Endless)).id();
    let error = world.world_hash().unwrap_err().to_string();
    assert!(error.starts_with("the value of \"endless\" of \"bird\" can't be hashed ("), "{error}");
    assert!(error.ends_with("register it with `hash_component_by` or `hash_resource_by`, and give plain data such as tuples, structs and `Vec`s there"), "{error}");
    world.despawn(endless);
    world.spawn((ReplayKey::new("map"), Grid([((1, 2), 'x')].into())));
    assert_eq!(changed(&mut world), "grid map \"no JSON: key must be a string\"");
}

#[test]
fn a_key_is_given_once() {
    let mut world = world();
    let expected = "something is hashed by the key \"health\" already: register each component and each resource once, by \
                    a key of its own";
    assert_eq!(panics(|| _ = world.hash_component::<At>("health")), expected);
    assert_eq!(panics(|| _ = world.hash_resource::<Score>("health")), expected);
    // What was registered is as it was.
    world.spawn((ReplayKey::new("a"), Health(1)));
    assert_eq!(changed(&mut world), "health a 1");
}

#[test]
fn what_has_changed_comes_in_order_and_once() {
    let mut world = world();
    world.insert_resource(Score(1));
    let vault = world.spawn((At { x: 1.5, y: f32::NAN }, ReplayKey::new("vault"), Health(9))).id();
    let visitors: Vec<Entity> = [10, 2, 1]
        .map(|number| world.spawn((ReplayKey::numbered("visitor", number), Health(number as i32))).id())
        .into();
    assert_eq!(
        changed(&mut world),
        "at vault {\"x\":1.5,\"y\":null} | health vault 9 | health visitor 1 1 | health visitor 2 2 | health visitor 10 10 \
         | score  1"
    );
    assert_eq!(changed(&mut world), "");

    world.get_mut::<Health>(visitors[0]).unwrap().0 = 11;
    world.get_mut::<Health>(visitors[2]).unwrap().set_changed();
    world.despawn(visitors[1]);
    world.entity_mut(vault).remove::<At>();
    world.spawn((ReplayKey::new("thief"), Health(3)));
    // An error takes nothing away.
    let unkeyed = world.spawn(At { x: 0.0, y: 0.0 }).id();
    world.changed_state().unwrap_err();
    world.despawn(unkeyed);
    assert_eq!(changed(&mut world), "at vault gone | health thief 3 | health visitor 2 gone | health visitor 10 11");

    world.remove_resource::<Score>();
    // Another entity of the same key is the same to whoever compares.
    world.despawn(vault);
    world.spawn((ReplayKey::new("vault"), Health(9)));
    assert_eq!(changed(&mut world), "score  gone");

    world.forget_state();
    assert_eq!(changed(&mut world), "health thief 3 | health vault 9 | health visitor 1 1 | health visitor 10 11");
}

#[test]
fn keys_that_read_the_same_are_the_same() {
    let words = |keys: &[ReplayKey]| keys.iter().map(|key| format!("{key} {:?}", key.number())).collect::<Vec<_>>();
    let mut keys = ["b 2", "b 10", "b", "b 02", "b 99999999999999999999", "a 1 2", "b "].map(ReplayKey::new);
    keys.sort();
    assert_eq!(
        words(&keys),
        [
            "a 1 2 Some(2)",
            "b None",
            "b 2 Some(2)",
            "b 10 Some(10)",
            "b  None",
            "b 02 None",
            "b 99999999999999999999 None"
        ]
    );
    assert_eq!(ReplayKey::new("b 2".to_owned()), ReplayKey::numbered("b", 2));
    assert_eq!(keys[0].name(), "a 1");
}

#[test]
fn streams_for_systems_follow_the_executors_seed() {
    #[derive(Resource, Default)]
    struct Drawn(Vec<u64>);
    fn rain(streams: Res<RandomStreams>, mut drawn: ResMut<Drawn>) {
        drawn.0.push(streams.draw("rain"));
    }
    let run = |seed: u64, wind: bool| {
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::new(Executor::builder().seed(seed).build()));
        world.init_resource::<RandomStreams>();
        world.init_resource::<Drawn>();
        let mut schedule = Schedule::default();
        schedule.add_systems((rain, step_scripts).chain());
        if wind {
            schedule.add_systems(|streams: Res<RandomStreams>| _ = streams.draw("wind"));
        }
        for _ in 0..3 {
            schedule.run(&mut world);
        }
        world.remove_resource::<Drawn>().unwrap().0
    };
    assert_eq!(run(7, false), run(7, true));
    assert_ne!(run(7, false), run(8, false));
    let mut stream = Executor::builder().seed(7).build().random_stream("rain");
    assert_eq!(run(7, true), [0; 3].map(|_| stream.next_u64()));
    // A world without an executor has the seed of a default one.
    let mut world = World::new();
    world.init_resource::<RandomStreams>();
    assert_eq!(world.resource::<RandomStreams>().draw("rain"), run(0, false)[0]);
}

fn add(mut score: ResMut<Score>) {
    score.0 += 1;
}

fn double(mut score: ResMut<Score>) {
    score.0 *= 2;
}

#[test]
fn systems_in_either_order_are_refused_with_the_remedy() {
    let mut world = World::new();
    let mut schedule = Schedule::default();
    schedule.add_systems((add, double, || ()));
    let error = panics(|| assert_no_ambiguities_in(&mut schedule, &mut world));
    assert!(
        error.starts_with("1 pair of systems may run in either order, so that a replay may differ:\n  in "),
        "{error}"
    );
    assert!(error.contains("Order each pair by `before`, `after` or `chain`"), "{error}");
    // Again, when nothing is left to be built.
    assert_eq!(panics(|| assert_no_ambiguities_in(&mut schedule, &mut world)), error);

    let mut ordered = Schedule::default();
    ordered.add_systems((add, double).chain());
    assert_no_ambiguities_in(&mut ordered, &mut world);
    let mut accepted = Schedule::default();
    accepted.add_systems((add, double.ambiguous_with(add)));
    assert_no_ambiguities_in(&mut accepted, &mut world);
}

#[test]
fn a_system_that_isnt_ordered_with_the_scripts_is_ambiguous() {
    let mut world = World::new();
    let mut schedule = Schedule::default();
    schedule.add_systems((step_scripts.in_set(ScriptSystems::Step), add));
    let found = ambiguities_in(&mut schedule, &mut world);
    assert_eq!(found.len(), 1);
    assert!(found[0].on.is_empty());
    assert!(found[0].to_string().ends_with("both on the whole world"));
    schedule.add_systems(double.after(ScriptSystems::Step).after(add));
    schedule.configure_sets(ScriptSystems::Step.after(add));
    assert_eq!(ambiguities_in(&mut schedule, &mut world), []);
}

#[test]
fn lines_own_their_words() {
    let mut world = world();
    world.insert_resource(Score(4));
    let lines = world.changed_state().unwrap();
    drop(world);
    let value: Option<Arc<str>> = Some("4".into());
    assert_eq!((&*lines[0].kind, &*lines[0].entity, &lines[0].value), ("score", "", &value));
}
