//! The frame around what a recording holds: its header, and blocks with lengths and checksums.
//!
//! The rule: a checksum is that of all that stands before it, other checksums left out; so it tells a block that was
//! changed, and a whole one in a place that isn't its own.

use std::ops::Range;

use crate::replay::setup::Setup;

use super::bytes::{Bytes, put_bytes, put_varint};
use super::error::{RecordingCause, RecordingError};
use super::{Detail, fingerprint};

/// The first byte isn't ASCII and the last two are a line's end, so that a file that was taken for text is found out.
const MAGIC: [u8; 8] = *b"\x89fstep\r\n";
/// Grows with each change of the format, and with each change of what a frame is.
const VERSION: u16 = 1;
/// Shorter bodies are plain: deflating them gains nothing.
pub(super) const DEFLATED_FROM: usize = 64;

/// What a block's body is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Columns.
    Plain = 0,
    /// Columns, deflated.
    Deflated = 1,
    /// The end mark: the number of frames.
    End = 2,
}

/// The bytes of a header, and their checksum.
pub(super) fn header(setup: &Setup, detail: Detail) -> (Vec<u8>, u32) {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend(fingerprint().to_le_bytes());
    out.push(detail as u8);
    put_bytes(&mut out, &postcard::to_stdvec(setup).expect("numbers and strings have a form in postcard"));
    let checksum = crc32fast::hash(&out);
    out.extend(checksum.to_le_bytes());
    (out, checksum)
}

/// Puts a block into the place of what is in `out`; the checksum becomes that of the block.
pub(super) fn put_block(out: &mut Vec<u8>, checksum: &mut u32, kind: Kind, body: &[u8]) {
    out.clear();
    put_varint(out, (body.len() as u64) << 2 | kind as u64);
    *checksum = chained(*checksum, out, body);
    out.extend(checksum.to_le_bytes());
    out.extend(body);
}

fn chained(before: u32, head: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(head);
    hasher.update(body);
    hasher.finalize()
}

/// What a header says.
pub(super) struct Header {
    pub(super) setup: Setup,
    pub(super) detail: Detail,
    /// Where the blocks begin.
    pub(super) end: usize,
    pub(super) checksum: u32,
}

pub(super) fn read_header(all: &[u8]) -> Result<Header, RecordingError> {
    let error = |at, cause| Err(RecordingError::at(at, cause));
    let cut = || RecordingError::at(all.len(), RecordingCause::Truncated { whole_frames: 0 });
    let damaged = |what| RecordingError::at(MAGIC.len(), RecordingCause::Header { what });
    if !all.starts_with(&MAGIC[..all.len().min(MAGIC.len())]) {
        return error(0, RecordingCause::Foreign);
    }
    let mut bytes = Bytes(all);
    bytes.take(MAGIC.len()).map_err(|_| cut())?;
    // Before the checksum: where that stands is a matter of the version.
    let found = u16::from_le_bytes(bytes.array().map_err(|_| cut())?);
    if found != VERSION {
        return error(MAGIC.len(), RecordingCause::Version { found, expected: VERSION });
    }
    let found = u64::from_le_bytes(bytes.array().map_err(|_| cut())?);
    let detail = bytes.byte().map_err(|_| cut())?;
    let setup = bytes.bytes().map_err(|_| cut())?;
    let checksum = crc32fast::hash(&all[..all.len() - bytes.left()]);
    if u32::from_le_bytes(bytes.array().map_err(|_| cut())?) != checksum {
        return Err(damaged("its checksum is another"));
    }
    let expected = fingerprint();
    if found != expected {
        return error(MAGIC.len() + 2, RecordingCause::RandomStream { found, expected });
    }
    let details = [Detail::Sparse, Detail::Steps, Detail::Full];
    let detail = details.into_iter().find(|known| *known as u8 == detail);
    let detail = detail.ok_or_else(|| damaged("a detail that is none"))?;
    let setup = match postcard::take_from_bytes(setup) {
        Ok((setup, [])) => setup,
        _ => return Err(damaged("its setup is none")),
    };
    Ok(Header { setup, detail, end: all.len() - bytes.left(), checksum })
}

/// A block whose checksum is right.
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) body: Range<usize>,
    pub(super) checksum: u32,
}

/// Why there is no block.
pub(super) enum NoBlock {
    /// All ends within it.
    Cut,
    /// It isn't what was written.
    Bad(&'static str),
}

/// The block that begins at `at`; `checksum` is that of the one before.
pub(super) fn read_block(all: &[u8], at: usize, checksum: u32) -> Result<Block, NoBlock> {
    let mut bytes = Bytes(&all[at..]);
    let head = bytes.varint().map_err(|what| if all.len() - at < 10 { NoBlock::Cut } else { NoBlock::Bad(what) })?;
    let head_end = all.len() - bytes.left();
    let kind = match head & 3 {
        0 => Kind::Plain,
        1 => Kind::Deflated,
        2 => Kind::End,
        _ => return Err(NoBlock::Bad("a block of no known kind")),
    };
    let expected = u32::from_le_bytes(bytes.array().map_err(|_| NoBlock::Cut)?);
    let length = usize::try_from(head >> 2).map_err(|_| NoBlock::Cut)?;
    let start = all.len() - bytes.left();
    let body = bytes.take(length).map_err(|_| NoBlock::Cut)?;
    let checksum = chained(checksum, &all[at..head_end], body);
    if checksum != expected {
        return Err(NoBlock::Bad("its checksum is another"));
    }
    Ok(Block { kind, body: start..start + length, checksum })
}
