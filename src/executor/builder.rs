//! What an executor can be told before it starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Executor;
use super::core::{Core, Settings};
use super::watch::Stuck;

/// Configures an [`Executor`].
///
/// ```
/// use std::time::Duration;
///
/// let mut executor = framestep::Executor::builder()
///     .capacity(10_000)                       // room in queues and timers
///     .slots(256, 10_000)                     // ten thousand futures of up to 256 bytes
///     .step(Duration::from_nanos(1_000_000_000 / 30))
///     .seed(42)
///     .build();
/// executor.poll_once();
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct Builder(Settings);

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("step", &self.0.step).field("seed", &self.0.seed).finish_non_exhaustive()
    }
}

impl Default for Builder {
    fn default() -> Self {
        Builder(Settings {
            capacity: 0,
            slots: Vec::new(),
            step: Duration::from_nanos(16_666_667),
            script_polls: 1_000,
            frame_polls: 10_000_000,
            max_tasks: usize::MAX,
            seed: 0,
            shuffle: None,
            trace: false,
            on_outside_wake: None,
            watchdog: None,
            first_frame: 0,
            first_generation: 1,
            first_spawn: 0,
        })
    }
}

impl Builder {
    /// Makes room for this many scripts in the queues and in the timer wheels.
    pub fn capacity(mut self, tasks: usize) -> Self {
        self.0.capacity = tasks;
        self
    }

    /// Makes slots for `count` futures that take, with their outputs, up to `size` bytes each. Slots are
    /// otherwise made when a spawn first needs one, in blocks; sizes are rounded up, so futures of about
    /// the same size share slots. May be called for several sizes.
    pub fn slots(mut self, size: usize, count: usize) -> Self {
        self.0.slots.push((size, count));
        self
    }

    /// How far a plain `poll_once` advances the clocks: 16,666,667 ns unless set.
    pub fn step(mut self, step: Duration) -> Self {
        self.0.step = step;
        self
    }

    /// How often one script may be polled in one step before it is put off to the next: 1,000 unless set,
    /// at least 1. A script spawned within a step starts with the count of the one that spawned it, or whose end did.
    pub fn script_polls(mut self, polls: u32) -> Self {
        self.0.script_polls = polls.max(1);
        self
    }

    /// How many polls one step may have before all else is put off: ten million unless set, at least 1.
    pub fn frame_polls(mut self, polls: u64) -> Self {
        self.0.frame_polls = polls.max(1);
        self
    }

    /// How many scripts may be alive at once; a spawn beyond is refused.
    pub fn max_tasks(mut self, tasks: usize) -> Self {
        self.0.max_tasks = tasks;
        self
    }

    /// The root of all random numbers that scripts draw: 0 unless set.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Shuffles the order of what is ready at the same time, by this seed: for those who want to know whether their
    /// game depends on an order that it didn't ask for. Off unless asked for.
    ///
    /// Whenever a script is to be polled, any of those that are ready may be next, each as likely, also those that
    /// are woken meanwhile; and timers of one clock with equal deadlines fire in any order. All else that is promised
    /// holds: every script that is ready is polled in that step, once for however many wakes came before; chains of wakes
    /// are free; what was put off runs first in the next step. The same seeds give the same run, and the trace hash
    /// starts from both.
    pub fn shuffle(mut self, seed: u64) -> Self {
        self.0.shuffle = Some(seed);
        self
    }

    /// Keeps a hash over every change of every script: [`Executor::trace_hash`].
    pub fn trace(mut self, on: bool) -> Self {
        self.0.trace = on;
        self
    }

    /// Called when something is posted from another thread, or handed in by an [`Injector`](crate::Injector) or
    /// the sender of an [`Inlet`](crate::Inlet), while nothing else waits to be collected, by the thread that does it: the place to unpark a game loop that sleeps while it is idle.
    ///
    /// No lock is held meanwhile, so it may hand in, and on the executor's thread between steps even step. A panic in it is
    /// one of whoever hands in or wakes, and what was handed in stands there all the same.
    pub fn on_outside_wake(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.0.on_outside_wake = Some(Arc::new(hook));
        self
    }

    /// Has a thread look whether this executor gets on: what hasn't for `limit` is told to `on_stuck`, once, by name and
    /// spawn site. Not watched unless asked for.
    ///
    /// A script that never returns from a poll (an endless loop, also one whose awaits are all over at once; a lock that is never free, a blocking read) holds up the
    /// whole game, and nothing can take it off the stack. But somebody can say which one it is. Watched is all that
    /// runs in a step: polls with what they bring about, and conditions, wakers, hooks and what was handed in. What runs
    /// outside of steps isn't.
    ///
    /// `on_stuck` is called on the watchdog's thread, while the executor's is still at it; in the meantime that thread looks
    /// at nothing else. One whose poll returns after all goes on as if nothing had been said. When the executor is dropped,
    /// `on_stuck` is dropped with it, or as soon as a call of it has returned.
    ///
    /// One thread looks at all executors of a process, four times within the shortest limit, but not more than once in a
    /// millisecond; what is told comes up to two looks late. What it looks at is written down beside the scripts: nothing of
    /// their order, their hashes or a replay changes. Watched scripts are polled one by one and not in rows, and each poll
    /// takes a lock that only those looks ever contend for: meant for development. Where there are no threads nothing is
    /// watched.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (told, stuck) = std::sync::mpsc::channel();
    /// let (let_go, blocks) = std::sync::mpsc::channel();
    /// let mut executor = framestep::Executor::builder()
    ///     .watchdog(Duration::from_millis(10), move |stuck| {
    ///         told.send(*stuck).unwrap();
    ///         let_go.send(()).unwrap();
    ///     })
    ///     .build();
    /// drop(executor.spawn(async move { blocks.recv().unwrap() }).named("reader"));
    /// executor.poll_once();                        // hangs, until the watchdog ends that
    /// assert_eq!(stuck.recv().unwrap().script.unwrap().name, "reader");
    /// ```
    pub fn watchdog(mut self, limit: Duration, on_stuck: impl Fn(&Stuck) + Send + Sync + 'static) -> Self {
        self.0.watchdog = Some((limit, Arc::new(on_stuck)));
        self
    }

    /// Starts the counters here, so that tests reach their ends.
    #[doc(hidden)]
    pub fn start_at(mut self, frame: u64, generation: u32) -> Self {
        self.0.first_frame = frame;
        self.0.first_generation = generation.clamp(1, super::key::MAX_GENERATION);
        self
    }

    /// Counts spawns from here on, so that tests reach what comes after many.
    #[doc(hidden)]
    pub fn start_spawns_at(mut self, spawns: u64) -> Self {
        self.0.first_spawn = spawns;
        self
    }

    /// Makes the executor.
    ///
    /// # Panics
    /// When as many executors are alive in the process as its keys can tell apart: 1,024, and 8 on
    /// 32-bit targets.
    #[must_use]
    pub fn build(self) -> Executor {
        Executor { core: Core::new(self.0) }
    }
}
