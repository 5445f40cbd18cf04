//! `EntityAccess`: what a script can do with one entity.
//!
//! The rule: world access is synchronous and scoped. A closure is given what it asks for and gives it
//! back before the script's next await, so no reference into the world can cross one. An access inside of
//! another to the same world is an error, and so is one outside of a step. Whatever changes the world's
//! structure ends with commands flushed, and with the scripts attended to that it started or cancelled.
//!
//! How: each accessor is one call into the stage (`stage::act`) around one call into Bevy, and is compiled
//! into the script. Why it failed is found out of line, by a second look.

use std::any::type_name;
use std::panic::Location;

use bevy_ecs::bundle::Bundle;
use bevy_ecs::component::{Component, ComponentId};
use bevy_ecs::entity::Entity;
use bevy_ecs::event::{EntityEvent, Event};
use bevy_ecs::hierarchy::ChildOf;
use bevy_ecs::query::{QueryData, ReadOnlyQueryData, ReleaseStateQueryData, SingleEntityQueryData};
use bevy_ecs::world::{EntityWorldMut, World};

use super::data::{EntityCondition, EntityFn};
use super::error::ScriptError;
use super::stage::{self, StoreKey};
use super::until::UntilHolds;

/// A script's access to one entity, and its waits for what becomes of it: from [`Me`](crate::Me) itself,
/// which derefs to that of its owner, and from [`Me::other`](crate::Me::other).
///
/// It is a name, not a reference: `Copy`, and of no use once its script's world is out of reach. Every
/// access gives a `Result`, whose error `?` passes on; see [`ScriptError`].
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{EntityAccess, Me, Script, ScriptError, step_scripts};
///
/// #[derive(Component)]
/// struct Door { is_open: bool }
/// #[derive(Component)]
/// struct Key(Entity);
///
/// fn open(door: EntityAccess) -> Result<(), ScriptError> {
///     door.with(|mut door: Mut<Door>| door.is_open = true)
/// }
///
/// let mut world = World::new();
/// let door = world.spawn(Door { is_open: false }).id();
/// world.spawn((Key(door), Script::new(async |me: Me| {
///     let door = me.read(|key: &Key| key.0)?;
///     open(me.other(door))?;
///     me.remove::<Key>()?;
///     Ok(())
/// })));
/// step_scripts(&mut world);
/// assert!(world.get::<Door>(door).unwrap().is_open);
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct EntityAccess {
    entity: Entity,
    store: StoreKey,
}

impl EntityAccess {
    pub(crate) fn new(entity: Entity, store: StoreKey) -> Self {
        EntityAccess { entity, store }
    }

    pub(crate) fn store(&self) -> StoreKey {
        self.store
    }

    /// The entity; it may be gone. Of [`Me`](crate::Me): the script's owner, which is the entity that
    /// carries its `Script`, or the target of its [`ScriptOf`](crate::ScriptOf).
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// Whether the entity exists.
    ///
    /// # Errors
    /// In a nested access, and outside of a step.
    pub fn exists(&self) -> Result<bool, ScriptError> {
        stage::access(self.store, |stage| stage.world.get_entity(self.entity).is_ok())
    }

    /// Reads components. Doesn't mark them as changed.
    ///
    /// What is read is what the closure's argument says: `&Health`, `(&Health, Option<&Shield>)`, or other
    /// query data that is read-only; see [`data`](Self::data) for such as `Has<Shield>`.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// # #[derive(Component)]
    /// # struct Health(i32);
    /// # #[derive(Component)]
    /// # struct Shield(i32);
    /// fn toughness(me: Me) -> Result<i32, ScriptError> {
    ///     me.read(|(health, shield): (&Health, Option<&Shield>)| health.0 + shield.map_or(0, |shield| shield.0))
    /// }
    /// ```
    ///
    /// # Errors
    /// If the entity or a component is gone, in a nested access, and outside of a step.
    #[inline]
    pub fn read<F, M>(&self, f: F) -> Result<F::Output, ScriptError>
    where
        F: EntityFn<M, Data: ReadOnlyQueryData>,
    {
        self.read_data::<F::Data, _>(|item| f.call(item))
    }

    /// Changes components. Those that are asked for as `Mut` are marked as changed when the closure first
    /// changes them.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// # #[derive(Component)]
    /// # struct Position(i32);
    /// # #[derive(Component)]
    /// # struct Velocity(i32);
    /// fn walk(me: Me) -> Result<(), ScriptError> {
    ///     me.with(|(mut position, velocity): (Mut<Position>, &Velocity)| position.0 += velocity.0)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// When the closure asks for the same component twice, once of them as `Mut`.
    #[inline]
    pub fn with<F, M>(&self, f: F) -> Result<F::Output, ScriptError>
    where
        F: EntityFn<M>,
    {
        if !F::IS_LONE {
            return self.with_data::<F::Data, _>(|item| f.call(item));
        }
        let mut f = Some(f);
        let changed = stage::act(self.store, |world| {
            let entity = world.get_entity_mut(self.entity).ok()?;
            f.take()?.change_lone(entity).ok()
        });
        changed.flatten().ok_or_else(|| self.missing_known::<F::Data>())
    }

    /// Inserts components; those that are there already are replaced.
    ///
    /// # Errors
    /// If the entity is gone, in a nested access, and outside of a step.
    pub fn insert(&self, bundle: impl Bundle) -> Result<(), ScriptError> {
        self.change(|mut entity| {
            entity.insert(bundle);
        })
    }

    /// Removes components; those that aren't there are passed over.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn remove<B: Bundle>(&self) -> Result<(), ScriptError> {
        self.change(|mut entity| {
            entity.remove::<B>();
        })
    }

    /// Despawns the entity, with its children and whatever else goes with it. A script that despawns its
    /// own owner runs on to its next await.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn despawn(&self) -> Result<(), ScriptError> {
        self.change(|entity| entity.despawn())
    }

    /// Triggers an entity event at this entity: its observers run before this returns, and scripts that
    /// wait for it ([`on`](Self::on)) go on in this step.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// #[derive(EntityEvent)]
    /// struct Knock { entity: Entity, loud: bool }
    ///
    /// fn knock(me: Me, door: Entity) -> Result<(), ScriptError> {
    ///     me.other(door).trigger(|entity| Knock { entity, loud: true })
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn trigger<'t, E>(&self, event: impl FnOnce(Entity) -> E) -> Result<(), ScriptError>
    where
        E: EntityEvent + Event<Trigger<'t>: Default>,
    {
        self.change(|mut entity| {
            let event = event(entity.id());
            entity.world_scope(|world| world.trigger(event));
        })
    }

    /// Spawns a child of the entity, as Bevy's [`ChildOf`] says it.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn spawn_child(&self, bundle: impl Bundle) -> Result<Entity, ScriptError> {
        let parent = self.entity;
        self.change(move |mut entity| entity.world_scope(|world| world.spawn((bundle, ChildOf(parent))).id()))
    }

    /// The entity's parent, if it has one. Its children are read as any component:
    /// `me.read(|children: &Children| children.len())`.
    ///
    /// # Errors
    /// As [`insert`](Self::insert).
    pub fn parent(&self) -> Result<Option<Entity>, ScriptError> {
        self.read(|parent: Option<&ChildOf>| parent.map(ChildOf::parent))
    }

    /// Waits until a condition of the entity's components holds; it is over at once if it does already.
    ///
    /// The condition gives a `bool`, or an `Option` whose content the wait gives. It is looked at in step 5
    /// of each step of the script's lane, in the order in which the waits were armed, behind the messages,
    /// and without resuming the script. Dropping the wait drops the condition at once.
    ///
    /// ```
    /// # use bevy_ecs::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// # #[derive(Component)]
    /// # struct Health(i32);
    /// # #[derive(Component)]
    /// # struct Target(Option<Entity>);
    /// async fn hunt(me: Me) -> Result {
    ///     let prey = me.until(|target: &Target| target.0).await?;
    ///     me.other(prey).until(|health: &Health| health.0 <= 0).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// When the entity is despawned, or a component is gone.
    ///
    /// # Panics
    /// When awaited in a nested access or outside of a step. A panic in the condition goes off in the script.
    #[track_caller]
    pub fn until<F, M>(
        &self,
        mut condition: F,
    ) -> impl Future<Output = Result<F::Found, ScriptError>> + Unpin + use<F, M>
    where
        F: EntityCondition<M>,
    {
        let looked = self
            .condition::<F::Data, _, _>(move |item: <F::Data as QueryData>::Item<'_, 'static>| condition.look(item));
        UntilHolds::new(self.store, Location::caller(), looked)
    }

    /// Waits until a component of the entity changes, from now on: what is written after the creation of
    /// this wait counts, what was written before doesn't.
    ///
    /// It is looked at in step 5 of each step, as the conditions of [`until`](Self::until).
    ///
    /// # Errors
    /// When the entity is despawned, or the component is gone.
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[track_caller]
    pub fn changed<C: Component>(&self) -> impl Future<Output = Result<(), ScriptError>> + Unpin + use<C> {
        let entity = self.entity;
        // What is written from here on bears a later tick.
        let since = stage::access(self.store, |stage| stage.world.increment_change_tick());
        let since = match since {
            Ok(since) => since,
            Err(error) => panic!("can't watch `{}` for changes: {error}", type_name::<C>()),
        };
        let looked = move |world: &World| match world.get_entity(entity).map(|it| it.get_change_ticks::<C>()) {
            Ok(Some(ticks)) => ticks.is_changed(since, world.read_change_tick()).then_some(Ok(())),
            Ok(None) => Some(Err(ScriptError::MissingComponent { entity, component: type_name::<C>() })),
            Err(_) => Some(Err(ScriptError::NoSuchEntity { entity })),
        };
        UntilHolds::new(self.store, Location::caller(), looked)
    }

    /// Waits until the entity is despawned; it is over at once if it is already.
    ///
    /// It is looked at in step 5 of each step, as the conditions of [`until`](Self::until).
    ///
    /// # Panics
    /// When awaited in a nested access or outside of a step.
    #[track_caller]
    pub fn despawned(&self) -> impl Future<Output = ()> + Unpin + use<> {
        let entity = self.entity;
        UntilHolds::new(self.store, Location::caller(), move |world: &World| {
            world.get_entity(entity).is_err().then_some(())
        })
    }

    #[inline]
    pub(super) fn read_data<D, R>(&self, f: impl FnOnce(D::Item<'_, 'static>) -> R) -> Result<R, ScriptError>
    where
        D: ReadOnlyQueryData + ReleaseStateQueryData + SingleEntityQueryData,
    {
        let mut f = Some(f);
        loop {
            let read = stage::act(self.store, |world| {
                let item = world.get_entity(self.entity).ok()?.get_components::<D>().ok()?;
                f.take().map(|f| f(item))
            });
            if let Some(Some(result)) = read {
                return Ok(result);
            }
            self.missing::<D>()?;
        }
    }

    #[inline]
    pub(super) fn with_data<D, R>(&self, f: impl FnOnce(D::Item<'_, 'static>) -> R) -> Result<R, ScriptError>
    where
        D: ReleaseStateQueryData + SingleEntityQueryData + 'static,
    {
        let changed = stage::act_with(self.store, |world, store| {
            if let Some(item) = store.queries.get_mut::<D>(world, self.entity) {
                return Some(f(item));
            }
            with_disabled::<D, R>(world, self.entity, f)
        });
        changed.flatten().ok_or_else(|| self.missing_known::<D>())
    }

    /// A condition of this entity's components, as one of the world.
    pub(super) fn condition<D, T, C>(
        &self,
        mut condition: C,
    ) -> impl FnMut(&World) -> Option<Result<T, ScriptError>> + use<D, T, C>
    where
        C: FnMut(D::Item<'_, 'static>) -> Option<T>,
        D: ReadOnlyQueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static,
    {
        let entity = self.entity;
        // Data of several components is found by the state of a query, which is made here: a condition finds
        // the world to be read. Of one component alone it is found sooner without.
        let known = stage::act_with(self.store, |world, store| {
            if size_of::<D::State>() <= size_of::<ComponentId>() {
                make_known::<D>(world);
                return None;
            }
            Some((world.id(), store.queries.shared::<D>(world)))
        });
        let known = known.flatten();
        move |world: &World| {
            if let Some((of, query)) = &known
                && *of == world.id()
                && let Some(item) = query.get(world, entity)
            {
                return condition(item).map(Ok);
            }
            match world.get_entity(entity).map(|it| it.get_components::<D>()) {
                Ok(Ok(item)) => condition(item).map(Ok),
                Ok(Err(_)) => Some(Err(ScriptError::MissingComponent { entity, component: component_of::<D>() })),
                Err(_) => Some(Err(ScriptError::NoSuchEntity { entity })),
            }
        }
    }

    /// Changes the entity's structure, and attends to what that started and cancelled.
    fn change<R>(&self, f: impl FnOnce(EntityWorldMut<'_>) -> R) -> Result<R, ScriptError> {
        let changed = stage::act(self.store, |world| {
            let changed = world.get_entity_mut(self.entity).ok().map(f);
            world.flush();
            changed
        });
        match changed {
            Some(Some(result)) => Ok(result),
            Some(None) => Err(ScriptError::NoSuchEntity { entity: self.entity }),
            None => Err(stage::refusal(self.store)),
        }
    }

    /// Why components couldn't be reached.
    #[cold]
    fn missing_known<D: QueryData>(&self) -> ScriptError {
        let known = ScriptError::MissingComponent { entity: self.entity, component: component_of::<D>() };
        self.missing::<D>().err().unwrap_or(known)
    }

    /// Why components couldn't be reached; `Ok` where it is worth another try.
    #[cold]
    fn missing<D: QueryData>(&self) -> Result<(), ScriptError> {
        let entity = self.entity;
        stage::access(self.store, |stage| {
            if stage.world.get_entity(entity).is_err() {
                return Err(ScriptError::NoSuchEntity { entity });
            }
            if make_known::<D>(&mut stage.world) {
                return Ok(());
            }
            Err(ScriptError::MissingComponent { entity, component: component_of::<D>() })
        })?
    }
}

/// Reaches an entity that queries pass over, since it is disabled.
#[cold]
fn with_disabled<D, R>(world: &mut World, entity: Entity, f: impl FnOnce(D::Item<'_, 'static>) -> R) -> Option<R>
where
    D: ReleaseStateQueryData + SingleEntityQueryData,
{
    world.get_entity_mut(entity).ok()?.get_components_mut::<D>().ok().map(f)
}

/// Makes components known to a world in which there never was one: Bevy refuses to look for such, also where
/// the data could do without. Whether there were any.
fn make_known<D: QueryData>(world: &mut World) -> bool {
    let is_new = D::get_state(world.components()).is_none();
    if is_new {
        world.query::<D>();
    }
    is_new
}

/// The name of what was asked for; of a lone component its own, without what it was asked for as.
fn component_of<D: QueryData>() -> &'static str {
    let name = type_name::<D>();
    if let Some(component) = name.strip_prefix('&') {
        return component;
    }
    let Some((wrapper, inner)) = name.split_once('<') else { return name };
    if !wrapper.contains("::change_detection::") {
        return name;
    }
    let inner = inner.strip_suffix('>').unwrap_or(inner);
    inner.strip_prefix("'_, ").unwrap_or(inner)
}
