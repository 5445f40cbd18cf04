//! Reading a recording.
//!
//! The rule: all of it is checked when it is loaded, so that its frames come without errors later. It stays in memory as it is on
//! disk, and blocks are decoded as they are asked for, from the last frame at which nothing is carried over.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::iter::FusedIterator;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, vec};

use crate::replay::setup::Setup;

use super::blocks::{self, Kind, NoBlock};
use super::bytes::{Bad, Bytes};
use super::decode::Decoder;
use super::deflate::Inflater;
use super::error::{RecordingCause, RecordingError};
use super::limits::{BLOCK_BYTES, BLOCK_FRAMES, KEY_FRAMES};
use super::{Detail, RecordedFrame};

/// A recorded run: what it was built from, and its frames.
///
/// [`RecordingWriter`](super::RecordingWriter) makes one, and shows an example.
#[derive(Clone)]
pub struct Recording {
    bytes: Vec<u8>,
    setup: Setup,
    detail: Detail,
    blocks: Vec<At>,
    frames: u64,
    finished: bool,
    /// Trace and world at the end of the last frame.
    end: Option<(u32, u32)>,
}

/// A block of frames.
#[derive(Clone, Debug)]
struct At {
    body: Range<usize>,
    kind: Kind,
    /// The number of its first frame, from 0.
    first: u64,
}

impl Recording {
    /// Reads a recording from a file, and checks all of it.
    ///
    /// One whose run didn't end is no error, if it was cut off between two blocks; see
    /// [`is_finished`](Self::is_finished).
    ///
    /// # Errors
    /// When the file can't be read, isn't a recording that can be replayed here, or is damaged anywhere.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let path = path.as_ref();
        Self::from_bytes(read(path)?).map_err(|error| error.of(path))
    }

    /// As [`load`](Self::load), from bytes in memory.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, RecordingError> {
        match Self::salvage_bytes(bytes)? {
            (recording, None) => Ok(recording),
            (_, Some(error)) => Err(error),
        }
    }

    /// Reads what is whole of a file: all frames before the damage, and what the damage is.
    ///
    /// # Errors
    /// When the file can't be read, isn't a recording that can be replayed here, or its header is damaged.
    pub fn salvage(path: impl AsRef<Path>) -> Result<(Self, Option<RecordingError>), RecordingError> {
        let path = path.as_ref();
        match Self::salvage_bytes(read(path)?) {
            Ok((recording, error)) => Ok((recording, error.map(|error| error.of(path)))),
            Err(error) => Err(error.of(path)),
        }
    }

    /// As [`salvage`](Self::salvage), from bytes in memory.
    ///
    /// # Errors
    /// As [`salvage`](Self::salvage).
    pub fn salvage_bytes(bytes: Vec<u8>) -> Result<(Self, Option<RecordingError>), RecordingError> {
        let header = blocks::read_header(&bytes)?;
        let mut recording = Recording {
            bytes,
            setup: header.setup,
            detail: header.detail,
            blocks: Vec::new(),
            frames: 0,
            finished: false,
            end: None,
        };
        let (end, error) = recording.check(header.end, header.checksum);
        // What is whole is a recording by itself: saved, it can be loaded.
        recording.bytes.truncate(end);
        Ok((recording, error))
    }

    /// Checks all blocks and lists them, up to one that is damaged. Gives where what is whole ends.
    fn check(&mut self, mut at: usize, mut checksum: u32) -> (usize, Option<RecordingError>) {
        let mut reader = Reader::new(self.detail);
        loop {
            let number = self.blocks.len() as u64;
            let whole_frames = self.frames;
            let corrupt = |what| {
                let cause = RecordingCause::Corrupt { block: number, whole_frames, what };
                (at, Some(RecordingError::at(at, cause)))
            };
            if at == self.bytes.len() {
                return (at, None);
            }
            if self.finished {
                return corrupt("bytes follow the end mark");
            }
            let block = match blocks::read_block(&self.bytes, at, checksum) {
                Ok(block) => block,
                Err(NoBlock::Bad(what)) => return corrupt(what),
                Err(NoBlock::Cut) => {
                    return (at, Some(RecordingError::at(at, RecordingCause::Truncated { whole_frames })));
                }
            };
            let next = block.body.end;
            if block.kind == Kind::End {
                let mut body = Bytes(&self.bytes[block.body]);
                if body.varint() != Ok(self.frames) || body.left() > 0 {
                    return corrupt("the end mark says another number of frames");
                }
                self.finished = true;
            } else {
                let found = At { body: block.body, kind: block.kind, first: self.frames };
                let frames = match reader.read(&self.bytes, &found) {
                    Ok(frames) => frames,
                    Err(what) => return corrupt(what),
                };
                self.frames += frames.len() as u64;
                self.end = frames.last().and_then(|frame| frame.trail.last()).map(|step| (step.trace, step.world));
                self.blocks.push(found);
            }
            (at, checksum) = (next, block.checksum);
        }
    }

    /// What the run was built from.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// How much it keeps of what the run did.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// The number of frames.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether the run ended as its player wanted, and not with a crash.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The trace hash at the end of the last frame, folded to 32 bits; `None` if that frame kept no hash.
    pub fn final_trace(&self) -> Option<u32> {
        self.end.map(|(trace, _)| trace)
    }

    /// The world hash at the end of the last frame, folded to 32 bits; `None` if that frame kept no hash.
    pub fn final_world(&self) -> Option<u32> {
        self.end.map(|(_, world)| world)
    }

    /// The recording as it is on disk.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All frames in order. They are decoded a block at a time.
    pub fn iter(&self) -> Frames<'_> {
        self.range(0..self.frames)
    }

    /// The frames with these numbers, from 0, in order; what lies beyond the end is left out.
    ///
    /// At most the 3,600 frames before the first of them are decoded to find it.
    pub fn range(&self, frames: Range<u64>) -> Frames<'_> {
        Frames { recording: self, cursor: self.cursor(frames) }
    }

    /// A place in front of these frames, for one who keeps the recording beside it.
    pub(crate) fn cursor(&self, frames: Range<u64>) -> Cursor {
        let to = frames.end.min(self.frames);
        let from = frames.start.min(to);
        let key = from / KEY_FRAMES * KEY_FRAMES;
        let block = self.blocks.partition_point(|block| block.first < key);
        let reader = Reader::new(self.detail);
        let mut cursor = Cursor { reader, block, ready: Vec::new().into_iter(), left: to - from };
        if from < to {
            let mut skip = from - key;
            while skip >= cursor.ready.len() as u64 {
                skip -= cursor.ready.len() as u64;
                cursor.read_block(self);
            }
            cursor.ready.by_ref().take(skip as usize).for_each(drop);
        }
        cursor
    }

    /// Writes it to a file, whole or not at all: to a new file beside it first, which then takes its place.
    ///
    /// # Errors
    /// When that can't be written or renamed; then what was there is as it was. The error names the file.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let (mut file, part) = create_beside(path).map_err(named)?;
        let written = file.write_all(&self.bytes).and_then(|()| file.sync_all());
        drop(file);
        written.and_then(|()| fs::rename(&part, path)).map_err(|error| {
            fs::remove_file(&part).ok();
            named(error)
        })
    }
}

/// A new file in the same folder. One that is there is another's, or was left by a crash, and is let be.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "this isn't a file's name"))?;
    let mut number = 0;
    loop {
        let mut part = name.to_os_string();
        part.push(format!(".part{number}"));
        let part = path.with_file_name(part);
        match OpenOptions::new().write(true).create_new(true).open(&part) {
            Ok(file) => return Ok((file, part)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RecordingError> {
    fs::read(path).map_err(|error| RecordingError::at(0, RecordingCause::Io(error)).of(path))
}

impl<'a> IntoIterator for &'a Recording {
    type Item = RecordedFrame;
    type IntoIter = Frames<'a>;

    fn into_iter(self) -> Frames<'a> {
        self.iter()
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("setup", &self.setup)
            .field("detail", &self.detail)
            .field("frames", &self.frames)
            .field("finished", &self.finished)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Reads blocks one after another.
struct Reader {
    inflater: Inflater,
    decoder: Decoder,
    body: Vec<u8>,
}

impl Reader {
    fn new(detail: Detail) -> Self {
        Reader { inflater: Inflater::new(), decoder: Decoder::new(detail), body: Vec::new() }
    }

    fn read(&mut self, bytes: &[u8], at: &At) -> Result<Vec<RecordedFrame>, Bad> {
        if at.first.is_multiple_of(KEY_FRAMES) {
            self.inflater.reset();
            self.decoder.reset();
        }
        let body = &bytes[at.body.clone()];
        let frames = match at.kind {
            Kind::Deflated => {
                self.inflater.inflate(body, BLOCK_BYTES, &mut self.body)?;
                self.decoder.block(&self.body)?
            }
            _ => self.decoder.block(body)?,
        };
        // A block may end early, and never late.
        if at.first % BLOCK_FRAMES + frames.len() as u64 > BLOCK_FRAMES {
            return Err("it holds more frames than there is room for");
        }
        Ok(frames)
    }
}

/// The frames of a recording; given by [`Recording::iter`] and [`Recording::range`].
pub struct Frames<'a> {
    recording: &'a Recording,
    cursor: Cursor,
}

impl Iterator for Frames<'_> {
    type Item = RecordedFrame;

    fn next(&mut self) -> Option<RecordedFrame> {
        self.cursor.next(self.recording)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.cursor.left);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

/// A place in a recording.
pub(crate) struct Cursor {
    reader: Reader,
    /// The block that is read next.
    block: usize,
    ready: vec::IntoIter<RecordedFrame>,
    left: u64,
}

impl Cursor {
    /// The next frame of the recording that it was made by.
    pub(crate) fn next(&mut self, recording: &Recording) -> Option<RecordedFrame> {
        self.left = self.left.checked_sub(1)?;
        if self.ready.len() == 0 {
            self.read_block(recording);
        }
        self.ready.next()
    }

    fn read_block(&mut self, recording: &Recording) {
        let at = &recording.blocks[self.block];
        let frames = self.reader.read(&recording.bytes, at).expect("each block was read when it was loaded");
        self.ready = frames.into_iter();
        self.block += 1;
    }
}

impl FusedIterator for Frames<'_> {}

impl fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("left", &self.cursor.left).finish_non_exhaustive()
    }
}
