//! A night that is being played: the stage, and the file that it is recorded to.
//!
//! Rule: a file is opened before the first frame, and a recording that can't be written on keeps what is whole.

use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

use framestep::replay::{Detail, Game, Player, Recorder, Recording, ReplayError, Setup};

use crate::{
    night::Night,
    stage::{FRAME, Stage},
    world::Keys,
};

/// Where a night is recorded to, and with how much detail.
#[derive(Clone, Debug)]
pub struct Record {
    pub path: PathBuf,
    pub detail: Detail,
}

struct Tape {
    path: PathBuf,
    recorder: Recorder<Keys>,
}

pub struct Live {
    pub stage: Stage,
    tape: Option<Tape>,
}

impl Live {
    /// The night before its first frame. The error is one line.
    pub fn begin(night: &Night, setup: &Setup, record: Option<&Record>) -> Result<Self, String> {
        let mut stage = night.stage(setup);
        let tape = match record {
            None => None,
            Some(Record { path, detail }) => {
                let recorder =
                    Recorder::create(path, setup, *detail, &mut stage).map_err(|error| refused(path, error))?;
                Some(Tape { path: path.clone(), recorder })
            }
        };
        Ok(Self { stage, tape })
    }

    /// Goes on from where a player is; what it has played so far is recorded first.
    pub fn take_over(player: Player<Stage>, record: Option<&Record>) -> Result<Self, String> {
        let Some(Record { path, detail }) = record else {
            return Ok(Self { stage: player.take_over(), tape: None });
        };
        let file = File::create(path).map_err(|error| refused(path, error.into()))?;
        let (stage, recorder) = player.take_over_recording(file, *detail).map_err(|error| refused(path, error))?;
        Ok(Self { stage, tape: Some(Tape { path: path.clone(), recorder }) })
    }

    /// Plays a frame.
    pub fn frame(&mut self, keys: &Keys) -> Result<(), String> {
        let Some(tape) = &mut self.tape else {
            self.stage.frame(keys, FRAME);
            return Ok(());
        };
        match tape.recorder.frame(&mut self.stage, keys, FRAME) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.given_up(error)),
        }
    }

    /// Ends the recording, if there is one.
    pub fn finish(mut self) -> Result<(), String> {
        let Some(Tape { path, recorder }) = self.tape.take() else { return Ok(()) };
        match recorder.finish(&mut self.stage) {
            Ok(_) => Ok(()),
            Err(error) => Err(whole_of(&path, error)),
        }
    }

    fn given_up(&mut self, error: ReplayError) -> String {
        let Some(Tape { path, recorder }) = self.tape.take() else { return error.to_string() };
        drop(recorder);
        whole_of(&path, error)
    }
}

fn refused(path: &Path, error: ReplayError) -> String {
    let cause = match error {
        ReplayError::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    // The library's own errors name the path; those of the system don't.
    let cause = cause.trim_start_matches(&format!("{}: ", path.display())).to_owned();
    format!("{}: can't be recorded to: {cause}; give --record a path that can be written", path.display())
}

/// Cuts off what was written of a block, so that the rest can be replayed, and says how much that is.
fn whole_of(path: &Path, error: ReplayError) -> String {
    let cause = match error {
        ReplayError::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    let whole = Recording::salvage(path).ok().and_then(|(whole, _)| {
        let file = OpenOptions::new().write(true).open(path).ok()?;
        file.set_len(whole.as_bytes().len() as u64).ok()?;
        Some(whole.frames())
    });
    let kept = match whole {
        Some(frames) => format!("its first {frames} frames are whole and can be replayed"),
        None => "nothing of it can be replayed".to_owned(),
    };
    format!("{}: the recording ends here: {cause}; {kept}", path.display())
}
