//! Frames as a game might make them, from a seed.

use std::sync::Arc;

use framestep::replay::{Detail, Line, RecordedFrame, RecordingWriter, Setup, StateLine, StepTrail, Who};
use framestep::{Arrival, Cause, ChangeKind};

/// The length of a frame at sixty a second.
pub(crate) const STEP_NANOS: u64 = 16_666_667;

/// The input of a game with a few keys, as `postcard` has it: one byte a key, and the weapon's number.
fn keys(fire: bool, weapon: u8) -> Vec<u8> {
    vec![0, 0, fire.into(), 0, 0, weapon]
}

/// A frame with sparse input: a key goes down every two seconds, and up half a second later. Its hashes are as random
/// as hashes are.
pub(crate) fn sparse(number: u64) -> RecordedFrame {
    let mut hash = fastrand::Rng::with_seed(number);
    let end = StepTrail { trace: hash.u64(..) as u32, world: hash.u64(..) as u32, ..StepTrail::default() };
    let (press, at) = (number / 120, number % 120);
    RecordedFrame {
        step_nanos: STEP_NANOS,
        input: keys((40..70).contains(&at), (press % 3) as u8),
        arrivals: Vec::new(),
        trail: vec![end],
    }
}

/// Makes the frames of a game: scripts that are polled each frame in one of two lanes, some that come and go, things that
/// move, each at its own speed, and now and then something from outside.
pub(crate) struct Game {
    random: fastrand::Rng,
    number: u64,
    /// In each of two lanes.
    scripts: u64,
    /// Across and up, of each thing.
    positions: Vec<[f32; 2]>,
    words: Words,
}

struct Words {
    names: Vec<Arc<str>>,
    owners: Vec<Arc<str>>,
    sites: Vec<Arc<str>>,
    position: Arc<str>,
}

impl Game {
    /// With 20 scripts and five things.
    pub(crate) fn new(seed: u64) -> Self {
        Self::of(seed, 10, 5)
    }

    /// With so many scripts in each lane, ten at most, and so many things.
    pub(crate) fn of(seed: u64, scripts: u64, things: usize) -> Self {
        let list = |prefix: &str| (0..25).map(|n| format!("{prefix}{n}").into()).collect();
        Game {
            random: fastrand::Rng::with_seed(seed),
            number: 0,
            scripts,
            positions: vec![[0.0; 2]; things],
            words: Words {
                names: list("patrol_"),
                owners: list("guard "),
                sites: (0..25).map(|n| format!("src/museum/guards.rs:{}:13", 40 + n).into()).collect(),
                position: "position".into(),
            },
        }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random.u64(..) % limit
    }

    fn who(&self, script: u64) -> Who {
        let n = script as usize % 25;
        let words = &self.words;
        let (name, owner) = (words.names[n].clone(), words.owners[n].clone());
        Who { number: script, name, owner, spawned_at: Some(words.sites[0].clone()) }
    }

    fn lines(&mut self, lane: u8) -> Vec<Line> {
        let line = |kind, who, cause| Line { kind, who, cause, at: None, value: 0 };
        let step = Who { number: lane.into(), name: ["main", "late"][usize::from(lane)].into(), ..Who::default() };
        let mut lines = vec![line(ChangeKind::Step, step, Cause::Game)];
        let first = u64::from(lane) * 10 + 1;
        let scripts = first..first + self.scripts;
        for script in scripts.clone() {
            lines.push(line(ChangeKind::Woken, self.who(script), Cause::Release));
        }
        for script in scripts {
            let at = Some(self.words.sites[script as usize].clone());
            lines.push(Line { at, ..line(ChangeKind::Polled, self.who(script), Cause::Release) });
            if self.below(300) == 0 {
                let value = self.random.u64(..);
                lines.push(Line { value, ..line(ChangeKind::Drew, self.who(script), Cause::Script(script)) });
            }
        }
        if self.below(120) == 0 {
            let who = self.who(100 + self.number);
            let at = who.spawned_at.clone();
            lines.push(Line { at, ..line(ChangeKind::Spawned, who.clone(), Cause::Script(3)) });
            lines.push(line(ChangeKind::Completed, who, Cause::Game));
        }
        lines
    }

    fn state(&mut self) -> Vec<StateLine> {
        let mut lines = Vec::new();
        for thing in 0..self.positions.len() {
            self.positions[thing][0] += 1.7 * (thing + 1) as f32 / 60.0;
            if self.below(60) == 0 {
                self.positions[thing][1] = self.below(64) as f32;
            }
            let [x, y] = self.positions[thing];
            let value = format!(r#"{{"x":{x:?},"y":{y:?}}}"#);
            let (entity, hash) = (self.words.owners[thing].clone(), self.random.u64(..));
            lines.push(StateLine { kind: self.words.position.clone(), entity, value: Some(value.into()), hash });
        }
        if self.below(100) == 0 {
            let (kind, entity) = ("score".into(), "".into());
            lines.push(StateLine { kind, entity, value: None, hash: 0 });
        }
        lines
    }

    fn arrivals(&mut self) -> Vec<(u32, Arrival)> {
        match self.below(90) {
            0 => vec![(0, Arrival::Wake(7)), (1, Arrival::Value("net".into(), 0, vec![1, 2, 3]))],
            1 => vec![(1, Arrival::Asset("maps/vault.tmx".into())), (0, Arrival::LastSent("net".into(), 1))],
            2 => vec![(0, Arrival::Unkept("src/net.rs:9:5".into()))],
            _ => Vec::new(),
        }
    }

    /// The next frame.
    pub(crate) fn frame(&mut self) -> RecordedFrame {
        let mut trail = Vec::new();
        for lane in 0..2 {
            let (trace, world) = (self.random.u64(..) as u32, 5);
            trail.push(StepTrail { lane: Some(lane), trace, world, lines: self.lines(lane), state: Vec::new() });
        }
        let (trace, world) = (trail[1].trace, self.random.u64(..) as u32);
        trail.push(StepTrail { lane: None, trace, world, lines: Vec::new(), state: self.state() });
        self.number += 1;
        let slow = u64::from(self.below(200) == 0) * STEP_NANOS;
        let input = sparse(self.number).input;
        RecordedFrame { step_nanos: STEP_NANOS + slow, input, arrivals: self.arrivals(), trail }
    }

    /// As many next frames.
    pub(crate) fn frames(&mut self, count: usize) -> Vec<RecordedFrame> {
        (0..count).map(|_| self.frame()).collect()
    }
}

/// A setup with something of all that it can hold.
pub(crate) fn setup() -> Setup {
    let mut setup = Setup::new(0x5EED);
    setup.shuffle = Some(3);
    setup.options.insert("map".to_string(), "vault".to_string());
    setup
}

/// A recording of these frames, finished.
pub(crate) fn record(frames: &[RecordedFrame], detail: Detail) -> Vec<u8> {
    let mut writer = RecordingWriter::to(Vec::new(), &setup(), detail).expect("a vector takes all");
    frames.iter().for_each(|frame| writer.push(frame).expect("a vector takes all"));
    writer.finish().expect("a vector takes all")
}

/// What a recording keeps of these frames.
pub(crate) fn kept(frames: &[RecordedFrame], detail: Detail) -> Vec<RecordedFrame> {
    let mut kept = frames.to_vec();
    let last = kept.len();
    for (number, frame) in kept.iter_mut().enumerate() {
        let ends_block = (number + 1).is_multiple_of(60) || number + 1 == last;
        match detail {
            Detail::Full => {}
            Detail::Steps => {
                for step in &mut frame.trail {
                    step.lines.clear();
                    step.state.clear();
                }
            }
            Detail::Sparse if ends_block => {
                frame.trail = frame.trail.pop().into_iter().collect();
                for end in &mut frame.trail {
                    *end = StepTrail { trace: end.trace, world: end.world, ..StepTrail::default() };
                }
            }
            Detail::Sparse => frame.trail.clear(),
        }
    }
    kept
}

pub(crate) const DETAILS: [Detail; 3] = [Detail::Sparse, Detail::Steps, Detail::Full];
