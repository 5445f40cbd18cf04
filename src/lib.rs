//! Async game scripts, stepped one frame at a time.
mod executor;
mod sync;
mod time;

pub use executor::*;
pub use sync::*;
pub use time::*;
