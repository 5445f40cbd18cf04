//! The demo's recordings, played again on whatever target this is built for.
//!
//! The rule: every file in `assets/replays` is verified, and there is at least one. The scene's files are the demo's own.

#![cfg(test)]
#![allow(dead_code, reason = "the scene's files are shared with front ends that use more of them")]
#![allow(unreachable_pub, reason = "the scene's files are written to be shared by other front ends")]

/// The scene, as it lies in the demo's folder.
#[path = "../../../examples/demo"]
mod scene {
    pub mod acts;
    pub mod grid;
    pub mod map;
    pub mod night;
    pub mod scripts;
    pub mod stage;
    pub mod systems;
    pub mod world;
}

use std::fs;

use framestep::replay::verify;

// Its files name each other as those of one crate.
use scene::{acts, grid, map, night, scripts, stage, systems, world};
use stage::Stage;

#[test]
fn every_recording_replays() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/replays");
    let files = fs::read_dir(folder).expect("the folder is there").map(|file| file.expect("it can be listed").path());
    let mut recordings: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "replay")).collect();
    recordings.sort();
    assert!(!recordings.is_empty(), "there is nothing to verify in {folder}");
    for path in &recordings {
        println!("{}", path.display());
        verify(path, Stage::build);
    }
}
