//! The fingerprint of the random stream.
//!
//! The rule: a recording is replayed only where the same seed draws the same numbers. `fastrand`'s stream has changed in
//! a minor release before, and how seeds are split is this crate's own.

use crate::executor::mix;

/// Tells streams of random numbers apart: draws of a fixed seed and of two streams split from it, folded.
///
/// It stands in every recording; a recording of another fingerprint is refused.
pub fn fingerprint() -> u64 {
    let seed = 0x6672_616D_6573_7465;
    let mut hash = 0;
    for stream in [seed, mix(seed, 0), mix(seed, 1)] {
        let mut random = fastrand::Rng::with_seed(stream);
        for _ in 0..16 {
            hash = mix(hash, random.u64(..));
        }
    }
    hash
}
