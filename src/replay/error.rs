//! What keeps a game from being recorded or replayed.

use std::fmt;
use std::io;

use super::RecordingError;

/// Why a frame can't be recorded, or can't be replayed truthfully. Each says what to do about it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// The game's executor keeps no trace.
    Untraced,
    /// The game's executor has another seed than the setup.
    OtherSeed {
        /// That of the setup.
        expected: u64,
        /// That of the executor.
        actual: u64,
    },
    /// The game's executor is shuffled otherwise than the setup says.
    OtherShuffle {
        /// What the setup says.
        expected: Option<u64>,
        /// What the executor does.
        actual: Option<u64>,
    },
    /// An input can't be written.
    Unwritable {
        /// The frame, from 1.
        frame: u64,
        /// What `postcard` says.
        cause: String,
    },
    /// An input can't be read as the game's type of input.
    Unreadable {
        /// The frame, from 1.
        frame: u64,
        /// What `postcard` says.
        cause: String,
    },
    /// Something came from outside that no recording can keep.
    Unkept {
        /// The frame that took it in, from 1.
        frame: u64,
        /// Where it was handed in.
        site: String,
    },
    /// Something from outside couldn't be given again.
    Fault {
        /// The frame, from 1.
        frame: u64,
        /// What it was, and what to do.
        what: String,
    },
    /// The world can't be hashed.
    World {
        /// The frame, from 1.
        frame: u64,
        /// What stands in the way, and what to do.
        what: String,
    },
    /// A recorder was told of the end of a frame without its beginning, or the other way round.
    OutOfTurn,
    /// A recorder that was made with a game that has a world was told of the executor alone, or the other way round.
    OtherEnd {
        /// The frame, from 1.
        frame: u64,
        /// Whether it was made with a game that has a world.
        has_world: bool,
    },
    /// A frame before this one couldn't be recorded, and said why.
    Ended,
    /// A frame was asked for that the recording doesn't have.
    NoSuchFrame {
        /// The frame, from 0 for the beginning.
        frame: u64,
        /// How many frames there are.
        frames: u64,
    },
    /// The recording can't be read.
    Recording(RecordingError),
    /// The recording can't be written.
    Io(io::Error),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Untraced => write!(
                f,
                "the game's executor keeps no trace: build it by `setup.builder()`, or with `Builder::trace(true)`"
            ),
            ReplayError::OtherSeed { expected, actual } => write!(
                f,
                "the game's executor has the seed {actual}, and the setup has {expected}: build it by `setup.builder()`"
            ),
            ReplayError::OtherShuffle { expected, actual } => {
                let word = |shuffle: &Option<u64>| {
                    shuffle.map_or("no shuffle".to_string(), |seed| format!("the shuffle {seed}"))
                };
                write!(
                    f,
                    "the game's executor has {}, and the setup has {}: build it by `setup.builder()`",
                    word(actual),
                    word(expected)
                )
            }
            ReplayError::Unwritable { frame, cause } => write!(
                f,
                "the input of frame {frame} can't be written ({cause}): an input is data that `postcard` can write, of known length"
            ),
            ReplayError::Unreadable { frame, cause } => write!(
                f,
                "the input of frame {frame} isn't of this game's type of input ({cause}): record anew, or read it as the type that it was recorded with"
            ),
            ReplayError::Unkept { frame, site } => write!(
                f,
                "what was handed in at {site} and taken in by frame {frame} came from outside and isn't in the recording: \
                 send it as data, through an inlet made by `replay::inlet`"
            ),
            ReplayError::Fault { frame, what } => write!(f, "in frame {frame} {what}"),
            ReplayError::World { frame, what } => write!(f, "after frame {frame} the world can't be hashed: {what}"),
            ReplayError::OutOfTurn => write!(
                f,
                "a recorder is told of each frame twice, `before` and `after` it: call both, in turn, or `frame`"
            ),
            ReplayError::OtherEnd { frame, has_world: true } => write!(
                f,
                "the recorder was made with a game that has a world, and at frame {frame} was told of its executor \
                 alone: call `after_frame_of` or `frame`, and `finish`"
            ),
            ReplayError::OtherEnd { frame, has_world: false } => write!(
                f,
                "the recorder was made with an executor alone, and at frame {frame} was told of a game that has a world: \
                 make it by `Recorder::create` or `Recorder::to`, or call `after` and `finish_with`"
            ),
            ReplayError::Ended => write!(
                f,
                "the recording ended with a frame that couldn't be recorded: finish it, and start another at a game's beginning"
            ),
            ReplayError::NoSuchFrame { frame, frames } => {
                write!(f, "there is no frame {frame}: the recording has {frames}, and frame 0 is its beginning")
            }
            ReplayError::Recording(error) => error.fmt(f),
            ReplayError::Io(error) => write!(f, "the recording can't be written: {error}"),
        }
    }
}

impl std::error::Error for ReplayError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReplayError::Recording(error) => Some(error),
            ReplayError::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<RecordingError> for ReplayError {
    fn from(error: RecordingError) -> Self {
        ReplayError::Recording(error)
    }
}

impl From<io::Error> for ReplayError {
    fn from(error: io::Error) -> Self {
        ReplayError::Io(error)
    }
}
