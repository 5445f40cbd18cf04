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
