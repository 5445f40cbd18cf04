//! The states of the queries that scripts' closures ask for, one for each kind of data.
//!
//! The rule: a state is built once for a world, and taken out of its place while it is used, so that nothing is
//! borrowed while a closure runs.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};

use bevy_ecs::query::{QueryData, QueryState};
use bevy_ecs::world::{World, WorldId};

/// The query states of one store.
#[derive(Default)]
pub(crate) struct Queries {
    /// By the data's types.
    states: RefCell<Vec<Known>>,
    /// The place of the one that was used last: scripts of one kind follow each other.
    last: Cell<usize>,
}

struct Known {
    of: TypeId,
    world: WorldId,
    /// Taken out while it is used.
    state: Option<Box<dyn Any>>,
}

/// A state in use: goes back to its place, also when a closure unwinds.
struct Used<'a, D: QueryData + 'static> {
    queries: &'a Queries,
    at: usize,
    state: Option<Box<QueryState<D>>>,
}

impl<D: QueryData + 'static> Drop for Used<'_, D> {
    #[inline]
    fn drop(&mut self) {
        if let Some(state) = self.state.take()
            && let Some(known) = self.queries.states.borrow_mut().get_mut(self.at)
        {
            known.state = Some(state);
        }
    }
}

impl Queries {
    /// Calls `f` with the state for `D`.
    #[inline]
    pub(crate) fn with<D, R>(&self, world: &mut World, f: impl FnOnce(&mut QueryState<D>, &mut World) -> R) -> R
    where
        D: QueryData + 'static,
    {
        let mut used = self.take::<D>(world);
        let state = used.state.get_or_insert_with(|| Box::new(world.query()));
        f(state, world)
    }

    #[inline]
    fn take<D: QueryData + 'static>(&self, world: &World) -> Used<'_, D> {
        let of = TypeId::of::<D>();
        let last = self.last.get();
        let is_last = |known: &Known| known.of == of && known.world == world.id();
        let at = if self.states.borrow().get(last).is_some_and(is_last) { last } else { self.find(of, world.id()) };
        let state = self.states.borrow_mut()[at].state.take();
        Used { queries: self, at, state: state.and_then(|state| state.downcast().ok()) }
    }

    /// The place of the state for this data, made if there is none; empty where it is for another world.
    #[inline(never)]
    fn find(&self, of: TypeId, world: WorldId) -> usize {
        let mut states = self.states.borrow_mut();
        let at = states.binary_search_by_key(&of, |known| known.of).unwrap_or_else(|at| {
            states.insert(at, Known { of, world, state: None });
            at
        });
        if states[at].world != world {
            states[at] = Known { of, world, state: None };
        }
        self.last.set(at);
        at
    }
}
