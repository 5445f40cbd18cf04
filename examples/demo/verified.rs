//! `--verify`: a recorded night is played again, and compared frame by frame.
//!
//! Rule: one line on stdout where it is the same; the report, and code 1, where it differs; code 2 where there is nothing
//! to compare with.

use std::{
    io::{self, Write},
    path::Path,
};

use framestep::replay::{Verify, VerifyError};

use crate::{ending::Stop, night::Night};

pub fn run(path: &Path) -> Result<(), Stop> {
    let named = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let recording = crate::recording(path, false)?;
    let night = Night::of(recording.setup()).map_err(|problem| named(&problem))?;
    let mut out = io::stdout().lock();
    match Verify::new(recording).run(|setup| night.stage(setup)) {
        Ok(verified) => {
            let frames = verified.frames;
            writeln!(out, "{}: {frames} frames, played again, are what was recorded", path.display())?;
            Ok(())
        }
        Err(VerifyError::Diverged(divergence)) => {
            writeln!(out, "{divergence}")?;
            Err(Stop::Found)
        }
        Err(error) => Err(named(&error).into()),
    }
}
