//! The store: the executor of a world's scripts, and what it knows of each.
//!
//! The world holds it (`script_executor`), also while a step runs, and shares it with that step.
//!
//! The rule: the store acts on what the registry was posted, in order (`settle`): at the start of a step,
//! after each access that can change the world's structure, and at the end of a step. Everything between
//! two accesses is one thread's doing, so a script that was cancelled is out before anything else of it
//! could run. No borrow of the store is held while user code runs.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::ThreadId;

use bevy_ecs::entity::Entity;
use bevy_ecs::error::Result;
use bevy_ecs::schedule::InternedScheduleLabel;
#[cfg(feature = "bevy_app")]
use bevy_ecs::schedule::ScheduleLabel;

use super::access::EntityAccess;
use super::checks::{self, Checks};
use super::clocks::Clocks;
use super::defer::{CleanUp, LateCleanUps};
use super::error::{FailureKind, ScriptError};
#[cfg(feature = "replay")]
use super::follow::Following;
use super::groups::Groups;
use super::hear::EventHubs;
use super::lists::{Lists, MemberKey};
use super::me::Me;
use super::queries::Queries;
use super::registry::{Launch, Post, Registry, ScriptId};
use super::run::ParamStates;
use super::running::End;
use super::script::{Launched, Plan, Script, ScriptOf};
use super::stage::{self, Stage, StoreKey};
use super::tell::Failures;
use crate::executor::{Executor, FrameReport, JoinHandle, Lane, TaskId, TaskState};

pub(crate) struct Store {
    pub(crate) executor: Executor,
    pub(crate) key: StoreKey,
    /// The registry whose post is acted on.
    registry: RefCell<Arc<Registry>>,
    /// The stage, between steps.
    pub(crate) stage: Cell<Option<Box<Stage>>>,
    /// The scripts that were started, by the index of their id.
    rows: RefCell<Vec<Option<Row>>>,
    /// Scripts that were cancelled while their own poll is on the stack.
    parting: RefCell<Vec<Row>>,
    posts: RefCell<VecDeque<Post>>,
    pub(crate) failures: Failures,
    /// By their labels; the main lane only if it has one.
    lanes: RefCell<Vec<(InternedScheduleLabel, Lane)>>,
    pub(crate) clocks: Clocks,
    pub(crate) groups: Groups,
    pub(crate) checks: Checks,
    pub(crate) events: EventHubs,
    pub(crate) params: ParamStates,
    pub(crate) queries: Queries,
    #[cfg(feature = "replay")]
    pub(crate) following: Following,
    #[cfg(feature = "bevy_asset")]
    pub(crate) assets: super::assets::AssetArrivals,
    late: LateCleanUps,
    /// The scripts that a script owns, by the index of its id, in the order in which they started.
    wards: RefCell<Lists<ScriptId>>,
    /// The world has dropped its hold.
    closed: Cell<bool>,
}

/// A script that was started.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: ScriptId,
    pub(crate) task: TaskId,
    /// Its spawn number; 0 for one that wasn't spawned.
    #[cfg(feature = "replay")]
    pub(crate) number: u64,
    /// The entity that carries the `Script`.
    pub(crate) entity: Entity,
    /// The entity that it is about.
    pub(crate) owner: Entity,
    pub(crate) name: &'static str,
    pub(crate) made_at: &'static Location<'static>,
    pub(crate) escalates: bool,
    /// Its place among those that its owner owns.
    ward: Option<MemberKey>,
}

impl Store {
    pub(crate) fn new(executor: Executor) -> Self {
        static KEYS: AtomicU32 = AtomicU32::new(0);
        let key = StoreKey(KEYS.fetch_add(1, Ordering::Relaxed));
        let main = executor.main_lane();
        Store {
            executor,
            key,
            registry: RefCell::default(),
            stage: Cell::new(Some(Stage::new(key, main))),
            rows: RefCell::default(),
            parting: RefCell::default(),
            posts: RefCell::default(),
            failures: Failures::default(),
            #[cfg(feature = "bevy_app")]
            lanes: RefCell::new(vec![(bevy_app::Update.intern(), main)]),
            #[cfg(not(feature = "bevy_app"))]
            lanes: RefCell::default(),
            clocks: Clocks::default(),
            groups: Groups::default(),
            checks: Checks::default(),
            events: EventHubs::default(),
            params: ParamStates::default(),
            queries: Queries::default(),
            #[cfg(feature = "replay")]
            following: Following::default(),
            #[cfg(feature = "bevy_asset")]
            assets: super::assets::AssetArrivals::default(),
            late: LateCleanUps::default(),
            wards: RefCell::default(),
            closed: Cell::new(false),
        }
    }

    /// The world has dropped its hold.
    pub(crate) fn let_go(&self) {
        self.closed.set(true);
        let registry = self.registry.borrow();
        registry.set_home(None);
        registry.remind();
    }

    /// The task of a script that was started and hasn't ended.
    pub(crate) fn task_of(&self, script: ScriptId) -> Option<TaskId> {
        Some(self.rows.borrow().get(script.index as usize)?.filter(|row| row.id == script)?.task)
    }

    /// At the start of a step: makes `registry` the one to act for. The scripts of another are cancelled.
    pub(crate) fn bind(&self, registry: Arc<Registry>, home: ThreadId) {
        let bound = self.registry.borrow().clone();
        if !Arc::ptr_eq(&registry, &bound) {
            self.cancel_all();
            bound.set_home(None);
            *self.registry.borrow_mut() = registry.clone();
            for (label, lane) in &*self.lanes.borrow() {
                self.expect(&registry, *label, *lane);
            }
            for name in [self.clocks.names(), registry.clock_names()].concat() {
                self.set_clock(&registry, name);
            }
        }
        registry.set_home(Some(home));
    }

    /// Whether this is the registry that is acted for.
    pub(crate) fn acts_for(&self, registry: &Arc<Registry>) -> bool {
        Arc::ptr_eq(registry, &self.registry.borrow())
    }

    /// Whether there is anything to `settle`. Asked after every access.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.registry.borrow().has_mail()
    }

    /// Acts on what was posted, in order, until nothing is left.
    pub(crate) fn settle(&self) {
        loop {
            self.late.run(self);
            let registry = self.registry.borrow().clone();
            if self.closed.get() {
                // Whoever steps this registry's scripts next finds those that were not started.
                registry.put_back(&mut self.posts.borrow_mut());
                self.cancel_all();
                return;
            }
            if registry.has_mail() {
                registry.collect(&mut *self.posts.borrow_mut());
            }
            let post = self.posts.borrow_mut().pop_front();
            match post {
                Some(Post::Start(launch)) => self.start(&registry, launch),
                Some(Post::Retire(id, entity)) => self.retire(&registry, id, entity),
                Some(Post::Review(entity)) => self.groups.review(self, entity),
                Some(Post::SetClock(name)) => self.set_clock(&registry, name),
                None => break,
            }
        }
        if !self.late.is_empty() {
            // The world can't be reached: another time.
            self.registry.borrow().remind();
        }
    }

    fn start(&self, registry: &Registry, launch: Launch) {
        let Launch { id, entity, of, plan, body } = launch;
        if !registry.is_running(id) {
            // Cancelled before it started: that post follows, and frees the index.
            return;
        }
        if plan.owned_by.is_some_and(|owner| !registry.is_running(owner)) {
            registry.retire(id);
            return;
        }
        let owner = stage::access(self.key, |stage| {
            let now = stage.world.get::<ScriptOf>(entity).map(|of| of.0);
            // Bevy lets go of a `ScriptOf` whose target is gone.
            now.or(of.filter(|of| stage.world.get_entity(*of).is_err()))
        });
        let owner = owner.ok().flatten().unwrap_or(entity);
        if of == Some(owner) && self.orphan(id, entity, owner) {
            return;
        }
        let started = body.launch(self, plan, Me::new(EntityAccess::new(owner, self.key), id));
        let Plan { name, made_at, escalates, .. } = plan;
        let row = |task| Row {
            id,
            task,
            #[cfg(feature = "replay")]
            number: self.executor.task_info(task).map_or(0, |task| task.number),
            entity,
            owner,
            name,
            made_at,
            escalates,
            ward: None,
        };
        match started {
            Ok(task) => {
                let ward = plan.owned_by.map(|owner| self.wards.borrow_mut().push(owner.index, id));
                let mut rows = self.rows.borrow_mut();
                let index = id.index as usize;
                if rows.len() <= index {
                    rows.resize(index + 1, None);
                }
                let row = Row { ward, ..row(task) };
                rows[index] = Some(row);
                drop(rows);
                self.groups.admit(self, &row);
                #[cfg(feature = "replay")]
                if self.following.is_on() {
                    // A script is started while the world is at hand, or not at all.
                    let _ = stage::access(self.key, |stage| self.following.started(&stage.world, &row));
                }
            }
            Err((task, limit)) => {
                let row = row(task);
                self.failures.report(&row, None, FailureKind::Refused(limit));
                self.tidy(row.id, row.entity);
            }
        }
    }

    fn retire(&self, registry: &Registry, id: ScriptId, entity: Entity) {
        if let Some(row) = self.take_row(id) {
            if self.executor.task_info(row.task).is_some_and(|task| task.state == TaskState::Running) {
                self.parting.borrow_mut().push(row);
            }
            self.executor.cancel(row.task);
        }
        self.tidy(id, entity);
        self.release_wards(registry, id);
        registry.free(id);
    }

    /// Despawns the entity of a script that was to be about `owner`, if that is gone; whether it is.
    fn orphan(&self, id: ScriptId, entity: Entity, owner: Entity) -> bool {
        let is_gone = stage::access(self.key, |stage| {
            let world = &mut stage.world;
            let is_gone = world.get_entity(owner).is_err();
            if is_gone && world.get::<Script>(entity).and_then(Script::id) == Some(id) {
                world.despawn(entity);
                world.flush();
            }
            is_gone
        });
        is_gone == Ok(true)
    }

    /// A script has ended: cancels those that it owns, in the order in which they started.
    fn release_wards(&self, registry: &Registry, owner: ScriptId) {
        loop {
            let ward = self.wards.borrow_mut().pop(owner.index);
            let Some(ward) = ward else { return };
            registry.retire(ward);
        }
    }

    /// Leaves a clean-up for when the world is free.
    pub(crate) fn run_late(&self, clean_up: CleanUp) {
        self.late.push(clean_up);
        self.registry.borrow().remind();
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.registry.borrow().clone()
    }

    /// Cancels every script that was started, in order of their indices: the world or the registry is gone.
    fn cancel_all(&self) {
        let registry = self.registry.borrow().clone();
        self.wards.borrow_mut().clear();
        for index in 0.. {
            let row = match self.rows.borrow_mut().get_mut(index) {
                Some(row) => row.take(),
                None => break,
            };
            if let Some(row) = row {
                self.groups.release(&row);
                registry.finish(row.id);
                self.executor.cancel(row.task);
                self.tidy(row.id, row.entity);
            }
        }
    }

    /// Shows every script that was started and hasn't ended, in order of their indices.
    #[cfg(feature = "replay")]
    pub(crate) fn for_each_row(&self, mut show: impl FnMut(&Row)) {
        for row in self.rows.borrow().iter().flatten() {
            show(row);
        }
    }

    fn take_row(&self, id: ScriptId) -> Option<Row> {
        let row = self.rows.borrow_mut().get_mut(id.index as usize)?.take_if(|row| row.id == id)?;
        if let Some(ward) = row.ward {
            self.wards.borrow_mut().remove(ward);
        }
        self.groups.release(&row);
        #[cfg(feature = "replay")]
        self.following.ended(&row);
        Some(row)
    }

    /// Takes the `Script` off its entity, if it is still there; and the entity along, if it is there for
    /// the script alone.
    fn tidy(&self, id: ScriptId, entity: Entity) {
        // A world that can't be reached is one that these scripts have nothing more to do with.
        let _ = stage::access(self.key, |stage| {
            let world = &mut stage.world;
            if world.get::<Script>(entity).and_then(Script::id) != Some(id) {
                return;
            }
            let is_alone = world.get::<Script>(entity).is_some_and(|script| script.plan().is_alone);
            if is_alone || world.get::<ScriptOf>(entity).is_some() {
                world.despawn(entity);
            } else {
                world.entity_mut(entity).remove::<Script>();
            }
            world.flush();
        });
    }

    /// Spawns a script's future; if that was refused, the key of no task, and the limit.
    pub(crate) fn spawn(&self, plan: Plan, future: impl Future<Output = ()> + 'static) -> Launched {
        let lane = match plan.lane {
            Some((label, name)) => self.lane(label, name),
            None => self.executor.main_lane(),
        };
        let core = self.executor.core();
        let spawned = core.spawn(lane.index, future, plan.made_at);
        let handle = JoinHandle::<()>::new(core.clone(), spawned, plan.made_at);
        let task = spawned.map_err(|limit| (handle.id(), limit))?;
        if let Some(slot) = core.find(task) {
            // It may have been started while another script runs, which it doesn't belong to.
            core.set_family(slot, task.index());
            core.set_name(slot, plan.name);
            if let Some(key) = plan.random_key {
                core.set_random_key(task, key);
            }
        }
        Ok(task)
    }

    pub(crate) fn lane(&self, label: InternedScheduleLabel, name: &'static str) -> Lane {
        let known = self.lanes.borrow().iter().find(|(known, _)| *known == label).map(|(_, lane)| *lane);
        known.unwrap_or_else(|| {
            let lane = self.executor.add_lane(name);
            self.lanes.borrow_mut().push((label, lane));
            self.expect(&self.registry.borrow(), label, lane);
            if self.checks.are_hooked() {
                self.executor.on_check(lane, checks::run);
            }
            lane
        })
    }

    /// Lets a lane wait for its first step if the registry was told that there will be one.
    fn expect(&self, registry: &Registry, label: InternedScheduleLabel, lane: Lane) {
        if registry.expects_lane(label) {
            self.executor.core().lane(lane.index).warned.set(true);
        }
    }

    /// Has the executor look at the waits from here on.
    pub(crate) fn hook_checks(&self) {
        if !self.checks.hook() {
            let main = self.executor.main_lane();
            self.executor.on_check(main, checks::run);
            for (_, lane) in self.lanes.borrow().iter().filter(|(_, lane)| *lane != main) {
                self.executor.on_check(*lane, checks::run);
            }
        }
    }

    /// Makes a step of a lane without the world, if there is nothing to do in it.
    pub(crate) fn try_quiet_step(&self, lane: Lane, step_nanos: u64) -> Option<FrameReport> {
        let hooks = if self.checks.are_hooked() { 1 } else { 0 };
        if self.has_mail() || (hooks > 0 && !self.checks.are_quiet(lane)) {
            return None;
        }
        self.executor.core().try_quiet_step(lane.index, step_nanos, hooks)
    }

    /// The guard that a script's future carries.
    pub(crate) fn end_of(&self, me: Me) -> End {
        End::new(me, self.registry.borrow().clone())
    }

    /// A script came to its end by itself.
    pub(crate) fn finish(&self, registry: &Registry, id: ScriptId, result: Result) {
        let row = self.take_row(id);
        if row.is_some() {
            self.release_wards(registry, id);
        }
        registry.finish(id);
        if let Err(error) = result {
            // One that was cancelled while it ran, as by its own hand, may well miss its entity.
            let parting = || self.parting.borrow_mut().pop_if(|row| row.id == id);
            let row = row.or_else(|| parting().filter(|_| !error.is::<ScriptError>()));
            if let Some(row) = row {
                let waited_at = self.executor.core().last_wait(row.task);
                self.failures.report(&row, waited_at, FailureKind::Error(error));
            }
        }
        if let Some(row) = row {
            self.tidy(row.id, row.entity);
            if self.has_mail() {
                self.settle();
            }
        }
    }

    /// The future of a script that wasn't cancelled is being dropped while the thread unwinds.
    pub(crate) fn panicked(&self, id: ScriptId) {
        let rows = self.rows.borrow();
        let parting = self.parting.borrow();
        let started = rows.get(id.index as usize).and_then(Option::as_ref);
        if let Some(row) = started.into_iter().chain(&*parting).find(|row| row.id == id) {
            self.failures.panicked(row);
        }
    }

    /// At the end of a step: takes down what the executor says went wrong.
    pub(crate) fn take_down(&self) {
        let row_of = |task| self.rows.borrow().iter().flatten().find(|row| row.task == task).copied();
        self.failures.take_down(self.executor.incidents(), row_of);
        self.parting.borrow_mut().clear();
    }

    pub(crate) fn set_report(&self, report: FrameReport) {
        self.registry.borrow().set_report(report);
    }
}
