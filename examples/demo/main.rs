//! The museum at night: a heist played by async scripts, in the terminal or without one.
//!
//! `cargo run --release --example demo` plays it; any arrow key takes over from the autopilot, Tab shows another script.
//! `cargo run --release --example demo -- --headless --frames 5400` runs it as fast as it goes and prints the trace hash.
//!
//! The files, from the inside out: `grid` and `map` know the floor, `world` says what there is, `systems` says what follows
//! from where everybody is, `acts` are the verbs, `scripts` is who does what and waits for what, `stage` puts them together.
//! `view`, `panel`, `screen` and `play` are the terminal; `headless` is the other front end. None of the former knows them.

#![allow(unreachable_pub, reason = "the scene's files are written to be shared by other front ends")]

mod acts;
mod cli;
mod grid;
mod headless;
mod map;
mod palette;
mod panel;
mod play;
mod screen;
mod scripts;
mod stage;
mod systems;
#[cfg(test)]
mod tests;
mod view;
mod world;

use std::process::ExitCode;

use cli::Options;
use map::Museum;

fn main() -> ExitCode {
    match cli::parse().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            eprintln!("demo: {line}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let museum = match &options.map {
        Some(path) => Museum::load(path),
        None => Museum::bundled(),
    };
    let museum = museum.map_err(|problem| problem.to_string())?;
    let play = if options.headless { headless::run } else { play::run };
    match play(&museum, options) {
        // Whoever reads the output has seen enough of it.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| error.to_string()),
    }
}
