//! How large may be what many scripts have.
//!
//! The rule: a size here is a promise of speed, and nothing unsafe rests on it. So where layouts are drawn at random, to
//! show that nothing rests on those either, sizes aren't asked for.

/// Whether a type takes no more than so many bytes.
pub(crate) const fn fits<T>(bytes: usize) -> bool {
    cfg!(framestep_random_layout) || size_of::<T>() <= bytes
}
