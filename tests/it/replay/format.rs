//! What goes into a recording comes out of it, and how large it is.

use std::{
    cell::RefCell,
    fs,
    io::{self, Write},
    mem,
    path::PathBuf,
    rc::Rc,
    sync::Arc,
};

use framestep::replay::{
    Detail, Line, RecordedFrame, Recording, RecordingWriter, Setup, StateLine, StepTrail, Who, fingerprint,
};
use framestep::{Arrival, Cause, ChangeKind};
use proptest::{collection::vec, option, prelude::*, test_runner::TestRunner};

use super::made_up::{DETAILS, Game, STEP_NANOS, kept, record, setup, sparse};
use crate::model::config;

/// A file that can be looked at while it is written, and that is full at some length.
#[derive(Clone)]
struct Disk {
    bytes: Rc<RefCell<Vec<u8>>>,
    room: usize,
}

impl Disk {
    fn of(room: usize) -> Self {
        Disk { bytes: Rc::default(), room }
    }

    fn read(&self) -> Vec<u8> {
        self.bytes.borrow().clone()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.borrow().len() + bytes.len() > self.room {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk is full"));
        }
        self.bytes.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A name for a file of a test's own.
pub(super) fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[track_caller]
fn frames_of(bytes: Vec<u8>) -> Vec<RecordedFrame> {
    Recording::from_bytes(bytes).unwrap_or_else(|error| panic!("{error}")).iter().collect()
}

#[test]
fn what_is_read_is_what_was_pushed_as_far_as_the_detail_goes() {
    for detail in DETAILS {
        for count in [0, 1, 59, 60, 61, 200] {
            let frames = Game::new(count).frames(count as usize);
            let bytes = record(&frames, detail);
            assert_eq!(bytes, record(&frames, detail), "the same frames, the same bytes");
            let recording = Recording::from_bytes(bytes).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((recording.setup(), recording.detail()), (&setup(), detail));
            assert_eq!((recording.frames(), recording.is_finished()), (count, true));
            let read: Vec<_> = recording.iter().collect();
            assert!(read == kept(&frames, detail), "{detail:?}, {count} frames");
            let end = frames.last().and_then(|frame| frame.trail.last()).cloned();
            assert_eq!(recording.final_trace(), end.as_ref().map(|end| end.trace));
            assert_eq!(recording.final_world(), end.map(|end| end.world));
        }
    }
}

fn any_text() -> impl Strategy<Value = Arc<str>> {
    ".{0,3}".prop_map(Into::into)
}

fn any_arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![
        any::<u64>().prop_map(Arrival::Wake),
        (any_text(), any::<u32>(), vec(any::<u8>(), 0..6)).prop_map(|(name, n, bytes)| Arrival::Value(name, n, bytes)),
        (any_text(), any::<u32>()).prop_map(|(name, n)| Arrival::LastSent(name, n)),
        any_text().prop_map(Arrival::Unkept),
        any_text().prop_map(Arrival::Asset),
    ]
}

fn any_line() -> impl Strategy<Value = Line> {
    use ChangeKind::*;
    let kinds = [Step, Spawned, Woken, Polled, Completed, Cancelled, Panicked, PutOff, Held, LetGo, Drew, Named];
    let number = prop_oneof![0..3u64, any::<u64>()];
    let who = (number, any_text(), any_text(), option::of(any_text()))
        .prop_map(|(number, name, owner, spawned_at)| Who { number, name, owner, spawned_at });
    let cause = prop_oneof![
        Just(Cause::Game),
        any::<u64>().prop_map(Cause::Script),
        Just(Cause::Timer),
        Just(Cause::Release),
        Just(Cause::Check),
        Just(Cause::Outside),
    ];
    let value = prop_oneof![Just(0), any::<u64>()];
    (proptest::sample::select(kinds.to_vec()), who, cause, option::of(any_text()), value)
        .prop_map(|(kind, who, cause, at, value)| Line { kind, who, cause, at, value })
}

fn any_state() -> impl Strategy<Value = StateLine> {
    (any_text(), any_text(), option::of(any_text()), any::<u64>()).prop_map(|(kind, entity, value, hash)| StateLine {
        kind,
        entity,
        value,
        hash,
    })
}

fn any_frame() -> impl Strategy<Value = RecordedFrame> {
    let step = (any::<Option<u8>>(), any::<u32>(), 0..2u32, vec(any_line(), 0..4), vec(any_state(), 0..3))
        .prop_map(|(lane, trace, world, lines, state)| StepTrail { lane, trace, world, lines, state });
    let step_nanos = prop_oneof![Just(STEP_NANOS), any::<u64>()];
    (step_nanos, vec(0..3u8, 0..5), vec((any::<u32>(), any_arrival()), 0..2), vec(step, 0..3))
        .prop_map(|(step_nanos, input, arrivals, trail)| RecordedFrame { step_nanos, input, arrivals, trail })
}

#[test]
fn any_frames_come_out_as_they_went_in() {
    let frames = vec(any_frame(), 0..70);
    TestRunner::new(config(100))
        .run(&frames, |frames| {
            for detail in DETAILS {
                prop_assert_eq!(frames_of(record(&frames, detail)), kept(&frames, detail));
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn any_frames_can_be_reached_without_reading_all_before_them() {
    let frames: Vec<_> = (0..7_500).map(sparse).collect();
    for detail in [Detail::Sparse, Detail::Steps] {
        let recording = Recording::from_bytes(record(&frames, detail)).unwrap_or_else(|error| panic!("{error}"));
        let all = kept(&frames, detail);
        assert!(recording.iter().eq(all.iter().cloned()));
        for range in [0..0, 0..1, 59..61, 3_599..3_601, 3_600..3_601, 7_201..7_300, 7_499..7_500, 5..5] {
            let read: Vec<_> = recording.range(range.clone()).collect();
            assert!(read == all[range.start as usize..range.end as usize], "{range:?}");
        }
        assert_eq!(recording.range(7_499..9_000).count(), 1, "what lies beyond the end is left out");
        assert_eq!(recording.range(8_000..9_000).count(), 0);
        assert_eq!(recording.iter().size_hint(), (7_500, Some(7_500)));
    }
}

#[test]
fn an_hour_of_sparse_input_is_under_100_kb() {
    let mut writer = RecordingWriter::to(Vec::new(), &setup(), Detail::Sparse).expect("a vector takes all");
    for number in 0..216_000 {
        writer.push(&sparse(number)).expect("a vector takes all");
    }
    let bytes = writer.finish().expect("a vector takes all");
    println!("an hour of sparse input: {} bytes", bytes.len());
    assert!(bytes.len() < 100_000, "{} bytes", bytes.len());
    let recording = Recording::from_bytes(bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(recording.frames(), 216_000);
    let last: Vec<_> = (215_940..216_000).map(sparse).collect();
    assert!(recording.range(215_940..216_000).eq(kept(&last, Detail::Sparse)));
}

#[test]
fn a_frame_of_twenty_scripts_and_five_things_that_move_takes_under_100_bytes() {
    // 60 of them are hashes, which nothing makes smaller: of five values eight each, and of the steps two or three traces
    // and two worlds of four.
    let frames = Game::new(1).frames(1_800);
    let sizes = DETAILS.map(|detail| record(&frames, detail).len() * 100 / frames.len());
    println!("hundredths of a byte a frame: sparse, steps, full: {sizes:?}");
    assert!(sizes[0] < 100 && sizes[1] < 2_000 && sizes[2] < 10_000, "{sizes:?}");
}

#[test]
fn what_was_written_up_to_the_last_second_outlives_the_process() {
    for detail in DETAILS {
        let frames = Game::new(3).frames(170);
        let disk = Disk::of(usize::MAX);
        let mut writer = RecordingWriter::to(disk.clone(), &setup(), detail).expect("there is room");
        for (number, frame) in frames.iter().enumerate() {
            writer.push(frame).expect("there is room");
            let recording = Recording::from_bytes(disk.read()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(recording.frames(), number as u64 / 60 * 60, "whole seconds, with the frame behind them");
            assert!(!recording.is_finished());
        }
        // Nothing of it runs any more.
        mem::forget(writer);
        assert!(frames_of(disk.read()) == kept(&frames[..120], detail), "{detail:?}");
    }
}

#[test]
fn a_writer_that_is_dropped_writes_the_rest_and_no_end_mark() {
    for detail in DETAILS {
        let frames = Game::new(4).frames(70);
        let disk = Disk::of(usize::MAX);
        let mut writer = RecordingWriter::to(disk.clone(), &setup(), detail).expect("there is room");
        frames.iter().for_each(|frame| writer.push(frame).expect("there is room"));
        drop(writer);
        let recording = Recording::from_bytes(disk.read()).unwrap_or_else(|error| panic!("{error}"));
        assert!(!recording.is_finished());
        assert!(recording.iter().eq(kept(&frames, detail)), "{detail:?}");
        assert_eq!(recording.final_trace(), frames[69].trail.last().map(|end| end.trace));
    }
}

#[test]
fn a_writer_that_failed_takes_no_more_and_leaves_whole_frames() {
    let frames = Game::new(5).frames(240);
    let whole = record(&frames, Detail::Full);
    for room in (0..whole.len()).step_by(1_000) {
        let disk = Disk::of(room);
        let Ok(mut writer) = RecordingWriter::to(disk.clone(), &setup(), Detail::Full) else {
            assert!(disk.read().is_empty());
            continue;
        };
        let told = frames.iter().map(|frame| writer.push(frame)).filter_map(Result::err).collect::<Vec<_>>();
        let finished = writer.finish().map(drop).map_err(|error| error.kind());
        if let Some((first, rest)) = told.split_first() {
            assert_eq!(first.kind(), io::ErrorKind::StorageFull);
            let again = "an earlier write of this recording failed: it takes no more frames";
            assert!(rest.iter().all(|error| error.to_string() == again));
        }
        assert!(finished.is_err(), "there is never room for the end mark");
        let read = frames_of(disk.read());
        assert!(
            kept(&frames, Detail::Full).starts_with(&read) && read.len().is_multiple_of(60),
            "{} frames",
            read.len()
        );
    }
}

#[test]
fn large_frames_end_a_block_early_and_too_large_ones_are_not_taken() {
    let large = RecordedFrame { input: vec![7; 5 << 20], ..RecordedFrame::default() };
    let disk = Disk::of(usize::MAX);
    let mut writer = RecordingWriter::to(disk.clone(), &setup(), Detail::Sparse).expect("there is room");
    let frames: Vec<_> = (0..10).map(|step_nanos| RecordedFrame { step_nanos, ..large.clone() }).collect();
    let mut written = Vec::new();
    for frame in &frames {
        writer.push(frame).expect("there is room");
        written.push(Recording::from_bytes(disk.read()).map(|recording| recording.frames()).expect("it is whole"));
    }
    assert_eq!(written, [0, 0, 0, 4, 4, 4, 4, 8, 8, 8]);
    let error = writer.push(&RecordedFrame { input: vec![7; 64 << 20], ..RecordedFrame::default() });
    let text = "a frame of a recording holds at most 64 MiB: keep large data out of its input";
    assert_eq!(error.expect_err("it is too large").to_string(), text);
    writer.finish().expect("the other frames are well");
    let recording = Recording::from_bytes(disk.read()).expect("it is whole");
    assert!(recording.is_finished() && recording.iter().eq(frames.iter().cloned()));
    assert!(recording.range(5..7).eq(frames[5..7].iter().cloned()));
}

#[test]
fn a_sparse_recording_asks_for_hashes_once_in_sixty_frames_and_at_the_end() {
    let mut writer = RecordingWriter::to(Vec::new(), &setup(), Detail::Sparse).expect("a vector takes all");
    let end = |trace| StepTrail { trace, world: 2, ..StepTrail::default() };
    let mut asked = Vec::new();
    for number in 0..130 {
        let mut frame = RecordedFrame::default();
        if writer.keeps_trail() {
            asked.push(number);
            frame.trail.push(end(number));
        }
        writer.push(&frame).expect("a vector takes all");
    }
    assert_eq!(asked, [59, 119]);
    let bytes = writer.finish_with(&end(9)).expect("a vector takes all");
    let recording = Recording::from_bytes(bytes).unwrap_or_else(|error| panic!("{error}"));
    let hashed = recording.iter().enumerate().filter(|(_, frame)| !frame.trail.is_empty());
    let hashed: Vec<_> = hashed.map(|(number, frame)| (number, frame.trail)).collect();
    assert_eq!(hashed, [(59, vec![end(59)]), (119, vec![end(119)]), (129, vec![end(9)])]);
    assert_eq!((recording.final_trace(), recording.final_world()), (Some(9), Some(2)));
}

#[test]
fn a_file_is_replaced_by_a_whole_recording_or_not_at_all() {
    let path = file("replaced.fsr");
    let frames = Game::new(6).frames(90);
    let mut writer = RecordingWriter::create(&path, &setup(), Detail::Steps).expect("the folder is there");
    frames.iter().for_each(|frame| writer.push(frame).expect("there is room"));
    writer.finish().expect("there is room");
    let recording = Recording::load(&path).unwrap_or_else(|error| panic!("{error}"));
    assert!(recording.iter().eq(kept(&frames, Detail::Steps)));

    // What a crash has left beside it is in nobody's way.
    let left = file("replaced.fsr.part0");
    fs::write(&left, "left").expect("the folder is there");
    let other = Recording::from_bytes(record(&frames[..5], Detail::Full)).expect("it is whole");
    other.save(&path).expect("the folder is there");
    assert_eq!(fs::read(&path).expect("it is there"), other.as_bytes());
    assert_eq!(fs::read(&left).expect("it is there"), b"left");
    assert!(!file("replaced.fsr.part1").exists());

    // A folder can't be replaced: nothing is left beside it.
    let folder = file("replaced.folder");
    fs::create_dir_all(folder.join("full")).expect("the folder is there");
    let error = other.save(&folder).expect_err("a folder isn't replaced");
    assert!(error.to_string().starts_with(&*folder.to_string_lossy()), "{error}");
    assert!(!file("replaced.folder.part0").exists());
    fs::remove_dir_all(&folder).expect("it is there");
    [left, path].iter().for_each(|file| fs::remove_file(file).expect("it is there"));
}

#[test]
fn the_format_is_what_its_version_says() {
    // Where one of these changes, recordings of before can't be read or replayed: give the format another version. A
    // fingerprint that changes with `fastrand` needs none.
    assert_eq!(fingerprint(), 0xF388_E81C_D56E_8A0D);
    let mut game = Game::new(1);
    let hashes = DETAILS.map(|detail| {
        let parts = super::framing::Parts::of(&record(&game.frames(3), detail)).inflated();
        let bodies = parts.blocks.iter().flat_map(|block| &block.body).copied().collect::<Vec<u8>>();
        crc32fast::hash(&bodies)
    });
    assert_eq!(hashes, [2_656_955_105, 380_127_320, 166_902_310]);
    let mut writer = RecordingWriter::to(Vec::new(), &Setup::new(300), Detail::Sparse).expect("a vector takes all");
    writer.push(&RecordedFrame { step_nanos: 5, input: vec![1], ..RecordedFrame::default() }).expect("it takes all");
    let bytes = writer.finish().expect("a vector takes all");
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "89 66 73 74 65 70 0d 0a 01 00 0d 8a 6e d5 1c e8 88 f3 00 04 ac 02 00 00 45 c9 59 a6",
        "2c 7c da 4e c5 02 00 0a 00 00 00 00 01 01 00 01",
        "06 91 4d 08 85 01",
    ];
    assert_eq!(hex.join(" "), expected.join(" "), "the header, a block, the end mark");
}
