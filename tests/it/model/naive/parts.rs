//! What scripts ask of the naive executor: join handles, waits, scopes, clocks, and answers.
//!
//! Rule: a wait is one registration of one script; whoever ends it, sets it over and wakes the
//! script. A wait that is dropped leaves nothing behind.

use super::*;

impl Naive {
    // ---- Join handles -----------------------------------------------------------------------

    pub(crate) fn is_finished(&self, script: ScriptNo) -> bool {
        self.tasks[script].retired
    }

    pub(crate) fn take_output(&mut self, script: ScriptNo) -> Option<End> {
        self.tasks[script].end.take()
    }

    /// The await of a handle: what is there is taken, else the poller is woken when it is.
    /// One whose future is still to be dropped holds its guards: it isn't joined yet.
    pub(crate) fn poll_handle(&mut self, script: ScriptNo, me: ScriptNo) -> Polled<End> {
        if !self.tasks[script].buried {
            self.tasks[script].awaited_by = Some(me);
            return Polled::Pending;
        }
        Polled::Ready(self.tasks[script].end.take().expect("it is taken once"))
    }

    /// Whoever drops the handle drops the output with it, and gets the panic if there is one.
    pub(crate) fn drop_handle(&mut self, script: ScriptNo) {
        self.tasks[script].handle = false;
        self.tasks[script].awaited_by = None;
        if self.tasks[script].buried
            && let Some(Ok(output)) = self.tasks[script].end.take()
        {
            (output.destructor)(self);
        }
    }

    // ---- Waits ------------------------------------------------------------------------------

    pub(crate) fn arm(&mut self, script: ScriptNo) -> WaitNo {
        self.waits.push(Wait { script, over: false, moves: false, wrapped: self.wrapped });
        self.waits.len() - 1
    }

    pub(crate) fn is_over(&self, wait: WaitNo) -> bool {
        self.waits[wait].over
    }

    /// Polled again before its time: it keeps its place, and wakes whoever polled it last.
    pub(crate) fn arm_again(&mut self, wait: WaitNo, script: ScriptNo) {
        self.waits[wait].script = script;
        self.waits[wait].wrapped = self.wrapped;
    }

    pub(crate) fn end_wait(&mut self, wait: WaitNo) {
        self.waits[wait].over = true;
        self.wake(self.waits[wait].script);
    }

    /// A wait that is dropped leaves nothing behind.
    pub(crate) fn disarm(&mut self, wait: WaitNo) {
        self.timers.retain(|timer| timer.wait != wait);
        for lane in &mut self.lanes {
            lane.next_frame.retain(|&other| other != wait);
        }
        for signal in &mut self.signals {
            signal.waiters.retain(|&other| other != wait);
        }
    }

    /// `frames(n)`: the next step is waited for in a list, later ones on the lane's frame clock.
    pub(crate) fn arm_frames(&mut self, script: ScriptNo, frames: u64) -> Option<WaitNo> {
        let lane = self.tasks[script].lane;
        match frames {
            0 => None,
            1 => {
                let wait = self.arm(script);
                self.lanes[lane].next_frame.push(wait);
                Some(wait)
            }
            _ => {
                let clock = self.frame_clock(lane);
                self.arm_timer(script, clock, self.clocks[clock].now + frames)
            }
        }
    }

    /// A deadline that has passed doesn't wait.
    pub(crate) fn arm_timer(&mut self, script: ScriptNo, clock: ClockNo, deadline: u64) -> Option<WaitNo> {
        if deadline <= self.clocks[clock].now {
            return None;
        }
        let wait = self.arm(script);
        self.timers.push(Timer { clock, deadline, wait });
        Some(wait)
    }

    pub(crate) fn add_signal(&mut self) -> SignalNo {
        self.signals.push(Signal::default());
        self.signals.len() - 1
    }

    pub(crate) fn raises(&self, signal: SignalNo) -> u64 {
        self.signals[signal].raises
    }

    /// Waits for a raise after the one numbered `seen`.
    pub(crate) fn arm_signal(&mut self, script: ScriptNo, signal: SignalNo, seen: u64) -> Option<WaitNo> {
        if self.signals[signal].raises != seen {
            return None;
        }
        let wait = self.arm(script);
        self.signals[signal].waiters.push(wait);
        Some(wait)
    }

    pub(crate) fn raise(&mut self, signal: SignalNo) {
        self.signals[signal].raises += 1;
        for wait in take(&mut self.signals[signal].waiters) {
            self.end_wait(wait);
        }
    }

    /// `resume_in`: the script is released by the next step of another lane, and lives there from then on.
    pub(crate) fn arm_move(&mut self, script: ScriptNo, lane: LaneNo) -> Option<WaitNo> {
        if self.tasks[script].lane == lane {
            return None;
        }
        let wait = self.arm(script);
        self.waits[wait].moves = true;
        self.lanes[lane].next_frame.push(wait);
        Some(wait)
    }

    // ---- Scopes -----------------------------------------------------------------------------

    pub(crate) fn open_scope(&mut self, parent: ScriptNo) -> ScopeNo {
        self.scopes.push(Scope { parent, body_over: false, over: false, children: Vec::new() });
        self.scopes.len() - 1
    }

    /// The body has ended: those who were branched are cancelled, in order of creation.
    pub(crate) fn end_scope_body(&mut self, scope: ScopeNo) {
        self.scopes[scope].body_over = true;
        for (child, waited_for) in self.scopes[scope].children.clone() {
            if !waited_for {
                self.cancel(child);
            }
        }
    }

    /// All children have ended and been dropped: those branched as well, once they were cancelled.
    pub(crate) fn scope_is_empty(&self, scope: ScopeNo) -> bool {
        self.scopes[scope].children.iter().all(|&(child, _)| self.tasks[child].buried)
    }

    /// The scope is dropped before its end: all its children are cancelled, in order of creation.
    pub(crate) fn cancel_scope(&mut self, scope: ScopeNo) {
        for (child, _) in self.scopes[scope].children.clone() {
            self.cancel(child);
        }
        self.close_scope(scope);
    }

    /// The scope has ended; nobody waits for its children any more.
    pub(crate) fn close_scope(&mut self, scope: ScopeNo) {
        self.scopes[scope].over = true;
        self.scopes[scope].children.clear();
    }

    // ---- Lanes, clocks, questions -----------------------------------------------------------

    pub(crate) fn add_lane(&mut self) -> LaneNo {
        let lane = self.lanes.len();
        self.lanes.push(Lane::default());
        self.add_any_clock(lane, true, None);
        self.add_any_clock(lane, false, None);
        lane
    }

    pub(crate) fn add_clock(&mut self, lane: LaneNo) -> ClockNo {
        self.add_any_clock(lane, false, None)
    }

    pub(crate) fn add_driven_clock(&mut self, lane: LaneNo) -> ClockNo {
        self.add_any_clock(lane, false, Some(0))
    }

    fn add_any_clock(&mut self, lane: LaneNo, counts_frames: bool, driven: Option<u64>) -> ClockNo {
        self.clocks.push(Clock { lane, counts_frames, now: 0, paused: false, driven, scale: (1, 1), carry: 0 });
        self.clocks.len() - 1
    }

    fn frame_clock(&self, lane: LaneNo) -> ClockNo {
        self.clocks.iter().position(|clock| clock.lane == lane).expect("a lane has clocks")
    }

    /// The clock that `sleep` follows in a script: its own, or else its lane's.
    pub(crate) fn clock_of(&self, script: ScriptNo) -> ClockNo {
        self.tasks[script].clock.unwrap_or_else(|| self.lane_clock(self.tasks[script].lane))
    }

    pub(crate) fn follow(&mut self, script: ScriptNo, clock: Option<ClockNo>) {
        self.tasks[script].clock = clock;
    }

    /// The lane's own clock.
    pub(crate) fn lane_clock(&self, lane: LaneNo) -> ClockNo {
        self.frame_clock(lane) + 1
    }

    pub(crate) fn now(&self, clock: ClockNo) -> u64 {
        self.clocks[clock].now
    }

    pub(crate) fn pause(&mut self, clock: ClockNo, paused: bool) {
        self.clocks[clock].paused = paused;
    }

    /// A clock that is paused takes nothing.
    pub(crate) fn drive(&mut self, clock: ClockNo, nanos: u64) {
        let clock = &mut self.clocks[clock];
        if let Some(given) = &mut clock.driven
            && !clock.paused
        {
            *given += nanos;
        }
    }

    pub(crate) fn set_scale(&mut self, clock: ClockNo, num: u64, den: u64) {
        // What is carried keeps its worth, rounded down to the new unit.
        self.clocks[clock].carry = self.clocks[clock].carry * den / self.clocks[clock].scale.1;
        self.clocks[clock].scale = (num, den);
    }

    pub(crate) fn live(&self) -> usize {
        self.tasks.iter().filter(|task| !task.retired).count()
    }

    pub(crate) fn is_ready(&self, script: ScriptNo) -> bool {
        self.lanes[self.tasks[script].lane].ready.contains(&script)
    }

    /// Nothing would happen in a next frame but for the passing of time.
    pub(crate) fn is_idle(&self) -> bool {
        let frames = |timer: &Timer| self.clocks[timer.clock].counts_frames;
        self.inbox.is_empty()
            && self.lanes.iter().all(|lane| lane.ready.is_empty() && lane.next_frame.is_empty())
            && !self.timers.iter().any(frames)
    }

    /// The shortest step of the main lane that makes a timer due.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let runs = |clock: &Clock| {
            let advances = !clock.counts_frames && clock.driven.is_none() && !clock.paused && clock.scale.0 > 0;
            clock.lane == MAIN && advances
        };
        let timers = self.timers.iter().filter(|timer| runs(&self.clocks[timer.clock]));
        timers
            .map(|timer| {
                let clock = &self.clocks[timer.clock];
                let (num, den) = clock.scale;
                ((timer.deadline - clock.now) * den - clock.carry).div_ceil(num)
            })
            .min()
    }
}
