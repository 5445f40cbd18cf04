//! What a script can say about itself without waiting: spawn, and ask.

use super::handle::JoinHandle;
use super::key::TaskId;
use super::lane::Lane;
use super::{current, spawn_on};

/// Starts a script from inside a script, in the same lane: it is first polled in this very step, behind
/// all that is ready. Its end and this script's are independent; see [`scope`](crate::scope) for children.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// executor.spawn(async {
///     let torch = framestep::spawn(async { "lit" });
///     assert_eq!(torch.await.unwrap(), "lit");
/// });
/// assert_eq!(executor.poll_once().completed, 2);
/// ```
///
/// # Panics
/// Outside of a script.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    current::with("spawn()", |core| spawn_on(core, core.lane_here(), future))
}

/// Starts a script from inside a script, in another lane.
///
/// # Panics
/// Outside of a script, and when the lane is another executor's.
#[track_caller]
pub fn spawn_in<F>(lane: Lane, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    current::with("spawn_in()", |core| {
        core.check_lane(lane);
        spawn_on(core, lane.index, future)
    })
}

/// The frame that is being stepped.
///
/// # Panics
/// Outside of a script.
#[must_use]
#[track_caller]
pub fn current_frame() -> u64 {
    current::with("current_frame()", |core| core.frame.get())
}

/// The key of the script that calls this; in a destructor that the executor runs, of none.
///
/// # Panics
/// Outside of a script.
#[must_use]
#[track_caller]
pub fn current_task() -> TaskId {
    current::with("current_task()", |core| core.current_key())
}

/// Names the script that calls this, for reports and inspection.
///
/// # Panics
/// Outside of a script.
#[track_caller]
pub fn set_task_name(name: &'static str) {
    current::with("set_task_name()", |core| {
        if let Some(slot) = core.current_slot() {
            core.set_name(slot, name);
        }
    });
}

/// A random number from this script's own stream.
///
/// The streams are a tree: a script's follows from the executor's seed, the script that spawned it, and
/// how many that one had spawned before. So it is the same on every run and every target, and one more
/// draw in one script changes nothing in another.
///
/// ```
/// let draw = |seed| {
///     let mut executor = framestep::Executor::builder().seed(seed).build();
///     let die = executor.spawn(async { framestep::random() % 6 + 1 });
///     executor.poll_once();
///     die.take_output().unwrap().unwrap()
/// };
/// assert_eq!(draw(7), draw(7));
/// ```
///
/// In a destructor that the executor runs it draws from the executor's own stream.
///
/// # Panics
/// Outside of a script.
#[must_use]
#[track_caller]
pub fn random() -> u64 {
    current::with("random()", |core| core.draw())
}
