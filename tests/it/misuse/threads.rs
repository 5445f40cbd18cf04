//! What stays on its thread, by its type.
//!
//! Rule: these hold or the file doesn't compile.

use framestep::{Executor, Injector, Inlet, InletSender, JoinHandle, Signal, TaskId};
use static_assertions::{assert_impl_all, assert_not_impl_any};

// Scripts need no `Send`, so whatever reaches them or their outputs has none.
assert_not_impl_any!(Executor: Send, Sync);
assert_not_impl_any!(JoinHandle<u8>: Send, Sync);
assert_not_impl_any!(Signal: Send, Sync);
assert_not_impl_any!(Inlet<u8>: Send, Sync);

// What hands in and what names goes anywhere.
assert_impl_all!(Injector: Send, Sync);
assert_impl_all!(InletSender<u8>: Send, Sync);
assert_impl_all!(TaskId: Send, Sync, Copy);
