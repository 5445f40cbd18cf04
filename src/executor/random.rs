//! Random numbers: a tree of streams, one for each script, and streams by name for all else.
//!
//! The rule: a stream follows from the executor's seed and from names that are the same on every run: whose child a
//! script is and which of its children, or the key that it was given; the name of a system's stream. So one more
//! draw, or one more spawn under a key, moves no other stream. Only 64-bit draws are taken, since those
//! of other widths differ between targets.

use std::fmt;

use super::core::Core;
use super::extra::Extra;
use super::key::TaskId;
use super::task::{NO_INDEX, Slot};
use super::{Executor, current};

/// Folds `value` into `hash`: how seeds are split, and the trace hash is made of its sums.
#[inline]
pub(crate) const fn mix(hash: u64, value: u64) -> u64 {
    // One round of a folded 64 x 64 bit multiplication, as in wyhash; the constants are odd and random.
    let product = (hash ^ 0x9E37_79B9_7F4A_7C15) as u128 * (value ^ 0xD1B5_4A32_D192_ED03) as u128;
    (product as u64) ^ ((product >> 64) as u64) ^ hash.rotate_left(23)
}

/// Tells what is split off by a key from what is split off by counting.
const BY_KEY: u64 = 0x6A09_E667_F3BC_C909;
const BY_NAME: u64 = 0xBB67_AE85_84CA_A73B;

/// A draw from a stream; where the stream stands after it.
#[inline]
fn draw(stream: u64) -> (u64, u64) {
    let mut rng = fastrand::Rng::with_seed(stream);
    (rng.u64(..), rng.get_seed())
}

/// A stream of random numbers by name, for systems and whatever else is no script; given by
/// [`Executor::random_stream`].
///
/// It follows from the executor's seed and the name alone, on every run and target. Its draws are no part of the
/// trace hash.
///
/// ```
/// use framestep::{Executor, RandomStream};
///
/// let executor = Executor::builder().seed(7).build();
/// let mut weather = executor.random_stream("weather");
/// let rain = weather.next_u64() % 100 < 30;
/// # let _ = rain;
/// assert_eq!(executor.random_stream("weather"), RandomStream::new(7, "weather"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RandomStream {
    stream: u64,
}

impl fmt::Debug for RandomStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RandomStream").field("stream", &format_args!("{:016x}", self.stream)).finish()
    }
}

impl RandomStream {
    /// The stream of this name in a run of this seed.
    #[must_use]
    pub fn new(seed: u64, name: &str) -> Self {
        let fold = |hash, bytes: &[u8]| {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            mix(hash, u64::from_le_bytes(word))
        };
        let stream = name.as_bytes().chunks(8).fold(mix(seed ^ BY_NAME, name.len() as u64), fold);
        RandomStream { stream }
    }

    /// The next draw: any 64-bit number, each as likely.
    pub fn next_u64(&mut self) -> u64 {
        let (value, stream) = draw(self.stream);
        self.stream = stream;
        value
    }

    /// A number below `bound`, each as likely but for one part in 2^64 / `bound`; 0 below 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(bound)) >> u64::BITS) as u64
    }
}

impl Executor {
    /// The stream of random numbers of this name, from its start: for systems, and whatever else is no script.
    #[must_use]
    pub fn random_stream(&self, name: &str) -> RandomStream {
        RandomStream::new(self.core().seed, name)
    }

    /// The root of all random numbers: what [`Builder::seed`](crate::Builder::seed) set.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.core().seed
    }
}

/// Lets the script that calls this draw from the stream of `key`, in the place of its own: one that follows from
/// `key` and whoever spawned the script, and not from how many that one had spawned before.
///
/// So a script of which there is one for each of something (a monster's number, a room's) draws the same
/// numbers whichever others were spawned. Siblings with the same key draw the same numbers. The stream starts anew
/// here; those of the scripts that it spawns from now on follow from it. See also
/// [`JoinHandle::random_key`](crate::JoinHandle::random_key).
///
/// ```
/// use framestep::{Executor, random, set_random_key};
///
/// let mut executor = Executor::new();
/// let [one, other] = [0, 1].map(|_| executor.spawn(async {
///     set_random_key(4);
///     random()
/// }));
/// executor.poll_once();
/// assert_eq!(one.take_output().unwrap().unwrap(), other.take_output().unwrap().unwrap());
/// ```
///
/// # Panics
/// Outside of a script.
#[track_caller]
pub fn set_random_key(key: u64) {
    current::with("set_random_key()", |core| {
        if let Some(slot) = core.current_slot() {
            core.set_random_key_of(slot, key);
        }
    });
}

impl Core {
    /// A draw from the running script's stream, or from the executor's own outside of scripts.
    pub(crate) fn draw(&self) -> u64 {
        let Some(slot) = self.current_slot() else {
            let (value, stream) = draw(self.random.get());
            self.random.set(stream);
            self.record_draw(0, value);
            return value;
        };
        let value = self.extra(slot, |extra| {
            let (value, stream) = draw(extra.random.unwrap_or_else(|| mix(slot.cold().seed.get(), 0)));
            extra.random = Some(stream);
            value
        });
        self.record_draw(slot.cold().number.get(), value);
        value
    }

    /// Gives a task the stream of a key.
    pub(crate) fn set_random_key(&self, task: TaskId, key: u64) {
        if let Some(slot) = self.find(task).filter(|slot| slot.header().is_live()) {
            self.set_random_key_of(slot, key);
        }
    }

    fn set_random_key_of(&self, slot: Slot<'_>, key: u64) {
        let (known, kin) = self.extra(slot, |extra| (extra.root, extra.kin));
        let spawner = |kin: u32| self.extras.borrow().get(kin as usize).map(|extra: &Extra| extra.seed);
        let root = known.or_else(|| if kin == NO_INDEX { None } else { spawner(kin) }).unwrap_or(self.seed);
        let seed = mix(root ^ BY_KEY, key);
        slot.cold().seed.set(seed);
        self.extra(slot, |extra| {
            extra.root = Some(root);
            extra.seed = seed;
            extra.random = None;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_numbers_are_the_same_on_every_target() {
        // What recordings rest on: a change here is a break with those made before it.
        let mixed = [(0, 0), (0, 1), (1, 0), (7, 3), (u64::MAX, u64::MAX)].map(|(hash, value)| mix(hash, value));
        let expected = [
            15_477_614_707_873_327_427,
            4_071_871_267_910_722_897,
            288_448_936_169_681_991,
            9_660_721_846_126_831_224,
            2_984_988_964_687_532_740,
        ];
        assert_eq!(mixed, expected);
    }
}
