//! Hash maps that are walked.
//!
//! That a walk over std's `HashMap` is found in the scripts that it starts is tested in `replay/determinism.rs`.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;

use bevy_ecs::prelude::*;
use framestep::replay::{HashWorld, ReplayKey, Setup, WorldGame};
use framestep::{Me, Script, frames};
use indexmap::IndexMap;
use serde::Serialize;

use super::{blamed_value, double_run, verified, world_game};

/// A hasher that is the same in every map, as that of Bevy's `HashMap` is.
type Fixed = BuildHasherDefault<DefaultHasher>;

/// Guests by their numbers, and what they drink: so many that no two walks have the same order by chance.
fn guests() -> impl Iterator<Item = (u64, u64)> {
    (0..64).map(|number| (number, number % 3))
}

/// The guests in the order in which they were given a seat.
#[derive(Resource, Default, Serialize)]
struct Seats(Vec<u64>);

/// A host who in frame 10 gives all guests a seat, in the order of this.
fn dinner<M>(setup: &Setup, guests: M) -> WorldGame<()>
where
    M: IntoIterator<Item = (u64, u64)> + Send + 'static,
{
    let mut game = world_game(setup);
    game.world_mut().hash_resource::<Seats>("seats").init_resource::<Seats>();
    game.world_mut().spawn(Script::named("host", async move |me: Me| {
        frames(9).await;
        for (number, _) in guests {
            me.resource_mut(|mut seats: Mut<Seats>| seats.0.push(number))?;
        }
        Ok(())
    }));
    game
}

#[test]
fn a_hash_map_of_std_is_found_and_ordered_maps_pass() {
    let report = double_run(|setup| dinner(setup, guests().collect::<HashMap<_, _>>()));
    let report = report.expect_err("each map has an order of its own");
    assert!(report.contains("run 2 in the same process differs from run 1 in frame 10 of 30"), "{report}");
    assert!(report.contains("state    `seats`"), "{report}");
    assert!(report.contains("the order of a HashMap"), "{report}");

    double_run(|setup| dinner(setup, guests().collect::<BTreeMap<_, _>>())).expect("in order of their numbers");
    double_run(|setup| dinner(setup, guests().collect::<IndexMap<_, _>>())).expect("in order of arrival");
    let sorted = |setup: &Setup| {
        let mut guests: Vec<_> = guests().collect::<HashMap<_, _>>().into_iter().collect();
        guests.sort_unstable();
        dinner(setup, guests)
    };
    double_run(sorted).expect("sorted before they are walked");
}

#[test]
fn a_fixed_hasher_passes_the_double_run_and_is_found_when_its_map_has_another_past() {
    let with_room = |room| {
        let mut map = HashMap::<u64, u64, Fixed>::with_capacity_and_hasher(room, Fixed::default());
        map.extend(guests());
        map
    };
    let walked = |room| move |setup: &Setup| dinner(setup, with_room(room));
    double_run(walked(64)).expect("in one build it is always the same order");
    let found = verified(walked(64), walked(1000)).expect_err("with more room it is another");
    assert_eq!(blamed_value(&found), (10, "seats", ""));

    let sorted = |room| move |setup: &Setup| dinner(setup, with_room(room).into_iter().collect::<BTreeMap<_, _>>());
    verified(sorted(64), sorted(1000)).expect("in order of their numbers");
}

#[derive(Component)]
struct Drinks(HashMap<u64, u64>);

#[test]
fn a_hash_map_in_a_hashed_component_is_found_and_a_sorted_view_passes() {
    // The game itself never walks it: the hash does.
    let party = |setup: &Setup| {
        let mut game = world_game(setup);
        let script = Script::new(async |_: Me| Ok(()));
        game.world_mut().spawn((ReplayKey::new("waiter"), Drinks(guests().collect()), script));
        game
    };
    let whole = |setup: &Setup| {
        let mut game = party(setup);
        game.world_mut().hash_component_by("drinks", |drinks: &Drinks, _| drinks.0.clone());
        game
    };
    let found = verified(whole, whole).expect_err("each map has an order of its own");
    assert_eq!(blamed_value(&found), (1, "drinks", "waiter"));

    let sorted = |setup: &Setup| {
        let mut game = party(setup);
        let view = |drinks: &Drinks| drinks.0.clone().into_iter().collect::<BTreeMap<_, _>>();
        game.world_mut().hash_component_by("drinks", move |drinks: &Drinks, _| view(drinks));
        game
    };
    verified(sorted, sorted).expect("what is in it is the same");
}
