//! The code of a run: one short string that plays it again.
//!
//! The rule: a code is read as it was written or not at all. Its last character checks the others, so that one wrong
//! character, or two neighbours swapped, are found. Letters of either case are read, and `o`, `i` and `l` as the digits
//! that they look like.
//!
//! How: seed, order and frames as LEB128 numbers, then the hash of the options as four bytes, little end first; as bits
//! from the highest on, five a character in Crockford's base 32, the last character filled with zeros.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The beginning of a code, with its version.
const PREFIX: &str = "fs1-";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// One run of an [`Explore`](super::Explore), in a string that can be pasted: `fs1-` and about twenty characters.
///
/// ```
/// use framestep::replay::RunCode;
///
/// let code = RunCode { seed: 417, order: 2, frames: 3600, options: 0x5EED };
/// let text = code.to_string();
/// assert_eq!(text, "fs1-m41g540wxnf00007");
/// assert_eq!(text.parse(), Ok(code));
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RunCode {
    /// The seed of the run.
    pub seed: u64,
    /// Which order of equals: 0 is the plain one, the others are shuffled.
    pub order: u32,
    /// How many frames it was to have.
    pub frames: u64,
    /// A hash of whatever else the sweep was told: options, and the length of a frame.
    pub options: u32,
}

impl fmt::Display for RunCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = digits_of(&self.bytes());
        f.write_str(PREFIX)?;
        for digit in digits.iter().chain([&check_of(&digits)]) {
            write!(f, "{}", char::from(ALPHABET[usize::from(*digit)]))?;
        }
        Ok(())
    }
}

impl RunCode {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for mut number in [self.seed, u64::from(self.order), self.frames] {
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.push(number as u8);
        }
        bytes.extend(self.options.to_le_bytes());
        bytes
    }
}

impl FromStr for RunCode {
    type Err = RunCodeError;

    fn from_str(text: &str) -> Result<Self, RunCodeError> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let Some(body) = lower.strip_prefix(PREFIX) else {
            let is_version =
                |rest: &str| rest.split_once('-').is_some_and(|(version, _)| version.parse::<u32>().is_ok());
            return Err(match lower.strip_prefix("fs") {
                Some(rest) if is_version(rest) => RunCodeError::Version,
                _ => RunCodeError::NoCode,
            });
        };
        let mut digits = Vec::new();
        for (at, char) in body.chars().enumerate() {
            let digit = digit_of(char).ok_or(RunCodeError::Character { char, at: PREFIX.len() + at + 1 })?;
            digits.push(digit);
        }
        let check = digits.pop().ok_or(RunCodeError::Length)?;
        if check != check_of(&digits) {
            return Err(RunCodeError::Mistyped);
        }
        let bytes = bytes_of(&digits);
        let mut rest = bytes.as_slice();
        let seed = number(&mut rest)?;
        let order = u32::try_from(number(&mut rest)?).map_err(|_| RunCodeError::Length)?;
        let frames = number(&mut rest)?;
        let options = u32::from_le_bytes(rest.try_into().map_err(|_| RunCodeError::Length)?);
        let code = RunCode { seed, order, frames, options };
        // What is written in a longer way than need be wasn't written here.
        if digits_of(&code.bytes()) == digits { Ok(code) } else { Err(RunCodeError::Length) }
    }
}

impl From<RunCode> for String {
    fn from(code: RunCode) -> String {
        code.to_string()
    }
}

impl TryFrom<String> for RunCode {
    type Error = RunCodeError;

    fn try_from(text: String) -> Result<Self, RunCodeError> {
        text.parse()
    }
}

/// Why a code can't be read or played.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunCodeError {
    /// It doesn't begin as codes do.
    NoCode,
    /// It is of another version.
    Version,
    /// A character that no code has, at this place, from 1.
    Character {
        /// The character.
        char: char,
        /// Its place.
        at: usize,
    },
    /// Its last character doesn't fit the others.
    Mistyped,
    /// It is too short or too long.
    Length,
    /// It was found by a sweep with other options: the hash of those, and of these.
    Options {
        /// The hash in the code.
        code: u32,
        /// The hash of the sweep that is to play it.
        here: u32,
    },
}

impl fmt::Display for RunCodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunCodeError::NoCode => write!(f, "this is no code of a run: one begins with `{PREFIX}`"),
            RunCodeError::Version => write!(
                f,
                "this code is of another version than `{PREFIX}`: play it with the version of framestep that printed it"
            ),
            RunCodeError::Character { char, at } => {
                write!(f, "{char:?} at place {at} is in no code: paste it again, without what stands around it")
            }
            RunCodeError::Mistyped => {
                f.write_str("the code was mistyped: its last character doesn't fit the others; paste it again")
            }
            RunCodeError::Length => f.write_str("the code is too short or too long: paste all of it"),
            RunCodeError::Options { code, here } => write!(
                f,
                "the run was found with other options (hash {code:08x}, here {here:08x}): give the sweep the options \
                 and the length of a frame that it had then"
            ),
        }
    }
}

impl std::error::Error for RunCodeError {}

fn number(rest: &mut &[u8]) -> Result<u64, RunCodeError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(RunCodeError::Length)?;
        *rest = after;
        let bits = u64::from(byte & 0x7F);
        if bits << shift >> shift != bits {
            return Err(RunCodeError::Length);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(RunCodeError::Length)
}

fn digit_of(char: char) -> Option<u8> {
    let char = match char {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let at = ALPHABET.iter().position(|known| char::from(*known) == char)?;
    Some(at as u8)
}

fn digits_of(bytes: &[u8]) -> Vec<u8> {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let count = (bytes.len() * 8).div_ceil(5);
    (0..count).map(|digit| (0..5).fold(0, |bits, at| bits << 1 | bit(digit * 5 + at))).collect()
}

fn bytes_of(digits: &[u8]) -> Vec<u8> {
    let bit = |at: usize| digits[at / 5] >> (4 - at % 5) & 1;
    let count = digits.len() * 5 / 8;
    (0..count).map(|byte| (0..8).fold(0, |bits, at| bits << 1 | bit(byte * 8 + at))).collect()
}

/// The value of the digits as a polynomial over the field of 32 elements, at a generator of it, times that: no single
/// digit and no two neighbours can change without changing it, in up to 31 digits. The last step is for the check digit
/// itself and its neighbour.
fn check_of(digits: &[u8]) -> u8 {
    // The first digit is a 1, so that a code of zeros alone has no zero to check it.
    times_generator(digits.iter().fold(1, |sum, digit| times_generator(sum) ^ digit))
}

fn times_generator(element: u8) -> u8 {
    // x^5 = x^2 + 1.
    let doubled = element << 1;
    if doubled & 0x20 == 0 { doubled } else { doubled ^ 0b10_0101 }
}
