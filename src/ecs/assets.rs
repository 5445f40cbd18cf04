//! Waits for assets.
//!
//! The rule: Bevy's own wait is awaited, which is woken where the asset server learns of the end of a load;
//! the script goes on in the next step of its lane. The wait has a handle of its own: what it waits for isn't
//! dropped meanwhile.

use std::error::Error;
use std::fmt;

use bevy_asset::{Asset, AssetServer, Handle, WaitForAssetError};

use super::error::ScriptError;
use super::me::Me;

/// Why an asset isn't there, from [`Me::loaded`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoadFailure {
    /// It or one of its dependencies couldn't be loaded, or nobody asked for it to be.
    Asset(WaitForAssetError),
    /// The asset server couldn't be reached.
    Script(ScriptError),
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadFailure::Asset(WaitForAssetError::NotLoaded) => f.write_str(
                "the asset isn't being loaded: wait for a handle that `AssetServer::load` gave, and use assets that were \
                 added by hand at once",
            ),
            LoadFailure::Asset(error) => error.fmt(f),
            LoadFailure::Script(error) => error.fmt(f),
        }
    }
}

impl Error for LoadFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            LoadFailure::Asset(error) => Some(error),
            LoadFailure::Script(error) => Some(error),
        }
    }
}

impl Me {
    /// Waits until an asset and all that it depends on are loaded; it is over at once if they are. Dropping it
    /// ends the wait, not the load.
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
    /// [`LoadFailure`], if it can't be loaded.
    pub fn loaded<A: Asset>(&self, handle: &Handle<A>) -> impl Future<Output = Result<(), LoadFailure>> + use<A> {
        let (me, handle) = (*self, handle.clone());
        async move {
            let server = me.resource(AssetServer::clone).map_err(LoadFailure::Script)?;
            server.wait_for_asset(&handle).await.map_err(LoadFailure::Asset)
        }
    }
}
