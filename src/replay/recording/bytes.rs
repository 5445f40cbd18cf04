//! Numbers and strings of bytes, as they stand in a block.
//!
//! The rule: nothing that was read is trusted: a length is compared with what is there before anything is done by it.

/// What is wrong with the bytes of a block.
pub(super) type Bad = &'static str;

const ENDS: Bad = "it ends within a value";

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A difference, modulo 2^64: near zero it is short, on either side.
pub(super) fn put_signed(out: &mut Vec<u8>, value: u64) {
    let value = value as i64;
    put_varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Puts `new` as a change of `old`; `more` is added to the first number.
pub(super) fn put_change(out: &mut Vec<u8>, old: &[u8], new: &[u8], more: u64) {
    let head = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    put_varint(out, head as u64 + more);
    put_varint(out, tail as u64);
    put_bytes(out, &new[..new.len() - tail]);
}

/// Bytes that are read from their beginning.
#[derive(Copy, Clone, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Bad> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(ENDS)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Bad> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ENDS)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Bad> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn varint(&mut self) -> Result<u64, Bad> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a number is too large")
    }

    pub(super) fn signed(&mut self) -> Result<u64, Bad> {
        let value = self.varint()?;
        Ok((value >> 1) ^ (value & 1).wrapping_neg())
    }

    /// A number of things; each takes at least a byte, so that there are no more than bytes left.
    pub(super) fn count(&mut self) -> Result<usize, Bad> {
        let count = self.varint()?;
        usize::try_from(count).ok().filter(|count| *count <= self.left()).ok_or("a length is longer than what is there")
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Bad> {
        let length = self.count()?;
        self.take(length)
    }

    /// A change of `old`, the first number of which was read; takes what it holds off the budget.
    pub(super) fn change(&mut self, old: &[u8], head: u64, budget: &mut Budget) -> Result<Vec<u8>, Bad> {
        let tail = self.varint()?;
        let new = self.bytes()?;
        let kept = head.checked_add(tail).filter(|kept| *kept <= old.len() as u64);
        let kept = kept.ok_or("a change keeps more than there was")? as usize;
        let (head, tail) = (head as usize, tail as usize);
        budget.spend(kept + new.len())?;
        let mut bytes = Vec::with_capacity(kept + new.len());
        bytes.extend_from_slice(&old[..head]);
        bytes.extend_from_slice(new);
        bytes.extend_from_slice(&old[old.len() - tail..]);
        Ok(bytes)
    }
}

/// What a block may still hold.
#[derive(Debug)]
pub(super) struct Budget(pub(super) usize);

impl Budget {
    pub(super) fn spend(&mut self, bytes: usize) -> Result<(), Bad> {
        self.0 = self.0.checked_sub(bytes).ok_or("it holds more than a block may")?;
        Ok(())
    }
}
