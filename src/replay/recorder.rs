//! The recorder: plays a game's frames and keeps what they were given and what they did.
//!
//! The rule: what it writes replays. What it can't keep is an error when it happens, but for what other threads hand
//! in without an inlet of `replay::inlet`, which is noted with its place.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::marker::PhantomData;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::playback::{Playback, Reel};
use super::probe::{Bare, Probe, Watched, arrivals};
use super::{Detail, Game, RecordedFrame, Recording, RecordingWriter, ReplayError, Setup};
use crate::executor::{Arrival, Executor, nanos};

/// Records a game while it is played, frame by frame.
///
/// It is made when the game has been built, and before its first frame. What it has written so far is on disk every
/// sixty frames: a crash loses at most the last of these.
///
/// ```
/// use std::time::Duration;
/// use framestep::next_frame;
/// use framestep::replay::{Detail, Recorder, Recording, ScriptGame, Setup};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let setup = Setup::new(7);
/// let executor = setup.builder().build();
/// drop(executor.spawn(async { loop { next_frame().await } }));
/// let mut game = ScriptGame::new(executor, |executor, _keys: &u8, step| _ = executor.poll_once_with(step));
///
/// let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut game)?;
/// for keys in [0, 1, 0] {
///     recorder.frame(&mut game, &keys, Duration::from_millis(16))?;
/// }
/// let bytes = recorder.finish(&mut game)?;
/// assert_eq!(Recording::from_bytes(bytes)?.frames(), 3);
/// # Ok(())
/// # }
/// ```
pub struct Recorder<I, W: Write = File> {
    pub(super) tape: Tape<W>,
    pub(super) input: PhantomData<fn(&I)>,
}

impl<I: Serialize> Recorder<I> {
    /// Records to a new file at `path`, in the place of one that is there.
    ///
    /// # Errors
    /// When the file can't be made; when the game's executor keeps no trace or has another seed than the setup.
    pub fn create<G: Game<Input = I>>(
        path: impl AsRef<Path>,
        setup: &Setup,
        detail: Detail,
        game: &mut G,
    ) -> Result<Self, ReplayError> {
        let probe = Probe::attach(game, setup, detail)?;
        let writer = RecordingWriter::create(path, setup, detail)?;
        Ok(Recorder { tape: Tape::new(writer, probe, game.executor()), input: PhantomData })
    }
}

impl<I: Serialize, W: Write> Recorder<I, W> {
    /// Records to a writer: to bytes in memory, say.
    ///
    /// # Errors
    /// As [`create`](Recorder::create).
    pub fn to<G: Game<Input = I>>(writer: W, setup: &Setup, detail: Detail, game: &mut G) -> Result<Self, ReplayError> {
        let probe = Probe::attach(game, setup, detail)?;
        let writer = RecordingWriter::to(writer, setup, detail)?;
        Ok(Recorder { tape: Tape::new(writer, probe, game.executor()), input: PhantomData })
    }

    /// Records the executor of a game whose loop calls [`before`](Self::before) and [`after`](Self::after); no world
    /// is hashed.
    ///
    /// # Errors
    /// As [`create`](Recorder::create).
    pub fn of_executor(writer: W, setup: &Setup, detail: Detail, executor: &Executor) -> Result<Self, ReplayError> {
        let probe = Probe::attach(&mut Bare(executor), setup, detail)?;
        let writer = RecordingWriter::to(writer, setup, detail)?;
        Ok(Recorder { tape: Tape::new(writer, probe, executor), input: PhantomData })
    }

    /// Plays a frame of the game, and records it.
    ///
    /// # Errors
    /// When the input or the file can't be written, or the world can't be hashed: what was recorded before stays
    /// whole, and no frame is recorded after one that wasn't.
    pub fn frame<G: Game<Input = I>>(&mut self, game: &mut G, input: &I, step: Duration) -> Result<(), ReplayError> {
        self.tape.before(input, step)?;
        game.frame(input, step);
        self.tape.after(game, None)
    }

    /// For a loop that plays its frames itself: what the frame is given that comes now.
    ///
    /// # Errors
    /// When the input can't be written, and when [`after`](Self::after) wasn't called since the last time.
    pub fn before(&mut self, input: &I, step: Duration) -> Result<(), ReplayError> {
        self.tape.before(input, step)
    }

    /// The frame is over that [`before`](Self::before) was told of.
    ///
    /// # Errors
    /// When the file can't be written, and when `before` wasn't called.
    pub fn after(&mut self, executor: &Executor) -> Result<(), ReplayError> {
        self.tape.after(&mut Bare(executor), None)
    }

    /// As [`after`](Self::after), for a recorder that was made with a game: its world is hashed.
    ///
    /// # Errors
    /// As [`frame`](Self::frame).
    pub fn after_frame_of<G: Game<Input = I>>(&mut self, game: &mut G) -> Result<(), ReplayError> {
        self.tape.after(game, None)
    }

    /// How many frames were recorded.
    pub fn frames(&self) -> u64 {
        self.tape.frames
    }

    /// Writes the end, with what stands then, and gives the writer back. A recording without an end is read as one of
    /// a game that crashed. After a frame that couldn't be recorded, or in the middle of one, it ends with the one before.
    ///
    /// # Errors
    /// When the file can't be written, or the world can't be hashed.
    pub fn finish<G: Game<Input = I>>(self, game: &mut G) -> Result<W, ReplayError> {
        self.tape.finish(game)
    }

    /// As [`finish`](Self::finish), for a recorder that was made by [`of_executor`](Self::of_executor).
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn finish_with(self, executor: &Executor) -> Result<W, ReplayError> {
        self.tape.finish(&mut Bare(executor))
    }
}

impl<I, W: Write> fmt::Debug for Recorder<I, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("frames", &self.tape.frames).finish_non_exhaustive()
    }
}

/// A recorder of whatever can be watched.
pub(crate) struct Tape<W: Write> {
    writer: RecordingWriter<W>,
    probe: Probe,
    frames: u64,
    /// The frame that is being played.
    open: Option<RecordedFrame>,
    /// A frame was played that couldn't be recorded.
    has_failed: bool,
}

impl<W: Write> Tape<W> {
    pub(crate) fn new(writer: RecordingWriter<W>, probe: Probe, executor: &Executor) -> Self {
        executor.keep_arrivals(true);
        arrivals(executor);
        Tape { writer, probe, frames: 0, open: None, has_failed: false }
    }

    pub(crate) fn before(&mut self, input: &impl Serialize, step: Duration) -> Result<(), ReplayError> {
        let written = postcard::to_stdvec(input);
        let input =
            written.map_err(|cause| ReplayError::Unwritable { frame: self.frames + 1, cause: cause.to_string() })?;
        self.before_bytes(input, nanos(step))
    }

    pub(crate) fn before_bytes(&mut self, input: Vec<u8>, step_nanos: u64) -> Result<(), ReplayError> {
        if self.has_failed {
            return Err(ReplayError::Ended);
        }
        if self.open.is_some() {
            return Err(ReplayError::OutOfTurn);
        }
        self.open = Some(RecordedFrame { step_nanos, input, ..RecordedFrame::default() });
        Ok(())
    }

    /// `given` is what arrived, where it was given by another recording.
    pub(crate) fn after(
        &mut self,
        game: &mut impl Watched,
        given: Option<Vec<(u32, Arrival)>>,
    ) -> Result<(), ReplayError> {
        let mut frame = self.open.take().ok_or(ReplayError::OutOfTurn)?;
        // Set until the frame is written: there is no gap in a recording.
        self.has_failed = true;
        let arrived = arrivals(game.executor());
        frame.arrivals = given.unwrap_or(arrived);
        frame.trail = self.probe.end_frame(game)?.trail;
        self.writer.push(&frame)?;
        self.frames += 1;
        self.has_failed = false;
        Ok(())
    }

    /// How many frames were recorded.
    #[cfg(feature = "bevy_time")]
    pub(crate) fn frames(&self) -> u64 {
        self.frames
    }

    pub(crate) fn finish(self, game: &mut impl Watched) -> Result<W, ReplayError> {
        // In the middle of a frame what stands is the end of none that was recorded.
        if self.has_failed || self.open.is_some() {
            self.probe.detach(game);
            return Ok(self.writer.finish()?);
        }
        let end = self.probe.stand(game)?;
        self.probe.detach(game);
        Ok(self.writer.finish_with(&end)?)
    }
}

/// Records a game that is built here and played by these inputs, in frames of 16,666,667 ns, into memory.
///
/// For the recordings that tests are verified against, and for inputs that are made up rather than played:
/// [`Recording::save`] makes a file of it. Where more is asked for there is [`Recorder`].
///
/// ```
/// use framestep::next_frame;
/// use framestep::replay::{Detail, ScriptGame, Setup, Verify, record};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fn game(setup: &Setup) -> ScriptGame<char> {
///     let executor = setup.builder().build();
///     drop(executor.spawn(async { loop { next_frame().await } }));
///     ScriptGame::new(executor, |executor, _key, step| _ = executor.poll_once_with(step))
/// }
///
/// let recording = record(&Setup::new(7), Detail::Full, "wasd".chars(), game)?;
/// assert_eq!(Verify::new(recording).run(game)?.frames, 4);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As those of a [`Recorder`].
pub fn record<G: Game>(
    setup: &Setup,
    detail: Detail,
    inputs: impl IntoIterator<Item = G::Input>,
    build: impl FnOnce(&Setup) -> G,
) -> Result<Recording, ReplayError> {
    const STEP: Duration = Duration::from_nanos(16_666_667);
    let mut game = build(setup);
    let mut recorder = Recorder::to(Vec::new(), setup, detail, &mut game)?;
    for input in inputs {
        recorder.frame(&mut game, &input, STEP)?;
    }
    Ok(Recording::from_bytes(recorder.finish(&mut game)?)?)
}

/// Plays a recording's frames up to `until` on a new game, and records them again. Gives the game, live, and the
/// recorder, which goes on from there.
pub(crate) fn record_again<G: Game, W: Write>(
    reel: &mut Reel,
    until: u64,
    game: G,
    writer: W,
    detail: Detail,
) -> Result<(G, Tape<W>), ReplayError> {
    let setup = reel.recording.setup().clone();
    let mut playback = Playback::new(game, &setup)?;
    let probe = Probe::attach(&mut playback.game, &setup, detail)?;
    let mut tape = Tape::new(RecordingWriter::to(writer, &setup, detail)?, probe, playback.game.executor());
    while playback.frame < until
        && let Some(frame) = reel.get(playback.frame + 1)
    {
        tape.before_bytes(frame.input.clone(), frame.step_nanos)?;
        let missed = playback.play(frame)?.missed;
        playback.check_missed(&missed)?;
        tape.after(&mut playback.game, Some(frame.arrivals.clone()))?;
    }
    Ok((playback.into_game(), tape))
}
