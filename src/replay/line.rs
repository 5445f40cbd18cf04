//! What is kept of a step: the hashes, and the lines that a reader compares.
//!
//! The rule: it owns its words, so that what was read from a recording and what has just happened are the same type.

use std::sync::Arc;

use crate::executor::{Cause, ChangeKind};

/// One lane step of a frame, as a recording keeps it; the last of a frame has no lane, and is what stood when the
/// frame was over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepTrail {
    /// The lane's number; `None` for the end of the frame.
    pub lane: Option<u8>,
    /// The trace hash after it, folded to 32 bits.
    pub trace: u32,
    /// The world hash after it, folded to 32 bits; 0 where nothing is hashed.
    pub world: u32,
    /// What happened to scripts since the step before; kept by recordings of full detail.
    pub lines: Vec<Line>,
    /// What changed in the hashed state since the step before; kept by recordings of full detail.
    pub state: Vec<StateLine>,
}

/// What happened to one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What happened.
    pub kind: ChangeKind,
    /// To whom.
    pub who: Who,
    /// Who brought it about.
    pub cause: Cause,
    /// Of a spawn where it was written, of a poll where the script was parked: `file:line:column`.
    pub at: Option<Site>,
    /// Of a draw: what was drawn.
    pub value: u64,
}

/// A place in a source file, `file:line:column`.
pub type Site = Arc<str>;

/// A script, as reports name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Its spawn number; of a step the number of its lane.
    pub number: u64,
    /// Its name; of a step that of its lane.
    pub name: Arc<str>,
    /// Its owner, as [`ReplayKey`](super::ReplayKey) or its name has it; empty where it has none.
    pub owner: Arc<str>,
    /// Where it was spawned.
    pub spawned_at: Option<Site>,
}

/// A registered component of one entity, or a registered resource, that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateLine {
    /// The key that the component or resource was registered by.
    pub kind: Arc<str>,
    /// The entity's key; empty for a resource.
    pub entity: Arc<str>,
    /// The value as JSON; `None` when it is gone.
    pub value: Option<Arc<str>>,
    /// The hash of the value, by its bits; 0 when it is gone.
    pub hash: u64,
}
