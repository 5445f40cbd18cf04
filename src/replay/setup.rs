//! What a run is built from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a game is built from: the same setup builds the same game. It stands at the head of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Setup {
    /// The root of all random numbers.
    pub seed: u64,
    /// With a seed the order of what is ready at the same time is shuffled by it.
    pub shuffle: Option<u64>,
    /// Whatever else the game is built from, by name: a map, a number of players.
    pub options: BTreeMap<String, String>,
}

impl Setup {
    /// A setup of this seed, and no more.
    pub fn new(seed: u64) -> Self {
        Setup { seed, ..Setup::default() }
    }
}
