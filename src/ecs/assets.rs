//! Waits for assets.
//!
//! The rule: the asset server is asked in step 5 of each step, as any condition of the world is, and the script
//! isn't resumed before there is an answer. Bevy's own future isn't used: it sleeps for ever where a dependency
//! fails while it waits. The wait has a handle of its own, so what it waits for isn't dropped meanwhile.
//!
//! When an asset is there is chance, so each answer is an arrival: kept with the step that got it, and in a replay a wait
//! is over in that step and no other, whatever the server says before.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bevy_asset::{Asset, AssetLoadError, AssetServer, Handle, LoadState, RecursiveDependencyLoadState};
use bevy_ecs::world::World;

use super::error::ScriptError;
use super::me::Me;
use super::script_executor::ScriptExecutor;
use crate::executor::Arrival;

/// Why an asset isn't there, from [`Me::loaded`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoadFailure {
    /// It couldn't be loaded.
    Failed(Arc<AssetLoadError>),
    /// It is there, but something that it depends on couldn't be loaded.
    DependencyFailed(Arc<AssetLoadError>),
    /// Nobody has asked for it to be loaded.
    NotLoading,
    /// The world has no asset server.
    Unreachable(ScriptError),
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadFailure::Failed(error) => write!(f, "the asset couldn't be loaded: {error}"),
            LoadFailure::DependencyFailed(error) => {
                write!(f, "something that the asset depends on couldn't be loaded: {error}")
            }
            LoadFailure::NotLoading => f.write_str(
                "the asset isn't being loaded: wait for a handle that `AssetServer::load` gave; assets that were added \
                 by hand are there at once",
            ),
            LoadFailure::Unreachable(error) => error.fmt(f),
        }
    }
}

impl Error for LoadFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LoadFailure::Failed(error) | LoadFailure::DependencyFailed(error) => Some(error),
            LoadFailure::Unreachable(error) => Some(error),
            LoadFailure::NotLoading => None,
        }
    }
}

impl Me {
    /// Waits until an asset and all that it depends on are loaded, or can't be; it is over at once if that is
    /// known already. Dropping it ends the wait, not the load.
    ///
    /// ```
    /// use bevy_asset::{Asset, AssetServer};
    /// use bevy_ecs::error::BevyError;
    /// use framestep::Me;
    ///
    /// async fn enter<Level: Asset>(me: Me) -> Result<(), BevyError> {
    ///     let level = me.resource(|server: &AssetServer| server.load::<Level>("first.level"))?;
    ///     me.loaded(&level).await?;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`LoadFailure`], if it or something that it depends on can't be loaded.
    ///
    /// # Panics
    /// As [`until_world`](Self::until_world).
    #[track_caller]
    pub fn loaded<A: Asset>(&self, handle: &Handle<A>) -> impl Future<Output = Result<(), LoadFailure>> + use<A> {
        let handle = handle.clone();
        self.until_world(move |world| look(world, &handle))
    }
}

/// What a replay has let in, and no wait has taken yet.
#[derive(Default)]
pub(crate) struct AssetArrivals(RefCell<Vec<Arc<str>>>);

/// Whether a wait may be over, and how.
fn look<A: Asset>(world: &World, handle: &Handle<A>) -> Option<Result<(), LoadFailure>> {
    let Some(server) = world.get_resource::<AssetServer>() else {
        let resource = std::any::type_name::<AssetServer>();
        return Some(Err(LoadFailure::Unreachable(ScriptError::MissingResource { resource })));
    };
    let answer = ask(server, handle);
    if matches!(answer, Some(Err(LoadFailure::NotLoading))) {
        return answer;
    }
    let Some(scripts) = world.get_non_send::<ScriptExecutor>() else { return answer };
    let core = scripts.executor().core();
    let path = || server.get_path(handle.id()).map_or_else(String::new, |path| path.to_string());
    if !scripts.executor().is_replaying() {
        if answer.is_some() && core.keeps_arrivals() {
            core.note_arrival(Arrival::Asset(path().into()));
        }
        return answer;
    }
    let mut arrived = scripts.store.assets.0.borrow_mut();
    for arrival in core.take_passed_on() {
        if let Arrival::Asset(path) = arrival {
            arrived.push(path);
        }
    }
    if arrived.is_empty() {
        return None;
    }
    let path = path();
    let place = arrived.iter().position(|arrived| **arrived == *path)?;
    arrived.remove(place);
    if answer.is_none() {
        core.replay_fault(format!("the asset `{path}` was there in the recording, and isn't loaded here"));
    }
    answer
}

/// What the asset server says by now; `None` while it is still loading.
fn ask<A: Asset>(server: &AssetServer, handle: &Handle<A>) -> Option<Result<(), LoadFailure>> {
    let Some((own, _, with_dependencies)) = server.get_load_states(handle.id()) else {
        return Some(Err(LoadFailure::NotLoading));
    };
    match (own, with_dependencies) {
        (LoadState::NotLoaded, _) => Some(Err(LoadFailure::NotLoading)),
        (LoadState::Failed(error), _) => Some(Err(LoadFailure::Failed(error))),
        (LoadState::Loaded, RecursiveDependencyLoadState::Loaded) => Some(Ok(())),
        (LoadState::Loaded, RecursiveDependencyLoadState::Failed(error)) => {
            Some(Err(LoadFailure::DependencyFailed(error)))
        }
        (LoadState::Loading | LoadState::Loaded, _) => None,
    }
}
