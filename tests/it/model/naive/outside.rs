//! What comes from outside of the naive executor: wakes, closures, and the values of inlets.
//!
//! Rule: all of it stands in one inbox, in order of arrival, and is taken in at step 2. Whoever comes after the
//! executor's end is told so, and what stands there at its end is dropped then, behind the values that nobody took.

use super::*;
use std::any::Any;

/// A value for an inlet; its own `Drop` says when it is dropped.
pub(crate) type Value = Box<dyn Any>;

/// Something from outside.
pub(super) enum Post {
    /// A wake from another thread.
    Wake(ScriptNo),
    /// A closure; what it holds may say when it is dropped.
    Run(Box<dyn FnOnce(&mut Naive)>),
    Value(InletNo, Value),
    /// The inlet has no sender any more.
    LastSent(InletNo),
}

/// Values that scripts wait for.
#[derive(Default)]
pub(super) struct Inlet {
    /// What has come and wasn't taken yet.
    values: VecDeque<Value>,
    /// The script that waits: the one that polled last.
    waiter: Option<ScriptNo>,
    last_sent: bool,
    closed: bool,
}

impl Naive {
    pub(super) fn take_in(&mut self, post: Post) {
        match post {
            Post::Wake(script) => self.wake(script),
            Post::Run(act) => {
                let (_, panicked) = self.guarded(act);
                if panicked {
                    self.counts.panicked += 1;
                    self.incidents.push((Incident::Panicked, None));
                }
            }
            // Of an inlet that is gone: dropped here.
            Post::Value(inlet, _) if self.inlets[inlet].closed => {}
            Post::Value(inlet, value) => {
                self.inlets[inlet].values.push_back(value);
                self.wake_at_inlet(inlet);
            }
            Post::LastSent(inlet) => {
                self.inlets[inlet].last_sent = true;
                self.wake_at_inlet(inlet);
            }
        }
    }

    fn wake_at_inlet(&mut self, inlet: InletNo) {
        if let Some(script) = self.inlets[inlet].waiter.take() {
            self.wake(script);
        }
    }

    /// At the end: the values that nobody took, inlet by inlet, then what wasn't taken in.
    pub(super) fn drop_what_stands(&mut self) {
        for inlet in &mut self.inlets {
            inlet.values.drain(..).for_each(drop);
        }
        self.inbox.drain(..).for_each(drop);
    }

    /// A wake that is there already keeps its place.
    pub(crate) fn wake_from_thread(&mut self, script: ScriptNo) {
        let is_there = self.inbox.iter().any(|post| matches!(post, Post::Wake(other) if *other == script));
        if !is_there {
            self.inbox.push(Post::Wake(script));
        }
    }

    /// Whether anything is taken in.
    pub(crate) fn is_open(&self) -> bool {
        !self.shut
    }

    /// `false` when the executor has ended: then the closure is dropped here.
    pub(crate) fn hand_in(&mut self, act: impl FnOnce(&mut Naive) + 'static) -> bool {
        if !self.shut {
            self.inbox.push(Post::Run(Box::new(act)));
        }
        !self.shut
    }

    /// A script that was handed in has nobody who holds its handle.
    pub(crate) fn spawn_handed_in(&mut self, machine: Box<dyn Machine<Output>>) -> ScriptNo {
        let script = self.spawn(Some(MAIN), None, machine);
        self.tasks[script].handle = false;
        if self.tasks[script].retired {
            self.incidents.push((Incident::Refused, None));
        }
        script
    }

    pub(crate) fn open_inlet(&mut self) -> InletNo {
        self.inlets.push(Inlet::default());
        self.inlets.len() - 1
    }

    /// Gives the value back when the inlet or the executor is gone.
    pub(crate) fn send(&mut self, inlet: InletNo, value: Value) -> Result<(), Value> {
        if self.inlets[inlet].closed || self.shut {
            return Err(value);
        }
        self.inbox.push(Post::Value(inlet, value));
        Ok(())
    }

    pub(crate) fn drop_sender(&mut self, inlet: InletNo) {
        if !self.shut {
            self.inbox.push(Post::LastSent(inlet));
        }
    }

    /// The values that nobody took are dropped with it.
    pub(crate) fn close_inlet(&mut self, inlet: InletNo) {
        self.inlets[inlet].closed = true;
        self.inlets[inlet].waiter = None;
        self.inlets[inlet].values.drain(..).for_each(drop);
    }

    /// The next value; `Ready(None)` when none will come, and else `script` is woken when that changes.
    pub(crate) fn next_value(&mut self, inlet: InletNo, script: Option<ScriptNo>) -> Polled<Option<Value>> {
        let ended = self.shut;
        let inlet = &mut self.inlets[inlet];
        if let Some(value) = inlet.values.pop_front() {
            return Polled::Ready(Some(value));
        }
        if inlet.last_sent || ended {
            return Polled::Ready(None);
        }
        if script.is_some() {
            inlet.waiter = script;
        }
        Polled::Pending
    }

    /// The wait was dropped.
    pub(crate) fn forget_waiter(&mut self, inlet: InletNo) {
        self.inlets[inlet].waiter = None;
    }
}
