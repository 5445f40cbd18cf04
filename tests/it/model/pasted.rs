//! Programs on which the real executor and the naive one differ as soon as a rule is broken.
//!
//! Rule: each is as the shrinker printed it, and named after what must not happen or hold.

use super::{check, program::*};

#[test]
fn a_wait_through_a_wrapped_waker_keeps_its_place_among_those_released() {
    let first =
        script(list![Await(First(list![Wrapped(list![NextFrame]), Block(list![Await(Yield(1)), Await(NextFrame)])]))]);
    let second = script(list![Await(NextFrame)]);
    check(program(list![Do(Spawn(first)), Do(Spawn(second)), Step(0), Step(0)]));
}

#[test]
fn a_wait_that_is_polled_again_through_another_waker_keeps_its_place_among_those_released() {
    let first = script(list![Await(Both(list![Wrapped(list![NextFrame]), Yield(1)]))]);
    let second = script(list![Await(NextFrame)]);
    check(program(list![Do(Spawn(first)), Do(Spawn(second)), Step(0), Step(0)]));
}

#[test]
fn a_handle_dropped_after_its_output_was_taken_wakes_nobody() {
    let peeks = script(list![Await(Peek(1))]);
    let ends = script(list![Guard(list![TakeOutput(1)]), CancelMe, Await(NextFrame)]);
    check(program(list![Do(Spawn(peeks)), Do(Spawn(ends)), Step(0)]));
}

#[test]
fn a_panic_drops_what_the_innermost_wait_holds_first() {
    let scope = |op: Op| Scope(list![ScopeSpawn(script(list![])), op]);
    let both = list![scope(Await(Never)), Both(list![scope(Guard(list![])), Block(list![Await(Yield(1)), Panic])])];
    check(program(list![Do(Spawn(script(list![Await(Both(both))]))), Step(0)]));
}

#[test]
fn who_is_started_by_an_end_counts_on_from_the_script_that_ended() {
    let ends = script(list![Guard(list![Spawn(script(list![]))]), CancelMe, Await(NextFrame)]);
    check(Program { script_polls: 1, ..program(list![Do(Spawn(ends)), Step(0), Step(0)]) });
}
