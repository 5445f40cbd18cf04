//! What a script may do with the world, and what is refused.

use std::cell::RefCell;

use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptError, next_frame, step_scripts};

use super::{Health, Log, Score, steps};

#[test]
fn nested_access_is_an_error_and_the_next_one_works() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.insert_resource(Score(0));
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            let nested = me.with(|mut health: Mut<Health>| {
                health.0 += 1;
                me.read(|health: &Health| health.0)
            })?;
            say.say(format!("{nested:?}"));
            say.say(format!("{:?}", me.world(|_| me.world(|_| ()))?));
            say.say(format!("{:?}", me.resource(|_: &Score| me.resource_mut(|_: Mut<Score>| ()))?));
            say.say(format!("{:?}", me.read(|health: &Health| health.0)));
            next_frame().await;
            say.say(format!("{:?}", me.read(|health: &Health| health.0)));
            Ok(())
        }),
    ));
    steps(&mut world, 2);
    assert_eq!(log.words(), "Err(Reentrant) | Err(Reentrant) | Err(Reentrant) | Ok(2) | Ok(2)");
}

#[test]
fn what_isnt_there_is_an_error_that_names_it() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let other = world.spawn(Health(4)).id();
    let gone = world.spawn_empty().id();
    world.despawn(gone);
    world.spawn(Script::new(async move |me: Me| {
        say.say(format!("{:?}", me.other(other).read(|health: &Health| health.0)));
        me.other(other).with(|mut health: Mut<Health>| health.0 = 5)?;
        for error in [
            me.read(|_: &Health| ()).unwrap_err(),
            me.with(|_: Mut<Health>| ()).unwrap_err(),
            me.other(gone).read(|_: &Health| ()).unwrap_err(),
            me.resource(|_: &Score| ()).unwrap_err(),
            me.resource_mut(|_: Mut<Score>| ()).unwrap_err(),
        ] {
            say.say(match error {
                ScriptError::MissingComponent { entity, component } => {
                    assert_eq!(entity, me.entity());
                    component.to_owned()
                }
                ScriptError::NoSuchEntity { entity } => format!("gone {}", entity == gone),
                ScriptError::MissingResource { resource } => resource.to_owned(),
                other => other.to_string(),
            });
        }
        Ok(())
    }));
    step_scripts(&mut world);
    let (health, score) = (std::any::type_name::<Health>(), std::any::type_name::<Score>());
    assert_eq!(log.words(), format!("Ok(4) | {health} | {health} | gone true | {score} | {score}"));
    assert_eq!(world.get::<Health>(other), Some(&Health(5)));
}

#[test]
fn commands_are_flushed_when_the_closure_ends() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.insert_resource(Score(0));
    world.add_observer(|_: On<Add<Health>>, mut commands: Commands| {
        commands.queue(|world: &mut World| world.resource_mut::<Score>().0 += 1);
    });
    world.spawn(Script::new(async move |me: Me| {
        let spawned = me.world(|world| world.commands().spawn(Health(1)).id())?;
        say.say(format!("{:?}", me.other(spawned).read(|health: &Health| health.0)));
        say.say(format!("{:?}", me.resource(|score: &Score| score.0)));
        me.world(|world| world.commands().entity(spawned).despawn())?;
        say.say(format!("{}", me.other(spawned).read(|_: &Health| ()).is_err()));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(1) | Ok(1) | true");
}

#[test]
fn reading_marks_nothing_as_changed() {
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(Score(0));
    world.spawn((
        Health(1),
        Script::new(async |me: Me| {
            next_frame().await;
            me.read(|_: &Health| ())?;
            me.resource(|_: &Score| ())?;
            me.with(|health: Mut<Health>| assert_eq!(health.0, 1))?;
            me.resource_mut(|score: Mut<Score>| assert_eq!(score.0, 0))?;
            me.world(|_| ())?;
            next_frame().await;
            me.with(|mut health: Mut<Health>| health.0 = 2)?;
            next_frame().await;
            me.resource_mut(|mut score: Mut<Score>| score.0 = 2)?;
            Ok(())
        }),
    ));
    let say = log.clone();
    let mut schedule = Schedule::default();
    schedule.add_systems(
        (step_scripts, move |health: Query<(), Changed<Health>>, score: Res<Score>| {
            say.say(format!("{} {}", !health.is_empty(), score.is_changed()));
        })
            .chain(),
    );
    for _ in 0..5 {
        schedule.run(&mut world);
    }
    assert_eq!(log.words(), "true true | false false | true false | false true | false false");
}

#[test]
fn outside_of_a_step_there_is_no_world() {
    thread_local! { static KEPT: RefCell<Option<Me>> = const { RefCell::new(None) }; }
    let mut world = World::new();
    world.spawn((
        Health(1),
        Script::new(async |me: Me| {
            KEPT.set(Some(me));
            me.read(|_: &Health| ())?;
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    let me = KEPT.take().unwrap();
    assert_eq!(me.read(|_: &Health| ()), Err(ScriptError::OutsideStep));
    assert_eq!(me.world(|_| ()), Err(ScriptError::OutsideStep));
    drop(world);
    assert_eq!(me.world(|_| ()), Err(ScriptError::OutsideStep));
    let listened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| me.listen_map(|_: &Nothing| Some(()))));
    assert!(listened.is_err());
}

#[derive(Message)]
struct Nothing;

#[test]
fn a_panic_in_an_access_leaves_the_world_in_reach() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.insert_resource(bevy_ecs::error::FallbackErrorHandler(bevy_ecs::error::ignore));
    world.spawn((
        Health(1),
        Script::new(async |me: Me| {
            me.with(|_: Mut<Health>| panic!("on purpose"))?;
            Ok(())
        }),
    ));
    world.spawn((
        Health(2),
        Script::new(async move |me: Me| {
            say.say(format!("{:?}", me.read(|health: &Health| health.0)));
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(2)");
    assert_eq!(world.query::<&Health>().iter(&world).count(), 2);
}

#[test]
fn a_refused_access_calls_nothing_and_leaves_the_enclosing_one_whole() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.insert_resource(Score(0));
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            me.world(|world| {
                for refused in [
                    me.read(|_: &Health| say.say("called")),
                    me.with(|_: Mut<Health>| say.say("called")),
                    me.resource(|_: &Score| say.say("called")),
                    me.resource_mut(|_: Mut<Score>| say.say("called")),
                    me.world(|_| say.say("called")),
                    me.lane(Lane).map(|_| say.say("called")),
                ] {
                    assert_eq!(refused, Err(ScriptError::Reentrant));
                }
                world.get_mut::<Health>(me.entity()).unwrap().0 += 1;
            })?;
            me.with(|mut health: Mut<Health>| {
                assert_eq!(me.world(|_| say.say("called")), Err(ScriptError::Reentrant));
                // Of what isn't there, too, it is the refusal that counts.
                assert_eq!(me.read(|_: &Absent| ()), Err(ScriptError::Reentrant));
                health.0 += 1;
            })?;
            say.say(format!("{:?}", me.read(|health: &Health| health.0)));
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(3)");
}

#[derive(bevy_ecs::schedule::ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Lane;

#[derive(Component)]
struct Absent;

#[test]
fn every_way_in_says_that_the_world_was_replaced() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.insert_resource(Score(0));
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            // What is asked for is in the other world as well: nothing of that may be reached.
            me.world(|world| {
                let mut other = World::new();
                other.insert_resource(Score(9));
                while other.spawn(Health(9)).id() != me.entity() {}
                *world = other;
            })?;
            for refused in [
                me.read(|_: &Health| ()),
                me.with(|_: Mut<Health>| ()),
                me.resource(|_: &Score| ()),
                me.resource_mut(|_: Mut<Score>| ()),
                me.world(|_| ()),
            ] {
                say.say(format!("{}", refused == Err(ScriptError::WorldReplaced)));
            }
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "true | true | true | true | true");
}

#[derive(Component)]
#[component(storage = "SparseSet")]
struct Mood(i32);

#[test]
fn components_are_found_wherever_they_are_stored_and_however_their_entity_changes() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world.spawn((Health(1), Mood(1))).id();
    world.spawn(Script::new(async move |me: Me| {
        let owner = me.other(owner);
        loop {
            owner.with(|mut health: Mut<Health>| health.0 += 1)?;
            owner.with(|(mut mood, _): (Mut<Mood>, &Health)| mood.0 += 10)?;
            say.say(format!("{} {}", owner.read(|h: &Health| h.0)?, owner.read(|m: &Mood| m.0)?));
            owner.with(|_: Mut<Absent>| say.say("there")).or_else(|error| {
                assert!(matches!(error, ScriptError::MissingComponent { .. }));
                Ok::<_, ScriptError>(())
            })?;
            next_frame().await;
        }
    }));
    step_scripts(&mut world);
    // Other tables, other rows; and an entity that queries pass over.
    world.spawn((Health(50), Absent));
    world.entity_mut(owner).insert(Absent);
    step_scripts(&mut world);
    world.entity_mut(owner).remove::<Absent>().insert(bevy_ecs::entity_disabling::Disabled);
    step_scripts(&mut world);
    world.entity_mut(owner).insert((Health(100), Absent)).remove::<bevy_ecs::entity_disabling::Disabled>();
    step_scripts(&mut world);
    assert_eq!(log.words(), "2 11 | 3 21 | there | 4 31 | 101 41 | there");
}

#[test]
fn a_resource_can_cancel_scripts_before_they_run() {
    let (mut world, log) = (World::new(), Log::default());
    let (say, target) = (log.clone(), std::sync::Arc::new(std::sync::OnceLock::new()));
    let victim = target.clone();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        let id = *victim.get().unwrap();
        say.say(format!("{:?}", me.resource(|scripts: &framestep::ScriptRegistry| scripts.cancel(id))));
        say.say("cancelled");
        next_frame().await;
        Ok(())
    }));
    let say = log.clone();
    let owner = world.spawn(Script::new(async move |_: Me| {
        let _last = say.last_word("dropped");
        loop {
            say.say("runs");
            next_frame().await;
        }
    }));
    target.set(owner.get::<Script>().unwrap().id().unwrap()).unwrap();
    steps(&mut world, 2);
    assert_eq!(log.words(), "runs | Ok(true) | cancelled | dropped");
}

#[test]
fn what_an_access_cancels_before_a_panic_that_its_script_catches_runs_no_more() {
    let (mut world, log) = (World::new(), Log::default());
    let victim = world.spawn_empty().id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        let despawn_and_panic = |world: &mut World| {
            world.despawn(victim);
            crate::words::quiet_panic("in an access");
        };
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| me.world(despawn_and_panic)));
        say.say(format!("caught {}", caught.is_err()));
        next_frame().await;
        say.say("goes on");
        Ok(())
    }));
    let (say, held) = (log.clone(), log.last_word("dropped"));
    world.entity_mut(victim).insert(Script::new(async move |_: Me| {
        let _held = held;
        loop {
            say.say("victim");
            next_frame().await;
        }
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "victim");
    steps(&mut world, 2);
    assert_eq!(log.words(), "caught true | dropped | goes on");
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_ends_nothing_but_its_script() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            crate::words::quiet_panic("in a payload");
        }
    }
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(bevy_ecs::error::FallbackErrorHandler(bevy_ecs::error::ignore));
    let held = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        // The first panic unwinds, and the clean-up that it runs panics on top.
        let _clean_up = me.defer(|_| std::panic::resume_unwind(Box::new(Bomb)));
        let _held = held.last_word("unwound");
        crate::words::quiet_panic("first");
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        say.say("next");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "unwound | next");
}
