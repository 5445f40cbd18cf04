//! What is said of a recording that can't be read.
//!
//! Rule: the file, the place, the cause and what to do stand in one line.

use std::{error::Error, fs};

use framestep::replay::{Detail, Recording, RecordingCause};

use super::format::file;
use super::framing::{Parts, ends};
use super::made_up::{Game, kept, record, sparse};

fn said(bytes: Vec<u8>) -> String {
    Recording::from_bytes(bytes).map(|_| "it is whole".to_string()).unwrap_or_else(|error| error.to_string())
}

/// A recording of two seconds and a bit. Its blocks are too short to be deflated, so that places in it are the same with any
/// version of that library.
fn three_blocks() -> Vec<u8> {
    record(&(0..130).map(sparse).collect::<Vec<_>>(), Detail::Sparse)
}

/// It, changed.
fn changed(change: impl FnOnce(&mut Vec<u8>, &[usize])) -> String {
    let mut bytes = three_blocks();
    let ends = ends(&bytes);
    change(&mut bytes, &ends);
    said(bytes)
}

/// As `changed`, in the parts, with checksums that fit.
fn resealed(change: impl FnOnce(&mut Parts)) -> String {
    let mut parts = Parts::of(&three_blocks());
    change(&mut parts);
    said(parts.sealed())
}

#[test]
fn each_error_says_the_place_the_cause_and_the_remedy() {
    let said = [
        said(b"\x89PNG\r\n".to_vec()),
        said(Vec::new()),
        changed(|bytes, _| bytes.truncate(20)),
        changed(|bytes, _| bytes[8] = 9),
        changed(|bytes, _| bytes[10] ^= 1),
        resealed(|parts| parts.header[10] ^= 1),
        resealed(|parts| parts.header[18] = 7),
        changed(|bytes, ends| bytes.truncate(ends[0])),
        changed(|bytes, ends| bytes.truncate(ends[0] + 3)),
        changed(|bytes, ends| bytes.truncate(ends[2] - 1)),
        changed(|bytes, ends| bytes[ends[1] + 9] ^= 1),
        changed(|bytes, ends| drop(bytes.drain(ends[1]..ends[2]))),
        changed(|bytes, _| bytes.push(0)),
        resealed(|parts| drop(parts.blocks.remove(0))),
        resealed(|parts| parts.blocks[1].kind = 3),
    ];
    let expected = [
        "0: this isn't a recording of framestep; see that the path is right",
        "0: it is cut off; no frame before it is whole: record it again",
        "20: it is cut off; no frame before it is whole: record it again",
        "8: its format is version 9, and 1 is read here; replay it with the framestep that recorded it, or record it again",
        "8: its header is damaged (its checksum is another); record it again",
        "10: it was recorded with another stream of random numbers (f388e81cd56e8a0c, here f388e81cd56e8a0d); replay it with the Cargo.lock that it was recorded with, or record it again",
        "8: its header is damaged (a detail that is none); record it again",
        "it is whole",
        "40: it is cut off; no frame before it is whole: record it again",
        "78: it is cut off; the 60 frames before it are whole: `Recording::salvage` reads them",
        "78: block 1 is corrupt (its checksum is another); the 60 frames before it are whole: `Recording::salvage` reads them",
        "78: block 1 is corrupt (its checksum is another); the 60 frames before it are whole: `Recording::salvage` reads them",
        "129: block 3 is corrupt (bytes follow the end mark); the 130 frames before it are whole: `Recording::salvage` reads them",
        "40: block 0 is corrupt (a change keeps more than there was); no frame before it is whole: record it again",
        "78: block 1 is corrupt (a block of no known kind); the 60 frames before it are whole: `Recording::salvage` reads them",
    ];
    let said = said.map(|text| text.strip_prefix("the recording, at byte ").unwrap_or(&text).to_string());
    assert_eq!(said.join("\n"), expected.join("\n"));
}

#[test]
fn a_file_is_named_and_what_is_whole_of_it_is_salvaged() {
    let path = file("damaged.fsr");
    let frames = Game::new(2).frames(200);
    let mut bytes = record(&frames, Detail::Full);
    let at = ends(&bytes)[2];
    bytes[at + 9] ^= 4;
    fs::write(&path, bytes).expect("the folder is there");
    let error = Recording::load(&path).expect_err("it is damaged").to_string();
    let expected = format!(
        "{}, at byte {at}: block 2 is corrupt (its checksum is another); the 120 frames before it are whole: \
         `Recording::salvage` reads them",
        path.display()
    );
    assert_eq!(error, expected);
    let (recording, error) = Recording::salvage(&path).expect("there is something whole");
    let error = error.expect("it is damaged");
    assert_eq!(error.to_string(), expected);
    assert_eq!((error.path.as_deref(), error.offset), (Some(&*path), at as u64));
    let RecordingCause::Corrupt { block: 2, whole_frames: 120, .. } = error.cause else { panic!("{error:?}") };
    assert!(recording.iter().eq(kept(&frames[..120], Detail::Full)));

    // What is whole is a recording by itself.
    recording.save(&path).expect("the folder is there");
    assert_eq!(Recording::load(&path).expect("it is whole").frames(), 120);
    fs::remove_file(&path).expect("it is there");

    let error = Recording::load(&path).expect_err("it is gone");
    assert!(error.to_string().starts_with(&format!("{} can't be read: ", path.display())), "{error}");
    assert!(matches!(&error.cause, RecordingCause::Io(_)) && error.source().is_some());
    let gone = Recording::salvage(&path).expect_err("it is gone");
    assert_eq!(gone.to_string(), error.to_string());
}
