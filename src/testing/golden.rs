//! Texts compared whole with a file.
//!
//! The rule: a file is written only on purpose, when `BLESS` is 1; then the test passes, and the difference is for
//! version control to show.

use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Compares a text with a golden file, line by line; with `BLESS=1` in the environment it writes the file instead.
///
/// A relative path starts where the test runs: `cargo test` runs it in the package's folder. Line endings don't count.
///
/// ```no_run
/// framestep::testing::assert_golden("tests/golden/score.txt", "red 3\nblue 2\n");
/// ```
///
/// # Panics
/// With the first difference, and when the file can't be read or written.
#[track_caller]
pub fn assert_golden(path: impl AsRef<Path>, actual: &str) {
    let is_blessed = env::var_os("BLESS").is_some_and(|value| value == "1");
    if let Err(message) = compare(path.as_ref(), actual, is_blessed) {
        panic!("{message}");
    }
}

fn compare(path: &Path, actual: &str, is_blessed: bool) -> Result<(), String> {
    let name = path.display();
    if is_blessed {
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        return folder
            .and_then(|()| fs::write(path, actual))
            .map_err(|error| format!("{name} can't be written: {error}"));
    }
    match fs::read_to_string(path) {
        Ok(expected) => match first_difference(&expected, actual) {
            None => Ok(()),
            Some(difference) => Err(format!("{name}: {difference}\n(if it is meant, write the file with BLESS=1)")),
        },
        Err(error) => Err(format!("{name} can't be read: {error}; write it with BLESS=1")),
    }
}

/// How many lines that agree are shown before the first that doesn't, and how many after.
const BEFORE: usize = 5;
const AFTER: usize = 3;

/// The first difference of two texts, with the lines around it; `None` when they agree.
fn first_difference(expected: &str, actual: &str) -> Option<String> {
    let (expected, actual): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let agree = expected.iter().zip(&actual).take_while(|(expected, actual)| expected == actual).count();
    if agree == expected.len() && agree == actual.len() {
        return None;
    }
    let mut text = format!("the first difference is in line {}", agree + 1);
    let mut put = |mark: &str, line: &str| write!(text, "\n  {mark} {line}").expect("a string takes it");
    for line in &actual[agree.saturating_sub(BEFORE)..agree] {
        put(" ", line);
    }
    for (mark, lines) in [("- expected", &expected), ("+ actual  ", &actual)] {
        if lines.len() == agree {
            put(mark, "(its end)");
        }
        for line in lines[agree..].iter().take(AFTER) {
            put(mark, line);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown_with_what_stands_around_it() {
        assert_eq!(first_difference("a\nb\n", "a\r\nb"), None, "line endings don't count");
        assert_eq!(
            first_difference("a\nb\nc\n", "a\nx\nc\n").unwrap(),
            "the first difference is in line 2\n    a\n  - expected b\n  - expected c\n  + actual   x\n  + actual   c"
        );
        assert_eq!(
            first_difference("a\n", "a\nb\n").unwrap(),
            "the first difference is in line 2\n    a\n  - expected (its end)\n  + actual   b"
        );
    }

    #[test]
    fn a_golden_file_is_written_only_when_it_is_blessed() {
        let folder = env::temp_dir().join(format!("framestep-golden-{}", std::process::id()));
        let path = folder.join("a").join("door.trace");
        let missing = compare(&path, "open\n", false).unwrap_err();
        assert!(
            missing.contains("door.trace can't be read") && missing.ends_with("write it with BLESS=1"),
            "{missing}"
        );
        assert_eq!(compare(&path, "open\n", true), Ok(()));
        assert_eq!(compare(&path, "open\n", false), Ok(()));
        let other = compare(&path, "shut\n", false).unwrap_err();
        assert!(other.contains("- expected open\n  + actual   shut\n"), "{other}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "open\n");
        fs::remove_dir_all(folder).unwrap();
    }
}
