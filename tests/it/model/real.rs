//! Runs a program on the executor of `framestep`: scripts are `async` blocks.
//!
//! Rule: it says the same words at the same moments as `model.rs`; the two files are read side by
//! side. Here nothing is spelt out: polls, wakes and drops happen as the executor and Rust have it.

use super::program::*;
use framestep as fs;
use std::{
    any::Any,
    cell::RefCell,
    future::{Future, pending, poll_fn},
    mem::take,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Wake as WakeTrait, Waker},
    thread,
    time::Duration,
};

/// What scripts and the game share, beside the executor.
struct World {
    log: RefCell<Vec<String>>,
    table: RefCell<Vec<Entry>>,
    lanes: Vec<fs::Lane>,
    clocks: Vec<fs::Clock>,
    signals: Vec<fs::Signal>,
}

#[derive(Default)]
struct Entry {
    handle: Option<fs::JoinHandle<Output>>,
    id: Option<fs::TaskId>,
    /// The waker of the script's first poll.
    waker: Option<Waker>,
}

/// Who acts: the game or a script, and in which scope.
#[derive(Clone)]
struct Who {
    world: Rc<World>,
    me: Option<usize>,
    scope: Option<fs::Scope>,
}

impl Who {
    fn log(&self, words: String) {
        let me = self.me.map_or("game".to_string(), |me| me.to_string());
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

/// The log of a program on the real executor.
pub(super) fn run(program: &Program) -> Run {
    let mut exec = fs::Executor::builder()
        .script_polls(program.script_polls)
        .frame_polls(program.frame_polls)
        .max_tasks(program.max_tasks)
        .trace(true)
        .build();
    let mut lanes = vec![exec.main_lane()];
    lanes.extend((0..program.lanes).map(|_| exec.add_lane("more")));
    let mut clocks: Vec<fs::Clock> = lanes.iter().map(|&lane| exec.lane_clock(lane)).collect();
    for &lane in &program.clocks.0 {
        clocks.push(exec.add_clock(lanes[usize::from(lane) % lanes.len()], "more"));
    }
    let signals = (0..SIGNALS).map(|_| fs::Signal::new()).collect();
    let world = Rc::new(World { log: RefCell::default(), table: RefCell::default(), lanes, clocks, signals });
    let game = Who { world: world.clone(), me: None, scope: None };

    for action in &program.acts.0 {
        match action {
            Step(nanos) => step(&mut exec, &game, 0, *nanos),
            StepLane(lane, nanos) => step(&mut exec, &game, usize::from(*lane) % world.lanes.len(), *nanos),
            CancelId(number) => {
                if let Some(script) = game.pick(*number) {
                    let id = world.table.borrow()[script].id.expect("the spawn has returned");
                    let cancelled = exec.cancel(id);
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
    let mut tasks = Vec::new();
    exec.for_each_task(|info| {
        let state = match info.state {
            fs::TaskState::Ready => "ready",
            fs::TaskState::Waiting => "waiting",
            fs::TaskState::Running => "running",
        };
        let script = game.world.table.borrow().iter().position(|entry| entry.id == Some(info.id));
        let script = script.expect("it is in the table");
        let lane = game.world.lanes.iter().position(|&lane| lane == info.lane).expect("it is one of ours");
        tasks.push(format!("{script} {state} in {lane} after {}", info.polls));
    });
    game.log(format!("sees {}", tasks.join(", ")));
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
        Wake(number) | WakeFromThread(number) => {
            let Some(script) = who.pick(*number) else { return };
            let waker = who.world.table.borrow()[script].waker.clone();
            let Some(waker) = waker else { return };
            match op {
                Wake(_) if number % 2 == 0 => waker.wake(),
                Wake(_) => waker.wake_by_ref(),
                _ => thread::scope(|scope| {
                    scope.spawn(|| waker.wake());
                }),
            }
        }
        Cancel(number) => {
            if let Some((script, handle)) = who.take_handle(*number) {
                let cancelled = handle.cancel();
                who.log(format!("cancels {script}: {cancelled}"));
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
    let me = Who { world: who.world.clone(), me: Some(number), scope: scope.map(|(scope, _)| scope) };
    let body = block(me.clone(), script.ops.clone());
    let root = Root { body, output: Some(script.output.clone()), who: me };
    let handle = match (exec, lane, scope) {
        (Some(exec), None, _) => exec.spawn(root),
        (Some(exec), Some(lane), _) => exec.spawn_in(lane, root),
        (None, Some(lane), _) => fs::spawn_in(lane, root),
        (None, None, None) => fs::spawn(root),
        (None, None, Some((scope, true))) => scope.spawn(root),
        (None, None, Some((scope, false))) => scope.branch(root),
    };
    who.world.table.borrow_mut()[number].id = Some(handle.id());
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

/// A script: says when it is polled, when it ends, and when it is dropped.
struct Root {
    body: Pin<Box<dyn Future<Output = ()>>>,
    output: Option<List<Op>>,
    who: Who,
}

impl Future for Root {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.who.log("is polled".to_string());
        let me = self.who.me.expect("scripts have numbers");
        self.who.world.table.borrow_mut()[me].waker.get_or_insert_with(|| cx.waker().clone());
        self.body.as_mut().poll(cx).map(|()| {
            self.who.log("ends".to_string());
            let ops = self.output.take().expect("it ends once");
            Output { who: self.who.clone(), ops }
        })
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.who.log("is dropped".to_string());
    }
}

/// What a script returned: its destructor does something.
struct Output {
    who: Who,
    ops: List<Op>,
}

impl Drop for Output {
    fn drop(&mut self) {
        self.who.log("output is dropped".to_string());
        self.ops.0.iter().for_each(|op| act(None, &self.who, op));
    }
}

/// A guard in a block: its destructor does something.
struct GuardIn {
    who: Who,
    ops: List<Op>,
}

impl Drop for GuardIn {
    fn drop(&mut self) {
        self.who.log("guard is dropped".to_string());
        self.ops.0.iter().for_each(|op| act(None, &self.who, op));
    }
}

type Waiting = Pin<Box<dyn Future<Output = String>>>;

/// Waits that a block keeps; each is taken out while it is polled.
type KeptWaits = Rc<RefCell<Vec<Option<Waiting>>>>;

/// A block's locals: guards are dropped before the waits that are kept.
struct Locals {
    who: Who,
    guards: Vec<GuardIn>,
    kept: KeptWaits,
}

impl Drop for Locals {
    fn drop(&mut self) {
        let kept = self.kept.clone();
        let _kept_last = Emptied(kept);
        drop(take(&mut self.guards));
    }
}

/// Drops the waits when it is dropped, also by a panic.
struct Emptied(KeptWaits);

impl Drop for Emptied {
    fn drop(&mut self) {
        let kept = take(&mut *self.0.borrow_mut());
        drop(kept);
    }
}

/// A block of ops.
fn block(who: Who, ops: List<Op>) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let mut locals = Locals { who, guards: Vec::new(), kept: KeptWaits::default() };
        for op in &ops.0 {
            match op {
                Guard(ops) => locals.guards.push(GuardIn { who: locals.who.clone(), ops: ops.clone() }),
                Keep(wait) => {
                    let wait = build(&locals, wait);
                    locals.kept.borrow_mut().push(Some(wait));
                }
                DropKept(number) => {
                    let slot = pick(*number, locals.kept.borrow().len());
                    let wait = slot.and_then(|slot| locals.kept.borrow_mut()[slot].take());
                    drop(wait);
                }
                Await(wait) => {
                    let wait = build(&locals, wait);
                    let word = wait.await;
                    locals.who.log(format!("got {word}"));
                }
                op => act(None, &locals.who, op),
            }
        }
    })
}

/// Creates a wait and all its parts, in order; none is armed yet.
fn build(locals: &Locals, wait: &Wait) -> Waiting {
    let clock = |number: u8| locals.who.world.clocks[usize::from(number) % locals.who.world.clocks.len()];
    let nanos = |nanos: u16| Duration::from_nanos(u64::from(nanos));
    match wait {
        NextFrame => worded("frames", fs::next_frame()),
        Frames(frames) => worded("frames", fs::frames(u64::from(*frames))),
        Yield(times) => {
            let times = *times;
            Box::pin(async move {
                for _ in 0..times {
                    fs::yield_now().await;
                }
                "yielded".to_string()
            })
        }
        Sleep(time) => worded("slept", fs::sleep(nanos(*time))),
        SleepOn(number, time) => worded("slept", clock(*number).sleep(nanos(*time))),
        SleepUntil(number, time) => worded("slept", clock(*number).sleep_until(nanos(*time))),
        Interval(number, period, missed, times) => {
            let missed = match missed {
                Burst => fs::Missed::Burst,
                Skip => fs::Missed::Skip,
                Delay => fs::Missed::Delay,
            };
            let period = nanos((*period).max(1));
            let interval = if *number < LANES_CLOCK { clock(*number).interval(period) } else { fs::interval(period) };
            let mut interval = interval.missed(missed);
            let times = *times;
            Box::pin(async move {
                let mut words = Vec::new();
                for _ in 0..times {
                    words.push(interval.next().await.to_string());
                }
                format!("interval[{}]", words.join(" "))
            })
        }
        Raised(signal) => worded("raised", locals.who.world.signals[usize::from(signal % SIGNALS)].wait()),
        Join(number) => match locals.who.take_handle(*number) {
            None => Box::pin(async { "no handle".to_string() }),
            Some((_, handle)) => Box::pin(async move {
                let end = handle.await;
                end_word(&end)
            }),
        },
        Peek(number) => {
            let (who, number) = (locals.who.clone(), *number);
            Box::pin(poll_fn(move |cx| {
                let Some((script, mut handle)) = who.take_handle(number) else {
                    return Poll::Ready("no handle".to_string());
                };
                match Pin::new(&mut handle).poll(cx) {
                    Poll::Ready(end) => {
                        drop(handle);
                        Poll::Ready(end_word(&end))
                    }
                    Poll::Pending => {
                        who.put_handle(script, handle);
                        Poll::Pending
                    }
                }
            }))
        }
        Never => Box::pin(pending()),
        Both(parts) => both(build_all(locals, parts)),
        All(parts) => Box::pin(joined(fs::join_all(build_all(locals, parts)))),
        First(parts) | FirstOf(parts) if parts.0.is_empty() => Box::pin(pending()),
        First(parts) => first(build_all(locals, parts)),
        FirstOf(parts) => Box::pin(raced(fs::race_all(build_all(locals, parts)))),
        Within(time, inner) => {
            let inner = build_all(locals, inner).pop().unwrap_or_else(|| Box::pin(pending()));
            let within = fs::timeout(nanos(*time), inner);
            Box::pin(async move {
                match within.await {
                    Ok(word) => format!("in time[{word}]"),
                    Err(fs::Elapsed { .. }) => "elapsed".to_string(),
                }
            })
        }
        Block(ops) => worded("block", block(locals.who.clone(), ops.clone())),
        Scope(ops) => {
            let (who, ops) = (locals.who.clone(), ops.clone());
            Box::pin(async move {
                let body = async move |scope: fs::Scope| {
                    let who = Who { scope: Some(scope), ..who };
                    block(who, ops).await;
                    "block"
                };
                format!("scope[{}]", fs::scope(body).await)
            })
        }
        Kept(number) => {
            let (kept, number) = (locals.kept.clone(), *number);
            Box::pin(poll_fn(move |cx| {
                let slot = pick(number, kept.borrow().len());
                let taken = slot.and_then(|slot| Some((slot, kept.borrow_mut()[slot].take()?)));
                let Some((slot, mut wait)) = taken else { return Poll::Ready("gone".to_string()) };
                match wait.as_mut().poll(cx) {
                    Poll::Pending => {
                        kept.borrow_mut()[slot] = Some(wait);
                        Poll::Pending
                    }
                    ready => ready,
                }
            }))
        }
        Wrapped(inner) => {
            let mut inner = build_all(locals, inner).pop().unwrap_or_else(|| Box::pin(pending()));
            Box::pin(poll_fn(move |cx| {
                let waker = Waker::from(Arc::new(PassOn(cx.waker().clone())));
                inner.as_mut().poll(&mut Context::from_waker(&waker))
            }))
        }
        MoveTo(lane) => {
            let lane = locals.who.world.lanes[usize::from(*lane) % locals.who.world.lanes.len()];
            worded("moved", fs::resume_in(lane))
        }
    }
}

fn build_all(locals: &Locals, waits: &List<Wait>) -> Vec<Waiting> {
    waits.0.iter().map(|wait| build(locals, wait)).collect()
}

fn worded<T>(word: &'static str, wait: impl Future<Output = T> + 'static) -> Waiting {
    Box::pin(async move {
        wait.await;
        word.to_string()
    })
}

async fn joined(all: impl Future<Output = Vec<String>>) -> String {
    format!("join[{}]", all.await.join(" "))
}

async fn raced(all: impl Future<Output = (usize, String)>) -> String {
    let (at, word) = all.await;
    format!("race[{at}:{word}]")
}

/// `join`, `join3` or `join4`, by the number of parts.
fn both(parts: Vec<Waiting>) -> Waiting {
    match parts.len() {
        2 => {
            let [a, b] = exactly(parts);
            let join = fs::join(a, b);
            Box::pin(async move {
                let (a, b) = join.await;
                format!("join[{a} {b}]")
            })
        }
        3 => {
            let [a, b, c] = exactly(parts);
            let join = fs::join3(a, b, c);
            Box::pin(async move {
                let (a, b, c) = join.await;
                format!("join[{a} {b} {c}]")
            })
        }
        4 => {
            let [a, b, c, d] = exactly(parts);
            let join = fs::join4(a, b, c, d);
            Box::pin(async move {
                let (a, b, c, d) = join.await;
                format!("join[{a} {b} {c} {d}]")
            })
        }
        _ => Box::pin(joined(fs::join_all(parts))),
    }
}

/// `race`, `race3` or `race4`, by the number of parts.
fn first(parts: Vec<Waiting>) -> Waiting {
    match parts.len() {
        2 => {
            let [a, b] = exactly(parts);
            let race = fs::race(a, b);
            Box::pin(async move {
                match race.await {
                    fs::Race::First(word) => format!("race[0:{word}]"),
                    fs::Race::Second(word) => format!("race[1:{word}]"),
                }
            })
        }
        3 => {
            let [a, b, c] = exactly(parts);
            let race = fs::race3(a, b, c);
            Box::pin(async move {
                match race.await {
                    fs::Race3::First(word) => format!("race[0:{word}]"),
                    fs::Race3::Second(word) => format!("race[1:{word}]"),
                    fs::Race3::Third(word) => format!("race[2:{word}]"),
                }
            })
        }
        4 => {
            let [a, b, c, d] = exactly(parts);
            let race = fs::race4(a, b, c, d);
            Box::pin(async move {
                match race.await {
                    fs::Race4::First(word) => format!("race[0:{word}]"),
                    fs::Race4::Second(word) => format!("race[1:{word}]"),
                    fs::Race4::Third(word) => format!("race[2:{word}]"),
                    fs::Race4::Fourth(word) => format!("race[3:{word}]"),
                }
            })
        }
        _ => Box::pin(raced(fs::race_all(parts))),
    }
}

fn exactly<const N: usize>(parts: Vec<Waiting>) -> [Waiting; N] {
    parts.try_into().unwrap_or_else(|_| unreachable!("counted"))
}

/// Passes wakes on to another waker.
struct PassOn(Waker);

impl WakeTrait for PassOn {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}
