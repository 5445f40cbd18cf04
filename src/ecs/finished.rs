//! Waiting until another script has ended.
//!
//! The rule: a script that ends, in whatever way, wakes those who wait for it, in the order in which they
//! began to: in the same step, if both are of one lane. One that was cancelled has been dropped by then.
//! One that has ended already isn't waited for.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::lists::MemberKey;
use super::me::Me;
use super::registry::{Registry, ScriptId};
use super::stage::{self, StoreKey};
use crate::executor::{WaitKind, current};

impl Me {
    /// Waits until another script has ended: by itself, by an error or a panic, or by being cancelled.
    ///
    /// Who waits goes on in the same step, if both are of one lane. A script that has ended already, and
    /// one of another world, isn't waited for. Dropping the wait takes it back.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, Script, frames, join_all};
    ///
    /// async fn wave(me: Me) -> Result {
    ///     let mut enemies = Vec::new();
    ///     for _ in 0..3 {
    ///         enemies.push(me.spawn_script(Script::new(async |_: Me| { frames(60).await; Ok(()) }))?);
    ///     }
    ///     join_all(enemies.into_iter().map(|enemy| me.finished(enemy))).await;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    /// When a script waits for its own end: it would wait for ever. When first awaited in a nested access or
    /// outside of a step.
    #[track_caller]
    pub fn finished(&self, script: ScriptId) -> Finished {
        assert_ne!(script, self.id(), "a script can't wait for its own end: return, or wait for another");
        Finished { script, store: self.store(), at: Location::caller(), state: State::New }
    }
}

/// The wait that [`Me::finished`] gives.
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Finished {
    script: ScriptId,
    store: StoreKey,
    at: &'static Location<'static>,
    state: State,
}

enum State {
    New,
    Waiting(Arc<Registry>, MemberKey),
    Over,
}

impl Future for Finished {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (registry, wait) = match mem::replace(&mut this.state, State::Over) {
            State::New => match stage::access(this.store, |stage| stage.store().registry()) {
                Ok(registry) => (registry, None),
                Err(error) => panic!("can't wait for the end of a script: {error}"),
            },
            State::Waiting(registry, wait) => (registry, Some(wait)),
            State::Over => panic!("`finished` was polled after it had ended: await it once"),
        };
        let Some(wait) = registry.wait_for(this.script, wait, context.waker()) else { return Poll::Ready(()) };
        this.state = State::Waiting(registry, wait);
        current::try_with(|core| core.note(WaitKind::Join, this.at));
        Poll::Pending
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        if let State::Waiting(registry, wait) = &self.state {
            registry.stop_waiting(*wait);
        }
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished").field("script", &self.script).field("at", &self.at).finish_non_exhaustive()
    }
}
