//! Programs that once told the two worlds apart, as the shrinker printed them.
//!
//! Rule: each is named after what it broke.

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
