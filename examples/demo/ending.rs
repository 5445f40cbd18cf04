//! How the program ends: its exit codes, and the test that a night leaves behind.
//!
//! Rule: 0 all is well, 1 something was found that differs or goes wrong, 2 what was asked for can't be done.

use std::{io, path::Path, process::ExitCode};

/// Why the program ends before it has done what it was asked for.
#[derive(Debug)]
pub enum Stop {
    /// It can't be done; the line says why, and what to do.
    Refused(String),
    /// What was looked for was found, and has been told.
    Found,
    /// Whoever reads the output has seen enough of it.
    Unread,
}

impl From<String> for Stop {
    fn from(line: String) -> Self {
        Self::Refused(line)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Refused(error.to_string()),
        }
    }
}

/// Tells the last line, if there is one to tell, and gives the exit code.
pub fn code_of(result: Result<(), Stop>) -> ExitCode {
    match result {
        Ok(()) | Err(Stop::Unread) => ExitCode::SUCCESS,
        Err(Stop::Found) => ExitCode::from(1),
        Err(Stop::Refused(line)) => {
            eprintln!("demo: {line}");
            ExitCode::from(2)
        }
    }
}

/// The one-line test that a recording is good for.
pub fn test_of(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let mut name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "night_");
    }
    format!("#[test] fn {name}() {{ framestep::replay::verify({:?}, Stage::build); }}", path.display().to_string())
}
