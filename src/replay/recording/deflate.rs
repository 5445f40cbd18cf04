//! One deflate stream over many blocks.
//!
//! The rule: each block of the stream can be inflated once those before it were, and inflating stops at a limit.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::bytes::Bad;

/// The side that writes.
pub(super) struct Deflater(Compress);

impl Deflater {
    pub(super) fn new() -> Self {
        Deflater(Compress::new(Compression::default(), false))
    }

    /// Forgets what was deflated.
    pub(super) fn reset(&mut self) {
        self.0.reset();
    }

    /// Deflates a block.
    pub(super) fn deflate(&mut self, mut plain: &[u8], out: &mut Vec<u8>) {
        out.clear();
        loop {
            // Bytes that don't compress are stored, with five more for each 64 KiB at most, and some for the flush.
            out.reserve(plain.len() + plain.len() / 1_024 + 1_024);
            let before = self.0.total_in();
            self.0.compress_vec(plain, out, FlushCompress::Sync).expect("a raw stream that isn't finished goes on");
            plain = &plain[(self.0.total_in() - before) as usize..];
            // Room that is left over means that nothing is pending.
            if plain.is_empty() && out.len() < out.capacity() {
                return;
            }
        }
    }
}

/// The side that reads.
pub(super) struct Inflater(Decompress);

impl Inflater {
    pub(super) fn new() -> Self {
        Inflater(Decompress::new(false))
    }

    /// Forgets what was inflated.
    pub(super) fn reset(&mut self) {
        self.0.reset(false);
    }

    /// Inflates a block, which gives no more than `limit` bytes.
    pub(super) fn inflate(&mut self, mut deflated: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
        const WRONG: Bad = "it isn't deflated as it says";
        out.clear();
        loop {
            out.reserve((deflated.len() * 4).clamp(4_096, 1 << 20));
            let before = (self.0.total_in(), out.len());
            let status = self.0.decompress_vec(deflated, out, FlushDecompress::Sync).map_err(|_| WRONG)?;
            deflated = &deflated[(self.0.total_in() - before.0) as usize..];
            if out.len() > limit {
                return Err("it inflates to more than a block may hold");
            }
            // The stream of a writer goes on for ever.
            if status == Status::StreamEnd {
                return Err(WRONG);
            }
            if (self.0.total_in(), out.len()) == before {
                return if deflated.is_empty() { Ok(()) } else { Err(WRONG) };
            }
        }
    }
}
