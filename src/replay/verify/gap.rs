//! The first difference between what a recording expects of a frame and what a run did.
//!
//! The rule: hashes decide whether there is a difference, and lines only say which. Lines are compared by what enters
//! the hash: what happened, to which script, and what was drawn. Names, places and causes are for readers.

use serde::Serialize;

use crate::executor::ChangeKind;
use crate::replay::{Line, StepTrail};

/// What differs first.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Difference {
    /// What happened to scripts, and nothing else.
    Trace,
    /// The hashed state of the world; scripts did the same up to there.
    World,
    /// Both, in one step.
    TraceAndWorld,
    /// The run made more lane steps in the frame.
    MoreSteps,
    /// The run made fewer lane steps in the frame.
    FewerSteps,
    /// The run stepped another lane.
    OtherLane,
}

/// Where in a frame the first difference is.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Gap {
    /// The step within the frame, from 0.
    pub(crate) step: usize,
    pub(crate) what: Difference,
}

/// The first step that differs; of steps alone the world where that is asked for.
pub(crate) fn first_gap(expected: &[StepTrail], actual: &[StepTrail], world_only: bool) -> Option<Gap> {
    for (step, expected_step) in expected.iter().enumerate() {
        let actual_step = actual.get(step);
        let lanes_agree = actual_step.is_some_and(|actual| actual.lane == expected_step.lane);
        let Some(actual_step) = actual_step.filter(|_| lanes_agree) else {
            let what = match expected.len().cmp(&actual.len()) {
                std::cmp::Ordering::Greater => Difference::FewerSteps,
                std::cmp::Ordering::Less => Difference::MoreSteps,
                std::cmp::Ordering::Equal => Difference::OtherLane,
            };
            return Some(Gap { step, what });
        };
        let trace = !world_only && expected_step.trace != actual_step.trace;
        let world = expected_step.world != actual_step.world;
        let what = match (trace, world) {
            (false, false) => continue,
            (true, false) => Difference::Trace,
            (false, true) => Difference::World,
            (true, true) => Difference::TraceAndWorld,
        };
        return Some(Gap { step, what });
    }
    let more = actual.len() > expected.len();
    more.then_some(Gap { step: expected.len(), what: Difference::MoreSteps })
}

/// The lines that enter the hash.
pub(crate) fn hashed(lines: &[Line]) -> Vec<&Line> {
    lines.iter().filter(|line| line.kind != ChangeKind::Named).collect()
}

/// Whether two lines are the same to the hash.
pub(crate) fn same(one: &Line, other: &Line) -> bool {
    (one.kind, one.who.number, one.value) == (other.kind, other.who.number, other.value)
}

/// Where two runs of lines part.
pub(crate) fn first_difference(expected: &[&Line], actual: &[&Line]) -> Option<usize> {
    let equal = expected.iter().zip(actual).take_while(|(expected, actual)| same(expected, actual)).count();
    (equal < expected.len().max(actual.len())).then_some(equal)
}

/// The line to blame for the first difference, and whether it is one that the run has: where the run lacks lines and
/// then goes on as expected, the first that it lacks.
pub(crate) fn to_blame<'a>(expected: &[&'a Line], actual: &[&'a Line], at: usize) -> Option<(&'a Line, bool)> {
    /// So far it is looked for where the two agree again.
    const WINDOW: usize = 256;
    let rest = |lines: &[&'a Line]| lines.iter().skip(at).take(WINDOW).copied().collect::<Vec<_>>();
    let (expected, actual) = (rest(expected), rest(actual));
    match (expected.first(), actual.first()) {
        (None, None) => None,
        (Some(lacks), None) => Some((lacks, false)),
        (None, Some(does)) => Some((does, true)),
        (Some(lacks), Some(does)) => {
            let extra = actual.iter().position(|line| same(line, lacks)).unwrap_or(WINDOW);
            let missing = expected.iter().position(|line| same(line, does)).unwrap_or(WINDOW);
            Some(if missing < extra { (lacks, false) } else { (does, true) })
        }
    }
}
