//! The double run: does the game, built and played twice, do the same?
//!
//! The rule: run 1 is recorded in full detail, and run 2 is verified against it; then run 1 once more in a process of
//! its own, where addresses, hash seeds and the environment's order are others.
//!
//! How: the process runs itself again, with the name of the test that is running, and with an environment variable that
//! names the call and a file with run 1. There the call verifies, writes what it found beside that file, and ends the
//! process; every other call does nothing.

use std::cell::Cell;
use std::env;
use std::fmt;
use std::fs;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::{Detail, Game, Recorder, Recording, ReplayError, Setup, Verify, VerifyError};

/// Plays a game twice in this process and once in another, `frames` frames with the default input, and compares.
///
/// `build` must make the same game each time it is called with the same setup: that is what is checked. Best called
/// from a `#[test]`, which the other process runs alone; elsewhere this process is started again with the same
/// arguments, and everything up to the call is done again. See [`Determinism`] for inputs.
///
/// # Panics
/// With the report and the pair of runs that differ; when a run did nothing (no frames, no script polled and
/// nothing hashed); and when the other process doesn't come to this call.
///
/// ```no_run
/// use framestep::replay::{ScriptGame, Setup, check_determinism};
///
/// fn game(setup: &Setup) -> ScriptGame<u8> {
///     let executor = setup.builder().build();
///     drop(executor.spawn(async { loop { framestep::next_frame().await } }));
///     ScriptGame::new(executor, |executor, _keys, step| _ = executor.poll_once_with(step))
/// }
///
/// // In a `#[test]`:
/// check_determinism(7, 600, game);
/// ```
#[track_caller]
pub fn check_determinism<G: Game>(seed: u64, frames: u64, build: impl FnMut(&Setup) -> G)
where
    G::Input: Default,
{
    Determinism::new(seed, frames).check(build);
}

/// A double run that is told more than [`check_determinism`] is.
///
/// ```
/// use framestep::replay::{Determinism, ScriptGame, Setup};
///
/// fn game(setup: &Setup) -> ScriptGame<u8> {
///     let executor = setup.builder().build();
///     drop(executor.spawn(async { loop { framestep::next_frame().await } }));
///     ScriptGame::new(executor, |executor, _keys, step| _ = executor.poll_once_with(step))
/// }
///
/// Determinism::new(7, 600)
///     .inputs(|frame| u8::from(frame % 60 == 0))       // a key each second
///     .in_this_process()
///     .check(game);
/// ```
#[must_use = "it does nothing until `check`"]
pub struct Determinism<I> {
    setup: Setup,
    frames: u64,
    step: Duration,
    inputs: Box<dyn FnMut(u64) -> I>,
    in_this_process: bool,
}

/// The variable that a process started by a double run finds: which call it is started for, and the file with run 1.
const CALL: &str = "FRAMESTEP_DETERMINISM_CALL";
const FILE: &str = "FRAMESTEP_DETERMINISM_FILE";

thread_local! {
    /// Calls on this thread: one place may call several times.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

impl<I> Determinism<I> {
    /// A double run of so many frames, with the default input in each.
    pub fn new(seed: u64, frames: u64) -> Self
    where
        I: Default,
    {
        Self::with_inputs(seed, frames, |_| I::default())
    }

    /// The same with inputs that have no default; see [`inputs`](Self::inputs).
    pub fn with_inputs(seed: u64, frames: u64, inputs: impl FnMut(u64) -> I + 'static) -> Self {
        let step = Duration::from_nanos(16_666_667);
        Determinism { setup: Setup::new(seed), frames, step, inputs: Box::new(inputs), in_this_process: false }
    }

    /// What the game is built from, in the place of the seed alone.
    pub fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// How long a frame is: 16,666,667 ns unless set.
    pub fn step(mut self, step: Duration) -> Self {
        self.step = step;
        self
    }

    /// The input of each frame, by its number from 1: the default unless set.
    pub fn inputs(mut self, inputs: impl FnMut(u64) -> I + 'static) -> Self {
        self.inputs = Box::new(inputs);
        self
    }

    /// Leaves the other process out, for games that are dear to start.
    pub fn in_this_process(mut self) -> Self {
        self.in_this_process = true;
        self
    }

    /// Plays, and compares.
    ///
    /// # Panics
    /// As [`check_determinism`].
    #[track_caller]
    pub fn check<G: Game<Input = I>>(mut self, mut build: impl FnMut(&Setup) -> G)
    where
        I: Serialize,
    {
        let call = this_call(Location::caller());
        if let Some(wanted) = env::var_os(CALL) {
            if wanted == *call {
                answer(build);
            }
            return;
        }
        let run_1 = self.record(&mut build).unwrap_or_else(|error| panic!("{call}: run 1 can't be recorded: {error}"));
        let recording = Recording::from_bytes(run_1.clone()).expect("it has just been recorded");
        if let Err(error) = Verify::new(recording).run(&mut build) {
            panic!("{call}: {}", report(error, "run 2 in the same process", HINTS_SAME_PROCESS));
        }
        if self.in_this_process || cfg!(target_family = "wasm") {
            return;
        }
        if let Err(report) = ask_another_process(&call, &run_1) {
            panic!("{call}: {report}");
        }
    }

    fn record<G: Game<Input = I>>(&mut self, build: &mut impl FnMut(&Setup) -> G) -> Result<Vec<u8>, ReplayError>
    where
        I: Serialize,
    {
        let mut game = build(&self.setup);
        let mut recorder = Recorder::to(Vec::new(), &self.setup, Detail::Full, &mut game)?;
        for frame in 1..=self.frames {
            recorder.frame(&mut game, &(self.inputs)(frame), self.step)?;
        }
        recorder.finish(&mut game)
    }
}

impl<I> fmt::Debug for Determinism<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Determinism").field("setup", &self.setup).field("frames", &self.frames).finish_non_exhaustive()
    }
}

/// A name for this call, the same in both processes.
fn this_call(site: &Location<'_>) -> String {
    let number = CALLS.replace(CALLS.get() + 1) + 1;
    match number {
        1 => site.to_string(),
        _ => format!("{site} (call {number} of this thread)"),
    }
}

fn report(error: VerifyError, run: &str, hints: &[&str]) -> String {
    match error {
        VerifyError::Diverged(mut divergence) => {
            divergence.expected_is = "run 1".to_string();
            divergence.actual_is = run.to_string();
            divergence.hints = hints.iter().map(ToString::to_string).collect();
            divergence.to_string()
        }
        other => format!("{run}: {other}"),
    }
}

const HINTS_SAME_PROCESS: &[&str] = &[
    "What differs from run to run: the order of a HashMap, systems that Bevy is free to order, real time,",
    "threads, counters that outlive the game. Rule out systems with `assert_no_ambiguities`.",
];

const HINTS_OTHER_PROCESS: &[&str] =
    &["What differs from process to process: addresses, the order of a HashMap, the environment, files, real time."];

/// A file that is gone when this is.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        // It is in the folder for what is temporary: one that stays does no harm.
        fs::remove_file(&self.0).ok();
    }
}

/// Verifies run 1 in another process; its report where that differs.
fn ask_another_process(call: &str, run_1: &[u8]) -> Result<(), String> {
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = env::temp_dir().join(format!("framestep-{}-{number}.replay", process::id()));
    let failed = |what: &str, error: std::io::Error| format!("the other process: {what}: {error}");
    let (file, verdict) = (Removed(path.clone()), Removed(verdict_of(&path)));
    fs::write(&file.0, run_1).map_err(|error| failed("run 1 can't be written", error))?;
    let this = env::current_exe().map_err(|error| failed("this program isn't found", error))?;
    let mut command = Command::new(this);
    match thread::current().name() {
        Some(test) if test != "main" => command.args(["--exact", test, "--nocapture", "--include-ignored"]),
        _ => command.args(env::args_os().skip(1)),
    };
    command.env(CALL, call).env(FILE, &file.0).stdin(Stdio::null());
    let output = command.output().map_err(|error| failed("it can't be started", error))?;
    match fs::read_to_string(&verdict.0) {
        Ok(verdict) if verdict.is_empty() && output.status.success() => Ok(()),
        Ok(verdict) if verdict.is_empty() => {
            Err(format!("the other process found no difference, and then ended with {}", output.status))
        }
        Ok(verdict) => Err(verdict),
        Err(_) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last: Vec<&str> = said.lines().rev().take(10).collect();
            let last = last.into_iter().rev().collect::<Vec<_>>().join("\n  ");
            Err(format!(
                "the other process didn't come to this call ({}): call it from a `#[test]`, on the test's own thread, or \
                 leave that process out with `Determinism::in_this_process`\n  {last}",
                output.status
            ))
        }
    }
}

fn verdict_of(file: &Path) -> PathBuf {
    file.with_extension("verdict")
}

/// In the other process: verifies, says what it found, and ends.
fn answer<G: Game>(build: impl FnMut(&Setup) -> G) -> ! {
    let file = PathBuf::from(env::var_os(FILE).unwrap_or_default());
    let verified = Recording::load(&file)
        .map_err(|error| VerifyError::Replay(error.into()))
        .and_then(|recording| Verify::new(recording).run(build));
    let verdict = match verified {
        Ok(_) => String::new(),
        Err(error) => report(error, "run 3 in another process", HINTS_OTHER_PROCESS),
    };
    let code = i32::from(!verdict.is_empty());
    match fs::write(verdict_of(&file), verdict) {
        Ok(()) => process::exit(code),
        Err(error) => {
            eprintln!("{}: {error}", verdict_of(&file).display());
            process::exit(2)
        }
    }
}
