//! The naive executor: the contract of `framestep` as code that is written to be read.
//!
//! It keeps every promise of the real executor and none of its speed: tasks, timers and waits
//! live in plain `Vec`s that are scanned from the front, nothing is ever reused, a script is a
//! boxed step machine, and there are no wakers, only script numbers. Start at [`Naive::step`]:
//! its parts carry the eight numbers of a frame. The random programs of this folder run on both
//! executors, and every word that they log has to agree.
//!
//! Rule: whatever a script can observe is decided here, once, in the open. This file is the frame
//! and a script's life; `parts` is what scripts ask for beside: handles, waits, scopes, clocks;
//! `outside` is what comes from other threads, `random` the tree of random numbers.
//! Left out on purpose: memory, threads (what comes from one is an entry in `inbox`), names and
//! source locations.

mod outside;
mod parts;
mod random;

pub(crate) use self::outside::Value;
use self::{
    outside::{Inlet, Post},
    random::Streams,
};
use std::{collections::VecDeque, mem::take, rc::Rc};

/// A script, by the order in which it was spawned.
pub(crate) type ScriptNo = usize;
/// A lane, by the order in which it was added; the main lane is 0.
pub(crate) type LaneNo = usize;
/// A clock, by the order in which it was created. Each lane has two: its frames, then its time.
pub(crate) type ClockNo = usize;
/// A wait that was armed: it belongs to the script that polled it first.
pub(crate) type WaitNo = usize;
/// A signal, by the order in which it was created.
pub(crate) type SignalNo = usize;
/// An inlet, by the order in which it was opened.
pub(crate) type InletNo = usize;
/// A scope, by the order in which it was first polled.
pub(crate) type ScopeNo = usize;

/// The main lane.
pub(crate) const MAIN: LaneNo = 0;

/// What one poll of a machine came to.
pub(crate) enum Polled<T> {
    Pending,
    Ready(T),
    /// The panic is on its way up; `Naive::unwinding` is set.
    Panicked,
}

/// A future without a waker: a script, or something that a script waits for.
pub(crate) trait Machine<T> {
    /// One poll, on behalf of the script `me`.
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<T>;
    /// The destructor. It may do anything: spawn, wake, cancel, panic (by setting `unwinding`).
    fn discard(&mut self, exec: &mut Naive);
}

/// What a script returned: a word, and the destructor that runs when the word is dropped.
pub(crate) struct Output {
    pub(crate) word: String,
    pub(crate) destructor: Box<dyn FnOnce(&mut Naive)>,
}

/// Why a script has no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoOutput {
    Cancelled,
    Panicked,
    Refused,
}

/// How a script ended, as its join handle tells it.
pub(crate) type End = Result<Output, NoOutput>;

/// The counts of a step: everything since the end of the step before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) polled: u64,
    pub(crate) woken: u64,
    pub(crate) spawned: u64,
    pub(crate) completed: u64,
    pub(crate) cancelled: u64,
    pub(crate) panicked: u64,
    pub(crate) put_off: u64,
}

/// What a step names scripts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incident {
    Panicked,
    PutOff,
    Refused,
}

/// A script's life.
pub(crate) struct Task {
    pub(crate) lane: LaneNo,
    /// The clock that it follows in the place of its lane's.
    pub(crate) clock: Option<ClockNo>,
    pub(crate) polls: u64,
    /// Polls in this step; one starts with those of the script that spawned it, or by whose end it was.
    step_polls: u32,
    machine: Option<Box<dyn Machine<Output>>>,
    /// It will never be polled again: it completed, was cancelled, panicked or was refused.
    pub(crate) retired: bool,
    /// Its future has been dropped.
    buried: bool,
    running: bool,
    cancel_asked: bool,
    /// What the join handle will give; taken once.
    end: Option<End>,
    /// The join handle still exists.
    handle: bool,
    /// The script that polled the join handle last.
    awaited_by: Option<ScriptNo>,
    scope: Option<ScopeNo>,
    /// The script that spawned it.
    parent: Option<ScriptNo>,
    /// It was held, and the hold wasn't taken back.
    held: bool,
    /// It isn't polled, since it or one that it descends from is held.
    pub(crate) still: bool,
    streams: Streams,
}

/// A point of the frame with a ready queue, a next-frame list and clocks of its own.
#[derive(Default)]
struct Lane {
    /// Between steps: what was put off, then wakes and spawns in call order.
    ready: VecDeque<ScriptNo>,
    put_off: Vec<ScriptNo>,
    next_frame: Vec<WaitNo>,
}

/// A counter of nanoseconds, or of a lane's frames.
struct Clock {
    lane: LaneNo,
    counts_frames: bool,
    now: u64,
    paused: bool,
    /// It advances by what it is given, and not by steps: what that is since the last.
    driven: Option<u64>,
    scale: (u64, u64),
    /// What scaling left over, in units of `1 / scale.1` nanoseconds.
    carry: u64,
}

struct Timer {
    clock: ClockNo,
    deadline: u64,
    wait: WaitNo,
}

struct Wait {
    script: ScriptNo,
    over: bool,
    /// Its release makes the lane the script's home.
    moves: bool,
    /// It was armed through a waker of another make, so that waker is what it wakes.
    wrapped: bool,
}

#[derive(Default)]
struct Signal {
    raises: u64,
    waiters: Vec<WaitNo>,
}

struct Scope {
    parent: ScriptNo,
    body_over: bool,
    over: bool,
    /// Children in order of creation, and whether the scope waits for them (`spawn`) or not (`branch`).
    children: Vec<(ScriptNo, bool)>,
}

/// What is called at step 5 of a lane's step.
pub(crate) type Check = Rc<dyn Fn(&mut Naive, LaneNo)>;

/// See the module.
pub(crate) struct Naive {
    pub(crate) frame: u64,
    pub(crate) tasks: Vec<Task>,
    pub(crate) counts: Counts,
    /// What went wrong since the step before, in order; without a script, of what was handed in.
    pub(crate) incidents: Vec<(Incident, Option<ScriptNo>)>,
    /// What came from outside, in order of arrival.
    inbox: Vec<Post>,
    /// Nothing is taken in any more.
    shut: bool,
    /// A panic is unwinding: destructors that run now don't panic themselves.
    pub(crate) unwinding: bool,
    /// A wait is being polled through a waker of another make.
    pub(crate) wrapped: bool,
    lanes: Vec<Lane>,
    clocks: Vec<Clock>,
    /// Armed timers, in order of arming.
    timers: Vec<Timer>,
    waits: Vec<Wait>,
    signals: Vec<Signal>,
    inlets: Vec<Inlet>,
    scopes: Vec<Scope>,
    /// The executor's own random numbers.
    streams: Streams,
    /// Scripts that stand still and are due, in order.
    held: VecDeque<ScriptNo>,
    /// The script whose poll is running: it is the parent of what is spawned.
    current: Option<ScriptNo>,
    /// The script whose end is carried out.
    ending: Option<ScriptNo>,
    /// The lane that is or was stepped last: where destructors spawn.
    lane_now: LaneNo,
    /// Retired scripts whose futures are to be dropped, in order.
    funerals: VecDeque<ScriptNo>,
    /// A poll or a funeral is under way: those that come meanwhile wait for its end.
    busy: bool,
    closed: bool,
    script_polls: u32,
    frame_polls: u64,
    max_tasks: usize,
    /// What an outer layer does at step 5 of a lane's step.
    pub(crate) check: Option<Check>,
}

impl Naive {
    pub(crate) fn new(script_polls: u32, frame_polls: u64, max_tasks: usize, seed: u64) -> Self {
        let mut exec = Self {
            frame: 0,
            tasks: Vec::new(),
            counts: Counts::default(),
            incidents: Vec::new(),
            inbox: Vec::new(),
            shut: false,
            unwinding: false,
            wrapped: false,
            lanes: Vec::new(),
            clocks: Vec::new(),
            timers: Vec::new(),
            waits: Vec::new(),
            signals: Vec::new(),
            inlets: Vec::new(),
            scopes: Vec::new(),
            streams: Streams::root(seed),
            held: VecDeque::new(),
            current: None,
            ending: None,
            lane_now: MAIN,
            funerals: VecDeque::new(),
            busy: false,
            closed: false,
            script_polls,
            frame_polls,
            max_tasks,
            check: None,
        };
        exec.add_lane();
        exec
    }

    // ---- One frame, in order ----------------------------------------------------------------

    /// Steps a lane. Only the main lane's step counts as a frame.
    pub(crate) fn step(&mut self, lane: LaneNo, nanos: u64) -> (u64, Counts) {
        // 1. Advance the frame count and the lane's clocks.
        if lane == MAIN {
            self.frame += 1;
        }
        self.lane_now = lane;
        for clock in self.clocks.iter_mut().filter(|clock| clock.lane == lane) {
            clock.advance(nanos);
        }

        // 2. Collect what came from outside, in order of arrival. It counts for all lanes. Those who end meanwhile
        //    are dropped before the first poll.
        self.busy = true;
        for post in take(&mut self.inbox) {
            self.take_in(post);
        }

        // 3. Fire the lane's timers that are due: by clock, deadline, order of arming.
        while let Some(at) = self.next_due(lane) {
            let timer = self.timers.remove(at);
            self.end_wait(timer.wait);
        }

        // 4. Release those who wait for the lane's next step, in the order in which they began to wait.
        for wait in take(&mut self.lanes[lane].next_frame) {
            self.waits[wait].over = true;
            let script = self.waits[wait].script;
            if self.waits[wait].moves && self.tasks[script].lane != lane {
                // One that stands still is queued in no lane.
                if !self.tasks[script].still {
                    self.unqueue(script);
                }
                self.tasks[script].lane = lane;
            }
            // Being released isn't a wake, unless it takes a waker of another make.
            if self.waits[wait].wrapped {
                self.wake(script);
            } else {
                self.queue(script);
            }
        }

        // 5. Check the waits that an outer layer brought.
        if let Some(check) = self.check.clone() {
            check(self, lane);
        }

        // 6. Run the ready queue to its end, first in, first out.
        self.busy = false;
        self.hold_funerals();
        for task in &mut self.tasks {
            task.step_polls = 0;
        }
        let mut first_over_frame_cap = true;
        while let Some(script) = self.lanes[lane].ready.pop_front() {
            let over_script_cap = self.tasks[script].step_polls >= self.script_polls;
            let over_frame_cap = self.counts.polled >= self.frame_polls;
            if !over_script_cap && !over_frame_cap {
                self.poll(script);
                continue;
            }
            self.counts.put_off += 1;
            self.lanes[lane].put_off.push(script);
            // Of those that the frame's cap puts off the first one is named, for all of them.
            if !over_frame_cap || take(&mut first_over_frame_cap) {
                self.incidents.push((Incident::PutOff, Some(script)));
            }
        }

        // 7. Reclaim: scripts are numbered, not stored in slots, so there is nothing to reuse.
        //    What was put off runs first in the lane's next step.
        let put_off = take(&mut self.lanes[lane].put_off);
        self.lanes[lane].ready.extend(put_off);

        // 8. Report.
        (self.frame, take(&mut self.counts))
    }

    /// The timer of this lane that fires next, if it is due: the smallest by clock and deadline,
    /// and of equals the first in `timers`, which is in order of arming.
    fn next_due(&self, lane: LaneNo) -> Option<usize> {
        let due = |timer: &Timer| {
            let clock = &self.clocks[timer.clock];
            clock.lane == lane && timer.deadline <= clock.now
        };
        (0..self.timers.len())
            .filter(|&at| due(&self.timers[at]))
            .min_by_key(|&at| (self.timers[at].clock, self.timers[at].deadline))
    }

    // ---- A script's life --------------------------------------------------------------------

    /// Spawns into `lane`, or where the spawner lives, or (from a destructor) where a step runs or ran last.
    pub(crate) fn spawn(
        &mut self,
        lane: Option<LaneNo>,
        scope: Option<(ScopeNo, bool)>,
        machine: Box<dyn Machine<Output>>,
    ) -> ScriptNo {
        let script = self.tasks.len();
        let spawner = self.current.map(|spawner| &self.tasks[spawner]);
        let scope_refuses = scope.is_some_and(|(scope, waited_for)| {
            // A scope that has ended takes nobody, and one whose body has ended no branches.
            self.scopes[scope].over || (self.scopes[scope].body_over && !waited_for)
        });
        let refused = self.closed || scope_refuses || self.live() >= self.max_tasks;
        self.tasks.push(Task {
            lane: lane.unwrap_or(spawner.map_or(self.lane_now, |spawner| spawner.lane)),
            clock: spawner.and_then(|spawner| spawner.clock),
            polls: 0,
            // Who is started by an end counts on from the script that ended.
            step_polls: self.current.or(self.ending).map_or(0, |before| self.tasks[before].step_polls),
            machine: Some(machine),
            retired: refused,
            buried: refused,
            running: false,
            cancel_asked: false,
            end: refused.then_some(Err(NoOutput::Refused)),
            handle: true,
            awaited_by: None,
            scope: scope.map(|(scope, _)| scope),
            parent: self.current,
            held: false,
            still: false,
            streams: Streams::root(0),
        });
        if refused {
            self.drop_future(script);
            return script;
        }
        if let Some((scope, waited_for)) = scope {
            self.scopes[scope].children.push((script, waited_for));
        }
        self.counts.spawned += 1;
        self.split_stream(script);
        self.queue(script);
        self.keep_still();
        script
    }

    /// Spawns a script that belongs to nobody, whoever runs, and whose handle nobody keeps.
    #[cfg(feature = "bevy_ecs")]
    pub(crate) fn spawn_apart(&mut self, lane: LaneNo, machine: Box<dyn Machine<Output>>) -> ScriptNo {
        let outer = self.current.take();
        let script = self.spawn(Some(lane), None, machine);
        self.current = outer;
        self.tasks[script].handle = false;
        script
    }

    /// Whether its poll is under way.
    #[cfg(feature = "bevy_ecs")]
    pub(crate) fn is_running(&self, script: ScriptNo) -> bool {
        self.tasks[script].running
    }

    /// A wake puts a live script that isn't queued at the back of its lane's ready queue.
    pub(crate) fn wake(&mut self, script: ScriptNo) {
        if self.queue(script) {
            self.counts.woken += 1;
        }
    }

    fn queue(&mut self, script: ScriptNo) -> bool {
        if self.tasks[script].retired || self.is_queued(script) {
            return false;
        }
        let lane = &mut self.lanes[self.tasks[script].lane];
        let queue = if self.tasks[script].still { &mut self.held } else { &mut lane.ready };
        queue.push_back(script);
        true
    }

    fn is_queued(&self, script: ScriptNo) -> bool {
        let lane = &self.lanes[self.tasks[script].lane];
        lane.ready.contains(&script) || lane.put_off.contains(&script) || self.held.contains(&script)
    }

    fn unqueue(&mut self, script: ScriptNo) {
        for lane in &mut self.lanes {
            lane.ready.retain(|&other| other != script);
            lane.put_off.retain(|&other| other != script);
        }
        self.held.retain(|&other| other != script);
    }

    fn poll(&mut self, script: ScriptNo) {
        let task = &mut self.tasks[script];
        task.running = true;
        task.polls += 1;
        task.step_polls += 1;
        self.counts.polled += 1;
        let mut machine = task.machine.take().expect("a live script has its future");

        self.busy = true;
        self.current = Some(script);
        let (polled, _) = self.guarded(|exec| machine.poll(exec, script));
        self.current = None;
        self.busy = false;

        let task = &mut self.tasks[script];
        task.machine = Some(machine);
        task.running = false;
        match polled {
            Polled::Ready(output) => self.retire(script, Ok(output)),
            Polled::Panicked => self.retire(script, Err(NoOutput::Panicked)),
            Polled::Pending if task.cancel_asked => self.retire(script, Err(NoOutput::Cancelled)),
            Polled::Pending => self.keep_still(),
        }
        self.hold_funerals();
    }

    // ---- Holds --------------------------------------------------------------------------------

    /// Holds a script, and with it all that descend from it. `false` if it had ended.
    pub(crate) fn hold(&mut self, script: ScriptNo) -> bool {
        if self.tasks[script].retired {
            return false;
        }
        self.tasks[script].held = true;
        self.keep_still();
        true
    }

    pub(crate) fn unhold(&mut self, script: ScriptNo) -> bool {
        if self.tasks[script].retired {
            return false;
        }
        self.end_hold(script);
        true
    }

    /// Ends the holds of several at once.
    #[cfg(feature = "bevy_ecs")]
    pub(crate) fn unhold_all(&mut self, scripts: &[ScriptNo]) {
        for &script in scripts {
            self.tasks[script].held = false;
        }
        self.let_go();
    }

    /// Whether it, or a script that it descends from, is held.
    fn is_under_hold(&self, script: ScriptNo) -> bool {
        self.tasks[script].held || self.tasks[script].parent.is_some_and(|parent| self.is_under_hold(parent))
    }

    /// Whoever is under a hold stands still, but for the script that is being polled: it does when that is over.
    fn keep_still(&mut self) {
        for script in 0..self.tasks.len() {
            let task = &self.tasks[script];
            if task.retired || task.running || task.still || !self.is_under_hold(script) {
                continue;
            }
            let due = self.is_queued(script);
            self.unqueue(script);
            self.tasks[script].still = true;
            if due {
                self.held.push_back(script);
            }
        }
    }

    /// The hold ends, and those that are under no other go on; in order of their wakes, where they are due.
    fn end_hold(&mut self, script: ScriptNo) {
        if take(&mut self.tasks[script].held) {
            self.let_go();
        }
    }

    fn let_go(&mut self) {
        for script in 0..self.tasks.len() {
            if !self.tasks[script].retired && !self.is_under_hold(script) {
                self.tasks[script].still = false;
            }
        }
        for script in take(&mut self.held) {
            let task = &self.tasks[script];
            let queue = if task.still { &mut self.held } else { &mut self.lanes[task.lane].ready };
            queue.push_back(script);
        }
    }

    /// Cancels: at once, or at its next await if the script is running. `false` if it had ended.
    pub(crate) fn cancel(&mut self, script: ScriptNo) -> bool {
        let task = &mut self.tasks[script];
        if task.retired {
            return false;
        }
        if task.running {
            task.cancel_asked = true;
            return true;
        }
        self.retire(script, Err(NoOutput::Cancelled));
        self.hold_funerals();
        true
    }

    /// From here on the script is never polled again. Its future is dropped by its funeral.
    fn retire(&mut self, script: ScriptNo, end: End) {
        match &end {
            Ok(_) => self.counts.completed += 1,
            Err(NoOutput::Cancelled) => self.counts.cancelled += 1,
            Err(NoOutput::Panicked) => self.panicked(script),
            Err(NoOutput::Refused) => unreachable!("refused scripts never lived"),
        }
        self.unqueue(script);
        self.tasks[script].retired = true;
        self.tasks[script].end = Some(end);
        self.funerals.push_back(script);
    }

    /// Drops the futures of the retired, in order; not while a poll or another funeral runs.
    fn hold_funerals(&mut self) {
        if self.busy {
            return;
        }
        self.busy = true;
        while let Some(script) = self.funerals.pop_front() {
            self.bury(script);
        }
        self.busy = false;
    }

    /// The future is dropped, then the output that nobody can ask for; then what was held with it goes on, and those
    /// who wait are woken.
    fn bury(&mut self, script: ScriptNo) {
        self.ending = Some(script);
        self.drop_future(script);
        self.tasks[script].buried = true;
        if !self.tasks[script].handle {
            self.drop_output(script);
        }
        self.ending = None;
        self.end_hold(script);
        if let Some(waiter) = self.tasks[script].awaited_by.take() {
            self.wake(waiter);
        }
        if let Some(scope) = self.tasks[script].scope
            && self.scopes[scope].body_over
            && !self.scopes[scope].over
            && self.scope_is_empty(scope)
        {
            self.wake(self.scopes[scope].parent);
        }
    }

    fn drop_future(&mut self, script: ScriptNo) {
        let Some(mut machine) = self.tasks[script].machine.take() else { return };
        let outer = self.current.take();
        let (_, panicked) = self.guarded(|exec| machine.discard(exec));
        self.current = outer;
        if panicked {
            self.panicked(script);
        }
    }

    fn drop_output(&mut self, script: ScriptNo) {
        if let Some(Ok(output)) = self.tasks[script].end.take() {
            let outer = self.current.take();
            let (_, panicked) = self.guarded(|exec| (output.destructor)(exec));
            self.current = outer;
            if panicked {
                self.panicked(script);
            }
        }
    }

    fn panicked(&mut self, script: ScriptNo) {
        self.counts.panicked += 1;
        self.incidents.push((Incident::Panicked, Some(script)));
    }

    /// Runs user code; tells whether it panicked.
    fn guarded<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> (T, bool) {
        let before = self.unwinding;
        let value = f(self);
        let panicked = self.unwinding && !before;
        self.unwinding = before;
        (value, panicked)
    }

    /// The executor is dropped: every script is cancelled, futures are dropped in order of spawning.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        for script in 0..self.tasks.len() {
            if !self.tasks[script].retired {
                self.retire(script, Err(NoOutput::Cancelled));
            }
        }
        self.hold_funerals();
        self.shut = true;
        self.drop_what_stands();
    }
}

impl Clock {
    fn advance(&mut self, nanos: u64) {
        let nanos = self.driven.as_mut().map_or(nanos, take);
        if self.counts_frames {
            self.now += 1;
        } else if !self.paused {
            let (num, den) = self.scale;
            let scaled = nanos * num + self.carry;
            self.now += scaled / den;
            self.carry = scaled % den;
        }
    }
}
