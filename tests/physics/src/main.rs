//! `cargo run --release -- record FILE` records a minute of the yard; `cargo run -- verify FILE` replays a recording.
//!
//! Ends with 1 where the run differs from the recording, and with 2 where it can't be told.

use std::env;
use std::error::Error;
use std::process::ExitCode;

use framestep::replay::{Detail, Recorder, Setup, Verify, VerifyError};
use framestep_physics::player::{Player, STEP};
use framestep_physics::{FRAMES, Yard};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["record", file] => match record(file) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        },
        ["verify", file] => match Verify::load(file).and_then(|verify| verify.run(Yard::new)) {
            Ok(verified) => {
                println!("{file} holds: frames={} polls={}", verified.frames, verified.polls);
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(if matches!(error, VerifyError::Diverged(_)) { 1 } else { 2 })
            }
        },
        _ => {
            eprintln!("say `record FILE` or `verify FILE`");
            ExitCode::from(2)
        }
    }
}

fn record(file: &str) -> Result<(), Box<dyn Error>> {
    let setup = Setup::new(1);
    let mut yard = Yard::new(&setup);
    let mut player = Player::new(setup.seed);
    let mut recorder = Recorder::create(file, &setup, Detail::Steps, &mut yard)?;
    for _ in 0..FRAMES {
        recorder.frame(&mut yard, &player.next_pushes(), STEP)?;
    }
    recorder.finish(&mut yard)?;
    Ok(())
}
