//! A take: what a night was given, frame by frame, and what a scrub bar shows of it.
//!
//! Rule: the keys are all there is to a take; everything else is what was seen when they were played, and may lag behind.
//! How: a take makes a recording, and a `Player` plays that. Two takes part in the first frame after which their traces differ.

use std::time::Duration;

use framestep::{
    ChangeKind,
    replay::{Detail, Line, Player, RecordedFrame, Recording, RecordingWriter, Setup},
};

use crate::{
    night::Night,
    stage::{FRAME, Stage},
    world::{Keys, Phase},
};

#[derive(Clone, Debug)]
pub struct Take {
    pub setup: Setup,
    frames: Vec<(Keys, Duration)>,
    seen: Vec<Seen>,
}

/// What was seen after a frame.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Seen {
    trace: u64,
    phase: Phase,
    has_diamond: bool,
}

/// What a bar marks.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    Alarm,
    Diamond,
    End,
}

impl Take {
    pub fn new(setup: Setup) -> Self {
        Self { setup, frames: Vec::new(), seen: Vec::new() }
    }

    /// The take that a recording holds. The error is one line.
    pub fn of(recording: &Recording) -> Result<Self, String> {
        let mut take = Self::new(recording.setup().clone());
        for (number, frame) in (1..).zip(recording.iter()) {
            let keys = postcard::from_bytes(&frame.input)
                .map_err(|error| format!("the keys of frame {number} can't be read ({error}); record it again"))?;
            take.frames.push((keys, Duration::from_nanos(frame.step_nanos)));
        }
        Ok(take)
    }

    pub fn len(&self) -> u64 {
        self.frames.len() as u64
    }

    /// The keys of a frame, from 1.
    #[cfg(test)]
    pub fn keys(&self, frame: u64) -> &Keys {
        &self.frames[frame as usize - 1].0
    }

    /// Takes in the keys of the next frame.
    pub fn push(&mut self, keys: Keys) {
        self.frames.push((keys, FRAME));
    }

    /// How many frames were seen.
    pub fn seen(&self) -> u64 {
        self.seen.len() as u64
    }

    /// Takes in how things stand after the first frame that wasn't seen yet.
    pub fn see(&mut self, stage: &mut Stage) {
        let (trace, phase, has_diamond) = (stage.trace_hash(), stage.phase(), stage.has_diamond());
        self.seen.push(Seen { trace, phase, has_diamond });
    }

    /// Forgets what comes after a frame.
    pub fn cut(&mut self, frame: u64) {
        self.frames.truncate(frame as usize);
        self.seen.truncate(frame as usize);
    }

    /// Where what began, as far as it was seen.
    pub fn marks(&self) -> impl Iterator<Item = (u64, Mark)> {
        (1..).zip(&self.seen).flat_map(|(frame, now)| {
            let before = (frame as usize).checked_sub(2).map(|at| self.seen[at]);
            let is_new = |is: fn(&Seen) -> bool| is(now) && !before.as_ref().is_some_and(is);
            let marks = [
                (is_new(|seen| seen.phase == Phase::Alarm), Mark::Alarm),
                (is_new(|seen| seen.has_diamond), Mark::Diamond),
                (is_new(|seen| seen.phase.is_over()), Mark::End),
            ];
            marks.into_iter().filter(|(is, _)| *is).map(move |(_, mark)| (frame, mark))
        })
    }

    /// The take as a recording, without hashes.
    pub fn recording(&self) -> Recording {
        let mut writer =
            RecordingWriter::to(Vec::new(), &self.setup, Detail::Sparse).expect("memory can be written to");
        for (keys, step) in &self.frames {
            let input = postcard::to_stdvec(keys).expect("keys are plain data");
            let step_nanos = step.as_nanos() as u64;
            let frame = RecordedFrame { step_nanos, input, ..RecordedFrame::default() };
            writer.push(&frame).expect("memory can be written to");
        }
        let bytes = writer.finish().expect("memory can be written to");
        Recording::from_bytes(bytes).expect("what was just written can be read")
    }

    /// A player of it, before the first frame.
    pub fn player(&self, night: &Night) -> Player<Stage> {
        let night = night.clone();
        Player::new(self.recording(), move |setup| night.stage(setup)).expect("the stage is built from the setup")
    }

    /// Whether two takes went the same way in a frame, if both have seen it.
    pub fn agrees(&self, other: &Self, frame: u64) -> Option<bool> {
        let at = frame as usize - 1;
        Some(self.seen.get(at)? == other.seen.get(at)?)
    }
}

/// Where two takes part.
#[derive(Clone, Debug)]
pub struct Parting {
    pub frame: u64,
    /// Which script, what it does now, and what was done before.
    pub words: String,
}

impl Parting {
    /// Plays both up to the frame in which they part, and looks at what they do there.
    pub fn of(old: &Take, new: &Take, night: &Night, frame: u64) -> Self {
        let lines = |take: &Take| {
            let mut player = take.player(night).watching();
            player.seek(frame).expect("the take has that frame");
            let steps = player.trail().iter();
            steps.flat_map(|step| step.lines.clone()).filter(|line| line.kind != ChangeKind::Step).collect::<Vec<_>>()
        };
        let (old, new) = (lines(old), lines(new));
        let at = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
        let words = match (new.get(at), old.get(at)) {
            (Some(now), before) => {
                let before = before.map_or_else(|| "nothing more".to_owned(), deed);
                format!("{}{}; before: {before}", deed(now), waits(&new, now))
            }
            (None, Some(before)) => format!("nothing more is done; before: {}{}", deed(before), waits(&old, before)),
            (None, None) => "the same is done, in another state".to_owned(),
        };
        Self { frame, words }
    }
}

/// Whom a line is about, and what happens.
fn deed(line: &Line) -> String {
    let what = match line.kind {
        ChangeKind::Woken => "is woken",
        ChangeKind::Polled => "runs",
        ChangeKind::Spawned => "is spawned",
        ChangeKind::Drew => "draws a number",
        ChangeKind::Cancelled => "is cancelled",
        _ => "goes on",
    };
    let who = if line.who.owner.is_empty() { &line.who.name } else { &line.who.owner };
    format!("{who} {what}")
}

/// Where the script of a line was parked: what its next poll says.
fn waits(lines: &[Line], of: &Line) -> String {
    let poll = lines.iter().find(|line| line.kind == ChangeKind::Polled && line.who.number == of.who.number);
    let site = poll.and_then(|line| line.at.as_deref()).and_then(|site| site.rsplit('/').next());
    // The column says nothing to a reader.
    let site = site.and_then(|site| site.rsplit_once(':')).map(|(site, _)| site);
    site.map_or_else(String::new, |site| format!(", parked at {site}"))
}
