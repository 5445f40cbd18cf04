//! Patrol with an interrupt: what it plays, and how it must end.

pub mod bevy_defer;
pub mod framestep;

use std::time::Duration;

use bevy::prelude::*;

use crate::play::{Pair, Play};
use crate::scene::{Cast, Health, Input, Place, Staggered};

pub const POSTS: [f32; 2] = [0.0, 4.0];
pub const STEP: Duration = Duration::from_millis(100);
pub const REST: Duration = Duration::from_millis(500);
pub const STAGGER: Duration = Duration::from_millis(250);

pub const PAIR: Pair = Pair {
    name: "patrol with an interrupt",
    framestep: include_str!("patrol/framestep.rs"),
    bevy_defer: include_str!("patrol/bevy_defer.rs"),
    starts: [|world, cast| framestep::start(world, cast.guard), |world, cast| bevy_defer::start(world, cast.guard)],
    // Hit twice; and gone while it walks.
    plays: &[
        Play {
            inputs: &[(75, Input::HitGuard(10)), (160, Input::HitGuard(5))],
            frames: 260,
            end: "Place(0.0) Health(15) walks",
        },
        Play { inputs: &[(75, Input::HitGuard(10)), (120, Input::RemoveGuard)], frames: 200, end: "gone" },
    ],
    seen,
};

fn seen(world: &World, Cast { guard, .. }: Cast) -> String {
    let (Some(place), Some(health)) = (world.get::<Place>(guard), world.get::<Health>(guard)) else {
        return "gone".to_string();
    };
    let doing = if world.get::<Staggered>(guard).is_some() { "reels" } else { "walks" };
    format!("{place:?} {health:?} {doing}")
}
