//! Why a recording can't be read.

use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};

/// Why a recording can't be read, or not all of it: the file, the place in it, the cause; its text is one line that says
/// what to do, too.
#[derive(Debug)]
#[non_exhaustive]
pub struct RecordingError {
    /// The file, where it was read from one.
    pub path: Option<PathBuf>,
    /// Where in it, in bytes from its beginning: for a block, where that begins.
    pub offset: u64,
    /// What is wrong there.
    pub cause: RecordingCause,
}

/// What is wrong with a recording.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordingCause {
    /// It isn't a recording.
    Foreign,
    /// It is of another version of the format.
    Version {
        /// Its version.
        found: u16,
        /// The one that is read here.
        expected: u16,
    },
    /// Its header is damaged, and with it the setup: nothing can be replayed.
    Header {
        /// In what way.
        what: &'static str,
    },
    /// It was recorded with another stream of random numbers: the same seed draws other numbers here.
    RandomStream {
        /// Its [`fingerprint`](super::fingerprint).
        found: u64,
        /// The one here.
        expected: u64,
    },
    /// It ends within the header or a block.
    Truncated {
        /// The frames that are whole.
        whole_frames: u64,
    },
    /// A block isn't what was written.
    Corrupt {
        /// The number of the block, from 0.
        block: u64,
        /// The frames before it, which are whole.
        whole_frames: u64,
        /// In what way.
        what: &'static str,
    },
    /// The file can't be read.
    Io(io::Error),
}

impl RecordingError {
    pub(super) fn at(offset: usize, cause: RecordingCause) -> Self {
        RecordingError { path: None, offset: offset as u64, cause }
    }

    pub(super) fn of(mut self, path: &std::path::Path) -> Self {
        self.path = Some(path.to_path_buf());
        self
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}", path.display())?,
            None => f.write_str("the recording")?,
        }
        if let RecordingCause::Io(error) = &self.cause {
            return write!(f, " can't be read: {error}; see that the path is right and may be read");
        }
        write!(f, ", at byte {}: ", self.offset)?;
        let salvage = |f: &mut fmt::Formatter<'_>, frames: &u64| match frames {
            0 => f.write_str("no frame before it is whole: record it again"),
            1 => f.write_str("the frame before it is whole: `Recording::salvage` reads it"),
            _ => write!(f, "the {frames} frames before it are whole: `Recording::salvage` reads them"),
        };
        match &self.cause {
            RecordingCause::Foreign => f.write_str("this isn't a recording of framestep; see that the path is right"),
            RecordingCause::Version { found, expected } => write!(
                f,
                "its format is version {found}, and {expected} is read here; replay it with the framestep that recorded \
                 it, or record it again"
            ),
            RecordingCause::Header { what } => write!(f, "its header is damaged ({what}); record it again"),
            RecordingCause::RandomStream { found, expected } => write!(
                f,
                "it was recorded with another stream of random numbers ({found:016x}, here {expected:016x}); replay it \
                 with the Cargo.lock that it was recorded with, or record it again"
            ),
            RecordingCause::Truncated { whole_frames } => {
                f.write_str("it is cut off; ")?;
                salvage(f, whole_frames)
            }
            RecordingCause::Corrupt { block, whole_frames, what } => {
                write!(f, "block {block} is corrupt ({what}); ")?;
                salvage(f, whole_frames)
            }
            RecordingCause::Io(_) => unreachable!("told above"),
        }
    }
}

impl Error for RecordingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            RecordingCause::Io(error) => Some(error),
            _ => None,
        }
    }
}
