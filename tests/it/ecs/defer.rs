//! Clean-up that is certain.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Deferred, Me, Race, Script, ScriptRegistry, frames, next_frame, race, step_scripts};

use super::{Health, Log, Score, id_of, steps, talker};

fn world() -> World {
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(ignore));
    world.insert_resource(Score(0));
    world
}

/// A clean-up that says a word, and how many entities have health, in the world that it is given.
fn clean_up(log: &Log, word: &'static str) -> impl FnOnce(&mut World) + 'static {
    let log = log.clone();
    move |world| {
        let living = world.query::<&Health>().iter(world).count();
        log.say(format!("{word} {living}"));
    }
}

#[test]
fn it_runs_where_its_block_ends_in_whatever_way() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            {
                let _one = me.defer(clean_up(&say, "one"));
                let _two = me.defer(clean_up(&say, "two"));
                next_frame().await;
                say.say("block ends");
            }
            let disarmed = me.defer(clean_up(&say, "disarmed"));
            disarmed.disarm();
            let tried = async {
                let _tried = me.defer(clean_up(&say, "error"));
                me.read(|_: &Absent| ())?;
                Ok::<_, BevyError>(())
            };
            say.say(format!("{}", tried.await.is_err()));
            let _returned = me.defer(clean_up(&say, "return"));
            Err("on purpose".into())
        }),
    ));
    steps(&mut world, 2);
    assert_eq!(log.words(), "block ends | two 1 | one 1 | error 1 | true | return 1");
}

#[derive(Component)]
struct Absent;

#[test]
fn the_loser_of_a_race_cleans_up_before_the_winner_goes_on() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let loser = async {
            let _clean = me.defer(clean_up(&say, "loser"));
            std::future::pending::<()>().await;
        };
        let Race::Second(()) = race(loser, next_frame()).await else { panic!("it waits for ever") };
        say.say("winner");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "loser 0 | winner");
}

#[test]
fn a_script_that_is_cancelled_cleans_up_before_any_other_is_polled() {
    for (way, between) in [("despawned", true), ("despawned", false), ("cancelled", true), ("cancelled", false)] {
        let (mut world, log) = (world(), Log::default());
        let say = log.clone();
        let act = move |world: &mut World, owner: Entity, id| match way {
            "despawned" => drop(world.despawn(owner)),
            _ => drop(world.resource::<ScriptRegistry>().cancel(id)),
        };
        let owner = world
            .spawn((
                Health(1),
                Script::new(async move |me: Me| {
                    let _clean = me.defer(clean_up(&say, "cleaned up"));
                    std::future::pending().await
                }),
            ))
            .id();
        let id = id_of(&world, owner);
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            next_frame().await;
            if !between {
                me.world(|world| act(world, owner, id))?;
                say.say("done");
            }
            Ok(())
        }));
        let say = log.clone();
        world.spawn(Script::new(async move |_: Me| {
            next_frame().await;
            say.say("other");
            Ok(())
        }));
        step_scripts(&mut world);
        if between {
            act(&mut world, owner, id);
            assert_eq!(log.words(), "", "it has to wait for the step");
        }
        step_scripts(&mut world);
        let living = if way == "despawned" { "cleaned up 0" } else { "cleaned up 1" };
        let words = if between { format!("{living} | other") } else { format!("done | {living} | other") };
        assert_eq!(log.words(), words, "{way} {between}");
    }
}

#[test]
fn a_script_that_panics_cleans_up_while_it_unwinds() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            let _one = me.defer(clean_up(&say, "one"));
            let _bad = me.defer(|_| panic!("on top of another, which is let go"));
            let _two = me.defer(clean_up(&say, "two"));
            next_frame().await;
            me.with(|_: Mut<Health>| panic!("on purpose"))?;
            Ok(())
        }),
    ));
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        next_frame().await;
        say.say("next");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "two 1 | one 1 | next");
}

#[test]
fn a_clean_up_that_panics_ends_the_script_that_drops_it() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(|error, _| HEARD.lock().unwrap().push(error.to_string())));
    let say = log.clone();
    world.spawn(Script::named("bad", async move |me: Me| {
        let _last = me.defer(clean_up(&say, "the rest"));
        drop(me.defer(|_| panic!("in the clean-up")));
        say.say("not reached");
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        say.say(format!("{:?}", me.world(|_| ())));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "the rest 0 | Ok(())");
    let heard = HEARD.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("`bad`") && heard[0].contains("in the clean-up"), "{heard:?}");
}

#[test]
fn within_an_access_it_runs_when_that_ends_in_order() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            type Access = fn(Me, &mut dyn FnMut());
            let accesses: [(&str, Access); 7] = [
                ("read", |me, f| me.read(|_: &Health| f()).unwrap()),
                ("with", |me, f| me.with(|_: Mut<Health>| f()).unwrap()),
                ("world", |me, f| me.world(|_| f()).unwrap()),
                ("resource", |me, f| me.resource(|_: &Score| f()).unwrap()),
                ("resource_mut", |me, f| me.resource_mut(|_: Mut<Score>| f()).unwrap()),
                ("commands", |me, f| me.commands(|_| f()).unwrap()),
                ("run", |me, f| me.run(|_: Query<&Health>| f()).unwrap()),
            ];
            for (name, access) in accesses {
                let mut guards = vec![me.defer(clean_up(&say, "one")), me.defer(clean_up(&say, "two"))];
                access(me, &mut || {
                    guards.clear();
                    say.say(name);
                });
                say.say("returned");
            }
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    let each = |name: &str| format!("{name} | one 1 | two 1 | returned");
    let all = ["read", "with", "world", "resource", "resource_mut", "commands", "run"].map(each).join(" | ");
    assert_eq!(log.words(), all);
}

#[test]
fn one_that_a_condition_drops_runs_before_any_script() {
    thread_local! { static KEPT: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) }; }
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        KEPT.set(Some(Box::new(me.defer(clean_up(&say, "cleaned up")))));
        let mut looks = 0;
        me.until_world(move |_| {
            looks += 1;
            looks == 2 && KEPT.take().is_some()
        })
        .await;
        say.say("over");
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        next_frame().await;
        say.say("released");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "cleaned up 0 | released | over");
}

#[test]
fn one_that_is_dropped_between_steps_runs_at_the_start_of_the_next() {
    thread_local! { static KEPT: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) }; }
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        KEPT.set(Some(Box::new(me.defer(clean_up(&say, "cleaned up")))));
        next_frame().await;
        say.say("next frame");
        Ok(())
    }));
    step_scripts(&mut world);
    KEPT.take();
    assert_eq!(log.words(), "");
    step_scripts(&mut world);
    assert_eq!(log.words(), "cleaned up 0 | next frame");
}

#[test]
fn a_world_that_is_dropped_runs_none() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let last = say.last_word("dropped");
        let say = say.clone();
        let _clean = me.defer(move |_| {
            let _moved_in = last;
            say.say("not reached");
        });
        std::future::pending().await
    }));
    step_scripts(&mut world);
    drop(world);
    assert_eq!(log.words(), "dropped");
}

#[test]
fn one_that_finds_its_world_replaced_runs_when_that_is_stepped_again() {
    let (mut world, log) = (world(), Log::default());
    let kept = Arc::new(Mutex::new(None));
    let (say, keep) = (log.clone(), kept.clone());
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            let clean = me.defer(clean_up(&say, "cleaned up"));
            me.world(|world| *keep.lock().unwrap() = Some(std::mem::replace(world, World::new())))?;
            drop(clean);
            say.say("dropped");
            std::future::pending().await
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "dropped");
    let mut first = kept.lock().unwrap().take().unwrap();
    step_scripts(&mut first);
    assert_eq!(log.words(), "cleaned up 1", "also in a step with nothing else to do");
}

#[test]
fn a_clean_up_starts_and_cancels_scripts() {
    let (mut world, log) = (world(), Log::default());
    let victim = world.spawn(talker(&log, "a")).id();
    let id = id_of(&world, victim);
    let (say, next) = (log.clone(), talker(&log, "b"));
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        let _clean = me.defer(move |world| {
            assert!(world.resource::<ScriptRegistry>().cancel(id));
            world.spawn(next);
        });
        say.say("ends");
        Ok(())
    }));
    steps(&mut world, 3);
    assert_eq!(log.words(), "a1 | ends | a dropped | b1 | b2".replace("a1 | ends", "a1 | a2 | ends"));
}

#[test]
fn clean_ups_of_many_scripts_run_in_the_order_in_which_they_were_cancelled() {
    let (mut world, log) = (world(), Log::default());
    let script = |word: &'static str, cancels: Option<Entity>| {
        let say = log.clone();
        Script::new(async move |me: Me| {
            let word = clean_up(&say, word);
            let _clean: Deferred<_> = me.defer(move |world| {
                word(world);
                if let Some(other) = cancels {
                    world.despawn(other);
                }
            });
            std::future::pending().await
        })
    };
    let last = world.spawn(script("last", None)).id();
    let first = world.spawn(script("first", Some(last))).id();
    let second = world.spawn(script("second", None)).id();
    step_scripts(&mut world);
    world.despawn(first);
    world.despawn(second);
    step_scripts(&mut world);
    assert_eq!(log.words(), "first 0 | second 0 | last 0");
    world.spawn(Script::new(async |me: Me| {
        frames(1).await;
        me.despawn()?;
        Ok(())
    }));
    steps(&mut world, 2);
}

#[test]
fn a_panic_that_can_end_no_script_is_told_all_the_same() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(|error, _| {
        HEARD.lock().unwrap().push(error.to_string().lines().next().unwrap().to_owned());
    }));
    world.spawn(Script::named("late", async |me: Me| {
        let guard = me.defer(|_| panic!("put off"));
        me.world(|_| drop(guard))?;
        Ok(())
    }));
    world.spawn(Script::named("twice", async |me: Me| {
        let _guard = me.defer(|_| panic!("on top"));
        panic!("first")
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        say.say("unharmed");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "unharmed");
    let heard = HEARD.lock().unwrap();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert!(heard[0].contains("a clean-up") && heard[0].ends_with("panicked: put off"), "{heard:?}");
    assert!(heard.iter().any(|line| line.contains("a clean-up") && line.ends_with("panicked: on top")), "{heard:?}");
    assert!(heard.iter().any(|line| line.contains("`twice`") && line.ends_with("panicked: first")), "{heard:?}");
}

#[test]
fn what_a_clean_up_cancels_before_it_panics_runs_no_more() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.spawn_script(talker(&say, "a").owned_by(me.id()))?;
        let _clean_up = me.defer(move |world| {
            world.despawn(me.entity());
            crate::words::quiet_panic("in a clean-up");
        });
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "", "the script ends in its first poll, and takes along what it owns");
}
