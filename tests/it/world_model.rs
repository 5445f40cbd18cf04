//! Random programs on two worlds: one of `bevy_ecs` with this crate's scripts, and a naive one that is the
//! specification of the layer over it.
//!
//! Rule: both log every poll, drop, answer, failure and frame report, and the logs are equal.
//!
//! - `program.rs`: the language; a program prints as Rust that can be pasted.
//! - `naive.rs`: the naive world, over the naive executor of `model`; written to be read.
//! - `on_naive.rs`, `on_real.rs`: a program on the one and on the other.
//! - `generate.rs`, `edits.rs`: random programs, and how they get smaller.
//! - `pasted.rs`: programs that once told the two apart.
//!
//! `FRAMESTEP_CASES` sets the number of programs, `FRAMESTEP_SEED` draws others.

mod edits;
mod generate;
mod naive;
mod on_naive;
mod on_real;
mod pasted;
mod program;

use crate::model::{Seen, check_many, compare_with};
use program::Program;

/// The first line at which the logs part ways, and what led there; or else the log.
///
/// With a trace each script is polled by itself, without one rows of them by a loop: both are to say the same.
fn compare(program: &Program) -> Result<Vec<String>, String> {
    let expected = on_naive::run(program);
    compare_with(&expected, || on_real::run(program, true))?;
    compare_with(&expected, || on_real::run(program, false))
}

/// Runs a program on both; for pasting.
#[track_caller]
fn check(program: Program) {
    if let Err(difference) = compare(&program) {
        panic!("{difference}");
    }
}

/// What the programs are to come across, each in the words of the log.
const SIGHTS: [&str; 47] = [
    "clean-up of 0 blows",
    "told of 0: Panic(\"clean-up panic\")",
    "told of a stranger: Panic(\"clean-up panic (in its destructor)\")",
    " got frames",
    " got yielded",
    " got slept",
    " got moved",
    " got raised",
    " got found",
    " got despawned",
    " got heard ",
    " got next ",
    " got next one",
    "added",
    "removed",
    " got finished",
    " got no entity",
    " got no component",
    " got no listener",
    " got join[",
    " got race[",
    " got in time[",
    " got elapsed",
    " got until[",
    " got given up",
    " got block",
    " got block failed",
    ": no entity",
    ": no component",
    " panics",
    " fails: scripted",
    " fails: no entity",
    " fails: no component",
    "clean-up of 0 despawns",
    "clean-up of 0 starts",
    "clean-up of 0 cancels",
    "told of 0: scripted",
    "told of 0: no component",
    "told of 0: Panic",
    "0 despawns own: done",
    "0 takes the script off own: done",
    "game cancels 0: true",
    "game cancels 0: false",
    "outside starts",
    "outside despawns",
    "disables or enables own: true",
    " removes A of own: done",
];

#[test]
fn the_real_world_says_what_the_naive_one_says() {
    let seen = Seen::new(SIGHTS);
    check_many(3_000, generate::program, |program| {
        seen.look(&compare(program)?);
        Ok(())
    });
    seen.check();
}
