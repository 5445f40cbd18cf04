//! Telling Bevy's fallback error handler what became of scripts.
//!
//! The rule: it is told after the step, when the world is back in its place, in the order in which things
//! went wrong, and never at a severity above `Error`, unless the script asks for it: a script that fails ends
//! itself, not the game. A handler that panics all the same panics out of the step's system; what it wasn't
//! told yet comes with the next step. Only what is stuck can't wait for the step's end: the watchdog tells it
//! from its own thread (`stuck`), also at `Error`.
//!
//! How: an error is taken down where the script ends. So is a panic, by the guard in the script's future,
//! which is dropped while it unwinds: that gives it its place in the order, and the executor's incidents
//! give it its message after the step. What they tell beside (destructors that panicked, scripts that
//! were put off) follows.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::Arc;

use bevy_ecs::entity::Entity;
use bevy_ecs::error::{BevyError, ErrorContext, Severity};
use bevy_ecs::system::{IntoSystem, System};
use bevy_ecs::world::World;

use super::checks::Payload;
use super::error::{FailureKind, ScriptFailure};
use super::me::Me;
use super::registry::ScriptId;
use super::script::Plan;
use super::store::Row;
use crate::executor::{Incident, IncidentKind, Stuck, TaskId, message_of};

/// What the handler is to be told, in order.
#[derive(Default)]
pub(crate) struct Failures(RefCell<VecDeque<Failure>>);

struct Failure {
    script: Option<ScriptId>,
    owner: Option<Entity>,
    name: Cow<'static, str>,
    made_at: &'static Location<'static>,
    waited_at: Option<&'static Location<'static>>,
    escalates: bool,
    what: What,
}

enum What {
    Known(FailureKind),
    /// A panic of this task, whose message isn't known yet.
    Panic(TaskId),
}

impl Failure {
    fn of(row: &Row, waited_at: Option<&'static Location<'static>>, what: What) -> Self {
        let Row { id, owner, name, made_at, escalates, .. } = *row;
        Failure { script: Some(id), owner: Some(owner), name: Cow::Borrowed(name), made_at, waited_at, escalates, what }
    }
}

impl Failures {
    /// A script failed, behind the wait that was written at `waited_at`.
    pub(crate) fn report(&self, row: &Row, waited_at: Option<&'static Location<'static>>, kind: FailureKind) {
        self.0.borrow_mut().push_back(Failure::of(row, waited_at, What::Known(kind)));
    }

    /// A script's future is being dropped while the thread unwinds.
    pub(crate) fn panicked(&self, row: &Row) {
        self.0.borrow_mut().push_back(Failure::of(row, None, What::Panic(row.task)));
    }

    /// A clean-up panicked that was deferred at `at`, where that could end no script any more.
    pub(crate) fn clean_up_panicked(&self, me: Me, at: &'static Location<'static>, payload: &Payload) {
        self.0.borrow_mut().push_back(Failure {
            script: Some(me.id()),
            owner: Some(me.entity()),
            name: Cow::Borrowed("a clean-up"),
            made_at: at,
            waited_at: None,
            escalates: false,
            what: What::Known(FailureKind::Panic(message_of(payload))),
        });
    }

    /// Takes down what the executor has to say about the step that has just ended.
    pub(crate) fn take_down(&self, incidents: Vec<Incident>, row_of: impl Fn(TaskId) -> Option<Row>) {
        let mut failures = self.0.borrow_mut();
        for incident in incidents {
            let Incident { kind, task, name, spawned_at, waited_at, message, .. } = incident;
            let kind = match kind {
                IncidentKind::PutOff => FailureKind::PutOff(message),
                IncidentKind::LaneNotStepped => FailureKind::LaneNotStepped(message),
                _ => FailureKind::Panic(message),
            };
            let is_place = |failure: &&mut Failure| matches!(failure.what, What::Panic(of) if of == task);
            if matches!(kind, FailureKind::Panic(_))
                && let Some(place) = failures.iter_mut().find(is_place)
            {
                place.what = What::Known(kind);
                place.waited_at = waited_at;
                continue;
            }
            let what = What::Known(kind);
            failures.push_back(match row_of(task) {
                Some(row) => Failure::of(&row, waited_at, what),
                None => Failure {
                    script: None,
                    owner: None,
                    name: name.into(),
                    made_at: spawned_at,
                    waited_at,
                    escalates: false,
                    what,
                },
            });
        }
        // A future that was cancelled while the thread unwound for another reason didn't panic.
        failures.retain(|failure| matches!(failure.what, What::Known(_)));
    }
}

/// Tells all that was taken down.
pub(crate) fn all(world: &World, failures: &Failures) {
    loop {
        let failure = failures.0.borrow_mut().pop_front();
        let Some(Failure { script, owner, name, made_at, waited_at, escalates, what }) = failure else { break };
        if let What::Known(kind) = what {
            let name = name.into_owned();
            tell(world, escalates, ScriptFailure { script, name, entity: owner, spawned_at: made_at, waited_at, kind });
        }
    }
}

/// Tells about a script that isn't known to a store.
pub(crate) fn script(world: &World, script: Option<ScriptId>, entity: Option<Entity>, plan: Plan, kind: FailureKind) {
    let name = plan.name.to_owned();
    tell(
        world,
        plan.escalates,
        ScriptFailure { script, name, entity, spawned_at: plan.made_at, waited_at: None, kind },
    );
}

fn tell(world: &World, escalates: bool, failure: ScriptFailure) {
    let severity = match &failure.kind {
        FailureKind::Error(error) if escalates => error.severity(),
        FailureKind::Error(error) => error.severity().min(Severity::Error),
        FailureKind::Panic(_) if escalates => Severity::Panic,
        FailureKind::PutOff(_) | FailureKind::LaneNotStepped(_) => Severity::Warning,
        _ => Severity::Error,
    };
    error(world, BevyError::new(severity, failure));
}

/// Tells that a script doesn't return, from the watchdog's thread: the world is in use.
pub(crate) fn stuck(world: &World) -> Arc<dyn Fn(&Stuck) + Send + Sync> {
    let (handler, last_run) = (world.fallback_error_handler(), world.last_change_tick());
    Arc::new(move |stuck| {
        let name = IntoSystem::into_system(super::step::step_scripts).name();
        handler(BevyError::error(stuck.to_string()), ErrorContext::System { name, last_run });
    })
}

/// Tells about the step itself.
pub(crate) fn error(world: &World, error: BevyError) {
    let name = IntoSystem::into_system(super::step::step_scripts).name();
    let context = ErrorContext::System { name, last_run: world.last_change_tick() };
    world.fallback_error_handler()(error, context);
}
