//! The museum at night: a heist played by async scripts, in the terminal or without one.
//!
//! `cargo run --release --example demo` plays a recorded heist; any arrow key takes over, Space pauses, comma goes back, Tab
//! shows another script. `-- --seed 2` plays a night of its own, with the thief on autopilot.
//! `cargo run --release --example demo -- --headless --frames 5400` runs it as fast as it goes and prints the trace hash.
//! `--record FILE` keeps a night, `--replay FILE` plays it, `--verify FILE` compares, `--explore 0..1000` tries many.
//!
//! The files, from the inside out: `grid` and `map` know the floor, `world` says what there is, `systems` says what follows
//! from where everybody is, `acts` are the verbs, `scripts` is who does what and waits for what, `stage` puts them together,
//! and `night` says what a stage is built from. None of these knows what follows.
//! `live` is a night that is being played, `take` one that can be looked at again, `theatre` goes to and fro between them.
//! `view`, `panel`, `bar`, `screen`, `rewind` and `play` are the terminal; `headless`, `verified` and `explored` do without.

#![allow(unreachable_pub, reason = "the scene's files are written to be shared by other front ends")]

mod acts;
mod bar;
mod cli;
mod ending;
mod explored;
mod grid;
mod headless;
mod live;
mod map;
mod night;
mod palette;
mod panel;
mod play;
mod rewind;
mod screen;
mod scripts;
mod stage;
mod systems;
mod take;
#[cfg(test)]
mod tests;
mod theatre;
mod verified;
mod view;
mod world;

use std::{path::Path, process::ExitCode};

use framestep::replay::Recording;

use cli::Options;
use ending::Stop;
use live::Record;
use night::Night;

/// The heist that plays when nothing else is asked for.
const HEIST: &[u8] = include_bytes!("../../assets/replays/heist.replay");

fn main() -> ExitCode {
    ending::code_of(cli::parse().map_err(Stop::from).and_then(|options| run(&options)))
}

fn run(options: &Options) -> Result<(), Stop> {
    if let Some(path) = &options.verify {
        return verified::run(path);
    }
    if let Some(path) = &options.replay {
        let recording = recording(path, options.salvage)?;
        let night = Night::of(recording.setup()).map_err(|problem| format!("{}: {problem}", path.display()))?;
        return match options.headless {
            true => headless::replay(path, recording, night, options),
            false => play::recorded(&recording, night, options),
        };
    }
    let setup = options.setup();
    let night = Night::of(&setup)?;
    if options.explore.is_some() {
        return explored::run(&night, options);
    }
    let setup = match &options.code {
        Some(code) => explored::setup_of(&night, options, code)?,
        None => setup,
    };
    let record = options.record.clone().map(|path| Record { path, detail: options.detail.into() });
    if options.headless {
        return headless::play(&night, &setup, options, record.as_ref());
    }
    // A heist that was recorded with another stream of random numbers isn't played: the autopilot is.
    match Recording::from_bytes(HEIST.to_vec()) {
        Ok(heist) if options.is_any_night() => play::recorded(&heist, night, options),
        _ => play::live(night, setup, options, record),
    }
}

/// Reads a recording; one that is damaged only as far as it is whole, and only if that will do. The error is one line.
fn recording(path: &Path, salvage: bool) -> Result<Recording, String> {
    let (recording, damage) = Recording::salvage(path).map_err(|error| error.to_string())?;
    match damage {
        Some(damage) if salvage => eprintln!("demo: {damage}"),
        Some(damage) => return Err(damage.to_string()),
        None => {}
    }
    Ok(recording)
}
