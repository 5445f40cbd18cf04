//! What a run is built from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ReplayError;
use crate::executor::{Builder, Executor};

/// What a game is built from: the same setup builds the same game. It stands at the head of a recording.
///
/// ```
/// use framestep::replay::Setup;
///
/// let setup = Setup::new(7).with("map", "museum").with("players", 2);
/// assert_eq!(setup.option("players"), Some("2"));
/// let executor = setup.builder().build();
/// assert_eq!(executor.frame(), 0);
/// ```
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
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Setup { seed, ..Setup::default() }
    }

    /// Adds an option, in the place of one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.options.insert(name.into(), value.to_string());
        self
    }

    /// The value of an option.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// What the game's executor is to be built by: it has the seed and the shuffle, and keeps the trace.
    ///
    /// More can be said before it builds, such as the length of a step or the room for scripts.
    pub fn builder(&self) -> Builder {
        let builder = Executor::builder().seed(self.seed).trace(true);
        match self.shuffle {
            Some(seed) => builder.shuffle(seed),
            None => builder,
        }
    }

    /// Whether an executor was built by this setup.
    pub(crate) fn check(&self, executor: &Executor) -> Result<(), ReplayError> {
        let actual = executor.seed();
        if actual != self.seed {
            return Err(ReplayError::OtherSeed { expected: self.seed, actual });
        }
        let actual = executor.shuffle_seed();
        if actual != self.shuffle {
            return Err(ReplayError::OtherShuffle { expected: self.shuffle, actual });
        }
        Ok(())
    }
}
