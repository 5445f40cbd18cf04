//! Writing a recording, while it is played.
//!
//! The rule: a block is written and flushed once a second; a process that dies loses at most the frames of the block not yet
//! written. A writer that failed stays failed: what it has written is a whole beginning, and nothing
//! is put behind a gap.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::{fmt, mem};

use crate::replay::line::StepTrail;
use crate::replay::setup::Setup;

use super::blocks::{self, DEFLATED_FROM, Kind};
use super::bytes::put_varint;
use super::deflate::Deflater;
use super::encode::Encoder;
use super::limits::{BLOCK_BYTES, BLOCK_FRAMES, FRAME_BYTES, FULL_BYTES, KEY_FRAMES, weight};
use super::{Detail, RecordedFrame};

/// Writes a recording, frame by frame, into a file or whatever else takes bytes.
///
/// Once a second, with the frame after each 60th, what was pushed before is written and flushed, in one piece. [`finish`](Self::finish)
/// writes the rest and the end mark. A writer that is dropped instead writes the rest as well, and no end mark: that is a
/// recording whose run didn't end, and it can be read ([`Recording::is_finished`](super::Recording::is_finished)); errors
/// go unseen there. If the process dies, the frames since are lost, at most 60, and no others.
///
/// ```
/// use framestep::replay::{Detail, RecordedFrame, Recording, RecordingWriter, Setup};
///
/// let mut writer = RecordingWriter::to(Vec::new(), &Setup::new(7), Detail::Sparse)?;
/// for key in [0, 0, 1, 1, 0] {
///     writer.push(&RecordedFrame { step_nanos: 16_666_667, input: vec![key], ..Default::default() })?;
/// }
/// let recording = Recording::from_bytes(writer.finish()?)?;
/// assert_eq!(recording.setup().seed, 7);
/// assert_eq!(recording.iter().map(|frame| frame.input[0]).collect::<Vec<_>>(), [0, 0, 1, 1, 0]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct RecordingWriter<W: Write> {
    /// `None` when it was given back, and when a write failed.
    sink: Option<W>,
    detail: Detail,
    encoder: Encoder,
    deflater: Deflater,
    checksum: u32,
    frames: u64,
    // Kept so that nothing is allocated once they have grown.
    body: Vec<u8>,
    deflated: Vec<u8>,
    block: Vec<u8>,
}

impl RecordingWriter<File> {
    /// Writes to a new file, or over one that is there.
    ///
    /// To replace a recording only when there is a whole new one, write to memory ([`to`](Self::to) a `Vec`) and
    /// [`save`](super::Recording::save) that.
    ///
    /// # Errors
    /// When the file can't be created or written to; the error names it.
    pub fn create(path: impl AsRef<Path>, setup: &Setup, detail: Detail) -> io::Result<Self> {
        let path = path.as_ref();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        Self::to(File::create(path).map_err(named)?, setup, detail).map_err(named)
    }
}

impl<W: Write> RecordingWriter<W> {
    /// Writes to `sink`, beginning with the header. It needs no buffer: each write is a whole block.
    ///
    /// # Errors
    /// When `sink` can't be written to.
    pub fn to(mut sink: W, setup: &Setup, detail: Detail) -> io::Result<Self> {
        let (header, checksum) = blocks::header(setup, detail);
        sink.write_all(&header)?;
        sink.flush()?;
        Ok(RecordingWriter {
            sink: Some(sink),
            detail,
            encoder: Encoder::new(detail),
            deflater: Deflater::new(),
            checksum,
            frames: 0,
            body: Vec::new(),
            deflated: Vec::new(),
            block: Vec::new(),
        })
    }

    /// How much it keeps.
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// The frames that were pushed.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether something is kept of the [`trail`](RecordedFrame::trail) of the next frame: what isn't kept needn't be
    /// found out. In a sparse recording that is so for each 60th frame.
    pub fn keeps_trail(&self) -> bool {
        self.detail != Detail::Sparse || (self.frames + 1).is_multiple_of(BLOCK_FRAMES)
    }

    /// Takes a frame. Of its trail it keeps what [`Detail`] says: of a sparse recording's block the hashes of the last
    /// step of its last frame, as those of the end of that frame.
    ///
    /// # Errors
    /// When a block can't be written; the frames up to the block before are whole, and no more frames are taken. With
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) when the frame holds more than 64 MiB; it isn't taken, others are.
    pub fn push(&mut self, frame: &RecordedFrame) -> io::Result<()> {
        if self.sink.is_none() {
            return Err(io::Error::other("an earlier write of this recording failed: it takes no more frames"));
        }
        if weight(frame, self.detail == Detail::Full) > FRAME_BYTES {
            let text = "a frame of a recording holds at most 64 MiB: keep large data out of its input";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        // A full block waits for the next frame, so that the end of a recording can still be told of its last.
        if self.frames.is_multiple_of(BLOCK_FRAMES) {
            self.end_block()?;
        }
        if self.frames.is_multiple_of(KEY_FRAMES) {
            self.encoder.reset();
            self.deflater.reset();
        }
        self.encoder.push(frame);
        self.frames += 1;
        if self.encoder.weight() >= FULL_BYTES {
            self.end_block()?;
        }
        Ok(())
    }

    /// Writes what is left and the end mark, and gives back what it wrote to.
    ///
    /// # Errors
    /// When that can't be written, or an earlier write failed; the frames up to the last whole block can be read.
    pub fn finish(mut self) -> io::Result<W> {
        self.end_block()?;
        self.body.clear();
        put_varint(&mut self.body, self.frames);
        self.write(Kind::End)?;
        Ok(self.sink.take().expect("a write gives an error otherwise"))
    }

    /// As [`finish`](Self::finish), with the hashes at the end of the last frame. A sparse recording keeps them; the others
    /// have them.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_with(mut self, end: &StepTrail) -> io::Result<W> {
        if self.detail == Detail::Sparse && self.encoder.frames() > 0 {
            self.encoder.set_end(end);
        }
        self.finish()
    }

    /// Ends the block, if there are frames in it.
    fn end_block(&mut self) -> io::Result<()> {
        if self.encoder.frames() == 0 {
            return Ok(());
        }
        self.encoder.end_block(&mut self.body);
        if self.body.len() > BLOCK_BYTES {
            self.sink = None;
            let text = "a second of a recording holds at most 128 MiB: keep less detail";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        if self.body.len() < DEFLATED_FROM {
            return self.write(Kind::Plain);
        }
        self.deflater.deflate(&self.body, &mut self.deflated);
        mem::swap(&mut self.body, &mut self.deflated);
        self.write(Kind::Deflated)
    }

    /// Writes a block of this body.
    fn write(&mut self, kind: Kind) -> io::Result<()> {
        blocks::put_block(&mut self.block, &mut self.checksum, kind, &self.body);
        // Gone while it is written to: if that panics or fails, nobody writes behind the gap.
        let mut sink = self.sink.take().ok_or_else(|| io::Error::other("an earlier write of this recording failed"))?;
        sink.write_all(&self.block)?;
        sink.flush()?;
        self.sink = Some(sink);
        Ok(())
    }
}

impl<W: Write> Drop for RecordingWriter<W> {
    fn drop(&mut self) {
        if self.sink.is_some() {
            // There is nobody to tell: whoever wants to know finishes it.
            self.end_block().ok();
        }
    }
}

impl<W: Write> fmt::Debug for RecordingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = self.sink.is_none();
        f.debug_struct("RecordingWriter")
            .field("detail", &self.detail)
            .field("frames", &self.frames)
            .field("failed", &failed)
            .finish_non_exhaustive()
    }
}
