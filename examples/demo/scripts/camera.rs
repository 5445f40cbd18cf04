//! A camera sweeps to and fro. When it sees somebody it holds still, and if they don't leave its sight at once, it rings.

use std::{pin::pin, time::Duration};

use bevy_ecs::{error::Result, prelude::*};
use framestep::*;

use crate::{acts::*, map::Camera, world::*};

const RING_AGAIN: Duration = Duration::from_secs(2);

pub async fn camera(me: Me, camera: Camera) -> Result {
    let mut sights = sights(&me);
    let mut sweep = pin!(sweep(&me, &camera)); // goes on where it was when sight cut in
    loop {
        match race(sights.next(), sweep.as_mut()).await {
            Race::First(_cell) => hold(&me, &camera).await?,
            Race::Second(done) => return done,
        }
        sights.clear();
    }
}

async fn sweep(me: &Me, camera: &Camera) -> Result {
    loop {
        for heading in camera.sweep() {
            me.with(|mut gaze: Mut<Gaze>| gaze.cone.heading = heading)?;
            sleep(camera.dwell).await;
        }
    }
}

async fn hold(me: &Me, camera: &Camera) -> Result {
    let mut losses = losses(me);
    me.with(|mut gaze: Mut<Gaze>| gaze.alert = true)?;
    let mut patience = camera.grace;
    while timeout(patience, losses.next()).await.is_err() {
        if let Some(cell) = me.read(|gaze: &Gaze| gaze.sees)? {
            note(me, "sees the thief and rings")?;
            send(me, Alarm { cell })?;
        }
        patience = RING_AGAIN;
    }
    me.with(|mut gaze: Mut<Gaze>| gaze.alert = false)?;
    Ok(())
}
