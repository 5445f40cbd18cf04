//! The language of the world's random programs: what scripts on entities do, and what the game does.
//!
//! Rule: as that of `model/program.rs`: plain data without loops, whose `Debug` is Rust. Entities and scripts are
//! numbered in the order in which they came; a number that points at one is taken modulo those that there are.

use crate::model::program::List;

/// A script: whether its home is the side lane, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) side: bool,
    pub(crate) ops: List<Op>,
}

/// Which of the two components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    A,
    B,
}
pub(crate) use Part::{A, B};

/// Something done with the world: by the game, by a clean-up, or by a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Say(u8),
    /// Writes a component.
    Set(u8, Part, u8),
    Insert(u8, Part, u8),
    Remove(u8, Part),
    /// Spawns an entity with the first component, or with none for 0.
    SpawnEntity(u8),
    Despawn(u8),
    /// Writes the resource.
    SetGold(u8),
    Write(u8),
    /// Triggers an entity event.
    Hit(u8, u8),
    /// Triggers an event.
    Boom(u8),
    Raise(u8),
    /// Starts a script that has an entity of its own.
    StartFree(Script),
    /// Starts a script of an entity, on an entity of its own.
    StartOf(u8, Script),
    /// Starts a free script that ends with the one that starts it.
    StartOwned(Script),
    /// Inserts a script on an entity; one that is there is replaced.
    Put(u8, Script),
    /// Removes an entity's script.
    TakeOff(u8),
    /// Cancels a script by its id.
    CancelId(u8),
    /// Disables an entity: its scripts stand still.
    Disable(u8),
    Enable(u8),
    /// Panics; only clean-ups do.
    Blow,
    /// Has another thread hand this in, which has ended before anything else is done.
    FromOutside(List<Deed>),
}
pub(crate) use Deed::*;

/// One thing that a script does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Do(Deed),
    /// Reads a component.
    Read(u8, Part),
    /// Reads the owner's, with `?`.
    ReadOrFail(Part),
    /// Returns an error.
    Fail,
    Panic,
    /// Has this done at the end of the block.
    Defer(List<Deed>),
    /// Says something at the end of the block.
    Guard(u8),
    /// Listens to the end of the block.
    Listen(Ear),
    /// Drops a listener.
    Forget(u8),
    Await(Wait),
}
pub(crate) use Op::*;

/// Something to listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ear {
    AllNews,
    HitsAt(u8),
    Booms,
    AddedTo(u8),
    RemovedFrom(u8),
}
pub(crate) use Ear::*;

/// Something to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    NextFrame,
    Frames(u8),
    Yield(u8),
    Sleep(u16),
    /// `resume_in` the side lane, or the main one.
    MoveTo(bool),
    Raised(u8),
    Never,
    /// `until` a component has come so far.
    Holds(u8, Part, u8),
    /// `until` both have, together.
    HoldBoth(u8, u8),
    /// `until_resource`.
    Gold(u8),
    Changed(u8, Part),
    Despawned(u8),
    /// One message or event.
    Heard(Ear),
    /// The next of a listener, which is out of the block for that time.
    NextOf(u8),
    Finished(u8),
    Both(List<Wait>),
    First(List<Wait>),
    Within(u16, List<Wait>),
    Until(List<Wait>),
    Block(List<Op>),
}
pub(crate) use Wait::*;

/// What the game does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Steps the main lane by so many nanoseconds.
    Step(u16),
    /// Steps the side lane.
    StepSide(u16),
    /// A system's doing.
    Game(Deed),
    /// Lets go of old messages, as Bevy does once a frame.
    Update,
}
pub(crate) use Act::*;

/// A whole run, after which the world is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) acts: List<Act>,
}

/// Signals that every program has.
pub(crate) const SIGNALS: u8 = 2;

/// From this number on a script means its own entity.
pub(crate) const OWN: u8 = 8;
