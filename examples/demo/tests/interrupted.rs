//! The night goes on whoever of its cast is gone, and at whichever of many times.
//!
//! Rule: as in `struck`. At each place at which scripts park in one of the nights, one is killed the first time; each `.await`
//! of the scripts' texts is among these places, or is listed here with the reason (`awaits`). The thief and the director are
//! killed all through a night, and each script of its beginning the first five times that it parks and twice at most after
//! that; panics come in as many of its polls.

#[path = "../../../tests/it/examples/awaits.rs"]
mod awaits;
#[path = "../../../tests/it/examples/struck.rs"]
mod struck;

use std::collections::{BTreeMap, BTreeSet};

use bevy_ecs::prelude::*;

use self::{
    awaits::{
        Source, Untold,
        Why::{Beside, Never},
        assert_all_told, lines_of,
    },
    struck::{Game, Parked, Play, Times, Whole, kill, kill_some, strike_some},
};
use super::frame;
use crate::{
    grid::{Cell, Dir},
    night,
    scripts::SOURCES,
    stage::Stage,
    world::{At, Camera, Door, Floor, Gaze, Plan, Pressed, Speech, Thief, Vault},
};

impl Game for Stage {
    fn world(&mut self) -> &mut World {
        &mut self.world
    }

    fn frame(&mut self) {
        frame(self);
    }
}

/// The beginning of a night.
const BEGINNING: Play = Play {
    after: 90,
    goes_on: true,
    at_end: is_whole,
    ..Play::of("beginning", || Box::new(Stage::build(&night::setup(1, None, 2))), 900)
};

/// The opening is skipped, and the player leads the thief.
const BY_HAND: Play = Play {
    name: "by hand",
    frames: 160,
    input: |world, frame| {
        skip_opening(world, frame);
        if matches!(frame, 100 | 130) {
            world.write_message(Pressed::Walk(Dir::West));
        }
    },
    ..BEGINNING
};

/// The thief stands before a camera until it rings, and is gone when the guards come.
const SEEN: Play = Play {
    name: "seen",
    frames: 600,
    input: |world, frame| {
        skip_opening(world, frame);
        let way = way_in(world);
        match frame {
            60..240 => place(world, before_a_camera),
            240 => place(world, |_| way[0]),
            _ => (),
        }
    },
    ..BEGINNING
};

/// The autopilot has the diamond and flees, and is carried out of the house.
const BREAK_IN: Play = Play {
    name: "break-in",
    frames: 2_800,
    input: |world, frame| {
        if frame == OUT {
            place(world, |world| world.resource::<Plan>().0.exits[0].cells[0]);
        }
    },
    ..BEGINNING
};
const OUT: u32 = 2_700;

fn skip_opening(world: &mut World, frame: u32) {
    if frame < 40 && frame % 4 == 0 {
        world.write_message(Pressed::Skip);
    }
}

fn way_in(world: &World) -> Vec<Cell> {
    world.resource::<Plan>().0.thief.way_in.clone()
}

/// Puts the thief on a cell.
fn place(world: &mut World, cell: impl FnOnce(&mut World) -> Cell) {
    let cell = cell(world);
    for mut at in world.query_filtered::<&mut At, With<Thief>>().iter_mut(world) {
        at.0 = cell;
    }
}

/// A cell that the first camera sees.
fn before_a_camera(world: &mut World) -> Cell {
    let (at, gaze) =
        world.query_filtered::<(&At, &Gaze), With<Camera>>().iter(world).next().expect("there are cameras");
    let grid = &world.resource::<Floor>().grid;
    let is_seen = |cell: &Cell| !grid.is_solid(*cell) && gaze.cone.covers(at.0, *cell) && grid.sees(at.0, *cell);
    grid.cells().find(is_seen).expect("it doesn't look at a wall")
}

/// What no script may leave half done.
fn is_whole(world: &mut World) {
    let doors: Vec<Door> = world.query::<&Door>().iter(world).cloned().collect();
    let grid = &world.resource::<Floor>().grid;
    for door in doors {
        assert!(door.cells.iter().all(|cell| grid.is_opaque(*cell) != door.open), "who looks at it sees it: {door:?}");
    }
    let Speech { line, shown } = world.resource::<Speech>();
    assert!(*shown <= line.text.chars().count(), "{line:?}, {shown}");
    assert!(world.query::<&Vault>().iter(world).all(|vault| !(vault.cracking && vault.empty)));
}

/// Of the plot's parks, one in so many is tried all through the night.
const LATE: usize = 23;
const TIMES: Times = Times { first: 5, later: 2, every: 61 };

/// The lines that no site tells.
const UNTOLD: &[Untold] = &[
    Untold("camera.rs", "camera", "hold(&me, &camera).await", Beside("timeout(patience, losses.next())")),
    Untold("director.rs", "director", "tell(&me, &story.opening).await", Beside("hushes.next()")),
    Untold("director.rs", "director", "tell(&me, lines).await", Beside("hushes.next()")),
    Untold("guard.rs", "guard", "chase(&me, &guard, hint, &mut hints).await", Beside("match race(follow, ")),
    Untold("guard.rs", "chase", "hints.next().await", Beside("match race(follow, ")),
    Untold(
        "guard.rs",
        "next",
        "race(self.sights.next(), self.alarms.next()).await",
        Beside("match race(hints.next(), "),
    ),
    Untold("thief.rs", "thief", "by_hand(&me, &thief, dir, &mut keys).await", Beside("match race(listen, walk)")),
    Untold("thief.rs", "autopilot", "sneak(me, thief, *cell).await", Beside("frames(thief.tiptoe_frames)")),
    Untold("thief.rs", "autopilot", "hide(me, thief).await", Never(UNDISTURBED)),
    Untold("thief.rs", "autopilot", "sneak(me, thief, vault).await", Never(UNDISTURBED)),
    Untold("thief.rs", "autopilot", "flee(me, thief).await", Beside("frames(thief.dash_frames)")),
    Untold("thief.rs", "sneak", "hide(me, thief).await", Beside("frames(thief.dash_frames)")),
    Untold("thief.rs", "flee", "hide(me, thief).await", Beside("frames(thief.dash_frames)")),
    Untold("thief.rs", "by_hand", "keys.next().await", Beside("match race(listen, walk)")),
];

const UNDISTURBED: &str = "nobody comes to the vault while it is cracked";

#[test]
fn every_script_of_the_nights_may_die_at_every_await() {
    let plays = [BEGINNING, BY_HAND, SEEN, BREAK_IN];
    let wholes = plays.each_ref().map(Whole::of);
    // Each place in the night that comes to it first.
    let mut sites = BTreeMap::new();
    for (number, whole) in wholes.iter().enumerate() {
        for (site, first) in &whole.sites {
            let earliest = sites.entry(site).or_insert((*first, number));
            *earliest = (*earliest).min((*first, number));
        }
    }
    let mut told = BTreeSet::new();
    for (site, (first, play)) in &sites {
        let found = kill(&plays[*play], *first, |scripts| scripts.iter().position(|script| script.site == **site));
        assert!(found.is_some(), "{site:?}");
        told.extend(lines_of(site));
    }
    let sources: Vec<Source> = SOURCES.iter().map(|source| Source { file: source.file, text: source.text }).collect();
    let (awaits, untold) = assert_all_told(&sources, &told, UNTOLD);
    println!("{} killed; {awaits} awaits, {untold} of them untold", sites.len());

    // Late in the night, and in its ending.
    let [.., whole] = wholes;
    let of_the_plot = |number: &u64| matches!(&*whole.polls[number].0, "thief" | "director");
    let mut killed = 0;
    for number in whole.polls.keys().copied().filter(of_the_plot) {
        let parks = &whole.parks[&number];
        for at in parks.iter().step_by(LATE).chain(parks.last()) {
            let by_number = |scripts: &[Parked]| scripts.iter().position(|script| script.number == number);
            assert!(kill(&BREAK_IN, *at, by_number).is_some(), "script {number} in frame {at}");
            killed += 1;
        }
    }
    println!("{killed} of the thief and the director");
}

#[test]
fn every_script_of_the_night_may_die_the_first_five_times_that_it_parks_and_twice_later() {
    let killed = kill_some(&BEGINNING, &Whole::of(&BEGINNING), TIMES).len();
    println!("{killed} killed");
    assert!(killed > 60, "{killed}");
}

#[test]
fn every_script_of_the_night_may_panic_in_its_first_five_polls_and_twice_later() {
    let (struck, missed) = strike_some(&BEGINNING, &Whole::of(&BEGINNING), TIMES);
    println!("{struck} struck, {missed} missed");
    assert!(struck > 60, "{struck}");
}
