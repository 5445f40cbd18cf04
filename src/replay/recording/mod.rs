//! Recordings: what they hold, how they are written and read.
//!
//! The rule: what is read from a recording is what was pushed into it, or a prefix of that, or an error; and the same
//! frames give the same bytes. It knows nothing of games: a recorder pushes [`RecordedFrame`]s, a replay takes them.
//!
//! # The format
//!
//! A recording is a header, blocks, and an end mark. Fixed numbers are little-endian. A *varint* is a `u64` in LEB128, at
//! most ten bytes; a *signed* varint is zigzag-coded. A checksum is a CRC-32 (of IEEE 802.3, as in gzip).
//!
//! | header | bytes |
//! |---|---|
//! | magic | 8: `89 66 73 74 65 70 0D 0A` |
//! | format version | 2 |
//! | fingerprint of the random stream | 8 |
//! | detail: 0 sparse, 1 steps, 2 full | 1 |
//! | length of the setup | varint |
//! | the setup, as `postcard` writes it: seed, shuffle, options | as long |
//! | checksum of all of the above | 4 |
//!
//! | block | bytes |
//! |---|---|
//! | length of the body × 4 + kind: 0 plain, 1 deflated, 2 end mark | varint |
//! | checksum of the varint and the body, begun from the checksum before | 4 |
//! | body | as long |
//!
//! The checksum before is that of the block before, of the first block that of the header: so a block that was
//! changed, swapped, left out or taken from elsewhere is found. The end mark's body is the number of frames (varint), and
//! nothing follows it. A recording without an end mark is one whose run didn't end: what is there is whole.
//!
//! A block ends with each 60th frame, and before that where its frames are large. Deflated bodies are *one* raw deflate
//! stream, flushed at the end of each block (`Z_SYNC_FLUSH`); short bodies are plain, and no part of that stream. All that is
//! carried from frame to frame, the deflate stream and all tables, starts anew with each 3,600th frame: from there one can read.
//!
//! A body is columns, one after another. A *run column* is read as: a varint, for how many frames nothing changes; then, if
//! the block isn't over, a change, for the next frame; and again. A *change of bytes* is three varints, how many
//! bytes are kept of the old ones at their beginning, how many at their end, and how many new ones stand between; then these.
//!
//! | column | what it is | in detail |
//! |---|---|---|
//! | frames | varint: the number of frames × 2, and 1 more if hashes follow | all |
//! | lengths | run column; a change is the difference to the length before, in ns, signed | all |
//! | inputs | run column; a change of bytes | all |
//! | arrivals | run column, "no change" meaning none; else their number, then each | all |
//! | hashes at the end | trace and world, 4 bytes each, if they follow | sparse |
//! | lanes | run column; a change is the number of steps, then of each the lane + 1, or 0 for the end of the frame | steps, full |
//! | traces | 4 bytes a step | steps, full |
//! | worlds | 4 bytes a step, each XORed with the one before | steps, full |
//! | words | varint: the number of 8-byte words; then these: drawn values and hashes of state, as the lines take them | full |
//! | lines | of each step the number of lines, then each; the number of state lines, then each | full |
//!
//! - A **string** is its number in the table of strings, a varint; one past the end means that it is new: its length and
//!   its bytes follow. Arrivals have a table, and lines have another. An *optional* string is 0 for none, else its number + 1.
//! - An **arrival** is the step (varint) and a tag: 0 wake (script), 1 value (inlet's name as string, number, length, bytes),
//!   2 last sender (name, number), 3 unkept (place as string), 4 asset (path as string).
//! - A **line** is a byte, [`ChangeKind`](crate::ChangeKind) in the low four bits, and in the high ones what follows; the
//!   script's number as a signed difference to that of the line before in this step (0 before the first). Then with bit 4 the
//!   cause, else it is the last one of that kind (at first the game): 0 game, 1 timer, 2 release, 3 check, 4 outside, 5 a script
//!   and its number. With bit 5 who it is, else it is what was said last of that number (of steps and of scripts apart): name,
//!   owner, and where it was spawned (optional). With bit 6 where (optional), else of a poll it is where that script's
//!   last poll was, of all others none. With bit 7 the value is the next word, else 0.
//! - A **state line** is the number of the cell, one past the end meaning a new one, whose kind and entity (strings) follow; 0 if
//!   it is gone, else 1 more than the first varint of the change of bytes from the cell's last value, and the rest of that.
//!   Its hash is the next word.
//!
//! No block holds more than 128 MiB, counted as `limits.rs` does: a reader refuses what would.

mod blocks;
mod bytes;
mod decode;
mod deflate;
mod encode;
mod error;
mod fingerprint;
mod limits;
mod load;
mod writer;

use crate::executor::Arrival;

use super::line::StepTrail;

pub use error::{RecordingCause, RecordingError};
pub use fingerprint::fingerprint;
pub(crate) use load::Cursor;
pub use load::{Frames, Recording};
pub use writer::RecordingWriter;

/// How much of what a run did its recording keeps.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The trace hash once in 60 frames, that of the world once in 240, both at the end: for long runs. A verification
    /// names the frames between which the difference lies.
    #[default]
    Sparse,
    /// The two hashes after every lane step: a verification names the frame, and the lane.
    Steps,
    /// What happened to every script and to every hashed component, too: a verification says what was expected.
    Full,
}

/// One frame of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedFrame {
    /// How long it was, in nanoseconds.
    pub step_nanos: u64,
    /// Its input, as `postcard` has it.
    pub input: Vec<u8>,
    /// What came from outside, each with the number of the lane step within the frame (from 0) that took it in.
    pub arrivals: Vec<(u32, Arrival)>,
    /// What it did, step by step, with the end of the frame last; empty where the recording's detail keeps nothing.
    pub trail: Vec<StepTrail>,
}
