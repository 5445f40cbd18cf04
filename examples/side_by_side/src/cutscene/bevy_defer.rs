//! The camera goes to the door, two lines are said, the door opens. However it ends, it leaves the same scene.

use std::pin::pin;

use bevy::prelude::*;
use bevy_defer::cancellation::Cancellation;
use bevy_defer::{AccessResult, AsyncExtension, AsyncWorld, defer, fetch};
use futures::{FutureExt, select_biased};

use super::{AT_DOOR, LINE, PAN, leave};
use crate::scene::{Cast, Door, Overlay, Place, Skip};

pub fn start(world: &mut World, cast: Cast) {
    world.spawn_task(cutscene(cast));
}

async fn cutscene(cast: Cast) -> AccessResult {
    fetch!(Overlay).get_mut(|overlay| overlay.letterbox = true)?;
    let _end = defer! { AsyncWorld.run(|world| leave(world, cast)); };
    select_biased! {
        end = pin!(play(cast).fuse()) => end,
        _ = pin!(AsyncWorld.next_event::<Skip>().fuse()) => Ok(()),
    }
}

async fn play(cast: Cast) -> AccessResult {
    pan(cast.camera, AT_DOOR).await?;
    say("Who goes there?").await?;
    fetch!(cast.door, Door).get_mut(|door| door.is_open = true)?;
    say("It opens!").await?;
    pan(cast.camera, 0.0).await
}

async fn say(line: &'static str) -> AccessResult {
    fetch!(Overlay).get_mut(|overlay| overlay.subtitle = Some(line))?;
    AsyncWorld.sleep(LINE).await;
    fetch!(Overlay).get_mut(|overlay| overlay.subtitle = None)
}

async fn pan(camera: Entity, to: f32) -> AccessResult {
    // Else the camera goes on when the scene was skipped.
    let cancel = Cancellation::new().cancel_on_drop();
    let ease = |t| EaseFunction::SmoothStep.sample_clamped(t);
    let place = fetch!(camera, Place);
    place.interpolate_to(to, |place| place.0, |place, x| place.0 = x, ease, PAN, &cancel).await
}
