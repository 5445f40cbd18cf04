//! Conditions lie in rows by type: what is woken, in which order, and what is dropped when.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Me, Script, next_frame, race, resume_in, step_lane, step_scripts};

use super::{Log, Score, steps};

fn world() -> World {
    let mut world = World::new();
    world.insert_resource(Score(0));
    world
}

/// Waits, and says so.
fn waiter(log: &Log, name: &'static str, at: i32) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        me.until_world(move |world| world.resource::<Score>().0 >= at).await;
        say.say(name);
        Ok(())
    })
}

/// The same with a condition of another type.
fn finder(log: &Log, name: &'static str, at: i32) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        let found = me.until_world(move |world| Some(world.resource::<Score>().0).filter(|score| *score >= at));
        say.say(format!("{name} {}", found.await));
        Ok(())
    })
}

#[test]
fn the_order_of_arming_holds_across_types_and_around_those_that_are_over() {
    let (mut world, log) = (world(), Log::default());
    for script in [
        waiter(&log, "a", 2),
        waiter(&log, "b", 1),
        finder(&log, "c", 1),
        finder(&log, "d", 2),
        waiter(&log, "e", 1),
        waiter(&log, "f", 2),
        finder(&log, "g", 2),
    ] {
        world.spawn(script);
    }
    step_scripts(&mut world);
    world.resource_mut::<Score>().0 = 1;
    step_scripts(&mut world);
    assert_eq!(log.words(), "b | c 1 | e");
    world.spawn(waiter(&log, "late", 2));
    step_scripts(&mut world);
    world.resource_mut::<Score>().0 = 2;
    step_scripts(&mut world);
    assert_eq!(log.words(), "a | d 2 | f | g 2 | late");
    world.resource_mut::<Score>().0 = 3;
    step_scripts(&mut world);
    assert_eq!(log.words(), "");
}

#[test]
fn a_row_that_is_used_again_is_looked_at_once_and_in_its_new_place() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let wait = |name: &'static str| {
            let say = say.clone();
            me.until_world(move |_| {
                say.say(name);
                false
            })
        };
        let mut kept = Box::pin(wait("kept"));
        assert!(poll_fn(|context| Poll::Ready(kept.as_mut().poll(context).is_pending())).await);
        loop {
            // Armed and dropped within a step, behind and before the step's look.
            race(wait("dropped"), std::future::ready(())).await;
            race(wait("raced"), next_frame()).await;
            say.say("frame");
        }
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "kept | dropped | raced", "each is looked at when it is armed");
    for _ in 0..3 {
        step_scripts(&mut world);
        assert_eq!(log.words(), "kept | raced | frame | dropped | raced");
    }
}

#[test]
fn a_condition_that_panics_spares_those_around_it() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let mut owners = Vec::new();
    for (name, panics) in [("a", false), ("b", true), ("c", false), ("d", true), ("e", true)] {
        let say = log.clone();
        let script = Script::new(async move |me: Me| {
            me.until_world(move |world| {
                let over = world.resource::<Score>().0 == 1;
                assert!(!(over && panics), "on purpose");
                over
            })
            .await;
            say.say(name);
            std::future::pending().await
        });
        owners.push(world.spawn(script).id());
    }
    step_scripts(&mut world);
    world.resource_mut::<Score>().0 = 1;
    step_scripts(&mut world);
    assert_eq!(log.words(), "a | c");
    let living = owners.iter().map(|owner| world.get::<Script>(*owner).is_some()).collect::<Vec<_>>();
    assert_eq!(living, [true, false, true, false, false]);
}

type Waits = Rc<RefCell<Vec<Option<Pin<Box<dyn Future<Output = ()>>>>>>>;

/// Arms five waits of one type. When the third is looked at again, it drops those with these numbers.
fn dropper(log: &Log, drops: &'static [usize], holds: bool) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        let waits = Waits::default();
        for number in 0..5 {
            let (say, held) = (say.clone(), Rc::downgrade(&waits));
            let last = say.last_word(["0 dropped", "1 dropped", "2 dropped", "3 dropped", "4 dropped"][number]);
            let mut armed = false;
            let wait = me.until_world(move |_| {
                let _moved_in = &last;
                if !std::mem::replace(&mut armed, true) {
                    return false;
                }
                say.say(format!("{number}"));
                if number == 2 {
                    let held = held.upgrade().expect("the script has them");
                    let dropped: Vec<_> = drops.iter().map(|drop| held.borrow_mut()[*drop].take()).collect();
                    drop(dropped);
                    return holds;
                }
                false
            });
            waits.borrow_mut().push(Some(Box::pin(wait)));
        }
        poll_fn(|context| {
            for wait in waits.borrow_mut().iter_mut().flatten() {
                assert!(wait.as_mut().poll(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        next_frame().await;
        for _ in 0..2 {
            say.say("frame");
            next_frame().await;
        }
        waits.borrow_mut().clear();
        Ok(())
    })
}

#[test]
fn a_condition_can_drop_other_waits_of_its_type() {
    let (mut world, log) = (world(), Log::default());
    world.spawn(dropper(&log, &[1, 3], false));
    step_scripts(&mut world);
    assert_eq!(log.words(), "");
    step_scripts(&mut world);
    assert_eq!(log.words(), "0 | 1 | 2 | 1 dropped | 3 dropped | 4 | frame");
}

#[test]
fn a_condition_can_drop_its_own_wait() {
    for holds in [false, true] {
        let (mut world, log) = (world(), Log::default());
        world.spawn(dropper(&log, &[2], holds));
        steps(&mut world, 2);
        assert_eq!(log.words(), "0 | 1 | 2 | 2 dropped | 3 | 4 | frame");
        step_scripts(&mut world);
        assert_eq!(log.words(), "0 | 1 | 3 | 4 | frame");
    }
}

#[test]
fn a_destructor_that_panics_in_a_condition_is_that_conditions_panic() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let waits = Waits::default();
        let wait = |drops: bool, bomb: Option<Bomb>| {
            let (held, say) = (Rc::downgrade(&waits), say.clone());
            let mut armed = false;
            Box::pin(me.until_world(move |_| {
                let _moved_in = &bomb;
                if std::mem::replace(&mut armed, true) {
                    say.say("looked");
                    if drops {
                        let dropped = held.upgrade().and_then(|waits| waits.borrow_mut()[0].take());
                        drop(dropped);
                    }
                }
                false
            }))
        };
        let mut dropping = wait(true, None);
        waits.borrow_mut().push(Some(wait(false, Some(Bomb))));
        waits.borrow_mut().push(Some(wait(false, None)));
        poll_fn(|context| {
            assert!(dropping.as_mut().poll(context).is_pending());
            for wait in waits.borrow_mut().iter_mut().flatten() {
                assert!(wait.as_mut().poll(context).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        dropping.await;
        say.say("not reached");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "looked | looked", "the one that drops, and the one behind the dropped");
    assert_eq!(world.query::<&Script>().iter(&world).count(), 0);
}

#[test]
fn each_lane_looks_at_its_own_in_the_order_in_which_they_were_armed_there() {
    #[derive(bevy_ecs::schedule::ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
    struct Late;

    let (mut world, log) = (world(), Log::default());
    for (name, moves) in [("a", true), ("b", false), ("c", true), ("d", false)] {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            if moves {
                resume_in(me.lane(Late)?).await;
            }
            me.until_world(|world| world.resource::<Score>().0 == 1).await;
            say.say(name);
            Ok(())
        }));
    }
    let mut late = step_lane(Late);
    step_scripts(&mut world);
    late(&mut world);
    world.resource_mut::<Score>().0 = 1;
    late(&mut world);
    assert_eq!(log.words(), "a | c");
    step_scripts(&mut world);
    assert_eq!(log.words(), "b | d");
}

#[test]
fn a_wait_that_outlives_its_world_can_be_dropped() {
    thread_local! { static KEPT: RefCell<Option<Pin<Box<dyn Future<Output = ()>>>>> = RefCell::default(); }
    let (mut world, log) = (world(), Log::default());
    let last = log.last_word("dropped");
    world.spawn(Script::new(async move |me: Me| {
        let mut wait = Box::pin(me.until_world(move |_| {
            let _moved_in = &last;
            false
        }));
        assert!(poll_fn(|context| Poll::Ready(wait.as_mut().poll(context).is_pending())).await);
        KEPT.set(Some(wait));
        Ok(())
    }));
    steps(&mut world, 2);
    drop(world);
    assert_eq!(log.words(), "");
    drop(KEPT.take());
    assert_eq!(log.words(), "dropped");
}
