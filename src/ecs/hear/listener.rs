//! The two waits for what is heard: for the next one, and for one after the other.
//!
//! Bounds: a listener keeps the newest `bound` (1,024 unless set); older ones give way and are counted
//! (`missed`). Counted, too, are messages that were gone before a step could read them: Bevy clears a
//! message after two updates, and a system may drain or clear the buffer.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::tuned::Tuned;
use crate::executor::current;

/// How many a listener keeps unless told otherwise.
pub(super) const BOUND: usize = 1024;

/// A script's ear for messages or events, from [`Me::listen`](crate::Me::listen) or
/// [`Source::listen`](crate::Source::listen): it keeps what comes until the script asks for it.
///
/// **Order.** What it gives comes in the order in which it was written or triggered. Scripts that wait for
/// messages are woken in the order in which they began to wait, in step 5 of a step, for all that was
/// written until then; what is written after that is found by whoever asks in the same step, and wakes in
/// the next. Events wake those who wait for them when they are triggered, in the same order.
///
/// **Bound.** It keeps the newest 1,024, or what [`bounded`](Self::bounded) says; older ones give way.
/// [`missed`](Self::missed) counts those.
///
/// **Cancelling** a `next().await` loses nothing. Dropping the listener ends it at once.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, step_scripts};
///
/// #[derive(Message, Clone)]
/// struct Hit(i32);
/// #[derive(Component)]
/// struct Health(i32);
///
/// let mut world = World::new();
/// world.init_resource::<Messages<Hit>>();
/// let troll = world.spawn((Health(9), Script::new(async |me: Me| {
///     let mut hits = me.listen::<Hit>();
///     loop {
///         let hit = hits.next().await;
///         me.with(|mut health: Mut<Health>| health.0 -= hit.0)?;
///     }
/// }))).id();
///
/// step_scripts(&mut world);
/// world.write_message(Hit(2));
/// world.write_message(Hit(3));
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Health>(troll).unwrap().0, 4);
/// ```
#[must_use = "a listener hears only as long as it is kept"]
pub struct Listener<T> {
    tuned: Tuned<T>,
}

impl<T: 'static> Listener<T> {
    pub(super) fn new(tuned: Tuned<T>) -> Self {
        Listener { tuned }
    }

    /// Sets how many are kept; the oldest give way. At least one is.
    pub fn bounded(self, count: usize) -> Self {
        self.tuned.ears().set_bound(self.tuned.row(), count.max(1));
        self
    }

    /// Waits for the next one, or gives the oldest that is kept.
    ///
    /// # Panics
    /// In the script, if a closure panicked that was given to the [`Source`](crate::Source).
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "it is awaited, as the `next` of any stream")]
    pub fn next(&mut self) -> NextHeard<'_, T> {
        NextHeard { listener: self, at: Location::caller() }
    }

    /// The oldest that is kept, without waiting.
    pub fn try_next(&mut self) -> Option<T> {
        self.tuned.pull();
        self.tuned.ears().pop(self.tuned.row())
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.tuned.pull();
        self.tuned.ears().kept(self.tuned.row())
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets those that are kept: the next one comes after this.
    pub fn clear(&mut self) {
        for _ in 0..self.len() {
            drop(self.tuned.ears().pop(self.tuned.row()));
        }
    }

    /// How many were lost to the bound, or were gone before a step could read them.
    pub fn missed(&self) -> u64 {
        self.tuned.ears().missed(self.tuned.row())
    }
}

impl<T> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ears, row) = (self.tuned.ears(), self.tuned.row());
        f.debug_struct("Listener")
            .field("kept", &ears.kept(row))
            .field("missed", &ears.missed(row))
            .finish_non_exhaustive()
    }
}

/// The wait that [`Listener::next`] gives.
#[must_use = "a wait does nothing unless it is awaited"]
#[derive(Debug)]
pub struct NextHeard<'a, T: 'static> {
    listener: &'a mut Listener<T>,
    at: &'static Location<'static>,
}

impl<T: 'static> Future for NextHeard<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        poll(&self.listener.tuned, self.at, context)
    }
}

impl<T> Drop for NextHeard<'_, T> {
    fn drop(&mut self) {
        self.listener.tuned.ears().disarm(self.listener.tuned.row());
    }
}

/// The wait for one message or event: what a [`Source`](crate::Source) is when it is awaited.
///
/// It hears from its creation on, and keeps the first that comes. Dropping it ends it at once.
#[must_use = "a wait does nothing unless it is awaited"]
pub struct Heard<T> {
    tuned: Tuned<T>,
    at: &'static Location<'static>,
}

impl<T> Heard<T> {
    pub(super) fn new(tuned: Tuned<T>, at: &'static Location<'static>) -> Self {
        Heard { tuned, at }
    }
}

impl<T> fmt::Debug for Heard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").field("at", &self.at).finish_non_exhaustive()
    }
}

impl<T: 'static> Future for Heard<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        poll(&self.tuned, self.at, context)
    }
}

fn poll<T>(tuned: &Tuned<T>, at: &'static Location<'static>, context: &Context<'_>) -> Poll<T> {
    let polled = tuned.poll(context);
    if polled.is_pending() {
        current::try_with(|core| core.note(tuned.wait_kind(), at));
    }
    polled
}
