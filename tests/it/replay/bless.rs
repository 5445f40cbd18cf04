//! Recording anew, on purpose.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use framestep::replay::{Detail, Recording, Verify, VerifyError, verify};

use super::planted::{Fault, bells, key, record};

/// A file in a folder of this test's own.
struct Kept(PathBuf);

impl Kept {
    fn new(test: &str, recording: &Recording) -> Self {
        let folder = std::env::temp_dir().join(format!("framestep-bless-{}-{test}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder for what is temporary is there");
        recording.save(folder.join("run.replay")).expect("it can be written there");
        Kept(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("run.replay")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.file()).expect("it is there")
    }

    /// All that is in the folder.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("it is there").map(|entry| entry.expect("it is there").file_name());
        entries.map(|name| name.into_string().expect("plain names")).collect()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("nobody else removes it");
    }
}

#[test]
fn a_run_that_differs_is_recorded_anew_with_the_same_inputs_and_detail() {
    for detail in [Detail::Sparse, Detail::Steps, Detail::Full] {
        let kept = Kept::new("anew", &record(bells(Fault::None), 130, detail, key));
        let verify_bless = Verify::load(kept.file()).expect("it is whole").bless(true);
        let verified = verify_bless.run(bells(Fault::ExtraDraw(70))).expect("it was meant so");
        let change = verified.blessed.expect("it says what has changed");
        assert_eq!(change.frame, if detail == Detail::Sparse { 120 } else { 70 });
        let afresh = record(bells(Fault::ExtraDraw(70)), 130, detail, key);
        assert_eq!(kept.bytes(), afresh.as_bytes(), "as if the new game had been recorded");
        assert_eq!(kept.names(), ["run.replay"], "nothing is left beside it");
        verify(kept.file(), bells(Fault::ExtraDraw(70)));
    }
}

#[test]
fn a_recording_that_holds_is_not_touched() {
    let kept = Kept::new("holds", &record(bells(Fault::None), 130, Detail::Full, key));
    let before = fs::metadata(kept.file()).and_then(|data| data.modified()).expect("it is there");
    let verified =
        Verify::load(kept.file()).expect("it is whole").bless(true).run(bells(Fault::None)).expect("it holds");
    assert!(verified.blessed.is_none());
    let after = fs::metadata(kept.file()).and_then(|data| data.modified()).expect("it is there");
    assert_eq!(before, after);
}

#[test]
fn a_run_that_does_nothing_is_not_recorded_anew() {
    let kept = Kept::new("nothing", &record(bells(Fault::None), 130, Detail::Full, key));
    let before = kept.bytes();
    let verify = Verify::load(kept.file()).expect("it is whole").bless(true);
    assert!(matches!(verify.run(bells(Fault::Empty)), Err(VerifyError::DidNothing(_))));
    assert_eq!(kept.bytes(), before);
}

#[test]
fn without_being_asked_nothing_is_recorded_anew() {
    let kept = Kept::new("unasked", &record(bells(Fault::None), 130, Detail::Full, key));
    let before = kept.bytes();
    let verify = Verify::load(kept.file()).expect("it is whole").bless(false);
    let report = verify.run(bells(Fault::ExtraDraw(70))).expect_err("it differs").to_string();
    assert!(report.ends_with(
        "\nIt is meant so?  BLESS=1 records it anew.\n\
         To look:         Player::seek(69), or `--seek 69` in the demo.\n"
    ));
    assert_eq!(kept.bytes(), before);
}

/// Names the file to the process that the next test starts.
const FILE: &str = "FRAMESTEP_TEST_BLESS_FILE";

#[test]
fn the_environment_asks_for_it() {
    if let Some(file) = std::env::var_os(FILE) {
        return verify(file, bells(Fault::ExtraDraw(70)));
    }
    let kept = Kept::new("environment", &record(bells(Fault::None), 130, Detail::Full, key));
    let before = kept.bytes();
    let this_test = |bless: &str| {
        let mut command = Command::new(std::env::current_exe().expect("this program is there"));
        let test = std::thread::current().name().expect("a test's thread has its name").to_string();
        command.args(["--exact", &test, "--nocapture"]).env("BLESS", bless).env(FILE, kept.file());
        command.output().expect("it can be started")
    };
    let output = this_test("0");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("the run differs from the recording in frame 70 of 130, step 0 (lane `main`)"), "{said}");
    assert!(!output.status.success());
    assert_eq!(kept.bytes(), before);
    let output = this_test("1");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("run.replay was recorded anew; what has changed:\nthe run differs"), "{said}");
    assert!(output.status.success());
    assert_eq!(kept.bytes(), record(bells(Fault::ExtraDraw(70)), 130, Detail::Full, key).as_bytes());
}

#[test]
fn a_file_that_is_no_recording_is_named() {
    let path = std::env::temp_dir().join("framestep-there-is-no-such.replay");
    let error = Verify::load(&path).expect_err("there is no such file").to_string();
    assert!(error.contains("framestep-there-is-no-such.replay"), "{error}");
}
