//! Closures over an entity's components: what they ask for is read off their arguments.
//!
//! The rule: a closure names what it wants by the type of its one argument, which is Bevy's query data for a
//! single entity: `&Health`, `Mut<Health>`, `Ref<Health>`, `Option<&Shield>`, `Entity`, `EntityRef`, or a tuple
//! of these. What is read isn't marked as changed.
//!
//! How: as Bevy's systems do it. The argument's written type is the query data itself, with some lifetime,
//! and its item for every other lifetime; a closure that takes both is one that takes the data. Data whose
//! item is of another type is named instead: see `DataAccess`.

use bevy_ecs::change_detection::{Mut, Ref};
use bevy_ecs::component::{Component, Mutable};
use bevy_ecs::entity::Entity;
use bevy_ecs::query::{QueryData, ReadOnlyQueryData, ReleaseStateQueryData, SingleEntityQueryData};
use bevy_ecs::world::{EntityRef, EntityWorldMut};

/// A closure over the components of one entity, for [`EntityAccess::with`](crate::EntityAccess::with) and
/// [`read`](crate::EntityAccess::read).
///
/// It is implemented for closures and functions of one argument that is query data; the argument's type
/// has to be written out. `Marker` tells the implementations apart, and is never named.
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't say which components it is over",
    label = "expected a closure with one argument whose type is written out",
    note = "such as `|health: &Health| ..`, `|mut health: Mut<Health>| ..` or `|(mut health, shield): (Mut<Health>, Option<&Shield>)| ..`",
    note = "`Has<..>`, `AnyOf<..>` and types that derive `QueryData` are named: `me.data::<Has<Shield>>().read(|has| ..)`"
)]
pub trait EntityFn<Marker>: Sized {
    /// What is asked for.
    type Data: QueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static;
    /// What the closure gives.
    type Output;
    /// Whether it asks for one component alone, to which there is a shorter way.
    #[doc(hidden)]
    const IS_LONE: bool = false;

    /// Calls the closure.
    fn call(self, item: <Self::Data as QueryData>::Item<'_, 'static>) -> Self::Output;

    /// Of a lone component: calls the closure with it, if it is there; else gives the closure back.
    #[doc(hidden)]
    #[inline]
    fn change_lone(self, _: EntityWorldMut<'_>) -> Result<Self::Output, Self> {
        Err(self)
    }
}

impl<F, C, R> EntityFn<fn(Mut<'static, C>) -> R> for F
where
    C: Component<Mutability = Mutable>,
    F: FnOnce(Mut<'_, C>) -> R,
{
    type Data = Mut<'static, C>;
    type Output = R;
    const IS_LONE: bool = true;

    #[inline]
    fn call(self, item: Mut<'_, C>) -> R {
        self(item)
    }

    #[inline]
    fn change_lone(self, mut entity: EntityWorldMut<'_>) -> Result<R, Self> {
        match entity.get_mut::<C>() {
            Some(component) => Ok(self(component)),
            None => Err(self),
        }
    }
}

/// Data that a single entity gives, on its own or as a part of more.
trait Part: QueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static {}

impl<D: QueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static> Part for D {}

macro_rules! entity_fn {
    ([$($generics:tt)*] $D:ty, $($bound:tt)*) => {
        impl<F, R, $($generics)*> EntityFn<fn($D) -> R> for F
        where
            $($bound)*
        {
            type Data = $D;
            type Output = R;

            #[inline]
            fn call(self, item: <$D as QueryData>::Item<'_, 'static>) -> R {
                self(item)
            }
        }
    };
}

/// Tuples, of these and of fewer.
macro_rules! entity_fn_of_tuples {
    ($First:ident $(, $Rest:ident)*) => {
        entity_fn!(
            [$First: Part $(, $Rest: Part)*]
            ($First, $($Rest,)*),
            F: FnOnce(($First, $($Rest,)*)) -> R,
            for<'w> F: FnOnce(($First::Item<'w, 'static>, $($Rest::Item<'w, 'static>,)*)) -> R,
        );
        entity_fn_of_tuples!($($Rest),*);
    };
    () => {};
}

entity_fn!([C: Component] &'static C, F: FnOnce(&C) -> R);
entity_fn!([C: Component] Ref<'static, C>, F: FnOnce(Ref<'_, C>) -> R);
entity_fn!([D: Part] Option<D>, F: FnOnce(Option<D>) -> R, for<'w> F: FnOnce(Option<D::Item<'w, 'static>>) -> R);
entity_fn!([] Entity, F: FnOnce(Entity) -> R);
entity_fn!([] EntityRef<'static>, F: FnOnce(EntityRef<'_>) -> R);
entity_fn_of_tuples!(A, B, C, D, E, G, H, I);

/// A condition over the components of one entity, for [`EntityAccess::until`](crate::EntityAccess::until):
/// as [`EntityFn`], asked again and again, over data that is only read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` isn't a condition over components",
    label = "expected a closure with one argument whose type is written out, that gives a `bool` or an `Option`",
    note = "such as `|health: &Health| health.0 <= 0`",
    note = "`Has<..>`, `AnyOf<..>` and types that derive `QueryData` are named: `me.data::<Has<Shield>>().until(|has| has)`"
)]
pub trait EntityCondition<Marker>: 'static {
    /// What is looked at.
    type Data: ReadOnlyQueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static;
    /// What is found when the condition holds.
    type Found: 'static;

    /// Asks the condition.
    fn look(&mut self, item: <Self::Data as QueryData>::Item<'_, 'static>) -> Option<Self::Found>;
}

impl<F, D, V> EntityCondition<fn(D) -> V> for F
where
    D: ReadOnlyQueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static,
    V: Verdict,
    F: FnMut(D) -> V + 'static,
    for<'w> F: FnMut(D::Item<'w, 'static>) -> V,
{
    type Data = D;
    type Found = V::Found;

    #[inline]
    fn look(&mut self, item: D::Item<'_, 'static>) -> Option<V::Found> {
        self(item).found()
    }
}

/// What a condition answers: a `bool`, or an `Option` with what it found.
#[diagnostic::on_unimplemented(
    message = "a condition gives a `bool` or an `Option`, not `{Self}`",
    label = "give `true` or `Some(..)` when the condition holds"
)]
pub trait Verdict {
    /// What the wait gives when the condition holds.
    type Found: 'static;

    /// `None` while the condition doesn't hold.
    fn found(self) -> Option<Self::Found>;
}

impl Verdict for bool {
    type Found = ();

    #[inline]
    fn found(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T: 'static> Verdict for Option<T> {
    type Found = T;

    #[inline]
    fn found(self) -> Option<T> {
        self
    }
}
