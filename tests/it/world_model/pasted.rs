//! Programs on which the real world and the naive one differ as soon as a rule is broken.
//!
//! Rule: each is as the shrinker printed it, and named after what must not happen or hold.

use super::{check, program::*};
use crate::model::program::list;

fn script(ops: crate::model::program::List<Op>) -> Script {
    Script { side: false, ops }
}

#[test]
fn who_took_a_message_by_asking_was_woken_for_it_in_the_next_step() {
    let asks = script(list![Await(Until(list![Heard(AllNews), Finished(1)])), Await(NextFrame)]);
    let writes = script(list![Do(Write(0))]);
    check(Program { acts: list![Game(StartFree(asks)), Game(StartFree(writes)), Step(0), StepSide(0)] });
}

#[test]
fn what_a_clean_up_posted_before_it_panicked_waited_for_the_next_access() {
    let owned = script(list![Await(Gold(1))]);
    let owns = script(list![Do(StartOwned(owned)), Defer(list![Despawn(0), Blow])]);
    check(Program { acts: list![Game(SpawnEntity(0)), Game(Put(0, owns)), Step(0)] });
}

#[test]
fn a_script_that_is_started_on_an_entity_that_was_enabled_lets_no_other_go_on_before_its_turn() {
    let leaves = script(list![Defer(list![StartFree(script(list![])), Enable(0)]), Await(NextFrame)]);
    let waits = script(list![Await(NextFrame)]);
    check(Program {
        acts: list![
            Game(SpawnEntity(0)),
            Game(Put(0, leaves)),
            Game(StartOf(0, waits)),
            Step(0),
            Game(Disable(0)),
            Step(0),
            Game(Put(0, script(list![]))),
            Step(0),
        ],
    });
}
