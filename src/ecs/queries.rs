//! The states of the queries that scripts' closures and conditions ask for, one for each kind of data.
//!
//! The rule: a state is built once for a world. It is borrowed only to find an entity's data, never while a
//! closure runs that was given it: what Bevy finds can be had without the state that found it.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bevy_ecs::entity::Entity;
use bevy_ecs::query::{QueryData, QueryState, ReadOnlyQueryData, ReleaseStateQueryData};
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
    /// A `Shared<D>`.
    state: Rc<dyn Any>,
}

/// The state for one kind of data, for whoever looks again and again.
pub(crate) struct Shared<D: QueryData + 'static>(RefCell<QueryState<D>>);

impl<D: ReleaseStateQueryData + 'static> Shared<D> {
    /// The data of an entity, unless queries pass over it.
    #[inline]
    pub(crate) fn get<'w>(&self, world: &'w World, entity: Entity) -> Option<D::Item<'w, 'static>>
    where
        D: ReadOnlyQueryData,
    {
        self.0.borrow_mut().get(world, entity).ok().map(D::release_state)
    }

    #[inline]
    fn get_mut<'w>(&self, world: &'w mut World, entity: Entity) -> Option<D::Item<'w, 'static>> {
        self.0.borrow_mut().get_mut(world, entity).ok().map(D::release_state)
    }
}

impl Queries {
    /// The data of an entity, unless queries pass over it.
    #[inline]
    pub(crate) fn get_mut<'w, D>(&self, world: &'w mut World, entity: Entity) -> Option<D::Item<'w, 'static>>
    where
        D: ReleaseStateQueryData + 'static,
    {
        let at = self.find::<D>(world);
        let states = self.states.borrow();
        let state: &Shared<D> = states[at].state.downcast_ref().expect("found by its type");
        state.get_mut(world, entity)
    }

    /// The state for this data.
    pub(crate) fn shared<D: QueryData + 'static>(&self, world: &mut World) -> Rc<Shared<D>> {
        let at = self.find::<D>(world);
        let state = self.states.borrow()[at].state.clone();
        state.downcast().expect("found by its type")
    }

    /// The place of the state for this data and this world.
    #[inline]
    fn find<D: QueryData + 'static>(&self, world: &mut World) -> usize {
        let last = self.last.get();
        let is_last = |known: &Known| known.of == TypeId::of::<D>() && known.world == world.id();
        if self.states.borrow().get(last).is_some_and(is_last) { last } else { self.find_other::<D>(world) }
    }

    #[inline(never)]
    fn find_other<D: QueryData + 'static>(&self, world: &mut World) -> usize {
        let (of, id) = (TypeId::of::<D>(), world.id());
        let make =
            |world: &mut World| Known { of, world: id, state: Rc::new(Shared::<D>(RefCell::new(world.query()))) };
        let found = self.states.borrow().binary_search_by_key(&of, |known| known.of);
        let at = match found {
            Ok(at) if self.states.borrow()[at].world == id => at,
            Ok(at) => {
                let known = make(world);
                self.states.borrow_mut()[at] = known;
                at
            }
            Err(at) => {
                let known = make(world);
                self.states.borrow_mut().insert(at, known);
                at
            }
        };
        self.last.set(at);
        at
    }
}
