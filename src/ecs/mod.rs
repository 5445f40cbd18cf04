//! Scripts on entities: the layer that knows `bevy_ecs`.
//!
//! | file | idea |
//! |---|---|
//! | `script` | the components: `Script`, `ScriptOf`, `Scripts`, and their hooks |
//! | `registry` | who runs, for every thread to ask; the post box of the hooks |
//! | `lists` | lists whose members come and go |
//! | `script_executor`, `store` | the executor in the world; starting, cancelling and ending scripts |
//! | `running` | a script's future |
//! | `stage` | where the world is while scripts run; the one way to it |
//! | `me`, `access`, `data` | what a script holds; what it can do with an entity; closures over components |
//! | `data_access` | the same for query data that is named |
//! | `queries` | the query states that these use |
//! | `run` | closures over system parameters |
//! | `defer` | clean-up that is certain |
//! | `outside` | from other threads into a running game |
//! | `start` | starting scripts on entities of their own |
//! | `hear` | waits on messages and on events |
//! | `until`, `finished` | waits on conditions, and on the end of another script |
//! | `conditions`, `checks` | step 5 of a frame: conditions by type, and all that is looked at |
//! | `step` | the systems |
//! | `lanes` | going from lane to lane |
//! | `clocks` | clocks with names, and those of Bevy's time |
//! | `groups` | scripts that stand still together, and go by one clock |
//! | `tween` | motion along a curve |
//! | `states`, `assets` | waits for states and for assets |
//! | `error`, `tell` | what goes wrong, and who is told |
//! | `follow` | what the layer of replays is told |
//! | `streams` | random numbers for systems |
//! | `plugin` | the same for an app |
//!
//! Nothing here is `unsafe`.

mod access;
#[cfg(feature = "bevy_asset")]
mod assets;
mod checks;
mod clocks;
mod conditions;
mod data;
mod data_access;
mod defer;
mod error;
mod finished;
#[cfg(feature = "replay")]
mod follow;
mod groups;
pub mod hear;
mod lanes;
mod lists;
mod me;
mod outside;
#[cfg(feature = "bevy_app")]
mod plugin;
mod queries;
mod registry;
mod run;
mod running;
mod script;
mod script_executor;
mod stage;
mod start;
#[cfg(feature = "bevy_state")]
mod states;
mod step;
mod store;
mod streams;
mod tell;
#[cfg(feature = "bevy_curve")]
mod tween;
mod until;

pub use access::EntityAccess;
#[cfg(feature = "bevy_asset")]
pub use assets::LoadFailure;
pub use data::{EntityCondition, EntityFn, Verdict};
pub use data_access::DataAccess;
pub use defer::Deferred;
pub use error::{FailureKind, ScriptError, ScriptFailure};
pub use finished::Finished;
#[cfg(feature = "replay")]
pub(crate) use follow::{Follower, StepHook};
pub use groups::ScriptClock;
pub use hear::{Heard, Listener, NextHeard, Source};
pub use me::Me;
pub use outside::Outside;
#[cfg(feature = "bevy_app")]
pub use plugin::FramestepPlugin;
pub use registry::{ScriptId, ScriptRegistry};
pub use run::ParamFn;
pub use script::{Script, ScriptOf, Scripts};
pub use script_executor::ScriptExecutor;
pub use start::SpawnScript;
pub use step::{ScriptSystems, step_lane, step_lane_by, step_scripts, step_scripts_by};
pub use streams::RandomStreams;
#[cfg(feature = "bevy_curve")]
pub use tween::{Tween, tween};
