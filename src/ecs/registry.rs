//! Which scripts run: a table that every thread may ask, and the post box of the hooks.
//!
//! The rule: nobody but the thread that steps the scripts ever touches the executor. A hook that sees a
//! `Script` come or go, on whichever thread, notes it here and posts it; the store collects the post, in
//! order, before anything else of a script can run. A script that is cancelled stops being current at
//! once: its generation is moved on, and every later question about its id is answered with no.
//!
//! An index is used again only after the store is done with it, and never once its generations are used up. The numbers of
//! registries, as those of stores, are 32 bits wide and wrap: a week of nothing but making worlds, at a tenth of a
//! millisecond each. Ids of a world that is 2^32 worlds older would then be looked up among those of this one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::thread::ThreadId;
use std::time::Duration;

use bevy_ecs::entity::Entity;
use bevy_ecs::resource::Resource;
use bevy_ecs::schedule::InternedScheduleLabel;

use super::lists::{Lists, MemberKey};
use super::script::{Body, Plan};
use crate::executor::FrameReport;
use crate::executor::shared::{AtomicBool, Mutex, MutexGuard};

#[cfg(all(test, framestep_loom))]
mod interleavings;

/// Names one script, for as long as the process runs: `Copy`, `Send`, and safe to keep after it ended.
///
/// Components and systems can hold it, to ask whether the script still runs, or to cancel it, through
/// the [`ScriptRegistry`]. A stale one finds nothing.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, ScriptRegistry, next_frame, step_scripts};
///
/// let mut world = World::new();
/// let guard = world.spawn(Script::new(async |_: Me| loop { next_frame().await })).id();
/// let id = world.get::<Script>(guard).unwrap().id().unwrap();
/// step_scripts(&mut world);
/// assert!(world.resource::<ScriptRegistry>().is_running(id));
/// world.despawn(guard);
/// assert!(!world.resource::<ScriptRegistry>().is_running(id));
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScriptId {
    registry: u32,
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl fmt::Display for ScriptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index, self.generation)
    }
}

impl fmt::Debug for ScriptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptId({self} of registry {})", self.registry)
    }
}

/// Which scripts of this world run: a resource that any system may read, on any thread.
///
/// It comes into the world with the first `Script`. To put another in its place cancels the scripts that it knows, at
/// the next step. One that is only taken away is put back by that step, unless a `Script` that was inserted meanwhile
/// has brought another.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{ScriptId, ScriptRegistry};
///
/// #[derive(Component)]
/// struct Alarm(ScriptId);
///
/// fn silence(alarms: Query<&Alarm>, scripts: Res<ScriptRegistry>) {
///     for alarm in &alarms {
///         scripts.cancel(alarm.0);
///     }
/// }
/// # bevy_ecs::system::assert_is_system(silence);
/// ```
#[derive(Resource, Debug, Default)]
pub struct ScriptRegistry(pub(crate) Arc<Registry>);

impl ScriptRegistry {
    /// Whether the script runs: from the insertion of its component until it ends or is cancelled.
    ///
    /// A script that was just inserted counts as running, one that was just despawned doesn't.
    pub fn is_running(&self, script: ScriptId) -> bool {
        self.0.is_running(script)
    }

    /// Cancels a script; `false` if it had ended. Nothing of it runs from here on, save for the poll that
    /// may be on the stack, which runs to its next await.
    ///
    /// Its future is dropped in the step that is running, else at the start of the next, where its
    /// destructors find the world. Its `Script` component goes with it.
    pub fn cancel(&self, script: ScriptId) -> bool {
        self.0.retire(script)
    }

    /// How many scripts run.
    pub fn running(&self) -> usize {
        self.0.lock().running
    }

    /// What the last finished step reported, of whichever lane.
    pub fn last_report(&self) -> FrameReport {
        self.0.lock().report
    }
}

/// What the store is to do about a script, in order of posting.
pub(crate) enum Post {
    Start(Launch),
    /// It was cancelled; with the entity that carried, or still carries, its `Script`.
    Retire(ScriptId, Entity),
    /// What says of an entity's scripts whether they stand still, and by which clock they go, may have changed.
    Review(Entity),
    /// The clock of this name is to be set as the registry says.
    SetClock(&'static str),
}

/// How a clock that has a name is to be.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClockSetting {
    pub(crate) is_paused: bool,
    /// Numerator and denominator.
    pub(crate) scale: (u32, u32),
}

impl Default for ClockSetting {
    fn default() -> Self {
        ClockSetting { is_paused: false, scale: (1, 1) }
    }
}

/// A script that is to be started.
pub(crate) struct Launch {
    pub(crate) id: ScriptId,
    /// The entity that carries the `Script`.
    pub(crate) entity: Entity,
    /// The target of the `ScriptOf` that it was inserted with.
    pub(crate) of: Option<Entity>,
    pub(crate) plan: Plan,
    pub(crate) body: Box<dyn Body>,
}

/// The one after it is what an index is left at whose generations are used up, and no id's.
const LAST_GENERATION: u32 = u32::MAX - 1;

pub(crate) struct Registry {
    number: u32,
    has_mail: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of each index, the generation that is current, and the entity that the `Script` was inserted on.
    seats: Vec<(u32, Entity)>,
    free: Vec<u32>,
    /// Who waits for the end of a script, by its index, in the order in which they began to.
    waiting: Lists<Waker>,
    posts: Vec<Post>,
    running: usize,
    report: FrameReport,
    /// The thread that steps these scripts, once one has.
    home: Option<ThreadId>,
    /// By their names.
    clocks: Vec<(&'static str, ClockSetting)>,
    /// Lanes that somebody has promised to step.
    expected: Vec<InternedScheduleLabel>,
    /// How long a script may take where the executor wasn't told.
    watchdog: Option<Duration>,
}

impl Default for Registry {
    fn default() -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        Registry { number, has_mail: AtomicBool::new(false), state: Mutex::default() }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("number", &self.number).field("running", &self.lock().running).finish()
    }
}

impl Registry {
    /// The lock guards plain data that is whole between any two statements; no user code runs under it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a script in and posts its start.
    pub(crate) fn enlist(&self, entity: Entity, of: Option<Entity>, plan: Plan, body: Box<dyn Body>) -> ScriptId {
        let mut state = self.lock();
        let index = state.free.pop().unwrap_or_else(|| {
            state.seats.push((0, entity));
            u32::try_from(state.seats.len() - 1).expect("fewer than four thousand million scripts at once")
        });
        let seat = &mut state.seats[index as usize];
        seat.1 = entity;
        let id = ScriptId { registry: self.number, index, generation: seat.0 };
        state.running += 1;
        // ORDER: scripts start in the order in which their components were inserted.
        state.posts.push(Post::Start(Launch { id, entity, of, plan, body }));
        self.has_mail.store(true, Ordering::Release);
        id
    }

    /// Cancels a script: no longer current from here on, the rest by post. `false` if it had ended.
    pub(crate) fn retire(&self, id: ScriptId) -> bool {
        let mut state = self.lock();
        if !self.end(&mut state, id) {
            return false;
        }
        // ORDER: cancelled scripts are dropped in the order in which they were cancelled.
        let entity = state.seats[id.index as usize].1;
        state.posts.push(Post::Retire(id, entity));
        self.has_mail.store(true, Ordering::Release);
        true
    }

    /// A script has ended by itself. Its index is free, unless it was cancelled before: then by its post.
    pub(crate) fn finish(&self, id: ScriptId) {
        let has_ended = self.end(&mut self.lock(), id);
        if has_ended {
            self.free(id);
        }
    }

    /// The store is done with a script that was cancelled.
    pub(crate) fn free(&self, id: ScriptId) {
        // Before the index is used again, whose next script has those who wait for that in the same list.
        self.wake_those_waiting(id);
        // An index whose generations are used up is never given out again.
        if id.generation != LAST_GENERATION {
            self.lock().free.push(id.index);
        }
    }

    /// Has the end of a script wake `waker`: by a new wait, or by the one of this key. `None` if the
    /// script has ended.
    pub(crate) fn wait_for(&self, script: ScriptId, wait: Option<MemberKey>, waker: &Waker) -> Option<MemberKey> {
        let mut waker = waker.clone();
        let mut state = self.lock();
        if !self.is_current(&state, script) {
            return None;
        }
        if let Some(known) = wait.and_then(|wait| state.waiting.get_mut(wait)) {
            std::mem::swap(known, &mut waker);
            drop(state);
            return wait;
        }
        // ORDER: those who wait are woken in the order in which they began to.
        Some(state.waiting.push(script.index, waker))
    }

    /// Takes a wait for the end of a script back.
    pub(crate) fn stop_waiting(&self, wait: MemberKey) {
        let waker = self.lock().waiting.remove(wait);
        drop(waker);
    }

    fn wake_those_waiting(&self, script: ScriptId) {
        loop {
            let waker = self.lock().waiting.pop(script.index);
            let Some(waker) = waker else { return };
            waker.wake();
        }
    }

    fn is_current(&self, state: &State, id: ScriptId) -> bool {
        id.registry == self.number && state.seats[id.index as usize].0 == id.generation
    }

    fn end(&self, state: &mut State, id: ScriptId) -> bool {
        if !self.is_current(state, id) {
            return false;
        }
        state.seats[id.index as usize].0 = id.generation + 1;
        state.running -= 1;
        true
    }

    pub(crate) fn is_running(&self, id: ScriptId) -> bool {
        self.is_current(&self.lock(), id)
    }

    /// Says that there is something for the store to attend to, though nothing was posted.
    pub(crate) fn remind(&self) {
        self.has_mail.store(true, Ordering::Release);
    }

    /// Whether there is anything to attend to: one atomic load.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.has_mail.load(Ordering::Acquire)
    }

    /// Moves what was posted to the end of `into`, in order.
    pub(crate) fn collect(&self, into: &mut impl Extend<Post>) {
        let mut state = self.lock();
        self.has_mail.store(false, Ordering::Relaxed);
        into.extend(state.posts.drain(..));
    }

    /// Puts posts that were collected back in front of those that came since.
    pub(crate) fn put_back(&self, posts: &mut VecDeque<Post>) {
        let mut state = self.lock();
        if !posts.is_empty() {
            state.posts.splice(..0, posts.drain(..));
            self.has_mail.store(true, Ordering::Release);
        }
    }

    pub(crate) fn set_report(&self, report: FrameReport) {
        self.lock().report = report;
    }

    /// What an entity's scripts go by may have changed.
    pub(crate) fn review(&self, entity: Entity) {
        self.lock().posts.push(Post::Review(entity));
        self.has_mail.store(true, Ordering::Release);
    }

    /// Changes the setting of a clock, and posts that; does nothing if it is as it is to be.
    pub(crate) fn set_clock(&self, name: &'static str, change: impl FnOnce(&mut ClockSetting)) {
        let mut state = self.lock();
        let at = state.clocks.binary_search_by_key(&name, |clock| clock.0).unwrap_or_else(|at| {
            state.clocks.insert(at, (name, ClockSetting::default()));
            at
        });
        let setting = &mut state.clocks[at].1;
        let before = *setting;
        change(setting);
        if *setting != before {
            state.posts.push(Post::SetClock(name));
            self.has_mail.store(true, Ordering::Release);
        }
    }

    pub(crate) fn clock(&self, name: &str) -> ClockSetting {
        let state = self.lock();
        let at = state.clocks.binary_search_by_key(&name, |clock| clock.0);
        at.map_or_else(|_| ClockSetting::default(), |at| state.clocks[at].1)
    }

    /// The names of the clocks that were ever set.
    pub(crate) fn clock_names(&self) -> Vec<&'static str> {
        self.lock().clocks.iter().map(|clock| clock.0).collect()
    }

    /// Notes that the lane of this label will be stepped, though it may take its time.
    #[cfg(feature = "bevy_app")]
    pub(crate) fn expect_lane(&self, label: InternedScheduleLabel) {
        self.lock().expected.push(label);
    }

    pub(crate) fn expects_lane(&self, label: InternedScheduleLabel) -> bool {
        self.lock().expected.contains(&label)
    }

    /// Has the executors that this registry's scripts run on be watched.
    #[cfg(feature = "bevy_app")]
    pub(crate) fn set_watchdog(&self, limit: Option<Duration>) {
        self.lock().watchdog = limit;
    }

    pub(crate) fn watchdog(&self) -> Option<Duration> {
        self.lock().watchdog
    }

    pub(crate) fn home(&self) -> Option<ThreadId> {
        self.lock().home
    }

    pub(crate) fn set_home(&self, home: Option<ThreadId>) {
        self.lock().home = home;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ecs::{Me, Script};

    #[test]
    fn ids_are_stale_for_good_when_the_generations_of_their_index_are_used_up() {
        async fn script(_: Me) -> bevy_ecs::error::Result {
            Ok(())
        }
        let registry = Registry::default();
        let enlist = || registry.enlist(Entity::PLACEHOLDER, None, Script::new(script).plan(), Box::new(script));
        let first = enlist();
        registry.finish(first);
        registry.lock().seats[0].0 = LAST_GENERATION;
        let last = enlist();
        assert_eq!((last.index, last.generation, registry.is_running(last)), (first.index, LAST_GENERATION, true));
        registry.finish(last);
        assert_eq!((registry.is_running(first), registry.is_running(last)), (false, false));
        assert_eq!(enlist().index, 1);
        assert_eq!(registry.lock().running, 1);
    }
}
