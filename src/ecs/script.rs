//! The `Script` component: a future that lives on an entity and dies with it.
//!
//! The rule: a `Script` that comes into a world is enlisted there, once, and from the moment it is
//! removed, replaced, despawned or dropped by any other way, it is cancelled. Hooks see to both; they
//! touch nothing but the registry, so they may run on any thread. The component is immutable, so that
//! nothing else can change it behind their back.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bevy_ecs::component::Component;
use bevy_ecs::entity::Entity;
use bevy_ecs::error::Result;
use bevy_ecs::lifecycle::HookContext;
use bevy_ecs::schedule::{InternedScheduleLabel, ScheduleLabel};
use bevy_ecs::world::{DeferredWorld, World};

use super::error::FailureKind;
use super::me::Me;
use super::registry::{Registry, ScriptId, ScriptRegistry};
use super::running::Running;
use super::store::Store;
use super::tell;
use crate::executor::{SpawnLimit, TaskId};

/// A script, as a component: insert it on the entity that it is about.
///
/// **Start.** Scripts start in the order in which they were inserted, at the next step of their lane;
/// those inserted within a step of it start in that step, after all that was ready before.
///
/// **End.** A script that ends takes its `Script` along, never its entity. An error that it returns, and
/// a panic, go to Bevy's fallback error handler as a [`ScriptFailure`](crate::ScriptFailure), and end
/// that script alone.
///
/// **Cancelling.** Despawn the entity, or remove or replace the `Script`: nothing of the script runs from
/// there on. A script that does so to itself runs on to its next await. The future of a script that was
/// cancelled within a step is dropped in that step, before any other script runs; one that was cancelled
/// between steps is dropped at the start of the next, of whichever lane, before anything else. So its
/// destructors always find the world, with the entity already gone. If no step follows, it is dropped
/// with the world, and its destructors find none.
///
/// **Standing still.** While its owner, or the entity that carries it, is `Disabled`, a script isn't resumed;
/// what ends its wait meanwhile resumes it afterwards. See [`ScriptClock`](crate::ScriptClock) for groups.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, next_frame, step_scripts};
///
/// #[derive(Component)]
/// struct Fuse(u32);
///
/// let mut world = World::new();
/// let bomb = world.spawn((Fuse(2), Script::new(async |me: Me| {
///     while me.read(|fuse: &Fuse| fuse.0)? > 0 {
///         me.with(|mut fuse: Mut<Fuse>| fuse.0 -= 1)?;
///         next_frame().await;
///     }
///     me.world(|world| world.despawn(me.entity()))?;
///     Ok(())
/// }))).id();
///
/// for _ in 0..3 {
///     step_scripts(&mut world);
/// }
/// assert!(world.get_entity(bomb).is_err());
/// ```
#[derive(Component)]
#[component(immutable, on_insert = on_insert, on_discard = on_discard)]
pub struct Script {
    plan: Plan,
    /// What is to be run, until it is handed to the registry.
    body: Mutex<Option<Box<dyn Body>>>,
    link: OnceLock<Link>,
}

/// What is known of a script before it runs.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) made_at: &'static Location<'static>,
    /// The lane's label and its name; `None` is the main lane.
    pub(crate) lane: Option<(InternedScheduleLabel, &'static str)>,
    /// The script with which it ends.
    pub(crate) owned_by: Option<ScriptId>,
    /// Whether its entity is there for it alone.
    pub(crate) is_alone: bool,
    /// Whether its failures keep a severity that can end the game.
    pub(crate) escalates: bool,
    /// What its random numbers follow from, in the place of how many scripts came before it.
    pub(crate) random_key: Option<u64>,
}

/// Where a script was enlisted.
#[derive(Debug)]
struct Link {
    id: ScriptId,
    registry: Arc<Registry>,
}

impl Script {
    /// A script named after its closure's type.
    ///
    /// The closure is called in the script's first poll. It may capture whatever is `Send`; its future
    /// needn't be `Send`, since it never leaves the thread that steps it.
    #[track_caller]
    pub fn new<F>(script: F) -> Self
    where
        F: AsyncFnOnce(Me) -> Result + Send + 'static,
    {
        Self::named(std::any::type_name::<F>(), script)
    }

    /// A script with a name, for messages and inspection.
    #[track_caller]
    pub fn named<F>(name: &'static str, script: F) -> Self
    where
        F: AsyncFnOnce(Me) -> Result + Send + 'static,
    {
        let plan = Plan {
            name,
            made_at: Location::caller(),
            lane: None,
            owned_by: None,
            is_alone: false,
            escalates: false,
            random_key: None,
        };
        Script { plan, body: Mutex::new(Some(Box::new(script))), link: OnceLock::new() }
    }

    /// Makes `label`'s lane the script's home: it starts there and is polled only by
    /// [`step_lane(label)`](crate::step_lane). Without this, its home is the main lane, of
    /// [`step_scripts`](crate::step_scripts).
    #[must_use]
    pub fn in_lane<L: ScheduleLabel>(mut self, label: L) -> Self {
        self.plan.lane = Some((label.intern(), std::any::type_name::<L>()));
        self
    }

    /// Ties the script to another one: it is cancelled when that ends, in whatever way. If that has ended
    /// by the time at which this would start, it doesn't.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, Script, frames, next_frame};
    ///
    /// async fn boss(me: Me) -> Result {
    ///     let drums = Script::new(async |_: Me| loop { next_frame().await });
    ///     me.spawn_script(drums.owned_by(me.id()))?;
    ///     frames(600).await;
    ///     Ok(())                                      // and the drums are silent
    /// }
    /// ```
    #[must_use]
    pub fn owned_by(mut self, script: ScriptId) -> Self {
        self.plan.owned_by = Some(script);
        self
    }

    /// Despawns the entity that carries the script when the script ends by itself, fails, or is cancelled
    /// by its id: for entities that are there for their script alone. [`SpawnScript`](crate::SpawnScript) says it for
    /// those that it spawns.
    #[must_use]
    pub fn despawn_at_end(mut self) -> Self {
        self.plan.is_alone = true;
        self
    }

    /// Lets the script's failures end the game: they are told to Bevy's error handler at the severity that
    /// the error has (by Bevy's default that panics), and panics of the script at
    /// [`Severity::Panic`](bevy_ecs::error::Severity). Without this they are told as errors at most.
    #[must_use]
    pub fn escalate(mut self) -> Self {
        self.plan.escalates = true;
        self
    }

    /// Lets the script draw its [random numbers](crate::random) from the stream of `key`: one that follows from `key`
    /// and the executor's seed, or the script that runs when this starts, and not from how many scripts were started
    /// before. For a script of which there is one for each of something: a monster's number, a room's.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, Script, random, step_scripts};
    ///
    /// #[derive(Component, Debug, PartialEq)]
    /// struct Loot(u64);
    ///
    /// let chest = |key| {
    ///     let fill = async |me: Me| {
    ///         me.insert(Loot(random()))?;
    ///         Ok(())
    ///     };
    ///     Script::new(fill).random_key(key)
    /// };
    /// let mut world = World::new();
    /// let [one, _, other] = [7, 8, 7].map(|key| world.spawn(chest(key)).id());
    /// step_scripts(&mut world);
    /// assert_eq!(world.get::<Loot>(one), world.get::<Loot>(other));
    /// ```
    #[must_use]
    pub fn random_key(mut self, key: u64) -> Self {
        self.plan.random_key = Some(key);
        self
    }

    /// The script's id, from its insertion into a world on.
    pub fn id(&self) -> Option<ScriptId> {
        self.link.get().map(|link| link.id)
    }

    /// The script's name.
    pub fn name(&self) -> &'static str {
        self.plan.name
    }

    /// Where the script was made.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.plan.made_at
    }

    pub(crate) fn plan(&self) -> Plan {
        self.plan
    }

    /// Hands the script to the registry; `false` if that was done before.
    fn enlist(&self, registry: &Arc<Registry>, entity: Entity, of: Option<Entity>) -> bool {
        let Some(body) = self.body.lock().unwrap_or_else(PoisonError::into_inner).take() else { return false };
        let id = registry.enlist(entity, of, self.plan, body);
        self.link.set(Link { id, registry: registry.clone() }).expect("linked once: the body was still here");
        true
    }

    fn retire(&self) {
        if let Some(link) = self.link.get() {
            link.registry.retire(link.id);
        }
    }
}

impl Drop for Script {
    /// For the ways out of a world that run no hooks, such as `World::clear_entities`.
    fn drop(&mut self) {
        self.retire();
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("plan", &self.plan).field("id", &self.id()).finish_non_exhaustive()
    }
}

fn on_insert(mut world: DeferredWorld, context: HookContext) {
    let entity = context.entity;
    if let Some(registry) = world.get_resource::<ScriptRegistry>() {
        enlist(&world, &registry.0, entity);
    } else {
        // The world's first script brings the registry along, as soon as the world may be changed.
        world.commands().queue(move |world: &mut World| {
            let registry = world.get_resource_or_init::<ScriptRegistry>().0.clone();
            enlist(world, &registry, entity);
        });
    }
}

fn enlist(world: &World, registry: &Arc<Registry>, entity: Entity) {
    if let Some(script) = world.get::<Script>(entity)
        && !script.enlist(registry, entity, world.get::<ScriptOf>(entity).map(|of| of.0))
        && script.id().is_none_or(|id| !registry.is_running(id))
    {
        tell::script(world, script.id(), Some(entity), script.plan(), FailureKind::Restarted);
    }
}

fn on_discard(world: DeferredWorld, context: HookContext) {
    if let Some(script) = world.get::<Script>(context.entity) {
        script.retire();
    }
}

/// Makes a script entity of its own belong to another entity, which may have several.
///
/// Spawn a `Script` together with `ScriptOf(owner)`: its [`Me`] speaks of the owner. The script's entity
/// is despawned with the owner, as Bevy's relationships do, and when the script ends. The owner is the one
/// that the script has when it starts; `ScriptOf` inserted or changed later moves no script.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, ScriptOf, Scripts, next_frame, step_scripts};
///
/// let mut world = World::new();
/// let guard = world.spawn_empty().id();
/// let walk = world.spawn((Script::new(async |_: Me| loop { next_frame().await }), ScriptOf(guard))).id();
/// let talk = world.spawn((Script::new(async |_: Me| Ok(())), ScriptOf(guard))).id();
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Scripts>(guard).unwrap().iter().collect::<Vec<_>>(), [walk]);
/// assert!(world.get_entity(talk).is_err());
/// ```
#[derive(Component, Copy, Clone, Debug, PartialEq, Eq)]
#[relationship(relationship_target = Scripts)]
pub struct ScriptOf(pub Entity);

/// The script entities of this entity, in the order in which they came; kept by Bevy, see [`ScriptOf`].
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = ScriptOf, linked_spawn)]
pub struct Scripts(Vec<Entity>);

/// The task of a script, or the limit that kept it from starting.
pub(crate) type Launched = core::result::Result<TaskId, (TaskId, SpawnLimit)>;

/// A script's closure whose type is forgotten.
pub(crate) trait Body: Send {
    /// Spawns the script's future.
    fn launch(self: Box<Self>, store: &Store, plan: Plan, me: Me) -> Launched;
}

impl<F> Body for F
where
    F: AsyncFnOnce(Me) -> Result + Send + 'static,
{
    fn launch(self: Box<Self>, store: &Store, plan: Plan, me: Me) -> Launched {
        store.spawn(plan, Running::new(move || self(me), store.end_of(me)))
    }
}
