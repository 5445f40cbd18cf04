//! The player: a recording as something to step through, forwards and back.
//!
//! The rule: a frame is always reached by playing all frames before it on a game built anew or played so far, so that
//! what is seen there is what the game does. Going back is building anew and playing at full speed.

use std::fmt;
use std::io::Write;
use std::marker::PhantomData;

use super::playback::{Playback, Reel};
use super::probe::Observed;
use super::recorder::record_again;
use super::verify::{Divergence, Follower};
use super::{Detail, Game, Recorder, Recording, ReplayError, Setup, StepTrail};

/// Plays a recording on a game.
///
/// ```
/// use std::time::Duration;
/// use framestep::next_frame;
/// use framestep::replay::{Detail, Game, Player, Recorder, Recording, ScriptGame, Setup};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// fn game(setup: &Setup) -> ScriptGame<()> {
///     let executor = setup.builder().build();
///     drop(executor.spawn(async { loop { next_frame().await } }));
///     ScriptGame::new(executor, |executor, (), step| _ = executor.poll_once_with(step))
/// }
///
/// # let setup = Setup::new(7);
/// # let mut played = game(&setup);
/// # let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut played)?;
/// # for _ in 0..10 { recorder.frame(&mut played, &(), Duration::from_millis(16))?; }
/// # let recording = Recording::from_bytes(recorder.finish(&mut played)?)?;
/// let mut player = Player::new(recording, game)?.watching();
/// player.seek(5)?;
/// player.step_back()?;
/// assert_eq!(player.frame(), 4);
/// assert_eq!(player.words()[0], "step of lane main");
/// assert!(player.words()[1].starts_with("polled script #1 at "));
/// let game = player.take_over();                  // goes on live from here
/// assert_eq!(game.executor().frame(), 4);
/// # Ok(())
/// # }
/// ```
pub struct Player<G: Game> {
    reel: Reel,
    build: Box<dyn FnMut(&Setup) -> G>,
    playback: Playback<G>,
    is_watching: bool,
    follower: Option<Follower>,
    difference: Option<Box<Divergence>>,
    trail: Vec<StepTrail>,
}

impl<G: Game> Player<G> {
    /// Builds the game, and stands before its first frame.
    ///
    /// # Errors
    /// When the game's executor has another seed than the recording.
    pub fn new(recording: Recording, build: impl FnMut(&Setup) -> G + 'static) -> Result<Self, ReplayError> {
        let mut build: Box<dyn FnMut(&Setup) -> G> = Box::new(build);
        let playback = Playback::new(build(recording.setup()), recording.setup())?;
        let reel = Reel::new(recording);
        Ok(Player { reel, build, playback, is_watching: false, follower: None, difference: None, trail: Vec::new() })
    }

    /// Keeps what each frame did that is stepped to: [`trail`](Self::trail), [`words`](Self::words).
    #[must_use]
    pub fn watching(mut self) -> Self {
        self.is_watching = true;
        self
    }

    /// Compares each frame with the recording while it plays: see [`difference`](Self::difference). To be said before
    /// the first frame.
    #[must_use]
    pub fn verifying(mut self) -> Self {
        self.follower = Some(self.new_follower());
        self
    }

    /// Plays the next frame; `false` at the end.
    ///
    /// # Errors
    /// When the frame can't be played as it was recorded.
    pub fn step(&mut self) -> Result<bool, ReplayError> {
        if self.is_at_end() {
            return Ok(false);
        }
        let detail = match &self.follower {
            _ if self.is_watching => Some(Detail::Full),
            Some(_) => Some(self.reel.recording.detail()),
            None => None,
        };
        self.play(detail)?;
        Ok(true)
    }

    /// Plays on to a frame: as many have then been played. Does nothing if it is there or past it.
    ///
    /// # Errors
    /// As [`step`](Self::step), and when there is no such frame.
    pub fn run_to(&mut self, frame: u64) -> Result<(), ReplayError> {
        let frames = self.frames();
        if frame > frames {
            return Err(ReplayError::NoSuchFrame { frame, frames });
        }
        while self.frame() < frame {
            // Who only watches needs to see the last frame, and the one before to tell what changed since.
            if self.follower.is_none() && self.frame() + 2 < frame {
                self.play(None)?;
            } else {
                self.step()?;
            }
        }
        Ok(())
    }

    /// Goes to a frame, forwards or back; 0 is the beginning.
    ///
    /// # Errors
    /// As [`run_to`](Self::run_to).
    pub fn seek(&mut self, frame: u64) -> Result<(), ReplayError> {
        let frames = self.frames();
        if frame > frames {
            return Err(ReplayError::NoSuchFrame { frame, frames });
        }
        if frame < self.frame() {
            self.restart()?;
        }
        self.run_to(frame)
    }

    /// Goes back a frame; `false` at the beginning.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    pub fn step_back(&mut self) -> Result<bool, ReplayError> {
        let Some(before) = self.frame().checked_sub(1) else { return Ok(false) };
        self.seek(before)?;
        Ok(true)
    }

    fn restart(&mut self) -> Result<(), ReplayError> {
        let setup = self.reel.recording.setup();
        self.playback = Playback::new((self.build)(setup), setup)?;
        self.trail.clear();
        if self.follower.is_some() && self.difference.is_none() {
            self.follower = Some(self.new_follower());
        }
        Ok(())
    }

    fn new_follower(&self) -> Follower {
        Follower::new(self.reel.recording.detail(), false, self.frames())
    }

    fn play(&mut self, detail: Option<Detail>) -> Result<(), ReplayError> {
        self.playback.watch(detail)?;
        let frames = self.frames();
        let Some(recorded) = self.reel.get(self.playback.frame + 1) else {
            return Err(ReplayError::NoSuchFrame { frame: self.playback.frame + 1, frames });
        };
        let Observed { trail, missed, .. } = self.playback.play(recorded)?;
        if let Some(follower) = &mut self.follower
            && self.difference.is_none()
        {
            let lane_name = |lane| self.playback.lane_name(lane);
            let compared = follower.compare(self.playback.frame, &recorded.trail, trail.clone(), &lane_name);
            self.difference = compared.map(Box::new);
        }
        self.trail = trail;
        if self.difference.is_none() {
            self.playback.check_missed(&missed)?;
        }
        Ok(())
    }

    /// How many frames have been played: 0 at the beginning.
    #[must_use]
    pub fn frame(&self) -> u64 {
        self.playback.frame
    }

    /// How many frames the recording has.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.reel.recording.frames()
    }

    /// Whether all frames have been played.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.frame() >= self.frames()
    }

    /// The recording.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.reel.recording
    }

    /// The game as it stands.
    #[must_use]
    pub fn game(&self) -> &G {
        &self.playback.game
    }

    /// The game as it stands, to draw it. Whoever changes it plays another game than was recorded.
    pub fn game_mut(&mut self) -> &mut G {
        &mut self.playback.game
    }

    /// What the frame last played did, lane step by lane step; empty unless it is [`watching`](Self::watching).
    #[must_use]
    pub fn trail(&self) -> &[StepTrail] {
        if self.is_watching { &self.trail } else { &[] }
    }

    /// The same as words, a line each: what happened to whom, and what changed in the hashed state.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        super::verify::words_of(self.trail())
    }

    /// The first difference from the recording that was met while [`verifying`](Self::verifying); it stays, also when
    /// the player goes back.
    #[must_use]
    pub fn difference(&self) -> Option<&Divergence> {
        self.difference.as_deref()
    }

    /// Gives the game as it stands, to go on live.
    #[must_use]
    pub fn take_over(self) -> G {
        self.playback.into_game()
    }

    /// As [`take_over`](Self::take_over), with a recorder that has recorded what was played so far, and records on.
    /// The frames are played again for it, on a game built anew.
    ///
    /// # Errors
    /// As [`step`](Self::step), and when the writer fails.
    pub fn take_over_recording<W: Write>(
        mut self,
        writer: W,
        detail: Detail,
    ) -> Result<(G, Recorder<G::Input, W>), ReplayError> {
        let until = self.frame();
        let game = (self.build)(self.reel.recording.setup());
        let (game, tape) = record_again(&mut self.reel, until, game, writer, detail)?;
        Ok((game, Recorder { tape, input: PhantomData }))
    }
}

impl<G: Game> fmt::Debug for Player<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Player")
            .field("frame", &self.frame())
            .field("frames", &self.frames())
            .field("differs", &self.difference.is_some())
            .finish_non_exhaustive()
    }
}
