//! Random programs of the world's language.
//!
//! Rule: every deed, op and wait is drawn. What a clean-up does starts scripts, too.

use super::program::*;
use crate::model::{dice::Dice, program::List};

/// How deep blocks, combinators and scripts nest.
const DEPTH: u32 = 3;

pub(super) fn program(dice: &mut Dice) -> Program {
    let mut acts = dice.list(1..4, |dice| Game(SpawnEntity(dice.small(4))));
    acts.0.append(&mut dice.list(1..5, |dice| Game(start(dice, DEPTH))).0);
    if dice.one_in(20) {
        // That a component is added while somebody waits for that is rare otherwise.
        let waits = Script { side: false, ops: List(vec![Await(Heard(AddedTo(OWN)))]) };
        acts.0.extend([Game(StartOf(0, waits)), Game(Remove(0, A)), Step(0), Game(Insert(0, A, 1)), Step(0)]);
    }
    acts.0.append(&mut dice.list(4..28, act).0);
    Program { acts }
}

fn act(dice: &mut Dice) -> Act {
    match dice.pick(&[12, 3, 12, 1]) {
        0 => Step(time(dice)),
        1 => StepSide(time(dice)),
        2 => Game(deed(dice, 2)),
        _ => Update,
    }
}

fn time(dice: &mut Dice) -> u16 {
    dice.below(12) as u16
}

fn entity(dice: &mut Dice) -> u8 {
    if dice.one_in(3) { OWN } else { dice.small(3) }
}

/// Where components come and go more than elsewhere.
fn favourite(dice: &mut Dice) -> u8 {
    if dice.one_in(2) { 0 } else { entity(dice) }
}

fn part(dice: &mut Dice) -> Part {
    if dice.one_in(3) { B } else { A }
}

fn script(dice: &mut Dice, depth: u32) -> Script {
    Script { side: dice.one_in(6), ops: ops(dice, depth) }
}

fn start(dice: &mut Dice, depth: u32) -> Deed {
    match dice.pick(&[1, 2, 3, 1]) {
        3 => StartOwned(script(dice, depth)),
        0 => StartFree(script(dice, depth)),
        1 => StartOf(entity(dice), script(dice, depth)),
        _ => Put(entity(dice), script(dice, depth)),
    }
}

fn deed(dice: &mut Dice, depth: u32) -> Deed {
    match dice.pick(&[1, 8, 6, 4, 2, 3, 3, 6, 5, 3, 5, 5, 2, 3, 1, 1, 1]) {
        1 => Set(entity(dice), part(dice), dice.small(6)),
        2 => Insert(favourite(dice), part(dice), dice.small(6)),
        3 => Remove(favourite(dice), part(dice)),
        4 => SpawnEntity(dice.small(4)),
        5 => Despawn(entity(dice)),
        6 => SetGold(dice.small(6)),
        7 => Write(dice.small(10)),
        8 => Hit(entity(dice), dice.small(10)),
        9 => Boom(dice.small(10)),
        10 => Raise(dice.small(SIGNALS.into())),
        11 if depth > 0 => start(dice, depth - 1),
        12 => TakeOff(entity(dice)),
        13 => CancelId(dice.small(8)),
        14 => Disable(entity(dice)),
        15 => Enable(entity(dice)),
        16 if depth > 0 => FromOutside(dice.list(1..4, |dice| deed(dice, depth - 1))),
        _ => Say(dice.small(10)),
    }
}

fn ops(dice: &mut Dice, depth: u32) -> List<Op> {
    let mut ops = dice.list(0..7, |dice| op(dice, depth));
    if dice.one_in(5) {
        ops.0.insert(0, Listen(ear(dice)));
        ops.0.push(Await(NextOf(0)));
    }
    if dice.one_in(12) {
        ops.0.extend([Do(Despawn(OWN)), ReadOrFail(A)]);
    }
    ops
}

fn op(dice: &mut Dice, depth: u32) -> Op {
    match dice.pick(&[14, 10, 2, 1, 1, 1, 3, 1, 5, 1]) {
        0 => Await(wait(dice, depth)),
        1 => Do(deed(dice, depth)),
        2 => Read(entity(dice), part(dice)),
        3 => ReadOrFail(part(dice)),
        4 if dice.one_in(2) => Fail,
        5 if dice.one_in(2) => Panic,
        6 => Defer(dice.list(1..4, |dice| if dice.one_in(8) { Blow } else { deed(dice, depth.min(1)) })),
        8 => Listen(ear(dice)),
        9 => Forget(dice.small(3)),
        _ => Guard(dice.small(10)),
    }
}

fn ear(dice: &mut Dice) -> Ear {
    match dice.pick(&[4, 3, 2, 4, 4]) {
        0 => AllNews,
        1 => HitsAt(entity(dice)),
        2 => Booms,
        3 => AddedTo(favourite(dice)),
        _ => RemovedFrom(favourite(dice)),
    }
}

fn wait(dice: &mut Dice, depth: u32) -> Wait {
    if depth > 0 && dice.one_in(3) { combined(dice, depth - 1) } else { leaf(dice) }
}

fn leaf(dice: &mut Dice) -> Wait {
    match dice.pick(&[6, 3, 2, 3, 1, 4, 1, 6, 2, 3, 4, 5, 8, 10, 4]) {
        0 => NextFrame,
        1 => Frames(dice.small(4)),
        2 => Yield(dice.small(4)),
        3 => Sleep(time(dice)),
        4 => MoveTo(dice.one_in(2)),
        5 => Raised(dice.small(SIGNALS.into())),
        6 => Never,
        7 => Holds(entity(dice), part(dice), dice.small(6)),
        8 => HoldBoth(entity(dice), dice.small(6)),
        9 => Gold(dice.small(6)),
        10 => Changed(entity(dice), part(dice)),
        11 => Despawned(entity(dice)),
        12 => Heard(ear(dice)),
        13 => NextOf(dice.small(3)),
        _ => Finished(dice.small(8)),
    }
}

fn combined(dice: &mut Dice, depth: u32) -> Wait {
    match dice.pick(&[4, 6, 3, 3, 4]) {
        0 => Both(dice.list(2..5, |dice| wait(dice, depth))),
        1 => First(dice.list(2..5, |dice| wait(dice, depth))),
        2 => Within(time(dice), List(vec![wait(dice, depth)])),
        3 => Until(dice.list(2..3, |dice| wait(dice, depth))),
        _ => Block(ops(dice, depth)),
    }
}
