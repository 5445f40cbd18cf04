//! The demo as a program: two equal runs, the two endings, and one line for everything that can be wrong.
//!
//! How: the example's binary is run as a child, with maps written to a directory of their own. A good map of a few
//! cells is spoilt in one place a test; what is expected is exit code 2, nothing on stdout, and one line on stderr
//! that names the file, the object and a remedy.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output},
};

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
