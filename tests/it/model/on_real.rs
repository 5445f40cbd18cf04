//! Runs a program on the executor of `framestep`: scripts are `async` blocks.
//!
//! Rule: it says the same words at the same moments as `on_naive.rs`; the two are read side by
//! side. Here nothing is spelt out: polls, wakes and drops happen as the executor and Rust have it.

mod blocks;
mod outside;

use self::blocks::{Output, Root, block};
use super::program::*;
use framestep as fs;
use std::{
    any::Any,
    cell::RefCell,
    mem::take,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    task::Waker,
    thread,
    time::Duration,
};

/// What scripts and the game share, beside the executor.
struct World {
    log: RefCell<Vec<String>>,
    table: RefCell<Vec<Entry>>,
    lanes: Vec<fs::Lane>,
    clocks: Vec<fs::Clock>,
    /// The last of them are driven.
    driven: usize,
    signals: Vec<fs::Signal>,
    injector: fs::Injector,
    senders: RefCell<Vec<Option<fs::InletSender<outside::Value>>>>,
    inlets: RefCell<Vec<Option<fs::Inlet<outside::Value>>>>,
    /// Scripts that were handed in.
    tickets: RefCell<Vec<outside::Ticket>>,
}

#[derive(Default)]
struct Entry {
    handle: Option<fs::JoinHandle<Output>>,
    id: Option<fs::TaskId>,
    /// The waker of the script's first poll.
    waker: Option<Waker>,
    refused: bool,
}

/// Who acts: the game or a script, and in which scope.
#[derive(Clone)]
struct Who {
    world: Rc<World>,
    me: Option<usize>,
    scope: Option<fs::Scope>,
    /// A closure that was handed in.
    handed_in: bool,
}

impl Who {
    fn log(&self, words: String) {
        let other = if self.handed_in { "closure" } else { "game" };
        let me = self.me.map_or(other.to_string(), |me| me.to_string());
        self.world.log.borrow_mut().push(format!("{me} {words}"));
    }

    fn pick(&self, number: u8) -> Option<usize> {
        pick(number, self.world.table.borrow().len())
    }

    /// Takes the handle out of the table while something is done with it.
    fn take_handle(&self, number: u8) -> Option<(usize, fs::JoinHandle<Output>)> {
        let script = self.pick(number)?;
        let handle = self.world.table.borrow_mut()[script].handle.take()?;
        Some((script, handle))
    }

    fn put_handle(&self, script: usize, handle: fs::JoinHandle<Output>) {
        self.world.table.borrow_mut()[script].handle = Some(handle);
    }
}

/// What a run came to: its log, and the hash of its trace.
pub(super) struct Run {
    pub(super) log: Vec<String>,
    pub(super) trace_hash: u64,
}

/// The log of a program on the real executor, which keeps a trace or doesn't.
pub(super) fn run(program: &Program, trace: bool) -> Run {
    run_on(program, fs::Executor::builder().trace(trace), false)
}

/// The same on an executor that is built so, with somebody who listens to its changes or nobody.
pub(super) fn run_on(program: &Program, builder: fs::Builder, logs: bool) -> Run {
    let mut exec = builder
        .script_polls(program.script_polls)
        .frame_polls(program.frame_polls)
        .max_tasks(program.max_tasks)
        .seed(SEED)
        .build();
    exec.log_changes(logs);
    let mut lanes = vec![exec.main_lane()];
    lanes.extend((0..program.lanes).map(|_| exec.add_lane("more")));
    let mut clocks: Vec<fs::Clock> = lanes.iter().map(|&lane| exec.lane_clock(lane)).collect();
    for &lane in &program.clocks.0 {
        clocks.push(exec.add_clock(lanes[usize::from(lane) % lanes.len()], "more"));
    }
    for &lane in &program.driven.0 {
        clocks.push(exec.add_driven_clock(lanes[usize::from(lane) % lanes.len()], "driven"));
    }
    let driven = program.driven.0.len();
    let signals = (0..SIGNALS).map(|_| fs::Signal::new()).collect();
    let injector = exec.injector();
    let (senders, inlets) = (0..INLETS)
        .map(|_| {
            let (sender, inlet) = exec.inlet();
            (Some(sender), Some(inlet))
        })
        .unzip();
    let world = Rc::new(World {
        injector,
        log: RefCell::default(),
        table: RefCell::default(),
        lanes,
        clocks,
        driven,
        signals,
        senders: RefCell::new(senders),
        inlets: RefCell::new(inlets),
        tickets: RefCell::default(),
    });
    let _here = outside::here(&world);
    let game = Who { world: world.clone(), me: None, scope: None, handed_in: false };

    for action in &program.acts.0 {
        match action {
            Step(nanos) => step(&mut exec, &game, 0, *nanos),
            StepLane(lane, nanos) => step(&mut exec, &game, usize::from(*lane) % world.lanes.len(), *nanos),
            CancelId(number) => {
                if let Some(script) = game.pick(*number) {
                    // Of one that was handed in it is known from its first step on.
                    let id = world.table.borrow()[script].id;
                    let cancelled = id.is_some_and(|id| exec.cancel(id));
                    game.log(format!("cancels {script} by id: {cancelled}"));
                }
            }
            Do(op) => act_outside(Some(&exec), &game, op),
        }
    }
    let trace_hash = exec.trace_hash();
    drop(exec);
    game.log("dropped the executor".to_string());
    for op in &program.after.0 {
        act_outside(None, &game, op);
    }
    let spawned = world.table.borrow().len();
    for script in 0..spawned {
        act_outside(None, &game, &DropHandle(script as u8));
    }
    let log = take(&mut *world.log.borrow_mut());
    Run { log, trace_hash }
}

fn step(exec: &mut fs::Executor, game: &Who, lane: usize, nanos: u16) {
    let time = Duration::from_nanos(u64::from(nanos));
    let report = match lane {
        0 => exec.poll_once_with(time),
        _ => exec.step_lane(game.world.lanes[lane], time),
    };
    let fs::FrameReport { frame, polled, woken, spawned, completed, cancelled, panicked, live, put_off, .. } = report;
    assert_eq!(live, exec.live() as u64);
    assert_eq!(frame, exec.frame());
    game.log(format!(
        "steps lane {lane} of frame {frame}: polled {polled} woken {woken} spawned {spawned} completed {completed} \
         cancelled {cancelled} panicked {panicked} put off {put_off} live {live} idle {} due {:?}",
        exec.is_idle(),
        exec.next_deadline().map(|time| time.as_nanos() as u64),
    ));
    outside::learn_ids(exec, game);
    let script_of = |id| game.world.table.borrow().iter().position(|entry| entry.id == Some(id));
    let mut tasks = Vec::new();
    exec.for_each_task(|info| {
        let state = match info.state {
            fs::TaskState::Ready => "ready",
            fs::TaskState::Waiting => "waiting",
            fs::TaskState::Running => "running",
            fs::TaskState::Held => "held",
        };
        let script = script_of(info.id).expect("it is in the table");
        let lane = game.world.lanes.iter().position(|&lane| lane == info.lane).expect("it is one of ours");
        tasks.push(format!("{script} {state} in {lane} after {}", info.polls));
    });
    game.log(format!("sees {}", tasks.join(", ")));
    for incident in exec.incidents().iter().filter(|incident| incident.kind != fs::IncidentKind::LaneNotStepped) {
        let script = script_of(incident.task);
        let script = script.map_or("something handed in".to_string(), |script| script.to_string());
        game.log(format!("hears that {script}: {:?}", incident.kind));
    }
}

/// An act of the game: a panic that reaches it is logged.
fn act_outside(exec: Option<&fs::Executor>, game: &Who, op: &Op) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| act(exec, game, op))) {
        rethrow_unless_scripted(payload);
        game.log("caught a panic".to_string());
    }
}

const SCRIPTED: &str = "scripted panic";

/// Panics without troubling the panic hook.
fn scripted_panic() {
    resume_unwind(Box::new(SCRIPTED));
}

fn rethrow_unless_scripted(payload: Box<dyn Any + Send>) {
    if payload.downcast_ref::<&str>() != Some(&SCRIPTED) {
        resume_unwind(payload);
    }
}

/// Those ops that need no block around them. The game spawns through the executor.
fn act(exec: Option<&fs::Executor>, who: &Who, op: &Op) {
    let lane = |lane: u8| Some(who.world.lanes[usize::from(lane) % who.world.lanes.len()]);
    let clock = |number: u8| who.world.clocks[usize::from(number) % who.world.clocks.len()];
    match op {
        Log(word) => who.log(format!("logs {word}")),
        Spawn(script) => spawn(exec, who, None, None, script),
        SpawnIn(to, script) => spawn(exec, who, lane(*to), None, script),
        ScopeSpawn(script) => spawn(exec, who, None, who.scope.map(|scope| (scope, true)), script),
        ScopeBranch(script) => spawn(exec, who, None, who.scope.map(|scope| (scope, false)), script),
        Wake(number) | WakeFromThread(number) | WakeLater(number) => {
            let Some(script) = who.pick(*number) else { return };
            let waker = who.world.table.borrow()[script].waker.clone();
            let Some(waker) = waker else { return };
            match op {
                Wake(_) if number % 2 == 0 => waker.wake(),
                Wake(_) => waker.wake_by_ref(),
                WakeFromThread(_) => thread::scope(|scope| {
                    scope.spawn(|| waker.wake());
                }),
                _ => {
                    let taken = who.world.injector.run(move || waker.wake()).is_ok();
                    who.log(format!("hands in: {taken}"));
                }
            }
        }
        HandIn(..) | SpawnLater(..) | SpawnWithLater(..) | SendValue(..) | DropSender(_) | DropInlet(_)
        | TryNext(_) => {
            outside::act(who, op);
        }
        Draw => {
            let drawn = exec.map_or_else(fs::random, fs::Executor::random);
            who.log(format!("draws {drawn}"));
        }
        RandomKey(key) => fs::set_random_key(u64::from(*key)),
        Cancel(number) => {
            if let Some((script, handle)) = who.take_handle(*number) {
                let cancelled = handle.cancel();
                who.log(format!("cancels {script}: {cancelled}"));
                who.put_handle(script, handle);
            }
        }
        Hold(number) | Unhold(number) => {
            if let Some((script, handle)) = who.take_handle(*number) {
                let done = if let Hold(_) = op { handle.hold() } else { handle.unhold() };
                who.log(format!("holds {script} or not: {done}"));
                who.put_handle(script, handle);
            }
        }
        CancelMe => {
            let me = who.me.expect("only scripts do this");
            if let Some(handle) = &who.world.table.borrow()[me].handle {
                let cancelled = handle.cancel();
                who.log(format!("cancels itself: {cancelled}"));
            }
        }
        DropHandle(number) => {
            if let Some((script, handle)) = who.take_handle(*number) {
                who.log(format!("drops handle {script}"));
                drop(handle);
            }
        }
        TakeOutput(number) => {
            let Some((script, handle)) = who.take_handle(*number) else { return };
            match handle.take_output() {
                None => {
                    who.log(format!("finds nothing of {script}"));
                    who.put_handle(script, handle);
                }
                Some(end) => {
                    drop(handle);
                    who.log(format!("takes {}", end_word(&end)));
                    drop(end);
                }
            }
        }
        IsFinished(number) => {
            if let Some((script, handle)) = who.take_handle(*number) {
                who.log(format!("sees {script} finished: {}", handle.is_finished()));
                who.put_handle(script, handle);
            }
        }
        Raise(signal) => who.world.signals[usize::from(signal % SIGNALS)].raise(),
        Pause(number) => clock(*number).pause(),
        Resume(number) => clock(*number).resume(),
        Scale(number, num, den) => clock(*number).set_scale(u32::from(*num), u32::from(*den).max(1)),
        Drive(number, nanos) => {
            let driven = &who.world.clocks[who.world.clocks.len() - who.world.driven..];
            if let Some(at) = pick(*number, driven.len()) {
                driven[at].advance(Duration::from_nanos(u64::from(*nanos)));
            }
        }
        FollowClock(number) => fs::set_task_clock((*number < LANES_CLOCK).then(|| clock(*number))),
        Panic => {
            if !thread::panicking() {
                who.log("panics".to_string());
                scripted_panic();
            }
        }
        Guard(_) | Keep(_) | DropKept(_) | Await(_) => unreachable!("blocks do these"),
    }
}

fn spawn(
    exec: Option<&fs::Executor>,
    who: &Who,
    lane: Option<fs::Lane>,
    scope: Option<(fs::Scope, bool)>,
    script: &Script,
) {
    let number = who.world.table.borrow().len();
    who.world.table.borrow_mut().push(Entry::default());
    who.log(format!("spawns {number}"));
    // Children start siblings.
    let me = Who { world: who.world.clone(), me: Some(number), scope: scope.map(|(scope, _)| scope), handed_in: false };
    let body = block(me.clone(), script.ops.clone());
    let root = Root::new(me, body, script.output.clone());
    let handle = match (exec, lane, scope) {
        (Some(exec), None, _) => exec.spawn(root),
        (Some(exec), Some(lane), _) => exec.spawn_in(lane, root),
        (None, Some(lane), _) => fs::spawn_in(lane, root),
        (None, None, None) => fs::spawn(root),
        (None, None, Some((scope, true))) => scope.spawn(root),
        (None, None, Some((scope, false))) => scope.branch(root),
    };
    {
        let entry = &mut who.world.table.borrow_mut()[number];
        // Nothing else ends before it is polled, and while it is spawned.
        entry.refused = handle.is_finished();
        entry.id = (!entry.refused).then(|| handle.id());
    }
    who.put_handle(number, handle);
}

fn end_word(end: &Result<Output, fs::JoinError>) -> String {
    match end {
        Ok(output) => format!("output {}", output.who.me.expect("scripts have numbers")),
        Err(fs::JoinError::Cancelled) => "cancelled".to_string(),
        Err(fs::JoinError::Panicked(payload)) => {
            assert_eq!(payload.downcast_ref::<&str>(), Some(&SCRIPTED));
            "panicked".to_string()
        }
        Err(fs::JoinError::Refused(_)) => "refused".to_string(),
        Err(other) => format!("{other:?}"),
    }
}
