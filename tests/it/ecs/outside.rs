//! What other threads hand to a running game: scripts, closures over the world, values.

use std::thread;

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptExecutor, ScriptRegistry, inlet, next_frame, step_scripts};

use super::{Log, Score, steps};

fn world() -> World {
    let mut world = World::new();
    world.insert_resource(Score(0));
    world.insert_non_send(ScriptExecutor::default());
    world
}

/// A script that says that it runs, in each frame.
fn crier(log: &Log, word: &'static str) -> Script {
    let say = log.clone();
    Script::new(async move |_: Me| {
        loop {
            say.say(word);
            next_frame().await;
        }
    })
}

#[test]
fn what_is_handed_in_is_taken_in_at_step_2_in_order_of_arrival() {
    let (mut world, log) = (world(), Log::default());
    world.spawn(crier(&log, "at home"));
    step_scripts(&mut world);
    let outside = world.non_send::<ScriptExecutor>().outside();
    let (first, second) = (log.clone(), crier(&log, "from outside"));
    thread::spawn(move || {
        let third = first.clone();
        outside.world(move |world| first.say(format!("score {}", world.resource::<Score>().0))).unwrap();
        outside.spawn_script(second).unwrap();
        outside
            .world(move |world| third.say(format!("{} scripts", world.resource::<ScriptRegistry>().running())))
            .unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(log.words(), "at home");
    world.resource_mut::<Score>().0 = 7;
    step_scripts(&mut world);
    assert_eq!(log.words(), "score 7 | 2 scripts | from outside | at home");
}

#[test]
fn values_come_through_an_inlet_and_are_seen_from_the_next_step_on() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        let (sender, mut numbers) = inlet::<u32>();
        thread::spawn(move || (1..=3).for_each(|number| sender.send(number).unwrap())).join().unwrap();
        say.say(format!("{:?}", numbers.try_next()));
        while let Some(number) = numbers.next().await {
            say.say(format!("{number}"));
        }
        say.say("that was all");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "None", "nothing is seen in the middle of a step");
    step_scripts(&mut world);
    assert_eq!(log.words(), "1 | 2 | 3 | that was all");
}

#[test]
fn a_script_hands_out_the_way_in() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let outside = me.outside();
        thread::spawn(move || outside.world(|world| world.resource_mut::<Score>().0 = 5)).join().unwrap().unwrap();
        me.until_resource(|score: &Score| score.0 == 5).await?;
        say.say("five");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "five");
}

#[test]
fn a_panic_in_it_ends_nothing_else_and_a_game_that_is_gone_takes_nothing() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let outside = world.non_send::<ScriptExecutor>().outside();
    world.spawn(crier(&log, "unharmed"));
    let (out, say) = (outside.clone(), log.clone());
    thread::spawn(move || {
        out.world(|_| std::panic::resume_unwind(Box::new("on purpose"))).unwrap();
        out.world(move |_| say.say("behind it")).unwrap();
    })
    .join()
    .unwrap();
    step_scripts(&mut world);
    assert_eq!(log.words(), "behind it | unharmed");
    drop(world);
    assert!(outside.world(|_| ()).is_err() && outside.spawn_script(crier(&log, "never")).is_err());
}

#[test]
fn what_it_cancels_before_it_panics_runs_no_more() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let crier = world.spawn(crier(&log, "cries")).id();
    step_scripts(&mut world);
    assert_eq!(log.words(), "cries");
    let outside = world.non_send::<ScriptExecutor>().outside();
    let closure = move |world: &mut World| {
        world.despawn(crier);
        crate::words::quiet_panic("from outside");
    };
    outside.world(closure).unwrap();
    step_scripts(&mut world);
    assert_eq!(log.words(), "");
}
