//! The demo as a program: two equal runs, the two endings, recordings, and one line for everything that can be wrong.
//!
//! How: the example's binary is run as a child, with maps written to a directory of their own. A good map of a few
//! cells is spoilt in one place a test; what is expected is exit code 2, nothing on stdout, and one line on stderr
//! that names the file, the object and a remedy.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output},
};

use framestep::replay::{Recording, RecordingWriter, Setup};

/// The example that `cargo test` built next to this test.
fn demo() -> Command {
    let deps = env::current_exe().expect("the test has a path");
    let path = deps
        .ancestors()
        .nth(2)
        .expect("it lies in target/<profile>/deps")
        .join("examples")
        .join(format!("demo{}", env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} isn't built: run `cargo build --example demo`, or plain `cargo test`", path.display());
    Command::new(path)
}

fn run(arguments: &[&str]) -> Output {
    demo().args(arguments).output().expect("the demo starts")
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).expect("the demo writes UTF-8")
}

/// Exit code 2, and one line on stderr that holds all these words.
#[track_caller]
fn assert_refused(output: &Output, words: &[&str]) {
    let line = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert_eq!(stdout(output), "");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    for word in words {
        assert!(line.contains(word), "{word:?} isn't in {line:?}");
    }
}

/// A map that can be played: a room of 8 x 3 cells with a thief, a guard on patrol, a camera, a vault and an exit.
const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<map version="1.10" tiledversion="1.10.2" orientation="orthogonal" renderorder="right-down" width="8" height="3" tilewidth="16" tileheight="16" infinite="0" nextlayerid="3" nextobjectid="7">
 <tileset firstgid="1" name="museum" tilewidth="16" tileheight="16" tilecount="2" columns="2">
  <image source="museum.png" width="32" height="16"/>
  <tile id="0" type="stone"/>
  <tile id="1" type="wall"/>
 </tileset>
 <layer id="1" name="floor" width="8" height="3">
  <data encoding="csv">
1,1,1,1,1,1,1,2,
1,1,1,1,1,1,1,2,
1,1,1,1,1,1,1,2
</data>
 </layer>
 <objectgroup id="2" name="objects">
  <object id="1" name="Mina" type="thief" x="8" y="8"><point/></object>
  <object id="2" name="Bruno" type="guard" x="40" y="8">
   <properties>
    <property name="patrol" type="object" value="3"/>
    <property name="run" type="float" value="6"/>
   </properties>
   <point/>
  </object>
  <object id="3" name="the round" type="patrol" x="40" y="8">
   <polyline points="0,0 32,0"/>
  </object>
  <object id="4" name="eye" type="camera" x="120" y="8"><point/></object>
  <object id="5" name="gem" type="vault" x="104" y="40"><point/></object>
  <object id="6" name="gate" type="exit" x="0" y="32" width="16" height="16"/>
 </objectgroup>
</map>
"#;

/// Writes a map and runs it for a second.
fn play(name: &str, text: &str) -> Output {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = directory.join(name);
    fs::write(&path, text).expect("the map can be written");
    run(&["--headless", "--frames", "60", "--map", path.to_str().expect("a path in UTF-8")])
}

/// The good map with one piece of it exchanged.
#[track_caller]
fn spoilt(piece: &str, by: &str) -> String {
    assert_eq!(GOOD.matches(piece).count(), 1, "{piece:?} is to be found once");
    GOOD.replace(piece, by)
}

#[test]
fn two_runs_print_the_same_and_another_seed_does_not() {
    let arguments = ["--headless", "--frames", "1200", "--seed", "3", "--crowd", "50"];
    let (first, second) = (run(&arguments), run(&arguments));
    assert!(first.status.success(), "{first:?}");
    assert_eq!(stdout(&first), stdout(&second));
    let last = stdout(&first).lines().last().expect("it prints something");
    let trace = last.strip_prefix("frames=1200 live=").and_then(|rest| rest.split_once(" trace=")).expect(last).1;
    assert!(trace.len() == 16 && trace.chars().all(|digit| digit.is_ascii_hexdigit()), "{last}");
    let other = run(&["--headless", "--frames", "1200", "--seed", "4", "--crowd", "50"]);
    assert!(!stdout(&other).ends_with(last));
}

#[test]
fn the_bundled_night_has_an_opening_an_alarm_and_an_ending() {
    let output = run(&["--headless", "--frames", "7200"]);
    assert!(output.status.success(), "{output:?}");
    let story = stdout(&output);
    let chapters = ["Vera: ", "is at the vault", "is gone from the vault", "raises the alarm", "You walked out."];
    let mut from = 0;
    for chapter in chapters {
        let at = story[from..].find(chapter);
        from += at.unwrap_or_else(|| panic!("{chapter:?} doesn't follow in\n{story}"));
    }
}

/// The path of a file of this test's own.
fn scratch(name: &str) -> String {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).to_str().expect("a path in UTF-8").to_owned()
}

/// Records a night of ten seconds.
fn recorded(name: &str, detail: &str) -> (String, Output) {
    let path = scratch(name);
    let flags =
        ["--headless", "--frames", "600", "--seed", "5", "--crowd", "20", "--detail", detail, "--record", &path];
    let output = run(&flags);
    assert!(output.status.success(), "{output:?}");
    (path, output)
}

#[test]
fn a_recorded_night_is_replayed_and_verified() {
    let plain = run(&["--headless", "--frames", "600", "--seed", "5", "--crowd", "20"]);
    for detail in ["sparse", "steps", "full"] {
        let (path, output) = recorded(&format!("{detail}.replay"), detail);
        assert_eq!(stdout(&output), stdout(&plain));
        let test = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(test.contains(&format!("#[test] fn {detail}() {{ framestep::replay::verify(")), "{test}");
        let replayed = run(&["--headless", "--replay", &path]);
        assert_eq!(stdout(&replayed), stdout(&plain));
        let verified = run(&["--verify", &path]);
        assert_eq!(verified.status.code(), Some(0));
        assert_eq!(stdout(&verified), format!("{path}: 600 frames, played again, are what was recorded\n"));
    }
}

#[test]
fn the_nights_that_ship_are_what_was_recorded() {
    for (path, ending) in [("heist", "You walked out."), ("caught", "lays a hand on the thief")] {
        let path = format!("{}/assets/replays/{path}.replay", env!("CARGO_MANIFEST_DIR"));
        let verified = run(&["--verify", &path]);
        assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
        let story = run(&["--headless", "--replay", &path]);
        assert!(stdout(&story).contains("is in your hands") && stdout(&story).contains(ending), "{}", stdout(&story));
    }
}

#[test]
fn a_replay_begins_and_stops_where_it_is_told_to() {
    let (path, whole) = recorded("sought.replay", "sparse");
    let from_there = run(&["--headless", "--replay", &path, "--seek", "481"]);
    let lines = stdout(&from_there).lines().collect::<Vec<_>>();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("frame    540"), "{lines:?}");
    assert_eq!(lines.last(), stdout(&whole).lines().last().as_ref());
    let to_there = run(&["--headless", "--replay", &path, "--frames", "480"]);
    assert_eq!(stdout(&to_there).lines().count(), 9);
    assert_refused(&run(&["--headless", "--replay", &path, "--seek", "601"]), &["sought.replay: ", "601", "600"]);
}

#[test]
fn a_night_that_differs_is_reported() {
    let (path, _) = recorded("meant.replay", "full");
    let meant = Recording::load(&path).expect("it is whole");
    // The frames say what was done without keys; with one something else is done.
    let other = scratch("other.replay");
    let mut writer = RecordingWriter::create(&other, meant.setup(), meant.detail()).expect("it can be written");
    for (number, mut frame) in (1..).zip(meant.iter()) {
        if number == 500 {
            frame.input = vec![1, 0, 2];
        }
        writer.push(&frame).expect("it can be written");
    }
    writer.finish().expect("it can be written");
    let verified = run(&["--verify", &other]);
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    for word in ["500", "Mina", "thief"] {
        assert!(stdout(&verified).contains(word), "{word:?} isn't in\n{}", stdout(&verified));
    }
    assert!(verified.stderr.is_empty(), "{verified:?}");
}

#[test]
fn a_damaged_recording_is_refused_and_what_is_whole_can_be_replayed() {
    let (path, whole) = recorded("whole.replay", "full");
    let mut bytes = fs::read(&path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    let path = scratch("damaged.replay");
    fs::write(&path, &bytes).expect("it can be written");
    for flags in [&["--verify", &path][..], &["--headless", "--replay", &path]] {
        assert_refused(&run(flags), &["damaged.replay, at byte ", "corrupt", "frames before it are whole"]);
    }
    let salvaged = run(&["--headless", "--salvage", "--replay", &path]);
    assert!(salvaged.status.success(), "{salvaged:?}");
    let lines = stdout(&salvaged).lines().count() - 1;
    assert!((1..10).contains(&lines), "{}", stdout(&salvaged));
    assert!(stdout(&whole).starts_with(&stdout(&salvaged).split_inclusive('\n').take(lines).collect::<String>()));
}

#[test]
fn what_is_no_recording_of_the_museum_is_refused() {
    assert_refused(&run(&["--verify", "no/such.replay"]), &["no/such.replay", "can't be read", "path"]);
    let path = scratch("text.replay");
    fs::write(&path, GOOD).expect("it can be written");
    assert_refused(&run(&["--headless", "--replay", &path]), &["text.replay, at byte 0: ", "isn't a recording"]);
    let path = scratch("pinball.replay");
    let setup = Setup::new(1).with("table", "pirates");
    let writer = RecordingWriter::create(&path, &setup, framestep::replay::Detail::Sparse).expect("it can be written");
    writer.finish().expect("it can be written");
    assert_refused(&run(&["--verify", &path]), &["pinball.replay: ", "another game"]);
}

#[test]
fn where_nothing_can_be_recorded_is_said_before_the_night_begins() {
    let output = run(&["--headless", "--record", "no/such/folder/night.replay"]);
    assert_refused(&output, &["no/such/folder/night.replay: can't be recorded to: ", "--record"]);
}

/// A file may hold 8 or 16 KiB, whichever the `ulimit` of the shell counts in.
#[test]
#[cfg(target_os = "linux")]
fn a_recording_that_outgrows_its_disk_ends_with_an_error_and_keeps_what_is_whole() {
    let path = scratch("outgrown.replay");
    let demo = demo();
    let script = "trap '' XFSZ; ulimit -f 16; exec \"$0\" --headless --frames 3000 --detail full --record \"$1\"";
    let output =
        Command::new("sh").args(["-c", script]).arg(demo.get_program()).arg(&path).output().expect("sh is there");
    let line = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(line.contains("outgrown.replay: the recording ends here: "), "{line}");
    let frames = line.split("its first ").nth(1).and_then(|rest| rest.split(' ').next()).expect(&line);
    assert!(frames.parse::<u64>().is_ok_and(|frames| frames > 0 && frames.is_multiple_of(60)), "{line}");
    let verified = run(&["--verify", &path]);
    assert!(stdout(&verified).contains(&format!(": {frames} frames, played again")), "{verified:?}");
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    for flags in [
        &["--record", "a", "--replay", "b"][..],
        &["--replay", "a", "--seed", "2"],
        &["--verify", "a", "--crowd", "2"],
        &["--verify", "a", "--replay", "b"],
        &["--explore", "0..9", "--record", "a"],
        &["--explore", "0..9", "--seed", "2"],
    ] {
        let [first, _, second, _] = flags else { panic!("two flags with a value each") };
        assert_refused(&run(flags), &["demo: ", first, second, "cannot be used with", "--help"]);
    }
    assert_refused(&run(&["--seek", "9"]), &["demo: ", "--replay"]);
    assert_refused(&run(&["--detail", "full"]), &["demo: ", "--record"]);
    assert_refused(&run(&["--shard", "0/2"]), &["demo: ", "--explore"]);
    for seeds in ["7", "9..3", "a..b"] {
        assert_refused(&run(&["--explore", seeds]), &["demo: ", seeds, "0..1000"]);
    }
}

#[test]
#[cfg(not(feature = "explore"))]
fn a_build_that_cannot_explore_says_which_can() {
    let line = "--features explore --example demo -- --explore 0..4`";
    assert_refused(&run(&["--explore", "0..4"]), &["demo: ", line]);
    assert_refused(&run(&["--headless", "--code", "fs1-x"]), &["demo: ", "--features explore", "--code fs1-x"]);
}

#[test]
#[cfg(feature = "explore")]
fn a_sweep_finds_nights_without_an_ending_and_its_shards_are_the_whole() {
    let whole = run(&["--explore", "0..6", "--frames", "120"]);
    assert_eq!(whole.status.code(), Some(1), "{whole:?}");
    let codes = |output: &Output| {
        let words =
            stdout(output).split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
        words.filter(|word| word.starts_with("fs1-")).map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(codes(&whole).len(), 6, "{}", stdout(&whole));
    let parts = ["0/2", "1/2"].map(|shard| run(&["--explore", "0..6", "--frames", "120", "--shard", shard]));
    assert_eq!(codes(&whole), parts.iter().flat_map(codes).collect());
    let code = codes(&whole).pop_first().expect("there are six");
    let again = run(&["--headless", "--frames", "120", "--code", &code]);
    assert!(again.status.success(), "{again:?}");
    assert_refused(&run(&["--headless", "--code", &code, "--crowd", "3"]), &["demo: --code ", &code]);
    assert_refused(&run(&["--explore", "0..6", "--shard", "2/2"]), &["demo: --shard 2/2: "]);
}

#[test]
fn another_map_can_be_played() {
    let output = play("good.tmx", GOOD);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn an_unknown_flag_is_refused() {
    assert_refused(&run(&["--fast"]), &["demo: ", "--fast", "--help"]);
}

#[test]
fn a_number_out_of_range_is_refused() {
    assert_refused(&run(&["--headless", "--crowd", "3000000"]), &["demo: ", "3000000", "--crowd"]);
    assert_refused(&run(&["--headless", "--frames", "many"]), &["demo: ", "many", "--frames"]);
}

#[test]
fn to_play_without_a_terminal_is_refused() {
    assert_refused(&run(&[]), &["demo: ", "terminal", "--headless"]);
}

#[test]
fn a_missing_map_is_refused() {
    assert_refused(&run(&["--headless", "--map", "no/such.tmx"]), &["demo: no/such.tmx: ", "can't be read", "--map"]);
}

#[test]
fn a_map_that_is_not_text_is_refused() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("binary.tmx");
    fs::write(&path, [0xff, 0xfe, 0x00]).expect("the map can be written");
    assert_refused(&run(&["--headless", "--map", path.to_str().expect("UTF-8")]), &["binary.tmx: ", "UTF-8", "Tiled"]);
}

#[test]
fn an_empty_map_is_refused() {
    assert_refused(&play("empty.tmx", ""), &["empty.tmx: ", "isn't a whole Tiled map", "save it again"]);
}

#[test]
fn a_map_cut_off_anywhere_is_refused_in_one_line() {
    // The closing tag's `>` and what follows it are all that a map can do without.
    let end = GOOD.trim_end().len() - 1;
    for length in (0..end).step_by(97).chain([end]) {
        assert_refused(&play("truncated.tmx", &GOOD[..length]), &["truncated.tmx: ", "; "]);
    }
}

#[test]
fn malformed_xml_is_refused() {
    assert_refused(
        &play("malformed.tmx", &spoilt("</layer>", "</lager>")),
        &["malformed.tmx: ", "isn't a whole Tiled map"],
    );
}

#[test]
fn too_few_tiles_are_refused() {
    let text = spoilt("1,1,1,1,1,1,1,2\n</data>", "1,1\n</data>");
    assert_refused(&play("short.tmx", &text), &["short.tmx: ", "\"floor\"", "18 tiles where 8 x 3", "save it again"]);
}

#[test]
fn a_tile_of_unknown_class_is_refused() {
    assert_refused(
        &play("lava.tmx", &spoilt("type=\"wall\"", "type=\"lava\"")),
        &["lava.tmx: ", "(7, 0)", "\"lava\"", "stone"],
    );
}

#[test]
fn an_object_of_unknown_type_is_refused() {
    let text = spoilt("type=\"camera\"", "type=\"dragon\"");
    assert_refused(&play("dragon.tmx", &text), &["dragon.tmx: object 4 \"eye\" (dragon): ", "unknown", "camera"]);
}

#[test]
fn an_object_without_a_type_is_refused() {
    assert_refused(
        &play("untyped.tmx", &spoilt(" type=\"camera\"", "")),
        &["untyped.tmx: object 4 \"eye\": ", "no type", "camera"],
    );
}

#[test]
fn a_patrol_without_points_is_refused() {
    for (file, polyline) in
        [("none.tmx", ""), ("blank.tmx", "<polyline points=\"\"/>"), ("one.tmx", "<polyline points=\"0,0\"/>")]
    {
        let text = spoilt("<polyline points=\"0,0 32,0\"/>", polyline);
        assert_refused(&play(file, &text), &[file, ": object 3 \"the round\" (patrol): ", "polyline tool"]);
    }
}

#[test]
fn a_guard_without_a_patrol_is_refused() {
    let text = spoilt("type=\"object\" value=\"3\"", "type=\"object\" value=\"4\"");
    assert_refused(
        &play("lost.tmx", &text),
        &["lost.tmx: object 2 \"Bruno\" (guard): ", "object 4 isn't a patrol", "polyline"],
    );
}

#[test]
fn a_value_out_of_range_is_refused() {
    let text = spoilt("value=\"6\"", "value=\"900\"");
    assert_refused(
        &play("fast.tmx", &text),
        &["fast.tmx: object 2 \"Bruno\" (guard): ", "run = 900", "from 0.25 to 30"],
    );
    let text = spoilt("value=\"6\"", "value=\"NaN\"");
    assert_refused(&play("nan.tmx", &text), &["nan.tmx: object 2 \"Bruno\" (guard): ", "run = NaN", "from 0.25 to 30"]);
}

#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    let text = spoilt("type=\"float\" value=\"6\"", "type=\"float\" value=\"quick\"");
    assert_refused(&play("quick.tmx", &text), &["quick.tmx: object 2 \"Bruno\" (guard): ", "can't be read"]);
    let text = spoilt("type=\"float\" value=\"6\"", "value=\"quick\"");
    assert_refused(&play("string.tmx", &text), &["string.tmx: object 2 \"Bruno\" (guard): ", "\"run\" isn't a number"]);
}

#[test]
fn a_misspelt_property_is_refused() {
    let text = spoilt("name=\"run\"", "name=\"rum\"");
    assert_refused(&play("rum.tmx", &text), &["rum.tmx: object 2 \"Bruno\" (guard): ", "\"rum\" is unknown", "run"]);
}

#[test]
fn an_object_off_the_map_is_refused() {
    for (file, x) in [("far.tmx", "8000"), ("left.tmx", "-40"), ("infinite.tmx", "inf")] {
        let text = spoilt("type=\"camera\" x=\"120\"", &format!("type=\"camera\" x=\"{x}\""));
        assert_refused(&play(file, &text), &[file, ": object 4 \"eye\" (camera): ", "off the map", "(7, 2)"]);
    }
}

#[test]
fn a_thief_in_a_wall_is_refused() {
    let text = spoilt("type=\"thief\" x=\"8\"", "type=\"thief\" x=\"120\"");
    assert_refused(&play("walled.tmx", &text), &["walled.tmx: object 1 \"Mina\" (thief): ", "(7, 0)", "floor"]);
}

#[test]
fn a_map_with_no_thief_vault_or_exit_is_refused() {
    let start = GOOD.find("  <object id=\"1\"").expect("the thief is there");
    let end = GOOD.find("  <object id=\"2\"").expect("so is the guard");
    let text = GOOD[..start].to_owned() + &GOOD[end..];
    assert_refused(&play("peaceful.tmx", &text), &["peaceful.tmx: ", "no thief", "place a point object"]);
    let text = spoilt("type=\"vault\"", "type=\"spot\"");
    assert_refused(&play("poor.tmx", &text), &["poor.tmx: ", "no vault", "place a point object"]);
    let text = spoilt("type=\"exit\"", "type=\"spot\"");
    assert_refused(&play("trap.tmx", &text), &["trap.tmx: ", "no exit", "place a rectangle object"]);
}

#[test]
fn a_second_thief_is_refused() {
    let text = spoilt("type=\"camera\" x=\"120\"", "type=\"thief\" x=\"24\"");
    assert_refused(&play("gang.tmx", &text), &["gang.tmx: object 4 \"eye\" (thief): ", "one already"]);
}

#[test]
fn a_vault_out_of_reach_is_refused() {
    let text = GOOD.replace("1,1,1,1,1,1,1,2", "1,1,1,1,1,2,1,2");
    assert_refused(
        &play("island.tmx", &text),
        &["island.tmx: object 5 \"gem\" (vault): ", "no way from (0, 0) to (6, 2)"],
    );
}

#[test]
fn maps_of_other_kinds_are_refused() {
    let text = spoilt("orthogonal", "isometric");
    assert_refused(&play("tilted.tmx", &text), &["tilted.tmx: ", "orthogonal", "map properties"]);
    let text = spoilt("encoding=\"csv\"", "encoding=\"base64\"");
    assert_refused(&play("packed.tmx", &text), &["packed.tmx: ", "CSV", "map properties"]);
    let text = spoilt("width=\"8\" height=\"3\" tilewidth", "width=\"900\" height=\"3\" tilewidth");
    assert_refused(&play("long.tmx", &text), &["long.tmx: ", "900 x 3", "512"]);
}

#[test]
fn a_name_with_a_line_break_still_gives_one_line() {
    let text = spoilt("name=\"eye\" type=\"camera\"", "name=\"e&#10;ye\" type=\"dragon\"");
    assert_refused(&play("broken-name.tmx", &text), &["broken-name.tmx: object 4 \"e ye\" (dragon): "]);
}
