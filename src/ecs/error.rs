//! What can go wrong when a script reaches for the world, and what Bevy's error handler is told.
//!
//! The rule: a message says what to do about it, and an error is a value that `?` passes on. Names of
//! components come from Rust's type names, since Bevy keeps its own only with a feature.

use std::error::Error;
use std::fmt;
use std::panic::Location;

use bevy_ecs::entity::Entity;
use bevy_ecs::error::BevyError;

use super::registry::ScriptId;
use crate::executor::SpawnLimit;

/// Why a script couldn't reach what it asked for.
///
/// It turns into Bevy's error with `?`, so a script that can't go on without an answer just ends:
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, next_frame};
///
/// #[derive(Component)]
/// struct Health(i32);
///
/// let poison = Script::new(async |me: Me| {
///     while me.read(|health: &Health| health.0)? > 0 {
///         me.with(|mut health: Mut<Health>| health.0 -= 1)?;
///         next_frame().await;
///     }
///     Ok(())
/// });
/// # let _ = poison;
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScriptError {
    /// The entity was despawned, or never was.
    NoSuchEntity {
        /// The entity that was asked for.
        entity: Entity,
    },
    /// The entity is there, without that component.
    MissingComponent {
        /// The entity that was asked for.
        entity: Entity,
        /// The component's type.
        component: &'static str,
    },
    /// The world has no such resource.
    MissingResource {
        /// The resource's type.
        resource: &'static str,
    },
    /// A closure over system parameters asked for something that isn't there.
    MissingParam {
        /// The types of its parameters.
        param: &'static str,
    },
    /// Bevy couldn't run a system: a parameter can't be had, or it is running already.
    SystemNotRun {
        /// The system's type.
        system: &'static str,
    },
    /// The access was made inside of another access to the same world.
    Reentrant,
    /// No step of the script's world is running.
    OutsideStep,
    /// The world was replaced by another one while a script had hold of it.
    WorldReplaced,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScriptError::NoSuchEntity { entity } => write!(
                f,
                "entity {entity} doesn't exist: it was despawned, or it was never spawned; check it with `me.world(|world| world.get_entity(..).is_ok())`"
            ),
            ScriptError::MissingComponent { entity, component } => {
                write!(f, "entity {entity} has no component `{component}`: insert it first, or handle this error")
            }
            ScriptError::MissingResource { resource } => {
                write!(f, "the world has no resource `{resource}`: insert it first, or handle this error")
            }
            ScriptError::MissingParam { param } => write!(
                f,
                "one of the parameters `{param}` can't be had: insert the resource, or make sure that a `Single` finds one; or handle this error"
            ),
            ScriptError::SystemNotRun { system } => write!(
                f,
                "the system `{system}` couldn't run: one of its parameters can't be had, or it is running already"
            ),
            ScriptError::Reentrant => f.write_str(
                "the world is in use by an enclosing access: use what that closure was given, or make the second access after it has returned",
            ),
            ScriptError::OutsideStep => f.write_str(
                "no step of this script's world is running: a script reaches its world only while `step_scripts` or `step_lane` steps that world",
            ),
            ScriptError::WorldReplaced => f.write_str(
                "the world was replaced by another one in the middle of a step: swap worlds between steps, or put the first one back",
            ),
        }
    }
}

impl Error for ScriptError {}

/// What happened to a script that Bevy's error handler is told about.
#[derive(Debug)]
#[non_exhaustive]
pub enum FailureKind {
    /// It returned an error.
    Error(BevyError),
    /// It panicked, or a destructor of it did; the panic's message.
    Panic(String),
    /// It was put off to the next step, having been polled as often in one step as a cap allows.
    PutOff(String),
    /// It waits for a lane that nobody steps.
    LaneNotStepped(String),
    /// It couldn't be started: this limit of the executor was reached.
    Refused(SpawnLimit),
    /// A `Script` that had been started was inserted a second time.
    Restarted,
}

/// A script's failure, as Bevy's error handler is told it: find it with `BevyError::downcast_ref`.
///
/// The failure is told at [`Severity::Error`](bevy_ecs::error::Severity) or below, so that Bevy's own
/// handler logs it and the game goes on. An error that a script returned keeps a severity that is lower.
///
/// ```
/// use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, ScriptFailure, step_scripts};
///
/// fn handler(error: BevyError, _: ErrorContext) {
///     let failure = error.downcast_ref::<ScriptFailure>().unwrap();
///     assert_eq!(failure.name, "guard");
///     assert!(failure.to_string().ends_with("out of keys"));
/// }
///
/// let mut world = World::new();
/// world.insert_resource(FallbackErrorHandler(handler));
/// world.spawn(Script::named("guard", async |_: Me| Err("out of keys".into())));
/// step_scripts(&mut world);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ScriptFailure {
    /// The script; `None` for a future that was spawned beside the scripts.
    pub script: Option<ScriptId>,
    /// The name it was given, or else the type of its closure.
    pub name: String,
    /// The entity that owns the script; it may be gone.
    pub entity: Option<Entity>,
    /// Where the script was made.
    pub spawned_at: &'static Location<'static>,
    /// Where the wait was written that the script went on from, or is parked at: the last of this crate's. `None`
    /// before the first.
    pub waited_at: Option<&'static Location<'static>>,
    /// What happened.
    pub kind: FailureKind,
}

impl fmt::Display for ScriptFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "script `{}`", self.name)?;
        if let Some(entity) = self.entity {
            write!(f, " of entity {entity}")?;
        }
        write!(f, ", spawned at {}, ", self.spawned_at)?;
        match &self.kind {
            FailureKind::Error(_) => f.write_str("failed"),
            FailureKind::Panic(_) => f.write_str("panicked"),
            _ => Ok(()),
        }?;
        if let FailureKind::Error(_) | FailureKind::Panic(_) = self.kind
            && let Some(waited_at) = self.waited_at
        {
            write!(f, " after the wait at {waited_at}")?;
        }
        match &self.kind {
            FailureKind::Error(error) => write!(f, ": {}", error.to_string().trim_end()),
            FailureKind::Panic(message) => write!(f, ": {message}"),
            FailureKind::PutOff(message) => write!(f, "was put off to the next step: {message}"),
            FailureKind::LaneNotStepped(message) => write!(f, "waits for a lane that nobody steps: {message}"),
            FailureKind::Refused(limit) => write!(f, "wasn't started: {limit}"),
            FailureKind::Restarted => {
                f.write_str("was inserted a second time: a script starts once, make a new `Script` to run it again")
            }
        }
    }
}

impl Error for ScriptFailure {}
