//! What Bevy's error handler is told of scripts, kept for whoever has to answer for a run.
//!
//! The rule: a handler is a plain function that is called on the thread which steps the scripts, so what it was told
//! lies with the thread until it is taken. It hears in front of the handler that the game has chosen, which is told
//! all the same; where the game has chosen none, Bevy's own is told what isn't about scripts.

use std::cell::{Cell, RefCell};

use bevy_ecs::entity::Entity;
use bevy_ecs::error::{BevyError, ErrorContext, ErrorHandler, FallbackErrorHandler, Severity};
use bevy_ecs::world::World;

#[cfg(feature = "explore")]
use crate::ecs::FailureKind;
use crate::ecs::{ScriptFailure, ScriptId};

thread_local! {
    static TOLD: RefCell<Vec<Told>> = const { RefCell::new(Vec::new()) };
    /// The handler that is told all the same.
    static BEHIND: Cell<Option<ErrorHandler>> = const { Cell::new(None) };
}

/// One failure of a script.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) script: Option<ScriptId>,
    pub(crate) entity: Option<Entity>,
    /// The failure as the handler was told it.
    pub(crate) text: String,
    /// At least as bad as an error: not one that was only put off.
    #[cfg(feature = "explore")]
    pub(crate) is_error: bool,
    #[cfg(feature = "explore")]
    pub(crate) is_panic: bool,
}

/// Hears what the error handler of a world is told.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Hearing {
    behind: Option<ErrorHandler>,
}

impl Hearing {
    /// Puts itself in front of the world's fallback error handler.
    pub(crate) fn before(world: &mut World) -> Self {
        let behind = world.get_resource::<FallbackErrorHandler>().map(|handler| handler.0);
        world.insert_resource(FallbackErrorHandler(hear));
        Hearing { behind: behind.filter(|behind| !std::ptr::fn_addr_eq(*behind, hear as ErrorHandler)) }
    }

    /// Plays a part of the game.
    pub(crate) fn during<T>(self, play: impl FnOnce() -> T) -> T {
        /// Puts back what was there, also when the game panics.
        struct Back(Option<ErrorHandler>);
        impl Drop for Back {
            fn drop(&mut self) {
                BEHIND.set(self.0);
            }
        }
        let _back = Back(BEHIND.replace(self.behind));
        play()
    }
}

/// All that was told on this thread since the last call, in order.
pub(crate) fn take() -> Vec<Told> {
    TOLD.take()
}

/// What others were told on this thread, to be put back.
#[cfg(feature = "explore")]
pub(crate) struct Aside(Vec<Told>);

/// Keeps what was told before out of what follows.
#[cfg(feature = "explore")]
pub(crate) fn set_aside() -> Aside {
    Aside(take())
}

#[cfg(feature = "explore")]
impl Drop for Aside {
    fn drop(&mut self) {
        TOLD.set(std::mem::take(&mut self.0));
    }
}

fn hear(error: BevyError, context: ErrorContext) {
    let behind = BEHIND.get();
    if let Some(failure) = error.downcast_ref::<ScriptFailure>() {
        let told = Told {
            script: failure.script,
            entity: failure.entity,
            text: failure.to_string(),
            #[cfg(feature = "explore")]
            is_error: error.severity() >= Severity::Error,
            #[cfg(feature = "explore")]
            is_panic: matches!(failure.kind, FailureKind::Panic(_)),
        };
        TOLD.with_borrow_mut(|list| list.push(told));
        if behind.is_none() && error.severity() < Severity::Panic {
            return;
        }
    }
    behind.unwrap_or(FallbackErrorHandler::default().0)(error, context);
}
