//! Waits for what becomes of an entity, of a resource, of the world: looked at in step 5, without resuming anybody.

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Me, Race, Script, ScriptError, ScriptRegistry, next_frame, race, step_scripts};

use super::{Counter, Health, Log, Score, id_of, steps, talker};

#[derive(Component)]
struct Target(Option<Entity>);

/// Something that is done to the world, what the script says then, and how often it was polled by then.
type Act<'a> = (&'a dyn Fn(&mut World, Entity), &'a str, u32);

/// Runs what a script does in a step of its own after each of what is done to the world, and compares what it says
/// and how often it was polled.
fn watched(script: impl AsyncFnOnce(Me, Log) -> Result + Send + 'static, acts: &[Act<'_>]) {
    let (mut world, log, polls) = (World::new(), Log::default(), Counter::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let (say, counted) = (log.clone(), polls.clone());
    let owner = world.spawn((Health(3), Target(None))).id();
    let it = Script::new(async move |me: Me| counted.count(script(me, say)).await);
    world.spawn((it, framestep::ScriptOf(owner)));
    step_scripts(&mut world);
    for (number, (act, words, polled)) in acts.iter().enumerate() {
        act(&mut world, owner);
        step_scripts(&mut world);
        assert_eq!((log.words().as_str(), polls.get()), (*words, *polled), "after act {number}");
    }
}

fn set(health: i32) -> impl Fn(&mut World, Entity) {
    move |world, owner| world.get_mut::<Health>(owner).unwrap().0 = health
}

fn nothing(_: &mut World, _: Entity) {}

#[test]
fn a_condition_of_components_holds_or_finds() {
    watched(
        async |me, log| {
            me.until(|health: &Health| health.0 <= 0).await?;
            log.say("dead");
            let target = me.until(|target: &Target| target.0).await?;
            log.say(format!("{}", target == me.entity()));
            // It is over at once if it holds already.
            me.until(|(health, target): (&Health, &Target)| health.0 <= 0 && target.0.is_some()).await?;
            log.say("at once");
            Ok(())
        },
        &[
            (&nothing, "", 1),
            (&set(2), "", 1),
            (&set(0), "dead", 2),
            (&nothing, "", 2),
            (&|world, owner| world.get_mut::<Target>(owner).unwrap().0 = Some(owner), "true | at once", 3),
        ],
    );
}

#[test]
fn a_condition_whose_component_or_entity_goes_is_an_error() {
    watched(
        async |me, log| {
            let error = me.until(|health: &Health| health.0 <= 0).await.unwrap_err();
            assert!(matches!(error, ScriptError::MissingComponent { component, .. }
                if component == std::any::type_name::<Health>()));
            log.say("missing");
            let error = me.until(|health: &Health| health.0 <= 0).await.unwrap_err();
            assert!(matches!(error, ScriptError::MissingComponent { .. }));
            log.say("at once");
            let error = me.until(|_: (&Target, Option<&Health>)| false).await.unwrap_err();
            assert!(matches!(error, ScriptError::MissingComponent { .. }));
            log.say("one of them");
            Ok(())
        },
        &[
            (&nothing, "", 1),
            (&|world, owner| _ = world.entity_mut(owner).remove::<Health>(), "missing | at once", 2),
            (&|world, owner| _ = world.entity_mut(owner).insert(Health(0)), "", 2),
            (&|world, owner| _ = world.entity_mut(owner).remove::<Target>(), "one of them", 3),
        ],
    );
    let (mut world, log) = (World::new(), Log::default());
    let prey = world.spawn(Health(1)).id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let error = me.other(prey).until(|health: &Health| health.0 <= 0).await.unwrap_err();
        say.say(format!("{}", error == ScriptError::NoSuchEntity { entity: prey }));
        Ok(())
    }));
    step_scripts(&mut world);
    world.despawn(prey);
    step_scripts(&mut world);
    assert_eq!(log.words(), "true");
}

#[test]
fn conditions_of_a_resource_and_of_the_world() {
    watched(
        async |me, log| {
            let Err(ScriptError::MissingResource { resource }) = me.until_resource(|score: &Score| score.0 > 1).await
            else {
                panic!("no error")
            };
            assert_eq!(resource, std::any::type_name::<Score>());
            log.say("none");
            me.until_world(|world| world.contains_resource::<Score>()).await;
            log.say("there");
            me.until_resource(|score: &Score| score.0 > 1).await?;
            log.say("more than one");
            log.say(format!("{}", me.until_resource(|score: &Score| (score.0 > 2).then_some(score.0)).await?));
            let health = me.until_world(move |world| world.get::<Health>(me.entity()).map(|health| health.0)).await;
            log.say(format!("{health}"));
            me.until_resource(|_: &Score| false).await?;
            Ok(())
        },
        &[
            (&nothing, "none", 1),
            (&|world, _| world.insert_resource(Score(1)), "there", 2),
            (&|world, _| world.resource_mut::<Score>().0 = 2, "more than one", 3),
            (&|world, _| world.resource_mut::<Score>().0 = 7, "7 | 3", 4),
            (&|world, _| _ = world.remove_resource::<Score>(), "", 5),
        ],
    );
}

#[test]
fn a_change_is_what_is_written_after_the_wait_was_made() {
    watched(
        async |me, log| {
            me.changed::<Health>().await?;
            log.say("by a system");
            me.with(|mut health: Mut<Health>| health.0 = 9)?;
            let wait = me.changed::<Health>();
            wait.await?;
            log.say("not by its own write before");
            let wait = me.changed::<Health>();
            me.with(|mut health: Mut<Health>| health.0 = 10)?;
            wait.await?;
            log.say("by its own write after");
            let wait = me.changed::<Health>();
            me.insert(Health(11))?;
            wait.await?;
            log.say("by being replaced");
            let error = me.changed::<Health>().await.unwrap_err();
            assert!(matches!(error, ScriptError::MissingComponent { .. }));
            log.say("missing");
            Ok(())
        },
        &[
            (&nothing, "", 1),
            (&|world, owner| assert_eq!(world.get_mut::<Health>(owner).unwrap().0, 3), "", 1),
            (&set(3), "by a system", 2),
            (&nothing, "", 2),
            (&set(4), "not by its own write before | by its own write after | by being replaced", 3),
            (&nothing, "", 3),
            (&|world, owner| _ = world.entity_mut(owner).remove::<Health>(), "missing", 4),
        ],
    );
}

#[test]
fn a_change_by_another_script_and_by_a_system_is_seen_in_the_next_look() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(Health(1)).id();
    let say = log.clone();
    world.spawn((
        Script::new(async move |me: Me| {
            loop {
                me.changed::<Health>().await?;
                say.say(format!("changed {}", me.read(|health: &Health| health.0)?));
            }
        }),
        framestep::ScriptOf(owner),
    ));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        me.other(owner).with(|mut health: Mut<Health>| health.0 = 2)?;
        say.say("written");
        Ok(())
    }));
    let say = log.clone();
    let mut frame = 0;
    let mut schedule = Schedule::default();
    schedule.add_systems(
        (step_scripts, move |mut all: Query<&mut Health>| {
            frame += 1;
            say.say(format!("frame {frame}"));
            if frame == 4 {
                all.iter_mut().for_each(|mut health| health.0 = 3);
            }
        })
            .chain(),
    );
    for _ in 0..6 {
        schedule.run(&mut world);
    }
    assert_eq!(
        log.words(),
        "frame 1 | written | frame 2 | changed 2 | frame 3 | frame 4 | changed 3 | frame 5 | frame 6"
    );
}

#[test]
fn despawned_is_over_when_the_entity_is_gone_and_not_before() {
    let (mut world, log) = (World::new(), Log::default());
    let prey = world.spawn(Health(1)).id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let race = race(me.other(prey).despawned(), me.other(prey).until(|health: &Health| health.0 <= 0)).await;
        say.say(match race {
            Race::First(()) => "despawned",
            Race::Second(_) => "dead",
        });
        me.other(prey).despawned().await;
        say.say("at once");
        Ok(())
    }));
    steps(&mut world, 2);
    world.entity_mut(prey).clear();
    world.entity_mut(prey).insert(Health(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "");
    world.despawn(prey);
    world.spawn(Health(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "despawned | at once");
}

#[test]
fn a_condition_that_cancels_a_script_by_its_registry_keeps_it_from_running() {
    let (mut world, log) = (World::new(), Log::default());
    let victim = world.spawn(talker(&log, "a")).id();
    let id = id_of(&world, victim);
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut looks = 0;
        me.until_world(move |world| {
            looks += 1;
            looks == 2 && world.resource::<ScriptRegistry>().cancel(id)
        })
        .await;
        say.say("cancelled");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "a1");
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | cancelled");
}

#[test]
fn a_condition_cant_reach_the_world_by_another_way() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            let mut looks = 0;
            me.until(move |_: &Health| {
                looks += 1;
                say.say(format!("{:?}", me.read(|health: &Health| health.0)));
                looks == 2
            })
            .await?;
            Ok(())
        }),
    ));
    steps(&mut world, 2);
    assert_eq!(log.words(), "Err(Reentrant) | Err(Reentrant)");
}
