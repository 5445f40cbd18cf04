//! Which difference is found, and where.

use framestep::replay::{
    Detail, Difference, Divergence, Game, RecordedFrame, Recording, RecordingWriter, Setup, Verify, VerifyError,
};

use super::planted::{Fault, bells, key, record};

/// What differs first in a run of the game that `build` makes.
pub(super) fn difference<G: Game>(recording: Recording, build: impl FnMut(&Setup) -> G) -> Box<Divergence> {
    match Verify::new(recording).run(build) {
        Err(VerifyError::Diverged(divergence)) => divergence,
        other => panic!("it differs: {other:?}"),
    }
}

pub(super) fn fails<G: Game>(recording: Recording, build: impl FnMut(&Setup) -> G) -> String {
    Verify::new(recording).run(build).expect_err("it can't hold").to_string()
}

#[test]
fn the_same_game_holds_in_every_detail() {
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let recording = record(bells(Fault::None), 130, detail, key);
        let verified = Verify::new(recording).run(bells(Fault::None)).expect("it is the same game");
        assert_eq!((verified.frames, verified.steps), (130, 130));
        // The clerk and the guard each frame, the watcher at first, at each bell but the first and behind each bell.
        assert_eq!(verified.polls, 130 * 2 + 1 + 13 + 12);
        assert!(!verified.is_hashed);
    }
}

#[test]
fn an_extra_draw_is_found_in_its_frame_with_its_script() {
    let recording = record(bells(Fault::None), 600, Detail::Full, key);
    let found = difference(recording, bells(Fault::ExtraDraw(500)));
    let script = found.script.as_ref().expect("a script is to blame");
    assert_eq!((found.frame, found.equal_frame, found.what), (500, 499, Difference::Trace));
    assert_eq!((found.lane.as_deref(), found.step), (Some("main"), Some(0)));
    assert_eq!((script.name.as_str(), script.number, script.is_missing), ("guard", 3, false));
}

#[test]
fn a_script_that_is_polled_late_is_named_for_its_missing_poll() {
    let recording = record(bells(Fault::None), 300, Detail::Full, key);
    let found = difference(recording, bells(Fault::Late(200)));
    let script = found.script.as_ref().expect("a script is to blame");
    assert_eq!((found.frame, script.name.as_str(), script.is_missing), (201, "clerk", true));
}

#[test]
fn steps_name_the_frame_and_sparse_recordings_the_second() {
    let found = difference(record(bells(Fault::None), 600, Detail::Steps, key), bells(Fault::ExtraDraw(500)));
    assert_eq!((found.frame, found.equal_frame, found.lane.as_deref()), (500, 499, Some("main")));
    let found = difference(record(bells(Fault::None), 600, Detail::Sparse, key), bells(Fault::ExtraDraw(500)));
    assert_eq!((found.frame, found.equal_frame, found.lane.as_deref()), (540, 480, None));
    // The last frames are no whole second.
    let found = difference(record(bells(Fault::None), 510, Detail::Sparse, key), bells(Fault::ExtraDraw(500)));
    assert_eq!((found.frame, found.equal_frame), (510, 480));
}

#[test]
fn a_lane_step_more_or_less_is_a_difference_of_its_own() {
    for detail in [Detail::Steps, Detail::Full] {
        let recording = record(bells(Fault::None), 130, detail, key);
        let found = difference(recording, bells(Fault::MoreSteps));
        assert_eq!((found.frame, found.what), (100, Difference::MoreSteps));
        let recording = record(bells(Fault::MoreSteps), 130, detail, key);
        let found = difference(recording, bells(Fault::None));
        assert_eq!((found.frame, found.what, found.lane.as_deref()), (100, Difference::FewerSteps, Some("second")));
    }
}

#[test]
fn a_run_that_did_nothing_fails() {
    let nothing = record(bells(Fault::Empty), 0, Detail::Full, key);
    assert_eq!(
        fails(nothing, bells(Fault::Empty)),
        "the verification did nothing: the recording has no frames. Record frames in which scripts run, or register what \
         is to be hashed"
    );
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let idle = record(bells(Fault::Empty), 100, detail, key);
        assert_eq!(
            fails(idle, bells(Fault::Empty)),
            "the verification did nothing: no script was polled, and nothing of the world is hashed. Record frames in which \
             scripts run, or register what is to be hashed"
        );
    }
}

#[test]
fn the_world_alone_must_be_there_to_be_compared() {
    let recording = record(bells(Fault::None), 100, Detail::Full, key);
    let error = Verify::new(recording).world_only().run(bells(Fault::ExtraDraw(50))).expect_err("it has no world");
    assert!(error.to_string().starts_with("the verification did nothing: nothing of the world is hashed."), "{error}");
}

#[test]
fn a_recording_without_a_hash_verifies_nothing() {
    let mut writer = RecordingWriter::to(Vec::new(), &Setup::new(7), Detail::Sparse).expect("memory takes it");
    for _ in 0..10 {
        writer.push(&RecordedFrame { input: vec![0], ..RecordedFrame::default() }).expect("memory takes it");
    }
    let recording = Recording::from_bytes(writer.finish().expect("memory takes it")).expect("it is whole");
    let error = fails(recording, bells(Fault::None));
    assert!(
        error.starts_with("the verification did nothing: the recording broke off before it kept a hash"),
        "{error}"
    );
}
