//! Waiting until another script has ended.
//!
//! The rule: a script that ends, in whatever way, wakes those who wait for it, in the order in which they
//! began to: in the same step, if both are of one lane. One that was cancelled has been dropped by then.
//! One that has ended already isn't waited for.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::me::Me;
use super::registry::{Registry, ScriptId};
use super::stage;
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
    /// When a script waits for its own end: it would wait for ever.
    #[track_caller]
    pub fn finished(&self, script: ScriptId) -> Finished {
        assert_ne!(script, self.id(), "a script can't wait for its own end: return, or wait for another");
        let registry = stage::access(self.store(), |stage| stage.store().registry()).ok();
        Finished { script, registry, waiting: None, at: Location::caller() }
    }
}

/// The wait that [`Me::finished`] gives.
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Finished {
    script: ScriptId,
    /// `None` out of reach of the world, and when it is over.
    registry: Option<Arc<Registry>>,
    waiting: Option<u64>,
    at: &'static Location<'static>,
}

impl Future for Finished {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(registry) = &this.registry else { return Poll::Ready(()) };
        match registry.wait_for(this.script, this.waiting, context.waker()) {
            Some(waiting) => this.waiting = Some(waiting),
            None => {
                this.registry = None;
                return Poll::Ready(());
            }
        }
        current::try_with(|core| core.note(WaitKind::Join, this.at));
        Poll::Pending
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        if let (Some(registry), Some(waiting)) = (&self.registry, self.waiting) {
            registry.stop_waiting(waiting);
        }
    }
}

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished").field("script", &self.script).field("at", &self.at).finish_non_exhaustive()
    }
}
