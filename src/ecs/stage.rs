//! The stage: where the world is while its scripts run, and who may use it.
//!
//! The rule: while a step runs, the world itself lies on the stage, by value, and an empty stand-in lies
//! where the caller keeps it. The stage lies in a thread-local cell. An access takes the stage out of the
//! cell and puts it back when it is done, so that there can't be two accesses at once: a nested one finds
//! the cell empty. Ownership alone sees to it; there is no `unsafe` and no reference that could outlive
//! its step. The price is two moves of a `World` (about a kilobyte each) a step, and a pointer's move an
//! access.
//!
//! There is one way in, `enter`, and every accessor is a thin layer over it. Users' closures run in `act`,
//! which attends to what they brought about: scripts that were started or cancelled, clean-ups that were
//! left, also where the closure panics: the script may catch that and go on. It is compiled into the script
//! that uses it, down to the closure, and answers with an `Option`: the error's words are found out of line,
//! once it is known that there is one, so that the way of a success carries none of it.
//!
//! A script that replaces the world which it was handed changes what the caller finds after the step, as
//! it would with a plain `&mut World`. Its fellow scripts must not reach into that other world, so each
//! access compares the world's id with the one that the step began with.

use std::cell::{Cell, RefCell};
use std::mem::{self, ManuallyDrop};
use std::rc::Rc;

use bevy_ecs::world::{World, WorldId};

use super::checks::guarded;
use super::error::ScriptError;
use super::store::Store;
use crate::executor::{Lane, drop_payload};

/// Names a store, so that a script can't take another store's stage for its own.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreKey(pub(crate) u32);

pub(crate) struct Stage {
    key: StoreKey,
    home: WorldId,
    pub(crate) lane: Lane,
    pub(crate) world: World,
    store: Option<Rc<Store>>,
}

thread_local! {
    /// The stage of the innermost step on this thread, unless an access holds it. Empty while no step
    /// runs, so that nothing is lost by not dropping it, and the cell needs no destructor of its own.
    static STAGE: ManuallyDrop<Cell<Option<Box<Stage>>>> = const { ManuallyDrop::new(Cell::new(None)) };

    /// The stores that are being stepped on this thread, outermost first; only to word a refusal.
    static STEPPING: RefCell<Vec<StoreKey>> = const { RefCell::new(Vec::new()) };
}

impl Stage {
    /// A stage with a stand-in world, for `store` to keep between steps.
    pub(crate) fn new(key: StoreKey, lane: Lane) -> Box<Stage> {
        let world = World::new();
        Box::new(Stage { key, home: world.id(), lane, world, store: None })
    }

    pub(crate) fn store(&self) -> &Rc<Store> {
        self.store.as_ref().expect("a stage in use belongs to a store")
    }
}

/// A step in progress: from its making to its drop the world is on the stage.
pub(crate) struct Step<'w> {
    place: &'w mut World,
    store: Rc<Store>,
    outer: Option<Box<Stage>>,
}

impl<'w> Step<'w> {
    /// Moves the world at `place` onto the stage of `store`; `None` if that store is being stepped already.
    pub(crate) fn begin(place: &'w mut World, store: &Rc<Store>, lane: Lane) -> Option<Step<'w>> {
        let mut stage = store.stage.take()?;
        stage.home = place.id();
        stage.lane = lane;
        stage.store = Some(store.clone());
        mem::swap(&mut stage.world, place);
        STEPPING.with(|stepping| stepping.borrow_mut().push(stage.key));
        let outer = STAGE.with(|cell| cell.replace(Some(stage)));
        Some(Step { place, store: store.clone(), outer })
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        let stage = STAGE.with(|cell| cell.replace(self.outer.take()));
        STEPPING.with(|stepping| stepping.borrow_mut().pop());
        let mut stage = stage.expect("every access has put the stage back");
        mem::swap(&mut stage.world, self.place);
        stage.store = None;
        self.store.stage.set(Some(stage));
    }
}

/// An access in progress: puts the stage back when it ends, by whatever way.
struct Hold {
    stage: Option<Box<Stage>>,
}

impl Hold {
    #[inline]
    fn take() -> Hold {
        Hold { stage: STAGE.with(|cell| cell.take()) }
    }

    /// The stage, if it is there and the world on it is the one that the step began with.
    #[inline]
    fn stage(&mut self) -> Option<&mut Stage> {
        self.stage.as_deref_mut().filter(|stage| stage.world.id() == stage.home)
    }
}

impl Drop for Hold {
    #[inline]
    fn drop(&mut self) {
        let stage = self.stage.take();
        // The cell is empty while the stage is held: nothing is forgotten, and no destructor is looked for.
        STAGE.with(|cell| mem::forget(cell.replace(stage)));
    }
}

/// The one way in to the world: calls `f` with the stage of the store `key`, which is the store's alone for
/// that time. Where it gives `None`, `f` wasn't called, and `refusal` says why.
#[inline]
fn enter<R>(key: StoreKey, f: impl FnOnce(&mut Stage) -> R) -> Option<R> {
    let mut hold = Hold::take();
    hold.stage().filter(|stage| stage.key == key).map(f)
}

/// As [`enter`], for users' closures: when `f` has returned or panicked, attends to the scripts that were
/// started and cancelled meanwhile, and to the clean-ups that were left.
#[inline]
pub(crate) fn act<R>(key: StoreKey, f: impl FnOnce(&mut World) -> R) -> Option<R> {
    act_with(key, |world, _| f(world))
}

/// As [`act`], with the store at hand.
#[inline]
pub(crate) fn act_with<R>(key: StoreKey, f: impl FnOnce(&mut World, &Store) -> R) -> Option<R> {
    let unwinding = Unwinding(key);
    let entered = enter(key, |stage| {
        let Stage { world, store, .. } = stage;
        let store = store.as_deref().expect("a stage in use belongs to a store");
        (f(world, store), store.has_mail())
    });
    mem::forget(unwinding);
    let (result, has_mail) = entered?;
    if has_mail {
        settle(key);
    }
    Some(result)
}

/// Lives for an access, and is dropped only where that unwinds, behind its [`Hold`].
struct Unwinding(StoreKey);

impl Drop for Unwinding {
    #[cold]
    fn drop(&mut self) {
        let Some(store) = store(self.0).filter(|store| store.has_mail()) else { return };
        // A second panic on top of the one that unwinds would end the process. Nobody is left to be told.
        if let Err(payload) = guarded(|| store.settle()) {
            drop_payload(payload);
        }
    }
}

/// As [`enter`], with the reason.
#[inline]
pub(crate) fn access<R>(key: StoreKey, f: impl FnOnce(&mut Stage) -> R) -> Result<R, ScriptError> {
    enter(key, f).ok_or_else(|| refusal(key))
}

/// Calls `f` with the stage of the step in progress, if the world on it is the one that the step began with.
pub(crate) fn access_current<R>(f: impl FnOnce(&mut Stage) -> R) -> Option<R> {
    Hold::take().stage().map(f)
}

/// The store of this key, if it is being stepped and no access holds its stage.
pub(crate) fn store(key: StoreKey) -> Option<Rc<Store>> {
    let hold = Hold::take();
    hold.stage.as_ref().filter(|stage| stage.key == key).map(|stage| stage.store().clone())
}

/// Has the store of this key act on its post.
#[cold]
fn settle(key: StoreKey) {
    if let Some(store) = store(key) {
        store.settle();
    }
}

/// Why [`enter`] calls nothing for this store.
#[cold]
pub(crate) fn refusal(key: StoreKey) -> ScriptError {
    if store(key).is_some() {
        return ScriptError::WorldReplaced;
    }
    // A thread that ends may have dropped the list already; then no step runs.
    let stepping = STEPPING.try_with(|stepping| stepping.borrow().contains(&key)).unwrap_or(false);
    if stepping { ScriptError::Reentrant } else { ScriptError::OutsideStep }
}
