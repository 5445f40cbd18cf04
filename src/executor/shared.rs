//! Of what is made what several threads touch: std's types, or loom's.
//!
//! The rule: registries, inboxes, wakers and hubs take their locks and atomics from here. The tests named
//! `interleavings` find loom's types in their place, and run again and again, in every order in which the threads
//! could have met, and with every value that a relaxed load could have given. In every other build these are std's
//! types by another path.
//!
//! The package `tests/interleavings` builds this source with loom and with `cfg(framestep_loom)`: so loom is no
//! dependency of ours, and no other package is built with a cfg that it has a meaning for.

#[cfg(all(test, framestep_loom))]
mod explored;
#[cfg(all(test, framestep_loom))]
pub(crate) use explored::*;

#[cfg(not(all(test, framestep_loom)))]
mod plain {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32};
    pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock};

    /// A static that several threads touch.
    macro_rules! shared_static {
        ($(#[$doc:meta])* static $name:ident: $of:ty = $value:expr;) => {
            $(#[$doc])*
            static $name: $of = $value;
        };
    }
    pub(crate) use shared_static;
}
#[cfg(not(all(test, framestep_loom)))]
pub(crate) use plain::*;
