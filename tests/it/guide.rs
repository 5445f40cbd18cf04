//! The guide: what it says is shown by tests is.

use std::{fs, path::Path};

/// What stands between backquotes in a line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_row_beside_other_crates_is_shown_by_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("src/guide/beside.md")).expect("the page is there");
    let (mut rows, mut tests) = (0, 0);
    for row in page.lines().filter(|line| line.starts_with("| **")) {
        rows += 1;
        let shown =
            row.replace("\\|", "").split('|').nth(3).expect("a column that says what shows it").trim().to_owned();
        let words = quoted(&shown);
        assert!(!words.is_empty() || ["–", "CI builds it"].contains(&&*shown), "nothing shows this: {row}");
        for test in words.chunks(2) {
            let [file, name] = test else { panic!("a file and a test's name: {shown}") };
            let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let test = format!("#[test]\nfn {name}(");
            let unindented: String = source.lines().map(|line| format!("{}\n", line.trim_start())).collect();
            assert!(unindented.contains(&test), "{file} has no test `{name}`");
            tests += 1;
        }
    }
    assert!(rows > 30 && tests > rows, "the table was found: {rows} rows, {tests} tests");
}
