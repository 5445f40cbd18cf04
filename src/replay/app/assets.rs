//! Frames that wait for what was loaded in the recording.
//!
//! The rule: a frame that a recording says an asset arrived in isn't played before the asset is there, and if it doesn't
//! come within a bounded number of looks the frame is played without it: then the wait that should be over is a fault.

use std::thread;

use bevy_asset::{AssetServer, LoadState, RecursiveDependencyLoadState, handle_internal_asset_events};
use bevy_ecs::world::World;

use crate::ecs::ScriptExecutor;

/// How often the asset server is asked for what isn't there, giving other threads their turn in between.
const LOOKS: u32 = 100_000;

/// Lets the asset server take in what other threads have loaded, until all that the replay has for the coming frame is
/// there.
pub(super) fn wait_for_replayed(world: &mut World) {
    let Some(scripts) = world.get_non_send::<ScriptExecutor>() else { return };
    let paths = scripts.executor().core().replayed_assets();
    if paths.is_empty() || !world.contains_resource::<AssetServer>() {
        return;
    }
    for path in paths {
        for _ in 0..LOOKS {
            if !is_loading(world.resource::<AssetServer>(), &path) {
                break;
            }
            handle_internal_asset_events(world);
            thread::yield_now();
        }
    }
}

/// Whether anything of this path is on its way.
fn is_loading(server: &AssetServer, path: &str) -> bool {
    server.get_path_ids(path.to_owned()).into_iter().any(|id| {
        let states = server.get_load_states(id);
        states.is_some_and(|(own, _, with_dependencies)| match own {
            LoadState::Loading => true,
            LoadState::Loaded => !matches!(
                with_dependencies,
                RecursiveDependencyLoadState::Loaded | RecursiveDependencyLoadState::Failed(_)
            ),
            LoadState::NotLoaded | LoadState::Failed(_) => false,
        })
    })
}
