//! Closures say by their arguments which components they are over.

use bevy_ecs::error::FallbackErrorHandler;
use bevy_ecs::prelude::*;
use bevy_ecs::query::QueryData;
use framestep::{EntityAccess, Me, Script, ScriptError, next_frame, step_scripts};

use super::{Health, Log, steps};

#[derive(Component)]
struct Shield(i32);

#[derive(Component)]
struct Absent;

#[derive(QueryData)]
struct Toughness {
    health: &'static Health,
    shield: Option<&'static Shield>,
}

#[derive(QueryData)]
#[query_data(mutable)]
struct Wound {
    health: &'static mut Health,
    shield: &'static Shield,
}

/// Runs a script once on an entity with both components, and gives its words.
fn on_guard(script: impl AsyncFnOnce(Me, Log) -> Result + Send + 'static) -> String {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn((Health(3), Shield(4), Script::new(async move |me: Me| script(me, say).await)));
    step_scripts(&mut world);
    assert!(world.query::<&Script>().iter(&world).next().is_none(), "it came to its end");
    log.words()
}

#[test]
fn reading_takes_whatever_a_query_could() {
    let words = on_guard(async |me, log| {
        log.say(me.read(|health: &Health| health.0.to_string())?);
        log.say(me.read(|entity: Entity| (entity == me.entity()).to_string())?);
        log.say(me.read(|health: Ref<Health>| health.is_added().to_string())?);
        log.say(me.read(|shield: Option<&Shield>| format!("{:?}", shield.map(|shield| shield.0)))?);
        log.say(me.read(|absent: Option<&Absent>| absent.is_some().to_string())?);
        log.say(me.read(|all: EntityRef| all.contains::<Absent>().to_string())?);
        log.say(me.read(|(a, b): (&Health, &Shield)| format!("{} {}", a.0, b.0))?);
        log.say(me.read(|(a, (b, c)): (&Health, (Option<&Shield>, Ref<Shield>))| {
            format!("{} {:?} {}", a.0, b.map(|shield| shield.0), c.0)
        })?);
        Ok(())
    });
    assert_eq!(words, "3 | true | true | Some(4) | false | false | 3 4 | 3 Some(4) 4");
}

#[test]
fn data_whose_item_is_of_another_type_is_named() {
    let words = on_guard(async |me, log| {
        log.say(me.data::<Has<Absent>>().read(|has| has.to_string())?);
        log.say(me.data::<(&Health, Has<Shield>)>().read(|(health, has)| format!("{} {has}", health.0))?);
        log.say(
            me.data::<AnyOf<(&Absent, &Shield)>>()
                .read(|(absent, shield)| format!("{} {}", absent.is_some(), shield.is_some()))?,
        );
        log.say(me.data::<Toughness>().read(|it| format!("{} {:?}", it.health.0, it.shield.map(|shield| shield.0)))?);
        let wound = me.data::<Wound>();
        wound.with(|mut it| it.health.0 -= it.shield.0)?;
        log.say(me.read(|health: &Health| health.0.to_string())?);
        let Err(ScriptError::MissingComponent { component, .. }) = me.data::<&Absent>().with(|_| ()) else {
            panic!("no error")
        };
        log.say(component);
        me.data::<Has<Shield>>().until(|has| has).await?;
        log.say(format!("{}", me.data::<Toughness>().until(|it| it.shield.map(|shield| shield.0)).await?));
        me.remove::<Shield>()?;
        log.say(format!("{}", wound.with(|_| ()).is_err()));
        Ok(())
    });
    let absent = std::any::type_name::<Absent>();
    assert_eq!(words, format!("false | 3 true | false true | 3 Some(4) | -1 | {absent} | 4 | true"));
}

#[test]
fn functions_and_closures_that_borrow_do_as_well() {
    fn health(health: &Health) -> i32 {
        health.0
    }
    fn hurt(mut health: Mut<Health>) {
        health.0 -= 1;
    }
    fn sum((health, shield): (&Health, &Shield)) -> i32 {
        health.0 + shield.0
    }
    let words = on_guard(async |me, log| {
        let (mut seen, words) = (Vec::new(), String::from("borrowed"));
        me.read(|health: &Health| seen.push(health.0))?;
        me.with(|mut health: Mut<Health>| {
            seen.push(health.0 + words.len() as i32);
            health.0 = 10;
        })?;
        me.with(hurt)?;
        seen.push(me.read(health)?);
        seen.push(me.read(sum)?);
        // One that gives away what it captured.
        let given = me.read(move |_: &Health| words)?;
        log.say(format!("{seen:?} {given}"));
        Ok(())
    });
    assert_eq!(words, "[3, 11, 9, 13] borrowed");
}

#[test]
fn with_changes_several_and_marks_only_what_it_writes() {
    let (mut world, log) = (World::new(), Log::default());
    world.spawn((
        Health(3),
        Shield(4),
        Script::new(async |me: Me| {
            next_frame().await;
            me.with(|(mut health, shield): (Mut<Health>, Mut<Shield>)| health.0 += shield.0)?;
            next_frame().await;
            me.with(|(health, mut shield, absent): (&Health, Mut<Shield>, Option<Mut<Absent>>)| {
                assert!(absent.is_none());
                shield.0 = health.0;
            })?;
            next_frame().await;
            me.with(|(health, shield): (Mut<Health>, &Shield)| assert_eq!(health.0, shield.0))?;
            me.with(|health: &Health| assert_eq!(health.0, 7)).map_err(Into::into)
        }),
    ));
    let say = log.clone();
    let mut schedule = Schedule::default();
    let watch = move |health: Query<(), Changed<Health>>, shield: Query<(), Changed<Shield>>| {
        say.say(format!("{} {}", !health.is_empty(), !shield.is_empty()));
    };
    schedule.add_systems((step_scripts, watch).chain());
    for _ in 0..4 {
        schedule.run(&mut world);
    }
    assert_eq!(log.words(), "true true | true false | false true | false false");
    assert!(world.query::<&Script>().iter(&world).next().is_none(), "it came to its end");
}

#[test]
fn what_is_missing_is_named_as_it_was_asked_for() {
    fn missing<T>(result: Result<T, ScriptError>) -> &'static str {
        match result {
            Err(ScriptError::MissingComponent { component, .. }) => component,
            other => panic!("{:?}", other.map(|_| ())),
        }
    }
    let words = on_guard(async |me, log| {
        log.say(missing(me.read(|_: &Absent| ())));
        log.say(missing(me.read(|_: Ref<Absent>| ())));
        log.say(missing(me.with(|_: Mut<Absent>| ())));
        let both = missing(me.with(|_: (Mut<Health>, &Absent)| ()));
        assert!(both.contains(std::any::type_name::<Health>()) && both.contains(std::any::type_name::<Absent>()));
        let error = me.read(|_: &Absent| ()).unwrap_err().to_string();
        assert!(error.contains(std::any::type_name::<Absent>()) && error.contains("insert it first"), "{error}");
        Ok(())
    });
    let absent = std::any::type_name::<Absent>();
    assert_eq!(words, format!("{absent} | {absent} | {absent}"));
}

#[test]
fn an_entity_that_is_gone_is_an_error_of_every_access() {
    let (mut world, log) = (World::new(), Log::default());
    let gone = world.spawn((Health(1), Shield(1))).id();
    world.despawn(gone);
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let it: EntityAccess = me.other(gone);
        assert_eq!((it.entity(), it.exists()), (gone, Ok(false)));
        for error in [
            it.read(|_: &Health| ()).err(),
            it.read(|_: Option<&Health>| ()).err(),
            it.with(|_: (Mut<Health>, &Shield)| ()).err(),
            it.insert(Health(1)).err(),
            it.remove::<Health>().err(),
            it.despawn().err(),
            it.trigger(|entity| Poke { entity }).err(),
            it.spawn_child(Health(1)).err(),
            it.parent().err(),
            it.until(|_: &Health| true).await.err(),
            it.changed::<Health>().await.err(),
        ] {
            assert_eq!(error, Some(ScriptError::NoSuchEntity { entity: gone }));
        }
        it.despawned().await;
        say.say("all");
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "all");
}

#[derive(EntityEvent)]
struct Poke {
    entity: Entity,
}

#[test]
fn asking_for_the_same_component_twice_panics_and_ends_only_that_script() {
    use std::sync::Mutex;
    static HEARD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(FallbackErrorHandler(|error, _| HEARD.lock().unwrap().push(error.to_string())));
    world.spawn((
        Health(1),
        Script::named("greedy", async |me: Me| {
            me.with(|_: (Mut<Health>, &Health)| ())?;
            Ok(())
        }),
    ));
    let say = log.clone();
    world.spawn((
        Health(2),
        Script::new(async move |me: Me| {
            // To read it twice is fine.
            say.say(me.read(|(one, two): (&Health, &Health)| format!("{} {}", one.0, two.0))?);
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "2 2");
    let heard = HEARD.lock().unwrap();
    assert!(heard.len() == 1 && heard[0].contains("greedy") && heard[0].contains("conflicts"), "{heard:?}");
}

#[test]
fn a_condition_takes_what_reading_does() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world
        .spawn((
            Health(3),
            Script::new(async move |me: Me| {
                me.until(|(health, shield): (&Health, Option<&Shield>)| shield.is_some() && health.0 == 3).await?;
                say.say("shield");
                let found = me.until(|shield: Ref<Shield>| (shield.0 > 1).then_some(shield.0)).await?;
                say.say(format!("{found}"));
                fn is_dead(health: &Health) -> bool {
                    health.0 <= 0
                }
                me.until(is_dead).await?;
                say.say("dead");
                Ok(())
            }),
        ))
        .id();
    step_scripts(&mut world);
    world.entity_mut(owner).insert(Shield(1));
    steps(&mut world, 2);
    assert_eq!(log.words(), "shield");
    world.entity_mut(owner).insert(Shield(2));
    step_scripts(&mut world);
    assert_eq!(log.words(), "2");
    world.entity_mut(owner).insert(Health(0));
    step_scripts(&mut world);
    assert_eq!(log.words(), "dead");
}
