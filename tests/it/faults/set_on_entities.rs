//! Faults that a test sets in scripts on entities.
//!
//! Rule: as in `set`: the same story is played with a fault and with a panic of the script's own, and what the game is
//! told of the two differs in the message alone.

use std::cell::RefCell;

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{
    FailureKind, Me, Script, ScriptExecutor, ScriptFailure, ScriptRegistry, frames, next_frame, step_scripts,
};

use crate::words::quiet_panic;

thread_local! {
    static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn say(word: impl Into<String>) {
    SAID.with_borrow_mut(|said| said.push(word.into()));
}

fn tell(error: BevyError, _: ErrorContext) {
    let failure = error.downcast_ref::<ScriptFailure>().expect("a script's");
    let FailureKind::Panic(message) = &failure.kind else { panic!("{failure}") };
    let expected = message == "of its own" || message.ends_with("set by `Executor::panic_at`");
    assert!(expected, "{message}");
    let (id, text) = (failure.script.is_some(), failure.to_string().replace(message.as_str(), ".."));
    say(format!("told {:?} {id} {text}", error.severity()));
}

/// A guard with a clean-up, something that it owns, and somebody who waits for its end.
fn cast(world: &mut World, own: Option<u32>) {
    let guard = Script::named("guard", async move |me: Me| {
        let _clean_up = me.defer(|world| {
            let live = world.non_send::<ScriptExecutor>().executor().live();
            say(format!("cleaned, {live} live"));
        });
        for poll in 1.. {
            if own == Some(poll) {
                quiet_panic("of its own");
            }
            say(format!("guard {poll}"));
            match poll {
                1 => {
                    let dog = Script::named("dog", async |me: Me| {
                        let _clean_up = me.defer(|_| say("dog gone"));
                        loop {
                            say("dog");
                            next_frame().await;
                        }
                    });
                    me.spawn_script(dog.owned_by(me.id()))?;
                    next_frame().await;
                }
                2 => frames(2).await,
                _ => next_frame().await,
            }
        }
        Ok(())
    });
    let guard = world.spawn(guard).id();
    let id = world.get::<Script>(guard).and_then(Script::id).expect("it was just spawned");
    world.spawn(Script::named("relief", async move |me: Me| {
        me.finished(id).await;
        say("relief");
        frames(2).await;
        Ok(())
    }));
}

fn play(poll: u32, is_set: bool) -> Vec<String> {
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(tell));
    world.init_non_send::<ScriptExecutor>();
    cast(&mut world, (!is_set).then_some(poll));
    if is_set {
        world.non_send::<ScriptExecutor>().executor().panic_at(1, poll);
    }
    for _ in 0..8 {
        step_scripts(&mut world);
        say("|");
    }
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0);
    assert_eq!(world.non_send::<ScriptExecutor>().executor().live(), 0);
    assert_eq!(world.query::<&Script>().iter(&world).count(), 0, "what has ended is taken off its entity");
    SAID.take()
}

#[test]
fn a_fault_is_told_as_the_scripts_own_panic_and_takes_along_what_that_takes() {
    for poll in 1..4 {
        let (set, own) = (play(poll, true), play(poll, false));
        let words: Vec<&str> = set.iter().map(String::as_str).collect();
        if poll > 1 {
            assert_eq!(set, own, "poll {poll}");
            for once in ["dog gone", "relief", "cleaned, 3 live"] {
                assert_eq!(words.iter().filter(|word| **word == once).count(), 1, "{once}: {words:?}");
            }
        }
        let told: Vec<_> = words.iter().filter(|word| word.starts_with("told")).collect();
        assert!(matches!(told[..], [told] if told.contains("script `guard` of entity")), "{told:?}");
    }
    // In its first poll it hasn't come to its clean-up yet, and has nothing.
    let said = play(1, true);
    assert_eq!(said.first().map(String::as_str), Some("relief"));
    assert!(said.iter().all(|word| !word.starts_with("cleaned") && !word.starts_with("dog")), "{said:?}");
}

#[test]
fn set_within_a_step_a_fault_takes_effect_with_the_next() {
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(tell));
    world.spawn(Script::named("saboteur", async |me: Me| {
        // The other is polled behind it, for the second time.
        next_frame().await;
        for poll in [2, 3] {
            me.world(|world| world.non_send::<ScriptExecutor>().executor().panic_at(2, poll))?;
        }
        Ok(())
    }));
    world.spawn(Script::named("guard", async |_: Me| {
        for poll in 1.. {
            say(format!("guard {poll}"));
            next_frame().await;
        }
        Ok(())
    }));
    for _ in 0..4 {
        step_scripts(&mut world);
        say("|");
    }
    let said = SAID.take();
    let told = said.iter().position(|word| word.starts_with("told")).expect("it is told");
    assert_eq!(
        (&said[..told], &said[told + 1..]),
        (&["guard 1", "|", "guard 2", "|"].map(String::from)[..], &["|", "|"].map(String::from)[..])
    );
}
