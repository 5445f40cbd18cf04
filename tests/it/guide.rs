//! The guide: what it says is shown by tests is.

use std::{fs, path::Path};

/// What stands between backquotes in a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// The bold words at a line's head.
fn head(line: &str) -> &str {
    line.split("**").nth(1).unwrap_or_default()
}

#[test]
fn every_row_beside_other_crates_is_shown_by_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("src/guide/beside.md")).expect("the page is there");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| **")).collect();
    let (_, shown) = page.split_once("# What shows it").expect("a part that says what shows it");
    let shown: Vec<&str> = shown.lines().filter(|line| line.starts_with("- **")).collect();
    assert!(rows.len() > 30, "the table was found: {}", rows.len());
    let ours = |row: &&&str| row.replace("\\|", "").split('|').nth(2).is_some_and(|cell| cell.trim() != "no");
    for row in rows.iter().filter(ours) {
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
