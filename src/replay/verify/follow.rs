//! Following a run: each frame is compared with what was expected of it, and what a report needs is kept.
//!
//! The rule: up to the first difference both runs did the same, so one history serves both. What is kept is bounded:
//! the lines of some frames back, and the last value of each hashed component.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::columns;
use super::divergence::{BlamedScript, BlamedValue, Divergence, MOST_VALUES};
use super::gap::{Difference, Gap, first_difference, first_gap, hashed, to_blame};
use super::{causes, words};
use crate::executor::ChangeKind;
use crate::replay::{Detail, Line, StateLine, StepTrail};

/// Lines of so many frames are kept, and of fewer where these are so many lines.
const RING_FRAMES: usize = 300;
const RING_LINES: usize = 100_000;

/// A component's key and its entity's.
type StateKey = (Arc<str>, Arc<str>);

/// The hash of a value, and the value as JSON; `None` where there is none.
type StateValue = (u64, Option<Arc<str>>);

#[derive(Debug)]
pub(crate) struct Follower {
    /// The detail of what is expected.
    detail: Detail,
    world_only: bool,
    frames: u64,
    /// The last frame known to be equal.
    equal_frame: u64,
    /// The last one whose world is known to be equal.
    equal_world: u64,
    /// Whether any hash of a world was seen.
    pub(crate) is_hashed: bool,
    ring: VecDeque<(u64, Vec<StepTrail>)>,
    ring_lines: usize,
    standing: BTreeMap<StateKey, StateValue>,
}

impl Follower {
    pub(crate) fn new(detail: Detail, world_only: bool, frames: u64) -> Self {
        Follower {
            detail,
            world_only,
            frames,
            equal_frame: 0,
            equal_world: 0,
            is_hashed: false,
            ring: VecDeque::new(),
            ring_lines: 0,
            standing: BTreeMap::new(),
        }
    }

    /// Compares a frame; `None` where it is as expected. `actual` may be of more detail than `expected`.
    pub(crate) fn compare(
        &mut self,
        frame: u64,
        expected: &[StepTrail],
        actual: Vec<StepTrail>,
        lane_name: &dyn Fn(u8) -> String,
    ) -> Option<Divergence> {
        self.is_hashed |= actual.iter().chain(expected).any(|step| step.world != 0);
        let gap = match self.detail {
            Detail::Sparse => {
                let ends = (expected.last(), actual.last());
                let (Some(expected), Some(actual)) = ends else { return None };
                // Not every one was recorded with the world.
                let world = if expected.world == 0 { 0 } else { actual.world };
                let actual = StepTrail { trace: actual.trace, world, ..StepTrail::default() };
                first_gap(std::slice::from_ref(expected), &[actual], self.world_only)
            }
            _ => first_gap(expected, &actual, self.world_only),
        };
        match gap {
            None => {
                self.equal_frame = frame;
                if expected.last().is_some_and(|step| step.world != 0) {
                    self.equal_world = frame;
                }
                self.keep(frame, actual);
                None
            }
            Some(gap) => Some(self.divergence(frame, gap, expected, &actual, lane_name)),
        }
    }

    /// Takes in a frame that is as it should be.
    pub(crate) fn keep(&mut self, frame: u64, trail: Vec<StepTrail>) {
        for line in trail.iter().flat_map(|step| &step.state) {
            let key = (line.kind.clone(), line.entity.clone());
            match &line.value {
                Some(value) => _ = self.standing.insert(key, (line.hash, Some(value.clone()))),
                None => _ = self.standing.remove(&key),
            }
        }
        let lines_of = |trail: &[StepTrail]| trail.iter().map(|step| step.lines.len()).sum::<usize>();
        self.ring_lines += lines_of(&trail);
        self.ring.push_back((frame, trail));
        while self.ring.len() > RING_FRAMES || self.ring_lines > RING_LINES {
            let Some((_, oldest)) = self.ring.pop_front() else { break };
            self.ring_lines -= lines_of(&oldest);
        }
    }

    fn divergence(
        &self,
        frame: u64,
        gap: Gap,
        expected: &[StepTrail],
        actual: &[StepTrail],
        lane_name: &dyn Fn(u8) -> String,
    ) -> Divergence {
        let is_sparse = self.detail == Detail::Sparse;
        let (expected_step, actual_step) = match is_sparse {
            true => (expected.last(), actual.last()),
            false => (expected.get(gap.step), actual.get(gap.step)),
        };
        let hashes = |of: fn(&StepTrail) -> u32| (expected_step.map_or(0, of), actual_step.map_or(0, of));
        let lane = expected_step.or(actual_step).and_then(|step| step.lane);
        let mut divergence = Divergence {
            expected_is: "the recording".to_string(),
            actual_is: "the run".to_string(),
            frame,
            equal_frame: match gap.what {
                _ if !is_sparse => frame - 1,
                Difference::World => self.equal_world,
                _ => self.equal_frame,
            },
            frames: self.frames,
            step: (!is_sparse).then_some(gap.step),
            lane: lane.filter(|_| !is_sparse).map(lane_name),
            what: gap.what,
            trace: hashes(|step| step.trace),
            world: hashes(|step| step.world),
            script: None,
            state: Vec::new(),
            more_state: 0,
            rows: Vec::new(),
            did: Vec::new(),
            causes: Vec::new(),
            expected_causes: Vec::new(),
            notes: Vec::new(),
            hints: Vec::new(),
        };
        if self.detail == Detail::Full {
            if gap.what != Difference::World {
                self.tell_script(&mut divergence, gap, expected, actual);
            }
            if !matches!(gap.what, Difference::Trace) {
                self.tell_state(&mut divergence, gap, expected, actual);
            }
        }
        if matches!(gap.what, Difference::OtherLane)
            && let (Some(expected), Some(actual)) = (expected_step, actual_step)
        {
            let name = |step: &StepTrail| step.lane.map_or("no lane".to_string(), lane_name);
            divergence.notes.push(format!("lane `{}` was expected, and `{}` stepped", name(expected), name(actual)));
        }
        divergence
    }

    /// The script to blame, the lines around, and what led there.
    fn tell_script(&self, divergence: &mut Divergence, gap: Gap, expected: &[StepTrail], actual: &[StepTrail]) {
        // Where lane steps are missing the lines of what follows say more than those of one step.
        let until = |trail: &[StepTrail]| trail.len().min(gap.step + 1);
        let lines = |trail: &[StepTrail]| trail.iter().flat_map(|step| step.lines.clone()).collect::<Vec<Line>>();
        let (expected, actual) = (lines(&expected[..until(expected)]), lines(&actual[..until(actual)]));
        let (expected, actual) = (hashed(&expected), hashed(&actual));
        let Some(at) = first_difference(&expected, &actual) else {
            divergence.notes.push(NO_LINE.to_string());
            return;
        };
        divergence.rows = columns::rows(&expected, &actual, at);
        let history = |lines: &[&Line]| -> Vec<(u64, Line)> {
            let before = self.ring.iter().flat_map(|(frame, trail)| {
                trail.iter().flat_map(|step| step.lines.iter().map(|line| (*frame, line.clone())))
            });
            let here = lines.iter().take(at + 1).map(|line| (divergence.frame, (*line).clone()));
            before.chain(here).collect()
        };
        let chain_of = |lines: &[&Line]| {
            let history = history(lines);
            causes::chain(&history.iter().map(|(frame, line)| (*frame, line)).collect::<Vec<_>>())
        };
        let causes = if actual.len() > at { chain_of(&actual) } else { Vec::new() };
        let expected_causes = if expected.len() > at { chain_of(&expected) } else { Vec::new() };
        if let Some((line, is_actual)) = to_blame(&expected, &actual, at)
            && line.kind != ChangeKind::Step
        {
            let lines = if is_actual { &actual } else { &expected };
            divergence.script = Some(blamed(line, is_actual, &history(lines), &lines[at.min(lines.len())..]));
        }
        divergence.causes = causes;
        divergence.expected_causes = expected_causes;
    }

    /// The components and resources that differ.
    fn tell_state(&self, divergence: &mut Divergence, gap: Gap, expected: &[StepTrail], actual: &[StepTrail]) {
        let mut values: BTreeMap<StateKey, [Option<StateValue>; 2]> = BTreeMap::new();
        for (side, trail) in [expected, actual].into_iter().enumerate() {
            let steps = &trail[..trail.len().min(gap.step + 1)];
            for StateLine { kind, entity, value, hash } in steps.iter().flat_map(|step| &step.state) {
                let sides = values.entry((kind.clone(), entity.clone())).or_default();
                sides[side] = Some((*hash, value.clone()));
            }
        }
        for (key, [expected, actual]) in values {
            // What changed in one of the two stands in the other as before.
            let before = || self.standing.get(&key).cloned().unwrap_or((0, None));
            let (expected, actual) = (expected.unwrap_or_else(before), actual.unwrap_or_else(before));
            if expected.0 == actual.0 && expected.1.is_some() == actual.1.is_some() {
                continue;
            }
            if divergence.state.len() == MOST_VALUES {
                divergence.more_state += 1;
                continue;
            }
            let text = |value: Option<Arc<str>>| value.map(|value| value.to_string());
            divergence.state.push(BlamedValue {
                kind: key.0.to_string(),
                entity: key.1.to_string(),
                hashes: (expected.0, actual.0),
                expected: text(expected.1),
                actual: text(actual.1),
            });
        }
    }
}

fn blamed(line: &Line, is_actual: bool, history: &[(u64, Line)], later: &[&Line]) -> BlamedScript {
    let is_its_poll = |of: &&Line| of.kind == ChangeKind::Polled && of.who.number == line.who.number;
    let poll = match line.kind {
        // Where it was parked says the poll that follows.
        ChangeKind::Woken => later.iter().copied().find(is_its_poll),
        _ => history.iter().rev().map(|(_, line)| line).find(is_its_poll),
    };
    let did = match line.kind {
        ChangeKind::Drew => "drew a random number".to_string(),
        kind @ (ChangeKind::Completed | ChangeKind::Panicked) => words::verb(kind).to_string(),
        kind => format!("was {}", words::verb(kind)),
    };
    BlamedScript {
        number: line.who.number,
        name: if words::has_name(&line.who) { line.who.name.to_string() } else { "script".to_string() },
        owner: line.who.owner.to_string(),
        spawned_at: line.who.spawned_at.as_ref().map(ToString::to_string),
        waited_at: poll.and_then(|poll| poll.at.as_ref()).map(ToString::to_string),
        did,
        is_missing: !is_actual,
    }
}

const NO_LINE: &str = "no line differs: what does happened before the first frame, while the game was built";
