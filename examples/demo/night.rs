//! What a night is built from, and how that stands in a recording.
//!
//! Rule: a recording's setup says all of it, so that a recording alone is enough to play the night again; a map of your own
//! stands in it by its path.

use std::path::Path;

use framestep::replay::Setup;

use crate::{map::Museum, stage::Stage};

/// The options of a setup: that it is this scene at all, the path of a map of your own, the size of the crowd.
const SCENE: &str = "scene";
const MAP: &str = "map";
const CROWD: &str = "crowd";
const MUSEUM: &str = "museum";

/// The most visitors.
pub const MAX_CROWD: u32 = 2_000_000;

/// The setup of a night: the bundled map unless there is another.
pub fn setup(seed: u64, map: Option<&Path>, crowd: u32) -> Setup {
    let mut setup = Setup::new(seed).with(SCENE, MUSEUM);
    if let Some(path) = map {
        setup = setup.with(MAP, path.display());
    }
    if crowd > 0 {
        setup = setup.with(CROWD, crowd);
    }
    setup
}

/// The map and the crowd of a setup: what can be looked up once and built from many times.
#[derive(Clone, Debug)]
pub struct Night {
    pub museum: Museum,
    pub crowd: u32,
}

impl Night {
    /// Reads them; the error is one line.
    pub fn of(setup: &Setup) -> Result<Self, String> {
        if setup.option(SCENE) != Some(MUSEUM) {
            return Err("this is a recording of another game than the museum; replay it with the game it is of".into());
        }
        let museum = match setup.option(MAP) {
            Some(path) => Museum::load(Path::new(path)),
            None => Museum::bundled(),
        };
        let crowd = match setup.option(CROWD) {
            None => Some(0),
            Some(text) => text.parse().ok().filter(|crowd| *crowd <= MAX_CROWD),
        };
        let crowd = crowd.ok_or_else(|| format!("its crowd isn't a number up to {MAX_CROWD}; record it again"))?;
        Ok(Self { museum: museum.map_err(|problem| problem.to_string())?, crowd })
    }

    /// The stage before its first frame.
    pub fn stage(&self, setup: &Setup) -> Stage {
        Stage::new(self, setup)
    }
}
