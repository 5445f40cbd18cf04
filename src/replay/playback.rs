//! Playback: a game that is given, frame by frame, what a recording holds.
//!
//! The rule: what comes from outside comes from the recording alone, and what can't be given as it was recorded is an
//! error, never a guess.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::probe::{Observed, Probe};
use super::recording::Cursor;
use super::{Detail, Game, RecordedFrame, Recording, ReplayError, Setup, StepTrail};
use crate::executor::Arrival;

#[derive(Debug)]
pub(crate) struct Playback<G> {
    pub(crate) game: G,
    /// How many frames have been played.
    pub(crate) frame: u64,
    setup: Setup,
    probe: Option<(Probe, Detail)>,
}

impl<G: Game> Playback<G> {
    pub(crate) fn new(game: G, setup: &Setup) -> Result<Self, ReplayError> {
        setup.check(game.executor())?;
        Ok(Playback { game, frame: 0, setup: setup.clone(), probe: None })
    }

    /// Watches from here on at this detail, or no more.
    pub(crate) fn watch(&mut self, detail: Option<Detail>) -> Result<(), ReplayError> {
        if self.probe.as_ref().map(|(_, detail)| *detail) == detail {
            return Ok(());
        }
        if let Some((probe, _)) = self.probe.take() {
            probe.detach(&mut self.game);
        }
        if let Some(detail) = detail {
            self.probe = Some((Probe::attach(&mut self.game, &self.setup, detail)?.at_frame(self.frame), detail));
        }
        Ok(())
    }

    /// Plays a frame. After an error it watches no more, since what it saw in that frame belongs to none.
    pub(crate) fn play(&mut self, recorded: &RecordedFrame) -> Result<Observed, ReplayError> {
        let observed = self.play_watched(recorded);
        if observed.is_err() {
            self.watch(None)?;
        }
        observed
    }

    fn play_watched(&mut self, recorded: &RecordedFrame) -> Result<Observed, ReplayError> {
        let frame = self.frame + 1;
        if let Some(site) = unkept(recorded) {
            return Err(ReplayError::Unkept { frame, site });
        }
        let input = input_of(recorded, frame)?;
        self.game.executor().replay_arrivals(Some(recorded.arrivals.clone()));
        self.game.frame(&input, Duration::from_nanos(recorded.step_nanos));
        self.frame = frame;
        let faults = self.game.executor().take_replay_faults();
        if !faults.is_empty() {
            return Err(ReplayError::Fault { frame, what: faults.join("; ") });
        }
        let missed = self.game.executor().take_missed_arrivals();
        let Some((probe, _)) = &mut self.probe else { return Ok(Observed { missed, ..Observed::default() }) };
        let mut observed = Observed { missed, ..probe.end_frame(&mut self.game)? };
        let has_world = |trail: &[StepTrail]| trail.last().map(|step| step.world != 0);
        if has_world(&recorded.trail) > has_world(&observed.trail) {
            // The last frame of a sparse recording is looked at whatever its number.
            observed.trail = vec![probe.stand(&mut self.game)?];
        }
        Ok(observed)
    }

    /// An error where the frame last played lacked steps that something arrived in. To be asked when its steps have been
    /// compared, which says more.
    pub(crate) fn check_missed(&self, missed: &[String]) -> Result<(), ReplayError> {
        match missed {
            [] => Ok(()),
            _ => Err(ReplayError::Fault { frame: self.frame, what: missed.join("; ") }),
        }
    }

    /// The game, which goes on live.
    pub(crate) fn into_game(mut self) -> G {
        if let Some((probe, _)) = self.probe.take() {
            probe.detach(&mut self.game);
        }
        self.game.executor().replay_arrivals(None);
        self.game
    }

    /// The name of a lane.
    pub(crate) fn lane_name(&self, lane: u8) -> String {
        self.game.executor().lane_name(lane).map_or_else(|| lane.to_string(), str::to_string)
    }
}

/// Where something was handed in that a frame took in and no recording can keep.
pub(super) fn unkept(recorded: &RecordedFrame) -> Option<String> {
    recorded.arrivals.iter().find_map(|(_, arrival)| match arrival {
        Arrival::Unkept(site) => Some(site.to_string()),
        _ => None,
    })
}

pub(super) fn input_of<I: DeserializeOwned>(recorded: &RecordedFrame, frame: u64) -> Result<I, ReplayError> {
    match postcard::take_from_bytes(&recorded.input) {
        Ok((input, [])) => Ok(input),
        Ok((_, rest)) => {
            Err(ReplayError::Unreadable { frame, cause: format!("{} of its bytes are left over", rest.len()) })
        }
        Err(cause) => Err(ReplayError::Unreadable { frame, cause: cause.to_string() }),
    }
}

/// A recording, and the frame of it that is looked at.
pub(crate) struct Reel {
    pub(crate) recording: Recording,
    /// It stands behind the frame that is held.
    cursor: Cursor,
    held: Option<RecordedFrame>,
    /// The number of the frame that is held, from 1; 0 before the first.
    number: u64,
}

impl Reel {
    pub(crate) fn new(recording: Recording) -> Self {
        let cursor = recording.cursor(0..u64::MAX);
        Reel { recording, cursor, held: None, number: 0 }
    }

    /// The frame of this number, from 1. To go through them in order is cheap.
    pub(crate) fn get(&mut self, number: u64) -> Option<&RecordedFrame> {
        if number != self.number {
            if number != self.number + 1 {
                self.cursor = self.recording.cursor(number.checked_sub(1)?..u64::MAX);
            }
            self.held = self.cursor.next(&self.recording);
            self.number = number;
        }
        self.held.as_ref()
    }
}

impl fmt::Debug for Reel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reel").field("number", &self.number).finish_non_exhaustive()
    }
}
