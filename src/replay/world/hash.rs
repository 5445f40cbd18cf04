//! The hash of one value: what `postcard` writes of it, folded a word at a time.
//!
//! The rule: the hash follows from the value's bits alone, floats by theirs, and is the same on every target: lengths and
//! `usize` are written as varints, all else in little-endian order. Nothing is allocated.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

use crate::executor::mix;

/// The hash of `value`, begun at `seed`.
///
/// # Errors
/// What `postcard` can't write.
#[inline]
pub(super) fn hash_of<T: Serialize + ?Sized>(value: &T, seed: u64) -> postcard::Result<u64> {
    postcard::serialize_with_flavor(value, ValueHasher::new(seed))
}

/// Takes bytes and gives a hash of them, however they were cut into writes.
#[derive(Debug)]
pub(super) struct ValueHasher {
    hash: u64,
    /// Bytes that don't fill a word yet, the first one lowest.
    word: u64,
    /// How many bits of it.
    bits: u32,
    /// How many words were folded.
    words: u64,
}

impl ValueHasher {
    #[inline]
    pub(super) fn new(seed: u64) -> Self {
        ValueHasher { hash: seed, word: 0, bits: 0, words: 0 }
    }

    /// Takes in the lower `bits` bits of `value`, at least 8, the others being zero.
    #[inline]
    fn push(&mut self, value: u64, bits: u32) {
        self.word |= value << self.bits;
        let filled = self.bits + bits;
        if filled < 64 {
            self.bits = filled;
            return;
        }
        self.hash = mix(self.hash, self.word);
        self.words += 1;
        // What didn't fit; where nothing was there before, all of it did.
        self.word = if self.bits == 0 { 0 } else { value >> (64 - self.bits) };
        self.bits = filled - 64;
    }

    #[inline]
    pub(super) fn write_word(&mut self, word: u64) {
        self.push(word, 64);
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.push(u64::from_le_bytes(*word), 64);
        }
        if !rest.is_empty() {
            let mut word = [0; 8];
            word[..rest.len()].copy_from_slice(rest);
            self.push(u64::from_le_bytes(word), 8 * rest.len() as u32);
        }
    }

    #[inline]
    pub(super) fn finish(self) -> u64 {
        // With the length, so that zeros at the end count.
        mix(mix(self.hash, self.word), (self.words << 6) | u64::from(self.bits))
    }
}

impl Flavor for ValueHasher {
    type Output = u64;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.push(u64::from(byte), 8);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.write(bytes);
        Ok(())
    }

    #[inline]
    fn finalize(self) -> postcard::Result<u64> {
        Ok(self.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_bytes_are_cut_into_writes_changes_nothing_and_each_byte_counts() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..40 {
            let whole = |bytes: &[u8]| {
                let mut hasher = ValueHasher::new(7);
                hasher.write(bytes);
                hasher.finish()
            };
            let expected = whole(&bytes[..length]);
            for cut in 0..=length {
                let mut hasher = ValueHasher::new(7);
                hasher.write(&bytes[..cut]);
                for byte in &bytes[cut..length] {
                    hasher.try_push(*byte).expect("it takes any byte");
                }
                assert_eq!(hasher.finish(), expected, "{cut} of {length}");
            }
            for changed in 0..length {
                let mut other = bytes[..length].to_vec();
                other[changed] ^= 0x80;
                assert_ne!(whole(&other), expected, "{changed} of {length}");
            }
            assert_ne!(whole(&[&bytes[..length], &[0]].concat()), expected, "a zero behind {length}");
        }
    }

    #[test]
    fn hashes_are_the_same_for_good() {
        // Recordings rest on these.
        let value = (1_u8, -2_i32, 0.5_f32, [f64::NAN, -0.0], "vault", Some(true), vec![300_usize]);
        assert_eq!(hash_of(&(), 0), Ok(14_742_735_387_219_975_076));
        assert_eq!(hash_of(&value, 0), Ok(3_546_394_905_058_677_222));
        assert_ne!(hash_of(&0.0_f32, 0), hash_of(&-0.0_f32, 0));
    }
}
