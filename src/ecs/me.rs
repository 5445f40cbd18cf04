//! `Me`: what a script holds of the world.
//!
//! The rule: world access is synchronous and scoped. A closure is given what it asks for and gives it
//! back before the script's next await, so no reference into the world can cross one. An access inside of
//! another to the same world is an error, and so is one outside of a step. Reading marks nothing as
//! changed. An access through `world`, the only one that can queue commands, ends with them flushed; it,
//! and those to resources, with the scripts attended to that were started or cancelled.
//!
//! How: each accessor is one call into the stage (`stage::enter`, or `stage::act` where scripts can be
//! started or cancelled) around one call into Bevy, and is compiled into the script. Why it failed is
//! found out of line, by a second look.
//!
//! A `Me` holds names, not references: it is `Copy`, and may be kept for longer than its script.

use std::any::type_name;
use std::panic::Location;

use bevy_ecs::change_detection::Mut;
use bevy_ecs::component::{Component, Mutable};
use bevy_ecs::entity::Entity;
use bevy_ecs::message::Message;
use bevy_ecs::resource::Resource;
use bevy_ecs::schedule::ScheduleLabel;
use bevy_ecs::world::World;

use super::error::ScriptError;
use super::listen::Listener;
use super::registry::ScriptId;
use super::stage::{self, StoreKey};
use super::until::UntilSome;
use crate::executor::Lane;

/// A script's way to its owner and to the world; see [`Script`](crate::Script).
///
/// It is `Copy`, so closures and child futures can take it along. It works wherever a step of its world
/// runs it: in scripts, in futures that they spawn, and in destructors that run within a step.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, next_frame, step_scripts};
///
/// #[derive(Component)]
/// struct Position(i32);
/// #[derive(Resource)]
/// struct Wind(i32);
///
/// let mut world = World::new();
/// world.insert_resource(Wind(2));
/// let leaf = world.spawn((Position(0), Script::new(async |me: Me| loop {
///     let wind = me.resource(|wind: &Wind| wind.0)?;
///     me.with(|mut position: Mut<Position>| position.0 += wind)?;
///     next_frame().await;
/// }))).id();
/// step_scripts(&mut world);
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Position>(leaf).unwrap().0, 4);
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Me {
    entity: Entity,
    id: ScriptId,
    store: StoreKey,
}

impl Me {
    pub(crate) fn new(entity: Entity, id: ScriptId, store: StoreKey) -> Self {
        Me { entity, id, store }
    }

    pub(crate) fn store(&self) -> StoreKey {
        self.store
    }

    /// The script's owner: the entity that carries its `Script`, or the target of its
    /// [`ScriptOf`](crate::ScriptOf). It may be gone.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// The script's id, for others to ask about it or to cancel it.
    pub fn id(&self) -> ScriptId {
        self.id
    }

    /// Access to the components of another entity.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// #[derive(Component)]
    /// struct Door { is_open: bool }
    ///
    /// fn open(me: Me, door: Entity) -> Result<(), ScriptError> {
    ///     me.other(door).with(|mut door: Mut<Door>| door.is_open = true)
    /// }
    /// ```
    pub fn other(&self, entity: Entity) -> Other {
        Other { entity, store: self.store }
    }

    /// Reads a component of the owner. Doesn't mark it as changed.
    ///
    /// # Errors
    /// If the owner or the component is gone, in a nested access, and outside of a step.
    #[inline]
    pub fn read<C: Component, R>(&self, f: impl FnOnce(&C) -> R) -> Result<R, ScriptError> {
        self.other(self.entity).read(f)
    }

    /// Changes a component of the owner. It is marked as changed when the closure first changes it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[inline]
    pub fn with<C: Component<Mutability = Mutable>, R>(
        &self,
        f: impl FnOnce(Mut<'_, C>) -> R,
    ) -> Result<R, ScriptError> {
        self.other(self.entity).with(f)
    }

    /// Does anything with the world: spawn, despawn, trigger, write messages, run systems.
    ///
    /// When the closure has ended, commands are flushed. Then scripts that it started are ready, behind
    /// all that is, and scripts that it cancelled are out: nothing more of them runs.
    ///
    /// # Errors
    /// In a nested access, and outside of a step.
    ///
    /// # Panics
    /// Where the closure or a command panics: that ends this script.
    #[inline]
    pub fn world<R>(&self, f: impl FnOnce(&mut World) -> R) -> Result<R, ScriptError> {
        let done = stage::act(self.store, |world| {
            let result = f(world);
            world.flush();
            result
        });
        done.ok_or_else(|| stage::refusal(self.store))
    }

    /// Reads a resource. Doesn't mark it as changed.
    ///
    /// # Errors
    /// If there is no such resource, in a nested access, and outside of a step.
    #[inline]
    pub fn resource<R: Resource, T>(&self, f: impl FnOnce(&R) -> T) -> Result<T, ScriptError> {
        let read = stage::act(self.store, |world| world.get_resource::<R>().map(f));
        read.flatten().ok_or_else(|| self.missing_resource(type_name::<R>()))
    }

    /// Changes a resource. It is marked as changed when the closure first changes it.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    #[inline]
    pub fn resource_mut<R, T>(&self, f: impl FnOnce(Mut<'_, R>) -> T) -> Result<T, ScriptError>
    where
        R: Resource<Mutability = Mutable>,
    {
        let changed = stage::act(self.store, |world| world.get_resource_mut::<R>().map(f));
        changed.flatten().ok_or_else(|| self.missing_resource(type_name::<R>()))
    }

    /// Why a resource couldn't be reached.
    #[cold]
    fn missing_resource(&self, resource: &'static str) -> ScriptError {
        match stage::access(self.store, |_| ()) {
            Ok(()) => ScriptError::MissingResource { resource },
            Err(refused) => refused,
        }
    }

    /// Listens for messages from here on; see [`Listener`].
    ///
    /// # Panics
    /// In a nested access, and outside of a step: nothing could be promised about what it hears.
    #[track_caller]
    pub fn listen<M: Message + Clone>(&self) -> Listener<M> {
        self.listen_map(|message: &M| Some(message.clone()))
    }

    /// Listens for messages from here on, and keeps what `map` makes of them; those that it makes nothing
    /// of don't wake the script. For messages that aren't `Clone`, and for those that are about others.
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
    pub fn listen_map<M: Message, T: 'static>(&self, map: impl FnMut(&M) -> Option<T> + 'static) -> Listener<T> {
        match stage::access(self.store, |stage| Listener::new(self.store, stage, map)) {
            Ok(listener) => listener,
            Err(error) => panic!("can't listen for `{}`: {error}", type_name::<M>()),
        }
    }

    /// Waits until a condition of the world holds; it is over at once if it does already.
    ///
    /// The condition is looked at in step 5 of each step of the script's lane, in the order in which the
    /// waits were armed, behind the messages, and without resuming the script. It finds the world as it
    /// is between two steps, and whatever it captures.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::Me;
    /// # #[derive(Component)]
    /// # struct Health(i32);
    /// async fn death(me: Me) {
    ///     me.until(move |world| world.get::<Health>(me.entity()).is_none_or(|health| health.0 <= 0)).await
    /// }
    /// ```
    ///
    /// # Panics
    /// When awaited in a nested access or outside of a step. A panic in the condition goes off in the script.
    #[track_caller]
    pub fn until<F>(&self, mut condition: F) -> impl Future<Output = ()> + use<F>
    where
        F: FnMut(&World) -> bool + 'static,
    {
        self.until_some(move |world| condition(world).then_some(()))
    }

    /// As [`until`](Self::until), and gives what the condition found.
    ///
    /// # Panics
    /// As [`until`](Self::until).
    #[track_caller]
    pub fn until_some<F, T>(&self, condition: F) -> UntilSome<F, T>
    where
        F: FnMut(&World) -> Option<T> + 'static,
        T: 'static,
    {
        UntilSome::new(self.store, Location::caller(), condition)
    }

    /// The lane of a label, for [`resume_in`](crate::resume_in) and for what a script spawns.
    ///
    /// # Errors
    /// In a nested access, and outside of a step.
    ///
    /// # Panics
    /// If the executor has as many lanes as it can have.
    pub fn lane<L: ScheduleLabel>(&self, label: L) -> Result<Lane, ScriptError> {
        stage::access(self.store, |stage| stage.store().lane(label.intern(), type_name::<L>()))
    }
}

/// Access to the components of one entity, from [`Me::other`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Other {
    entity: Entity,
    store: StoreKey,
}

impl Other {
    /// The entity; it may be gone.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// Reads a component. Doesn't mark it as changed.
    ///
    /// # Errors
    /// If the entity or the component is gone, in a nested access, and outside of a step.
    #[inline]
    pub fn read<C: Component, R>(&self, f: impl FnOnce(&C) -> R) -> Result<R, ScriptError> {
        let read = stage::enter(self.store, |stage| stage.world.get::<C>(self.entity).map(f));
        read.flatten().ok_or_else(|| self.missing(type_name::<C>()))
    }

    /// Changes a component. It is marked as changed when the closure first changes it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[inline]
    pub fn with<C: Component<Mutability = Mutable>, R>(
        &self,
        f: impl FnOnce(Mut<'_, C>) -> R,
    ) -> Result<R, ScriptError> {
        let changed = stage::enter(self.store, |stage| stage.world.get_mut::<C>(self.entity).map(f));
        changed.flatten().ok_or_else(|| self.missing(type_name::<C>()))
    }

    /// Why a component couldn't be reached.
    #[cold]
    fn missing(&self, component: &'static str) -> ScriptError {
        let entity = self.entity;
        match stage::access(self.store, |stage| stage.world.get_entity(entity).is_ok()) {
            Ok(true) => ScriptError::MissingComponent { entity, component },
            Ok(false) => ScriptError::NoSuchEntity { entity },
            Err(refused) => refused,
        }
    }
}
