//! What a scope knows of its children: a list through their slots, and who waits for its end.
//!
//! The rule: a child leaves its scope when it has ended and its future is dropped. The list costs no
//! allocation: its links lie beside the children. What a scope means is written at `scope` in `sync`.

use std::task::Waker;

use super::core::Core;
use super::extra::Place;
use super::key::TaskId;
use super::task::{NO_INDEX, Slot};

#[derive(Debug)]
pub(crate) struct ScopeState {
    /// Tells it from others that had the same place.
    uses: u64,
    body_ended: bool,
    closed: bool,
    oldest: u32,
    youngest: u32,
    waiter: Option<Waker>,
}

impl ScopeState {
    pub(super) fn into_waiter(self) -> Option<Waker> {
        self.waiter
    }
}

/// Names one open scope of an executor; a stale one finds nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopeKey {
    place: u32,
    uses: u64,
}

impl Core {
    pub(crate) fn open_scope(&self) -> ScopeKey {
        let uses = self.scope_uses.get() + 1;
        self.scope_uses.set(uses);
        let state =
            ScopeState { uses, body_ended: false, closed: false, oldest: NO_INDEX, youngest: NO_INDEX, waiter: None };
        ScopeKey { place: self.scopes.borrow_mut().insert(state) as u32, uses }
    }

    fn with_scope<R>(&self, key: ScopeKey, f: impl FnOnce(&mut ScopeState) -> R) -> Option<R> {
        let mut scopes = self.scopes.borrow_mut();
        scopes.get_mut(key.place as usize).filter(|scope| scope.uses == key.uses).map(f)
    }

    /// Whether children can still be started: branches until the body has ended, others until the scope has.
    pub(crate) fn takes_children(&self, key: ScopeKey, branch: bool) -> bool {
        self.with_scope(key, |scope| !(scope.closed || branch && scope.body_ended)) == Some(true)
    }

    /// Notes that the body has ended, and cancels the branches in order of creation.
    pub(crate) fn end_scope_body(&self, key: ScopeKey) {
        self.with_scope(key, |scope| scope.body_ended = true);
        self.cancel_children(key, true);
    }

    /// Makes a task the youngest child of an open scope.
    pub(crate) fn enter_scope(&self, key: ScopeKey, task: TaskId, branch: bool) {
        let Some(slot) = self.find(task) else { return };
        self.with_scope(key, |scope| {
            let place = Place { scope: key.place, branch, older: scope.youngest, younger: NO_INDEX };
            self.extra(slot, |extra| extra.scope = Some(place));
            match scope.youngest {
                NO_INDEX => scope.oldest = task.index(),
                youngest => self.change_place(youngest, |place| place.younger = task.index()),
            }
            scope.youngest = task.index();
        });
    }

    /// The place of a child among its scope's.
    fn place_of(&self, index: u32) -> Option<Place> {
        self.extra_if(self.storage.slot(index), |extra| extra.scope).flatten()
    }

    fn change_place(&self, index: u32, f: impl FnOnce(&mut Place)) {
        self.extra_if(self.storage.slot(index), |extra| extra.scope.as_mut().map(f));
    }

    /// Takes a task that has ended out of its scope; the waker of who waits for the scope's last child.
    pub(super) fn leave_scope(&self, slot: Slot<'_>) -> Option<Waker> {
        let place = self.extra_if(slot, |extra| extra.scope.take()).flatten()?;
        let mut scopes = self.scopes.borrow_mut();
        let scope = scopes.get_mut(place.scope as usize)?;
        match place.older {
            NO_INDEX => scope.oldest = place.younger,
            older => self.change_place(older, |place_before| place_before.younger = place.younger),
        }
        match place.younger {
            NO_INDEX => scope.youngest = place.older,
            younger => self.change_place(younger, |place_after| place_after.older = place.older),
        }
        if scope.oldest == NO_INDEX { scope.waiter.take() } else { None }
    }

    /// Whether any child is left; if so, `waker` is woken when the last has left.
    pub(crate) fn await_children(&self, key: ScopeKey, waker: &Waker) -> bool {
        let mut waiter = Some(waker.clone());
        let waits = self.with_scope(key, |scope| {
            let waits = scope.oldest != NO_INDEX;
            if waits {
                std::mem::swap(&mut scope.waiter, &mut waiter);
            }
            waits
        });
        // The waiter before, or the one that isn't needed.
        drop(waiter);
        waits == Some(true)
    }

    /// Cancels the children in order of creation: all, or only the branches.
    fn cancel_children(&self, key: ScopeKey, branches_only: bool) {
        let mut at = self.with_scope(key, |scope| scope.oldest).unwrap_or(NO_INDEX);
        if at == NO_INDEX {
            return;
        }
        // ORDER: all are cancelled before the first is dropped, also outside of a step: a destructor may cancel the
        // next, which would leave the list that is being gone through.
        let was_draining = self.draining.replace(true);
        while let Some(place) = self.place_of(at) {
            if place.branch || !branches_only {
                self.cancel(self.key_at(at));
            }
            at = place.younger;
            if at == NO_INDEX {
                break;
            }
        }
        self.draining.set(was_draining);
        self.drain_outside();
    }

    /// Ends a scope: its children are cancelled and on their own.
    pub(crate) fn close_scope(&self, key: ScopeKey) {
        self.with_scope(key, |scope| scope.closed = true);
        self.cancel_children(key, false);
        let mut at = self.with_scope(key, |scope| scope.oldest).unwrap_or(NO_INDEX);
        while at != NO_INDEX {
            let place = self.extra_if(self.storage.slot(at), |extra| extra.scope.take()).flatten();
            at = place.map_or(NO_INDEX, |place| place.younger);
        }
        let state = {
            let mut scopes = self.scopes.borrow_mut();
            let is_it = scopes.get(key.place as usize).is_some_and(|scope| scope.uses == key.uses);
            if is_it { scopes.try_remove(key.place as usize) } else { None }
        };
        drop(state);
    }
}
