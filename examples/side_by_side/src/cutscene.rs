//! Cutscene with skip: what it plays, and how it must end.

pub mod bevy_defer;
pub mod framestep;

use std::time::Duration;

use bevy::prelude::*;

use crate::play::{Pair, Play};
use crate::scene::{Cast, Door, Input, Overlay, Place};

pub const AT_DOOR: f32 = 10.0;
pub const PAN: Duration = Duration::from_millis(400);
pub const LINE: Duration = Duration::from_millis(600);

const END: &str = "door open, Overlay { letterbox: false, subtitle: None }, camera at Place(0.0)";

pub const PAIR: Pair = Pair {
    name: "cutscene with skip",
    framestep: include_str!("cutscene/framestep.rs"),
    bevy_defer: include_str!("cutscene/bevy_defer.rs"),
    starts: [framestep::start, bevy_defer::start],
    // Seen to its end; skipped while the camera is on its way, and while a line is said.
    plays: &[
        Play { inputs: &[], frames: 250, end: END },
        Play { inputs: &[(20, Input::Skip)], frames: 250, end: END },
        Play { inputs: &[(60, Input::Skip)], frames: 250, end: END },
    ],
    seen,
};

/// What every cutscene leaves behind.
pub fn leave(world: &mut World, cast: Cast) {
    *world.resource_mut::<Overlay>() = Overlay::default();
    if let Some(mut door) = world.get_mut::<Door>(cast.door) {
        door.is_open = true;
    }
    if let Some(mut place) = world.get_mut::<Place>(cast.camera) {
        place.0 = 0.0;
    }
}

/// The camera is told of at the end alone: on its way one side adds up seconds in `f32`, and the other doesn't.
fn seen(world: &World, cast: Cast) -> String {
    let door = if world.get::<Door>(cast.door).is_some_and(|door| door.is_open) { "open" } else { "shut" };
    let overlay = world.resource::<Overlay>();
    match world.get::<Place>(cast.camera) {
        Some(camera) if !overlay.letterbox => format!("door {door}, {overlay:?}, camera at {camera:?}"),
        _ => format!("door {door}, {overlay:?}"),
    }
}
