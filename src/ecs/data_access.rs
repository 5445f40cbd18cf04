//! `DataAccess`: access to query data that is named, rather than read off a closure's argument.
//!
//! The rule: it is what `EntityAccess` does, for data whose item is of another type than the data itself:
//! `Has<Shield>`, whose item is a `bool`, `AnyOf`, and types that derive `QueryData`.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

use bevy_ecs::query::{QueryData, ReadOnlyQueryData, ReleaseStateQueryData, SingleEntityQueryData};

use super::access::EntityAccess;
use super::data::Verdict;
use super::error::ScriptError;
use super::until::UntilHolds;

/// Access to the query data `D` of one entity, from [`EntityAccess::data`].
///
/// ```
/// use bevy_ecs::prelude::*;
/// use bevy_ecs::query::QueryData;
/// use framestep::{Me, Script, step_scripts};
///
/// #[derive(Component)]
/// struct Health(i32);
/// #[derive(Component)]
/// struct Shield;
/// #[derive(QueryData)]
/// #[query_data(mutable)]
/// struct Wounded {
///     health: &'static mut Health,
///     is_shielded: Has<Shield>,
/// }
///
/// let mut world = World::new();
/// let troll = world.spawn((Health(9), Script::new(async |me: Me| {
///     me.data::<Wounded>().with(|mut it| it.health.0 -= if it.is_shielded { 1 } else { 4 })?;
///     me.data::<Has<Shield>>().until(|is_shielded| is_shielded).await?;
///     Ok(())
/// }))).id();
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Health>(troll).unwrap().0, 5);
/// ```
pub struct DataAccess<D> {
    access: EntityAccess,
    data: PhantomData<fn() -> D>,
}

impl EntityAccess {
    /// Access to query data that is named here. For most, what a closure's argument says will do: see
    /// [`read`](Self::read) and [`with`](Self::with).
    pub fn data<D>(&self) -> DataAccess<D>
    where
        D: QueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static,
    {
        DataAccess { access: *self, data: PhantomData }
    }
}

impl<D> DataAccess<D>
where
    D: QueryData + ReleaseStateQueryData + SingleEntityQueryData + 'static,
{
    /// As [`EntityAccess::read`].
    ///
    /// # Errors
    /// As [`EntityAccess::read`].
    #[inline]
    pub fn read<R>(&self, f: impl FnOnce(D::Item<'_, 'static>) -> R) -> Result<R, ScriptError>
    where
        D: ReadOnlyQueryData,
    {
        self.access.read_data::<D, R>(f)
    }

    /// As [`EntityAccess::with`].
    ///
    /// # Errors
    /// As [`EntityAccess::read`].
    ///
    /// # Panics
    /// When the data asks for the same component twice, once of them to be changed.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(D::Item<'_, 'static>) -> R) -> Result<R, ScriptError> {
        self.access.with_data::<D, R>(f)
    }

    /// As [`EntityAccess::until`].
    ///
    /// # Errors
    /// As [`EntityAccess::until`].
    ///
    /// # Panics
    /// As [`EntityAccess::until`].
    #[track_caller]
    pub fn until<F, V>(
        &self,
        mut condition: F,
    ) -> impl Future<Output = Result<V::Found, ScriptError>> + Unpin + use<D, F, V>
    where
        D: ReadOnlyQueryData,
        F: FnMut(D::Item<'_, 'static>) -> V + 'static,
        V: Verdict,
    {
        let looked = self.access.condition::<D, _, _>(move |item: D::Item<'_, 'static>| condition(item).found());
        UntilHolds::new(self.access.store(), Location::caller(), looked)
    }
}

impl<D> Copy for DataAccess<D> {}

impl<D> Clone for DataAccess<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D> fmt::Debug for DataAccess<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataAccess").field("entity", &self.access.entity()).field("data", &type_name::<D>()).finish()
    }
}
