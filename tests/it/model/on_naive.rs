//! Runs a program on the naive executor: scripts are step machines over [`Naive`].
//!
//! Rule: it says the same words at the same moments as `on_real.rs`; the two are read side by
//! side. What is dropped, and in which order, is spelt out here by `discard`.

mod blocks;
mod outside;

use self::blocks::Root;
use super::naive::{ClockNo, End, InletNo, LaneNo, MAIN, Naive, NoOutput, ScopeNo, ScriptNo};
use super::program::*;
use std::{cell::RefCell, mem::take, rc::Rc};

/// What scripts and the game share, beside the executor.
struct World {
    log: RefCell<Vec<String>>,
    table: RefCell<Vec<Entry>>,
    lanes: usize,
    /// The clocks of time, in order of creation.
    clocks: Vec<ClockNo>,
    /// The last of them are driven.
    driven: usize,
    /// The inlets whose senders, and those whose receiving ends are there.
    senders: RefCell<Vec<Option<InletNo>>>,
    inlets: RefCell<Vec<Option<InletNo>>>,
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
    /// A closure that was handed in.
    handed_in: bool,
}

impl Who {
    fn log(&self, words: String) {
        let other = if self.handed_in { "closure" } else { "game" };
        let me = self.me.map_or(other.to_string(), |me| me.to_string());
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
    let mut exec = Naive::new(program.script_polls, program.frame_polls, program.max_tasks, SEED);
    let mut clocks = vec![exec.lane_clock(MAIN)];
    for _ in 0..program.lanes {
        let lane = exec.add_lane();
        clocks.push(exec.lane_clock(lane));
    }
    let lanes = usize::from(program.lanes) + 1;
    for &lane in &program.clocks.0 {
        clocks.push(exec.add_clock(pick(lane, lanes).expect("the main lane is there")));
    }
    for &lane in &program.driven.0 {
        clocks.push(exec.add_driven_clock(pick(lane, lanes).expect("the main lane is there")));
    }
    let driven = program.driven.0.len();
    for _ in 0..SIGNALS {
        exec.add_signal();
    }
    let inlets: Vec<_> = (0..INLETS).map(|_| Some(exec.open_inlet())).collect();
    let world = Rc::new(World {
        log: RefCell::default(),
        table: RefCell::default(),
        lanes,
        clocks,
        driven,
        senders: RefCell::new(inlets.clone()),
        inlets: RefCell::new(inlets),
    });
    let game = Who { world: world.clone(), me: None, scope: None, handed_in: false };

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
        "steps lane {lane} of frame {frame}: polled {} woken {} spawned {} completed {} cancelled {} panicked {} \
         put off {} live {} idle {} due {:?}",
        counts.polled,
        counts.woken,
        counts.spawned,
        counts.completed,
        counts.cancelled,
        counts.panicked,
        counts.put_off,
        exec.live(),
        exec.is_idle(),
        exec.next_deadline(),
    ));
    let tasks = exec.tasks.iter().enumerate().filter(|(_, task)| !task.retired);
    let tasks: Vec<String> = tasks
        .map(|(script, task)| {
            let state = match exec.is_ready(script) {
                _ if task.still => "held",
                true => "ready",
                false => "waiting",
            };
            format!("{script} {state} in {} after {}", task.lane, task.polls)
        })
        .collect();
    game.log(format!("sees {}", tasks.join(", ")));
    for (what, script) in take(&mut exec.incidents) {
        let script = script.map_or("something handed in".to_string(), |script| script.to_string());
        game.log(format!("hears that {script}: {what:?}"));
    }
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
    // The game spawns into the main lane.
    let home = (who.me.is_none() && !who.handed_in).then_some(MAIN);
    match op {
        Log(word) => who.log(format!("logs {word}")),
        Spawn(script) => spawn(exec, who, home, None, script),
        SpawnIn(to, script) => spawn(exec, who, lane(*to), None, script),
        ScopeSpawn(script) => spawn(exec, who, home, who.scope.map(|scope| (scope, true)), script),
        ScopeBranch(script) => spawn(exec, who, home, who.scope.map(|scope| (scope, false)), script),
        Wake(number) | WakeFromThread(number) | WakeLater(number) => {
            let Some(script) = who.pick(*number) else { return };
            if !who.world.table.borrow()[script].polled {
                return;
            }
            match op {
                Wake(_) => exec.wake(script),
                WakeFromThread(_) => exec.wake_from_thread(script),
                _ => {
                    let taken = exec.hand_in(move |exec| exec.wake(script));
                    who.log(format!("hands in: {taken}"));
                }
            }
        }
        HandIn(..) | SpawnLater(..) | SpawnWithLater(..) | SendValue(..) | DropSender(_) | DropInlet(_)
        | TryNext(_) => {
            outside::act(exec, who, op);
        }
        Draw => {
            let drawn = exec.draw();
            who.log(format!("draws {drawn}"));
        }
        RandomKey(key) => exec.set_random_key(u64::from(*key)),
        Cancel(number) => {
            if let Some(script) = who.take_handle(*number) {
                let cancelled = exec.cancel(script);
                who.log(format!("cancels {script}: {cancelled}"));
                who.put_handle(script);
            }
        }
        Hold(number) | Unhold(number) => {
            if let Some(script) = who.take_handle(*number) {
                let done = if let Hold(_) = op { exec.hold(script) } else { exec.unhold(script) };
                who.log(format!("holds {script} or not: {done}"));
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
        Drive(number, nanos) => {
            let driven = &who.world.clocks[who.world.clocks.len() - who.world.driven..];
            if let Some(at) = pick(*number, driven.len()) {
                exec.drive(driven[at], u64::from(*nanos));
            }
        }
        FollowClock(number) => {
            let me = who.me.expect("only scripts do this");
            exec.follow(me, (*number < LANES_CLOCK).then(|| clock(*number)));
        }
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
    let me = Who { world: who.world.clone(), me: Some(number), scope: scope.map(|(scope, _)| scope), handed_in: false };
    let root = Root::new(me, script.ops.0.clone(), script.output.0.clone());
    let spawned = exec.spawn(lane, scope, Box::new(root));
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
