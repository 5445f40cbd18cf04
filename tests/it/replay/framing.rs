//! A recording taken apart and put together, by what the module `recording` says of its format.
//!
//! Rule: it shares no code with the crate, and so shows that the description is enough.

use flate2::{Decompress, FlushDecompress};

/// The kinds of blocks.
pub(crate) const PLAIN: u8 = 0;
pub(crate) const DEFLATED: u8 = 1;
pub(crate) const END: u8 = 2;

/// A recording in parts.
#[derive(Clone)]
pub(crate) struct Parts {
    /// Without its checksum.
    pub(crate) header: Vec<u8>,
    pub(crate) blocks: Vec<Block>,
}

/// A block without its checksum.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) kind: u8,
    /// Longer than the body where a test wants it so.
    pub(crate) length: u64,
    pub(crate) body: Vec<u8>,
}

impl Block {
    pub(crate) fn new(kind: u8, body: Vec<u8>) -> Self {
        Block { kind, length: body.len() as u64, body }
    }
}

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        out.push((value % 128 + 128) as u8);
        value /= 128;
    }
    out.push(value as u8);
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return value;
        }
    }
    panic!("a varint of more than ten bytes");
}

/// Where the header ends and each block.
pub(crate) fn ends(bytes: &[u8]) -> Vec<usize> {
    let mut at = 8 + 2 + 8 + 1;
    let setup = varint(bytes, &mut at) as usize;
    at += setup + 4;
    let mut ends = vec![at];
    while at < bytes.len() {
        let length = varint(bytes, &mut at) as usize / 4;
        at += 4 + length;
        ends.push(at);
    }
    ends
}

impl Parts {
    /// Takes a whole recording apart.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let ends = ends(bytes);
        let header = bytes[..ends[0] - 4].to_vec();
        let blocks = ends.windows(2).map(|ends| {
            let mut at = ends[0];
            let kind = (varint(bytes, &mut at) % 4) as u8;
            Block::new(kind, bytes[at + 4..ends[1]].to_vec())
        });
        Parts { header, blocks: blocks.collect() }
    }

    /// With all blocks plain.
    pub(crate) fn inflated(mut self) -> Self {
        let mut inflate = Decompress::new(false);
        for block in self.blocks.iter_mut().filter(|block| block.kind == DEFLATED) {
            let mut body = Vec::with_capacity(1 << 20);
            inflate.decompress_vec(&block.body, &mut body, FlushDecompress::Sync).expect("it was deflated");
            assert!(body.len() < body.capacity(), "there was room for all");
            *block = Block::new(PLAIN, body);
        }
        self
    }

    /// Puts it together, with checksums that are right.
    pub(crate) fn sealed(&self) -> Vec<u8> {
        let mut out = self.header.clone();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&self.header);
        out.extend(checksum.clone().finalize().to_le_bytes());
        for block in &self.blocks {
            let mut head = Vec::new();
            put_varint(&mut head, block.length * 4 + u64::from(block.kind));
            checksum.update(&head);
            checksum.update(&block.body);
            out.extend(head);
            out.extend(checksum.clone().finalize().to_le_bytes());
            out.extend(&block.body);
        }
        out
    }
}
