//! Closures over system parameters: what a system could do, in the middle of a script.
//!
//! The rule: a closure names what it wants by the types of its arguments, as a system does. It runs at
//! once, may borrow from the script, and gives back what it returns; its commands are carried out before
//! that. What its parameters remember (`Local`, `Added`, `Changed`, message readers) is kept for the place
//! in the source that runs it, in the store, so that running it again builds nothing.

use std::any::{Any, TypeId, type_name};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::panic::Location;

use bevy_ecs::system::{IntoSystem, SystemIn, SystemInput, SystemParam, SystemParamItem, SystemState};
use bevy_ecs::world::World;

use super::error::ScriptError;
use super::me::Me;
use super::stage;

/// A closure over system parameters, for [`Me::run`]: up to eight of them, their types written out.
/// `Marker` tells the implementations apart, and is never named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` isn't a closure over system parameters",
    label = "expected a closure whose arguments are system parameters, with their types written out",
    note = "such as `|enemies: Query<&Health>, mut score: ResMut<Score>| ..`"
)]
pub trait ParamFn<Marker> {
    /// What is asked for.
    type Param: SystemParam + 'static;
    /// What the closure gives.
    type Output;

    /// Calls the closure.
    fn call(self, item: SystemParamItem<'_, '_, Self::Param>) -> Self::Output;
}

macro_rules! param_fn {
    ($($P:ident $p:ident),*) => {
        impl<F, R, $($P),*> ParamFn<fn($($P),*) -> R> for F
        where
            $($P: SystemParam + 'static,)*
            F: FnOnce($($P),*) -> R,
            for<'w, 's> F: FnOnce($(SystemParamItem<'w, 's, $P>),*) -> R,
        {
            type Param = ($($P,)*);
            type Output = R;

            #[inline]
            fn call(self, ($($p,)*): SystemParamItem<'_, '_, ($($P,)*)>) -> R {
                self($($p),*)
            }
        }
    };
}

param_fn!(A a);
param_fn!(A a, B b);
param_fn!(A a, B b, C c);
param_fn!(A a, B b, C c, D d);
param_fn!(A a, B b, C c, D d, E e);
param_fn!(A a, B b, C c, D d, E e, G g);
param_fn!(A a, B b, C c, D d, E e, G g, H h);
param_fn!(A a, B b, C c, D d, E e, G g, H h, I i);

/// The states of the parameters, by their types and by the place that runs them.
#[derive(Default)]
pub(crate) struct ParamStates(RefCell<Vec<Known>>);

struct Known {
    of: TypeId,
    at: &'static Location<'static>,
    /// Taken out while it is used.
    state: Option<Box<dyn Any>>,
}

impl ParamStates {
    fn find(known: &[Known], of: TypeId, at: &Location<'_>) -> Result<usize, usize> {
        known.binary_search_by(|known| match known.of.cmp(&of) {
            Ordering::Equal => known.at.cmp(at),
            unequal => unequal,
        })
    }

    fn take<P: SystemParam + 'static>(&self, at: &'static Location<'static>) -> Option<Box<dyn Any>> {
        let mut known = self.0.borrow_mut();
        let place = Self::find(&known, TypeId::of::<P>(), at).ok()?;
        known[place].state.take()
    }

    fn put<P: SystemParam + 'static>(&self, at: &'static Location<'static>, state: Box<dyn Any>) {
        let of = TypeId::of::<P>();
        let mut known = self.0.borrow_mut();
        let before = match Self::find(&known, of, at) {
            Ok(place) => known[place].state.replace(state),
            Err(place) => {
                known.insert(place, Known { of, at, state: Some(state) });
                None
            }
        };
        drop(known);
        // What the parameters remembered may have a destructor.
        drop(before);
    }
}

/// Runs a closure in the world, with the state of its parameters.
fn run<F, M>(f: F, world: &mut World, known: Option<Box<dyn Any>>) -> (Result<F::Output, ScriptError>, Box<dyn Any>)
where
    F: ParamFn<M>,
{
    let mut state = known
        .and_then(|known| known.downcast::<SystemState<F::Param>>().ok())
        .filter(|state| state.matches_world(world.id()))
        .unwrap_or_else(|| Box::new(SystemState::new(world)));
    let result = match state.get_mut(world) {
        Ok(item) => Ok(f.call(item)),
        Err(_) => Err(ScriptError::MissingParam { param: type_name::<F::Param>() }),
    };
    state.apply(world);
    world.flush();
    (result, state)
}

impl Me {
    /// Runs a closure over system parameters, now: queries, resources, commands, and all that a system can
    /// ask for.
    ///
    /// It may borrow from the script. When it has ended, its commands are carried out. What its parameters
    /// remember from one time to the next (`Local`, change detection, message readers) is remembered for
    /// this place in the source, for all scripts that run it.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, ScriptError};
    ///
    /// #[derive(Component)]
    /// struct Gold(u32);
    /// #[derive(Resource)]
    /// struct Tax(u32);
    ///
    /// fn collect(me: Me, purse: &mut u32) -> Result<(), ScriptError> {
    ///     me.run(|mut owners: Query<&mut Gold>, tax: Res<Tax>| {
    ///         for mut gold in &mut owners {
    ///             let due = gold.0.min(tax.0);
    ///             gold.0 -= due;
    ///             *purse += due;
    ///         }
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    /// If a parameter can't be had, such as a resource that isn't there, or a `Single` that finds none or
    /// many; in a nested access, and outside of a step.
    ///
    /// # Panics
    /// Where the parameters conflict with each other, as in a system.
    #[track_caller]
    pub fn run<F, M>(&self, f: F) -> Result<F::Output, ScriptError>
    where
        F: ParamFn<M>,
    {
        let at = Location::caller();
        let Some(store) = stage::store(self.store()) else { return Err(stage::refusal(self.store())) };
        let ran = stage::act(self.store(), |world| {
            let (result, state) = run(f, world, store.params.take::<F::Param>(at));
            store.params.put::<F::Param>(at, state);
            result
        });
        ran.unwrap_or_else(|| Err(stage::refusal(self.store())))
    }

    /// Runs a system, now: as Bevy's `World::run_system_cached`, which keeps one for each type of system.
    ///
    /// # Errors
    /// If the system can't run, as where a parameter can't be had; in a nested access, and outside of a
    /// step. What a system itself returns as an error is within the `Ok`.
    pub fn run_system<O, M, S>(&self, system: S) -> Result<O, ScriptError>
    where
        O: 'static,
        S: IntoSystem<(), O, M> + 'static,
    {
        self.run_system_with(system, ())
    }

    /// As [`run_system`](Self::run_system), with an input.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, ScriptError};
    ///
    /// #[derive(Component)]
    /// struct Health(i32);
    ///
    /// fn hurt_all(In(damage): In<i32>, mut all: Query<&mut Health>) -> usize {
    ///     all.iter_mut().map(|mut health| health.0 -= damage).count()
    /// }
    ///
    /// fn earthquake(me: Me) -> Result<usize, ScriptError> {
    ///     me.run_system_with(hurt_all, 10)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`run_system`](Self::run_system).
    pub fn run_system_with<I, O, M, S>(&self, system: S, input: I::Inner<'_>) -> Result<O, ScriptError>
    where
        I: SystemInput + 'static,
        O: 'static,
        S: IntoSystem<I, O, M> + 'static,
        for<'i> SystemIn<'i, S::System>: Sized,
    {
        let ran = self.world(|world| world.run_system_cached_with(system, input).ok())?;
        ran.ok_or(ScriptError::SystemNotRun { system: type_name::<S>() })
    }
}
