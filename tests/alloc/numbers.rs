//! Room for the numbers of executors, which the process keeps for good.
//!
//! Rule: the list of numbers that were given back is shared by all threads, and grows on whichever gives one back. A
//! test that counts bytes makes room for all numbers that there are before, so that none is counted for it, whatever
//! runs beside.

use framestep::Executor;
use std::sync::Once;

/// Alive together: more than half of all numbers, as the list doubles; and more than that by what other tests may have
/// at the same time.
const ALIVE: usize = if cfg!(target_pointer_width = "64") { 600 } else { 6 };

/// Makes room, once: so many executors for each of several tests would be more than there are.
pub(crate) fn make_room() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop((0..ALIVE).map(|_| Executor::new()).collect::<Vec<_>>()));
}
