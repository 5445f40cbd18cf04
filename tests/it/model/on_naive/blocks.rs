//! Scripts and their blocks as step machines, with their locals and what these do when dropped.
//!
//! Rule: `on_real/blocks.rs` holds the same as `async` blocks; here drops are spelt out, by `discard`.

use super::*;
use crate::model::{
    naive::{Machine, Output, Polled},
    waits::{self, Waiting},
};

/// A script: says when it is polled, when it ends, and when it is dropped.
pub(super) struct Root {
    who: Who,
    body: Body,
    output: Vec<Op>,
}

impl Root {
    pub(super) fn new(who: Who, ops: Vec<Op>, output: Vec<Op>) -> Self {
        Self { body: Body::new(who.clone(), ops), who, output }
    }
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
            NextValue(number) => outside::next_value(&self.who, *number),
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
            Until(parts) => Box::new(waits::Until::new(self.build_all(exec, &two(parts)))),
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
