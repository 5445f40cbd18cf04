//! The thief follows a plan, cell by cell in the dark, until the player takes over with an arrow key.

use std::cell::Cell as Wish;

use bevy_ecs::error::Result;
use framestep::*;

use crate::{
    acts::*,
    grid::{Cell, Dir},
    map::Thief,
    world::*,
};

pub async fn thief(me: Me, thief: Thief) -> Result {
    let mut keys = arrows(&me);
    match race(keys.next(), autopilot(&me, &thief)).await {
        Race::First(dir) => by_hand(&me, &thief, dir, &mut keys).await,
        Race::Second(done) => done,
    }
}

async fn autopilot(me: &Me, thief: &Thief) -> Result {
    let (mut curtain, mut taken) = (me.listen::<Curtain>(), me.listen::<Taken>());
    curtain.next().await;
    for cell in &thief.way_in {
        sneak(me, thief, *cell).await?;
    }
    note(me, "is at the vault")?;
    let vault = here(me)?;
    while let Race::Second(()) = race(taken.next(), danger(me, vault)).await {
        hide(me, thief).await?;
        sneak(me, thief, vault).await?;
    }
    note(me, "runs for it")?;
    flee(me, thief).await
}

/// On tiptoe from shadow to shadow, and back into the last one when somebody comes.
async fn sneak(me: &Me, thief: &Thief, goal: Cell) -> Result {
    while let Some(next) = way(me, goal)? {
        if beam(me, next)? {
            lit(me, next, true).await; // it may light up at any moment,
            lit(me, next, false).await; // but when it has just gone out there is time
        }
        match race(clear(me, next), danger(me, here(me)?)).await {
            Race::First(()) => step(me, next)?,
            Race::Second(()) => hide(me, thief).await?,
        }
        frames(thief.tiptoe_frames).await;
    }
    Ok(())
}

/// Quickly into the dark.
async fn hide(me: &Me, thief: &Thief) -> Result {
    while let Some(next) = way_into_the_dark(me)? {
        step(me, next)?;
        frames(thief.dash_frames).await;
    }
    Ok(())
}

/// To the nearest exit past the guards; where there is no way past them, into the dark until there is.
async fn flee(me: &Me, thief: &Thief) -> Result {
    loop {
        while let Some(next) = way_out(me)? {
            step(me, next)?;
            frames(thief.dash_frames).await;
        }
        hide(me, thief).await?;
        frames(thief.dash_frames).await;
    }
}

/// Two loops side by side: one keeps the arrow that was pressed last, the other walks.
async fn by_hand(me: &Me, thief: &Thief, first: Dir, keys: &mut Listener<Dir>) -> Result {
    hand_over(me)?;
    let wish = Wish::new(Some(first));
    let listen = async {
        loop {
            wish.set(Some(keys.next().await));
        }
    };
    let walk = async {
        loop {
            match wish.take() {
                Some(dir) => {
                    step(me, here(me)?.neighbour(dir))?;
                    frames(thief.dash_frames).await;
                }
                None => next_frame().await,
            }
        }
    };
    match race(listen, walk).await {
        Race::First(never) => never,
        Race::Second(done) => done,
    }
}
