//! `Me`: what a script holds of the world.
//!
//! The rule: `Me` is its owner, and more. Access to the owner's components and the waits for them are those
//! of [`EntityAccess`], which it derefs to; here is what concerns the world as a whole, and the script itself.
//! An access that can start or cancel scripts ends with commands flushed and those scripts attended to.
//!
//! A `Me` holds names, not references: it is `Copy`, and may be kept for longer than its script.

use std::any::type_name;
use std::ops::Deref;
use std::panic::Location;

use bevy_ecs::bundle::Bundle;
use bevy_ecs::change_detection::Mut;
use bevy_ecs::component::Mutable;
use bevy_ecs::entity::Entity;
use bevy_ecs::event::Event;
use bevy_ecs::message::{Message, Messages};
use bevy_ecs::resource::Resource;
use bevy_ecs::schedule::ScheduleLabel;
use bevy_ecs::system::Commands;
use bevy_ecs::world::World;

use super::access::EntityAccess;
use super::data::Verdict;
use super::error::ScriptError;
use super::registry::ScriptId;
use super::stage;
use super::until::UntilHolds;
use crate::executor::Lane;

/// A script's way to its owner and to the world; see [`Script`](crate::Script).
///
/// It derefs to the [`EntityAccess`] of its owner: `me.read(..)`, `me.with(..)`, `me.insert(..)`,
/// `me.until(..)`, `me.on::<E>()` are the owner's. It is `Copy`, so closures and child futures can take it
/// along. It works wherever a step of its world runs it: in scripts, in futures that they spawn, and in
/// destructors that run within a step.
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
    owner: EntityAccess,
    id: ScriptId,
}

impl Deref for Me {
    type Target = EntityAccess;

    #[inline]
    fn deref(&self) -> &EntityAccess {
        &self.owner
    }
}

impl Me {
    pub(crate) fn new(owner: EntityAccess, id: ScriptId) -> Self {
        Me { owner, id }
    }

    /// The script's id, for others to ask about it or to cancel it.
    pub fn id(&self) -> ScriptId {
        self.id
    }

    /// Access to another entity.
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
    pub fn other(&self, entity: Entity) -> EntityAccess {
        EntityAccess::new(entity, self.store())
    }

    /// Does anything with the world.
    ///
    /// When the closure has ended, commands are flushed. Then scripts that it started are ready, behind
    /// all that is, and scripts that it cancelled are out: nothing more of them runs.
    ///
    /// The closure may put another world in the place of this one, drop it, clear it, or step others; the guide says what
    /// comes of [each](crate::guide::reentrancy).
    ///
    /// # Errors
    /// In a nested access, and outside of a step.
    ///
    /// # Panics
    /// Where the closure or a command panics: that ends this script.
    #[inline]
    pub fn world<R>(&self, f: impl FnOnce(&mut World) -> R) -> Result<R, ScriptError> {
        let done = stage::act(self.store(), |world| {
            let result = f(world);
            world.flush();
            result
        });
        done.ok_or_else(|| stage::refusal(self.store()))
    }

    /// Queues commands, which are carried out before this returns.
    ///
    /// # Errors
    /// As [`world`](Self::world).
    pub fn commands<R>(&self, f: impl FnOnce(Commands<'_, '_>) -> R) -> Result<R, ScriptError> {
        self.world(|world| f(world.commands()))
    }

    /// Spawns an entity.
    ///
    /// # Errors
    /// As [`world`](Self::world).
    pub fn spawn(&self, bundle: impl Bundle) -> Result<Entity, ScriptError> {
        self.world(|world| world.spawn(bundle).id())
    }

    /// Triggers an event: its observers run before this returns, and scripts that wait for it
    /// ([`on_event`](Self::on_event)) go on in this step. For entity events see
    /// [`EntityAccess::trigger`].
    ///
    /// # Errors
    /// As [`world`](Self::world).
    pub fn trigger<'t>(&self, event: impl Event<Trigger<'t>: Default>) -> Result<(), ScriptError> {
        self.world(|world| world.trigger(event))
    }

    /// Writes a message: scripts that ask for it in this step find it, those that wait for it are woken in
    /// the next.
    ///
    /// # Errors
    /// If messages of this type weren't added to the world, in a nested access, and outside of a step.
    pub fn write_message<M: Message>(&self, message: M) -> Result<(), ScriptError> {
        self.resource_mut(|mut messages: Mut<Messages<M>>| {
            messages.write(message);
        })
    }

    /// Reads a resource. Doesn't mark it as changed.
    ///
    /// # Errors
    /// If there is no such resource, in a nested access, and outside of a step.
    #[inline]
    pub fn resource<R: Resource, T>(&self, f: impl FnOnce(&R) -> T) -> Result<T, ScriptError> {
        let read = stage::act(self.store(), |world| world.get_resource::<R>().map(f));
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
        let changed = stage::act(self.store(), |world| world.get_resource_mut::<R>().map(f));
        changed.flatten().ok_or_else(|| self.missing_resource(type_name::<R>()))
    }

    /// Why a resource couldn't be reached.
    #[cold]
    fn missing_resource(&self, resource: &'static str) -> ScriptError {
        match stage::access(self.store(), |_| ()) {
            Ok(()) => ScriptError::MissingResource { resource },
            Err(refused) => refused,
        }
    }

    /// Waits until a condition of a resource holds; it is over at once if it does already.
    ///
    /// As [`EntityAccess::until`], for a resource.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::Me;
    /// # #[derive(Resource)]
    /// # struct Gold(u32);
    /// async fn shop_opens(me: Me) -> Result {
    ///     me.until_resource(|gold: &Gold| gold.0 >= 100).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// When there is no such resource.
    ///
    /// # Panics
    /// As [`EntityAccess::until`].
    #[track_caller]
    pub fn until_resource<R, F, V>(
        &self,
        mut condition: F,
    ) -> impl Future<Output = Result<V::Found, ScriptError>> + Unpin + use<R, F, V>
    where
        R: Resource,
        F: FnMut(&R) -> V + 'static,
        V: Verdict,
    {
        let looked = move |world: &World| match world.get_resource::<R>() {
            Some(resource) => condition(resource).found().map(Ok),
            None => Some(Err(ScriptError::MissingResource { resource: type_name::<R>() })),
        };
        UntilHolds::new(self.store(), Location::caller(), looked)
    }

    /// Waits until a condition of the world holds; it is over at once if it does already.
    ///
    /// As [`EntityAccess::until`], for whatever the world holds: the condition finds it as it is between
    /// two steps.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::Me;
    /// # #[derive(Component)]
    /// # struct Health(i32);
    /// async fn alone(me: Me, companion: Entity) {
    ///     me.until_world(move |world| world.get::<Health>(companion).is_none_or(|health| health.0 <= 0)).await
    /// }
    /// ```
    ///
    /// # Panics
    /// As [`EntityAccess::until`].
    #[track_caller]
    pub fn until_world<F, V>(&self, mut condition: F) -> impl Future<Output = V::Found> + Unpin + use<F, V>
    where
        F: FnMut(&World) -> V + 'static,
        V: Verdict,
    {
        UntilHolds::new(self.store(), Location::caller(), move |world: &World| condition(world).found())
    }

    /// The lane of a label, for [`resume_in`](crate::resume_in) and for what a script spawns.
    ///
    /// # Errors
    /// In a nested access, and outside of a step.
    ///
    /// # Panics
    /// If the executor has as many lanes as it can have.
    pub fn lane<L: ScheduleLabel>(&self, label: L) -> Result<Lane, ScriptError> {
        stage::access(self.store(), |stage| stage.store().lane(label.intern(), type_name::<L>()))
    }
}
