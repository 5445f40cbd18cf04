//! How much a frame and a block may hold.
//!
//! The rule: what a reader holds at a time is bounded whatever stands in the file, and no writer writes what a reader
//! refuses. Both count what a frame takes in memory in the same way: bytes as they are, all else by a flat price.

use super::RecordedFrame;

/// Frames in a block, at most: a second of sixty.
pub(super) const BLOCK_FRAMES: u64 = 60;
/// All that is carried from frame to frame starts anew as often: what is read to reach a frame is at most this.
pub(super) const KEY_FRAMES: u64 = 3_600;
/// A block that holds as much ends before its sixtieth frame.
pub(super) const FULL_BYTES: usize = 16 << 20;
/// What a frame may hold.
pub(super) const FRAME_BYTES: usize = 64 << 20;
/// What a block may hold, and how long its inflated body may be.
pub(super) const BLOCK_BYTES: usize = 128 << 20;

const _: () = assert!(FULL_BYTES + FRAME_BYTES < BLOCK_BYTES && KEY_FRAMES.is_multiple_of(BLOCK_FRAMES));

pub(super) const FRAME_PRICE: usize = 128;
pub(super) const ARRIVAL_PRICE: usize = 64;
pub(super) const STEP_PRICE: usize = 96;
pub(super) const LINE_PRICE: usize = 160;
pub(super) const STATE_PRICE: usize = 96;

/// What a frame holds.
pub(super) fn weight(frame: &RecordedFrame, lines: bool) -> usize {
    use crate::executor::Arrival;
    let mut weight = FRAME_PRICE + frame.input.len() + frame.trail.len() * STEP_PRICE;
    for (_, arrival) in &frame.arrivals {
        weight += ARRIVAL_PRICE;
        if let Arrival::Value(_, _, bytes) = arrival {
            weight += bytes.len();
        }
    }
    for step in frame.trail.iter().filter(|_| lines) {
        weight += step.lines.len() * LINE_PRICE;
        weight += step.state.iter().map(|line| STATE_PRICE + line.value.as_ref().map_or(0, |v| v.len())).sum::<usize>();
    }
    weight
}
