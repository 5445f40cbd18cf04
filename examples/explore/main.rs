//! A sweep over seeds for a flaw that few of them show.
//!
//! `cargo run --release --example explore --features explore -- --seeds 0..1000 --shuffles 4` prints what was found, and
//! ends with code 1 when that is anything. `--replay CODE` plays one run again, frame by frame. `--shard I/N` plays one
//! part of N and `--json` prints a line that `--merge FILE...` puts together: `examples/sweep` has that for Slurm, for
//! Kubernetes and for one machine.

mod game;

use std::fs;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use framestep::replay::{Explore, Found, RunCode, Shard};

use game::Heist;

/// Plays two thieves and a vault with many seeds.
#[derive(Debug, Parser)]
struct Options {
    /// The seeds, the first and the one behind the last
    #[arg(long, value_name = "A..B", default_value = "0..1000", value_parser = range)]
    seeds: Range<u64>,

    /// How many frames a run has
    #[arg(long, value_name = "N", default_value_t = 120)]
    frames: u64,

    /// How many shuffled orders of each seed to play beside the plain one
    #[arg(long, value_name = "K", default_value_t = 0)]
    shuffles: u32,

    /// Play one part of the seeds, counted from 0
    #[arg(long, value_name = "I/N", default_value = "0/1")]
    shard: Shard,

    /// Print what was found as a line of JSON
    #[arg(long)]
    json: bool,

    /// Play one run again
    #[arg(long, value_name = "CODE")]
    replay: Option<RunCode>,

    /// Put the lines of several parts together; `-` reads them from stdin
    #[arg(long, value_name = "FILE", num_args = 1..)]
    merge: Vec<PathBuf>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is no number"));
    let (start, end) = text.split_once("..").ok_or("a range is written `0..1000`")?;
    Ok(number(start)?..number(end)?)
}

fn main() -> ExitCode {
    let options = Options::parse();
    match found(&options) {
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
        Ok(found) => {
            println!("{}", if options.json { found.to_json_line() } else { found.to_string() });
            let is_empty = found.failures().count() + found.order_dependences().count() == 0;
            if is_empty { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

fn found(options: &Options) -> Result<Found, String> {
    if !options.merge.is_empty() {
        return options.merge.iter().try_fold(Found::default(), |found, file| Ok(found.merge(read(file)?)));
    }
    let mut explore = Explore::new(Heist::new)
        .seeds(options.seeds.clone())
        .frames(options.frames)
        .shuffles(options.shuffles)
        .shard(options.shard)
        .check(|heist, _| heist.check())
        .progress(true);
    if options.shuffles > 0 {
        explore = explore.compare_orders();
    }
    let Some(code) = options.replay else { return Ok(explore.run()) };
    let mut before = Vec::new();
    let again = explore.replay_with(code, |heist, frame| {
        if heist.inside() != before {
            before = heist.inside().to_vec();
            println!("frame {frame}: inside {}", before.join(", "));
        }
    });
    again.map_err(|error| error.to_string())
}

/// All the lines of a file, as one.
fn read(file: &Path) -> Result<Found, String> {
    let name = file.display();
    let text = if file == Path::new("-") { io::read_to_string(io::stdin().by_ref()) } else { fs::read_to_string(file) };
    let text = text.map_err(|error| format!("{name} can't be read: {error}"))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.zip(1..).try_fold(Found::default(), |found, (line, number)| {
        let part = Found::from_json_line(line).map_err(|error| format!("{name}, line {number}: {error}"))?;
        Ok(found.merge(part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_seeds_show_the_flaw_and_their_codes_show_it_again() {
        let explore = Explore::new(Heist::new).seeds(0..500).frames(120).check(|heist, _| heist.check());
        let found = explore.run();
        let failures: Vec<_> = found.failures().collect();
        assert!((1..50).contains(&failures.len()), "{found}");
        for failure in failures {
            assert_eq!(failure.message, "Ann and Bea are inside");
            assert_eq!(explore.replay(failure.code).unwrap().failures().next(), Some(failure));
        }
    }

    #[test]
    fn a_range_is_two_numbers() {
        assert_eq!(range("3..7"), Ok(3..7));
        assert!(range("3").unwrap_err().contains("0..1000"));
        assert!(range("3..x").unwrap_err().contains("\"x\" is no number"));
    }
}
