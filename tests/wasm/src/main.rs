//! The demo's scene without a terminal, on whatever target this is built for: the trace hash of a run.
//!
//! The rule: every target prints the same line. The scene's files are the demo's own.

#![allow(dead_code, reason = "the scene's files are shared with a front end that uses more of them")]
#![allow(unreachable_pub, reason = "the scene's files are written to be shared by other front ends")]

#[path = "../../../examples/demo/acts.rs"]
mod acts;
#[path = "../../../examples/demo/grid.rs"]
mod grid;
#[path = "../../../examples/demo/map.rs"]
mod map;
#[path = "../../../examples/demo/night.rs"]
mod night;
#[path = "../../../examples/demo/scripts.rs"]
mod scripts;
#[path = "../../../examples/demo/stage.rs"]
mod stage;
#[path = "../../../examples/demo/systems.rs"]
mod systems;
#[path = "../../../examples/demo/world.rs"]
mod world;

use framestep::replay::Game;
use stage::{FRAME, Stage};
use world::Keys;

fn main() {
    let (frames, seed) = (1800, 7);
    let mut stage = Stage::build(&night::setup(seed, None, 0));
    for _ in 0..frames {
        stage.frame(&Keys::default(), FRAME);
    }
    println!("frames={frames} live={} trace={:016x}", stage.report().live, stage.trace_hash());
}
