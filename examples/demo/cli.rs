//! The command line.
//!
//! Rule: whatever is wrong with it is said in one line on stderr, and the program ends with code 2.
//! How: clap refuses flags that don't go together; what a flag needs beyond its form is said by whoever carries it out.

use std::{ops::Range, path::PathBuf};

use clap::{Parser, ValueEnum, error::ErrorKind};
use framestep::replay::{Detail, Setup};

use crate::night::{self, MAX_CROWD};

/// The museum at night: a heist driven by async scripts, one frame at a time.
///
/// Watch a recorded heist, or take over with any arrow key. Space pauses, comma goes back, Tab shows another script, q quits.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "demo")]
pub struct Options {
    /// Play without a terminal, as fast as possible, and end with the hash of the trace
    #[arg(long)]
    pub headless: bool,

    /// Stop after this many frames (60 a second) [default with --headless: 5400, or all of a recording]
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,

    /// The seed from which all scripts draw their random numbers [default: 1]
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,

    /// Let this many visitors stroll about, each with a script of its own [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_CROWD)))]
    pub crowd: Option<u32>,

    /// Play another map, made in Tiled, instead of the museum
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,

    /// Record the night while it is played, in the place of a file that is there
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// How much is kept of what happens: hashes once a second, of each step, or every line
    #[arg(long, value_name = "DETAIL", requires = "record", default_value = "sparse")]
    pub detail: Keep,

    /// Play a recorded night
    #[arg(long, value_name = "FILE", conflicts_with_all = ["record", "seed", "crowd", "map"])]
    pub replay: Option<PathBuf>,

    /// Begin a replay at this frame
    #[arg(long, value_name = "N", requires = "replay")]
    pub seek: Option<u64>,

    /// Replay what is whole of a damaged recording
    #[arg(long, requires = "replay")]
    pub salvage: bool,

    /// Play a recorded night again and compare: ends with code 1 and a report where it differs
    #[arg(long, value_name = "FILE",
        conflicts_with_all = ["record", "replay", "seed", "crowd", "map", "frames"])]
    pub verify: Option<PathBuf>,

    /// Play a night of each of these seeds on all cores, and tell which go wrong: ends with code 1 if any does
    #[arg(long, value_name = "A..B", value_parser = seeds,
        conflicts_with_all = ["record", "replay", "verify", "seed"])]
    pub explore: Option<Range<u64>>,

    /// Explore one part of n of the seeds, such as 0/4
    #[arg(long, value_name = "I/N", requires = "explore")]
    pub shard: Option<String>,

    /// Explore this many shuffled orders of each seed besides
    #[arg(long, value_name = "N", requires = "explore")]
    pub shuffle: Option<u32>,

    /// Play a run again that --explore has found
    #[arg(long, value_name = "CODE", conflicts_with_all = ["replay", "verify", "explore", "seed"])]
    pub code: Option<String>,
}

/// How much a recording keeps.
#[derive(Copy, Clone, Debug, Default, ValueEnum)]
pub enum Keep {
    /// Hashes once a second
    #[default]
    Sparse,
    /// Hashes of each step
    Steps,
    /// Every line of what happens
    Full,
}

impl From<Keep> for Detail {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::Sparse => Detail::Sparse,
            Keep::Steps => Detail::Steps,
            Keep::Full => Detail::Full,
        }
    }
}

impl Options {
    /// The frames to play without a terminal.
    pub fn headless_frames(&self) -> u64 {
        self.frames.unwrap_or(5400)
    }

    /// The night that the flags ask for.
    pub fn setup(&self) -> Setup {
        night::setup(self.seed.unwrap_or(1), self.map.as_deref(), self.crowd.unwrap_or(0))
    }

    /// Whether no flag asks for a night of its own.
    pub fn is_any_night(&self) -> bool {
        self.seed.is_none()
            && self.map.is_none()
            && self.crowd.is_none()
            && self.record.is_none()
            && self.code.is_none()
    }
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").and_then(|(a, b)| Some(a.parse().ok()?..b.parse().ok()?));
    ends.filter(|seeds: &Range<u64>| !seeds.is_empty())
        .ok_or_else(|| "give two numbers that go up, such as 0..1000".into())
}

/// Reads the arguments of the process; `Err` holds the one line to print.
pub fn parse() -> Result<Options, String> {
    Options::try_parse().or_else(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
        _ => Err(one_line(&error)),
    })
}

/// Clap's message without its usage paragraph: the complaint, then the tips.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let said = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: "))
        .collect::<Vec<_>>()
        .join("; ");
    format!("{said}; see --help")
}
