//! The language of the random programs: what scripts, destructors and the game do.
//!
//! Rule: a program is plain data without loops, so that it ends, and its `Debug` is Rust that can
//! be pasted as a test (`list![..]` builds a [`List`]). Numbers that point at something (a script,
//! a lane, a clock, a signal) are taken modulo what there is, so a program stays valid while it
//! shrinks. `Script` numbers are the order of spawning, refused ones included.

use std::fmt;

/// A `Vec` whose `Debug` is the macro that builds it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

/// Builds a [`List`].
macro_rules! list {
    ($($item:expr),* $(,)?) => { $crate::model::program::List(vec![$($item),*]) };
}
pub(crate) use list;

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("list!")?;
        f.debug_list().entries(&self.0).finish()
    }
}

/// What an interval does with periods that were missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    Burst,
    Skip,
    Delay,
}
pub(crate) use Missed::{Burst, Delay, Skip};

/// A script: what it does, and what its output does when it is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) ops: List<Op>,
    pub(crate) output: List<Op>,
}

/// One thing done. All but the last few can be done in destructors and between frames too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Logs a word.
    Log(u8),
    /// Spawns; the join handle goes into the table.
    Spawn(Script),
    /// Spawns into a lane.
    SpawnIn(u8, Script),
    /// Wakes a script through the waker of its first poll.
    Wake(u8),
    /// The same on another thread, which has ended before anything else is done.
    WakeFromThread(u8),
    /// Hands in a closure that does it at step 2.
    WakeLater(u8),
    /// Hands in a closure that does these at step 2, from another thread or from here.
    HandIn(bool, List<Op>),
    /// Hands in a script, from another thread or from here.
    SpawnLater(bool, Script),
    /// Hands in a closure that makes a script, from another thread or from here.
    SpawnWithLater(bool, Script),
    /// Sends a value to an inlet, from another thread or from here.
    SendValue(bool, u8, u8),
    /// Drops the sender of an inlet.
    DropSender(u8),
    /// Drops an inlet.
    DropInlet(u8),
    /// Takes a value of an inlet without waiting.
    TryNext(u8),
    /// Draws a random number.
    Draw,
    /// Cancels through the join handle in the table.
    Cancel(u8),
    /// Holds through the join handle in the table.
    Hold(u8),
    /// Takes the hold back.
    Unhold(u8),
    /// Drops the join handle in the table: detaches.
    DropHandle(u8),
    /// Takes the output, logs it and drops it.
    TakeOutput(u8),
    /// Logs whether the script has ended.
    IsFinished(u8),
    /// Raises a signal.
    Raise(u8),
    /// Stops a clock.
    Pause(u8),
    /// Lets it go on.
    Resume(u8),
    /// Scales a clock: numerator, denominator.
    Scale(u8, u8, u8),
    /// Gives a driven clock so many nanoseconds.
    Drive(u8, u16),
    /// Makes the script that does it follow a clock by number, or (see [`LANES_CLOCK`]) its lane's.
    FollowClock(u8),
    /// Lets the script that does it draw from the stream of a key.
    RandomKey(u8),
    /// Panics, unless a panic is unwinding.
    Panic,
    /// Cancels the script that does it.
    CancelMe,
    /// Spawns into the scope around this, which waits for it.
    ScopeSpawn(Script),
    /// Spawns into the scope around this, which cancels it at its end.
    ScopeBranch(Script),
    /// Holds a guard to the end of the block; its destructor does this.
    Guard(List<Op>),
    /// Keeps a wait in the block, to be polled by reference.
    Keep(Wait),
    /// Drops a wait that was kept.
    DropKept(u8),
    /// Waits.
    Await(Wait),
}
pub(crate) use Op::*;

/// Something to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    NextFrame,
    Frames(u8),
    /// Wakes itself so many times.
    Yield(u8),
    /// `sleep`, on the lane's clock.
    Sleep(u16),
    /// On a clock by number.
    SleepOn(u8, u16),
    SleepUntil(u8, u16),
    /// A period on a clock (see [`LANES_CLOCK`]), what to do when some are missed, and how many times it is awaited.
    Interval(u8, u16, Missed, u8),
    Raised(u8),
    /// The next value of an inlet, which is out of the table for that time.
    NextValue(u8),
    /// The join handle in the table, moved into the wait.
    Join(u8),
    /// The join handle in the table, polled where it is.
    Peek(u8),
    /// Never over: only another wait or a wake gets it polled.
    Never,
    /// `join`, `join3`, `join4`, by the number of parts.
    Both(List<Wait>),
    /// `join_all`.
    All(List<Wait>),
    /// `race`, `race3`, `race4`, by the number of parts.
    First(List<Wait>),
    /// `race_all`.
    FirstOf(List<Wait>),
    /// `timeout` around one wait.
    Within(u16, List<Wait>),
    /// `until`: the first, unless the second is over before it.
    Until(List<Wait>),
    /// A block of its own.
    Block(List<Op>),
    /// `scope`, and its body.
    Scope(List<Op>),
    /// A wait that the block keeps, by reference.
    Kept(u8),
    /// One wait, polled with a waker of another make that passes on to the script's.
    Wrapped(List<Wait>),
    /// `resume_in`.
    MoveTo(u8),
}
pub(crate) use Wait::*;

/// What the game does between the scripts' polls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Steps the main lane by so many nanoseconds.
    Step(u16),
    /// Steps a lane.
    StepLane(u8, u16),
    /// Cancels by task id.
    CancelId(u8),
    /// Anything that can be done between frames.
    Do(Op),
}
pub(crate) use Act::*;

/// A whole run: the executor, what is done with it, and what is done after it was dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// Lanes beside the main one.
    pub(crate) lanes: u8,
    /// Extra clocks, each with its lane.
    pub(crate) clocks: List<u8>,
    /// Driven clocks, which come after those, each with its lane.
    pub(crate) driven: List<u8>,
    pub(crate) script_polls: u32,
    pub(crate) frame_polls: u64,
    pub(crate) max_tasks: usize,
    pub(crate) acts: List<Act>,
    pub(crate) after: List<Op>,
}

/// From this number on an interval follows the clock of the lane in which it is first awaited.
pub(crate) const LANES_CLOCK: u8 = 4;

/// Signals that every program has.
pub(crate) const SIGNALS: u8 = 3;

/// Inlets that every program has.
pub(crate) const INLETS: u8 = 2;

/// The root of all random numbers.
pub(crate) const SEED: u64 = 7;

/// A script that returns plainly.
pub(crate) fn script(ops: List<Op>) -> Script {
    Script { ops, output: list![] }
}

/// A run with one lane and no limits.
pub(crate) fn program(acts: List<Act>) -> Program {
    Program {
        lanes: 0,
        clocks: list![],
        driven: list![],
        script_polls: 1_000,
        frame_polls: 1_000_000,
        max_tasks: 1_000,
        acts,
        after: list![],
    }
}

/// Two waits, also of a list that has shrunk.
pub(crate) fn two(parts: &List<Wait>) -> List<Wait> {
    two_of(parts, Never)
}

/// Two of a list, with `never` in the place of those that aren't there.
pub(crate) fn two_of<T: Clone>(parts: &List<T>, never: T) -> List<T> {
    let mut parts = parts.clone();
    parts.0.resize(2, never);
    parts
}

/// What `number` points at among `len` things.
pub(crate) fn pick(number: u8, len: usize) -> Option<usize> {
    (len > 0).then(|| usize::from(number) % len)
}

#[test]
fn a_program_prints_as_the_rust_that_builds_it() {
    let built = list![
        Do(Spawn(Script {
            ops: list![Guard(list![Panic]), Await(First(list![NextFrame, Frames(2)]))],
            output: list![]
        })),
        Step(3),
    ];
    let printed = "list![Do(Spawn(Script { ops: list![Guard(list![Panic]), \
                   Await(First(list![NextFrame, Frames(2)]))], output: list![] })), Step(3)]";
    assert_eq!(format!("{built:?}"), printed);
}
