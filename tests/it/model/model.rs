//! Runs a program on the naive executor: scripts are step machines over [`Naive`].
//!
//! Rule: it says the same words at the same moments as `real.rs`; the two files are read side by
//! side. What is dropped, and in which order, is spelt out here by `discard`.

use super::naive::{ClockNo, End, LaneNo, MAIN, Machine, Naive, NoOutput, Output, Polled, ScopeNo, ScriptNo};
use super::program::*;
use super::waits::{self, Waiting};
use std::{cell::RefCell, mem::take, rc::Rc};

/// What scripts and the game share, beside the executor.
struct World {
    log: RefCell<Vec<String>>,
    table: RefCell<Vec<Entry>>,
    lanes: usize,
    /// The clocks of time, in order of creation.
    clocks: Vec<ClockNo>,
}

#[derive(Clone, Copy)]
struct Entry {
    handle: bool,
    /// The script was polled, so its waker is known.
    polled: bool,
}

/// Who acts: the game or a script, and in which scope.
#[derive(Clone)]
struct Who {
    world: Rc<World>,
    me: Option<ScriptNo>,
    scope: Option<ScopeNo>,
}

impl Who {
    fn log(&self, words: String) {
        let me = self.me.map_or("game".to_string(), |me| me.to_string());
        self.world.log.borrow_mut().push(format!("{me} {words}"));
    }

    fn pick(&self, number: u8) -> Option<ScriptNo> {
        pick(number, self.world.table.borrow().len())
    }

    /// Takes the handle out of the table while something is done with it.
    fn take_handle(&self, number: u8) -> Option<ScriptNo> {
        let script = self.pick(number)?;
        take(&mut self.world.table.borrow_mut()[script].handle).then_some(script)
    }

    fn put_handle(&self, script: ScriptNo) {
        self.world.table.borrow_mut()[script].handle = true;
    }
}

/// The log of a program on the naive executor.
pub(super) fn run(program: &Program) -> Vec<String> {
    let mut exec = Naive::new(program.script_polls, program.frame_polls, program.max_tasks);
    let mut clocks = vec![exec.lane_clock(MAIN)];
    for _ in 0..program.lanes {
        let lane = exec.add_lane();
        clocks.push(exec.lane_clock(lane));
    }
    let lanes = usize::from(program.lanes) + 1;
    for &lane in &program.clocks.0 {
        clocks.push(exec.add_clock(pick(lane, lanes).expect("the main lane is there")));
    }
    for _ in 0..SIGNALS {
        exec.add_signal();
    }
    let world = Rc::new(World { log: RefCell::default(), table: RefCell::default(), lanes, clocks });
    let game = Who { world: world.clone(), me: None, scope: None };

    for action in &program.acts.0 {
        match action {
            Step(nanos) => step(&mut exec, &game, MAIN, *nanos),
            StepLane(lane, nanos) => step(&mut exec, &game, pick(*lane, lanes).expect("one lane"), *nanos),
            CancelId(number) => {
                if let Some(script) = game.pick(*number) {
                    let cancelled = exec.cancel(script);
                    game.log(format!("cancels {script} by id: {cancelled}"));
                }
            }
            Do(op) => act_outside(&mut exec, &game, op),
        }
    }
    exec.close();
    game.log("dropped the executor".to_string());
    for op in &program.after.0 {
        act_outside(&mut exec, &game, op);
    }
    let spawned = world.table.borrow().len();
    for script in 0..spawned {
        act_outside(&mut exec, &game, &DropHandle(script as u8));
    }
    take(&mut world.log.borrow_mut())
}

fn step(exec: &mut Naive, game: &Who, lane: LaneNo, nanos: u16) {
    let (frame, counts) = exec.step(lane, u64::from(nanos));
    game.log(format!(
        "steps lane {lane} of frame {frame}: polled {} woken {} spawned {} completed {} cancelled {} panicked {} put off {} live {} idle {} due {:?}",
        counts.polled, counts.woken, counts.spawned, counts.completed, counts.cancelled, counts.panicked,
        counts.put_off, exec.live(), exec.is_idle(), exec.next_deadline(),
    ));
    let tasks = exec.tasks.iter().enumerate().filter(|(_, task)| !task.retired);
    let tasks: Vec<String> = tasks
        .map(|(script, task)| {
            let state = if exec.is_ready(script) { "ready" } else { "waiting" };
            format!("{script} {state} in {} after {}", task.lane, task.polls)
        })
        .collect();
    game.log(format!("sees {}", tasks.join(", ")));
}

/// An act of the game: a panic that reaches it is logged.
fn act_outside(exec: &mut Naive, game: &Who, op: &Op) {
    act(exec, game, op);
    if take(&mut exec.unwinding) {
        game.log("caught a panic".to_string());
    }
}

/// Those ops that need no block around them.
fn act(exec: &mut Naive, who: &Who, op: &Op) {
    let lane = |lane: u8| pick(lane, who.world.lanes);
    let clock = |number: u8| who.world.clocks[usize::from(number) % who.world.clocks.len()];
    match op {
        Log(word) => who.log(format!("logs {word}")),
        Spawn(script) => spawn(exec, who, who.me.is_none().then_some(MAIN), None, script),
        SpawnIn(to, script) => spawn(exec, who, lane(*to), None, script),
        ScopeSpawn(script) => spawn(exec, who, None, who.scope.map(|scope| (scope, true)), script),
        ScopeBranch(script) => spawn(exec, who, None, who.scope.map(|scope| (scope, false)), script),
        Wake(number) | WakeFromThread(number) => {
            let Some(script) = who.pick(*number) else { return };
            if !who.world.table.borrow()[script].polled {
                return;
            }
            match op {
                Wake(_) => exec.wake(script),
                _ if exec.inbox.contains(&script) => {}
                _ => exec.inbox.push(script),
            }
        }
        Cancel(number) => {
            if let Some(script) = who.take_handle(*number) {
                let cancelled = exec.cancel(script);
                who.log(format!("cancels {script}: {cancelled}"));
                who.put_handle(script);
            }
        }
        CancelMe => {
            let me = who.me.expect("only scripts do this");
            if who.world.table.borrow()[me].handle {
                let cancelled = exec.cancel(me);
                who.log(format!("cancels itself: {cancelled}"));
            }
        }
        DropHandle(number) => {
            if let Some(script) = who.take_handle(*number) {
                who.log(format!("drops handle {script}"));
                exec.drop_handle(script);
            }
        }
        TakeOutput(number) => {
            let Some(script) = who.take_handle(*number) else { return };
            match exec.take_output(script) {
                None => {
                    who.log(format!("finds nothing of {script}"));
                    who.put_handle(script);
                }
                Some(end) => {
                    exec.drop_handle(script);
                    who.log(format!("takes {}", end_word(&end)));
                    drop_end(exec, end);
                }
            }
        }
        IsFinished(number) => {
            if let Some(script) = who.take_handle(*number) {
                who.log(format!("sees {script} finished: {}", exec.is_finished(script)));
                who.put_handle(script);
            }
        }
        Raise(signal) => exec.raise(usize::from(signal % SIGNALS)),
        Pause(number) => exec.pause(clock(*number), true),
        Resume(number) => exec.pause(clock(*number), false),
        Scale(number, num, den) => exec.set_scale(clock(*number), u64::from(*num), u64::from(*den).max(1)),
        Panic => {
            if !exec.unwinding {
                who.log("panics".to_string());
                exec.unwinding = true;
            }
        }
        Guard(_) | Keep(_) | DropKept(_) | Await(_) => unreachable!("blocks do these"),
    }
}

/// Destructors do this: a panic ends the list.
fn act_all(exec: &mut Naive, who: &Who, ops: &[Op]) {
    for op in ops {
        let before = exec.unwinding;
        act(exec, who, op);
        if exec.unwinding && !before {
            return;
        }
    }
}

fn spawn(exec: &mut Naive, who: &Who, lane: Option<LaneNo>, scope: Option<(ScopeNo, bool)>, script: &Script) {
    let number = who.world.table.borrow().len();
    who.world.table.borrow_mut().push(Entry { handle: false, polled: false });
    who.log(format!("spawns {number}"));
    // Children start siblings.
    let me = Who { world: who.world.clone(), me: Some(number), scope: scope.map(|(scope, _)| scope) };
    let body = Body::new(me.clone(), script.ops.0.clone());
    let spawned = exec.spawn(lane, scope, Box::new(Root { who: me, body, output: script.output.0.clone() }));
    assert_eq!(spawned, number);
    who.put_handle(number);
}

fn end_word(end: &End) -> String {
    match end {
        Ok(output) => output.word.clone(),
        Err(NoOutput::Cancelled) => "cancelled".to_string(),
        Err(NoOutput::Panicked) => "panicked".to_string(),
        Err(NoOutput::Refused) => "refused".to_string(),
    }
}

fn drop_end(exec: &mut Naive, end: End) {
    if let Ok(output) = end {
        (output.destructor)(exec);
    }
}

/// A script: says when it is polled, when it ends, and when it is dropped.
struct Root {
    who: Who,
    body: Body,
    output: Vec<Op>,
}

impl Machine<Output> for Root {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<Output> {
        self.who.log("is polled".to_string());
        self.who.world.table.borrow_mut()[me].polled = true;
        match self.body.poll(exec, me) {
            Polled::Pending => Polled::Pending,
            Polled::Panicked => Polled::Panicked,
            Polled::Ready(_) => {
                self.who.log("ends".to_string());
                let (who, ops) = (self.who.clone(), take(&mut self.output));
                let destructor = Box::new(move |exec: &mut Naive| {
                    who.log("output is dropped".to_string());
                    act_all(exec, &who, &ops);
                });
                Polled::Ready(Output { word: format!("output {me}"), destructor })
            }
        }
    }

    fn discard(&mut self, exec: &mut Naive) {
        self.who.log("is dropped".to_string());
        self.body.discard(exec);
    }
}

/// Waits that a block keeps; each is taken out while it is polled.
type KeptWaits = Rc<RefCell<Vec<Option<Waiting>>>>;

/// A block of ops: an `async` block with its locals.
struct Body {
    who: Who,
    ops: Vec<Op>,
    at: usize,
    wait: Option<Waiting>,
    guards: Vec<Vec<Op>>,
    kept: KeptWaits,
}

impl Body {
    fn new(who: Who, ops: Vec<Op>) -> Self {
        Self { who, ops, at: 0, wait: None, guards: Vec::new(), kept: Rc::default() }
    }

    /// What the block itself does; everything else goes to `act`.
    fn act(&mut self, exec: &mut Naive) {
        let op = self.ops[self.at].clone();
        self.at += 1;
        match op {
            Guard(ops) => self.guards.push(ops.0),
            Keep(wait) => {
                let wait = self.build(exec, &wait);
                self.kept.borrow_mut().push(Some(wait));
            }
            DropKept(number) => {
                let slot = pick(number, self.kept.borrow().len());
                let wait = slot.and_then(|slot| self.kept.borrow_mut()[slot].take());
                if let Some(mut wait) = wait {
                    wait.discard(exec);
                }
            }
            Await(wait) => self.wait = Some(self.build(exec, &wait)),
            op => act(exec, &self.who, &op),
        }
    }

    /// Creates a wait and all its parts, in order; none is armed yet.
    fn build(&self, exec: &mut Naive, wait: &Wait) -> Waiting {
        let clock = |number: u8| self.who.world.clocks[usize::from(number) % self.who.world.clocks.len()];
        match wait {
            NextFrame => waits::frames(1),
            Frames(frames) => waits::frames(u64::from(*frames)),
            Yield(times) => Box::new(waits::Yield(*times)),
            Sleep(nanos) => waits::sleep(None, u64::from(*nanos)),
            SleepOn(number, nanos) => waits::sleep(Some(clock(*number)), u64::from(*nanos)),
            SleepUntil(number, deadline) => waits::sleep_until(clock(*number), u64::from(*deadline)),
            Interval(number, period, missed, times) => {
                let period = u64::from(*period).max(1);
                let on = (*number < LANES_CLOCK).then(|| clock(*number));
                Box::new(waits::Interval::new(on, period, *missed, *times))
            }
            Raised(signal) => waits::raised(exec, usize::from(signal % SIGNALS)),
            Join(number) => Box::new(JoinWait { script: self.who.take_handle(*number) }),
            Peek(number) => Box::new(PeekWait { who: self.who.clone(), number: *number }),
            Never => waits::never(),
            Both(parts) | All(parts) => Box::new(waits::Join::new(self.build_all(exec, parts))),
            First(parts) | FirstOf(parts) if parts.0.is_empty() => waits::never(),
            First(parts) | FirstOf(parts) => Box::new(waits::Race(self.build_all(exec, parts))),
            Within(nanos, inner) => {
                let inner = self.build_all(exec, inner).pop().unwrap_or_else(waits::never);
                Box::new(waits::Timeout::new(u64::from(*nanos), inner))
            }
            Block(ops) => Box::new(Body::new(self.who.clone(), ops.0.clone())),
            Scope(ops) => {
                let (mut who, ops) = (self.who.clone(), ops.0.clone());
                Box::new(waits::Scoped::new(move |_, scope| {
                    who.scope = Some(scope);
                    Box::new(Body::new(who, ops))
                }))
            }
            Kept(number) => Box::new(KeptWait { kept: self.kept.clone(), number: *number }),
            Wrapped(inner) => {
                let inner = self.build_all(exec, inner).pop().unwrap_or_else(waits::never);
                Box::new(waits::Wrapped(inner))
            }
            MoveTo(lane) => waits::resume_in(pick(*lane, self.who.world.lanes).expect("one lane")),
        }
    }

    fn build_all(&self, exec: &mut Naive, waits: &List<Wait>) -> Vec<Waiting> {
        waits.0.iter().map(|wait| self.build(exec, wait)).collect()
    }
}

impl Machine<String> for Body {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        loop {
            if let Some(mut wait) = self.wait.take() {
                match wait.poll(exec, me) {
                    Polled::Ready(word) => self.who.log(format!("got {word}")),
                    Polled::Pending => {
                        self.wait = Some(wait);
                        return Polled::Pending;
                    }
                    // A panic drops what the wait still holds, then the block's own locals.
                    Polled::Panicked => {
                        wait.discard(exec);
                        self.discard(exec);
                        return Polled::Panicked;
                    }
                }
            }
            if self.at == self.ops.len() {
                self.discard(exec);
                return if exec.unwinding { Polled::Panicked } else { Polled::Ready("block".to_string()) };
            }
            self.act(exec);
            if exec.unwinding {
                self.discard(exec);
                return Polled::Panicked;
            }
        }
    }

    /// The locals: the wait, then the guards, then the waits that are kept.
    fn discard(&mut self, exec: &mut Naive) {
        if let Some(mut wait) = self.wait.take() {
            wait.discard(exec);
        }
        for ops in take(&mut self.guards) {
            self.who.log("guard is dropped".to_string());
            act_all(exec, &self.who, &ops);
        }
        let kept = take(&mut *self.kept.borrow_mut());
        for mut wait in kept.into_iter().flatten() {
            wait.discard(exec);
        }
    }
}

/// The await of a join handle that was moved into it.
struct JoinWait {
    script: Option<ScriptNo>,
}

impl Machine<String> for JoinWait {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        let Some(script) = self.script else { return Polled::Ready("no handle".to_string()) };
        match exec.poll_handle(script, me) {
            Polled::Ready(end) => ended(exec, end),
            _ => Polled::Pending,
        }
    }

    fn discard(&mut self, exec: &mut Naive) {
        if let Some(script) = self.script.take() {
            exec.drop_handle(script);
        }
    }
}

/// The await of a join handle that stays in the table; without it there is nothing to wait for.
struct PeekWait {
    who: Who,
    number: u8,
}

impl Machine<String> for PeekWait {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        let Some(script) = self.who.take_handle(self.number) else { return Polled::Ready("no handle".to_string()) };
        match exec.poll_handle(script, me) {
            Polled::Ready(end) => {
                exec.drop_handle(script);
                ended(exec, end)
            }
            _ => {
                self.who.put_handle(script);
                Polled::Pending
            }
        }
    }

    fn discard(&mut self, _: &mut Naive) {}
}

/// The output is dropped as soon as its word is known.
fn ended(exec: &mut Naive, end: End) -> Polled<String> {
    let word = end_word(&end);
    drop_end(exec, end);
    if exec.unwinding { Polled::Panicked } else { Polled::Ready(word) }
}

/// A kept wait, polled by reference; one that is over, dropped or being polled is gone.
struct KeptWait {
    kept: KeptWaits,
    number: u8,
}

impl Machine<String> for KeptWait {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        let slot = pick(self.number, self.kept.borrow().len());
        let taken = slot.and_then(|slot| Some((slot, self.kept.borrow_mut()[slot].take()?)));
        let Some((slot, mut wait)) = taken else { return Polled::Ready("gone".to_string()) };
        match wait.poll(exec, me) {
            Polled::Pending => {
                self.kept.borrow_mut()[slot] = Some(wait);
                Polled::Pending
            }
            Polled::Ready(word) => Polled::Ready(word),
            Polled::Panicked => {
                wait.discard(exec);
                Polled::Panicked
            }
        }
    }

    fn discard(&mut self, _: &mut Naive) {}
}
