//! Shrinks a program that fails: one edit at a time, kept when the smaller program fails too.
//!
//! Rule: every edit makes something less, so no chain of edits is endless: an element goes, a
//! part takes the place of the whole, something plain that of something rare, or a number drops.

use super::program::*;
use proptest::strategy::ValueTree;

/// A program, and how far the edits have been tried on it.
#[derive(Debug)]
pub(super) struct Shrinking {
    /// The smallest program known to fail.
    smallest: Program,
    /// The program to try: `smallest` after one edit.
    candidate: Program,
    /// The number of the next edit.
    edit: usize,
    /// This round over all edits has found a smaller program, so there will be another.
    improved: bool,
}

impl Shrinking {
    pub(super) fn new(program: Program) -> Self {
        Self { smallest: program.clone(), candidate: program, edit: 0, improved: false }
    }

    fn next_candidate(&mut self) -> bool {
        loop {
            let mut candidate = self.smallest.clone();
            if candidate.edit(&mut self.edit.clone()) {
                self.edit += 1;
                self.candidate = candidate;
                return true;
            }
            if !self.improved {
                self.candidate = self.smallest.clone();
                return false;
            }
            self.improved = false;
            self.edit = 0;
        }
    }
}

impl ValueTree for Shrinking {
    type Value = Program;

    fn current(&self) -> Program {
        self.candidate.clone()
    }

    /// The candidate failed: go on from there. What comes after the edit has moved to its place.
    fn simplify(&mut self) -> bool {
        self.smallest = self.candidate.clone();
        self.improved = true;
        self.edit = self.edit.saturating_sub(1);
        self.next_candidate()
    }

    /// The candidate passed: try the next.
    fn complicate(&mut self) -> bool {
        self.next_candidate()
    }
}

/// Something whose edits are numbered.
trait Edit {
    /// Does edit number `at`. If there are fewer, takes their count off `at` and returns `false`.
    fn edit(&mut self, at: &mut usize) -> bool;
}

/// Counts one edit off; `true` if it is the one.
fn hit(at: &mut usize) -> bool {
    let hit = *at == 0;
    *at = at.saturating_sub(1);
    hit
}

/// One edit: a plainer thing takes the place of this one.
fn becomes<T>(this: &mut T, plainer: T, at: &mut usize) -> bool {
    let hit = hit(at);
    if hit {
        *this = plainer;
    }
    hit
}

macro_rules! numbers_drop {
    ($($number:ty)*) => {$(
        impl Edit for $number {
            fn edit(&mut self, at: &mut usize) -> bool {
                let number = *self;
                (number > 0 && becomes(self, 0, at))
                    || (number > 3 && becomes(self, number / 2, at))
                    || (number > 1 && becomes(self, number - 1, at))
            }
        }
    )*};
}
numbers_drop!(u8 u16);

impl Edit for bool {
    fn edit(&mut self, at: &mut usize) -> bool {
        *self && becomes(self, false, at)
    }
}

impl<T: Edit> Edit for List<T> {
    fn edit(&mut self, at: &mut usize) -> bool {
        let len = self.0.len();
        if len > 3 {
            if hit(at) {
                self.0.truncate(len / 2);
                return true;
            }
            if hit(at) {
                self.0.drain(..len / 2);
                return true;
            }
        }
        if *at < len {
            self.0.remove(*at);
            return true;
        }
        *at -= len;
        self.0.iter_mut().any(|item| item.edit(at))
    }
}

impl Edit for Program {
    fn edit(&mut self, at: &mut usize) -> bool {
        let Self { lanes, clocks, driven, script_polls, frame_polls, max_tasks, acts, after } = self;
        acts.edit(at)
            || after.edit(at)
            || clocks.edit(at)
            || driven.edit(at)
            || lanes.edit(at)
            || (*script_polls < 1_000 && becomes(script_polls, 1_000, at))
            || (*frame_polls < 1_000 && becomes(frame_polls, 1_000, at))
            || (*max_tasks < 1_000 && becomes(max_tasks, 1_000, at))
    }
}

impl Edit for Act {
    fn edit(&mut self, at: &mut usize) -> bool {
        match self {
            Step(nanos) => nanos.edit(at),
            StepLane(lane, nanos) => {
                lane.edit(at) || nanos.edit(at) || {
                    let nanos = *nanos;
                    becomes(self, Step(nanos), at)
                }
            }
            CancelId(number) => number.edit(at),
            Do(op) => op.edit(at),
        }
    }
}

impl Edit for Script {
    fn edit(&mut self, at: &mut usize) -> bool {
        self.ops.edit(at) || self.output.edit(at)
    }
}

impl Edit for Op {
    fn edit(&mut self, at: &mut usize) -> bool {
        match self {
            Log(number) | Wake(number) | Cancel(number) | Hold(number) | Unhold(number) | DropHandle(number)
            | TakeOutput(number) | IsFinished(number) | Raise(number) | Pause(number) | Resume(number)
            | FollowClock(number) | DropKept(number) | DropSender(number) | DropInlet(number) | TryNext(number)
            | RandomKey(number) => number.edit(at),
            WakeFromThread(number) | WakeLater(number) => {
                let plainer = Wake(*number);
                number.edit(at) || becomes(self, plainer, at)
            }
            Drive(clock, nanos) => clock.edit(at) || nanos.edit(at),
            Scale(clock, num, den) => clock.edit(at) || num.edit(at) || (*den > 1 && becomes(den, 1, at)),
            SpawnIn(lane, script) => {
                let plainer = Spawn(script.clone());
                lane.edit(at) || script.edit(at) || becomes(self, plainer, at)
            }
            ScopeSpawn(script) | ScopeBranch(script) => {
                let plainer = Spawn(script.clone());
                script.edit(at) || becomes(self, plainer, at)
            }
            SpawnWithLater(from_thread, script) => {
                let plainer = SpawnLater(*from_thread, script.clone());
                from_thread.edit(at) || script.edit(at) || becomes(self, plainer, at)
            }
            SpawnLater(from_thread, script) => {
                let plainer = Spawn(script.clone());
                from_thread.edit(at) || script.edit(at) || becomes(self, plainer, at)
            }
            HandIn(from_thread, ops) => from_thread.edit(at) || ops.edit(at),
            SendValue(from_thread, inlet, value) => from_thread.edit(at) || inlet.edit(at) || value.edit(at),
            Spawn(script) => script.edit(at),
            Guard(ops) => ops.edit(at),
            Keep(wait) => {
                let plainer = Await(wait.clone());
                wait.edit(at) || becomes(self, plainer, at)
            }
            Await(wait) => wait.edit(at),
            Panic | CancelMe | Draw => false,
        }
    }
}

impl Edit for Wait {
    fn edit(&mut self, at: &mut usize) -> bool {
        // A part takes the place of the whole.
        if let Both(parts)
        | All(parts)
        | First(parts)
        | FirstOf(parts)
        | Within(_, parts)
        | Until(parts)
        | Wrapped(parts) = self
        {
            for part in parts.0.clone() {
                if becomes(self, part, at) {
                    return true;
                }
            }
        }
        if let Block(ops) | Scope(ops) = self {
            for op in ops.0.clone() {
                if let Await(part) = op
                    && becomes(self, part, at)
                {
                    return true;
                }
            }
        }
        let plainer = match self {
            NextFrame => None,
            All(parts) => Some(Both(parts.clone())),
            FirstOf(parts) => Some(First(parts.clone())),
            Scope(ops) => Some(Block(ops.clone())),
            _ => Some(NextFrame),
        };
        if plainer.is_some_and(|plainer| becomes(self, plainer, at)) {
            return true;
        }
        match self {
            Both(parts) | All(parts) | First(parts) | FirstOf(parts) | Until(parts) | Wrapped(parts) => parts.edit(at),
            Within(nanos, parts) => nanos.edit(at) || parts.edit(at),
            Block(ops) | Scope(ops) => ops.edit(at),
            Frames(number) | Yield(number) | Raised(number) | NextValue(number) | Join(number) | Peek(number)
            | Kept(number) | MoveTo(number) => number.edit(at),
            Sleep(nanos) => nanos.edit(at),
            SleepOn(clock, nanos) | SleepUntil(clock, nanos) => clock.edit(at) || nanos.edit(at),
            Interval(clock, period, missed, times) => {
                clock.edit(at)
                    || (*period > 1 && becomes(period, 1, at))
                    || (*missed != Burst && becomes(missed, Burst, at))
                    || times.edit(at)
            }
            NextFrame | Never => false,
        }
    }
}

#[test]
fn shrinking_ends_with_the_smallest_program_that_still_fails() {
    let panics = script(list![Log(3), Await(First(list![NextFrame, Block(list![Guard(list![]), Panic])])), Panic]);
    let mut tree = Shrinking::new(program(list![Step(9), Do(Spawn(panics)), Do(Log(2)), Step(3), Step(4)]));
    let fails = |program: &Program| format!("{program:?}").contains("Block(list![Guard(list![]), Panic])");
    let mut more = true;
    while more {
        more = if fails(&tree.current()) { tree.simplify() } else { tree.complicate() };
    }
    let smallest = script(list![Await(Block(list![Guard(list![]), Panic]))]);
    assert_eq!(tree.current(), program(list![Do(Spawn(smallest))]));
}
