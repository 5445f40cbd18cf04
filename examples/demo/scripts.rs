//! The scripts of the scene, one kind a file, and the table by which a front end finds their source.

mod camera;
mod dialogue;
mod director;
mod door;
mod guard;
mod laser;
mod thief;
mod vault;
mod visitor;

pub use self::{
    camera::camera, dialogue::dialogue, director::director, door::door, guard::guard, laser::laser, thief::thief,
    vault::vault, visitor::visitor,
};

/// A script's file: its name and the text that was compiled.
#[derive(Copy, Clone, Debug)]
pub struct Source {
    pub file: &'static str,
    pub text: &'static str,
}

macro_rules! sources {
    ($($file:literal),* $(,)?) => {
        &[$(Source { file: $file, text: include_str!(concat!("scripts/", $file)) }),*]
    };
}

/// Every script's source.
pub const SOURCES: &[Source] = sources![
    "camera.rs",
    "dialogue.rs",
    "director.rs",
    "door.rs",
    "guard.rs",
    "laser.rs",
    "thief.rs",
    "vault.rs",
    "visitor.rs",
];

impl Source {
    /// The source that a location of the compiler's lies in, on any system's kind of path.
    pub fn at(path: &str) -> Option<Self> {
        let file = path.rsplit(['/', '\\']).next()?;
        let folder = path[..path.len() - file.len()].trim_end_matches(['/', '\\']);
        let in_scripts = folder.ends_with("scripts");
        SOURCES.iter().copied().find(|source| in_scripts && source.file == file)
    }

    /// The source of the script with that name.
    pub fn of(name: &str) -> Option<Self> {
        SOURCES.iter().copied().find(|source| source.file.strip_suffix(".rs") == Some(name))
    }
}
