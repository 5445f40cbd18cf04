//! The director: an opening, a night that lasts until the thief is out or caught, and the ending that fits.

use std::time::Duration;

use bevy_ecs::error::Result;
use framestep::*;

use crate::{
    acts::*,
    map::{Line, Story},
    world::*,
};

const ALARM: Duration = Duration::from_secs(8);

pub async fn director(me: Me, story: Story) -> Result {
    tell(&me, &story.opening).await?;
    set_phase(&me, Phase::Quiet)?;
    send(&me, Curtain)?;

    let ending = scope(async |night: Scope| {
        let _bell = night.branch(bell(me)); // rings until the night is over
        let (mut escapes, mut catches) = (me.listen::<Escaped>(), me.listen::<Caught>());
        race(escapes.next(), catches.next()).await
    })
    .await;

    let (phase, lines) = match ending {
        Race::First(Escaped) => (Phase::Escaped, &story.escaped),
        Race::Second(Caught { by }) => {
            note_of(&me, by, "lays a hand on the thief")?;
            (Phase::Caught, &story.caught)
        }
    };
    set_phase(&me, phase)?;
    dismiss_thief(&me)?; // the thief's script ends in the middle of its await
    tell(&me, lines).await
}

/// Has lines said, each after the one before.
async fn tell(me: &Me, lines: &[Line]) -> Result {
    let mut hushes = me.listen::<Hushed>();
    for line in lines {
        say(me, line)?;
        hushes.next().await;
    }
    Ok(())
}

/// An alarm lasts for a while, and every further one starts that time anew.
async fn bell(me: Me) -> Result {
    let mut alarms = me.listen::<Alarm>();
    loop {
        alarms.next().await;
        set_phase(&me, Phase::Alarm)?;
        note(&me, "raises the alarm")?;
        while timeout(ALARM, alarms.next()).await.is_ok() {}
        set_phase(&me, Phase::Quiet)?;
        note(&me, "calls the alarm off")?;
    }
}
