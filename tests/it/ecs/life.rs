//! A script's life: start, end, cancelling.

use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptError, ScriptOf, ScriptRegistry, Scripts, next_frame, step_scripts};

use super::{Health, Log, id_of, is_running, steps, talker};

#[test]
fn a_script_runs_and_takes_only_its_component_along() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let troll = world
        .spawn((
            Health(3),
            Script::named("troll", async move |me: Me| {
                while me.read(|health: &Health| health.0)? > 1 {
                    me.with(|mut health: Mut<Health>| health.0 -= 1)?;
                    say.say(format!("{}", me.read(|health: &Health| health.0)?));
                    next_frame().await;
                }
                say.say("end");
                Ok(())
            }),
        ))
        .id();
    let id = id_of(&world, troll);
    assert!(is_running(&world, id));
    step_scripts(&mut world);
    assert_eq!(log.words(), "2");
    assert!(world.get::<Script>(troll).is_some() && is_running(&world, id));
    steps(&mut world, 5);
    assert_eq!(log.words(), "1 | end");
    assert!(world.get::<Script>(troll).is_none() && !is_running(&world, id));
    assert_eq!(world.get::<Health>(troll), Some(&Health(1)));
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0);
}

#[test]
fn scripts_start_in_order_of_insertion_and_those_of_a_step_behind_the_rest() {
    let (mut world, log) = (World::new(), Log::default());
    let say = |word: &'static str| {
        let log = log.clone();
        Script::new(async move |_: Me| {
            log.say(word);
            Ok(())
        })
    };
    let late = world.spawn_empty().id();
    let (child, first_log) = (say("child"), log.clone());
    world.spawn(Script::new(async move |me: Me| {
        first_log.say("first");
        me.world(|world| world.spawn(child).id())?;
        first_log.say("spawned");
        Ok(())
    }));
    world.spawn(say("second"));
    world.entity_mut(late).insert(say("third"));
    world.spawn_batch([say("fourth"), say("fifth")]);
    world.commands().spawn(say("sixth"));
    world.flush();
    step_scripts(&mut world);
    assert_eq!(log.words(), "first | spawned | second | third | fourth | fifth | sixth | child");
}

#[test]
fn a_despawned_a_removed_and_a_replaced_script_run_no_further() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(talker(&log, "a")).id();
    world.spawn(talker(&log, "b"));
    steps(&mut world, 1);
    assert_eq!(log.words(), "a1 | b1");

    world.entity_mut(owner).insert(talker(&log, "a"));
    assert_eq!(log.words(), "", "dropped at the start of the next step, not before");
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | a1 | b2", "those that start come before those that wait");

    let id = id_of(&world, owner);
    world.entity_mut(owner).remove::<Script>();
    assert!(!is_running(&world, id), "at once");
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | b3");

    world.entity_mut(owner).insert(talker(&log, "a"));
    step_scripts(&mut world);
    world.despawn(owner);
    step_scripts(&mut world);
    assert_eq!(log.words(), "a1 | b4 | a dropped | b5");
}

#[test]
fn a_script_that_is_cancelled_within_a_step_is_out_before_it_could_run() {
    let (mut world, log) = (World::new(), Log::default());
    let victims = [world.spawn_empty().id(), world.spawn_empty().id(), world.spawn_empty().id()];
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        me.world(|world| world.despawn(victims[0]))?;
        say.say("despawned");
        me.world(|world| world.entity_mut(victims[1]).remove::<Script>().id())?;
        say.say("removed");
        me.world(|world| world.resource::<ScriptRegistry>().cancel(id_of(world, victims[2])))?;
        say.say("cancelled");
        Ok(())
    }));
    for (victim, name) in victims.into_iter().zip(["a", "b", "c"]) {
        world.entity_mut(victim).insert(talker(&log, name));
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "a1 | b1 | c1");
    step_scripts(&mut world);
    assert_eq!(log.words(), "despawned | removed | cancelled | a dropped | b dropped | c dropped");
    assert!(world.get::<Script>(victims[2]).is_none(), "a cancelled script takes its component along");
    steps(&mut world, 2);
    assert_eq!(log.words(), "");
}

#[test]
fn the_destructors_of_a_cancelled_script_find_the_world_without_the_entity() {
    struct Cleanup(Me, Log);
    impl Drop for Cleanup {
        fn drop(&mut self) {
            let own = self.0.read(|health: &Health| health.0);
            let others = self.0.world(|world| world.query::<&Health>().iter(world).count());
            self.1.say(format!("{own:?} {others:?}"));
        }
    }
    let script = |log: &Log| {
        let log = log.clone();
        Script::new(async move |me: Me| {
            let _cleanup = Cleanup(me, log);
            std::future::pending().await
        })
    };
    let (mut world, log) = (World::new(), Log::default());
    world.spawn(Health(7));
    let between = world.spawn((Health(1), script(&log))).id();
    let within = world.spawn((Health(2), script(&log))).id();
    world.spawn(Script::new(async move |me: Me| {
        me.world(|world| world.despawn(within))?;
        Ok(())
    }));
    step_scripts(&mut world);
    let gone = |entity| format!("{:?}", Err::<(), _>(ScriptError::NoSuchEntity { entity }));
    assert_eq!(log.words(), format!("{} Ok(2)", gone(within)));
    world.despawn(between);
    assert_eq!(log.words(), "");
    step_scripts(&mut world);
    assert_eq!(log.words(), format!("{} Ok(1)", gone(between)));
}

#[test]
fn a_script_that_despawns_its_own_entity_runs_on_to_its_next_await() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world
        .spawn(Script::new(async move |me: Me| {
            let _last = say.last_word("dropped");
            me.world(|world| world.despawn(me.entity()))?;
            say.say("still here");
            std::future::ready(()).await;
            say.say("an await that is over doesn't count");
            next_frame().await;
            say.say("never");
            Ok(())
        }))
        .id();
    steps(&mut world, 3);
    assert_eq!(log.words(), "still here | an await that is over doesn't count | dropped");
    assert!(world.get_entity(owner).is_err());
}

#[test]
fn a_script_can_replace_itself() {
    let (mut world, log) = (World::new(), Log::default());
    let (say, next) = (log.clone(), talker(&log, "b"));
    let owner = world
        .spawn(Script::new(async move |me: Me| {
            me.world(|world| world.entity_mut(me.entity()).insert(next).id())?;
            say.say("replaced");
            Ok(())
        }))
        .id();
    steps(&mut world, 2);
    assert_eq!(log.words(), "replaced | b1 | b2");
    assert!(is_running(&world, id_of(&world, owner)), "the end of the old one left the new one alone");
}

#[test]
fn a_script_that_never_started_is_dropped_unpolled() {
    let (mut world, log) = (World::new(), Log::default());
    let last = log.last_word("captured value dropped");
    let owner = world
        .spawn(Script::new(async move |_: Me| {
            last.log.say("never");
            Ok(())
        }))
        .id();
    world.entity_mut(owner).remove::<Script>();
    steps(&mut world, 2);
    assert_eq!(log.words(), "captured value dropped");
}

#[test]
fn a_script_that_is_cancelled_by_its_id_before_it_started() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(talker(&log, "a")).id();
    assert!(world.resource::<ScriptRegistry>().cancel(id_of(&world, owner)));
    steps(&mut world, 2);
    assert_eq!(log.words(), "");
    assert!(world.get::<Script>(owner).is_none());
}

#[test]
fn several_scripts_an_entity() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(Health(5)).id();
    let mut scripts = Vec::new();
    for (name, rounds) in [("walk", 1), ("talk", 2), ("look", 9)] {
        let log = log.clone();
        let script = Script::named(name, async move |me: Me| {
            let _last = log.last_word("dropped");
            for _ in 0..rounds {
                log.say(format!("{name} {}", me.read(|health: &Health| health.0)?));
                me.with(|mut health: Mut<Health>| health.0 -= 1)?;
                next_frame().await;
            }
            Ok(())
        });
        scripts.push(world.spawn((script, ScriptOf(owner))).id());
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "walk 5 | talk 4 | look 3");
    step_scripts(&mut world);
    assert_eq!(log.words(), "dropped | talk 2 | look 1");
    assert!(world.get_entity(scripts[0]).is_err(), "it was there for the script alone");
    assert_eq!(world.get::<Scripts>(owner).unwrap().iter().collect::<Vec<_>>(), scripts[1..]);
    world.despawn(owner);
    assert!(world.get_entity(scripts[1]).is_err() && world.get_entity(scripts[2]).is_err());
    steps(&mut world, 2);
    assert_eq!(log.words(), "dropped | dropped");
}

#[test]
fn related_spawns_work_as_for_any_relationship() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Health(8)).with_related::<ScriptOf>(Script::new(async move |me: Me| {
        say.say(format!("{:?}", me.read(|health: &Health| health.0)));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(8)");
}

#[test]
fn ways_out_of_the_world_that_run_no_hooks() {
    let log = Log::default();
    let with_two = || {
        let mut world = World::new();
        world.spawn(talker(&log, "a"));
        let b = world.spawn(talker(&log, "b")).id();
        step_scripts(&mut world);
        log.words();
        (world, b)
    };

    let (mut world, b) = with_two();
    let taken = world.entity_mut(b).take::<Script>();
    step_scripts(&mut world);
    assert_eq!(log.words(), "b dropped | a2", "taken");
    drop(taken);

    let (mut world, _) = with_two();
    world.clear_entities();
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | b dropped", "clear_entities");

    let (mut world, _) = with_two();
    world.clear_all();
    assert_eq!(log.words(), "a dropped | b dropped", "clear_all takes the executor along");
    step_scripts(&mut world);

    let (mut world, b) = with_two();
    world.clear_non_send();
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | b dropped", "clear_non_send");
    assert!(world.get::<Script>(b).is_none(), "a script whose executor went is cancelled");
    world.spawn(talker(&log, "a"));
    step_scripts(&mut world);
    assert_eq!(log.words(), "a1", "another executor follows");

    let (mut world, b) = with_two();
    world.insert_resource(ScriptRegistry::default());
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | b dropped", "another registry");
    assert!(world.get::<Script>(b).is_none());

    let (mut world, _) = with_two();
    world.remove_resource::<ScriptRegistry>();
    step_scripts(&mut world);
    assert_eq!(log.words(), "a2 | b2", "a registry that was only taken away is put back");

    drop(world);
    assert_eq!(log.words(), "a dropped | b dropped", "the world");
}

#[test]
fn a_stale_id_finds_nothing() {
    let (mut world, mut other) = (World::new(), World::new());
    let log = Log::default();
    let owner = world.spawn(talker(&log, "a")).id();
    let id = id_of(&world, owner);
    other.spawn(talker(&log, "b"));
    steps(&mut world, 1);
    steps(&mut other, 1);
    assert!(!is_running(&other, id) && !other.resource::<ScriptRegistry>().cancel(id), "an id of another world");
    assert!(world.resource::<ScriptRegistry>().cancel(id));
    assert!(!world.resource::<ScriptRegistry>().cancel(id), "twice");
    steps(&mut world, 1);
    world.entity_mut(owner).insert(talker(&log, "a"));
    assert_ne!(id_of(&world, owner), id);
    assert!(!is_running(&world, id) && is_running(&world, id_of(&world, owner)));
}

#[test]
fn a_script_starts_once() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(talker(&log, "a")).id();
    step_scripts(&mut world);
    let used = world.entity_mut(owner).take::<Script>().unwrap();
    world.insert_resource(bevy_ecs::error::FallbackErrorHandler(|error, _| {
        assert!(error.to_string().contains("make a new `Script` to run it again"), "{error}");
        HEARD.with(|heard| heard.set(heard.get() + 1));
    }));
    world.entity_mut(owner).insert(used);
    steps(&mut world, 2);
    assert_eq!(log.words(), "a1 | a dropped");
    assert_eq!(HEARD.with(std::cell::Cell::get), 1);
}

thread_local! {
    static HEARD: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

#[test]
fn a_closure_is_called_in_the_first_poll_and_its_locals_go_before_the_script() {
    let (mut world, log) = (World::new(), Log::default());
    let (say, begun) = (log.clone(), log.clone());
    struct Asks(Me, Log);
    impl Drop for Asks {
        fn drop(&mut self) {
            let has_script = self.0.world(|world| world.get::<Script>(self.0.entity()).is_some());
            self.1.say(format!("local dropped {has_script:?}"));
        }
    }
    // A closure that gives a future, and does something before it does.
    let owner = world
        .spawn(Script::new(move |me: Me| {
            begun.say("called");
            async move {
                let _asks = Asks(me, begun.clone());
                begun.say("polled");
                next_frame().await;
                begun.say("ends");
                Ok(())
            }
        }))
        .id();
    world.spawn(Script::new(async move |_: Me| {
        say.say("next");
        Ok(())
    }));
    assert_eq!(log.words(), "");
    step_scripts(&mut world);
    assert_eq!(log.words(), "called | polled | next");
    step_scripts(&mut world);
    assert_eq!(log.words(), "ends | local dropped Ok(true)");
    assert!(world.get::<Script>(owner).is_none() && world.get_entity(owner).is_ok());
}
