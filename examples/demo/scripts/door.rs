//! A door opens for whoever comes, and shuts when nobody has come for a while.

use bevy_ecs::error::Result;
use framestep::*;

use crate::{acts::*, map::Door};

pub async fn door(me: Me, door: Door) -> Result {
    let mut news = footsteps(&me); // in turns: somebody comes, the last one leaves
    loop {
        news.next().await; // somebody comes
        swing(&me, true)?;
        loop {
            news.next().await; // the last one leaves
            if timeout(door.hold, news.next()).await.is_err() {
                break; // and nobody else came
            }
        }
        swing(&me, false)?;
    }
}
