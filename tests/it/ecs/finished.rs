//! Waiting until another script has ended.

use std::sync::{Arc, Mutex, OnceLock};

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{
    Me, Race, Script, ScriptId, ScriptRegistry, frames, join_all, next_frame, race, resume_in, step_lane, step_scripts,
};

use super::{Counter, Log, id_of, steps, talker};

/// Waits for the end of a script, after so many frames, and says so.
fn waiter(log: &Log, name: &'static str, late: u64, script: ScriptId) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        frames(late).await;
        me.finished(script).await;
        say.say(name);
        Ok(())
    })
}

#[test]
fn who_waits_goes_on_in_the_same_step_in_order_however_it_ended() {
    for way in ["ends", "fails", "panics", "cancelled", "despawned", "removed"] {
        let (mut world, log) = (World::new(), Log::default());
        world.insert_resource(FallbackErrorHandler(ignore));
        let say = log.clone();
        let it = world
            .spawn(Script::new(async move |_: Me| {
                let _last = say.last_word("dropped");
                frames(3).await;
                match way {
                    "ends" => Ok(()),
                    "fails" => Err("on purpose".into()),
                    "panics" => panic!("on purpose"),
                    _ => std::future::pending().await,
                }
            }))
            .id();
        let id = id_of(&world, it);
        for (name, late) in [("third", 2), ("first", 0), ("second", 1)] {
            world.spawn(waiter(&log, name, late, id));
        }
        // Nobody else does anything in that step, where it ends by itself.
        if !["ends", "fails", "panics"].contains(&way) {
            world.spawn(Script::new(async move |me: Me| {
                frames(3).await;
                match way {
                    "cancelled" => _ = me.resource(|scripts: &ScriptRegistry| scripts.cancel(id))?,
                    "despawned" => me.other(it).despawn()?,
                    _ => me.other(it).remove::<Script>()?,
                }
                Ok(())
            }));
        }
        steps(&mut world, 3);
        assert_eq!(log.words(), "", "{way}");
        step_scripts(&mut world);
        assert_eq!(log.words(), "dropped | first | second | third", "{way}");
    }
}

#[test]
fn one_that_was_cancelled_between_steps_wakes_in_the_next() {
    let (mut world, log) = (World::new(), Log::default());
    let it = world.spawn(talker(&log, "a")).id();
    world.spawn(waiter(&log, "over", 0, id_of(&world, it)));
    step_scripts(&mut world);
    world.despawn(it);
    step_scripts(&mut world);
    assert_eq!(log.words(), "a1 | a dropped | over");
}

#[test]
fn what_has_ended_or_is_of_another_world_isnt_waited_for_and_what_hasnt_started_is() {
    #[derive(bevy_ecs::schedule::ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
    struct Late;
    let (mut world, mut other, log) = (World::new(), World::new(), Log::default());
    let ended = world.spawn(Script::new(async |_: Me| Ok(()))).id();
    let ended = id_of(&world, ended);
    step_scripts(&mut world);
    let foreign = other.spawn(talker(&log, "foreign")).id();
    let cancelled = world.spawn(talker(&log, "cancelled")).id();
    let never = id_of(&world, cancelled);
    world.despawn(cancelled);
    world.spawn(waiter(&log, "ended", 0, ended));
    world.spawn(waiter(&log, "foreign", 0, id_of(&other, foreign)));
    world.spawn(waiter(&log, "cancelled before it started", 0, never));
    // In a lane that isn't stepped yet.
    let later = world.spawn(Script::new(async |_: Me| Ok(())).in_lane(Late)).id();
    world.spawn(waiter(&log, "later", 0, id_of(&world, later)));
    step_scripts(&mut world);
    assert_eq!(log.words(), "ended | foreign | cancelled before it started");
    step_lane(Late)(&mut world);
    assert_eq!(log.words(), "", "who waits is of another lane");
    step_scripts(&mut world);
    assert_eq!(log.words(), "later");
}

#[test]
fn who_waits_in_a_lane_goes_on_in_that_lane() {
    #[derive(bevy_ecs::schedule::ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
    struct Late;
    let (mut world, log) = (World::new(), Log::default());
    let it = world.spawn(Script::new(async |_: Me| {
        frames(2).await;
        Ok(())
    }));
    let (say, id) = (log.clone(), it.get::<Script>().unwrap().id().unwrap());
    world.spawn(Script::new(async move |me: Me| {
        resume_in(me.lane(Late)?).await;
        me.finished(id).await;
        say.say("over");
        Ok(())
    }));
    let say = log.clone();
    let mut schedule = Schedule::default();
    schedule.add_systems((step_scripts, move || say.say("-"), step_lane(Late)).chain());
    (0..3).for_each(|_| schedule.run(&mut world));
    assert_eq!(log.words(), "- | - | - | over");
}

#[test]
fn a_wait_that_is_dropped_is_taken_back_and_takes_no_other_along() {
    let (mut world, log) = (World::new(), Log::default());
    let it = world.spawn(talker(&log, "a")).id();
    let id = id_of(&world, it);
    let polls = Counter::default();
    let (say, counted) = (log.clone(), polls.clone());
    world.spawn(Script::new(async move |me: Me| {
        counted
            .count(async {
                for _ in 0..3 {
                    let Race::Second(()) = race(me.finished(id), next_frame()).await else { panic!("it runs") };
                }
                // Woken by the end of one, this drops its wait, whose place another has by then.
                let mut both = Box::pin(me.finished(id));
                let woken = std::future::poll_fn(|context| {
                    assert!(both.as_mut().poll(context).is_pending());
                    std::task::Poll::Ready(())
                });
                woken.await;
                next_frame().await;
                drop(both);
                say.say("dropped it");
                std::future::pending::<()>().await;
            })
            .await;
        Ok(())
    }));
    world.spawn(waiter(&log, "over", 1, id));
    steps(&mut world, 5);
    assert_eq!(log.words(), "a1 | a2 | a3 | a4 | a5 | dropped it");
    let before = polls.get();
    world.despawn(it);
    step_scripts(&mut world);
    assert_eq!((polls.get(), log.words().as_str()), (before, "a dropped | over"));
}

#[test]
fn a_wait_that_was_woken_and_is_dropped_unpolled_takes_no_other_along() {
    let (mut world, log) = (World::new(), Log::default());
    let first = world.spawn(Script::new(async |_: Me| {
        frames(2).await;
        Ok(())
    }));
    let first = first.get::<Script>().unwrap().id().unwrap();
    let second = world.spawn(talker(&log, "b")).id();
    let second = id_of(&world, second);
    let kept = Arc::new(Mutex::new(None));
    let keep = kept.clone();
    let slot: Arc<OnceLock<ScriptId>> = Arc::default();
    slot.set(second).unwrap();
    world.spawn(Script::new(async move |me: Me| {
        let mut wait = Box::pin(me.finished(first));
        std::future::poll_fn(|context| {
            assert!(wait.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        *keep.lock().unwrap() = Some(wait);
        frames(4).await;
        keep.lock().unwrap().take();
        me.resource(|scripts: &ScriptRegistry| scripts.cancel(second))?;
        Ok(())
    }));
    // Begins to wait in the room that the end of the first has left.
    world.spawn(waiter(&log, "over", 3, second));
    steps(&mut world, 5);
    assert_eq!(log.words(), "b1 | b2 | b3 | b4 | b dropped | over");
}

#[test]
fn a_wave_is_joined() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut wave = Vec::new();
        for length in [3, 1, 2] {
            let say = say.clone();
            wave.push(me.spawn_script(Script::new(async move |_: Me| {
                frames(length).await;
                say.say(format!("{length}"));
                Ok(())
            }))?);
        }
        join_all(wave.into_iter().map(|script| me.finished(script))).await;
        say.say("won");
        Ok(())
    }));
    steps(&mut world, 4);
    assert_eq!(log.words(), "1 | 2 | 3 | won");
}

#[test]
fn waiting_for_oneself_panics_with_a_remedy() {
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(|error, _| HEARD.lock().unwrap().push(error.to_string())));
    world.spawn(Script::new(async |me: Me| {
        me.finished(me.id()).await;
        Ok(())
    }));
    step_scripts(&mut world);
    let heard = HEARD.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("return, or wait for another"), "{heard:?}");
}

#[test]
fn a_wait_that_is_made_in_an_access_waits_all_the_same() {
    let (mut world, log) = (World::new(), Log::default());
    let it = world.spawn(talker(&log, "a")).id();
    let (say, id) = (log.clone(), id_of(&world, it));
    world.spawn(Script::new(async move |me: Me| {
        let wait = me.world(|_| me.finished(id))?;
        wait.await;
        say.say("over");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "a1 | a2");
    world.despawn(it);
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | over");
}
