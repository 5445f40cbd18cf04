//! Sources of events: at an entity, of a type, from scripts, systems and other threads.

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Me, Race, Script, frames, next_frame, race, step_scripts};

use super::{Counter, Health, Log, steps};

/// Can't be copied.
#[derive(EntityEvent)]
struct Hit {
    entity: Entity,
    damage: i32,
}

#[derive(EntityEvent, Clone)]
#[entity_event(propagate, auto_propagate)]
struct Noise {
    entity: Entity,
    volume: i32,
}

#[derive(Event, Clone)]
struct Alarm(i32);

#[derive(Component)]
struct Poison;

/// Waits for a hit at its owner, after so many frames, and says so.
fn waiter(log: &Log, name: &'static str, late: u64) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        frames(late).await;
        loop {
            say.say(format!("{name} {}", me.on::<Hit>().map(|hit| hit.damage).await));
        }
    })
}

#[test]
fn events_of_a_script_resume_in_the_same_step_in_the_order_of_arming() {
    let (mut world, log) = (World::new(), Log::default());
    let target = world.spawn_empty().id();
    for (name, late) in [("third", 2), ("first", 0), ("second", 1)] {
        world.spawn((waiter(&log, name, late), framestep::ScriptOf(target)));
    }
    let elsewhere = world.spawn(waiter(&log, "elsewhere", 0)).id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        frames(3).await;
        me.other(target).trigger(|entity| Hit { entity, damage: 1 })?;
        say.say("triggered");
        next_frame().await;
        say.say("-");
        me.trigger(Hit { entity: elsewhere, damage: 2 })?;
        me.other(target).trigger(|entity| Hit { entity, damage: 3 })?;
        // Who waits for the next one has it, and hears of no more until it waits again.
        me.other(target).trigger(|entity| Hit { entity, damage: 4 })?;
        Ok(())
    }));
    steps(&mut world, 5);
    assert_eq!(
        log.words(),
        "triggered | first 1 | second 1 | third 1 | - | elsewhere 2 | first 3 | second 3 | third 3"
    );
}

#[test]
fn events_of_a_system_resume_in_the_next_step() {
    let (mut world, log) = (World::new(), Log::default());
    let target = world.spawn(waiter(&log, "hit", 0)).id();
    let say = log.clone();
    let mut schedule = Schedule::default();
    schedule.add_systems(
        (step_scripts, move |mut commands: Commands| {
            say.say("system");
            commands.trigger(Hit { entity: target, damage: 1 });
        })
            .chain(),
    );
    schedule.run(&mut world);
    schedule.run(&mut world);
    assert_eq!(log.words(), "system | hit 1 | system");
}

#[test]
fn events_of_another_thread_arrive() {
    let (mut world, log) = (World::new(), Log::default());
    let target = world.spawn(waiter(&log, "hit", 0)).id();
    let say = log.clone();
    world.spawn((
        Script::new(async move |me: Me| {
            let mut hits = me.on::<Hit>().map(|hit| hit.damage).listen();
            loop {
                say.say(format!("listener {}", hits.next().await));
            }
        }),
        framestep::ScriptOf(target),
    ));
    step_scripts(&mut world);
    std::thread::scope(|threads| {
        let world = &mut world;
        threads.spawn(move || (1..4).for_each(|damage| world.trigger(Hit { entity: target, damage }))).join().unwrap();
    });
    assert_eq!(log.words(), "", "it only keeps and wakes there");
    step_scripts(&mut world);
    assert_eq!(log.words(), "hit 1 | listener 1 | listener 2 | listener 3");
}

#[test]
fn a_listener_keeps_all_that_comes_meanwhile_and_what_isnt_wanted_resumes_nobody() {
    let (mut world, log) = (World::new(), Log::default());
    let polls = Counter::default();
    let (say, counted) = (log.clone(), polls.clone());
    let target = world
        .spawn(Script::new(async move |me: Me| {
            counted
                .count(async {
                    let mut hits = me.on::<Hit>().filter(|hit| hit.damage > 1).map(|hit| hit.damage).listen();
                    frames(2).await;
                    loop {
                        say.say(format!("{}", hits.next().await));
                    }
                })
                .await
        }))
        .id();
    world.trigger(Hit { entity: target, damage: 9 });
    for damage in 0..4 {
        step_scripts(&mut world);
        world.trigger(Hit { entity: target, damage });
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "2 | 3", "none from before it listened");
    let before = polls.get();
    world.trigger(Hit { entity: target, damage: 1 });
    let elsewhere = world.spawn_empty().id();
    world.trigger(Hit { entity: elsewhere, damage: 5 });
    step_scripts(&mut world);
    assert_eq!((polls.get(), log.words().as_str()), (before, ""));
}

#[test]
fn events_without_an_entity_and_all_of_a_type() {
    let (mut world, log) = (World::new(), Log::default());
    let (a, b) = (world.spawn(Health(1)).id(), world.spawn(Health(2)).id());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut hits = me.on_event::<Hit>().map(|hit| (hit.entity, hit.damage)).listen();
        let alarm = me.on_event::<Alarm>().filter(|alarm| alarm.0 > 1).await;
        say.say(format!("alarm {}", alarm.0));
        let (first, second) = (hits.next().await, hits.next().await);
        assert_eq!((first.0, second.0), (a, b));
        say.say(format!("{} {}", first.1, second.1));
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        me.trigger(Alarm(1))?;
        me.trigger(Hit { entity: a, damage: 1 })?;
        me.trigger(Hit { entity: b, damage: 2 })?;
        next_frame().await;
        me.trigger(Alarm(2))?;
        say.say("triggered");
        Ok(())
    }));
    steps(&mut world, 3);
    assert_eq!(log.words(), "triggered | alarm 2 | 1 2");
}

#[test]
fn events_that_travel_are_heard_where_they_come_to() {
    let (mut world, log) = (World::new(), Log::default());
    let hear = |name: &'static str| {
        let say = log.clone();
        Script::new(async move |me: Me| {
            let mut noises = me.on::<Noise>().listen();
            loop {
                let noise = noises.next().await;
                assert_eq!(noise.entity, me.entity());
                say.say(format!("{name} {}", noise.volume));
            }
        })
    };
    let house = world.spawn(hear("house")).id();
    let room = world.spawn((hear("room"), ChildOf(house))).id();
    let deaf = world.spawn(ChildOf(room)).id();
    let bed = world.spawn((hear("bed"), ChildOf(deaf))).id();
    world.entity_mut(room).observe(|mut noise: On<Noise>| noise.propagate(noise.volume > 5));
    step_scripts(&mut world);
    world.trigger(Noise { entity: bed, volume: 9 });
    world.trigger(Noise { entity: bed, volume: 1 });
    step_scripts(&mut world);
    // In the order in which they were woken: each by the first that came to it.
    assert_eq!(log.words(), "bed 9 | bed 1 | room 9 | room 1 | house 9");
}

#[test]
fn components_that_come_and_go_are_heard_whenever_it_happens() {
    let (mut world, log) = (World::new(), Log::default());
    let target = world.spawn_empty().id();
    let watch = |name: &'static str, removed: bool| {
        let say = log.clone();
        Script::new(async move |me: Me| {
            loop {
                if removed {
                    me.other(target).removed::<Poison>().await;
                } else {
                    me.other(target).added::<Poison>().await;
                }
                let has = me.other(target).data::<Has<Poison>>().read(|has| has);
                say.say(format!("{name} {}", has.map_or("gone".into(), |has| has.to_string())));
            }
        })
    };
    world.spawn(watch("added", false));
    world.spawn(watch("removed", true));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut inserts = me.other(target).on::<Insert<Poison>>().map(|_| ()).listen();
        loop {
            inserts.next().await;
            say.say("insert");
        }
    }));
    step_scripts(&mut world);
    world.entity_mut(target).insert(Poison);
    step_scripts(&mut world);
    assert_eq!(log.words(), "added true | insert");
    world.entity_mut(target).insert(Poison);
    step_scripts(&mut world);
    assert_eq!(log.words(), "insert", "it had one");
    world.entity_mut(target).remove::<Poison>().insert(Poison);
    step_scripts(&mut world);
    assert_eq!(log.words(), "removed true | added true | insert", "neither is missed");
    world.entity_mut(target).remove::<Poison>();
    world.entity_mut(target).remove::<Poison>();
    step_scripts(&mut world);
    assert_eq!(log.words(), "removed false");
    world.entity_mut(target).insert(Poison);
    world.despawn(target);
    step_scripts(&mut world);
    assert_eq!(log.words(), "added gone | insert | removed gone");
}

#[test]
fn within_a_step_who_waits_for_a_removal_goes_on_behind_it() {
    let (mut world, log) = (World::new(), Log::default());
    let target = world.spawn((Poison, Health(1))).id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.other(target).on::<Remove<(Poison, Health)>>().map(|_| ()).await;
        say.say(format!(
            "{:?}",
            me.other(target)
                .read(|(poison, health): (Option<&Poison>, Option<&Health>)| { (poison.is_some(), health.is_some()) })
        ));
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.other(target).remove::<Health>()?;
        say.say("removed");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "removed | Ok((true, false))");
}

#[test]
fn a_wait_that_loses_ten_thousand_races_leaves_nothing_behind() {
    let (mut world, log) = (World::new(), Log::default());
    let (rounds, drops) = (if cfg!(miri) { 20 } else { 10_000 }, Counter::default());
    struct Kept(Counter);
    impl Drop for Kept {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (say, dropped) = (log.clone(), drops.clone());
    let target = world
        .spawn(Script::new(async move |me: Me| {
            for _ in 0..rounds {
                let kept = Kept(dropped.clone());
                let heard = me.on::<Hit>().map(move |hit| {
                    let _moved_in = &kept;
                    hit.damage
                });
                if let Race::First(damage) = race(heard, next_frame()).await {
                    say.say(format!("{damage}"));
                }
            }
            me.on::<Hit>().map(move |hit| say.say(format!("at last {}", hit.damage))).await;
            Ok(())
        }))
        .id();
    for round in 0..=rounds {
        step_scripts(&mut world);
        assert_eq!(drops.get(), round);
    }
    world.trigger(Hit { entity: target, damage: 5 });
    assert_eq!((drops.get(), log.words().as_str()), (rounds, "at last 5"), "one picks, where it is triggered");
}

#[test]
fn listeners_that_all_end_in_one_frame_cost_each_its_own() {
    // Counted in closures that are asked: an event costs those who hear it there, and nothing for those who did.
    let (mut world, asked) = (World::new(), Counter::default());
    let target = world.spawn_empty().id();
    for number in 0..1_000 {
        let asked = asked.clone();
        world.spawn(Script::new(async move |me: Me| {
            let heard = me.other(target).on::<Hit>().filter(move |hit| {
                asked.add();
                hit.damage >= number % 2
            });
            heard.map(|_| ()).await;
            Ok(())
        }));
    }
    step_scripts(&mut world);
    for (damage, counted) in [(0, 1_000), (0, 500), (1, 500), (1, 0)] {
        let before = asked.get();
        world.trigger(Hit { entity: target, damage });
        assert_eq!(asked.get() - before, counted);
        step_scripts(&mut world);
    }
    assert_eq!(world.query::<&Script>().iter(&world).count(), 0);
}

#[test]
fn a_closure_that_panics_ends_its_script_and_spares_the_one_that_triggers() {
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let target = world.spawn(waiter(&log, "unharmed", 0)).id();
    let say = log.clone();
    let victim = world
        .spawn(Script::new(async move |me: Me| {
            me.other(target).on::<Hit>().map(|_| panic!("on purpose")).await;
            say.say("not reached");
            Ok(())
        }))
        .id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.other(target).trigger(|entity| Hit { entity, damage: 1 })?;
        say.say("goes on");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "goes on | unharmed 1");
    assert!(world.get::<Script>(victim).is_none());
}

#[test]
fn an_observer_that_was_taken_away_comes_back_with_the_next_wait_for_all() {
    let (mut world, log) = (World::new(), Log::default());
    world.spawn(Script::new(async |_: Me| Ok(())));
    step_scripts(&mut world);
    let observers =
        |world: &mut World| -> Vec<_> { world.query_filtered::<Entity, With<Observer>>().iter(world).collect() };
    let of_others = observers(&mut world);
    let target = world.spawn(waiter(&log, "early", 0)).id();
    step_scripts(&mut world);
    for despawns in [true, false] {
        let mut observers = observers(&mut world);
        observers.retain(|observer| !of_others.contains(observer));
        assert_eq!(observers.len(), 1, "one for each type of event, however many wait");
        if despawns {
            world.despawn(observers[0]);
        } else {
            world.entity_mut(observers[0]).remove::<Observer>();
        }
        world.trigger(Hit { entity: target, damage: 1 });
        step_scripts(&mut world);
        assert_eq!(log.words(), "", "nobody hears");
        world.spawn((waiter(&log, "late", 0), framestep::ScriptOf(target)));
        step_scripts(&mut world);
        world.trigger(Hit { entity: target, damage: 2 });
        step_scripts(&mut world);
        assert_eq!(log.words(), if despawns { "early 2 | late 2" } else { "early 2 | late 2 | late 2" });
    }
}

#[test]
fn who_waits_at_an_entity_that_is_despawned_waits_on() {
    let (mut world, log) = (World::new(), Log::default());
    let target = world.spawn_empty().id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let hit = me.other(target).on::<Hit>().map(|hit| hit.damage);
        match race(hit, me.other(target).despawned()).await {
            Race::First(damage) => say.say(format!("{damage}")),
            Race::Second(()) => say.say("despawned"),
        }
        Ok(())
    }));
    step_scripts(&mut world);
    world.despawn(target);
    step_scripts(&mut world);
    assert_eq!(log.words(), "despawned");
}

#[test]
fn a_source_cant_be_opened_in_a_nested_access() {
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(FallbackErrorHandler(|error, _| {
        assert!(error.to_string().contains("can't listen for"), "{error}");
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let _listener = me.world(|_| me.on_event::<Alarm>().listen())?;
        say.say("not reached");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "");
    assert_eq!(world.query::<&Script>().iter(&world).count(), 0);
}
