//! A visitor strolls about and stops to look. A hundred thousand of them are no trouble.

use std::time::Duration;

use bevy_ecs::error::Result;
use framestep::*;

use crate::acts::*;

const STEP_FRAMES: u64 = 20;

pub async fn visitor(me: Me) -> Result {
    enter(&me, random())?;
    loop {
        sleep(Duration::from_millis(500 + random() % 5000)).await; // looks at an exhibit
        for _ in 0..random() % 6 {
            stroll(&me, random())?;
            frames(STEP_FRAMES).await;
        }
    }
}
