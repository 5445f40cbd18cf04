//! Waits on messages and on conditions: step 5 of a frame.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Me, Race, Script, next_frame, race, step_scripts};

use super::{Counter, Health, Log, Score, steps};

#[derive(Message, Clone, Copy, Debug)]
struct Hit(i32);

/// A message that can't be copied.
#[derive(Message)]
struct Letter {
    to: &'static str,
    text: String,
}

fn world() -> World {
    let mut world = World::new();
    world.init_resource::<Messages<Hit>>();
    world.init_resource::<Messages<Letter>>();
    world.insert_resource(Score(0));
    world
}

/// Bevy's own clearing, once a frame.
fn update(world: &mut World) {
    world.resource_mut::<Messages<Hit>>().update();
    step_scripts(world);
}

#[test]
fn a_listener_hears_all_from_its_creation_on() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.write_message(Hit(0));
    world.spawn(Script::new(async move |me: Me| {
        let mut hits = me.listen::<Hit>();
        me.world(|world| world.write_message(Hit(1)))?;
        say.say(format!("now {}", hits.next().await.0));
        for _ in 0..5 {
            next_frame().await;
        }
        say.say("awake");
        loop {
            say.say(format!("{}", hits.next().await.0));
        }
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "now 1", "what was written before isn't heard, and what is there doesn't wait");
    for hit in 2..6 {
        world.write_message(Hit(hit));
        update(&mut world);
    }
    assert_eq!(log.words(), "", "it sleeps");
    update(&mut world);
    assert_eq!(log.words(), "awake | 2 | 3 | 4 | 5", "nothing was cleared meanwhile");
    world.write_message(Hit(6));
    world.write_message(Hit(7));
    update(&mut world);
    assert_eq!(log.words(), "6 | 7");
}

#[test]
fn listeners_take_nothing_from_each_other_nor_from_systems() {
    let (mut world, log) = (world(), Log::default());
    for name in ["a", "b"] {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let mut hits = me.listen::<Hit>();
            loop {
                let hit = hits.next().await;
                say.say(format!("{name}{}", hit.0));
            }
        }));
    }
    let say = log.clone();
    let mut schedule = Schedule::default();
    schedule.add_systems(
        (step_scripts, move |mut hits: MessageReader<Hit>| {
            for hit in hits.read() {
                say.say(format!("system {}", hit.0));
            }
        })
            .chain(),
    );
    schedule.run(&mut world);
    world.write_message(Hit(1));
    world.write_message(Hit(2));
    schedule.run(&mut world);
    assert_eq!(log.words(), "a1 | a2 | b1 | b2 | system 1 | system 2");
}

#[test]
fn a_message_of_a_script_wakes_in_the_next_step_and_is_found_in_this_one() {
    let (mut world, log) = (world(), Log::default());
    let listener = |name: &'static str, frames: u32| {
        let say = log.clone();
        Script::new(async move |me: Me| {
            let mut hits = me.listen::<Hit>();
            for _ in 0..frames {
                next_frame().await;
            }
            say.say(format!("{name} asks"));
            let hit = hits.next().await;
            say.say(format!("{name} {}", hit.0));
            Ok(())
        })
    };
    world.spawn(listener("waiting", 0));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        me.world(|world| world.write_message(Hit(1)))?;
        say.say("written");
        Ok(())
    }));
    world.spawn(listener("asking", 1));
    steps(&mut world, 2);
    assert_eq!(log.words(), "waiting asks | written | asking asks | asking 1");
    step_scripts(&mut world);
    assert_eq!(log.words(), "waiting 1");
}

#[test]
fn messages_that_cant_be_copied_are_mapped_and_those_for_others_wake_nobody() {
    let (mut world, log) = (world(), Log::default());
    let polls = Counter::default();
    for name in ["ann", "bob"] {
        let (say, polls) = (log.clone(), polls.clone());
        world.spawn(Script::new(async move |me: Me| {
            let mut letters = me.listen_map(move |letter: &Letter| (letter.to == name).then_some(letter.text.len()));
            polls
                .count(async {
                    loop {
                        say.say(format!("{name} {}", letters.next().await));
                    }
                })
                .await
        }));
    }
    step_scripts(&mut world);
    assert_eq!(polls.get(), 2);
    for (to, text) in [("bob", "hello"), ("eve", "?"), ("bob", "hi")] {
        world.write_message(Letter { to, text: text.into() });
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "bob 5 | bob 2");
    assert_eq!(polls.get(), 3, "ann wasn't resumed");
}

#[test]
fn the_bound_keeps_the_newest_and_counts_the_rest() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut hits = me.listen::<Hit>().bounded(3);
        next_frame().await;
        say.say(format!("{} kept, {} missed", hits.len(), hits.missed()));
        say.say(format!("{} {:?}", hits.next().await.0, hits.try_next().map(|hit| hit.0)));
        hits.clear();
        say.say(format!("{:?} {}", hits.try_next().map(|hit| hit.0), hits.is_empty()));
        Ok(())
    }));
    step_scripts(&mut world);
    for hit in 0..10 {
        world.write_message(Hit(hit));
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "3 kept, 7 missed | 7 Some(8) | None true");
}

#[test]
fn what_was_gone_before_a_step_is_counted() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut hits = me.listen::<Hit>();
        let hit = hits.next().await;
        say.say(format!("{} {}", hit.0, hits.missed()));
        let hit = hits.next().await;
        say.say(format!("{} {}", hit.0, hits.missed()));
        Ok(())
    }));
    step_scripts(&mut world);
    world.write_message(Hit(1));
    world.resource_mut::<Messages<Hit>>().clear();
    world.write_message(Hit(2));
    step_scripts(&mut world);
    assert_eq!(log.words(), "2 1");
    world.insert_resource(Messages::<Hit>::default());
    world.write_message(Hit(3));
    step_scripts(&mut world);
    assert_eq!(log.words(), "3 1", "a buffer that was put in its place is heard from its start");
}

#[test]
fn a_race_lost_to_something_else_loses_no_message() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut hits = me.listen::<Hit>();
        loop {
            let heard = {
                let mut next = pin!(hits.next());
                let mut frame = pin!(next_frame());
                std::future::poll_fn(|context| match next.as_mut().poll(context) {
                    Poll::Ready(hit) => Poll::Ready(Some(hit.0)),
                    Poll::Pending => frame.as_mut().poll(context).map(|()| None),
                })
                .await
            };
            say.say(format!("{heard:?}"));
        }
    }));
    steps(&mut world, 2);
    world.write_message(Hit(1));
    world.write_message(Hit(2));
    steps(&mut world, 2);
    assert_eq!(log.words(), "None | Some(1) | Some(2) | None");
}

#[test]
fn a_patrol_survives_the_hits_that_interrupt_it() {
    async fn patrol(me: &Me) -> Result {
        for _ in 0..4 {
            next_frame().await;
            me.with(|mut health: Mut<Health>| health.0 += 100)?;
        }
        Ok(())
    }
    let mut world = world();
    let guard = world
        .spawn((
            Health(30),
            Script::new(async move |me: Me| {
                let mut hits = me.listen::<Hit>();
                let mut route = pin!(patrol(&me));
                loop {
                    match race(route.as_mut(), hits.next()).await {
                        Race::First(done) => return done,
                        Race::Second(hit) => me.with(|mut health: Mut<Health>| health.0 -= hit.0)?,
                    }
                }
            }),
        ))
        .id();
    for hit in 1..=3 {
        step_scripts(&mut world);
        world.write_message(Hit(hit));
    }
    steps(&mut world, 2);
    assert_eq!(world.get::<Health>(guard), Some(&Health(30 + 400 - 6)));
    assert!(world.get::<Script>(guard).is_none());
}

#[test]
fn waits_on_messages_are_woken_in_the_order_in_which_they_were_armed() {
    let (mut world, log) = (world(), Log::default());
    let mut spawn = |name: &'static str, late: u32, letters: bool| {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let mut hits = me.listen::<Hit>();
            let mut mail = me.listen_map(|letter: &Letter| Some(letter.text.len()));
            for _ in 0..late {
                next_frame().await;
            }
            if letters {
                mail.next().await;
            } else {
                hits.next().await;
            }
            say.say(name);
            Ok(())
        }));
    };
    spawn("third", 2, false);
    spawn("second", 1, true);
    spawn("first", 0, false);
    spawn("first too", 0, true);
    steps(&mut world, 3);
    world.write_message(Letter { to: "all", text: String::new() });
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "first | first too | second | third");
}

#[test]
fn a_condition_is_looked_at_without_resuming_the_script() {
    let (mut world, log) = (world(), Log::default());
    let (polls, looks) = (Counter::default(), Counter::default());
    let (say, counted, looked) = (log.clone(), polls.clone(), looks.clone());
    world.spawn(Script::new(async move |me: Me| {
        counted
            .count(async {
                let over = me.until_world(move |world| {
                    looked.add();
                    world.resource::<Score>().0 >= 3
                });
                over.await;
                say.say("three");
                me.until_world(|world| world.resource::<Score>().0 >= 3).await;
                say.say("at once");
                let found = me.until_world(|world| {
                    world.get_resource::<Score>().filter(|score| score.0 > 3).map(|score| score.0)
                });
                say.say(format!("{}", found.await));
            })
            .await;
        Ok(())
    }));
    for _ in 0..5 {
        step_scripts(&mut world);
    }
    assert_eq!((polls.get(), looks.get(), log.words().as_str()), (1, 5, ""));
    world.resource_mut::<Score>().0 = 3;
    step_scripts(&mut world);
    assert_eq!((polls.get(), looks.get(), log.words().as_str()), (2, 6, "three | at once"));
    steps(&mut world, 2);
    world.resource_mut::<Score>().0 = 9;
    step_scripts(&mut world);
    assert_eq!((polls.get(), looks.get(), log.words().as_str()), (3, 6, "9"));
}

#[test]
fn conditions_come_behind_messages_in_the_order_in_which_they_were_armed() {
    let (mut world, log) = (world(), Log::default());
    let mut spawn = |name: &'static str, late: u32, hits: bool| {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let mut listener = me.listen::<Hit>();
            for _ in 0..late {
                next_frame().await;
            }
            if hits {
                listener.next().await;
            } else {
                me.until_world(|world| world.resource::<Score>().0 == 1).await;
            }
            say.say(name);
            Ok(())
        }));
    };
    spawn("last condition", 2, false);
    spawn("first condition", 0, false);
    spawn("second condition", 1, false);
    spawn("message", 2, true);
    steps(&mut world, 3);
    world.resource_mut::<Score>().0 = 1;
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "message | first condition | second condition | last condition");
}

#[test]
fn a_wait_that_is_dropped_looks_no_more() {
    let (mut world, log) = (world(), Log::default());
    let looks = Counter::default();
    let (say, looked) = (log.clone(), looks.clone());
    let owner = world
        .spawn(Script::new(async move |me: Me| {
            let last = say.last_word("condition dropped");
            me.until_world(move |_| {
                let _kept = &last;
                looked.add();
                false
            })
            .await;
            Ok(())
        }))
        .id();
    steps(&mut world, 2);
    world.despawn(owner);
    steps(&mut world, 2);
    assert_eq!((looks.get(), log.words().as_str()), (2, "condition dropped"));
}

#[test]
fn a_panic_in_a_condition_or_a_mapping_ends_the_script_that_brought_it() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let condition = world
        .spawn(Script::new(async |me: Me| {
            me.until_world(|world| {
                assert_eq!(world.resource::<Score>().0, 0, "on purpose");
                false
            })
            .await;
            Ok(())
        }))
        .id();
    let mapping = world
        .spawn(Script::new(async |me: Me| {
            me.listen_map(|_: &Hit| -> Option<()> { panic!("on purpose") }).next().await;
            Ok(())
        }))
        .id();
    let say = log.clone();
    let other = world
        .spawn(Script::new(async move |me: Me| {
            let hit = me.listen::<Hit>().next().await;
            me.until_world(|world| world.resource::<Score>().0 == 1).await;
            say.say(format!("unharmed {}", hit.0));
            std::future::pending().await
        }))
        .id();
    step_scripts(&mut world);
    world.resource_mut::<Score>().0 = 1;
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "unharmed 1");
    assert!(world.get::<Script>(condition).is_none() && world.get::<Script>(mapping).is_none());
    assert!(world.get::<Script>(other).is_some());
}

#[test]
fn a_listener_for_messages_that_come_into_the_world_later() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            let mut hits = me.listen::<Hit>();
            loop {
                say.say(format!("{}", hits.next().await.0));
            }
        }),
    ));
    steps(&mut world, 2);
    world.init_resource::<Messages<Hit>>();
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "1");
}

#[test]
fn a_wait_can_move_to_a_child_future() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let heard = Rc::new(Cell::new(0));
        let (mut hits, count) = (me.listen::<Hit>(), heard.clone());
        drop(framestep::spawn(async move {
            loop {
                count.set(count.get() + hits.next().await.0);
            }
        }));
        loop {
            say.say(format!("{}", heard.get()));
            next_frame().await;
        }
    }));
    step_scripts(&mut world);
    world.write_message(Hit(5));
    steps(&mut world, 2);
    assert_eq!(log.words(), "0 | 0 | 5");
}
