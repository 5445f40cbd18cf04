//! A boss throws rocks until half its health is gone, rages, and slams until it falls. A stun breaks its
//! attack off.

use std::time::Duration;

use bevy::prelude::*;
use framestep::{Me, Script, Until, sleep};

use super::{HALF, PAUSES, ROAR, STUN, WIND_UP};
use crate::scene::{Attack, Enraged, Health, Stun};

pub fn start(world: &mut World, boss: Entity) {
    world.entity_mut(boss).insert(Script::new(fight));
}

async fn fight(me: Me) -> Result {
    attacks(me, Attack::Rock, PAUSES[0]).until(me.until(|health: &Health| health.0 <= HALF)).await.transpose()?;
    me.insert(Enraged)?;
    sleep(ROAR).await;
    attacks(me, Attack::Slam, PAUSES[1]).until(me.until(|health: &Health| health.0 <= 0)).await.transpose()?;
    me.despawn()?;
    Ok(())
}

async fn attacks(me: Me, kind: Attack, pause: Duration) -> Result {
    let mut stuns = me.on::<Stun>().listen();
    loop {
        match sleep(WIND_UP).until(stuns.next()).await {
            Some(()) => me.write_message(kind)?,
            None => sleep(STUN).await,
        }
        sleep(pause).await;
    }
}
