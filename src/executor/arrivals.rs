//! What came from outside, as a recording keeps it.

use std::sync::Arc;

/// One thing that a step took in at its step 2, in a form that can be kept and given again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrival {
    /// A script was woken by another thread; it is named by its spawn number.
    Wake(u64),
    /// A value for a recorded inlet: the inlet's name, how many of that name were opened before it, the value's bytes.
    Value(Arc<str>, u32, Vec<u8>),
    /// The last sender of a recorded inlet went.
    LastSent(Arc<str>, u32),
    /// Something that can't be kept: a closure or a future, by the place where it was handed in, and what came to an
    /// inlet that isn't recorded, by the place where that was opened.
    Unkept(Arc<str>),
    /// An asset was there, by its path.
    Asset(Arc<str>),
}
