//! Events: heard by one of Bevy's observers for each type, when they are triggered.
//!
//! The rule: an event wakes those who wait for it at once, in the order in which they began to wait. One that
//! a script triggers, they hear in the same step; one from a system, in the next. An observer hears on
//! whichever thread triggers the event, so from there it only keeps what was picked, and wakes.
//!
//! The observer comes into the world with the first who waits, and stays. Where it was taken away since,
//! the next who begins to wait brings another, by which those who wait already hear again, too.

use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bevy_ecs::entity::Entity;
use bevy_ecs::event::{EntityEvent, Event, EventPattern};
use bevy_ecs::observer::{Observer, On};
use bevy_ecs::world::World;

use super::super::stage::{self, StoreKey};
use super::column::{Entry, Keep};
use super::hub::{Hub, Key};
use super::pick::Pick;
use super::tuned::{Post, Tuned};
use crate::executor::WaitKind;

/// The hubs of one store, each with its observer.
#[derive(Default)]
pub(crate) struct EventHubs(RefCell<Vec<Known>>);

struct Known {
    /// The pattern that is heard, and whether by entity.
    of: (TypeId, bool),
    observer: Entity,
    hub: Rc<dyn Any>,
}

impl EventHubs {
    /// The hub of a pattern, made and given its observer where there is none.
    fn hub<X: 'static>(
        &self,
        of: (TypeId, bool),
        world: &mut World,
        observe: impl FnOnce(Arc<Hub<X>>) -> Observer,
    ) -> Rc<Shared<X>> {
        let known = self.0.borrow().iter().position(|known| known.of == of);
        if let Some(at) = known {
            let (observer, hub) = {
                let known = &self.0.borrow()[at];
                (known.observer, known.hub.clone())
            };
            let hub: Rc<Shared<X>> = hub.downcast().expect("found by its type");
            if world.get::<Observer>(observer).is_none() {
                let observer = world.spawn(observe(hub.0.clone())).id();
                self.0.borrow_mut()[at].observer = observer;
            }
            return hub;
        }
        let hub = Rc::new(Shared(Arc::default()));
        let observer = world.spawn(observe(hub.0.clone())).id();
        self.0.borrow_mut().push(Known { of, observer, hub: hub.clone() });
        hub
    }
}

/// A hub that an observer has, too.
struct Shared<X>(Arc<Hub<X>>);

impl<X: 'static> Post for Shared<X> {
    /// Events come by themselves.
    fn pull(&self, _: StoreKey) {}

    fn close(&self, key: Key, entry: Entry) {
        self.0.close(key, entry);
    }

    fn wait_kind(&self) -> WaitKind {
        WaitKind::Event
    }
}

/// Tells those who hear it, and wakes those who wait.
fn tell<X: 'static>(hub: &Hub<X>, key: Key, event: &X) {
    let mut due = hub.take_due();
    hub.deliver(key, event, Some(&mut due));
    // ORDER: of those who wait for an event, the first to be armed is woken first.
    due.sort_unstable_by_key(|(armed, _)| *armed);
    due.drain(..).for_each(|(_, waker)| waker.wake());
    hub.put_due(due);
}

/// Opens an ear for the events of a pattern at one entity.
#[track_caller]
pub(super) fn open_at<E, P>(store: StoreKey, entity: Entity, pick: P, keep: Keep) -> Tuned<P::Output>
where
    E: EventPattern<Event: EntityEvent>,
    P: Pick<E::Event>,
{
    open::<E, P>(store, Some(entity), pick, keep, |hub| {
        Observer::new(move |on: On<E>| tell(&hub, Some(on.event().event_target()), on.event()))
    })
}

/// Opens an ear for all events of a type.
#[track_caller]
pub(super) fn open_all<E, P>(store: StoreKey, pick: P, keep: Keep) -> Tuned<P::Output>
where
    E: EventPattern,
    P: Pick<E::Event>,
{
    open::<E, P>(store, None, pick, keep, |hub| Observer::new(move |on: On<E>| tell(&hub, None, on.event())))
}

#[track_caller]
fn open<E, P>(
    store: StoreKey,
    key: Key,
    pick: P,
    keep: Keep,
    observe: impl FnOnce(Arc<Hub<E::Event>>) -> Observer,
) -> Tuned<P::Output>
where
    E: EventPattern<Event: Event>,
    P: Pick<E::Event>,
{
    let opened = stage::access(store, |stage| {
        let of = (TypeId::of::<E>(), key.is_some());
        let kept = stage.store().clone();
        let hub = kept.events.hub(of, &mut stage.world, observe);
        (hub.0.open(key, pick, keep), hub)
    });
    match opened {
        Ok((opened, hub)) => Tuned::new(store, hub, key, opened),
        Err(error) => panic!("can't listen for `{}`: {error}", type_name::<E>()),
    }
}
