//! Clean-up that is certain: a guard that does something with the world when it is dropped.
//!
//! The rule: it runs once, where the block that holds it ends, in whatever way: at its end, by `?`, as the
//! loser of a race, by a panic, or by the end of the script, whose owner is gone by then. It can't wait. If
//! the world is in use at that moment it runs as soon as it isn't, before anything else of any script.
//! A script that is dropped with its world finds none, and its clean-up doesn't run.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::rc::{Rc, Weak};

use bevy_ecs::world::World;

use super::checks::guarded;
use super::me::Me;
use super::stage;
use super::store::Store;
use crate::executor::drop_payload;

impl Me {
    /// Has `clean_up` run when the guard that this gives is dropped: at the end of the block that holds
    /// it, however that comes about.
    ///
    /// - The loser of a race cleans up at once, before the winner's output is given.
    /// - A script whose owner was despawned cleans up before any other script is polled; its owner is
    ///   gone by then.
    /// - A script that panics cleans up while it unwinds.
    /// - A panic of the clean-up itself ends the script that drops it; one on top of another, and one of a
    ///   clean-up that had to be put off, is told to Bevy's error handler and ends nothing.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, Script, step_scripts};
    ///
    /// #[derive(Resource)]
    /// struct Music(&'static str);
    ///
    /// let mut world = World::new();
    /// world.insert_resource(Music("calm"));
    /// let boss = world.spawn(Script::new(async |me: Me| {
    ///     me.resource_mut(|mut music: Mut<Music>| music.0 = "battle")?;
    ///     let _calm = me.defer(|world| world.resource_mut::<Music>().0 = "calm");
    ///     std::future::pending().await                           // fights on, until it is despawned
    /// })).id();
    /// step_scripts(&mut world);
    /// assert_eq!(world.resource::<Music>().0, "battle");
    /// world.despawn(boss);
    /// step_scripts(&mut world);
    /// assert_eq!(world.resource::<Music>().0, "calm");
    /// ```
    #[track_caller]
    pub fn defer<F>(&self, clean_up: F) -> Deferred<F>
    where
        F: FnOnce(&mut World) + 'static,
    {
        let store = stage::store(self.store()).map_or_else(Weak::new, |store| Rc::downgrade(&store));
        Deferred { me: *self, store, at: Location::caller(), clean_up: Some(clean_up) }
    }
}

/// The guard of [`Me::defer`].
#[must_use = "it cleans up when it is dropped: keep it, as in `let _clean_up = ..`"]
pub struct Deferred<F: FnOnce(&mut World) + 'static> {
    me: Me,
    /// Whom to leave it to when the world is in use.
    store: Weak<Store>,
    at: &'static Location<'static>,
    clean_up: Option<F>,
}

impl<F: FnOnce(&mut World) + 'static> Deferred<F> {
    /// Lets the clean-up go: it won't run.
    pub fn disarm(mut self) {
        self.clean_up = None;
    }
}

impl<F: FnOnce(&mut World) + 'static> Drop for Deferred<F> {
    fn drop(&mut self) {
        let Some(clean_up) = self.clean_up.take() else { return };
        let mut clean_up = Some(clean_up);
        let mut run = || {
            self.me.world(|world| {
                if let Some(clean_up) = clean_up.take() {
                    clean_up(world);
                }
            })
        };
        if !std::thread::panicking() {
            let _ = run();
        } else if let Err(payload) = guarded(run) {
            // A second panic on top of one that unwinds would end the process.
            if let Some(store) = self.store.upgrade() {
                store.failures.clean_up_panicked(self.me, self.at, &payload);
            }
            drop_payload(payload);
        }
        if let Some(clean_up) = clean_up
            && let Some(store) = self.store.upgrade()
        {
            store.run_late(CleanUp { me: self.me, at: self.at, clean_up: Box::new(clean_up) });
        }
    }
}

impl<F: FnOnce(&mut World) + 'static> fmt::Debug for Deferred<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").field("me", &self.me).finish_non_exhaustive()
    }
}

/// A clean-up that waits for the world to be free.
pub(crate) struct CleanUp {
    me: Me,
    at: &'static Location<'static>,
    clean_up: Box<dyn FnOnce(&mut World)>,
}

/// Clean-ups of one store that found the world in use, in order.
#[derive(Default)]
pub(crate) struct LateCleanUps(RefCell<VecDeque<CleanUp>>);

impl LateCleanUps {
    pub(crate) fn push(&self, clean_up: CleanUp) {
        self.0.borrow_mut().push_back(clean_up);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Runs them, if the world is free by now. Whoever left them is gone, and nobody else is to suffer for
    /// their panics.
    pub(crate) fn run(&self, store: &Store) {
        while !self.is_empty() && stage::access(store.key, |_| ()).is_ok() {
            let Some(CleanUp { me, at, clean_up }) = self.0.borrow_mut().pop_front() else { return };
            let ran = stage::access(store.key, |stage| {
                guarded(|| {
                    clean_up(&mut stage.world);
                    stage.world.flush();
                })
            });
            if let Ok(Err(payload)) = ran {
                store.failures.clean_up_panicked(me, at, &payload);
                drop_payload(payload);
            }
        }
    }
}
