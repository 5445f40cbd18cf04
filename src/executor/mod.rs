//! The executor: tasks, wakers, queues, clocks, and the frame that steps them.
//!
//! | file | idea |
//! |---|---|
//! | `frame` | one frame, in order: the eight steps |
//! | `quiet` | a step that finds nothing to do |
//! | `run`, `batch`, `rows` | step 6: the ready queue |
//! | `lifecycle` | spawn, wake, cancel, panic, and the stages of an end |
//! | `core` | the state that these work on |
//! | `lane`, `queue`, `waits` | ready queues and next-step lists; arming and taking back waits |
//! | `clock`, `wheel` | integer clocks and their timer wheels |
//! | `task`, `word`, `storage`, `waker` | the unsafe part: a task's slot, the memory of slots, wakers as handles |
//! | `key`, `registry`, `current` | names of tasks, inboxes for other threads, the executor at hand |
//! | `layout` | how large may be what many scripts have |
//! | `shared` | of what is made what several threads touch |
//! | `injector`, `mail`, `inlets` | what other threads hand in; where their values stand |
//! | `outside`, `arrivals` | what came from outside, recorded and replayed |
//! | `extra`, `kin` | what only some tasks have; who spawned whom |
//! | `hold` | tasks that stand still |
//! | `scopes` | the children of a scope |
//! | `script` | what a script can say without waiting |
//! | `fifo` | a queue from whose middle one can leave |
//! | `shuffle` | step 6 in another order |
//! | `random` | the tree of random streams |
//! | `trace`, `log`, `changes` | the hash over all changes, and who listens to them |
//! | `watch`, `watchdog` | what an executor is doing, and a thread that looks whether it gets on |
//! | `faults` | polls that panic for the sake of a test |
//! | `handle`, `builder`, `report`, `inspect` | what users hold and read |
//!
//! This layer knows only `Future` and `Waker`.

mod arrivals;
mod batch;
mod builder;
mod changes;
mod clock;
pub(crate) mod core;
#[expect(unsafe_code, reason = "the current executor is a plain pointer: every await reads it")]
pub(crate) mod current;
mod extra;
mod faults;
pub(crate) mod fifo;
mod frame;
mod handle;
mod hold;
mod injector;
mod inlets;
mod inspect;
mod key;
mod kin;
mod lane;
pub(crate) mod layout;
mod lifecycle;
mod log;
mod mail;
mod outside;
#[expect(unsafe_code, reason = "pushing to a queue costs a push")]
mod queue;
mod quiet;
mod random;
mod registry;
mod report;
mod rows;
mod run;
pub(crate) mod scopes;
mod script;
pub(crate) mod shared;
mod shuffle;
#[expect(unsafe_code, reason = "memory for futures of any size, in slots that never move")]
mod storage;
#[expect(unsafe_code, reason = "futures whose types are forgotten, in memory that outlives them")]
mod task;
mod trace;
mod waits;
#[expect(unsafe_code, reason = "a waker is made from parts")]
mod waker;
mod watch;
mod watchdog;
mod wheel;
mod word;

use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

pub use arrivals::Arrival;
pub use builder::Builder;
pub use changes::{Cause, ChangeKind, StepMark, TaskChange};
pub use handle::{JoinError, JoinHandle, SpawnLimit};
pub use injector::{Closed, Injector, injector};
pub use inspect::{Due, TaskInfo, TaskState, WaitInfo, WaitKind};
pub use key::TaskId;
pub use lane::Lane;
pub use random::{RandomStream, set_random_key};
pub use report::{FrameReport, Incident, IncidentKind};
pub use script::{current_frame, current_task, random, set_task_name, spawn, spawn_in};
pub use watch::{Stuck, StuckScript};

pub(crate) use clock::{ClockState, Deadline, nanos};
pub(crate) use inlets::InletKey;
pub(crate) use lane::{Stamp, StepWait};
#[cfg_attr(not(feature = "bevy_ecs"), expect(unused_imports, reason = "for the layer over an ECS"))]
pub(crate) use lifecycle::{drop_payload, message_of};
pub(crate) use mail::Post;
pub(crate) use outside::Codec;
#[cfg(feature = "replay")]
pub(crate) use random::mix;
pub(crate) use wheel::TimerKey;

use self::core::Core;

/// Runs async scripts one frame at a time.
///
/// A script is any `'static` future; it need not be `Send`. The game calls [`poll_once`](Self::poll_once)
/// once a frame: every script that is due is resumed, in a fixed order, and control comes back. Nothing
/// blocks, and once warm nothing allocates.
///
/// Dropping the executor cancels its scripts in order of their spawn numbers; see [`JoinHandle`] for what
/// remains. Dropped by a destructor or a waker that it runs, it ends when that is done. It stays on its thread, as do its scripts; wakers go anywhere.
///
/// ```
/// use framestep::{Executor, frames};
///
/// let mut executor = Executor::new();
/// let door = executor.spawn(async { frames(3).await; "open" });
/// while !door.is_finished() {
///     executor.poll_once();
/// }
/// assert_eq!(executor.frame(), 4);   // awaited in frame 1, over in frame 1 + 3
/// assert!(matches!(door.take_output(), Some(Ok("open"))));
/// ```
#[derive(Debug)]
pub struct Executor {
    core: Rc<Core>,
}

impl Default for Executor {
    fn default() -> Self {
        Self::new()
    }
}

impl Executor {
    /// An executor with the defaults of [`Builder`].
    ///
    /// # Panics
    /// As [`Builder::build`].
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An executor whose queues and timers have room for `tasks` scripts. See also [`Builder::slots`].
    #[must_use]
    pub fn with_capacity(tasks: usize) -> Self {
        Self::builder().capacity(tasks).build()
    }

    /// An executor to be configured.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a script in the main lane: it is first polled in the next step, behind all that is ready.
    ///
    /// A spawn beyond a limit, or without memory for its slot, is refused: then the future is dropped here, and the handle
    /// says so. A destructor that starts another of its kind whenever one is dropped so would never return; the end of an
    /// executor refuses all.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        spawn_on(&self.core, 0, future)
    }

    /// Starts a script in a lane.
    ///
    /// # Panics
    /// When the lane is another executor's.
    #[track_caller]
    pub fn spawn_in<F>(&self, lane: Lane, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.core.check_lane(lane);
        spawn_on(&self.core, lane.index, future)
    }

    /// One frame: advances the clocks by the builder's step, and runs every script that is due.
    ///
    /// The order within it is this crate's first promise; see the [crate's page](crate#one-frame-in-order).
    pub fn poll_once(&mut self) -> FrameReport {
        self.poll_once_with(self.core.default_step())
    }

    /// One frame of the given length.
    pub fn poll_once_with(&mut self, step: Duration) -> FrameReport {
        self.step_lane(self.main_lane(), step)
    }

    /// One step of a lane, of the given length. That of the main lane is a frame.
    ///
    /// # Panics
    /// When the lane is another executor's, and inside of a destructor or a waker that this executor runs between steps:
    /// that is a panic of theirs, which the executor reports.
    pub fn step_lane(&mut self, lane: Lane, step: Duration) -> FrameReport {
        self.core.check_lane(lane);
        let report = self.core.try_step(lane.index, nanos(step));
        report.expect("an executor isn't stepped by what it runs: let the destructor or hook that did it post a wish to the game loop")
    }

    /// The lane that `poll_once` steps.
    #[must_use]
    pub fn main_lane(&self) -> Lane {
        Lane { serial: self.core.serial(), index: 0 }
    }

    /// Adds a lane, with a clock of its own. Whoever adds a lane steps it, too.
    ///
    /// # Panics
    /// When there are 32 lanes already.
    #[must_use]
    pub fn add_lane(&self, name: &'static str) -> Lane {
        self.core.add_lane(name, self.core.capacity)
    }

    /// The frame last begun: 0 before the first.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.core.frame.get()
    }

    /// How many scripts have not ended.
    #[must_use]
    pub fn live(&self) -> usize {
        self.core.live.get() as usize
    }

    /// Whether a step would find nothing to do unless a clock reaches a deadline or another thread wakes
    /// something: the game may sleep until [`next_deadline`](Self::next_deadline) or an outside wake. Both
    /// speak of time in the main lane: who steps other lanes, with clocks of their own, asks those. That a script
    /// which is held is due is nothing to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.core.is_idle()
    }

    /// The shortest step of the main lane that makes a timer due; `None` when no step would. Those of driven
    /// clocks aren't among them: no step moves such a clock, but whoever drives it.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.core.next_deadline()
    }

    /// Cancels a script by its key, as [`JoinHandle::cancel`] does; `false` if it had ended.
    pub fn cancel(&self, id: TaskId) -> bool {
        self.core.cancel(id)
    }

    /// Holds a script: it isn't polled until [`unhold`](Self::unhold), and nothing that happens to it meanwhile is
    /// lost. `false` if it had ended.
    ///
    /// What it has spawned and what that has spawned, children of scopes and detached scripts alike, stands still
    /// along with it, also what it spawns later, unless it was set [on its own](JoinHandle::on_its_own). A script is held or not: to hold it again changes nothing, and it
    /// stands still as long as it is held or one that it descends from is. One that is being polled is held when
    /// that poll returns pending.
    ///
    /// Clocks go on, so its timers come due; wakes, releases and timers put it into its lane's ready queue when it
    /// goes on. Cancelling it ends it at once, as ever; a hold ends with the script that it was put on.
    /// To hold one that has spawned others takes a look at all live scripts.
    ///
    /// (A clock pauses and resumes, a script is resumed by each poll, and a step releases those that wait for it:
    /// so this has a word of its own.)
    ///
    /// ```
    /// let mut executor = framestep::Executor::new();
    /// let guard = executor.spawn(async { framestep::next_frame().await; "on patrol" });
    /// executor.poll_once();
    /// executor.hold(guard.id());
    /// executor.poll_once();
    /// executor.poll_once();
    /// assert!(!guard.is_finished());
    /// executor.unhold(guard.id());
    /// executor.poll_once();
    /// assert!(guard.is_finished());
    /// ```
    pub fn hold(&self, id: TaskId) -> bool {
        self.core.hold(id)
    }

    /// Lets a script that is held go on, with all that stands still for its sake; `false` if it had ended.
    ///
    /// Those that came due meanwhile are put at the back of their lanes' ready queues: first those that were due when
    /// they were held, in order of their spawn numbers, then the others in the order in which they were first woken.
    /// One that isn't held stays as it is.
    pub fn unhold(&self, id: TaskId) -> bool {
        self.core.unhold(id)
    }

    /// What a script is doing; `None` if it has ended.
    #[must_use]
    pub fn task_info(&self, id: TaskId) -> Option<TaskInfo> {
        self.core.info(id)
    }

    /// Shows every script that hasn't ended, in order of their spawn numbers.
    pub fn for_each_task(&self, mut show: impl FnMut(&TaskInfo)) {
        for task in self.core.live_tasks() {
            if let Some(info) = self.core.info(task) {
                show(&info);
            }
        }
    }

    /// What went wrong in the last step, by name: panics, scripts put off, lanes that nobody steps.
    #[must_use]
    pub fn incidents(&self) -> Vec<Incident> {
        self.core.last_incidents.borrow().clone()
    }

    /// The hash over every change of every script so far; 0 unless [`Builder::trace`] is on.
    #[must_use]
    pub fn trace_hash(&self) -> u64 {
        self.core.trace_hash()
    }

    /// A draw from the executor's own stream of random numbers, which no script draws from.
    #[must_use]
    pub fn random(&self) -> u64 {
        self.core.draw()
    }

    /// Calls `hook` at step 5 of every step of `lane`, behind those added before: where an outer layer
    /// checks its own waits, and wakes the wakers of those that are over.
    ///
    /// # Panics
    /// When the lane is another executor's.
    pub fn on_check(&self, lane: Lane, hook: impl Fn() + 'static) {
        self.core.check_lane(lane).checks.borrow_mut().push(Rc::new(hook));
    }

    pub(crate) fn core(&self) -> &Rc<Core> {
        &self.core
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.core.close();
    }
}

#[track_caller]
pub(crate) fn spawn_on<F>(core: &Core, lane: u8, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let site = Location::caller();
    let spawned = core.spawn(lane, future, site);
    let core = core.this.upgrade().expect("an executor that spawns is alive");
    JoinHandle::new(core, spawned, site)
}

/// Starts a child of a scope, in the lane of whoever runs.
pub(crate) fn spawn_on_scope<F>(
    core: &Core,
    scope: scopes::ScopeKey,
    branch: bool,
    future: F,
    site: &'static Location<'static>,
) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let spawned = if core.takes_children(scope, branch) {
        core.spawn(core.lane_here(), future, site)
    } else {
        Err(SpawnLimit::Scope)
    };
    if let Ok(task) = spawned {
        core.enter_scope(scope, task, branch);
    }
    let core = core.this.upgrade().expect("an executor that spawns is alive");
    JoinHandle::new(core, spawned, site)
}
