//! Scripts on entities that start each other, storm each other with events and messages, and leak what they wait for.
//!
//! Rule: as in `citizens`. Starting a script by its component counts as starting it by hand: the budget of polls is
//! inherited.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptExecutor, ScriptRegistry, step_scripts};

use super::*;

thread_local! {
    /// What the error handler was told on this thread.
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A world whose scripts are put off after so many polls in a step, and whose error handler notes what it is told.
fn world(polls: u32) -> World {
    let mut world = World::new();
    let handler = |error: BevyError, _: ErrorContext| HEARD.with_borrow_mut(|heard| heard.push(error.to_string()));
    world.insert_resource(FallbackErrorHandler(handler));
    world.insert_non_send(ScriptExecutor::new(Executor::builder().script_polls(polls).frame_polls(1_000).build()));
    world
}

/// Counts what happens, for scripts of any kind.
#[derive(Clone, Default)]
struct Count(Arc<AtomicU32>);

impl Count {
    fn add(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// How often since the last call.
    fn take(&self) -> u32 {
        self.0.swap(0, Relaxed)
    }
}

/// A script that counts frames.
fn counter(count: &Count) -> Script {
    let count = count.clone();
    Script::new(async move |_: Me| {
        loop {
            count.add();
            next_frame().await;
        }
    })
}

/// In each of three steps so many polls of those who misbehave, told as put off, and one of the other script.
fn assert_put_off(world: &mut World, bad: &Count, polls: u32, told: usize) {
    let other = Count::default();
    world.spawn(counter(&other));
    for _ in 0..3 {
        step_scripts(world);
        assert_eq!((bad.take(), other.take()), (polls, 1));
        let heard = HEARD.take();
        assert_eq!(heard.len(), told, "{heard:?}");
        assert!(heard.iter().all(|error| error.contains("was put off to the next step")), "{heard:?}");
    }
}

#[test]
fn one_that_takes_its_own_place_for_ever_is_put_off() {
    fn again(count: Count) -> Script {
        Script::new(async move |me: Me| {
            count.add();
            let next = again(count);
            me.world(|world| _ = world.entity_mut(me.entity()).insert(next))?;
            Ok(())
        })
    }
    let (mut world, bad) = (world(5), Count::default());
    world.spawn(again(bad.clone()));
    assert_put_off(&mut world, &bad, 5, 1);
}

#[test]
fn one_that_starts_another_on_a_new_entity_for_ever_is_put_off() {
    fn again(count: Count) -> Script {
        Script::new(async move |me: Me| {
            count.add();
            let next = again(count);
            me.run(|mut commands: Commands| _ = commands.spawn(next))?;
            Ok(())
        })
        .despawn_at_end()
    }
    let (mut world, bad) = (world(5), Count::default());
    world.spawn(again(bad.clone()));
    assert_put_off(&mut world, &bad, 5, 1);
    assert_eq!(world.resource::<ScriptRegistry>().running(), 2);
}

#[test]
fn a_clean_up_that_starts_the_next_script_for_ever_is_put_off() {
    fn again(count: Count) -> Script {
        Script::new(async move |me: Me| {
            count.add();
            let next = again(count);
            let _clean_up = me.defer(move |world| _ = world.spawn(next));
            Ok(())
        })
    }
    let (mut world, bad) = (world(5), Count::default());
    world.spawn(again(bad.clone()));
    assert_put_off(&mut world, &bad, 5, 1);
}

#[test]
fn an_observer_that_starts_a_script_at_the_end_of_each_is_put_off() {
    fn brief(count: Count) -> Script {
        Script::new(async move |_: Me| {
            count.add();
            Ok(())
        })
    }
    let (mut world, bad) = (world(5), Count::default());
    let count = bad.clone();
    world.add_observer(move |_: On<Remove<Script>>, mut commands: Commands| {
        commands.spawn(brief(count.clone()));
    });
    world.spawn(brief(bad.clone()));
    assert_put_off(&mut world, &bad, 5, 1);
}

#[derive(EntityEvent)]
struct Ping(Entity);

#[test]
fn two_that_answer_each_others_events_for_ever_are_put_off() {
    let (mut world, bad) = (world(5), Count::default());
    let [one, other] = [(); 2].map(|()| world.spawn_empty().id());
    for (own, other) in [(one, other), (other, one)] {
        let count = bad.clone();
        world.entity_mut(own).insert(Script::new(async move |me: Me| {
            loop {
                let ping = me.on::<Ping>().happened().into_future();
                count.add();
                me.world(|world| world.trigger(Ping(other)))?;
                ping.await;
            }
        }));
    }
    let quiet = Count::default();
    world.spawn(counter(&quiet));
    let mut put_off = 0;
    for _ in 0..3 {
        step_scripts(&mut world);
        assert!(bad.take() <= 10);
        assert_eq!(quiet.take(), 1);
        put_off += HEARD.take().iter().filter(|error| error.contains("was put off")).count();
    }
    assert!(put_off >= 3, "{put_off}");
}

#[derive(Message, Clone, Copy)]
struct Shout(u8);

#[test]
fn two_that_answer_each_others_messages_for_ever_take_turns_by_frames() {
    let (mut world, bad) = (world(5), Count::default());
    world.init_resource::<Messages<Shout>>();
    for own in 0..2 {
        let count = bad.clone();
        world.spawn(Script::new(async move |me: Me| {
            loop {
                // Its own it would find at once, and never return.
                let shout = me.message::<Shout>().filter(move |shout| shout.0 != own).into_future();
                count.add();
                me.resource_mut(|mut shouts: Mut<Messages<Shout>>| {
                    for _ in 0..1_000 {
                        shouts.write(Shout(own));
                    }
                })?;
                shout.await;
            }
        }));
    }
    for _ in 0..10 {
        step_scripts(&mut world);
        world.resource_mut::<Messages<Shout>>().update();
        let polls = bad.take();
        assert!((1..=4).contains(&polls), "{polls}");
    }
    assert!(HEARD.take().is_empty());
}

#[test]
fn waits_that_are_leaked_wake_nobody_and_hold_nobody_up() {
    let mut world = world(1_000);
    world.init_resource::<Messages<Shout>>();
    let looked = Count::default();
    let target = world.spawn_empty().id();
    let count = looked.clone();
    world.spawn(Script::new(async move |me: Me| {
        /// Polls a wait once, and forgets it.
        async fn forget(wait: impl Future) {
            let mut wait = Box::pin(wait);
            poll_fn(|context| {
                assert!(wait.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
            std::mem::forget(wait);
        }
        forget(me.until_world(move |_| {
            count.add();
            false
        }))
        .await;
        forget(me.other(target).on::<Ping>().happened().into_future()).await;
        forget(me.message::<Shout>().filter(|_| false).into_future()).await;
        forget(me.other(target).despawned()).await;
        std::mem::forget(me.listen::<Shout>());
        std::mem::forget(me.defer(|_| unreachable!("it is never dropped")));
        Ok(())
    }));
    let other = Count::default();
    world.spawn(counter(&other));
    for frame in 0..50 {
        if frame == 25 {
            world.despawn(target);
        } else if frame < 25 {
            world.trigger(Ping(target));
        }
        for _ in 0..100 {
            world.write_message(Shout(0));
        }
        step_scripts(&mut world);
        world.resource_mut::<Messages<Shout>>().update();
        assert_eq!(
            (other.take(), world.resource::<ScriptRegistry>().last_report().polled),
            (1, if frame == 0 { 2 } else { 1 })
        );
    }
    assert_eq!(looked.take(), 50, "one that is leaked is looked at for as long as the executor lives");
    drop(world);
    assert!(HEARD.take().is_empty());
}
