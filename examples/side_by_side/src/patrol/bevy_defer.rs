//! A guard walks between two posts, reels from every hit, and walks on from where it was.

use std::pin::pin;

use bevy::prelude::*;
use bevy_defer::{AccessResult, AsyncExtension, AsyncWorld, fetch};
use futures::{FutureExt, StreamExt, select_biased};

use super::{POSTS, REST, STAGGER, STEP};
use crate::scene::{Hit, Place, Staggered};

pub fn start(world: &mut World, guard: Entity) {
    world.spawn_task(on_guard(guard));
}

async fn on_guard(entity: Entity) -> AccessResult {
    let guard = AsyncWorld.entity(entity);
    let mut hits = guard.on::<Hit>()?.fuse();
    let mut patrol = pin!(patrol(entity).fuse());
    loop {
        select_biased! {
            end = patrol => return end,
            hit = hits.next() => {
                // The guard is gone, and its events with it.
                if hit.is_none() {
                    return Ok(());
                }
                guard.insert(Staggered)?;
                AsyncWorld.sleep(STAGGER).await;
                guard.remove::<Staggered>()?;
            }
        }
    }
}

async fn patrol(guard: Entity) -> AccessResult {
    let place = fetch!(guard, Place);
    loop {
        for post in POSTS {
            while place.get(|place| place.0 != post)? {
                place.get_mut(|place| place.0 += (post - place.0).signum())?;
                AsyncWorld.sleep(STEP).await;
            }
            AsyncWorld.sleep(REST).await;
        }
    }
}
