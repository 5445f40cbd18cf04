//! The plain systems of the scene: what follows from where everybody is, once a frame after the scripts.
//!
//! Rule: a system looks at the whole room and says what changed, in messages, and in events to those whom it concerns; what is
//! done about it is up to the scripts.
//! How: the systems run in one chain, so that the order of what they say is fixed.

use bevy_ecs::prelude::*;

use crate::{grid::Cell, map::Line, world::*};

/// Who sees the thief: told when it begins, when the thief moves on in plain view, and when it ends.
pub fn sight(
    floor: Res<Floor>,
    phase: Res<Phase>,
    thief: Single<&At, With<Thief>>,
    mut watchers: Query<(Entity, &At, &mut Gaze), Without<Thief>>,
    mut commands: Commands,
) {
    let thief = thief.0;
    for (by, at, mut gaze) in &mut watchers {
        let sees = (!phase.is_over() && gaze.cone.covers(at.0, thief) && floor.grid.sees(at.0, thief)).then_some(thief);
        if sees == gaze.sees {
            continue;
        }
        gaze.sees = sees;
        match sees {
            Some(cell) => commands.trigger(Spotted { by, cell }),
            None => commands.trigger(LostSight { by }),
        }
    }
}

/// Those whom a door opens for.
type Residents = Or<(With<Thief>, With<Guard>)>;

/// Who comes to a door and who leaves it. Visitors stay in their halls and don't count.
pub fn footsteps(walkers: Query<&At, Residents>, mut doors: Query<(Entity, &mut Door)>, mut commands: Commands) {
    for (entity, mut door) in &mut doors {
        let near = walkers.iter().any(|at| door.cells.iter().any(|cell| cell.steps(at.0) <= 1));
        if near != door.crowded {
            door.crowded = near;
            commands.trigger(Footsteps { door: entity, near });
        }
    }
}

/// Whether the thief is at the vault.
pub fn siege(
    thief: Single<&At, With<Thief>>,
    mut vaults: Query<(&At, &mut Vault)>,
    mut besieged: MessageWriter<Besieged>,
) {
    for (at, mut vault) in &mut vaults {
        let near = at.0.steps(thief.0) == 1;
        if near != vault.besieged {
            vault.besieged = near;
            besieged.write(Besieged(near));
        }
    }
}

/// A lit beam that touches the thief rings the alarm, once for each touch.
pub fn tripwires(
    thief: Single<&At, With<Thief>>,
    beams: Query<(&Called, &Beam)>,
    phase: Res<Phase>,
    mut touched: Local<Option<Cell>>,
    mut alarms: MessageWriter<Alarm>,
    mut chronicle: ResMut<Chronicle>,
) {
    let at = thief.0;
    let beam = beams.iter().find(|(_, beam)| beam.lit && beam.cells.contains(&at));
    if let Some((called, _)) = beam
        && *touched != Some(at)
        && !phase.is_over()
    {
        chronicle.note(format!("the {} is broken", called.0), false);
        alarms.write(Alarm { cell: at });
    }
    *touched = beam.map(|_| at);
}

/// The places that have something to say.
pub fn spots(thief: Single<&At, With<Thief>>, mut spots: Query<&mut Spot>, mut say: MessageWriter<Say>) {
    for mut spot in &mut spots {
        if spot.cells.contains(&thief.0)
            && let Some(line) = spot.line.take()
        {
            say.write(Say(line));
        }
    }
}

/// The two ways in which the night can end.
pub fn endings(
    plan: Res<Plan>,
    floor: Res<Floor>,
    phase: Res<Phase>,
    thief: Single<(&At, &Thief)>,
    guards: Query<(Entity, &At, &Gaze), With<Guard>>,
    mut caught: MessageWriter<Caught>,
    mut escaped: MessageWriter<Escaped>,
) {
    let (at, thief) = *thief;
    if phase.is_over() || *phase == Phase::Opening {
        return;
    }
    // A guard in pursuit who could reach out for the thief does.
    let hand = guards
        .iter()
        .find(|(_, guard, gaze)| gaze.alert && guard.0.distance(at.0) <= 1 && floor.grid.sees(guard.0, at.0));
    if let Some((by, ..)) = hand {
        caught.write(Caught { by });
    } else if thief.has_diamond && plan.0.exits.iter().any(|exit| exit.cells.contains(&at.0)) {
        escaped.write(Escaped);
    }
}

/// A line as the chronicle writes it.
pub fn quote(line: &Line) -> String {
    format!("{}: \u{201c}{}\u{201d}", line.speaker, line.text)
}
