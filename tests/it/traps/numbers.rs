//! Random numbers from elsewhere.
//!
//! What the system gives is drawn through std's `RandomState`, as `rand::rng()` draws its seed from the system.

use std::hash::{BuildHasher, RandomState};

use bevy_ecs::prelude::*;
use framestep::replay::{Detail, HashWorld, ReplayKey, Setup, Verify, VerifyError, WorldGame, record};
use framestep::{Me, RandomStreams, Script, ScriptSystems, frames, random};
use serde::Serialize;

use super::{FRAMES, blamed_value, double_run, verified, world_game};

#[derive(Component, Serialize)]
struct Gold(u64);

/// A chest that in frame 10 is filled with what this draws.
fn chest(setup: &Setup, draw: fn() -> u64) -> WorldGame<()> {
    let mut game = world_game(setup);
    let fill = Script::new(async move |me: Me| {
        frames(9).await;
        me.with(|mut gold: Mut<Gold>| gold.0 = draw())?;
        Ok(())
    });
    game.world_mut().hash_component::<Gold>("gold").spawn((ReplayKey::new("chest"), Gold(0), fill));
    game
}

#[test]
fn random_numbers_of_the_system_are_found_and_those_of_the_script_pass() {
    let report = double_run(|setup| chest(setup, || RandomState::new().hash_one(0)));
    let report = report.expect_err("they are others in run 2");
    assert!(report.contains("run 2 in the same process differs from run 1 in frame 10 of 30"), "{report}");
    assert!(report.contains("state    `gold` of `chest`"), "{report}");
    double_run(|setup| chest(setup, random)).expect("they follow from the seed");
}

#[derive(Resource, Default, Serialize)]
struct Rain(u64);

#[derive(Resource, Default, Serialize)]
struct Wind(u64);

/// Two systems that draw, from streams of these names, in an order that Bevy may choose.
fn weather(setup: &Setup, names: [&'static str; 2], rain_first: bool) -> WorldGame<()> {
    let mut game = world_game(setup);
    game.world_mut().hash_resource::<Rain>("rain").hash_resource::<Wind>("wind");
    game.world_mut().init_resource::<Rain>();
    game.world_mut().init_resource::<Wind>();
    let [for_rain, for_wind] = names;
    let rain = move |streams: Res<RandomStreams>, mut rain: ResMut<Rain>| rain.0 = streams.draw(for_rain);
    let wind = move |streams: Res<RandomStreams>, mut wind: ResMut<Wind>| wind.0 = streams.draw(for_wind);
    match rain_first {
        true => game.schedule_mut().add_systems((rain, wind).chain().after(ScriptSystems::Step)),
        false => game.schedule_mut().add_systems((wind, rain).chain().after(ScriptSystems::Step)),
    };
    game
}

#[test]
fn a_stream_that_two_systems_share_is_found_and_one_for_each_passes() {
    // No detector finds it: both systems read the same resource, and the lock inside is its own affair.
    let shared = |first| move |setup: &Setup| weather(setup, ["weather", "weather"], first);
    let found = verified(shared(true), shared(false)).expect_err("each gets the number of the other");
    assert_eq!(blamed_value(&found), (1, "rain", ""));

    let own = |first| move |setup: &Setup| weather(setup, ["rain", "wind"], first);
    verified(own(true), own(false)).expect("the order makes no difference");
}

/// A chest that in frame 10 is filled by its script's own draw, and whether a moth was spawned before it.
fn attic(setup: &Setup, has_moth: bool, key: Option<u64>) -> WorldGame<()> {
    let mut game = world_game(setup);
    if has_moth {
        game.world_mut().spawn(Script::named("moth", async |_: Me| Ok(())));
    }
    let fill = Script::new(async |me: Me| {
        frames(9).await;
        me.with(|mut gold: Mut<Gold>| gold.0 = random())?;
        Ok(())
    });
    let fill = key.into_iter().fold(fill, Script::random_key);
    game.world_mut().hash_component::<Gold>("gold").spawn((ReplayKey::new("chest"), Gold(0), fill));
    game
}

#[test]
fn one_more_spawn_shifts_the_streams_behind_it_and_keyed_ones_pass() {
    // A moth more is another trace, as it should be; what is asked for here is the same gold.
    let same_world = |key| {
        let attic = |has_moth| move |setup: &Setup| attic(setup, has_moth, key);
        let recording = record(&Setup::new(7), Detail::Full, [(); FRAMES], attic(false)).expect("it can be recorded");
        Verify::new(recording).world_only().run(attic(true))
    };
    match same_world(None) {
        Err(VerifyError::Diverged(found)) => assert_eq!(blamed_value(&found), (10, "gold", "chest")),
        other => panic!("the chest's stream is another: {other:?}"),
    }
    same_world(Some(1)).expect("its stream follows from its key");
}
