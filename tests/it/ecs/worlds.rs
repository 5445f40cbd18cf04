//! Worlds that are stepped within scripts, replaced, dropped, moved, and shared with other threads.

use std::mem;
use std::sync::Mutex;

use bevy_ecs::error::FallbackErrorHandler;
use bevy_ecs::prelude::*;
use framestep::{Executor, Me, Script, ScriptError, ScriptExecutor, next_frame, step_scripts};

use super::{Health, Log, id_of, is_running, steps};

#[test]
fn a_step_within_a_step_of_the_same_world_is_refused() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(FallbackErrorHandler(|error, _| HEARD.lock().unwrap().push(error.to_string())));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.world(step_scripts)?;
        say.say("goes on");
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        say.say("once");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "goes on | once");
    let heard = HEARD.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("await `next_frame()`"), "{heard:?}");
}

#[test]
fn two_worlds_on_one_thread_never_mix() {
    let log = Log::default();
    let mut inner = World::new();
    let say = log.clone();
    let inner_me = std::sync::Arc::new(Mutex::new(None));
    let give = inner_me.clone();
    inner.spawn((
        Health(10),
        Script::new(async move |me: Me| {
            *give.lock().unwrap() = Some(me);
            loop {
                me.with(|mut health: Mut<Health>| health.0 += 1)?;
                say.say(format!("inner {}", me.read(|health: &Health| health.0)?));
                next_frame().await;
            }
        }),
    ));
    let mut outer = World::new();
    let say = log.clone();
    outer.spawn((
        Health(20),
        Script::new(async move |me: Me| {
            step_scripts(&mut inner);
            say.say(format!("outer {}", me.read(|health: &Health| health.0)?));
            // Also with the outer world in hand.
            me.with(|mut health: Mut<Health>| {
                step_scripts(&mut inner);
                health.0 += 1;
            })?;
            let theirs = inner_me.lock().unwrap().unwrap();
            say.say(format!("{:?}", theirs.read(|health: &Health| health.0)));
            say.say(format!("outer {}", me.read(|health: &Health| health.0)?));
            Ok(())
        }),
    ));
    step_scripts(&mut outer);
    assert_eq!(log.words(), "inner 11 | outer 20 | inner 12 | Err(OutsideStep) | outer 21");
}

#[test]
fn a_world_that_is_replaced_within_a_step_is_an_error_until_it_is_back() {
    let (mut world, log) = (World::new(), Log::default());
    let before = world.id();
    let kept = std::sync::Arc::new(Mutex::new(None));
    let (say, keep) = (log.clone(), kept.clone());
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            me.world(|world| *keep.lock().unwrap() = Some(mem::replace(world, World::new())))?;
            say.say(format!("{:?}", me.read(|health: &Health| health.0)));
            next_frame().await;
            say.say(format!("{:?}", me.read(|health: &Health| health.0)));
            Ok(())
        }),
    ));
    let say = log.clone();
    world.spawn((
        Health(2),
        Script::new(async move |me: Me| {
            say.say(format!("{:?}", me.world(|_| ())));
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Err(WorldReplaced) | Err(WorldReplaced)");
    assert_ne!(world.id(), before, "as the script left it");
    step_scripts(&mut world);
    assert_eq!(log.words(), "", "the other world has no scripts");
    let mut first = kept.lock().unwrap().take().unwrap();
    step_scripts(&mut first);
    assert_eq!(log.words(), "Ok(1)", "its scripts went with the world");
}

#[test]
fn a_world_that_is_dropped_within_a_step_ends_its_scripts() {
    let (mut world, log) = (World::new(), Log::default());
    for name in ["a", "b"] {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let _last = say.last_word("dropped");
            say.say(name);
            next_frame().await;
            me.world(|world| *world = World::new())?;
            say.say(format!("{:?}", me.world(|_| ())));
            Err(ScriptError::WorldReplaced)?;
            Ok(())
        }));
    }
    steps(&mut world, 2);
    assert_eq!(log.words(), "a | b | Err(WorldReplaced) | dropped | dropped");
    world.spawn(Health(1));
    steps(&mut world, 1);
}

#[test]
fn an_executor_that_is_replaced_within_a_step_ends_its_scripts() {
    let (mut world, log) = (World::new(), Log::default());
    let mut owners = Vec::new();
    for name in ["a", "b"] {
        let say = log.clone();
        let script = Script::new(async move |me: Me| {
            let _last = say.last_word("dropped");
            say.say(name);
            next_frame().await;
            let (say, late) = (say.clone(), say.clone());
            me.world(|world| {
                world.spawn(Script::new(async move |_: Me| {
                    late.say("in the new one");
                    Ok(())
                }));
                world.insert_non_send(ScriptExecutor::new(Executor::new()));
            })?;
            say.say("goes on");
            next_frame().await;
            Ok(())
        });
        owners.push(world.spawn(script).id());
    }
    steps(&mut world, 2);
    assert_eq!(log.words(), "a | b | goes on | dropped | dropped");
    assert!(owners.iter().all(|owner| world.get::<Script>(*owner).is_none()));
    steps(&mut world, 1);
    assert_eq!(log.words(), "in the new one");
}

#[test]
fn a_world_that_was_moved_goes_on() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        loop {
            say.say("on");
            next_frame().await;
        }
    }));
    step_scripts(&mut world);
    let mut boxed = Box::new(world);
    step_scripts(&mut boxed);
    let mut swapped = World::new();
    mem::swap(&mut swapped, &mut boxed);
    step_scripts(&mut swapped);
    assert_eq!(log.words(), "on | on | on");
}

#[test]
fn hooks_on_another_thread_only_post() {
    let (mut world, log) = (World::new(), Log::default());
    let talker = |name: &'static str| {
        let log = log.clone();
        Script::new(async move |_: Me| {
            let _last = log.last_word("dropped");
            loop {
                log.say(name);
                next_frame().await;
            }
        })
    };
    let first = world.spawn(talker("first")).id();
    step_scripts(&mut world);
    let second = std::thread::scope(|threads| {
        let (world, second) = (&mut world, talker("second"));
        threads
            .spawn(move || {
                let id = id_of(world, first);
                world.despawn(first);
                assert!(!is_running(world, id));
                let second = world.spawn(second).id();
                assert!(is_running(world, id_of(world, second)));
                second
            })
            .join()
            .unwrap()
    });
    assert_eq!(log.words(), "first", "the future is dropped on its own thread");
    step_scripts(&mut world);
    assert_eq!(log.words(), "dropped | second");
    world.despawn(second);
    step_scripts(&mut world);
    assert_eq!(log.words(), "dropped");
}

#[test]
fn a_step_on_another_thread_is_refused() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(FallbackErrorHandler(|error, _| HEARD.lock().unwrap().push(error.to_string())));
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        loop {
            say.say("on");
            next_frame().await;
        }
    }));
    step_scripts(&mut world);
    std::thread::scope(|threads| {
        threads.spawn(|| step_scripts(&mut world)).join().unwrap();
    });
    step_scripts(&mut world);
    assert_eq!(log.words(), "on | on");
    let heard = HEARD.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("another thread"), "{heard:?}");
}

#[test]
fn a_system_on_any_thread_can_cancel() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world
        .spawn(Script::new(async move |_: Me| {
            let _last = say.last_word("dropped");
            std::future::pending().await
        }))
        .id();
    step_scripts(&mut world);
    let (registry, id) = (world.resource::<framestep::ScriptRegistry>(), id_of(&world, owner));
    std::thread::scope(|threads| {
        assert!(threads.spawn(|| registry.is_running(id) && registry.cancel(id)).join().unwrap());
    });
    step_scripts(&mut world);
    assert_eq!(log.words(), "dropped");
    assert!(world.get::<Script>(owner).is_none());
}
