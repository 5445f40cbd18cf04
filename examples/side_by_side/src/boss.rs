//! A boss with two phases: what is played against it, and how it must end.

pub mod bevy_defer;
pub mod framestep;

use std::time::Duration;

use bevy::prelude::*;

use crate::play::{Pair, Play};
use crate::scene::{Attack, Cast, Enraged, Health, Input, Thrown};

pub const HALF: i32 = 50;
pub const WIND_UP: Duration = Duration::from_millis(200);
pub const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(250)];
pub const ROAR: Duration = Duration::from_millis(300);
pub const STUN: Duration = Duration::from_millis(400);

pub const PAIR: Pair = Pair {
    name: "boss with two phases",
    framestep: include_str!("boss/framestep.rs"),
    bevy_defer: include_str!("boss/bevy_defer.rs"),
    starts: [|world, cast| framestep::start(world, cast.boss), |world, cast| bevy_defer::start(world, cast.boss)],
    plays: &[Play {
        inputs: &[
            (80, Input::StunBoss),
            (200, Input::HitBoss(30)),
            (230, Input::HitBoss(25)),
            (310, Input::StunBoss),
            (400, Input::HitBoss(25)),
            (410, Input::HitBoss(25)),
        ],
        frames: 450,
        end: "gone, rocks: 2, slams: 2",
    }],
    seen,
};

fn seen(world: &World, Cast { boss, .. }: Cast) -> String {
    let thrown = |kind| world.resource::<Thrown>().0.iter().filter(|&&thrown| thrown == kind).count();
    let thrown = format!("rocks: {}, slams: {}", thrown(Attack::Rock), thrown(Attack::Slam));
    match world.get::<Health>(boss) {
        Some(health) if world.get::<Enraged>(boss).is_some() => format!("{health:?} enraged, {thrown}"),
        Some(health) => format!("{health:?}, {thrown}"),
        None => format!("gone, {thrown}"),
    }
}
