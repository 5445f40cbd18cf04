//! What is said of a difference: whole reports.

use framestep::replay::Detail;

use super::planted::{Fault, bells, key, record, without_lines};
use super::verify::difference;

#[test]
fn a_report_of_an_extra_draw() {
    let recording = record(bells(Fault::None), 600, Detail::Full, key);
    let report = difference(recording, bells(Fault::ExtraDraw(500))).to_string();
    assert_eq!(
        without_lines(&report),
        "\
the run differs from the recording in frame 500 of 600, step 0 (lane `main`)
  trace    expected c0c638b7, actual ee63f511
  script   `guard` #3 drew a random number
  spawned  at tests/it/replay/planted.rs:_
  waited   at tests/it/replay/planted.rs:_

  expected                                 actual
  step of lane main                        step of lane main
  polled clerk #1 at planted.rs:_         polled clerk #1 at planted.rs:_
  polled guard #3 at planted.rs:_         polled guard #3 at planted.rs:_
  drew guard #3 1c0f3d237bf04853           drew guard #3 1c0f3d237bf04853
                                         > drew guard #3 727a090b69b88778
  woken watcher #2 by #3                   woken watcher #2 by #3
  polled watcher #2 at planted.rs:_       polled watcher #2 at planted.rs:_

why, actual:
  drew guard #3
  <- polled guard #3 at tests/it/replay/planted.rs:_, for this step

why, expected:
  woken watcher #2
  <- polled guard #3 at tests/it/replay/planted.rs:_, for this step

To look:         Player::seek(499), or `--seek 499` in the demo.
"
    );
    assert!(report.lines().count() <= 24, "it fits a screen");
    assert!(report.lines().all(|line| line.chars().count() <= 80), "it fits a screen");
}

#[test]
fn a_report_of_a_script_that_ended_early() {
    // The watcher is woken for the last time by the guard that ends.
    let recording = record(bells(Fault::None), 60, Detail::Full, key);
    let report = difference(recording, bells(Fault::Ends(20))).to_string();
    assert_eq!(
        without_lines(&report),
        "\
the run differs from the recording in frame 20 of 60, step 0 (lane `main`)
  trace    expected 4436f61b, actual 6137874f
  script   `guard` #3 completed
  spawned  at tests/it/replay/planted.rs:_
  waited   at tests/it/replay/planted.rs:_

  expected                                 actual
  polled clerk #1 at planted.rs:_         polled clerk #1 at planted.rs:_
  polled guard #3 at planted.rs:_         polled guard #3 at planted.rs:_
  drew guard #3 116bc0145f794c75           drew guard #3 116bc0145f794c75
  woken watcher #2 by #3                   woken watcher #2 by #3
                                         > completed guard #3
  polled watcher #2 at planted.rs:_       polled watcher #2 at planted.rs:_

why, actual:
  completed guard #3
  <- polled guard #3 at tests/it/replay/planted.rs:_, for this step

why, expected:
  polled watcher #2 at tests/it/replay/planted.rs:_
  <- woken watcher #2
  <- polled guard #3 at tests/it/replay/planted.rs:_, for this step

To look:         Player::seek(19), or `--seek 19` in the demo.
"
    );
}

#[test]
fn a_report_of_a_wake_that_came_late_tells_who_woke_whom() {
    let recording = record(bells(Fault::None), 60, Detail::Full, |frame| u8::from(frame == 20));
    let report = difference(recording, bells(Fault::Deaf(20))).to_string();
    assert_eq!(
        without_lines(&report),
        "\
the run differs from the recording in frame 21 of 60, step 0 (lane `main`)
  trace    expected 9e853001, actual 3925f78f
  script   `watcher` #2 was polled (which the run did not)
  spawned  at tests/it/replay/planted.rs:_
  waited   at tests/it/replay/planted.rs:_

  expected                                 actual
  step of lane main                        step of lane main
  polled clerk #1 at planted.rs:_         polled clerk #1 at planted.rs:_
  polled guard #3 at planted.rs:_         polled guard #3 at planted.rs:_
  drew guard #3 c3a4d7a9133a21db           drew guard #3 c3a4d7a9133a21db
> polled watcher #2 at planted.rs:_

why, expected:
  polled watcher #2 at tests/it/replay/planted.rs:_, for this step
  <- frame 20: polled watcher #2 at tests/it/replay/planted.rs:_
  <- woken watcher #2
  <- polled guard #3 at tests/it/replay/planted.rs:_, for this step

To look:         Player::seek(20), or `--seek 20` in the demo.
"
    );
}

#[test]
fn a_report_without_lines_to_compare_tells_what_the_run_did() {
    let recording = record(bells(Fault::None), 60, Detail::Steps, key);
    let report = difference(recording, bells(Fault::ExtraDraw(20))).to_string();
    assert_eq!(
        without_lines(&report),
        "\
the run differs from the recording in frame 20 of 60, step 0 (lane `main`)
  trace    expected 4436f61b, actual 2bb62b15

in this step the run did:
  step of lane main
  polled clerk #1 at planted.rs:_
  polled guard #3 at planted.rs:_
  drew guard #3 116bc0145f794c75
  drew guard #3 c3a4d7a9133a21db
  woken watcher #2 by #3
  polled watcher #2 at planted.rs:_

To look:         Player::seek(19), or `--seek 19` in the demo.
To see more:     record with Detail::Full, which keeps what was expected.
"
    );
}

#[test]
fn a_report_of_a_sparse_recording_names_the_second() {
    let recording = record(bells(Fault::None), 600, Detail::Sparse, key);
    let report = difference(recording, bells(Fault::ExtraDraw(500))).to_string();
    assert_eq!(
        without_lines(&report),
        "\
the run differs from the recording between frames 481 and 540 of 600
  trace    expected 0b439a6d, actual aaf23352

To look:         Player::seek(480), or `--seek 480` in the demo.
To see more:     record with Detail::Full, which keeps what was expected.
"
    );
}

#[test]
fn the_same_as_json() {
    let recording = record(bells(Fault::None), 60, Detail::Full, key);
    let found = difference(recording, bells(Fault::ExtraDraw(20)));
    let json: serde_json::Value = serde_json::from_str(&found.to_json()).expect("it is JSON");
    assert_eq!((&json["frame"], &json["what"], &json["lane"]), (&20.into(), &"trace".into(), &"main".into()));
    assert_eq!((&json["script"]["name"], &json["script"]["number"]), (&"guard".into(), &3.into()));
    let differing: Vec<_> =
        json["rows"].as_array().expect("there are rows").iter().filter(|row| row["is_equal"] == false).collect();
    assert_eq!(differing.len(), 1);
    assert!(differing[0]["expected"].is_null());
}
