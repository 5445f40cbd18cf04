//! Waits for the states of a Bevy app.
//!
//! The rule: a wait hears of what follows its making, as Bevy's messages tell it, so a state that is entered
//! and left between two steps isn't missed; and it goes by what Bevy's `OnEnter` and `OnExit` go by, to which a
//! transition from a state to the same counts only where it was asked for.

use bevy_ecs::change_detection::Mut;
use bevy_state::state::{FreelyMutableState, NextState, State, StateTransitionEvent, States};

use super::error::ScriptError;
use super::hear::Heard;
use super::me::Me;

impl Me {
    /// Waits until this state is entered, counted from the call: a state that the game is in already counts only
    /// when it is entered again. Dropping it takes the wait back.
    ///
    /// States change in Bevy's `StateTransition`, which runs before `Update` and behind `PreUpdate`; the script
    /// goes on in the next step of its lane.
    ///
    /// ```
    /// use bevy_state::prelude::*;
    /// use framestep::{Me, Script};
    ///
    /// #[derive(States, Clone, Debug, Default, PartialEq, Eq, Hash)]
    /// enum Game { #[default] Playing, Over }
    ///
    /// let epitaph = Script::new(async |me: Me| {
    ///     me.entered(Game::Over).await;
    ///     println!("so long");
    ///     Ok(())
    /// });
    /// # let _ = epitaph;
    /// ```
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[track_caller]
    pub fn entered<S: States>(&self, state: S) -> Heard<()> {
        self.transition(state, |transition| transition.entered.as_ref())
    }

    /// Waits until this state is left, counted from the call; otherwise as [`entered`](Self::entered).
    ///
    /// # Panics
    /// As [`entered`](Self::entered).
    #[track_caller]
    pub fn left<S: States>(&self, state: S) -> Heard<()> {
        self.transition(state, |transition| transition.exited.as_ref())
    }

    #[track_caller]
    fn transition<S: States>(&self, state: S, end: fn(&StateTransitionEvent<S>) -> Option<&S>) -> Heard<()> {
        let is_it = move |transition: &StateTransitionEvent<S>| {
            let is_change = transition.entered != transition.exited || transition.allow_same_state_transitions;
            is_change && end(transition) == Some(&state)
        };
        self.message::<StateTransitionEvent<S>>().happened().filter(is_it).into_future()
    }

    /// The state that the game is in.
    ///
    /// ```
    /// # use bevy_state::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// # #[derive(States, Clone, Debug, Default, PartialEq, Eq, Hash)]
    /// # enum Game { #[default] Playing, Over }
    /// fn is_over(me: Me) -> Result<bool, ScriptError> {
    ///     Ok(me.state::<Game>()? == Game::Over)
    /// }
    /// ```
    ///
    /// # Errors
    /// If the world has no such state (a sub-state or a computed one may come and go), in a nested access, and
    /// outside of a step.
    pub fn state<S: States>(&self) -> Result<S, ScriptError> {
        self.resource(|state: &State<S>| state.get().clone())
    }

    /// Has the game go to a state, in the next `StateTransition`. The last to ask before that is heard. To ask for
    /// the state that the game is in enters it anew, as with Bevy's `NextState::set`.
    ///
    /// ```
    /// # use bevy_state::prelude::*;
    /// # use framestep::{Me, ScriptError};
    /// # #[derive(States, Clone, Debug, Default, PartialEq, Eq, Hash)]
    /// # enum Game { #[default] Playing, Over }
    /// async fn lose(me: Me) -> Result<(), ScriptError> {
    ///     let over = me.entered(Game::Over);
    ///     me.set_state(Game::Over)?;
    ///     over.await;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// If the world has no such state to set, in a nested access, and outside of a step.
    pub fn set_state<S: FreelyMutableState>(&self, state: S) -> Result<(), ScriptError> {
        self.resource_mut(|mut next: Mut<'_, NextState<S>>| next.set(state))
    }
}
