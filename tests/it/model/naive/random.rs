//! Random numbers: a stream for each script, which follows from whose child it is, and which of the children.
//!
//! Rule: a script's seed is mixed of its spawner's seed (or the executor's) and how many children that had before
//! and with it; or, once it was given a key, of that and of its spawner's seed. A stream starts from its seed, and
//! anew with each key. The executor has a stream of its own, for all that is no script.

use super::*;

/// The root and the numbers that are split off it, of a script or of the executor.
pub(super) struct Streams {
    seed: u64,
    /// Children so far.
    children: u64,
    /// Where the stream stands, once it was drawn from.
    stands: Option<u64>,
    /// What a key is mixed with, from the first key on.
    root: Option<u64>,
}

impl Streams {
    pub(super) fn root(seed: u64) -> Self {
        Self { seed, children: 0, stands: None, root: None }
    }

    fn draw(&mut self) -> u64 {
        let mut dice = fastrand::Rng::with_seed(self.stands.unwrap_or_else(|| mix(self.seed, 0)));
        let drawn = dice.u64(..);
        self.stands = Some(dice.get_seed());
        drawn
    }
}

/// Folds a number into a seed: a folded product, as in wyhash.
fn mix(seed: u64, number: u64) -> u64 {
    let product = u128::from(seed ^ 0x9E37_79B9_7F4A_7C15) * u128::from(number ^ 0xD1B5_4A32_D192_ED03);
    (product as u64) ^ ((product >> 64) as u64) ^ seed.rotate_left(23)
}

/// Tells keys from counts.
const BY_KEY: u64 = 0x6A09_E667_F3BC_C909;

impl Naive {
    /// A script that was just spawned gets its seed.
    pub(super) fn split_stream(&mut self, script: ScriptNo) {
        let spawner = self.tasks[script].parent;
        let spawner = spawner.map_or(&mut self.streams, |spawner| &mut self.tasks[spawner].streams);
        spawner.children += 1;
        let seed = mix(spawner.seed, spawner.children);
        self.tasks[script].streams = Streams::root(seed);
    }

    /// Draws for the script that runs, or else for the executor.
    pub(crate) fn draw(&mut self) -> u64 {
        let streams = self.current.map_or(&mut self.streams, |script| &mut self.tasks[script].streams);
        streams.draw()
    }

    /// Lets the script that runs draw from the stream of a key.
    pub(crate) fn set_random_key(&mut self, key: u64) {
        let Some(script) = self.current else { return };
        let spawner = self.tasks[script].parent;
        let spawners_seed = spawner.map_or(self.streams.seed, |spawner| self.tasks[spawner].streams.seed);
        let streams = &mut self.tasks[script].streams;
        let root = *streams.root.get_or_insert(spawners_seed);
        streams.seed = mix(root ^ BY_KEY, key);
        streams.stands = None;
    }
}
