//! The theatre: a night that is played, looked at again, and gone on with from anywhere.
//!
//! Rule: whatever frame is looked at has been played, from the first one on, by a stage that was given the same keys.
//! How: the keys are kept as a take. While the night is live, its stage stands at the end of the take; to look back, a
//! `Player` plays the take up to there, and the live stage waits. Taking over makes the player's stage the live one, and
//! the take before is kept: each new frame is compared with it until the two part.

use std::time::{Duration, Instant};

use framestep::replay::{Player, Recording, ReplayError, Setup};

use crate::{
    live::{Live, Record},
    night::Night,
    stage::Stage,
    take::{Mark, Parting, Take},
    world::Keys,
};

/// In larger crowds than this nobody looks up which script it was that parted: it would take seconds.
const LOOKED_UP_CROWD: u32 = 1_000;

pub struct Theatre {
    pub night: Night,
    record: Option<Record>,
    pub take: Take,
    mode: Mode,
    /// Sees what of the take hasn't been played yet, a little at a time.
    scout: Option<Player<Stage>>,
    earlier: Option<Earlier>,
}

enum Mode {
    Live(Live),
    /// Looking at the take; where it can be gone on with, the live stage waits at its end.
    Past(Box<Player<Stage>>, Option<Live>),
    /// Between two modes; seen by nobody.
    Between,
}

/// The take that was left.
struct Earlier {
    take: Take,
    scout: Option<Player<Stage>>,
    /// The frame after which it was left.
    from: u64,
    /// Up to here the new take is the same.
    compared: u64,
    parting: Option<Parting>,
}

impl Theatre {
    /// A night from its first frame.
    pub fn live(night: Night, setup: Setup, record: Option<Record>) -> Result<Self, String> {
        let live = Live::begin(&night, &setup, record.as_ref())?;
        Ok(Self { night, record, take: Take::new(setup), mode: Mode::Live(live), scout: None, earlier: None })
    }

    /// A recorded night, to look at.
    pub fn recorded(night: Night, recording: &Recording) -> Result<Self, String> {
        let take = Take::of(recording)?;
        let player = Box::new(take.player(&night).watching());
        let scout = Some(take.player(&night));
        Ok(Self { night, record: None, take, mode: Mode::Past(player, None), scout, earlier: None })
    }

    /// The stage as it stands in the frame that is looked at.
    pub fn stage(&mut self) -> &mut Stage {
        match &mut self.mode {
            Mode::Live(live) => &mut live.stage,
            Mode::Past(player, _) => player.game_mut(),
            Mode::Between => unreachable!("no call ends between two modes"),
        }
    }

    pub fn is_live(&self) -> bool {
        matches!(self.mode, Mode::Live(_))
    }

    pub fn is_recorded(&self) -> bool {
        self.record.is_some()
    }

    /// Whether there is a next frame, or one can be made.
    pub fn goes_on(&self) -> bool {
        match &self.mode {
            Mode::Past(player, None) => !player.is_at_end(),
            _ => true,
        }
    }

    /// The frame that is looked at.
    pub fn frame(&self) -> u64 {
        match &self.mode {
            Mode::Past(player, _) => player.frame(),
            _ => self.take.len(),
        }
    }

    /// The frames of the take.
    pub fn frames(&self) -> u64 {
        self.take.len()
    }

    /// Goes on by a frame: a new one where the night is live, the next one of the take otherwise. With keys that walk it
    /// becomes live.
    pub fn go_on(&mut self, keys: Keys) -> Result<(), String> {
        let takes_over = keys.0.iter().any(|key| matches!(key, crate::world::Pressed::Walk(_)));
        match &mut self.mode {
            Mode::Past(..) if takes_over => self.take_over()?,
            Mode::Past(player, live) if player.is_at_end() => match live.take() {
                Some(live) => self.mode = Mode::Live(live),
                None => return Ok(()),
            },
            Mode::Past(player, _) => return player.step().map(|_| ()).map_err(told),
            _ => {}
        }
        let Mode::Live(live) = &mut self.mode else { return Ok(()) };
        live.frame(&keys)?;
        self.take.push(keys);
        self.take.see(&mut live.stage);
        Ok(())
    }

    /// Goes to a frame of the take.
    pub fn seek(&mut self, frame: u64) -> Result<(), String> {
        let frame = frame.min(self.take.len());
        if frame == self.frame() {
            return Ok(());
        }
        let (player, live) = match std::mem::replace(&mut self.mode, Mode::Between) {
            Mode::Live(live) => (None, Some(live)),
            Mode::Past(player, live) => (Some(player), live),
            Mode::Between => (None, None),
        };
        self.mode = match (player, live) {
            (_, Some(live)) if frame == self.take.len() => Mode::Live(live),
            (Some(player), live) => Mode::Past(player, live),
            (None, live) => Mode::Past(Box::new(self.take.player(&self.night).watching()), live),
        };
        match &mut self.mode {
            Mode::Past(player, _) => player.seek(frame).map_err(told),
            _ => Ok(()),
        }
    }

    /// What the frame that is looked at did, a line each.
    pub fn words(&self) -> Vec<String> {
        let mut words = match &self.mode {
            Mode::Past(player, _) if player.frame() > 0 => player.words(),
            _ if self.take.len() == 0 => Vec::new(),
            _ => {
                let mut player = self.take.player(&self.night).watching();
                player.seek(self.frame()).map(|()| player.words()).unwrap_or_default()
            }
        };
        // There is one step a frame, which goes without saying.
        words.retain(|word| !word.starts_with("step of lane"));
        if words.is_empty() {
            words.push("nobody was due".to_owned());
        }
        words
    }

    /// The night goes on from here, in the player's hands.
    fn take_over(&mut self) -> Result<(), String> {
        let Mode::Past(player, live) = std::mem::replace(&mut self.mode, Mode::Between) else { return Ok(()) };
        // Its recorder must have let go of the file before another begins it anew.
        drop(live);
        let from = player.frame();
        self.mode = Mode::Live(Live::take_over(*player, self.record.as_ref())?);
        let take = self.take.clone();
        self.take.cut(from);
        let scout = self.scout.take();
        if self.take.seen() < from {
            self.scout = Some(self.take.player(&self.night));
        }
        self.earlier = (take.len() > from).then_some(Earlier { take, scout, from, compared: from, parting: None });
        Ok(())
    }

    /// Sees more of what hasn't been played yet, for so long, and compares.
    pub fn idle(&mut self, time: Duration) {
        let until = Instant::now() + time;
        scout(&mut self.scout, &mut self.take, until);
        let Some(earlier) = &mut self.earlier else { return };
        scout(&mut earlier.scout, &mut earlier.take, until);
        while earlier.parting.is_none()
            && let Some(agrees) = earlier.take.agrees(&self.take, earlier.compared + 1)
        {
            earlier.compared += 1;
            if agrees {
                continue;
            }
            let frame = earlier.compared;
            earlier.parting = Some(if self.night.crowd <= LOOKED_UP_CROWD {
                Parting::of(&earlier.take, &self.take, &self.night, frame)
            } else {
                Parting { frame, words: "somebody in so large a crowd does something else".to_owned() }
            });
        }
    }

    /// Whether something hasn't been seen yet, or not been compared.
    #[cfg(test)]
    pub fn is_behind(&self) -> bool {
        let is_uncompared = |it: &Earlier| it.scout.is_some() && it.parting.is_none();
        self.scout.is_some() || self.earlier.as_ref().is_some_and(is_uncompared)
    }

    /// Where this take and the one before part.
    pub fn parting(&self) -> Option<&Parting> {
        self.earlier.as_ref()?.parting.as_ref()
    }

    /// The frame in which this take was taken over from the one before.
    pub fn taken_over(&self) -> Option<u64> {
        Some(self.earlier.as_ref()?.from)
    }

    pub fn marks(&self) -> impl Iterator<Item = (u64, Mark)> {
        self.take.marks()
    }

    /// Ends the recording, if there is one.
    pub fn finish(self) -> Result<Option<Record>, String> {
        if let Mode::Live(live) | Mode::Past(_, Some(live)) = self.mode {
            live.finish()?;
        }
        Ok(self.record)
    }
}

fn scout(scout: &mut Option<Player<Stage>>, take: &mut Take, until: Instant) {
    let Some(player) = scout else { return };
    while Instant::now() < until {
        // What it can't play isn't marked.
        if !matches!(player.step(), Ok(true)) {
            return *scout = None;
        }
        if player.frame() > take.seen() {
            take.see(player.game_mut());
        }
    }
}

fn told(error: ReplayError) -> String {
    error.to_string()
}
