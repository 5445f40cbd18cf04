//! A guard walks a round. A bell or a shadow calls the guard away; then the round goes on where it was left.

use std::{cell::Cell as Lead, pin::pin, time::Duration};

use bevy_ecs::{error::Result, prelude::*};
use framestep::*;

use crate::{
    acts::*,
    grid::{Cell, Heading},
    map::Guard,
    world::*,
};

const LOOK: Duration = Duration::from_millis(600);

pub async fn guard(me: Me, guard: Guard) -> Result {
    let mut hints = Hints { sights: sights(&me), alarms: me.listen() };
    let mut round = pin!(round(&me, &guard)); // survives the interruptions
    loop {
        match race(hints.next(), round.as_mut()).await {
            Race::First(hint) => chase(&me, &guard, hint, &mut hints).await?,
            Race::Second(done) => return done,
        }
    }
}

/// From point to point, with a rest at each, for ever.
async fn round(me: &Me, guard: &Guard) -> Result {
    loop {
        for stop in &guard.patrol {
            while let Some(next) = way(me, *stop)? {
                step(me, next)?;
                frames(guard.walk_frames).await;
            }
            sleep(guard.rest + Duration::from_millis(random() % 800)).await;
        }
    }
}

/// Runs after the lead, while every new hint changes where it points.
async fn chase(me: &Me, guard: &Guard, hint: Cell, hints: &mut Hints) -> Result {
    let lead = Lead::new(hint);
    let follow = async {
        loop {
            lead.set(hints.next().await);
        }
    };
    note(me, "leaves the round and runs")?;
    me.with(|mut gaze: Mut<Gaze>| gaze.alert = true)?;
    match race(follow, search(me, guard, &lead)).await {
        Race::First(never) => never,
        Race::Second(lost) => lost?,
    }
    me.with(|mut gaze: Mut<Gaze>| gaze.alert = false)?;
    note(me, "finds nobody and goes back to the round")?;
    Ok(())
}

async fn search(me: &Me, guard: &Guard, lead: &Lead<Cell>) -> Result {
    loop {
        while let Some(next) = way(me, lead.get())? {
            step(me, next)?;
            frames(guard.run_frames).await;
        }
        let (cold, mut looks) = (lead.get(), 0);
        while lead.get() == cold {
            if looks == 4 {
                return Ok(());
            }
            turn(me, Heading::QUARTER)?;
            sleep(LOOK).await;
            looks += 1;
        }
    }
}

/// What a guard acts upon: the own eyes, and the bell.
struct Hints {
    sights: Listener<Cell>,
    alarms: Listener<Alarm>,
}

impl Hints {
    async fn next(&mut self) -> Cell {
        match race(self.sights.next(), self.alarms.next()).await {
            Race::First(cell) => cell,
            Race::Second(alarm) => alarm.cell,
        }
    }
}
