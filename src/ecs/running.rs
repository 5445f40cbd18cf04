//! A script's future: its closure until the first poll, then what that gave; and the guard that tells how
//! it ended.
//!
//! The rule: the guard tells once, and last, when nothing of the script is left: that it finished, or that
//! it was dropped on the way. A panic drops the script while it unwinds, which gives it its place in the
//! order of what went wrong. What hangs on a script that ends is seen to at once: those that it owns are
//! cancelled, and those who wait for it woken, before anything else is polled.
//!
//! How: written out rather than as an `async` block, which would keep what it captured beside what it
//! awaits. Each resume reads all of a script's future, so its bytes are time.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bevy_ecs::error::Result;
use pin_project_lite::pin_project;

use super::checks::guarded;
use super::me::Me;
use super::registry::{Registry, ScriptId};
use super::stage::{self, StoreKey};
use crate::executor::drop_payload;

pin_project! {
    /// The future of a script: `start` gives it in the first poll.
    pub(crate) struct Running<S, F> {
        #[pin]
        state: State<S, F>,
        end: End,
    }
}

pin_project! {
    #[project = Project]
    enum State<S, F> {
        New { start: Option<S> },
        Begun { #[pin] script: F },
        Over,
    }
}

impl<S, F> Running<S, F>
where
    S: FnOnce() -> F,
    F: Future<Output = Result>,
{
    pub(crate) fn new(start: S, end: End) -> Self {
        Running { state: State::New { start: Some(start) }, end }
    }
}

impl<S, F> Future for Running<S, F>
where
    S: FnOnce() -> F,
    F: Future<Output = Result>,
{
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut unwinding = Unwinding(self.as_mut());
        let mut state = unwinding.0.as_mut().project().state;
        let polled = state.as_mut().poll(context);
        if polled.is_ready() {
            state.set(State::Over);
        }
        mem::forget(unwinding);
        polled.map(|result| self.project().end.finish(result))
    }
}

impl<S, F> State<S, F>
where
    S: FnOnce() -> F,
    F: Future<Output = Result>,
{
    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result> {
        loop {
            match self.as_mut().project() {
                Project::Begun { script } => return script.poll(context),
                Project::New { start } => {
                    let start = start.take().expect("a script that unwinds is over");
                    let script = start();
                    self.set(State::Begun { script });
                }
                Project::Over => panic!("a script isn't polled after its end"),
            }
        }
    }
}

/// Lives for a poll, and is dropped only where that poll unwinds.
struct Unwinding<'a, S, F>(Pin<&'a mut Running<S, F>>);

impl<S, F> Drop for Unwinding<'_, S, F> {
    fn drop(&mut self) {
        let mut this = self.0.as_mut().project();
        this.state.set(State::Over);
        this.end.drop_on_the_way();
    }
}

/// Tells how a script ended: finished, or dropped on the way.
pub(crate) struct End {
    /// `None` when it has told.
    registry: Option<Arc<Registry>>,
    id: ScriptId,
    store: StoreKey,
}

impl End {
    pub(crate) fn new(me: Me, registry: Arc<Registry>) -> Self {
        End { registry: Some(registry), id: me.id(), store: me.store() }
    }

    fn finish(&mut self, result: Result) {
        if let Some(store) = stage::store(self.store)
            && let Some(registry) = self.registry.take()
        {
            store.finish(&registry, self.id, result);
        }
    }

    fn drop_on_the_way(&mut self) {
        let Some(registry) = self.registry.take() else { return };
        let store = stage::store(self.store);
        let unwinds = std::thread::panicking();
        if unwinds && let Some(store) = &store {
            store.panicked(self.id);
        }
        // It panicked, or its executor cancelled it: have the rest done by post. If it was cancelled by
        // way of the registry, this finds nothing to do.
        let has_ended = registry.retire(self.id);
        let Some(store) = store.filter(|_| has_ended) else { return };
        if unwinds {
            // A second panic on top of one that unwinds would end the process. Nobody is left to be told.
            if let Err(payload) = guarded(|| store.settle()) {
                drop_payload(payload);
            }
        } else {
            store.settle();
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.drop_on_the_way();
    }
}
