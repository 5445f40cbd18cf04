//! Verification: a recording's frames are played again, and the first that does something else is reported.
//!
//! | file | idea |
//! |---|---|
//! | `gap` | the first difference of two trails, and the line to blame |
//! | `follow` | a run, frame by frame, and what a report needs of its past |
//! | `divergence` | the report |
//! | `columns` | expected beside actual |
//! | `causes` | the chain of causes |
//! | `words` | words for lines and scripts |
//! | `bless` | recording anew, on purpose |
//!
//! The rule: only hashes are compared, the first difference ends the run, and a run that did nothing fails.

mod bless;
mod causes;
mod columns;
mod divergence;
mod follow;
mod gap;
mod words;

use std::fmt;
use std::path::{Path, PathBuf};

pub use columns::Row;
pub use divergence::{BlamedScript, BlamedValue, Divergence, MOST_VALUES};
pub use gap::Difference;

pub(crate) use follow::Follower;
pub(crate) use words::words_of;

use super::playback::{Playback, Reel};
use super::{Detail, Game, Recording, ReplayError, Setup};

/// Verifies the recording at `path` against the game that `build` makes: one line of a `#[test]`.
///
/// With the environment variable `BLESS=1` a run that differs is no failure: the recording's inputs are played on the
/// game as it is now and recorded in its place, with the same detail, and what has changed is printed. A recording
/// that still holds isn't touched.
///
/// # Panics
/// With the report, where the run differs from the recording; where the recording can't be read, or not be replayed
/// truthfully; and where the run did nothing: without frames, with no script polled and nothing hashed, or where the
/// recording broke off before it kept a hash.
///
/// ```no_run
/// use framestep::replay::{ScriptGame, Setup, verify};
///
/// fn game(setup: &Setup) -> ScriptGame<u8> {
///     let executor = setup.builder().build();
///     ScriptGame::new(executor, |executor, _keys, step| _ = executor.poll_once_with(step))
/// }
///
/// // In a `#[test]`:
/// verify("assets/replays/heist.replay", game);
/// ```
#[track_caller]
pub fn verify<G: Game>(path: impl AsRef<Path>, build: impl FnMut(&Setup) -> G) {
    let path = path.as_ref();
    match Verify::load(path).and_then(|verify| verify.run(build)) {
        Ok(verified) => {
            if let Some(change) = verified.blessed {
                println!("{} was recorded anew; what has changed:\n{change}", path.display());
            }
        }
        Err(error) => panic!("{error}"),
    }
}

/// A verification that is told more than [`verify`] is.
///
/// ```
/// use std::time::Duration;
/// use framestep::next_frame;
/// use framestep::replay::{Detail, Recorder, Recording, ScriptGame, Setup, Verify};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fn game(setup: &Setup) -> ScriptGame<()> {
///     let executor = setup.builder().build();
///     drop(executor.spawn(async { loop { next_frame().await } }));
///     ScriptGame::new(executor, |executor, (), step| _ = executor.poll_once_with(step))
/// }
///
/// let setup = Setup::new(7);
/// let mut played = game(&setup);
/// let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut played)?;
/// for _ in 0..10 {
///     recorder.frame(&mut played, &(), Duration::from_millis(16))?;
/// }
/// let recording = Recording::from_bytes(recorder.finish(&mut played)?)?;
///
/// let verified = Verify::new(recording).run(game)?;
/// assert_eq!((verified.frames, verified.polls), (10, 10));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it does nothing until `run`"]
pub struct Verify {
    recording: Recording,
    path: Option<PathBuf>,
    world_only: bool,
    bless: bool,
}

/// What was verified.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Verified {
    /// Frames played.
    pub frames: u64,
    /// Lane steps in them.
    pub steps: u64,
    /// Polls of scripts in these.
    pub polls: u64,
    /// Whether anything of the world was hashed.
    pub is_hashed: bool,
    /// How the recording differed that was recorded anew.
    pub blessed: Option<Box<Divergence>>,
}

/// Why a verification failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// The run differs from the recording.
    Diverged(Box<Divergence>),
    /// The run did nothing that could differ, or nothing is there to compare it with; what was missing.
    DidNothing(&'static str),
    /// The recording can't be replayed truthfully.
    Replay(ReplayError),
}

impl Verify {
    /// Verifies a recording.
    pub fn new(recording: Recording) -> Self {
        Verify { recording, path: None, world_only: false, bless: false }
    }

    /// Verifies the recording in a file; heeds `BLESS=1`, as [`verify`] does.
    ///
    /// # Errors
    /// When the file can't be read whole.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, VerifyError> {
        let path = path.as_ref();
        let recording = Recording::load(path).map_err(|error| VerifyError::Replay(error.into()))?;
        let bless = std::env::var_os("BLESS").is_some_and(|value| value == "1");
        Ok(Verify { path: Some(path.to_path_buf()), bless, ..Verify::new(recording) })
    }

    /// Compares the hashed state of the world, and not what scripts did: for a game whose scripts are rewritten and
    /// that should play as before. Lane steps are still counted.
    pub fn world_only(mut self) -> Self {
        self.world_only = true;
        self
    }

    /// Whether a file that differs is recorded anew, in the place of what the environment says.
    pub fn bless(mut self, on: bool) -> Self {
        self.bless = on;
        self
    }

    /// Plays the recording on the game that `build` makes, up to the first difference. `build` may be called again to
    /// find out more about it.
    ///
    /// # Errors
    /// As [`verify`] panics.
    pub fn run<G: Game>(self, mut build: impl FnMut(&Setup) -> G) -> Result<Verified, VerifyError> {
        if self.recording.frames() == 0 {
            return Err(VerifyError::DidNothing("the recording has no frames"));
        }
        let mut reel = Reel::new(self.recording.clone());
        let run = self.follow(&mut reel, &mut build);
        let mut divergence = match run {
            Err(VerifyError::Diverged(divergence)) => divergence,
            done => return done,
        };
        let Some(path) = self.path.as_ref().filter(|_| self.bless) else {
            divergence.hints = self.hints(&divergence);
            return Err(VerifyError::Diverged(divergence));
        };
        let verified = bless::record_anew(&mut reel, path, self.world_only, &mut build)?;
        Ok(Verified { blessed: Some(divergence), ..verified })
    }

    fn follow<G: Game>(&self, reel: &mut Reel, build: &mut dyn FnMut(&Setup) -> G) -> Result<Verified, VerifyError> {
        let detail = self.recording.detail();
        let setup = self.recording.setup();
        let mut follower = Follower::new(detail, self.world_only, self.recording.frames());
        let mut playback = Playback::new(build(setup), setup)?;
        playback.watch(Some(detail))?;
        let mut verified = Verified::default();
        let mut has_hashes = false;
        while let Some(frame) = reel.get(playback.frame + 1) {
            let observed = playback.play(frame)?;
            verified.steps += observed.steps;
            verified.polls += observed.polls;
            verified.frames = playback.frame;
            has_hashes |= !frame.trail.is_empty();
            let lane_name = |lane| playback.lane_name(lane);
            let compared = follower.compare(playback.frame, &frame.trail, observed.trail, &lane_name);
            if let Some(mut divergence) = compared {
                if detail == Detail::Steps {
                    self.look_again(reel, build, &mut divergence)?;
                }
                return Err(VerifyError::Diverged(Box::new(divergence)));
            }
            playback.check_missed(&observed.missed)?;
        }
        if !has_hashes {
            return Err(VerifyError::DidNothing("the recording broke off before it kept a hash"));
        }
        verified.is_hashed = follower.is_hashed;
        if self.world_only && !verified.is_hashed {
            return Err(VerifyError::DidNothing("nothing of the world is hashed"));
        }
        if verified.polls == 0 && !verified.is_hashed {
            return Err(VerifyError::DidNothing("no script was polled, and nothing of the world is hashed"));
        }
        Ok(verified)
    }

    /// Plays up to a difference again, to see line by line what the run does there.
    fn look_again<G: Game>(
        &self,
        reel: &mut Reel,
        build: &mut dyn FnMut(&Setup) -> G,
        divergence: &mut Divergence,
    ) -> Result<(), VerifyError> {
        /// From so many frames before on.
        const BEFORE: u64 = 2;
        let setup = self.recording.setup();
        let mut playback = Playback::new(build(setup), setup)?;
        while playback.frame < divergence.frame {
            if playback.frame + BEFORE >= divergence.frame {
                playback.watch(Some(Detail::Full))?;
            }
            let Some(frame) = reel.get(playback.frame + 1) else { break };
            let trail = playback.play(frame)?.trail;
            if playback.frame == divergence.frame {
                divergence.tell_actual(&trail);
            }
        }
        Ok(())
    }

    fn hints(&self, divergence: &Divergence) -> Vec<String> {
        let mut hints = Vec::new();
        if self.path.is_some() {
            hints.push("It is meant so?  BLESS=1 records it anew.".to_string());
        }
        let before = divergence.equal_frame;
        hints.push(format!("To look:         Player::seek({before}), or `--seek {before}` in the demo."));
        if self.recording.detail() != Detail::Full {
            hints.push("To see more:     record with Detail::Full, which keeps what was expected.".to_string());
        }
        hints
    }
}

impl From<ReplayError> for VerifyError {
    fn from(error: ReplayError) -> Self {
        VerifyError::Replay(error)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Diverged(divergence) => divergence.fmt(f),
            VerifyError::DidNothing(what) => write!(
                f,
                "the verification did nothing: {what}. Record frames in which scripts run, or register what is to be hashed"
            ),
            VerifyError::Replay(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Replay(error) => Some(error),
            _ => None,
        }
    }
}
