//! Random programs of the language.
//!
//! Rule: every op and wait of the language is drawn. Destructors get the ops that run anywhere;
//! outputs, which may be dropped when no script is near, don't spawn.

use super::{dice::Dice, program::*};

/// How deep blocks, combinators and child scripts nest.
const DEPTH: u32 = 3;

impl Dice {
    /// Which script is meant.
    fn number(&mut self) -> u8 {
        self.small(10)
    }

    fn time(&mut self) -> u16 {
        match self.pick(&[6, 2, 1]) {
            0 => self.below(12) as u16,
            1 => self.below(100) as u16,
            _ => 4_000 + self.below(200) as u16,
        }
    }

    /// Mostly out of reach, sometimes so low that scripts are put off all the time.
    fn cap(&mut self) -> u32 {
        if self.one_in(4) { 1 + self.below(6) as u32 } else { 1_000 }
    }

    pub(super) fn program(&mut self) -> Program {
        let lanes = if self.one_in(2) { 0 } else { self.small(3) };
        let clocks = self.list(0..3, |dice| dice.small(3));
        let driven = self.list(0..3, |dice| dice.small(3));
        let (script_polls, frame_polls) = (self.cap(), self.cap().into());
        let max_tasks = if self.one_in(6) { 1 + self.below(8) as usize } else { 1_000 };
        let mut acts = self.list(1..5, |dice| Do(Spawn(dice.script(DEPTH))));
        acts.0.append(&mut self.list(4..32, |dice| dice.act(lanes)).0);
        let after = self.list(0..5, Self::late_op);
        Program { lanes, clocks, driven, script_polls, frame_polls, max_tasks, acts, after }
    }

    fn act(&mut self, lanes: u8) -> Act {
        match self.pick(&[14, 4, 1, 2, 1, 4, 1, 2]) {
            1 if lanes > 0 => StepLane(self.small(3), self.time()),
            0 | 1 => Step(self.time()),
            2 => CancelId(self.number()),
            3 => Do(Spawn(self.script(DEPTH))),
            4 => Do(SpawnIn(self.small(3), self.script(DEPTH))),
            5 => Do(self.plain_op()),
            7 => Do(self.any_op(DEPTH)),
            _ => Do(self.clock_op()),
        }
    }

    fn script(&mut self, depth: u32) -> Script {
        let ops = self.ops(depth);
        let output = if self.one_in(6) { self.list(0..3, Self::plain_op) } else { list![] };
        Script { ops, output }
    }

    fn ops(&mut self, depth: u32) -> List<Op> {
        self.list(0..7, |dice| dice.op(depth))
    }

    /// What a block does.
    fn op(&mut self, depth: u32) -> Op {
        match self.pick(&[16, 4, 1, 2, 2, 1, 1, 1, 1, 1, 1]) {
            0 => Await(self.wait(depth)),
            1 => self.any_op(depth),
            2 => self.clock_op(),
            3 => Guard(self.list(0..3, |dice| dice.any_op(depth.min(1)))),
            4 => Keep(self.wait(depth)),
            5 => DropKept(self.small(3)),
            6 if self.one_in(2) => CancelMe,
            7 if depth > 0 => ScopeSpawn(self.script(depth - 1)),
            8 if depth > 0 => ScopeBranch(self.script(depth - 1)),
            9 => FollowClock(self.small(6)),
            10 if self.one_in(2) => RandomKey(self.small(4)),
            _ => Log(self.small(10)),
        }
    }

    /// What can be done anywhere while there is an executor.
    fn any_op(&mut self, depth: u32) -> Op {
        match self.pick(&[12, 6, 2, 1, 1, 2, 1, 1, 2]) {
            1 if depth > 0 => Spawn(self.script(depth - 1)),
            2 if depth > 0 => SpawnIn(self.small(3), self.script(depth - 1)),
            3 if depth > 0 => ScopeSpawn(self.script(depth - 1)),
            4 if depth > 0 => ScopeBranch(self.script(depth - 1)),
            5 if depth > 0 => HandIn(self.one_in(2), self.list(0..4, |dice| dice.any_op(depth - 1))),
            6 if depth > 0 => SpawnLater(self.one_in(2), self.script(depth - 1)),
            7 if depth > 0 => SpawnWithLater(self.one_in(2), self.script(depth - 1)),
            8 => Draw,
            _ => self.plain_op(),
        }
    }

    /// What is done when the executor is gone.
    fn late_op(&mut self) -> Op {
        match self.pick(&[8, 1, 1, 1]) {
            0 => self.plain_op(),
            1 => HandIn(self.one_in(2), self.list(0..2, Self::plain_op)),
            2 => SpawnLater(self.one_in(2), self.script(0)),
            _ => SpawnWithLater(self.one_in(2), self.script(0)),
        }
    }

    /// What can be done anywhere, even when the executor is gone.
    fn plain_op(&mut self) -> Op {
        match self.pick(&[4, 16, 2, 6, 4, 7, 3, 10, 3, 4, 2, 8, 5, 1, 1, 2]) {
            0 => Log(self.small(10)),
            1 => Wake(self.number()),
            2 => WakeFromThread(self.number()),
            3 => Cancel(self.number()),
            4 => DropHandle(self.number()),
            5 => TakeOutput(self.number()),
            6 => IsFinished(self.number()),
            7 => Raise(self.small(SIGNALS.into())),
            8 => Panic,
            9 => Hold(self.number()),
            10 => WakeLater(self.number()),
            12 => SendValue(self.one_in(4), self.small(INLETS.into()), self.small(10)),
            13 if self.one_in(2) => DropSender(self.small(INLETS.into())),
            14 if self.one_in(2) => DropInlet(self.small(INLETS.into())),
            15 => TryNext(self.small(INLETS.into())),
            _ => Unhold(self.number()),
        }
    }

    fn clock_op(&mut self) -> Op {
        let clock = self.small(7);
        match self.pick(&[1, 1, 1, 3]) {
            0 => Pause(clock),
            1 => Resume(clock),
            3 => Drive(clock, self.time()),
            _ => {
                let scales = [(0, 1), (1, 1), (1, 2), (1, 3), (2, 3), (3, 2), (7, 5), (10, 1)];
                let (num, den) = scales[self.below(8) as usize];
                Scale(clock, num, den)
            }
        }
    }

    fn wait(&mut self, depth: u32) -> Wait {
        if depth > 0 && self.one_in(2) { self.combined(depth - 1) } else { self.leaf() }
    }

    fn leaf(&mut self) -> Wait {
        match self.pick(&[8, 6, 4, 6, 4, 2, 3, 4, 6, 3, 1, 4, 2, 5]) {
            0 => NextFrame,
            1 => Frames(self.small(5)),
            2 => Yield(self.small(5)),
            3 => Sleep(self.time()),
            4 => SleepOn(self.small(7), self.time()),
            5 => SleepUntil(self.small(7), self.time()),
            6 => {
                let missed = [Burst, Skip, Delay][self.below(3) as usize];
                Interval(self.small(5), 1 + self.below(20) as u16, missed, self.small(5))
            }
            7 => Raised(self.small(SIGNALS.into())),
            8 => Join(self.number()),
            9 => Peek(self.number()),
            10 => Never,
            11 => Kept(self.small(3)),
            13 => NextValue(self.small(INLETS.into())),
            _ => MoveTo(self.small(3)),
        }
    }

    fn combined(&mut self, depth: u32) -> Wait {
        match self.pick(&[4, 2, 5, 2, 3, 4, 4, 2, 2]) {
            0 => Both(self.list(2..5, |dice| dice.wait(depth))),
            1 => All(self.list(0..6, |dice| dice.wait(depth))),
            2 => First(self.list(2..5, |dice| dice.wait(depth))),
            3 => FirstOf(self.list(1..6, |dice| dice.wait(depth))),
            4 => Within(self.time(), list![self.wait(depth)]),
            5 => Block(self.ops(depth)),
            6 => Scope(self.ops(depth)),
            8 => Until(self.list(2..3, |dice| dice.wait(depth))),
            _ => Wrapped(list![self.wait(depth)]),
        }
    }
}
