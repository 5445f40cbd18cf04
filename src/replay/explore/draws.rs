//! Random inputs: a stream of draws that follows from a run's seed alone.

/// The stream of random numbers that the inputs of a run are drawn from.
///
/// It follows from the seed alone, so all orders of a seed have the same inputs. All draws are made of 64-bit numbers,
/// and are the same on every target.
///
/// ```
/// use framestep::replay::Draws;
///
/// let mut draws = Draws::new(7);
/// let (die, is_late) = (draws.below(6) + 1, draws.one_in(100));
/// let mut again = Draws::new(7);
/// assert_eq!((again.below(6) + 1, again.one_in(100)), (die, is_late));
/// ```
#[derive(Clone, Debug)]
pub struct Draws(fastrand::Rng);

impl Draws {
    /// The stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Draws(fastrand::Rng::with_seed(fold(seed, 0x1A9F_0C55)))
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number below `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next_u64()) * u128::from(limit)) >> 64) as u64
    }

    /// `true` once in `count` times; never when that is 0.
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0 && count > 0
    }

    /// One of these, or `None` when there are none.
    pub fn pick<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        among.get(self.below(among.len() as u64) as usize)
    }
}

/// Folds `value` into `hash`.
pub(super) fn fold(hash: u64, value: u64) -> u64 {
    let product = u128::from(hash ^ 0xA076_1D64_78BD_642F) * u128::from(value ^ 0xE703_7ED1_A0B4_28DB);
    (product as u64) ^ ((product >> 64) as u64) ^ hash.rotate_left(29)
}
