//! Random programs on two executors: the real one, and the naive one that is the specification.
//!
//! Rule: both log every poll, drop, output, answer and frame report, and the logs are equal.
//!
//! - `program.rs`: the language of the programs; a program prints as Rust that can be pasted.
//! - `naive.rs`, `waits.rs`: the naive executor and its waits, written to be read.
//! - `on_naive.rs`, `on_real.rs`: a program on the one and on the other.
//! - `generate.rs`, `edits.rs`: random programs, and how they get smaller.
//! - `dice.rs`, `shrink.rs`, `combine.rs`: what `world_model` shares: drawing, shrinking, combined waits.
//! - `pasted.rs`: programs that once told the two apart.
//!
//! `FRAMESTEP_CASES` sets the number of programs, `FRAMESTEP_SEED` draws others.

pub(crate) mod combine;
pub(crate) mod dice;
mod edits;
mod generate;
pub(crate) mod naive;
mod on_naive;
mod on_real;
mod pasted;
pub(crate) mod program;
pub(crate) mod shrink;
pub(crate) mod waits;

use dice::{Dice, Programs};
use framestep::Executor;
use program::Program;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    env,
    fmt::Debug,
    panic::{self, AssertUnwindSafe},
};

/// A variable of the environment that is a number.
fn setting(name: &str, unless_set: u64) -> u64 {
    let given = env::var(name).ok();
    given.map_or(unless_set, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

pub(crate) fn config(cases: u32) -> Config {
    let cases = if cfg!(miri) { cases / 1_000 + 1 } else { cases };
    Config {
        cases: setting("FRAMESTEP_CASES", cases.into()).try_into().expect("a number of cases"),
        rng_seed: RngSeed::Fixed(setting("FRAMESTEP_SEED", 0x5EED)),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    }
}

/// The first line at which the logs part ways, and what led there; or else the log.
///
/// With a trace each script is polled by itself, without one rows of them by a loop: both are to say the same.
fn compare(program: &Program) -> Result<Vec<String>, String> {
    let expected = on_naive::run(program);
    compare_with(&expected, || on_real::run(program, true).log)?;
    compare_with(&expected, || on_real::run(program, false).log)
}

pub(crate) fn compare_with(expected: &[String], run: impl FnOnce() -> Vec<String>) -> Result<Vec<String>, String> {
    let got = panic::catch_unwind(AssertUnwindSafe(run));
    let got = got.unwrap_or_else(|_| vec!["the run panicked".to_string()]);
    let same = expected.iter().zip(&got).take_while(|(expected, got)| expected == got).count();
    if expected.len() == same && got.len() == same {
        return Ok(got);
    }
    let before = expected[same.saturating_sub(30)..same].join("\n  ");
    let end = "(the log ends)".to_string();
    let (expected, got) = (expected.get(same).unwrap_or(&end), got.get(same).unwrap_or(&end));
    Err(format!("after\n  {before}\nexpected\n  {expected}\ngot\n  {got}\n"))
}

/// Runs a program on both; for pasting.
#[track_caller]
fn check(program: Program) {
    if let Err(difference) = compare(&program) {
        panic!("{difference}");
    }
}

/// Runs random programs; a failure is shrunk and printed as a test.
#[track_caller]
pub(crate) fn check_many<P>(cases: u32, draw: fn(&mut Dice) -> P, test: impl Fn(&P) -> Result<(), String>)
where
    P: shrink::Edit + Clone + Debug,
{
    let mut runner = TestRunner::new(config(cases));
    match runner.run(&Programs(draw), |program| test(&program).map_err(TestCaseError::fail)) {
        Ok(()) => {}
        Err(TestError::Fail(reason, program)) => panic!("{reason}\nto be pasted: check({program:?});"),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// What the programs are to come across, each in the words of the log.
const SIGHTS: [&str; 59] = [
    " put off 3 ",
    " output is dropped",
    " guard is dropped",
    " panics",
    " caught a panic",
    " cancels itself: true",
    " cancels 3: true",
    " cancels 3: false",
    " by id: true",
    " by id: false",
    " finds nothing of",
    " takes output",
    " takes cancelled",
    " takes panicked",
    " takes refused",
    " finished: true",
    " finished: false",
    " got frames",
    " got yielded",
    " got slept",
    " got interval[1 1",
    " got raised",
    " got output",
    " got cancelled",
    " got panicked",
    " got refused",
    " got join[",
    " got race[",
    " got in time[",
    " got elapsed",
    " got until[",
    " got given up",
    " got scope[block]",
    " got gone",
    " got moved",
    " ready in 1 ",
    " due Some(",
    " or not: true",
    " or not: false",
    " held in ",
    " hands in: true",
    " hands in: false",
    "closure logs",
    "closure panics",
    "closure spawns",
    "closure cancels",
    "something handed in: Panicked",
    "something handed in: Refused",
    "unborn script is dropped",
    " sends 3: taken",
    " sends 3: given back",
    "value 3 is dropped",
    " got value ",
    " got no more values",
    " got no inlet",
    " finds value ",
    " finds nothing\n",
    "game draws ",
    "1 draws ",
];

/// How many programs came across each of the sights.
pub(crate) struct Seen<const N: usize> {
    sights: [&'static str; N],
    seen: RefCell<[u32; N]>,
}

impl<const N: usize> Seen<N> {
    pub(crate) fn new(sights: [&'static str; N]) -> Self {
        Self { sights, seen: RefCell::new([0; N]) }
    }

    /// Looks for those that were seldom seen so far in the log of a program.
    pub(crate) fn look(&self, log: &[String]) {
        let mut seen = self.seen.borrow_mut();
        if seen.iter().any(|&seen| seen < 10) {
            let log = log.join("\n");
            for (seen, sight) in seen.iter_mut().zip(self.sights).filter(|(seen, _)| **seen < 10) {
                *seen += u32::from(log.contains(sight));
            }
        }
    }

    /// A run that did nothing is no proof.
    pub(crate) fn check(self) {
        let seen = self.seen.into_inner().into_iter().zip(self.sights);
        let seldom: Vec<_> = seen.filter(|(seen, _)| *seen < 10).collect();
        assert!(cfg!(miri) || seldom.is_empty(), "too few programs came across {seldom:?}");
    }
}

#[test]
fn the_real_executor_says_what_the_naive_one_says() {
    let seen = Seen::new(SIGHTS);
    check_many(4_000, Dice::program, |program| {
        seen.look(&compare(program)?);
        Ok(())
    });
    seen.check();
}

#[test]
fn two_runs_of_a_program_leave_the_same_trace() {
    let hashes = RefCell::new(BTreeSet::new());
    let cases = 400;
    check_many(cases, Dice::program, |program: &Program| {
        // Who listens has each script polled by itself.
        let first = on_real::run(program, true);
        let second = on_real::run_on(program, Executor::builder().trace(true), true);
        if (&first.log, first.trace_hash) != (&second.log, second.trace_hash) {
            return Err("the second run differs from the first".to_string());
        }
        hashes.borrow_mut().insert(first.trace_hash);
        Ok(())
    });
    assert!(cfg!(miri) || hashes.into_inner().len() > 300, "programs that differ leave traces that differ");
}

#[test]
fn two_shuffled_runs_of_a_program_leave_the_same_trace() {
    let differ = Cell::new(0);
    check_many(400, Dice::program, |program| {
        let run = |shuffle, logs| on_real::run_on(program, Executor::builder().trace(true).shuffle(shuffle), logs);
        let (first, second, other) = (run(1, false), run(1, true), run(2, false));
        if (&first.log, first.trace_hash) != (&second.log, second.trace_hash) {
            return Err("the second run differs from the first".to_string());
        }
        differ.set(differ.get() + u32::from(first.log != other.log));
        Ok(())
    });
    assert!(cfg!(miri) || differ.get() > 100, "only {} programs depend on the order", differ.get());
}
