//! The verbs of the scene: what scripts can do in the world, what they can listen for, what they can wait until.
//!
//! Rule: every `await` stands in the script that waits, where it can be read and where the panel can light it up.
//! How: a verb takes the world, does one thing, and gives it back. A wait that is made here is `#[track_caller]`, so that
//! it knows the script's line as its own.

use bevy_ecs::{message::Message, prelude::*};
use framestep::{Listener, Me, Script, ScriptError};

use crate::{
    grid::{Cell, Cone, Dir, Heading},
    map::Line,
    systems::quote,
    world::*,
};

/// So many steps from a guard are far enough to hide, and so many are too near to pass.
const FAR: i32 = 6;
const NEAR: i32 = 5;

/// Where I am.
pub fn here(me: &Me) -> Result<Cell, ScriptError> {
    me.read(|at: &At| at.0)
}

/// The next cell on the way to a goal: `None` when I am there, or when nothing leads there.
pub fn way(me: &Me, goal: Cell) -> Result<Option<Cell>, ScriptError> {
    let here = here(me)?;
    me.world(|world| world.resource::<Floor>().grid.step_towards(here, goal))
}

/// Turns to a neighbouring cell and steps on it, unless a wall or a door that is still shut is in the way.
pub fn step(me: &Me, next: Cell) -> Result<(), ScriptError> {
    let heading = Dir::between(here(me)?, next).map(Dir::heading);
    let entity = me.entity();
    me.world(|world| {
        let grid = &world.resource::<Floor>().grid;
        let free = !grid.is_solid(next);
        let shut = world.query::<&Door>().iter(world).any(|door| !door.open && door.cells.contains(&next));
        if let (Some(heading), Ok(mut me)) = (heading, world.get_entity_mut(entity)) {
            face(&mut me, heading);
            if free && !shut {
                me.insert(At(next));
            }
        }
    })
}

fn face(me: &mut EntityWorldMut<'_>, heading: Heading) {
    if let Some(mut gaze) = me.get_mut::<Gaze>() {
        gaze.cone.heading = heading;
    }
    if let Some(mut thief) = me.get_mut::<Thief>() {
        thief.facing = heading;
    }
}

/// Turns the gaze by so many points of the compass.
pub fn turn(me: &Me, points: i32) -> Result<(), ScriptError> {
    me.with(|mut gaze: Mut<Gaze>| gaze.cone.heading = gaze.cone.heading.turned(points))
}

/// Sends a message to whoever listens.
pub fn send<M: Message>(me: &Me, message: M) -> Result<(), ScriptError> {
    me.world(|world| {
        world.write_message(message);
    })
}

/// Has the dialogue say a line.
pub fn say(me: &Me, line: &Line) -> Result<(), ScriptError> {
    send(me, Say(line.clone()))
}

/// Writes into the chronicle what I do: `Rosa` and `follows a shadow`.
pub fn note(me: &Me, deed: &str) -> Result<(), ScriptError> {
    note_of(me, me.entity(), deed)
}

/// Writes into the chronicle what another does.
pub fn note_of(me: &Me, who: Entity, deed: &str) -> Result<(), ScriptError> {
    let who = me.other(who).read(|called: &Called| called.0.clone())?;
    me.world(|world| {
        if !world.resource::<Phase>().is_over() {
            world.resource_mut::<Chronicle>().note(format!("{who} {deed}"), false);
        }
    })
}

/// Says how the night stands.
pub fn set_phase(me: &Me, phase: Phase) -> Result<(), ScriptError> {
    me.world(|world| world.insert_resource(phase))
}

/// Whether it is unwise to be in a cell: somebody looks at it, or could after a turn and a few steps, whatever door opens.
pub fn exposed(world: &World, cell: Cell) -> bool {
    let grid = &world.resource::<Floor>().undoored;
    let Some(mut gazes) = world.try_query::<(&At, &Gaze, Has<Camera>)>() else { return false };
    gazes.iter(world).any(|(at, gaze, camera)| {
        let Cone { heading, half, range } = gaze.cone;
        // A camera turns a little at a time. A guard turns round, and comes nearer.
        let near =
            if camera { Cone { heading, half: half + 2, range } } else { Cone { heading, half: 32, range: range + 3 } };
        near.covers(at.0, cell) && grid.sees(at.0, cell)
    })
}

/// The next cell on the way to the nearest hiding place: one that is dark and far from every guard, on a way that no
/// guard can cut off. `None` if I am there, or if there is none.
pub fn way_into_the_dark(me: &Me) -> Result<Option<Cell>, ScriptError> {
    let here = here(me)?;
    me.world(|world| {
        let guards = guards(world);
        let grid = &world.resource::<Floor>().undoored;
        let open = |cell: Cell| guards.iter().all(|guard| cell.steps(here) < cell.steps(*guard));
        let far = |cell: Cell| guards.iter().all(|guard| cell.steps(*guard) > FAR);
        grid.first_step(here, open, |cell| far(cell) && !exposed(world, cell))
    })
}

/// The next cell on the way to the nearest exit that keeps clear of all guards. `None` if there is no such way.
pub fn way_out(me: &Me) -> Result<Option<Cell>, ScriptError> {
    let here = here(me)?;
    me.world(|world| {
        let guards = guards(world);
        let exits = &world.resource::<Plan>().0.exits;
        let clear = |cell: Cell| guards.iter().all(|guard| cell.steps(*guard) > NEAR);
        let is_exit = |cell: Cell| exits.iter().any(|exit| exit.cells.contains(&cell));
        world.resource::<Floor>().grid.first_step(here, clear, is_exit)
    })
}

fn guards(world: &mut World) -> Vec<Cell> {
    world.query_filtered::<&At, With<Guard>>().iter(world).map(|at| at.0).collect()
}

/// Whether there is a laser beam through a cell, lit or not.
pub fn beam(me: &Me, cell: Cell) -> Result<bool, ScriptError> {
    me.world(|world| world.query::<&Beam>().iter(world).any(|beam| beam.cells.contains(&cell)))
}

/// Until the beam through a cell is lit, or until it isn't.
#[track_caller]
pub fn lit(me: &Me, cell: Cell, lit: bool) -> impl Future<Output = ()> + use<> {
    me.until_world(move |world| {
        let Some(mut beams) = world.try_query::<&Beam>() else { return true };
        beams.iter(world).any(|beam| beam.lit && beam.cells.contains(&cell)) == lit
    })
}

/// Until it is unwise to be in a cell.
#[track_caller]
pub fn danger(me: &Me, cell: Cell) -> impl Future<Output = ()> + use<> {
    me.until_world(move |world| exposed(world, cell))
}

/// Until a cell lies in the dark.
#[track_caller]
pub fn clear(me: &Me, cell: Cell) -> impl Future<Output = ()> + use<> {
    me.until_world(move |world| !exposed(world, cell))
}

/// Where I see the thief, each time that it changes.
pub fn sights(me: &Me) -> Listener<Cell> {
    me.on::<Spotted>().map(|sight| sight.cell).listen()
}

/// That I don't see the thief any longer.
pub fn losses(me: &Me) -> Listener<()> {
    me.on::<LostSight>().happened().listen()
}

/// That somebody has come to this door, that the last one has left it, in turns.
pub fn footsteps(me: &Me) -> Listener<bool> {
    me.on::<Footsteps>().map(|steps| steps.near).listen()
}

/// The arrow keys.
pub fn arrows(me: &Me) -> Listener<Dir> {
    me.listen_map(|key: &Pressed| match key {
        Pressed::Walk(dir) => Some(*dir),
        Pressed::Skip => None,
    })
}

/// The key that skips a line.
pub fn skips(me: &Me) -> Listener<()> {
    me.listen_map(|key: &Pressed| (*key == Pressed::Skip).then_some(()))
}

/// Opens or shuts a door: what it does to the eye is the floor's business.
pub fn swing(me: &Me, open: bool) -> Result<(), ScriptError> {
    let cells = me.with(|mut door: Mut<Door>| {
        door.open = open;
        door.cells.clone()
    })?;
    me.world(|world| {
        let mut floor = world.resource_mut::<Floor>();
        for cell in cells {
            floor.grid.set(cell, false, !open);
        }
    })
}

/// Shows so many letters of a line; an empty line clears it.
pub fn show(me: &Me, line: &Line, letters: usize) -> Result<(), ScriptError> {
    me.world(|world| {
        let mut speech = world.resource_mut::<Speech>();
        if speech.line != *line {
            speech.line = line.clone();
        }
        speech.shown = letters;
    })
}

/// Writes a whole line into the chronicle.
pub fn quoted(me: &Me, line: &Line) -> Result<(), ScriptError> {
    me.world(|world| world.resource_mut::<Chronicle>().note(quote(line), true))
}

/// Takes the diamond out of the vault and gives it to the thief.
pub fn take_diamond(me: &Me) -> Result<(), ScriptError> {
    me.with(|mut vault: Mut<Vault>| (vault.cracking, vault.empty) = (false, true))?;
    me.world(|world| {
        for mut thief in world.query::<&mut Thief>().iter_mut(world) {
            thief.has_diamond = true;
        }
        world.write_message(Taken);
    })
}

/// Puts a visitor on a cell of the halls, chosen by a random number.
pub fn enter(me: &Me, random: u64) -> Result<(), ScriptError> {
    let cell = me.world(|world| {
        let halls = &world.resource::<Floor>().halls;
        halls.get((random % halls.len().max(1) as u64) as usize).copied().unwrap_or_default()
    })?;
    me.with(|mut at: Mut<At>| at.0 = cell)
}

/// Takes a visitor one step in a random direction, if that stays within the halls.
pub fn stroll(me: &Me, random: u64) -> Result<(), ScriptError> {
    let next = here(me)?.neighbour(Dir::ALL[(random % 4) as usize]);
    let free = me.world(|world| {
        let floor = world.resource::<Floor>();
        !floor.grid.is_solid(next) && !floor.doorways.contains(&next)
    })?;
    if free {
        me.with(|mut at: Mut<At>| at.0 = next)?;
    }
    Ok(())
}

/// From here on the player leads the thief.
pub fn hand_over(me: &Me) -> Result<(), ScriptError> {
    me.with(|mut thief: Mut<Thief>| thief.by_hand = true)?;
    note(me, "is in your hands")
}

/// Ends the thief's script, wherever it waits.
pub fn dismiss_thief(me: &Me) -> Result<(), ScriptError> {
    me.world(|world| {
        let mut thieves = world.query_filtered::<Entity, With<Thief>>();
        for thief in thieves.iter(world).collect::<Vec<_>>() {
            world.entity_mut(thief).remove::<Script>();
        }
    })
}
