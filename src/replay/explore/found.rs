//! What a sweep found, in a form that can be merged, printed, and sent as a line.
//!
//! The rule: what is found depends on the runs alone, never on which thread or process made them: failures lie in order
//! of seed and order, and parts merged in any order are the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::code::RunCode;
use super::draws::fold;

/// What was found by a sweep, or by a part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    runs: u64,
    /// The hash at the end of every run that came to its end.
    ends: BTreeSet<u64>,
    /// A sum over all runs and their ends.
    digest: u64,
    failures: BTreeMap<(u64, u32), Failure>,
    orders: BTreeMap<u64, OrderDependence>,
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// Plays the run again: [`Explore::replay`](super::Explore::replay).
    pub code: RunCode,
    /// The frame in which it failed; 0 while the game was built.
    pub frame: u64,
    /// In what way.
    pub fault: Fault,
    /// What was said.
    pub message: String,
}

/// In what way a run failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Fault {
    /// The game, its input or its check panicked.
    Panicked,
    /// A script panicked or failed, and the game went on.
    ScriptFailed,
    /// The check said no.
    CheckFailed,
    /// The state couldn't be hashed.
    NotHashed,
    /// The game was built with another seed or shuffle than its setup has.
    OtherSeed,
}

/// A seed whose end depends on the order of what is ready at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrderDependence {
    /// Plays the first order whose end differs from that of the plain one.
    pub code: RunCode,
    /// The first frame whose state differs from that of the plain order.
    pub frame: u64,
    /// How many orders end otherwise than the plain one.
    pub differ: u32,
    /// How many were compared with it.
    pub compared: u32,
}

/// `Found` on a line. Hashes are words, since readers of JSON may round large numbers.
#[derive(Serialize, Deserialize)]
struct FoundLine {
    runs: u64,
    digest: String,
    failures: Vec<Failure>,
    orders: Vec<OrderDependence>,
    ends: Vec<String>,
}

/// How many failures a person is shown.
const SHOWN: usize = 20;

impl Found {
    /// How many runs were made, failed ones among them.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// How many different ends there are: by the hash of the state where that is hashed, else by that of the trace.
    #[must_use]
    pub fn ends(&self) -> usize {
        self.ends.len()
    }

    /// A hash over all runs and how each ended: equal sweeps have the same, however they were split.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The runs that failed, by seed and order.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.failures.values()
    }

    /// The seeds that depend on the order of equals, by seed.
    pub fn order_dependences(&self) -> impl Iterator<Item = &OrderDependence> {
        self.orders.values()
    }

    /// Whether there was a run, none failed, and none depends on the order of equals.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.runs > 0 && self.failures.is_empty() && self.orders.is_empty()
    }

    /// For a test: does nothing if [`is_clean`](Self::is_clean).
    ///
    /// # Panics
    /// With all that was found otherwise.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.runs > 0, "no run was made: give the sweep some seeds");
        assert!(self.is_clean(), "{self}");
    }

    /// This and another part of a sweep, as one.
    #[must_use]
    pub fn merge(mut self, mut other: Found) -> Found {
        if self.ends.len() < other.ends.len() {
            std::mem::swap(&mut self, &mut other);
        }
        self.runs += other.runs;
        self.digest = self.digest.wrapping_add(other.digest);
        self.ends.extend(other.ends);
        self.failures.extend(other.failures);
        self.orders.extend(other.orders);
        self
    }

    /// As one line of JSON, without a line break.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let line = FoundLine {
            runs: self.runs,
            digest: word_of(self.digest),
            failures: self.failures.values().cloned().collect(),
            orders: self.orders.values().cloned().collect(),
            ends: self.ends.iter().map(|end| word_of(*end)).collect(),
        };
        serde_json::to_string(&line).expect("numbers and words are JSON")
    }

    /// Reads what [`to_json_line`](Self::to_json_line) wrote.
    ///
    /// # Errors
    /// When it is something else; the error says where.
    pub fn from_json_line(line: &str) -> Result<Found, String> {
        let line: FoundLine = serde_json::from_str(line)
            .map_err(|error| format!("this is no line of a sweep: {error}; give a line that `to_json_line` wrote"))?;
        let number = |word: &String| {
            u64::from_str_radix(word, 16)
                .map_err(|_| format!("{word:?} is no hash: it has up to 16 hexadecimal digits"))
        };
        Ok(Found {
            runs: line.runs,
            digest: number(&line.digest)?,
            ends: line.ends.iter().map(number).collect::<Result<_, _>>()?,
            failures: line.failures.into_iter().map(|failure| (failure.code.key(), failure)).collect(),
            orders: line.orders.into_iter().map(|order| (order.code.seed, order)).collect(),
        })
    }

    /// Takes in a run that came to its end.
    pub(super) fn add_end(&mut self, code: RunCode, trace: u64, state: Option<u64>) {
        self.runs += 1;
        let end = state.unwrap_or(trace);
        self.ends.insert(end);
        let run = fold(code.seed, u64::from(code.order));
        self.digest = self.digest.wrapping_add(fold(fold(run, trace), end));
    }

    /// Takes in a run that failed.
    pub(super) fn add_failure(&mut self, failure: Failure) {
        self.runs += 1;
        let run = fold(failure.code.seed, u64::from(failure.code.order));
        self.digest = self.digest.wrapping_add(fold(run, failure.frame));
        self.failures.insert(failure.code.key(), failure);
    }

    pub(super) fn add_order(&mut self, order: OrderDependence) {
        self.orders.insert(order.code.seed, order);
    }
}

impl RunCode {
    fn key(&self) -> (u64, u32) {
        (self.seed, self.order)
    }
}

fn word_of(hash: u64) -> String {
    format!("{hash:016x}")
}

impl fmt::Display for Found {
    /// A line of counts, then a line for each of the first failures and order dependences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs, {} different ends, digest {:016x}", self.runs, self.ends.len(), self.digest)?;
        list(f, "runs failed", &self.failures)?;
        list(f, "seeds depend on the order of what is ready at the same time", &self.orders)
    }
}

fn list<K, V: fmt::Display>(f: &mut fmt::Formatter<'_>, title: &str, list: &BTreeMap<K, V>) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    write!(f, "\n{} {title}:", list.len())?;
    for entry in list.values().take(SHOWN) {
        write!(f, "\n  {entry}")?;
    }
    if list.len() > SHOWN {
        write!(f, "\n  and {} more", list.len() - SHOWN)?;
    }
    Ok(())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunCode { seed, order, .. } = self.code;
        write!(f, "{}  seed {seed}, order {order}, frame {}: ", self.code, self.frame)?;
        match self.fault {
            Fault::Panicked | Fault::ScriptFailed | Fault::OtherSeed => Ok(()),
            Fault::CheckFailed => f.write_str("the check failed: "),
            Fault::NotHashed => f.write_str("the state can't be hashed: "),
        }?;
        f.write_str(&self.message)
    }
}

impl fmt::Display for OrderDependence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunCode { seed, order, .. } = self.code;
        let OrderDependence { code, frame, differ, compared } = self;
        write!(
            f,
            "{code}  seed {seed}, order {order}: another state than the plain order's from frame {frame} on; {differ} of \
             {compared} orders end otherwise"
        )
    }
}
