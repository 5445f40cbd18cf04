//! Scripts that stand still: with the clock that they go by, and while their entity is disabled.
//!
//! The rule: whether a script stands still, and by which clock it goes, follows from the world as it is where
//! the store attends to its post: from `Disabled` on its owner or on the entity that carries it, from the
//! `ScriptClock` of its owner, and from whether that clock is paused. Hooks and observers only post that it may
//! have changed.
//!
//! How: a script whose owner carries it is found by the `Script` there. Those of an owner that doesn't are
//! links of a list, in the order in which they started, whose ends are found by the owner.

use std::cell::{Cell, RefCell};

use bevy_ecs::component::Component;
use bevy_ecs::entity::{Entity, EntityHash};
use bevy_ecs::entity_disabling::Disabled;
use bevy_ecs::lifecycle::{Add, HookContext, Remove};
use bevy_ecs::observer::{Observer, On};
use bevy_ecs::system::Res;
use bevy_ecs::world::{DeferredWorld, World};
use indexmap::IndexMap;

use super::registry::{ScriptId, ScriptRegistry};
use super::script::Script;
use super::stage;
use super::store::{Row, Store};
use crate::executor::TaskId;
use crate::time::Clock;

/// Makes the scripts of an entity go by the clock of this name: a component of their owner.
///
/// Their `sleep`, `interval`, `timeout` and `tween` follow that clock ([`Me::clock`](crate::Me::clock)), also in
/// children that they spawn. While it is [paused](ScriptRegistry::pause) they stand still, whatever they wait for: a time, the
/// next frame, a message. Nothing of that is lost; when it is resumed they go on, with as much of a sleep left as
/// before. So a name is a group: of all that freeze together, or run slowly together.
///
/// It may be inserted, changed and removed while scripts run. A wait that has begun keeps the clock that it
/// began on. A script that despawning or another cancels ends, standing still or not.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, ScriptClock, ScriptRegistry, next_frame, step_scripts};
///
/// #[derive(Component)]
/// struct Steps(u32);
///
/// let mut world = World::new();
/// let goblin = world.spawn((Steps(0), ScriptClock("enemies"), Script::new(async |me: Me| loop {
///     me.with(|mut steps: Mut<Steps>| steps.0 += 1)?;
///     next_frame().await;
/// }))).id();
/// step_scripts(&mut world);
/// world.resource::<ScriptRegistry>().pause("enemies");
/// step_scripts(&mut world);
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Steps>(goblin).unwrap().0, 1);
/// world.resource::<ScriptRegistry>().resume("enemies");
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Steps>(goblin).unwrap().0, 2);
/// ```
#[derive(Component, Copy, Clone, Debug, PartialEq, Eq)]
#[component(immutable, on_insert = may_have_changed, on_discard = may_have_changed)]
pub struct ScriptClock(pub &'static str);

fn may_have_changed(world: DeferredWorld, context: HookContext) {
    // Where there is no registry no script was started, and none stands still.
    if let Some(scripts) = world.get_resource::<ScriptRegistry>() {
        scripts.0.review(context.entity);
    }
}

/// On the observers that tell of `Disabled`.
#[derive(Component)]
struct Watch;

/// Has `Disabled` told to the registry; one of the entities that see to it.
fn watch(world: &mut World) -> Entity {
    let review = |scripts: Option<Res<ScriptRegistry>>, entity| {
        if let Some(scripts) = scripts {
            scripts.0.review(entity);
        }
    };
    let removed = move |on: On<Remove<Disabled>>, scripts: Option<Res<ScriptRegistry>>| review(scripts, on.entity);
    let added = move |on: On<Add<Disabled>>, scripts: Option<Res<ScriptRegistry>>| review(scripts, on.entity);
    world.spawn((Watch, Observer::new(removed)));
    world.spawn((Watch, Observer::new(added))).id()
}

/// The scripts of one store, as far as they may stand still.
#[derive(Default)]
pub(crate) struct Groups {
    /// By the indices of their ids.
    members: RefCell<Vec<Option<Member>>>,
    /// The first and the last of the scripts of those owners that don't carry them. The hash orders nothing.
    owners: RefCell<IndexMap<Entity, (u32, u32), EntityHash>>,
    /// One of the observers of `Disabled`.
    watch: Cell<Option<Entity>>,
    /// Lists with room.
    scripts: Cell<Vec<u32>>,
    to_hold: Cell<Vec<TaskId>>,
    to_go: Cell<Vec<TaskId>>,
}

#[derive(Copy, Clone)]
struct Member {
    id: ScriptId,
    task: TaskId,
    entity: Entity,
    owner: Entity,
    /// The clock that it goes by, and whether that is paused.
    clock: Option<Clock>,
    is_paused: bool,
    is_disabled: bool,
    /// Its neighbours among the scripts of an owner that doesn't carry it.
    before: Option<u32>,
    after: Option<u32>,
}

impl Member {
    fn stands_still(&self) -> bool {
        self.is_paused || self.is_disabled
    }
}

impl Groups {
    /// Takes in a script that was started and wasn't polled yet.
    pub(crate) fn admit(&self, store: &Store, row: &Row) {
        let &Row { id, task, entity, owner, .. } = row;
        let mut member = Member {
            id,
            task,
            entity,
            owner,
            clock: None,
            is_paused: false,
            is_disabled: false,
            before: None,
            after: None,
        };
        let mut members = self.members.borrow_mut();
        if members.len() <= id.index as usize {
            members.resize(id.index as usize + 1, None);
        }
        if owner != entity {
            let mut owners = self.owners.borrow_mut();
            let (_, last) = owners.entry(owner).or_insert((id.index, id.index));
            if *last != id.index {
                member.before = Some(*last);
                linked(&mut members, *last).after = Some(id.index);
                *last = id.index;
            }
        }
        members[id.index as usize] = Some(member);
        drop(members);
        // It may have been started while another script runs, whose clock it isn't to inherit.
        store.executor.core().change_clock(task, None);
        self.reassess(store, id.index, |world| {
            if self.watch.get().is_none_or(|watch| world.get::<Watch>(watch).is_none()) {
                self.watch.set(Some(watch(world)));
            }
        });
        self.carry_out(store);
    }

    /// Lets a script go that ends.
    pub(crate) fn release(&self, row: &Row) {
        let mut members = self.members.borrow_mut();
        let place = members.get_mut(row.id.index as usize);
        let Some(member) = place.and_then(|member| member.take_if(|member| member.id == row.id)) else { return };
        if member.owner == member.entity {
            return;
        }
        if let Some(before) = member.before {
            linked(&mut members, before).after = member.after;
        }
        if let Some(after) = member.after {
            linked(&mut members, after).before = member.before;
        }
        let mut owners = self.owners.borrow_mut();
        let ends = owners.get_mut(&member.owner).expect("an owner of a script");
        match (member.before, member.after) {
            (None, None) => drop(owners.swap_remove(&member.owner)),
            (None, Some(first)) => ends.0 = first,
            (Some(last), None) => ends.1 = last,
            (Some(_), Some(_)) => (),
        }
    }

    /// Looks anew at the scripts that an entity carries or owns.
    pub(crate) fn review(&self, store: &Store, entity: Entity) {
        let mut scripts = self.scripts.take();
        let carried = stage::access(store.key, |stage| stage.world.get::<Script>(entity).and_then(Script::id));
        let members = self.members.borrow();
        if let Ok(Some(id)) = carried
            && members.get(id.index as usize).is_some_and(|member| member.is_some_and(|member| member.id == id))
        {
            scripts.push(id.index);
        }
        let mut next = self.owners.borrow().get(&entity).map(|ends| ends.0);
        while let Some(index) = next {
            scripts.push(index);
            next = members[index as usize].expect("a link of a list").after;
        }
        drop(members);
        scripts.drain(..).for_each(|index| self.reassess(store, index, |_| ()));
        self.scripts.set(scripts);
        self.carry_out(store);
    }

    /// A clock was paused, or resumed.
    pub(crate) fn set_paused(&self, store: &Store, clock: Clock, is_paused: bool) {
        for member in self.members.borrow_mut().iter_mut().flatten() {
            if member.clock == Some(clock) && member.is_paused != is_paused {
                member.is_paused = is_paused;
                if !member.is_disabled {
                    self.note(member.task, is_paused);
                }
            }
        }
        self.carry_out(store);
    }

    /// Has a script be as the world says that it is to be, after `first` has been done there.
    fn reassess(&self, store: &Store, index: u32, first: impl FnOnce(&mut World)) {
        let Some(member) = self.members.borrow()[index as usize] else { return };
        let seen = stage::access(store.key, |stage| {
            let world = &mut stage.world;
            first(world);
            let is_disabled = world.get::<Disabled>(member.owner).is_some()
                || (member.entity != member.owner && world.get::<Disabled>(member.entity).is_some());
            (is_disabled, world.get::<ScriptClock>(member.owner).map(|clock| clock.0))
        });
        let Ok((is_disabled, name)) = seen else { return };
        let clock = name.map(|name| store.clock(name));
        let is_paused = name.is_some_and(|name| store.registry().clock(name).is_paused);
        let now = Member { clock, is_paused, is_disabled, ..member };
        self.members.borrow_mut()[index as usize] = Some(now);
        if now.clock != member.clock {
            let core = store.executor.core();
            core.change_clock(member.task, clock.map(|clock| clock.check(core)));
        }
        if now.stands_still() != member.stands_still() {
            self.note(member.task, now.stands_still());
        }
    }

    /// Notes that a task is to be held, or to go on.
    fn note(&self, task: TaskId, hold: bool) {
        let list = if hold { &self.to_hold } else { &self.to_go };
        let mut tasks = list.take();
        tasks.push(task);
        list.set(tasks);
    }

    /// Does what was noted.
    fn carry_out(&self, store: &Store) {
        let core = store.executor.core();
        let mut tasks = self.to_hold.take();
        core.hold_all(&tasks);
        tasks.clear();
        self.to_hold.set(tasks);
        let mut tasks = self.to_go.take();
        // ORDER: all at once, so that what is due goes on in the order of its wakes.
        core.unhold_all(&tasks);
        tasks.clear();
        self.to_go.set(tasks);
    }
}

fn linked(members: &mut [Option<Member>], index: u32) -> &mut Member {
    members[index as usize].as_mut().expect("a link of a list")
}
