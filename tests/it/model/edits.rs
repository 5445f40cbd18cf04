//! What gets smaller in a program of the language.

use super::{
    program::*,
    shrink::{Edit, becomes},
};

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
    use proptest::strategy::ValueTree;
    let mut tree =
        super::shrink::Shrinking::new(program(list![Step(9), Do(Spawn(panics)), Do(Log(2)), Step(3), Step(4)]));
    let fails = |program: &Program| format!("{program:?}").contains("Block(list![Guard(list![]), Panic])");
    let mut more = true;
    while more {
        more = if fails(&tree.current()) { tree.simplify() } else { tree.complicate() };
    }
    let smallest = script(list![Await(Block(list![Guard(list![]), Panic]))]);
    assert_eq!(tree.current(), program(list![Do(Spawn(smallest))]));
}
