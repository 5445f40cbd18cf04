//! One fault at a time in a cast of scripts: a panic in each poll of each, and an end at each of its awaits.
//!
//! Rule: what a fault leaves is what there would be if that script had ended there by itself. It is dropped once, with
//! its clean-up; who has to do with it is told; nobody else's polls and words change; nothing is left.
//!
//! | module | what it holds |
//! |---|---|
//! | `cast` | scripts of an executor, with waits of all kinds |
//! | `ecs` | scripts on entities, with what only those have |
//! | `set` | faults that are set from outside: `Executor::panic_at` |
//! | `set_on_entities` | the same for scripts on entities |
//!
//! The two casts have all waits but those of Bevy's crates: tweens, states, assets. The scripts of the examples are
//! cancelled at each line at which they park, and panic in some of their polls, in `examples`; those of the demo beside it.
//! That a fault costs no memory is counted in `tests/alloc.rs`.

mod cast;
#[cfg(feature = "bevy_ecs")]
mod ecs;
mod set;
#[cfg(feature = "bevy_ecs")]
mod set_on_entities;

use cast::{Fault, Plan, Story};

/// Plays with a fault, and compares with what is played without one; whether a script was cancelled.
fn check(whole: &Story, plan: Plan) -> bool {
    let story = cast::play(Some(plan));
    assert!(story.agrees.get(), "{plan:?}: as many are alive as weren't dropped");
    assert!(story.scripts.borrow().iter().all(|script| script.drops == 1), "{plan:?}: {:?}", story.scripts);
    let is_hit = story.hit.get().is_some();
    assert!(is_hit || plan.fault == Fault::IsCancelled, "{plan:?}: the fault happened");
    assert_eq!(story.panics.get(), u64::from(plan.fault != Fault::IsCancelled), "{plan:?}");
    let hit = whole.scripts.borrow()[plan.script].act;
    // Scripts are numbered as they come, and so otherwise behind one that came to nothing.
    let numbered =
        |line: &str| line.split_once(' ').map(|(number, rest)| (number.parse::<usize>().is_ok(), rest.to_owned()));
    for (act, lines) in whole.acts.borrow().iter().filter(|(act, _)| **act != hit) {
        let acts = story.acts.borrow();
        let told: Vec<_> = acts[act].iter().map(|line| numbered(line)).collect();
        assert_eq!(told, lines.iter().map(|line| numbered(line)).collect::<Vec<_>>(), "{plan:?}: {act}");
    }
    let acts = (whole.acts.borrow(), story.acts.borrow());
    let same = acts.0[hit].iter().zip(&acts.1[hit]).take_while(|(whole, told)| whole == told).count();
    let polls = acts.1[hit][..same].iter().filter(|line| line.starts_with(&format!("{} polled", plan.script))).count();
    assert!(polls >= plan.poll as usize, "{plan:?}: all was as ever up to the fault");
    assert!(!story.cancelled.get() || plan.fault == Fault::IsCancelled, "{plan:?}");
    story.cancelled.get()
}

#[test]
fn every_script_may_panic_in_every_poll_and_be_cancelled_at_every_await() {
    let whole = cast::play(None);
    assert!(whole.agrees.get() && whole.panics.get() == 0);
    let plans = cast::plans(&whole);
    println!("{} faults", plans.len());
    assert!(plans.len() > 280, "{}", plans.len());
    let mut cancelled = 0;
    for plan in plans.iter().step_by(if cfg!(miri) { 56 } else { 1 }) {
        cancelled += u32::from(check(&whole, *plan));
    }
    assert!(cancelled > if cfg!(miri) { 0 } else { 40 }, "{cancelled} cancelled while they were alive");
}
