//! What is wrong with a map, in one line: the file, the object by Tiled's id and name, and a remedy.

use std::{error::Error, fmt};

/// One complaint about a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    file: String,
    object: Option<Box<Culprit>>,
    what: String,
    remedy: String,
}

/// The object that a complaint is about, as Tiled shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Culprit {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) class: String,
}

impl Problem {
    pub(super) fn file(file: &str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.into(), object: None, what: what.into(), remedy: remedy.into() }
    }

    pub(super) fn object(file: &str, object: Culprit, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { file: file.into(), object: Some(Box::new(object)), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = self.file.clone();
        if let Some(Culprit { id, name, class }) = self.object.as_deref() {
            line += &format!(": object {id} \"{name}\"");
            if !class.is_empty() {
                line += &format!(" ({class})");
            }
        }
        line += &format!(": {}; {}", self.what, self.remedy);
        // Names come from the file: whatever they hold, this stays one line.
        f.write_str(&line.replace(char::is_control, " "))
    }
}

impl Error for Problem {}
