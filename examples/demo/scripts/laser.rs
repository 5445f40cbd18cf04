//! A laser grid goes on and off, in time with its interval and never out of step.

use bevy_ecs::{error::Result, prelude::*};
use framestep::*;

use crate::{map::Laser, world::Beam};

pub async fn laser(me: Me, laser: Laser) -> Result {
    sleep(laser.offset).await;
    let mut pulse = interval(laser.period);
    loop {
        me.with(|mut beam: Mut<Beam>| beam.lit = !beam.lit)?;
        pulse.next().await;
    }
}
