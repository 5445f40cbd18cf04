//! The guide: what it says is shown by tests is.

use crate::layers::files_under;
use std::{collections::BTreeSet, fs, path::Path};

/// What stands between backquotes in a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The bold words at a line's head.
fn head(line: &str) -> &str {
    line.split("**").nth(1).unwrap_or_default()
}

/// The page's text, its table's rows, and the lines that say what shows each.
fn page(name: &str) -> (Vec<String>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide").join(name);
    let page = fs::read_to_string(path).expect("the page is there");
    let starting = |text: &str, start: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with(start)).map(str::to_string).collect()
    };
    let (table, shown) = page.split_once("# What shows it").expect("a part that says what shows it");
    (starting(table, "| **"), starting(shown, "- **"))
}

/// Each row has a line that says what shows it, and what it names is there.
fn assert_shown(rows: &[&String], shown: &[String]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for row in rows {
        assert!(shown.iter().any(|line| head(line) == head(row)), "nothing shows this: {row}");
    }
    for line in shown.iter().filter(|line| !line.contains(".ci/run")) {
        let words = quoted(line.split_once("**: ").expect("found by it").1);
        assert!(words.len() >= 2, "{line}");
        for test in words.chunks(2) {
            let [name, file] = test else { panic!("a test's name and its file: {line}") };
            let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let unindented: String = source.lines().map(|line| format!("{}\n", line.trim_start())).collect();
            assert!(unindented.contains(&format!("#[test]\nfn {name}(")), "{file} has no test `{name}`");
        }
    }
}

#[test]
fn every_row_beside_other_crates_is_shown_by_tests_that_exist() {
    let (rows, shown) = page("beside.md");
    assert!(rows.len() > 30, "the table was found: {}", rows.len());
    let ours = |row: &&String| row.replace("\\|", "").split('|').nth(2).is_some_and(|cell| cell.trim() != "no");
    assert_shown(&rows.iter().filter(ours).collect::<Vec<_>>(), &shown);
}

#[test]
fn every_way_in_again_is_shown_by_tests_that_exist() {
    let (rows, shown) = page("reentrancy.md");
    assert!(rows.len() > 20, "the tables were found: {}", rows.len());
    assert_shown(&rows.iter().collect::<Vec<_>>(), &shown);
    for line in &shown {
        assert!(rows.iter().any(|row| head(row) == head(line)), "no row is shown by this: {line}");
    }
}

#[test]
fn every_trap_is_caught_by_tests_that_exist() {
    let (rows, shown) = page("determinism.md");
    assert!(rows.len() > 10, "the table was found: {}", rows.len());
    assert_shown(&rows.iter().collect::<Vec<_>>(), &shown);
    for line in &shown {
        assert!(rows.iter().any(|row| head(row) == head(line)), "no row is shown by this: {line}");
    }
}

/// The files that are opened for unsafe code, in the order of the page; `layers` finds no other.
pub(crate) const UNSAFE_FILES: [&str; 5] = ["task", "storage", "waker", "current", "queue"];

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_invariant_of_unsafe_code_is_shown_by_tests_that_exist_and_by_a_bug_that_is_planted_against_it() {
    let (rows, shown) = page("soundness.md");
    assert_shown(&rows.iter().collect::<Vec<_>>(), &shown);
    let planted = planted();
    let mut invariants = Vec::new();
    for file in UNSAFE_FILES {
        let source = read(&format!("src/executor/{file}.rs"));
        let (_, rest) = source.split_once("\n//! Invariants").unwrap_or_else(|| panic!("{file}.rs has invariants"));
        let header = rest.lines().skip(1).take_while(|line| line.starts_with("//!"));
        let numbers = header.filter_map(|line| line.strip_prefix("//! ")?.split_once(". ")?.0.parse::<u32>().ok());
        let before = invariants.len();
        invariants.extend(numbers.map(|number| (file, number)));
        assert!(invariants.len() > before, "{file}.rs numbers its invariants");
    }
    let told: Vec<&str> = rows.iter().map(|row| head(row)).collect();
    let expected: Vec<String> = invariants.iter().map(|(file, number)| format!("`{file}.rs` {number}")).collect();
    assert_eq!(told, expected);
    // The types say so of this one: a bug against it doesn't compile.
    for (file, number) in invariants.iter().filter(|invariant| **invariant != ("current", 2)) {
        let start = format!("{file}-{number}-");
        assert!(planted.iter().any(|patch| patch.starts_with(&start)), "no bug `{start}..` in tests/planted");
    }
}

/// The names of the patches.
fn planted() -> Vec<String> {
    fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted"))
        .expect("there are planted bugs")
        .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("a plain name"))
        .collect()
}

/// The names of all tests that stand in a folder's files.
fn tests_under(folder: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in files_under(folder).values() {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let tests = lines.windows(2).filter(|two| two[0] == "#[test]").map(|two| two[1]);
        names.extend(tests.filter_map(|line| Some(line.strip_prefix("fn ")?.split('(').next()?.to_string())));
    }
    names
}

#[test]
fn every_bug_of_the_usual_kinds_has_a_row_that_names_a_test_that_exists() {
    let page = read("src/guide/soundness.md");
    let (_, rows) = page.split_once("| planted | tests that fail |").expect("a table of planted bugs");
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut tests = tests_under("tests/it");
    tests.extend(tests_under("src"));
    let mut told = Vec::new();
    for row in rows {
        let bug = row.split('|').nth(1).expect("a cell").trim();
        told.push(["a ", "an ", "the ", "two "].iter().find_map(|article| bug.strip_prefix(article)).unwrap_or(bug));
        let named = quoted(row);
        assert!(!named.is_empty() && named.iter().all(|name| tests.contains(*name)), "{row}");
    }
    let numbered = |patch: &String| Some(patch.strip_suffix(".patch")?.split_once('-')?.0.parse::<u32>().is_ok());
    let mut planted: Vec<_> = planted().into_iter().filter(|patch| numbered(patch) == Some(true)).collect();
    planted.sort();
    let planted: Vec<_> = planted.iter().map(|patch| patch[3..].trim_end_matches(".patch").replace('-', " ")).collect();
    assert_eq!(told, planted);
}

#[test]
fn the_life_of_a_task_is_drawn_on_the_page_as_it_is_at_the_code() {
    // The arrows, without what surrounds them.
    let drawn = |text: &str| -> Vec<String> {
        let is_arrow = |line: &&str| line.contains("─2'→") || line.contains("─6→") || line.contains("─5→ Ended");
        text.lines().filter(is_arrow).map(|line| line.trim_start_matches("//!").trim().to_string()).collect()
    };
    let (page, code) = (drawn(&read("src/guide/soundness.md")), drawn(&read("src/executor/task.rs")));
    assert_eq!(page.len(), 3);
    assert_eq!(page, code);
}
