//! The command line.
//!
//! Rule: whatever is wrong with it is said in one line on stderr, and the program ends with code 2.

use std::path::PathBuf;

use clap::{Parser, error::ErrorKind};

/// The museum at night: a heist driven by async scripts, one frame at a time.
///
/// Watch the autopilot, or take over with any arrow key. Tab shows another script, q quits.
#[derive(Clone, Debug, Parser)]
#[command(name = "demo")]
pub struct Options {
    /// Play without a terminal, as fast as possible, and end with the hash of the trace
    #[arg(long)]
    pub headless: bool,

    /// Stop after this many frames (60 a second) [default with --headless: 5400]
    #[arg(long, value_name = "N")]
    pub frames: Option<u64>,

    /// The seed from which all scripts draw their random numbers
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,

    /// Let this many visitors stroll about, each with a script of its own
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=2_000_000))]
    pub crowd: u32,

    /// Play another map, made in Tiled, instead of the museum
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
}

impl Options {
    /// The frames to play without a terminal.
    pub fn headless_frames(&self) -> u64 {
        self.frames.unwrap_or(5400)
    }
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
