//! Who is measured: each file says how one crate does each work, as its own documents would have it.

pub mod defer;
pub mod floors;
pub mod flurx;
pub mod ours;
