//! The dialogue: one line after the other, letter by letter, and any of them can be skipped.

use std::time::Duration;

use bevy_ecs::error::Result;
use framestep::*;

use crate::{acts::*, map::Line, world::*};

const LETTER_FRAMES: u64 = 2;
const READ: Duration = Duration::from_millis(1200);

pub async fn dialogue(me: Me) -> Result {
    let mut lines = me.listen::<Say>();
    let mut skips = skips(&me);
    loop {
        let Say(line) = lines.next().await;
        quoted(&me, &line)?;
        skips.clear();
        if let Race::Second(said) = race(skips.next(), recite(&me, &line)).await {
            said?;
        }
        show(&me, &Line::default(), 0)?;
        send(&me, Hushed)?;
    }
}

async fn recite(me: &Me, line: &Line) -> Result {
    for letters in 1..=line.text.chars().count() {
        show(me, line, letters)?;
        frames(LETTER_FRAMES).await;
    }
    sleep(READ).await;
    Ok(())
}
