//! The camera goes to the door, two lines are said, the door opens. However it ends, it leaves the same scene.

use bevy::prelude::*;
use framestep::{Me, Script, ScriptError, SpawnScript, Until, sleep, tween};

use super::{AT_DOOR, LINE, PAN, leave};
use crate::scene::{Cast, Door, Overlay, Place, Skip};

pub fn start(world: &mut World, cast: Cast) {
    world.spawn_script(Script::new(async move |me: Me| cutscene(me, cast).await));
}

async fn cutscene(me: Me, cast: Cast) -> Result {
    me.resource_mut(|mut overlay: Mut<Overlay>| overlay.letterbox = true)?;
    let _end = me.defer(move |world| leave(world, cast));
    play(me, cast).until(me.message::<Skip>()).await.transpose()?;
    Ok(())
}

async fn play(me: Me, cast: Cast) -> Result<(), ScriptError> {
    pan(me, cast.camera, AT_DOOR).await?;
    say(me, "Who goes there?").await?;
    me.other(cast.door).with(|mut door: Mut<Door>| door.is_open = true)?;
    say(me, "It opens!").await?;
    pan(me, cast.camera, 0.0).await
}

async fn say(me: Me, line: &'static str) -> Result<(), ScriptError> {
    me.resource_mut(|mut overlay: Mut<Overlay>| overlay.subtitle = Some(line))?;
    sleep(LINE).await;
    me.resource_mut(|mut overlay: Mut<Overlay>| overlay.subtitle = None)
}

async fn pan(me: Me, camera: Entity, to: f32) -> Result<(), ScriptError> {
    let camera = me.other(camera);
    let from = camera.read(|place: &Place| place.0)?;
    tween(PAN, EaseFunction::SmoothStep, |t| camera.with(|mut place: Mut<Place>| place.0 = from.lerp(to, t))).await
}
