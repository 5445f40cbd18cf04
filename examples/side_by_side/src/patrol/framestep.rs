//! A guard walks between two posts, reels from every hit, and walks on from where it was.

use std::pin::pin;

use bevy::prelude::*;
use framestep::{Me, Race, Script, race, sleep};

use super::{POSTS, REST, STAGGER, STEP};
use crate::scene::{Hit, Place, Staggered};

pub fn start(world: &mut World, guard: Entity) {
    world.entity_mut(guard).insert(Script::new(on_guard));
}

async fn on_guard(me: Me) -> Result {
    let mut hits = me.on::<Hit>().listen();
    let mut patrol = pin!(patrol(me));
    loop {
        match race(patrol.as_mut(), hits.next()).await {
            Race::First(end) => return end,
            Race::Second(_) => {
                me.insert(Staggered)?;
                sleep(STAGGER).await;
                me.remove::<Staggered>()?;
            }
        }
    }
}

async fn patrol(me: Me) -> Result {
    loop {
        for post in POSTS {
            while me.read(|place: &Place| place.0 != post)? {
                me.with(|mut place: Mut<Place>| place.0 += (post - place.0).signum())?;
                sleep(STEP).await;
            }
            sleep(REST).await;
        }
    }
}
