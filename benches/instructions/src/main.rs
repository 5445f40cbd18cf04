//! The gate: counts the instructions of each work under callgrind, and fails when one takes more than it did.
//!
//! From the repository's root:
//!
//! ```console
//! cargo +1.95.0 run --locked --manifest-path benches/instructions/Cargo.toml              # counts and judges
//! cargo +1.95.0 run --locked --manifest-path benches/instructions/Cargo.toml -- --bless   # counts and takes over
//! ```
//!
//! The second writes `baseline.toml`, on purpose and to be committed. Counts are those of one compiler: the baseline
//! names its own, and the gate judges nothing under another. It takes `valgrind`, and `gungraun-runner` in the version
//! of `gungraun` in `Cargo.toml`.

mod baseline;
mod count;
mod table;

use std::error::Error;
use std::process::{Command, ExitCode};

use instructions::WORKS;

use baseline::Baseline;
use count::Counts;

/// How far above its baseline a count may be, in percent: the compiler's choices far from a hot path move it a bit.
const TOLERANCE: u64 = 3;

/// How to take the counts over.
const BLESS: &str = "cargo +1.95.0 run --locked --manifest-path benches/instructions/Cargo.toml -- --bless";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => judge(),
        ["--bless"] => bless(),
        _ => Err("the only argument there is: --bless".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

fn judge() -> Result<(), Box<dyn Error>> {
    let baseline = Baseline::read()?;
    let rustc = rustc()?;
    if rustc != baseline.rustc {
        let counted = baseline.rustc;
        return Err(format!(
            "the baseline was counted with `{counted}`, and this is `{rustc}`: run the gate with that toolchain, or \
             bless the counts of this one:\n  {BLESS}"
        )
        .into());
    }
    let counts = count::all()?;
    table::print(&counts, Some(&baseline.counts));
    let failures = failures(&counts, &baseline.counts);
    if failures.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nIf it is meant to be so, take the counts over, and commit them:\n  {BLESS}", failures.join("\n"))
        .into())
}

fn bless() -> Result<(), Box<dyn Error>> {
    let before = Baseline::read().ok().map(|baseline| baseline.counts);
    let counts = count::all()?;
    table::print(&counts, before.as_ref());
    Baseline { rustc: rustc()?, counts }.write()
}

/// The compiler that this command's toolchain has.
fn rustc() -> Result<String, Box<dyn Error>> {
    let output = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The highest count that passes.
fn limit(baseline: u64) -> u64 {
    baseline + baseline * TOLERANCE / 100
}

/// What is wrong with these counts, a line each.
fn failures(counts: &Counts, baseline: &Counts) -> Vec<String> {
    let mut failures = Vec::new();
    for work in WORKS {
        let (name, count) = (work.name, counts[work.name]);
        match baseline.get(name) {
            None => failures.push(format!("{name}: no baseline")),
            Some(&baseline) if count > limit(baseline) => failures.push(format!(
                "{name}: {count} instructions, the limit is {} (baseline {baseline} + {TOLERANCE} %)",
                limit(baseline)
            )),
            Some(_) => (),
        }
    }
    for name in baseline.keys().filter(|&name| !counts.contains_key(name)) {
        failures.push(format!("{name}: has a baseline, but isn't counted"));
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(count: u64) -> Counts {
        WORKS.iter().map(|work| (work.name.to_owned(), count)).collect()
    }

    #[test]
    fn up_to_the_tolerance_passes() {
        assert_eq!(failures(&all(10_300), &all(10_000)), Vec::<String>::new());
        assert_eq!(failures(&all(1), &all(10_000)), Vec::<String>::new());
    }

    #[test]
    fn one_instruction_above_fails_with_all_that_is_to_be_known() {
        let mut counts = all(10_000);
        counts.insert("join".into(), 10_301);
        let expected = "join: 10301 instructions, the limit is 10300 (baseline 10000 + 3 %)";
        assert_eq!(failures(&counts, &all(10_000)), [expected]);
    }

    #[test]
    fn a_work_on_one_side_only_fails() {
        let mut baseline = all(10_000);
        baseline.remove("race");
        baseline.insert("rest".into(), 1);
        let expected = ["race: no baseline", "rest: has a baseline, but isn't counted"];
        assert_eq!(failures(&all(10_000), &baseline), expected);
    }
}
