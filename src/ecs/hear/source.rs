//! Sources: what a script can hear, before it begins to.
//!
//! The rule: a source is a description. It hears nothing until it is awaited (for the next one), or
//! listened to (for all that come); from then on nothing is missed. What is heard is lent, so a source says
//! what is taken of it: all, if it is `Clone`; what a closure makes of it; only what a closure wants.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use bevy_ecs::event::{EntityEvent, EventPattern};
use bevy_ecs::lifecycle::{Add, Remove};
use bevy_ecs::message::Message;

use super::super::access::EntityAccess;
use super::super::me::Me;
use super::super::stage::StoreKey;
use super::column::Keep;
use super::events;
use super::listener::{BOUND, Heard, Listener};
use super::messages::Buffer;
use super::pick::{Filter, FilterMap, Happened, Map, MapWhole, Pick, Whole};
use super::tuned::Tuned;

/// Where something is heard: one of [`MessagesOf`], [`EventsOf`] and [`EventsAt`].
pub trait Origin: sealed::Origin {}

impl<O: sealed::Origin> Origin for O {}

mod sealed {
    use super::super::super::stage::StoreKey;
    use super::{Keep, Pick, Tuned};

    pub trait Origin: Sized {
        /// What is heard.
        type Heard: 'static;

        #[track_caller]
        #[expect(private_interfaces, reason = "the trait is sealed")]
        fn open<P: Pick<Self::Heard>>(self, store: StoreKey, pick: P, keep: Keep) -> Tuned<P::Output>;
    }
}

/// Something to hear: messages of a type, events of a type, or those at one entity.
///
/// **Await it** for the next one from then on; `race`, `join`, `timeout` and `until` take it as it is.
/// **Listen** to it for one after the other, kept from then on until they are asked for, so that what
/// comes while the script does something else isn't missed.
///
/// Messages and events needn't be `Clone`: [`map`](Self::map) says what is taken of one, and
/// [`filter`](Self::filter) which are wanted. Those that aren't wanted don't resume the script. The
/// closures run where the event is triggered, possibly on another thread, so they and what they give
/// are `Send`.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, step_scripts};
///
/// #[derive(EntityEvent)]
/// struct Hit { entity: Entity, damage: i32 }
/// #[derive(Component)]
/// struct Health(i32);
///
/// let mut world = World::new();
/// let troll = world.spawn((Health(9), Script::new(async |me: Me| {
///     let mut hits = me.on::<Hit>().filter(|hit| hit.damage > 0).map(|hit| hit.damage).listen();
///     loop {
///         let damage = hits.next().await;
///         me.with(|mut health: Mut<Health>| health.0 -= damage)?;
///     }
/// }))).id();
///
/// step_scripts(&mut world);
/// world.trigger(Hit { entity: troll, damage: 4 });
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Health>(troll).unwrap().0, 5);
/// ```
#[must_use = "a source hears nothing until it is awaited or listened to"]
pub struct Source<O, P = Whole> {
    store: StoreKey,
    origin: O,
    pick: P,
    at: &'static Location<'static>,
}

impl<O, P> fmt::Debug for Source<O, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("origin", &type_name::<O>()).field("at", &self.at).finish_non_exhaustive()
    }
}

impl<O: Origin> Source<O> {
    #[track_caller]
    fn new(store: StoreKey, origin: O) -> Self {
        Source { store, origin, pick: Whole, at: Location::caller() }
    }

    /// Takes nothing of what is heard: that it happened is enough.
    pub fn happened(self) -> Source<O, Happened> {
        self.with_pick(|_| Happened)
    }
}

impl<O: Origin, P> Source<O, P> {
    fn with_pick<Q>(self, make: impl FnOnce(P) -> Q) -> Source<O, Q> {
        Source { store: self.store, origin: self.origin, pick: make(self.pick), at: self.at }
    }

    /// Passes over what `wanted` doesn't want.
    pub fn filter<F>(self, wanted: F) -> Source<O, Filter<F, P>>
    where
        F: FnMut(&O::Heard) -> bool + Send + 'static,
    {
        self.with_pick(|pick| Filter { wanted, pick })
    }

    /// Takes what `map` makes of it, in place of a clone.
    pub fn map<F, T>(self, map: F) -> Source<O, P::With<Map<F>>>
    where
        P: MapWhole,
        F: FnMut(&O::Heard) -> T + Send + 'static,
        T: Send + 'static,
    {
        self.with_pick(|pick| pick.with(Map(map)))
    }

    /// Takes what `map` makes of it, and passes over what it makes nothing of.
    pub fn filter_map<F, T>(self, map: F) -> Source<O, P::With<FilterMap<F>>>
    where
        P: MapWhole,
        F: FnMut(&O::Heard) -> Option<T> + Send + 'static,
        T: Send + 'static,
    {
        self.with_pick(|pick| pick.with(FilterMap(map)))
    }
}

impl<O: Origin, P: Pick<O::Heard>> Source<O, P> {
    /// Hears and keeps, from here on, all that comes; see [`Listener`].
    ///
    /// # Panics
    /// In a nested access, and outside of a step: nothing could be promised about what it hears.
    #[track_caller]
    pub fn listen(self) -> Listener<P::Output> {
        Listener::new(self.origin.open(self.store, self.pick, Keep::Newest(BOUND)))
    }
}

impl<O: Origin, P: Pick<O::Heard>> IntoFuture for Source<O, P> {
    type Output = P::Output;
    type IntoFuture = Heard<P::Output>;

    /// Hears from here on.
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[track_caller]
    fn into_future(self) -> Heard<P::Output> {
        Heard::new(self.origin.open(self.store, self.pick, Keep::First), self.at)
    }
}

/// The messages of one type.
#[derive(Debug)]
pub struct MessagesOf<M>(PhantomData<fn() -> M>);

impl<M: Message> sealed::Origin for MessagesOf<M> {
    type Heard = M;

    #[track_caller]
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn open<P: Pick<M>>(self, store: StoreKey, pick: P, keep: Keep) -> Tuned<P::Output> {
        Buffer::<M>::open(store, pick, keep)
    }
}

/// All events of one type.
#[derive(Debug)]
pub struct EventsOf<E>(PhantomData<fn() -> E>);

impl<E: EventPattern> sealed::Origin for EventsOf<E> {
    type Heard = E::Event;

    #[track_caller]
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn open<P: Pick<E::Event>>(self, store: StoreKey, pick: P, keep: Keep) -> Tuned<P::Output> {
        events::open_all::<E, P>(store, pick, keep)
    }
}

/// The events of one type at one entity.
#[derive(Debug)]
pub struct EventsAt<E>(Entity, PhantomData<fn() -> E>);

impl<E: EventPattern<Event: EntityEvent>> sealed::Origin for EventsAt<E> {
    type Heard = E::Event;

    #[track_caller]
    #[expect(private_interfaces, reason = "the trait is sealed")]
    fn open<P: Pick<E::Event>>(self, store: StoreKey, pick: P, keep: Keep) -> Tuned<P::Output> {
        events::open_at::<E, P>(store, self.0, pick, keep)
    }
}

impl EntityAccess {
    /// The entity events of one type at this entity; or, with Bevy's patterns, what becomes of its
    /// components: `on::<Add<Poisoned>>()`, `on::<Remove<(Shield, Helmet)>>()`.
    ///
    /// An event wakes those who wait for it when it is triggered: one that a script triggers, in the same
    /// step. Events that travel up a hierarchy are heard at each entity that they come to. Those of an entity
    /// that is gone just don't come any more: race with [`despawned`](Self::despawned).
    ///
    /// One of Bevy's observers hears for all who wait for a type of event. Where the game takes it away,
    /// nobody hears, until the next one begins to wait.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::Me;
    /// #[derive(EntityEvent)]
    /// struct Opened { entity: Entity, by: Entity }
    ///
    /// async fn intruder(me: Me, door: Entity) -> Entity {
    ///     me.other(door).on::<Opened>().map(|opened| opened.by).await
    /// }
    /// ```
    #[track_caller]
    pub fn on<E: EventPattern<Event: EntityEvent>>(&self) -> Source<EventsAt<E>> {
        Source::new(self.store(), EventsAt(self.entity(), PhantomData))
    }

    /// A component of this type being added to the entity, which hadn't one: from when it is awaited on, or
    /// listened to.
    #[track_caller]
    pub fn added<C: Component>(&self) -> Source<EventsAt<Add<C>>, Happened> {
        self.on::<Add<C>>().happened()
    }

    /// The component of this type being removed from the entity, also by its despawning: from when it is
    /// awaited on, or listened to. It is told just before the component goes; who waits goes on behind that.
    #[track_caller]
    pub fn removed<C: Component>(&self) -> Source<EventsAt<Remove<C>>, Happened> {
        self.on::<Remove<C>>().happened()
    }
}

impl Me {
    /// The messages of one type.
    ///
    /// Who waits for one is woken in step 5 of the step after it was written; who asks in the step in which
    /// a script writes it finds it there.
    #[track_caller]
    pub fn message<M: Message>(&self) -> Source<MessagesOf<M>> {
        Source::new(self.store(), MessagesOf(PhantomData))
    }

    /// All events of one type, entity events too. See [`EntityAccess::on`] for those at one entity.
    #[track_caller]
    pub fn on_event<E: EventPattern>(&self) -> Source<EventsOf<E>> {
        Source::new(self.store(), EventsOf(PhantomData))
    }

    /// Listens for messages from here on: `me.message::<M>().listen()`.
    ///
    /// # Panics
    /// In a nested access, and outside of a step: nothing could be promised about what it hears.
    #[track_caller]
    pub fn listen<M: Message + Clone>(&self) -> Listener<M> {
        self.message::<M>().listen()
    }

    /// Listens for messages from here on, and keeps what `map` makes of them:
    /// `me.message::<M>().filter_map(map).listen()`.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::{Listener, Me};
    /// #[derive(Message)]
    /// struct Hit { target: Entity, damage: i32 }
    ///
    /// fn my_hits(me: Me) -> Listener<i32> {
    ///     me.listen_map(move |hit: &Hit| (hit.target == me.entity()).then_some(hit.damage))
    /// }
    /// ```
    ///
    /// # Panics
    /// As [`listen`](Self::listen). A panic in `map` goes off in the script when it next awaits a message.
    #[track_caller]
    pub fn listen_map<M, T, F>(&self, map: F) -> Listener<T>
    where
        M: Message,
        F: FnMut(&M) -> Option<T> + Send + 'static,
        T: Send + 'static,
    {
        self.message::<M>().filter_map(map).listen()
    }
}
