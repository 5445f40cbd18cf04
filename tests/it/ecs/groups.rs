//! Clocks by name, scripts that go by them, and scripts of disabled entities.

use std::time::Duration;

use bevy_ecs::entity_disabling::Disabled;
use bevy_ecs::prelude::*;
use framestep::{
    Me, Script, ScriptClock, ScriptExecutor, ScriptOf, ScriptRegistry, TaskState, interval, next_frame, sleep, spawn,
    step_scripts_by, timeout,
};

use super::{Log, Score, id_of, is_running};

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Steps of ten milliseconds.
fn steps(world: &mut World, steps: u32) {
    for _ in 0..steps {
        step_scripts_by(world, millis(10));
    }
}

/// A script that says a word in each step.
fn talker(log: &Log, word: &'static str) -> Script {
    let say = log.clone();
    Script::new(async move |_: Me| {
        loop {
            say.say(word);
            next_frame().await;
        }
    })
}

/// A script that says a word when it has slept.
fn sleeper(log: &Log, word: &'static str, length: Duration) -> Script {
    let say = log.clone();
    Script::new(async move |_: Me| {
        sleep(length).await;
        say.say(word);
        Ok(())
    })
}

fn pause(world: &World, clock: &'static str) {
    world.resource::<ScriptRegistry>().pause(clock);
}

fn resume(world: &World, clock: &'static str) {
    world.resource::<ScriptRegistry>().resume(clock);
}

#[test]
fn a_clock_has_its_own_pause_and_scale_and_anyone_may_set_it() {
    let (mut world, log) = (World::new(), Log::default());
    for (clock, word) in [("bullets", "hit"), ("music", "beat")] {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let clock = me.clock(clock);
            loop {
                clock.sleep(millis(20)).await;
                say.say(word);
            }
        }));
    }
    steps(&mut world, 1);
    let scripts = world.resource::<ScriptRegistry>();
    scripts.set_scale("bullets", 1, 2);
    scripts.pause("music");
    assert!(scripts.is_paused("music") && !scripts.is_paused("bullets") && !scripts.is_paused("unknown"));
    steps(&mut world, 4);
    assert_eq!(log.words(), "hit");
    resume(&world, "music");
    assert!(!world.resource::<ScriptRegistry>().is_paused("music"));
    steps(&mut world, 2);
    assert_eq!(log.words(), "beat");
    steps(&mut world, 2);
    // Both in one step: clocks in the order in which they were made.
    assert_eq!(log.words(), "hit | beat");
}

#[test]
fn what_is_said_of_a_clock_holds_before_it_is_used() {
    let (mut world, log) = (World::new(), Log::default());
    world.init_resource::<ScriptRegistry>();
    pause(&world, "enemies");
    world.resource::<ScriptRegistry>().set_scale("slow", 1, 2);
    world.spawn((ScriptClock("enemies"), talker(&log, "enemy")));
    world.spawn((ScriptClock("slow"), sleeper(&log, "slow", millis(20))));
    steps(&mut world, 4);
    assert_eq!(log.words(), "");
    steps(&mut world, 1);
    assert_eq!(log.words(), "slow");
    resume(&world, "enemies");
    steps(&mut world, 1);
    assert_eq!(log.words(), "enemy");
}

#[test]
#[should_panic(expected = "to stop a clock, pause it")]
fn a_scale_over_zero_is_a_mistake() {
    ScriptRegistry::default().set_scale("bullets", 1, 0);
}

#[test]
fn a_paused_group_stands_still_and_goes_on_with_what_remained() {
    #[derive(Message, Clone)]
    struct Shout(&'static str);

    let (mut world, log) = (World::new(), Log::default());
    world.init_resource::<Messages<Shout>>();
    world.insert_resource(Score(0));
    let enemy = || ScriptClock("enemies");
    world.spawn((enemy(), sleeper(&log, "slept", millis(40))));
    let say = log.clone();
    world.spawn((
        enemy(),
        Script::new(async move |me: Me| {
            let mut shouts = me.message::<Shout>().listen();
            loop {
                say.say(shouts.next().await.0);
            }
        }),
    ));
    let say = log.clone();
    world.spawn((
        enemy(),
        Script::new(async move |me: Me| {
            me.until_resource(|score: &Score| score.0 == 1).await?;
            say.say("scored");
            Ok(())
        }),
    ));
    world.spawn((enemy(), talker(&log, "enemy")));
    world.spawn(talker(&log, "friend"));
    steps(&mut world, 2);
    assert_eq!(log.words(), "enemy | friend | enemy | friend");
    pause(&world, "enemies");
    steps(&mut world, 1);
    world.write_message(Shout("boo"));
    world.resource_mut::<Score>().0 = 1;
    steps(&mut world, 3);
    world.write_message(Shout("boo!"));
    world.resource_mut::<Score>().0 = 2;
    steps(&mut world, 3);
    assert_eq!(log.words(), ["friend"; 7].join(" | "));
    resume(&world, "enemies");
    steps(&mut world, 1);
    // What was due goes on in the order in which it was woken, behind nobody, since it is due before the step.
    assert_eq!(log.words(), "enemy | boo | boo! | scored | friend");
    steps(&mut world, 1);
    assert_eq!(log.words(), "enemy | friend");
    steps(&mut world, 1);
    assert_eq!(log.words(), "slept | enemy | friend", "40 ms from the first step, without the time that was out");
}

#[test]
fn all_that_is_timed_goes_by_the_groups_clock_and_so_do_children() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn((
        ScriptClock("slow"),
        Script::new(async move |_: Me| {
            sleep(millis(10)).await;
            say.say("slept");
            let mut beat = interval(millis(10));
            beat.next().await;
            say.say("beat");
            let _ = timeout(millis(10), std::future::pending::<()>()).await;
            say.say("timed out");
            let child = say.clone();
            spawn(async move {
                sleep(millis(10)).await;
                child.say("child");
            })
            .await
            .unwrap();
            Ok(())
        }),
    ));
    world.init_resource::<ScriptRegistry>();
    world.resource::<ScriptRegistry>().set_scale("slow", 1, 2);
    for _ in 0..9 {
        steps(&mut world, 1);
        log.say("-");
    }
    assert_eq!(log.words(), "- | - | slept | - | - | beat | - | - | timed out | - | - | child | -");
}

#[test]
fn children_stand_still_with_their_script_and_free_scripts_dont() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world.spawn((
        ScriptClock("enemies"),
        Script::new(async move |me: Me| {
            let child = |word: &'static str| {
                let say = say.clone();
                async move {
                    loop {
                        say.say(word);
                        next_frame().await;
                    }
                }
            };
            drop(spawn(child("child")));
            me.spawn_script(talker(&say, "free"))?;
            framestep::scope(async |scope| {
                scope.spawn(child("of a scope"));
                std::future::pending::<()>().await;
            })
            .await;
            Ok(())
        }),
    ));
    let owner = owner.id();
    steps(&mut world, 2);
    assert_eq!(log.words(), "child | free | of a scope | child | free | of a scope");
    pause(&world, "enemies");
    steps(&mut world, 2);
    assert_eq!(log.words(), "free | free");
    resume(&world, "enemies");
    steps(&mut world, 1);
    assert_eq!(log.words(), "child | of a scope | free");
    pause(&world, "enemies");
    let id = id_of(&world, owner);
    world.despawn(owner);
    steps(&mut world, 1);
    assert!(!is_running(&world, id));
    // A child that was spawned apart outlives its script, and the hold was its script's.
    assert_eq!(log.words(), "child | free");
}

#[test]
fn a_script_pauses_its_own_group_and_stops_at_its_next_await() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn((
        ScriptClock("enemies"),
        Script::new(async move |me: Me| {
            me.resource(|scripts: &ScriptRegistry| scripts.pause("enemies"))?;
            say.say("still here");
            next_frame().await;
            say.say("on again");
            Ok(())
        }),
    ));
    world.spawn((ScriptClock("enemies"), talker(&log, "never in this step")));
    steps(&mut world, 3);
    assert_eq!(log.words(), "still here");
    resume(&world, "enemies");
    steps(&mut world, 1);
    assert_eq!(log.words(), "never in this step | on again");
}

#[test]
fn a_script_joins_leaves_and_changes_groups_as_it_runs() {
    let (mut world, log) = (World::new(), Log::default());
    let goblin = world.spawn(talker(&log, "goblin")).id();
    steps(&mut world, 1);
    pause(&world, "enemies");
    world.entity_mut(goblin).insert(ScriptClock("enemies"));
    steps(&mut world, 2);
    assert_eq!(log.words(), "goblin");
    world.entity_mut(goblin).insert(ScriptClock("friends"));
    steps(&mut world, 1);
    assert_eq!(log.words(), "goblin");
    world.entity_mut(goblin).insert(ScriptClock("enemies"));
    steps(&mut world, 1);
    assert_eq!(log.words(), "");
    world.entity_mut(goblin).remove::<ScriptClock>();
    steps(&mut world, 1);
    assert_eq!(log.words(), "goblin");
}

#[test]
fn a_wait_keeps_the_clock_that_it_began_on_and_the_next_takes_the_new_one() {
    let (mut world, log) = (World::new(), Log::default());
    world.init_resource::<ScriptRegistry>();
    world.resource::<ScriptRegistry>().set_scale("slow", 1, 4);
    let say = log.clone();
    let snail = world
        .spawn(Script::new(async move |_: Me| {
            let child = say.clone();
            drop(spawn(async move {
                loop {
                    sleep(millis(20)).await;
                    child.say("child");
                }
            }));
            loop {
                sleep(millis(20)).await;
                say.say("slept");
            }
        }))
        .id();
    steps(&mut world, 1);
    world.entity_mut(snail).insert(ScriptClock("slow"));
    for _ in 0..11 {
        steps(&mut world, 1);
        log.say("-");
    }
    assert_eq!(log.words(), "- | slept | child | - | - | - | - | - | - | - | - | slept | child | - | -");
    world.entity_mut(snail).remove::<ScriptClock>();
    steps(&mut world, 7);
    assert_eq!(log.words(), "slept | child");
    steps(&mut world, 2);
    assert_eq!(log.words(), "slept | child");
}

#[test]
fn scripts_of_a_disabled_entity_stand_still() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(talker(&log, "own")).id();
    let carried = world.spawn((talker(&log, "one"), ScriptOf(owner))).id();
    world.spawn((talker(&log, "other"), ScriptOf(owner)));
    steps(&mut world, 1);
    assert_eq!(log.words(), "own | one | other");
    world.entity_mut(owner).insert(Disabled);
    steps(&mut world, 2);
    assert_eq!(log.words(), "");
    let info = world.non_send::<ScriptExecutor>().script_info(id_of(&world, carried)).unwrap();
    assert_eq!(info.state, TaskState::Held);
    world.entity_mut(owner).remove::<Disabled>();
    world.entity_mut(carried).insert(Disabled);
    steps(&mut world, 2);
    assert_eq!(log.words(), "own | other | own | other");
    world.entity_mut(owner).insert(Disabled);
    world.entity_mut(carried).remove::<Disabled>();
    steps(&mut world, 1);
    assert_eq!(log.words(), "");
    world.entity_mut(owner).remove::<Disabled>();
    steps(&mut world, 1);
    assert_eq!(log.words(), "one | own | other");
}

#[test]
fn a_script_starts_standing_still_if_its_owner_is_disabled() {
    let (mut world, log) = (World::new(), Log::default());
    let own = world.spawn((Disabled, talker(&log, "own"))).id();
    world.spawn((talker(&log, "one"), ScriptOf(own)));
    steps(&mut world, 2);
    assert_eq!(log.words(), "");
    world.entity_mut(own).remove::<Disabled>();
    steps(&mut world, 1);
    assert_eq!(log.words(), "own | one");
}

#[test]
fn scripts_go_by_the_owner_that_they_started_with() {
    let (mut world, log) = (World::new(), Log::default());
    let [first, second] = [(); 2].map(|()| world.spawn_empty().id());
    let scripts = ["a", "b", "c"].map(|word| world.spawn((talker(&log, word), ScriptOf(first))).id());
    steps(&mut world, 1);
    world.entity_mut(scripts[1]).insert(ScriptOf(second));
    world.entity_mut(second).insert(Disabled);
    steps(&mut world, 1);
    world.entity_mut(first).insert(Disabled);
    steps(&mut world, 1);
    assert_eq!(log.words(), "a | b | c | a | b | c");
    // The list of an owner's scripts survives the end of any of them.
    world.despawn(scripts[1]);
    world.entity_mut(first).remove::<Disabled>();
    steps(&mut world, 1);
    world.despawn(scripts[0]);
    world.spawn((talker(&log, "d"), ScriptOf(first)));
    steps(&mut world, 1);
    world.despawn(scripts[2]);
    world.entity_mut(first).insert(Disabled);
    steps(&mut world, 1);
    assert_eq!(log.words(), "a | c | d | c");
    world.entity_mut(first).remove::<Disabled>();
    steps(&mut world, 1);
    assert_eq!(log.words(), "d");
}

#[test]
fn a_script_can_disable_its_own_entity_and_others_wake_it() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let sleeper = world
        .spawn(Script::new(async move |me: Me| {
            loop {
                me.insert(Disabled)?;
                say.say("good night");
                next_frame().await;
                say.say("good morning");
            }
        }))
        .id();
    steps(&mut world, 3);
    assert_eq!(log.words(), "good night");
    world.spawn(Script::new(async move |me: Me| {
        me.other(sleeper).remove::<Disabled>()?;
        Ok(())
    }));
    steps(&mut world, 1);
    assert_eq!(log.words(), "good morning | good night");
}

#[test]
fn a_script_that_stands_still_is_cancelled_like_any_other() {
    let (mut world, log) = (World::new(), Log::default());
    let holder = |log: &Log, word: &'static str| {
        let last = log.last_word(word);
        Script::new(async move |_: Me| {
            let _last = last;
            std::future::pending().await
        })
    };
    let ids = ["despawned", "removed", "by its id"].map(|word| {
        let entity = world.spawn((ScriptClock("enemies"), holder(&log, word))).id();
        (entity, id_of(&world, entity))
    });
    steps(&mut world, 1);
    pause(&world, "enemies");
    steps(&mut world, 1);
    world.entity_mut(ids[0].0).insert(Disabled);
    world.despawn(ids[0].0);
    world.entity_mut(ids[1].0).remove::<Script>();
    world.resource::<ScriptRegistry>().cancel(ids[2].1);
    steps(&mut world, 1);
    assert_eq!(log.words(), "despawned | removed | by its id");
    resume(&world, "enemies");
    // The places of those scripts are used again.
    for word in ["a", "b", "c"] {
        world.spawn(talker(&log, word));
    }
    steps(&mut world, 1);
    assert_eq!(log.words(), "a | b | c");
}

#[test]
fn disabled_is_heard_of_after_a_world_was_emptied() {
    let (mut world, log) = (World::new(), Log::default());
    let before = world.spawn(talker(&log, "before")).id();
    steps(&mut world, 1);
    world.despawn(before);
    let observers: Vec<Entity> = world.query_filtered::<Entity, With<Observer>>().iter(&world).collect();
    assert_eq!(observers.len(), 2);
    for observer in observers {
        world.despawn(observer);
    }
    let after = world.spawn(talker(&log, "after")).id();
    steps(&mut world, 1);
    world.entity_mut(after).insert(Disabled);
    steps(&mut world, 1);
    assert_eq!(log.words(), "before | after");
}

#[test]
fn another_registry_has_clocks_of_its_own() {
    let (mut world, log) = (World::new(), Log::default());
    world.spawn((ScriptClock("enemies"), talker(&log, "first")));
    steps(&mut world, 1);
    pause(&world, "enemies");
    steps(&mut world, 1);
    let first = std::mem::take(&mut *world.resource_mut::<ScriptRegistry>());
    world.spawn((ScriptClock("enemies"), talker(&log, "second")));
    steps(&mut world, 1);
    assert_eq!(log.words(), "first | second");
    *world.resource_mut::<ScriptRegistry>() = first;
    world.spawn((ScriptClock("enemies"), talker(&log, "third")));
    steps(&mut world, 1);
    assert_eq!(log.words(), "", "it is still paused there");
}

#[test]
fn many_scripts_stand_still_and_go_on_in_the_order_of_their_wakes() {
    let (mut world, log) = (World::new(), Log::default());
    for number in 0..300_u64 {
        let say = log.clone();
        world.spawn((
            ScriptClock("enemies"),
            Script::new(async move |me: Me| {
                // Woken in an order that isn't that of their spawns, on a clock that isn't theirs.
                me.clock("other").sleep(millis(20 + number * 7 % 300)).await;
                say.say(number.to_string());
                Ok(())
            }),
        ));
    }
    steps(&mut world, 1);
    pause(&world, "enemies");
    steps(&mut world, 40);
    assert_eq!(log.words(), "");
    resume(&world, "enemies");
    steps(&mut world, 1);
    let mut expected: Vec<u64> = (0..300).collect();
    expected.sort_by_key(|number| number * 7 % 300);
    assert_eq!(log.words(), expected.iter().map(u64::to_string).collect::<Vec<_>>().join(" | "));
}
