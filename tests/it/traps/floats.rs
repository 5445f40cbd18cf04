//! Floats: sums in another order, and maths that differ by platform.

use bevy_ecs::prelude::*;
use bevy_ecs::system::ScheduleSystem;
use framestep::ScriptSystems;
use framestep::replay::{HashWorld, ReplayKey, Setup, WorldGame};
use serde::Serialize;

use super::{blamed_value, verified, world_game};

#[derive(Component)]
struct Weight(f64);

#[derive(Component)]
struct Grams(i64);

/// On the scales, in kilograms and as thousandths.
#[derive(Resource, Default, Serialize)]
struct Scales(f64, i64);

/// Three crates on the scales, in this order.
fn scales<M>(setup: &Setup, order: [u64; 3], weigh: impl IntoScheduleConfigs<ScheduleSystem, M>) -> WorldGame<()> {
    let mut game = world_game(setup);
    let world = game.world_mut();
    world.hash_resource::<Scales>("scales").init_resource::<Scales>();
    for number in order {
        let grams = 100 * i64::try_from(number).expect("it is small");
        world.spawn((ReplayKey::numbered("crate", number), Weight(grams as f64 / 1000.0), Grams(grams)));
    }
    game.schedule_mut().add_systems(weigh.after(ScriptSystems::Step));
    game
}

fn weigh(crates: Query<&Weight>, mut scales: ResMut<Scales>) {
    scales.0 = crates.iter().map(|weight| weight.0).sum();
}

fn weigh_by_key(crates: Query<(&ReplayKey, &Weight)>, mut scales: ResMut<Scales>) {
    let mut crates: Vec<_> = crates.iter().collect();
    crates.sort_by(|a, b| a.0.cmp(b.0));
    scales.0 = crates.iter().map(|(_, weight)| weight.0).sum();
}

fn weigh_in_grams(crates: Query<&Grams>, mut scales: ResMut<Scales>) {
    scales.1 = crates.iter().map(|grams| grams.0).sum();
}

#[test]
fn a_sum_in_another_order_is_found_and_one_by_key_or_of_integers_passes() {
    let found = verified(|setup| scales(setup, [1, 2, 3], weigh), |setup| scales(setup, [3, 2, 1], weigh));
    let found = found.expect_err("0.1 + 0.2 + 0.3 isn't 0.3 + 0.2 + 0.1");
    assert_eq!(blamed_value(&found), (1, "scales", ""));
    assert_eq!(found.state[0].expected.as_deref(), Some("[0.6000000000000001,0]"));
    assert_eq!(found.state[0].actual.as_deref(), Some("[0.6,0]"));

    verified(|setup| scales(setup, [1, 2, 3], weigh_by_key), |setup| scales(setup, [3, 2, 1], weigh_by_key))
        .expect("they are added up in one order");
    verified(|setup| scales(setup, [1, 2, 3], weigh_in_grams), |setup| scales(setup, [3, 2, 1], weigh_in_grams))
        .expect("the order makes no difference");
}

#[derive(Component, Serialize)]
struct Bob(f64);

/// A lantern that swings by this sine, from frame 10 on.
fn lantern(sin: fn(f64) -> f64) -> impl Fn(&Setup) -> WorldGame<()> {
    move |setup| {
        let mut game = world_game(setup);
        game.world_mut().hash_component::<Bob>("bob").spawn((ReplayKey::new("lantern"), Bob(0.0)));
        let swing = move |mut bobs: Query<&mut Bob>, mut frame: Local<u32>| {
            *frame += 1;
            let angle = f64::from(frame.saturating_sub(9)) * 0.1;
            bobs.iter_mut().for_each(|mut bob| bob.0 = sin(angle));
        };
        game.schedule_mut().add_systems(swing.after(ScriptSystems::Step));
        game
    }
}

#[test]
fn a_sine_of_another_platform_is_found_and_that_of_libm_passes() {
    // The last bit of a result is what platforms differ in.
    let elsewhere = |angle: f64| f64::from_bits(angle.sin().to_bits() ^ u64::from(angle > 0.0));
    let found = verified(lantern(f64::sin), lantern(elsewhere)).expect_err("a bit is another");
    assert_eq!(blamed_value(&found), (10, "bob", "lantern"));
    verified(lantern(libm::sin), lantern(libm::sin)).expect("it is the same code");
}

#[test]
fn libm_gives_these_bits_on_every_target() {
    let bits = |value: f64| value.to_bits();
    let all =
        [libm::sin(0.1), libm::cos(2.5), libm::tan(1e6), libm::exp(1.5), libm::pow(1.1, 60.0), libm::atan2(1.0, 3.0)];
    let expected = [
        0x3fb9_8eae_cb8b_cb2c,
        0xbfe9_a2f7_ef85_8b7d,
        0xbfd7_e976_8ab7_34c0,
        0x4011_ed3f_e64f_c541,
        0x4073_07b4_cba9_edb8,
        0x3fd4_978f_a326_9ee1,
    ];
    assert_eq!(all.map(bits), expected);
}
