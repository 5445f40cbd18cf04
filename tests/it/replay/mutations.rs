//! Thousands of damaged recordings.
//!
//! Rule: what is read of a damaged recording is an error, or frames with which one of the recordings begins that it was made
//! from. Where the checksums were made to fit, it is an error or any frames.

use std::{collections::BTreeMap, panic::resume_unwind, thread};

use framestep::replay::{Detail, RecordedFrame, Recording};

use super::framing::{Block, DEFLATED, END, PLAIN, Parts, ends, put_varint};
use super::made_up::{DETAILS, Game, kept, record};

/// A recording, and what is in it.
struct Original {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    frames: Vec<RecordedFrame>,
}

fn below(random: &mut fastrand::Rng, limit: usize) -> usize {
    (random.u64(..) % limit as u64) as usize
}

/// Damages a recording in one of many ways; `other` is one of the same detail.
fn damage(random: &mut fastrand::Rng, original: &Original, other: &Original) -> Vec<u8> {
    let mut bytes = original.bytes.clone();
    let length = bytes.len();
    let at = below(random, length);
    let blocks = original.ends.len() - 1;
    let block = |number: usize| original.ends[number]..original.ends[number + 1];
    match random.u64(..) % 10 {
        0 => bytes[at] ^= 1 << below(random, 8),
        1 => {
            for _ in 0..=below(random, 8) {
                bytes[below(random, length)] ^= 1 << below(random, 8);
            }
        }
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..(at + 1 + below(random, 40)).min(length))),
        4 => {
            let more: Vec<u8> = (0..=below(random, 40)).map(|_| random.u64(..) as u8).collect();
            bytes.splice(at..at, more);
        }
        5 => {
            // A splice anywhere.
            bytes.truncate(at);
            bytes.extend(&other.bytes[below(random, other.bytes.len())..]);
        }
        6 => {
            // A splice between two blocks.
            bytes.truncate(original.ends[below(random, original.ends.len())]);
            bytes.extend(&other.bytes[other.ends[below(random, other.ends.len())]..]);
        }
        7 => {
            // Two blocks change places, or one comes twice.
            let (a, b) = (below(random, blocks), below(random, blocks));
            let (a, b) = (block(a.min(b)), block(a.max(b)));
            let mut swapped = bytes[..a.start].to_vec();
            for part in [b.clone(), a.end..b.start.max(a.end), a, b.end..length] {
                swapped.extend(&bytes[part]);
            }
            bytes = swapped;
        }
        8 => drop(bytes.drain(block(below(random, blocks)))),
        _ => {
            // The length of a block, with the checksum as it was.
            let at = original.ends[below(random, blocks)];
            bytes[at] = bytes[at].wrapping_add((1 + random.u64(..) as u8 % 31) * 4);
        }
    }
    bytes
}

/// Damages a recording within its blocks or its header, with checksums that fit.
fn damage_and_seal(random: &mut fastrand::Rng, parts: &Parts, other: &Parts) -> Vec<u8> {
    let mut parts = parts.clone();
    let number = below(random, parts.blocks.len());
    if random.u64(..).is_multiple_of(8) {
        let (a, b) = (below(random, parts.blocks.len()), below(random, other.blocks.len()));
        match random.u64(..) % 5 {
            0 => parts.blocks.swap(a, number),
            1 => parts.blocks[a] = other.blocks[b].clone(),
            2 => parts.blocks[a].kind = (random.u64(..) % 4) as u8,
            3 => parts.blocks[a].length = random.u64(..) >> 2 >> (random.u64(..) % 62),
            _ => {
                let at = below(random, parts.header.len());
                parts.header[at] ^= 1 << below(random, 8);
            }
        }
        return parts.sealed();
    }
    let body = &mut parts.blocks[number].body;
    for _ in 0..=below(random, 3) {
        let at = below(random, body.len().max(1)).min(body.len());
        match random.u64(..) % 5 {
            0 if !body.is_empty() => body[at] ^= 1 << below(random, 8),
            1 if !body.is_empty() => body[at] = random.u64(..) as u8,
            2 => body.truncate(at),
            3 => drop(body.splice(at..at, [random.u64(..) as u8])),
            _ => {
                // A number of any size.
                let mut number = Vec::new();
                put_varint(&mut number, random.u64(..) >> (random.u64(..) % 64));
                let end = (at + below(random, 3)).min(body.len());
                body.splice(at..end, number);
            }
        }
    }
    parts.blocks[number] = Block::new(parts.blocks[number].kind, parts.blocks[number].body.clone());
    parts.sealed()
}

/// What is read of a damaged recording, if it begins as one of these.
fn truthful(bytes: Vec<u8>, originals: [&Original; 2]) -> Result<&'static str, String> {
    let (recording, error) = match Recording::salvage_bytes(bytes) {
        Err(_) => return Ok("nothing"),
        Ok(read) => read,
    };
    let frames: Vec<RecordedFrame> = recording.iter().collect();
    let is_prefix = |of: &&Original| of.frames.starts_with(&frames);
    let Some(original) = originals.into_iter().find(is_prefix) else {
        return Err(format!("{} frames that were never recorded", frames.len()));
    };
    if recording.is_finished() && frames.len() != original.frames.len() {
        return Err(format!("{} frames pass for a whole run", frames.len()));
    }
    // What is whole is a recording by itself.
    let saved = Recording::from_bytes(recording.as_bytes().to_vec()).map_err(|error| error.to_string())?;
    if saved.frames() != recording.frames() {
        return Err("what was salvaged is more or less when it was saved".to_string());
    }
    Ok(match (error.is_some(), recording.is_finished()) {
        (true, _) => "some",
        (false, false) => "unfinished",
        (false, true) => "all",
    })
}

/// Damages recordings of this detail, and counts what is read of them.
fn damaged(detail: Detail, cases: u32) -> BTreeMap<&'static str, u32> {
    let mut random = fastrand::Rng::with_seed(0xDA_4A6E + detail as u64);
    let mut counts = BTreeMap::new();
    let made = |seed, count| {
        let frames = Game::of(seed, 2, 1).frames(count);
        let bytes = record(&frames, detail);
        Original { ends: ends(&bytes), frames: kept(&frames, detail), bytes }
    };
    let (a, b) = (made(1, 70), made(2, 125));
    let parts = [Parts::of(&a.bytes), Parts::of(&b.bytes)];
    assert!(parts[0].sealed() == a.bytes && parts[1].sealed() == b.bytes, "the format is known");
    let plain = parts.clone().map(Parts::inflated);
    for case in 0..cases {
        let sealed = match case % 4 {
            0 | 1 => {
                let bytes = damage(&mut random, &a, &b);
                let found =
                    truthful(bytes, [&a, &b]).unwrap_or_else(|error| panic!("{detail:?}, case {case}: {error}"));
                *counts.entry(found).or_insert(0) += 1;
                continue;
            }
            2 => damage_and_seal(&mut random, &parts[0], &parts[1]),
            _ => damage_and_seal(&mut random, &plain[0], &plain[1]),
        };
        let found = match Recording::salvage_bytes(sealed) {
            Err(_) => "sealed: nothing",
            Ok((recording, error)) => {
                assert_eq!(recording.iter().count() as u64, recording.frames());
                if error.is_some() { "sealed: some" } else { "sealed: all" }
            }
        };
        *counts.entry(found).or_insert(0) += 1;
    }
    counts
}

#[test]
fn ten_thousand_damaged_recordings_give_errors_or_frames_that_were_recorded() {
    let mut counts = BTreeMap::new();
    thread::scope(|scope| {
        let threads = DETAILS.map(|detail| scope.spawn(move || damaged(detail, 3_334)));
        for thread in threads {
            for (found, count) in thread.join().unwrap_or_else(|panic| resume_unwind(panic)) {
                *counts.entry(found).or_insert(0) += count;
            }
        }
    });
    println!("{counts:?}");
    // All of these were seen: none of them went untested.
    let seen = ["all", "nothing", "sealed: all", "sealed: nothing", "sealed: some", "some", "unfinished"];
    assert_eq!(counts.keys().copied().collect::<Vec<_>>(), seen);
    assert!(counts.values().sum::<u32>() >= 10_000);
}

#[test]
fn a_block_that_would_grow_without_bounds_is_refused() {
    let frames = Game::new(1).frames(1);
    let parts = Parts::of(&record(&frames, DETAILS[0]));
    let refused = |block: Block| {
        let mut parts = parts.clone();
        parts.blocks = vec![block];
        Recording::from_bytes(parts.sealed()).expect_err("it is refused").to_string()
    };
    let says = |what| {
        format!(
            "the recording, at byte {}: block 0 is corrupt ({what}); no frame before it is whole: record it again",
            parts.header.len() + 4
        )
    };
    // Sixty frames, all of the same length, of the same input of three MiB.
    let mut body = vec![120, 60, 0, 0, 0];
    put_varint(&mut body, 3 << 20);
    body.resize(body.len() + (3 << 20), 7);
    body.extend([59, 60]);
    assert_eq!(refused(Block::new(PLAIN, body)), says("it holds more than a block may"));
    // Some bytes that inflate to 160 MiB of nothing.
    let mut deflate = flate2::Compress::new(flate2::Compression::fast(), false);
    let zeros = vec![0; 1 << 20];
    let mut body = Vec::new();
    for _ in 0..160 {
        body.reserve(1 << 20);
        deflate.compress_vec(&zeros, &mut body, flate2::FlushCompress::Sync).expect("it goes on");
    }
    assert_eq!(refused(Block::new(DEFLATED, body)), says("it inflates to more than a block may hold"));
    assert_eq!(refused(Block::new(END, vec![1])), says("the end mark says another number of frames"));
}
