//! Sweeps over seeds, on all cores: many runs of a game, and a short code for each that fails.
//!
//! The rule: a run follows from its code alone, and what a sweep found from its runs alone, never from how they were
//! spread over threads and processes.
//!
//! | file | idea |
//! |---|---|
//! | `play` | one run |
//! | `panics` | panics of a run, with their places |
//! | `draws` | random inputs |
//! | `code` | a run as a string |
//! | `shard` | a part of a sweep |
//! | `found` | what was found |
//!
//! Left out on purpose: a sweep doesn't stop at its first failure, since which that is would be up to the threads.

mod code;
mod draws;
mod found;
mod panics;
mod play;
mod shard;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use code::{RunCode, RunCodeError};
pub use draws::Draws;
pub use found::{Failure, Fault, Found, OrderDependence};
pub use shard::{Shard, ShardError};

use self::play::{End, first_difference, run};
use super::game::Game;
use super::setup::Setup;

type Build<'a, G> = Box<dyn Fn(&Setup) -> G + Sync + 'a>;
type Input<'a, I> = Box<dyn Fn(u64, &mut Draws) -> I + Sync + 'a>;
type Check<'a, G> = Box<dyn Fn(&mut G, u64) -> Result<(), String> + Sync + 'a>;
type State<'a, G> = Box<dyn Fn(&mut G) -> u64 + Sync + 'a>;

/// Plays a game with many seeds, and with many orders of what is ready at the same time, and tells which runs failed.
///
/// A run fails when the game, its input or its check panics, when a script panics or, on entities, returns an error,
/// and when the check says no. It ends there, and its [`RunCode`] plays it again. Games are built on the thread that
/// plays them, so they need no `Send`; a thread has one or two at a time.
///
/// While a run is played, panics on its thread are noted with their places and not printed. For that a panic hook is
/// put in front of the process's, which hears of all other panics as before.
///
/// ```
/// use std::time::Duration;
///
/// use framestep::replay::{Explore, Game, Setup};
/// use framestep::{Executor, next_frame, random};
///
/// /// Dice that are thrown once a frame.
/// struct Dice(Executor);
///
/// impl Game for Dice {
///     type Input = ();
///     fn frame(&mut self, _: &(), step: Duration) {
///         self.0.poll_once_with(step);
///     }
///     fn executor(&self) -> &Executor {
///         &self.0
///     }
/// }
///
/// fn dice(setup: &Setup) -> Dice {
///     let executor = setup.builder().build();
///     executor.spawn(async {
///         loop {
///             assert_ne!(random() % 1000, 0, "the die fell off the table");
///             next_frame().await;
///         }
///     });
///     Dice(executor)
/// }
///
/// let explore = Explore::new(dice).seeds(0..50).frames(60);
/// let found = explore.run();
/// assert_eq!(found.runs(), 50);
/// let failure = found.failures().next().expect("3,000 throws are enough");
/// assert!(failure.message.contains("the die fell off the table"));
///
/// let again = explore.replay(failure.code)?;
/// assert_eq!(again.failures().next(), Some(failure));
/// # Ok::<(), framestep::replay::RunCodeError>(())
/// ```
pub struct Explore<'a, G: Game> {
    build: Build<'a, G>,
    input: Input<'a, G::Input>,
    check: Option<Check<'a, G>>,
    state: Option<State<'a, G>>,
    options: BTreeMap<String, String>,
    seeds: Range<u64>,
    shuffles: u32,
    frames: u64,
    step: Duration,
    compares_orders: bool,
    shard: Shard,
    threads: usize,
    has_progress: bool,
}

impl<'a, G: Game> Explore<'a, G> {
    /// A sweep over seeds 0 to 99 of the game that this builds, of a minute each, with default inputs.
    pub fn new(build: impl Fn(&Setup) -> G + Sync + 'a) -> Self
    where
        G::Input: Default,
    {
        Self::with_input(build, |_, _| G::Input::default())
    }

    /// The same with inputs that have no default; see [`input`](Self::input).
    pub fn with_input(
        build: impl Fn(&Setup) -> G + Sync + 'a,
        input: impl Fn(u64, &mut Draws) -> G::Input + Sync + 'a,
    ) -> Self {
        Explore {
            build: Box::new(build),
            input: Box::new(input),
            check: None,
            state: None,
            options: BTreeMap::new(),
            seeds: 0..100,
            shuffles: 0,
            frames: 3600,
            step: Duration::from_nanos(16_666_667),
            compares_orders: false,
            shard: Shard::WHOLE,
            threads: 0,
            has_progress: false,
        }
    }

    /// What the player does in a frame, counted from 1, drawn at random from the seed.
    #[must_use]
    pub fn input(mut self, input: impl Fn(u64, &mut Draws) -> G::Input + Sync + 'a) -> Self {
        self.input = Box::new(input);
        self
    }

    /// Looks at the game after each frame, counted from 1; an error fails the run.
    #[must_use]
    pub fn check(mut self, check: impl Fn(&mut G, u64) -> Result<(), String> + Sync + 'a) -> Self {
        self.check = Some(Box::new(check));
        self
    }

    /// A hash of what counts about the state of a game, for [`compare_orders`](Self::compare_orders) and the number of
    /// different ends. Where this isn't set, it is the hash of what is registered in the game's world.
    #[must_use]
    pub fn state(mut self, state: impl Fn(&mut G) -> u64 + Sync + 'a) -> Self {
        self.state = Some(Box::new(state));
        self
    }

    /// Sets an option of the [`Setup`] that games are built from. It is part of the options whose hash is in a code.
    #[must_use]
    pub fn option(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.insert(name.into(), value.into());
        self
    }

    /// The seeds: 0 to 99 unless set.
    #[must_use]
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        self.seeds = seeds;
        self
    }

    /// How many shuffled orders of equals are played beside the plain one: none unless set. Their seeds are in
    /// [`Setup::shuffle`], which [`Setup::builder`] hands to the executor.
    #[must_use]
    pub fn shuffles(mut self, orders: u32) -> Self {
        self.shuffles = orders;
        self
    }

    /// How many frames a run has: 3,600 unless set.
    #[must_use]
    pub fn frames(mut self, frames: u64) -> Self {
        self.frames = frames;
        self
    }

    /// How long a frame is: 16,666,667 ns unless set.
    #[must_use]
    pub fn step(mut self, step: Duration) -> Self {
        self.step = step;
        self
    }

    /// Asks whether the game depends on the order of what is ready at the same time: of each seed, the state at the end
    /// of each shuffled order is compared with that of the plain one. There is at least one.
    ///
    /// Where they differ, both are played again side by side to find the first frame that does.
    #[must_use]
    pub fn compare_orders(mut self) -> Self {
        self.compares_orders = true;
        self
    }

    /// Plays one part of the seeds; see [`Shard`].
    #[must_use]
    pub fn shard(mut self, shard: Shard) -> Self {
        self.shard = shard;
        self
    }

    /// How many threads play: as many as there are cores unless set.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Shows a progress bar on stderr, where that is a terminal.
    #[must_use]
    pub fn progress(mut self, on: bool) -> Self {
        self.has_progress = on;
        self
    }

    /// Plays all runs, and tells what was found.
    ///
    /// # Panics
    /// When the system doesn't start the threads.
    #[must_use = "what was found is only told here"]
    pub fn run(&self) -> Found {
        let Range { start, end } = self.seeds;
        let count = end.saturating_sub(start);
        let bar = self.bar(self.shard.share_of(count));
        let failed = AtomicUsize::new(0);
        let play = |place: u64| {
            let found = self.play_seed(start + place);
            let news = found.failures().count() + found.order_dependences().count();
            if news > 0 {
                let all = failed.fetch_add(news, Ordering::Relaxed) + news;
                bar.set_message(format!("{all} found"));
            }
            bar.inc(1);
            found
        };
        let sweep = || {
            let places = (0..count).into_par_iter().filter(|place| self.shard.holds(*place));
            places.fold(Found::default, |found, place| found.merge(play(place))).reduce(Found::default, Found::merge)
        };
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).build();
        let found = pool.expect("the system starts a thread for each core").install(sweep);
        bar.finish_and_clear();
        found
    }

    /// Plays the run of a code again, and tells what was found in it. Panics are printed.
    ///
    /// # Errors
    /// When the code was found with other options than this sweep has.
    pub fn replay(&self, code: RunCode) -> Result<Found, RunCodeError> {
        self.replay_with(code, |_, _| ())
    }

    /// The same; `look` sees the game after each frame, to print what it likes.
    ///
    /// # Errors
    /// When the code was found with other options than this sweep has.
    pub fn replay_with(&self, code: RunCode, look: impl FnMut(&mut G, u64)) -> Result<Found, RunCodeError> {
        let here = self.options_hash();
        if code.options != here {
            return Err(RunCodeError::Options { code: code.options, here });
        }
        let mut found = Found::default();
        let Some(end) = taken_in(&mut found, code, run(self, code, true, look)) else { return Ok(found) };
        if self.compares_orders && code.order > 0 {
            let plain = RunCode { order: 0, ..code };
            if let Some(plain) = taken_in(&mut found, plain, run(self, plain, false, |_, _| ())) {
                let differ = u32::from(plain.state != end.state);
                self.tell_order(&mut found, Some(code).filter(|_| differ > 0), differ, 1);
            }
        }
        Ok(found)
    }

    /// What the game of a run is built from.
    #[must_use]
    pub fn setup_of(&self, code: RunCode) -> Setup {
        let shuffle = (code.order > 0).then(|| draws::fold(code.seed, u64::from(code.order)));
        Setup { seed: code.seed, shuffle, options: self.options.clone() }
    }

    /// The code of a run of this sweep.
    #[must_use]
    pub fn code(&self, seed: u64, order: u32) -> RunCode {
        RunCode { seed, order, frames: self.frames, options: self.options_hash() }
    }

    /// Plays all orders of a seed.
    fn play_seed(&self, seed: u64) -> Found {
        let mut found = Found::default();
        let mut plain = None;
        let (mut first, mut differ, mut compared) = (None, 0, 0);
        let orders = self.shuffles.max(u32::from(self.compares_orders));
        for order in 0..=orders {
            let code = self.code(seed, order);
            let Some(End { state, .. }) = taken_in(&mut found, code, run(self, code, false, |_, _| ())) else {
                continue;
            };
            if order == 0 {
                plain = Some(state);
            } else if let Some(plain) = plain {
                compared += 1;
                if plain != state {
                    differ += 1;
                    first = first.or(Some(code));
                }
            }
        }
        if self.compares_orders {
            self.tell_order(&mut found, first, differ, compared);
        }
        found
    }

    /// Finds the frame in which the first order that ends otherwise leaves the plain one.
    fn tell_order(&self, found: &mut Found, first: Option<RunCode>, differ: u32, compared: u32) {
        let Some(code) = first else { return };
        let frame = first_difference(self, RunCode { order: 0, ..code }, code).unwrap_or(code.frames);
        found.add_order(OrderDependence { code, frame, differ, compared });
    }

    fn options_hash(&self) -> u32 {
        let told = (&self.options, self.step);
        crc32fast::hash(&postcard::to_stdvec(&told).expect("words and numbers can be written"))
    }

    fn bar(&self, seeds: u64) -> ProgressBar {
        if !self.has_progress {
            return ProgressBar::hidden();
        }
        // One that isn't a terminal is left alone.
        let bar = ProgressBar::with_draw_target(Some(seeds), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} seeds, {eta} left {msg}");
        bar.with_style(style.expect("the template is one that works"))
    }
}

/// Takes a run in; its end, if it came to that.
fn taken_in(found: &mut Found, code: RunCode, run: Result<End, Failure>) -> Option<End> {
    match run {
        Ok(end) => {
            found.add_end(code, end.trace, end.state);
            Some(end)
        }
        Err(failure) => {
            found.add_failure(failure);
            None
        }
    }
}

impl<G: Game> fmt::Debug for Explore<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explore")
            .field("seeds", &self.seeds)
            .field("shuffles", &self.shuffles)
            .field("frames", &self.frames)
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}
