//! A boss throws rocks until half its health is gone, rages, and slams until it falls. A stun breaks its
//! attack off.

use std::pin::pin;
use std::time::Duration;

use bevy::prelude::*;
use bevy_defer::{AccessResult, AsyncExtension, AsyncWorld, fetch};
use futures::{FutureExt, StreamExt, select_biased};

use super::{HALF, PAUSES, ROAR, STUN, WIND_UP};
use crate::scene::{Attack, Enraged, Health, Stun};

pub fn start(world: &mut World, boss: Entity) {
    world.spawn_task(fight(boss));
}

async fn fight(boss: Entity) -> AccessResult {
    attack(boss, Attack::Rock, PAUSES[0], HALF).await?;
    AsyncWorld.entity(boss).insert(Enraged)?;
    AsyncWorld.sleep(ROAR).await;
    attack(boss, Attack::Slam, PAUSES[1], 0).await?;
    AsyncWorld.entity(boss).despawn();
    Ok(())
}

/// Attacks until its health has come down so far.
async fn attack(boss: Entity, kind: Attack, pause: Duration, until: i32) -> AccessResult {
    let mut low = fetch!(boss, Health).watch(move |health| (health.0 <= until).then_some(()));
    select_biased! {
        end = pin!(attacks(boss, kind, pause).fuse()) => end,
        low = low => low,
    }
}

async fn attacks(boss: Entity, kind: Attack, pause: Duration) -> AccessResult {
    let mut stuns = AsyncWorld.entity(boss).on::<Stun>()?.fuse();
    loop {
        select_biased! {
            _ = AsyncWorld.sleep(WIND_UP) => _ = AsyncWorld.write_message(kind)?,
            _ = stuns.next() => AsyncWorld.sleep(STUN).await,
        }
        AsyncWorld.sleep(pause).await;
    }
}
