//! The layers of the source, read as text.
//!
//! Rule: each folder of `src/` imports only layers below it (`save`, `replay`, `ecs`; `time` and
//! `sync`; `executor`), `unsafe` stands only in files that are opened for it with a reason, and
//! nothing reads the time of day or iterates a hash map.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The layers, and what each may import.
const LAYERS: [(&str, &[&str]); 8] = [
    ("testing", &["replay", "ecs", "time", "sync", "executor"]),
    ("guide", &[]),
    ("save", &["replay", "ecs", "time", "sync", "executor"]),
    ("replay", &["ecs", "time", "sync", "executor"]),
    ("ecs", &["time", "sync", "executor"]),
    ("time", &["executor"]),
    ("sync", &["executor"]),
    ("executor", &[]),
];

/// A source file: its path under `src/`, and its lines without comments and literals.
struct Source {
    path: PathBuf,
    /// As written.
    lines: Vec<String>,
    /// Code alone: comments and what stands between quotes are blanked.
    code: Vec<String>,
}

impl Source {
    fn layer(&self) -> &str {
        let first = self.path.components().next().expect("it has a name");
        let name = first.as_os_str().to_str().expect("plain names");
        name.strip_suffix(".rs").unwrap_or(name)
    }

    fn at(&self, line: usize) -> String {
        format!("src/{}:{}: {}", self.path.display(), line + 1, self.lines[line].trim())
    }
}

/// The Rust files of a folder of the project and of those in it, in order: paths from that folder, and texts.
pub(crate) fn files_under(folder: &str) -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut folders = vec![root.clone()];
    let mut files = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("it is text");
                files.insert(path.strip_prefix(&root).expect("it is under the root").to_path_buf(), text);
            }
        }
    }
    assert!(files.len() > 10, "the files were found");
    files
}

/// All files under `src/`.
fn sources() -> Vec<Source> {
    let read = |(path, text): (PathBuf, String)| {
        let lines: Vec<String> = text.lines().map(str::to_string).collect();
        let code = lines.iter().map(|line| code_of(line)).collect();
        Source { path, lines, code }
    };
    files_under("src").into_iter().map(read).collect()
}

/// A line without its comment, and without what stands in quotes.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if quoted => {
                chars.next();
            }
            // Not the quote in a character literal.
            '"' if !code.ends_with('\'') => quoted = !quoted,
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => code.push(char),
        }
    }
    code
}

/// Every `crate::name` in a line of code, with `crate::{a::b, c}` taken apart at the outer level.
fn imports(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect::<String>();
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => names.push(word(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut start = true;
                for (at, char) in list.char_indices() {
                    match char {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => start = true,
                        char if start && !char.is_whitespace() => {
                            names.push(word(&list[at..]));
                            start = false;
                        }
                        _ => {}
                    }
                    if depth < 0 {
                        break;
                    }
                }
            }
        }
    }
    names
}

#[test]
fn every_folder_imports_only_the_layers_below_it() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some((layer, below)) = LAYERS.iter().find(|(layer, _)| *layer == source.layer()) else {
            assert_eq!(source.path, Path::new("lib.rs"), "{} is in no layer", source.path.display());
            continue;
        };
        for (line, code) in source.code.iter().enumerate() {
            for name in imports(code) {
                let is_layer = LAYERS.iter().any(|(layer, _)| *layer == name);
                if is_layer && name != *layer && !below.contains(&name.as_str()) {
                    wrong.push(source.at(line));
                }
            }
            let names_bevy = code.contains("bevy_") && !code.contains("feature");
            if names_bevy && !["ecs", "replay", "save", "testing"].contains(layer) {
                wrong.push(source.at(line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_layer_uses_what_others_export_and_not_the_crates_root() {
    // `crate::Name` would hide which layer is meant; `crate::layer::Name` says it.
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != Path::new("lib.rs")) {
        for (line, code) in source.code.iter().enumerate() {
            let is_layer = |name: &String| LAYERS.iter().any(|(layer, _)| layer == name);
            if !imports(code).iter().all(is_layer) {
                wrong.push(source.at(line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files that a `mod` with `unsafe_code` opened names.
fn opened_for_unsafe(sources: &[Source]) -> BTreeSet<PathBuf> {
    let mut opened = BTreeSet::new();
    for source in sources {
        for (line, code) in source.code.iter().enumerate() {
            if !code.contains("(unsafe_code") {
                continue;
            }
            // The attribute may stretch over some lines; the `mod` follows it.
            let attribute = source.lines[line..].iter().take(4).map(|line| line.trim()).collect::<Vec<_>>().join(" ");
            assert!(attribute.contains("reason = \""), "{}", source.at(line));
            let module = source.code[line..].iter().find_map(|code| {
                let code = code.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
                Some(code.strip_prefix("mod ")?.strip_suffix(';')?.to_string())
            });
            let module = module.unwrap_or_else(|| panic!("no module after {}", source.at(line)));
            let folder = source.path.parent().expect("it is in a folder");
            opened.insert(folder.join(format!("{module}.rs")));
        }
    }
    opened
}

#[test]
fn unsafe_stands_only_in_files_that_are_opened_for_it_and_says_why_it_is_safe() {
    let sources = sources();
    let opened = opened_for_unsafe(&sources);
    let told = crate::guide::UNSAFE_FILES.map(|file| Path::new("executor").join(format!("{file}.rs")));
    assert_eq!(opened, BTreeSet::from(told), "opened, and on the page about soundness");
    let mut wrong = Vec::new();
    let mut used = BTreeSet::new();
    for source in &sources {
        for (line, code) in source.code.iter().enumerate() {
            let mut words = code.split(|char: char| !char.is_alphanumeric() && char != '_');
            if !words.any(|word| word == "unsafe") {
                continue;
            }
            used.insert(source.path.clone());
            let before = source.lines[line.saturating_sub(12)..=line].iter();
            let is_type = code.contains("unsafe fn(");
            let justified = is_type || before.rev().any(|line| line.contains("SAFETY:") || line.contains("# Safety"));
            if !opened.contains(&source.path) || !justified {
                wrong.push(source.at(line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let idle: Vec<_> = opened.difference(&used).collect();
    assert!(idle.is_empty(), "opened for unsafe code and without any: {idle:?}");
}

#[test]
fn nothing_reads_the_time_of_day_or_iterates_a_hash_map() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (line, code) in source.code.iter().enumerate() {
            let words: Vec<&str> = code.split(|char: char| !char.is_alphanumeric() && char != '_').collect();
            if ["Instant", "SystemTime", "HashMap", "HashSet"].iter().any(|word| words.contains(word)) {
                wrong.push(source.at(line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_source_file_says_what_it_is() {
    for source in sources() {
        assert!(source.lines[0].starts_with("//! "), "{}", source.at(0));
    }
}
