//! The built-in waits as step machines over the naive executor.
//!
//! Rule: a wait arms at its first poll, by asking the executor; one that is over by then doesn't
//! yield. Combinators poll their parts in argument order and drop losers in argument order,
//! before they give their value. Each wait's value is a word for the log.

use super::naive::{ClockNo, LaneNo, Machine, Naive, Polled, ScopeNo, ScriptNo, SignalNo, WaitNo};
use crate::model::program::Missed;

/// A wait: a machine that ends with a word.
pub(crate) type Waiting = Box<dyn Machine<String>>;

type Arm = Box<dyn FnOnce(&mut Naive, ScriptNo) -> Option<WaitNo>>;

/// One registration with the executor.
struct Leaf {
    word: &'static str,
    arm: Option<Arm>,
    armed: Option<WaitNo>,
}

fn leaf(word: &'static str, arm: impl FnOnce(&mut Naive, ScriptNo) -> Option<WaitNo> + 'static) -> Waiting {
    Box::new(Leaf { word, arm: Some(Box::new(arm)), armed: None })
}

impl Machine<String> for Leaf {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        if let Some(arm) = self.arm.take() {
            self.armed = arm(exec, me);
            if self.armed.is_some() {
                return Polled::Pending;
            }
        }
        match self.armed {
            Some(wait) if !exec.is_over(wait) => {
                exec.arm_again(wait, me);
                Polled::Pending
            }
            _ => Polled::Ready(self.word.to_string()),
        }
    }

    fn discard(&mut self, exec: &mut Naive) {
        if let Some(wait) = self.armed.take() {
            exec.disarm(wait);
        }
    }
}

pub(crate) fn frames(frames: u64) -> Waiting {
    leaf("frames", move |exec, me| exec.arm_frames(me, frames))
}

/// On `clock`, or on the one that the script follows.
pub(crate) fn sleep(clock: Option<ClockNo>, nanos: u64) -> Waiting {
    leaf("slept", move |exec, me| {
        let clock = clock.unwrap_or_else(|| exec.clock_of(me));
        let deadline = exec.now(clock) + nanos;
        exec.arm_timer(me, clock, deadline)
    })
}

pub(crate) fn sleep_until(clock: ClockNo, deadline: u64) -> Waiting {
    leaf("slept", move |exec, me| exec.arm_timer(me, clock, deadline))
}

/// Sees the raises that come after its creation.
pub(crate) fn raised(exec: &Naive, signal: SignalNo) -> Waiting {
    let seen = exec.raises(signal);
    leaf("raised", move |exec, me| exec.arm_signal(me, signal, seen))
}

pub(crate) fn never() -> Waiting {
    leaf("never", |exec, me| Some(exec.arm(me)))
}

pub(crate) fn resume_in(lane: LaneNo) -> Waiting {
    leaf("moved", move |exec, me| exec.arm_move(me, lane))
}

/// Wakes its own script so many times.
pub(crate) struct Yield(pub(crate) u8);

impl Machine<String> for Yield {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        if self.0 == 0 {
            return Polled::Ready("yielded".to_string());
        }
        self.0 -= 1;
        exec.wake(me);
        Polled::Pending
    }

    fn discard(&mut self, _: &mut Naive) {}
}

/// A panic on its way up drops what the innermost wait holds first.
fn unwound(wait: &mut impl Machine<String>, exec: &mut Naive) -> Polled<String> {
    wait.discard(exec);
    Polled::Panicked
}

/// `join`: polls those that haven't ended, in order; ends with the last.
pub(crate) struct Join {
    parts: Vec<Waiting>,
    words: Vec<Option<String>>,
}

impl Join {
    pub(crate) fn new(parts: Vec<Waiting>) -> Self {
        let words = parts.iter().map(|_| None).collect();
        Self { parts, words }
    }
}

impl Machine<String> for Join {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        for (part, word) in self.parts.iter_mut().zip(&mut self.words) {
            if word.is_none() {
                match part.poll(exec, me) {
                    Polled::Ready(value) => *word = Some(value),
                    Polled::Pending => {}
                    Polled::Panicked => return unwound(self, exec),
                }
            }
        }
        if self.words.iter().any(Option::is_none) {
            return Polled::Pending;
        }
        let words: Vec<String> = self.words.iter_mut().map(|word| word.take().expect("all are there")).collect();
        Polled::Ready(format!("join[{}]", words.join(" ")))
    }

    fn discard(&mut self, exec: &mut Naive) {
        self.parts.iter_mut().for_each(|part| part.discard(exec));
    }
}

/// `race`: polls in order until one has ended; the others are dropped, in order.
pub(crate) struct Race(pub(crate) Vec<Waiting>);

impl Machine<String> for Race {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        for at in 0..self.0.len() {
            match self.0[at].poll(exec, me) {
                Polled::Ready(word) => {
                    self.discard(exec);
                    return if exec.unwinding { Polled::Panicked } else { Polled::Ready(format!("race[{at}:{word}]")) };
                }
                Polled::Pending => {}
                Polled::Panicked => return unwound(self, exec),
            }
        }
        Polled::Pending
    }

    fn discard(&mut self, exec: &mut Naive) {
        for mut part in self.0.drain(..) {
            part.discard(exec);
        }
    }
}

/// Polls a wait through a waker of another make that passes on to the script's.
pub(crate) struct Wrapped(pub(crate) Waiting);

impl Machine<String> for Wrapped {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        let outer = std::mem::replace(&mut exec.wrapped, true);
        let polled = self.0.poll(exec, me);
        exec.wrapped = outer;
        polled
    }

    fn discard(&mut self, exec: &mut Naive) {
        self.0.discard(exec);
    }
}

/// `until`: a race of the two, and the second gives nothing.
pub(crate) struct Until {
    race: Race,
}

impl Until {
    pub(crate) fn new(parts: Vec<Waiting>) -> Self {
        Self { race: Race(parts) }
    }
}

impl Machine<String> for Until {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        match self.race.poll(exec, me) {
            Polled::Ready(word) => Polled::Ready(match word.strip_prefix("race[0:") {
                Some(rest) => format!("until[{rest}"),
                None => "given up".to_string(),
            }),
            other => other,
        }
    }

    fn discard(&mut self, exec: &mut Naive) {
        self.race.discard(exec);
    }
}

/// `timeout`: a race of the wait with the lane's clock, the wait first.
pub(crate) struct Timeout {
    race: Race,
}

impl Timeout {
    pub(crate) fn new(nanos: u64, wait: Waiting) -> Self {
        Self { race: Race(vec![wait, sleep(None, nanos)]) }
    }
}

impl Machine<String> for Timeout {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        match self.race.poll(exec, me) {
            Polled::Ready(word) => Polled::Ready(match word.strip_prefix("race[0:") {
                Some(rest) => format!("in time[{rest}"),
                None => "elapsed".to_string(),
            }),
            other => other,
        }
    }

    fn discard(&mut self, exec: &mut Naive) {
        self.race.discard(exec);
    }
}

/// `interval(period)`, awaited `left` times. It counts from its first poll.
pub(crate) struct Interval {
    clock: Option<ClockNo>,
    period: u64,
    missed: Missed,
    left: u8,
    /// The clock and the deadline that is waited for next, once there is one.
    next: Option<(ClockNo, u64)>,
    armed: Option<WaitNo>,
    words: Vec<String>,
}

impl Interval {
    pub(crate) fn new(clock: Option<ClockNo>, period: u64, missed: Missed, left: u8) -> Self {
        Self { clock, period, missed, left, next: None, armed: None, words: Vec::new() }
    }

    /// The deadline has passed: the periods that it stands for, and the deadline after it.
    fn due(&self, deadline: u64, now: u64) -> (u64, u64) {
        let periods = (now - deadline) / self.period + 1;
        match self.missed {
            // Each period that was missed is made up for, one by one.
            Missed::Burst => (1, deadline + self.period),
            // They are told at once, and the rhythm is kept.
            Missed::Skip => (periods, deadline + periods * self.period),
            // They are told at once, and the rhythm starts anew.
            Missed::Delay => (periods, now + self.period),
        }
    }
}

impl Machine<String> for Interval {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        while self.left > 0 {
            let (clock, deadline) = *self.next.get_or_insert_with(|| {
                let clock = self.clock.unwrap_or_else(|| exec.clock_of(me));
                (clock, exec.now(clock) + self.period)
            });
            if self.armed.is_none() {
                self.armed = exec.arm_timer(me, clock, deadline);
                if self.armed.is_some() {
                    return Polled::Pending;
                }
            }
            if let Some(wait) = self.armed.filter(|&wait| !exec.is_over(wait)) {
                exec.arm_again(wait, me);
                return Polled::Pending;
            }
            let (periods, next) = self.due(deadline, exec.now(clock));
            self.words.push(periods.to_string());
            self.next = Some((clock, next));
            self.armed = None;
            self.left -= 1;
        }
        Polled::Ready(format!("interval[{}]", self.words.join(" ")))
    }

    fn discard(&mut self, exec: &mut Naive) {
        if let Some(wait) = self.armed.take() {
            exec.disarm(wait);
        }
    }
}

/// `scope`: ends when its body and those whom it spawned have ended and been dropped.
pub(crate) struct Scoped {
    state: ScopeState,
}

type ScopeBody = Box<dyn FnOnce(&mut Naive, ScopeNo) -> Waiting>;

enum ScopeState {
    New(ScopeBody),
    Body(ScopeNo, Waiting),
    Children(ScopeNo, String),
    Over,
}

impl Scoped {
    pub(crate) fn new(body: impl FnOnce(&mut Naive, ScopeNo) -> Waiting + 'static) -> Self {
        Self { state: ScopeState::New(Box::new(body)) }
    }
}

impl Machine<String> for Scoped {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        if matches!(self.state, ScopeState::New(_))
            && let ScopeState::New(body) = std::mem::replace(&mut self.state, ScopeState::Over)
        {
            let scope = exec.open_scope(me);
            self.state = ScopeState::Body(scope, body(exec, scope));
        }
        if let ScopeState::Body(scope, body) = &mut self.state {
            match body.poll(exec, me) {
                Polled::Pending => return Polled::Pending,
                Polled::Panicked => return unwound(self, exec),
                Polled::Ready(word) => {
                    let scope = *scope;
                    exec.end_scope_body(scope);
                    self.state = ScopeState::Children(scope, word);
                }
            }
        }
        let ScopeState::Children(scope, word) = &mut self.state else { unreachable!("polled after its end") };
        if !exec.scope_is_empty(*scope) {
            return Polled::Pending;
        }
        let word = std::mem::take(word);
        exec.close_scope(*scope);
        self.state = ScopeState::Over;
        Polled::Ready(format!("scope[{word}]"))
    }

    fn discard(&mut self, exec: &mut Naive) {
        match std::mem::replace(&mut self.state, ScopeState::Over) {
            ScopeState::Body(scope, mut body) => {
                body.discard(exec);
                exec.cancel_scope(scope);
            }
            ScopeState::Children(scope, _) => exec.cancel_scope(scope),
            ScopeState::New(_) | ScopeState::Over => {}
        }
    }
}
