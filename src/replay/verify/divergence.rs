//! The report of a difference: as fields, as text for one screen, and as JSON.
//!
//! The rule: it names the first thing that differs and says what is known about it, and nothing that is guessed: where
//! the recording keeps too little to say more, it says what to record.

use std::fmt;

use serde::Serialize;

use super::columns::{self, Row};
use super::gap::{Difference, hashed};
use super::words::{self, clipped};
use crate::replay::StepTrail;

/// How a run differs from what was expected of it. Its `Display` is a report of about a screen.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Divergence {
    /// What was expected is that of: the recording, run 1.
    pub expected_is: String,
    /// What differs is that of: this run, run 2.
    pub actual_is: String,
    /// The first frame that is known to differ, from 1.
    pub frame: u64,
    /// The last frame before it that is known not to; in a sparse recording up to 60 frames before, or 240 where only the world differs.
    pub equal_frame: u64,
    /// How many frames the recording has.
    pub frames: u64,
    /// The step within the frame, from 0; `None` where only frames are compared.
    pub step: Option<usize>,
    /// The name of the step's lane; `None` at the end of the frame.
    pub lane: Option<String>,
    /// What differs.
    pub what: Difference,
    /// The two trace hashes: expected, actual.
    pub trace: (u32, u32),
    /// The two hashes of the world: expected, actual; 0 where nothing is hashed.
    pub world: (u32, u32),
    /// The first script that did something else, or didn't do what it should.
    pub script: Option<BlamedScript>,
    /// The components and resources whose values differ, in order of their keys; at most [`MOST_VALUES`].
    pub state: Vec<BlamedValue>,
    /// How many more differ.
    pub more_state: usize,
    /// Expected beside actual, around the first line that differs.
    pub rows: Vec<Row>,
    /// What the run did in that step, its last lines, where the recording keeps no lines to compare.
    pub did: Vec<String>,
    /// What led to the actual line, the latest first.
    pub causes: Vec<String>,
    /// What led to the expected line, the latest first.
    pub expected_causes: Vec<String>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// How to go on.
    pub hints: Vec<String>,
}

/// So many differing values are listed.
pub const MOST_VALUES: usize = 4;

/// A script in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BlamedScript {
    /// Its spawn number.
    pub number: u64,
    /// The name it was given, or the type of its future.
    pub name: String,
    /// Its owner; empty where it has none.
    pub owner: String,
    /// Where it was spawned.
    pub spawned_at: Option<String>,
    /// Where it was parked when it was last polled.
    pub waited_at: Option<String>,
    /// What it did, or failed to do.
    pub did: String,
    /// Whether the line to blame is missing in the run.
    pub is_missing: bool,
}

/// A component of an entity, or a resource, in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BlamedValue {
    /// The key that the component or resource was registered by.
    pub kind: String,
    /// The entity's key; empty for a resource.
    pub entity: String,
    /// The expected value as JSON; `None` where it isn't there.
    pub expected: Option<String>,
    /// The actual value as JSON; `None` where it isn't there.
    pub actual: Option<String>,
    /// The hashes of the two, by bits; in JSON words of hexadecimal digits, since its numbers have 53 bits.
    #[serde(serialize_with = "in_words")]
    pub hashes: (u64, u64),
}

fn in_words<S: serde::Serializer>(hashes: &(u64, u64), serializer: S) -> Result<S::Ok, S::Error> {
    (format!("{:016x}", hashes.0), format!("{:016x}", hashes.1)).serialize(serializer)
}

/// So many lines of a step are shown where none are compared.
const LAST_LINES: usize = 8;

const NOT_AGAIN: &str =
    "played a second time it did something else: the game differs from itself, see `check_determinism`";

impl Divergence {
    /// The report as JSON, for tools.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("it holds words and numbers alone")
    }

    /// Adds what the run did, where what was expected isn't known line by line. `trail` is of full detail.
    pub(crate) fn tell_actual(&mut self, trail: &[StepTrail]) {
        let Some(step) = self.step.and_then(|step| trail.get(step)) else { return };
        let hash = if self.trace.0 == self.trace.1 { (step.world, self.world.1) } else { (step.trace, self.trace.1) };
        if hash.0 != hash.1 {
            self.notes.push(NOT_AGAIN.to_string());
        }
        let lines = hashed(&step.lines).into_iter().map(words::short);
        let mut did: Vec<String> = lines.chain(step.state.iter().map(words::state)).collect();
        let more = did.len().saturating_sub(LAST_LINES);
        did.drain(..more);
        if more > 0 {
            did.insert(0, format!("{more} lines, and then"));
        }
        self.did = did;
    }

    fn headline(&self) -> String {
        let (actual, expected) = (&self.actual_is, &self.expected_is);
        let (frame, frames) = (self.frame, self.frames);
        let place = match (&self.lane, self.step) {
            (Some(lane), Some(step)) => format!(", step {step} (lane `{lane}`)"),
            (None, Some(_)) => ", at the end of the frame".to_string(),
            _ => String::new(),
        };
        if self.equal_frame + 1 < frame {
            let from = self.equal_frame + 1;
            return format!("{actual} differs from {expected} between frames {from} and {frame} of {frames}");
        }
        format!("{actual} differs from {expected} in frame {frame} of {frames}{place}")
    }

    fn verdict(&self) -> String {
        let trace = format!("trace    expected {:08x}, actual {:08x}", self.trace.0, self.trace.1);
        let world = format!("world    expected {:08x}, actual {:08x}", self.world.0, self.world.1);
        match self.what {
            Difference::Trace if self.world == (0, 0) => trace,
            Difference::Trace => format!("{trace}; the world is the same so far"),
            Difference::World if self.trace.0 == self.trace.1 => {
                format!("{world}; scripts did the same so far")
            }
            Difference::World => world,
            Difference::TraceAndWorld => format!("{trace}\n  {world}"),
            Difference::MoreSteps => "steps    more lane steps than expected".to_string(),
            Difference::FewerSteps => "steps    fewer lane steps than expected".to_string(),
            Difference::OtherLane => "steps    another lane was stepped than expected".to_string(),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        writeln!(f, "  {}", self.verdict())?;
        if let Some(script) = &self.script {
            script.fmt(f)?;
        }
        for value in &self.state {
            value.fmt(f)?;
        }
        if self.more_state > 0 {
            writeln!(f, "           and {} more", self.more_state)?;
        }
        for note in &self.notes {
            writeln!(f, "  note     {note}")?;
        }
        if !self.rows.is_empty() {
            writeln!(f)?;
            columns::text(&self.rows).iter().try_for_each(|line| writeln!(f, "{line}"))?;
        }
        if !self.did.is_empty() {
            writeln!(f, "\nin this step the run did:")?;
            self.did.iter().try_for_each(|line| writeln!(f, "  {}", clipped(line, 77)))?;
        }
        for (title, causes) in [("why, actual", &self.causes), ("why, expected", &self.expected_causes)] {
            if !causes.is_empty() {
                writeln!(f, "\n{title}:")?;
                causes.iter().enumerate().try_for_each(|(at, cause)| {
                    let arrow = if at == 0 { "" } else { "<- " };
                    writeln!(f, "  {arrow}{cause}")
                })?;
            }
        }
        if !self.hints.is_empty() {
            writeln!(f)?;
            self.hints.iter().try_for_each(|hint| writeln!(f, "{hint}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for BlamedScript {
    /// Some lines of a report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_not = if self.is_missing { " (which the run did not)" } else { "" };
        write!(f, "  script   `{}` #{} {}{has_not}", self.name, self.number, self.did)?;
        if !self.owner.is_empty() {
            write!(f, ", owner `{}`", self.owner)?;
        }
        writeln!(f)?;
        if let Some(at) = &self.spawned_at {
            writeln!(f, "  spawned  at {at}")?;
        }
        if let Some(at) = &self.waited_at {
            writeln!(f, "  waited   at {at}")?;
        }
        Ok(())
    }
}

impl fmt::Display for BlamedValue {
    /// Some lines of a report.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  state    `{}`", self.kind)?;
        if !self.entity.is_empty() {
            write!(f, " of `{}`", self.entity)?;
        }
        let text = |value: &Option<String>| clipped(value.as_deref().unwrap_or("none"), 60);
        let (expected, actual) = (text(&self.expected), text(&self.actual));
        if self.expected == self.actual {
            return writeln!(f, ": {actual} in both, other bits ({:016x}, {:016x})", self.hashes.0, self.hashes.1);
        }
        if expected.len() + actual.len() + self.kind.len() + self.entity.len() < 40 {
            return writeln!(f, ": expected {expected}, actual {actual}");
        }
        writeln!(f, "\n             expected {expected}\n             actual   {actual}")
    }
}
