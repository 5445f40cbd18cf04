//! Closures over system parameters, and systems, in the middle of a script.

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptError, next_frame, step_scripts};

use super::{Health, Log, Score, steps};

#[derive(Resource)]
struct Tax(i32);

#[derive(Component)]
struct Foe;

fn world() -> World {
    let mut world = World::new();
    world.insert_resource(Score(0));
    world
}

#[test]
fn a_closure_asks_for_what_a_system_could_and_borrows_from_the_script() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(Tax(2));
    world.spawn_batch([(Health(5), Foe), (Health(7), Foe)]);
    let say = log.clone();
    world.spawn((
        Health(100),
        Script::new(async move |me: Me| {
            let (mut paid, due) = (Vec::new(), String::from("due"));
            let left = me.run(
                |mut foes: Query<(Entity, &mut Health), With<Foe>>, tax: Res<Tax>, mut score: ResMut<Score>| {
                    for (_, mut health) in &mut foes {
                        health.0 -= tax.0;
                        score.0 += tax.0;
                        paid.push(health.0);
                    }
                    due.len()
                },
            )?;
            paid.sort_unstable();
            say.say(format!("{left} {paid:?} {}", me.resource(|score: &Score| score.0)?));
            let all = me.run(|(all, foes): (Query<&Health>, Query<&Foe>)| all.iter().count() + foes.iter().count());
            say.say(format!("{all:?}"));
            say.say(format!("{:?}", me.run(|world: &World| world.contains_resource::<Tax>())));
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "3 [3, 5] 4 | Ok(5) | Ok(true)");
}

#[test]
fn its_commands_are_carried_out_before_it_returns() {
    let (mut world, log) = (world(), Log::default());
    world.add_observer(|_: On<Add<Foe>>, mut commands: Commands| {
        commands.queue(|world: &mut World| world.resource_mut::<Score>().0 += 1);
    });
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let foe = me.run(|mut commands: Commands| commands.spawn((Foe, Health(3))).id())?;
        say.say(format!("{:?} {:?}", me.other(foe).read(|health: &Health| health.0), me.resource(|s: &Score| s.0)));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(3) Ok(1)");
}

#[test]
fn what_parameters_remember_is_kept_for_the_place_in_the_source() {
    let (mut world, log) = (world(), Log::default());
    let counts = |say: Log, name: &'static str| {
        async move |me: Me| {
            for _ in 0..3 {
                let count = me.run(|mut count: Local<u32>| {
                    *count += 1;
                    *count
                })?;
                say.say(format!("{name}{count}"));
                next_frame().await;
            }
            // Of the same type, in another place.
            say.say(format!("{name}-{}", me.run(|count: Local<u32>| *count)?));
            Ok(())
        }
    };
    world.spawn(Script::new(counts(log.clone(), "a")));
    world.spawn(Script::new(counts(log.clone(), "b")));
    steps(&mut world, 4);
    assert_eq!(log.words(), "a1 | b2 | a3 | b4 | a5 | b6 | a-0 | b-0");
}

#[test]
fn change_detection_and_message_readers_go_on_from_the_last_time() {
    #[derive(Message)]
    struct Note(i32);
    let (mut world, log) = (world(), Log::default());
    world.init_resource::<Messages<Note>>();
    let foe = world.spawn((Health(1), Foe)).id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        loop {
            let (changed, notes) = me.run(|foes: Query<&Foe, Changed<Health>>, mut notes: MessageReader<Note>| {
                (foes.iter().count(), notes.read().map(|note| note.0).collect::<Vec<_>>())
            })?;
            say.say(format!("{changed} {notes:?}"));
            next_frame().await;
        }
    }));
    world.write_message(Note(1));
    steps(&mut world, 2);
    world.get_mut::<Health>(foe).unwrap().0 = 2;
    world.write_message(Note(2));
    world.write_message(Note(3));
    steps(&mut world, 2);
    assert_eq!(log.words(), "1 [1] | 0 [] | 1 [2, 3] | 0 []");
}

#[test]
fn what_cant_be_had_is_an_error_and_calls_nothing() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let ask = || me.run(|tax: Res<Tax>| tax.0);
        let one = || me.run(|foe: Single<&Health, With<Foe>>| foe.0);
        let Err(ScriptError::MissingParam { param }) = ask() else { panic!("no error") };
        assert!(param.contains(std::any::type_name::<Tax>()), "{param}");
        say.say(format!("{:?}", me.run(|tax: Option<Res<Tax>>| tax.is_some())));
        me.world(|world| world.insert_resource(Tax(9)))?;
        say.say(format!("{:?}", ask()));
        for _ in 0..3 {
            say.say(match one() {
                Ok(health) => format!("{health}"),
                Err(error) => format!("{}", matches!(error, ScriptError::MissingParam { .. })),
            });
            me.spawn((Foe, Health(4)))?;
        }
        let nested = me.run(|_: Res<Tax>| me.run(|_: Res<Tax>| say.say("called")))?;
        say.say(format!("{nested:?} {:?}", ask()));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(false) | Ok(9) | true | 4 | true | Err(Reentrant) Ok(9)");
}

#[test]
fn a_panic_forgets_what_was_remembered_and_the_next_run_works() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let script = |say: Log, panics: bool| {
        async move |me: Me| {
            let count = me.run(|mut count: Local<u32>, mut commands: Commands| {
                *count += 1;
                commands.spawn(Foe);
                assert!(!panics, "on purpose");
                *count
            })?;
            say.say(format!("{count}"));
            Ok(())
        }
    };
    for panics in [false, false, true, false] {
        world.spawn(Script::new(script(log.clone(), panics)));
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "1 | 2 | 1");
    assert_eq!(world.query::<&Foe>().iter(&world).count(), 3, "commands of the one that panicked are let go");
}

#[test]
fn parameters_that_conflict_panic_and_end_only_that_script() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.run(|_: Query<&mut Health>, _: Query<&Health>| ())?;
        say.say("not reached");
        Ok(())
    }));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        say.say(format!("{:?}", me.run(|_: Query<&Health>, _: Query<&Health>| ())));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(())");
}

#[test]
fn each_world_remembers_for_itself() {
    let log = Log::default();
    let mut worlds = [World::new(), World::new()];
    for (name, world) in ["one", "two"].iter().zip(&mut worlds) {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            loop {
                let count = me.run(|mut count: Local<u32>, _: Query<&Health>| {
                    *count += 1;
                    *count
                })?;
                say.say(format!("{name} {count}"));
                next_frame().await;
            }
        }));
    }
    for _ in 0..2 {
        worlds.iter_mut().for_each(step_scripts);
    }
    assert_eq!(log.words(), "one 1 | two 1 | one 2 | two 2");
}

#[test]
fn what_is_remembered_may_use_the_world_when_it_is_dropped() {
    /// Runs a closure in the place that this is remembered for, when it is dropped.
    #[derive(Default)]
    struct Restless(Option<(Me, Log)>);
    impl Drop for Restless {
        fn drop(&mut self) {
            if let Some((me, log)) = self.0.take() {
                log.say(format!("dropped {:?}", restless(me, None)));
            }
        }
    }
    fn restless(me: Me, log: Option<Log>) -> Result<bool, ScriptError> {
        me.run(|mut kept: Local<Restless>| {
            let was_there = kept.0.is_some();
            kept.0 = kept.0.take().or(log.map(|log| (me, log)));
            was_there
        })
    }
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        say.say(format!("{:?}", restless(me, Some(say.clone()))));
        say.say(format!("{:?}", restless(me, None)));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(false) | Ok(true)");
    drop(world);
    assert_eq!(log.words(), "dropped Err(OutsideStep)");
}

#[test]
fn systems_run_at_once_and_are_kept_by_their_type() {
    fn count_calls(mut calls: Local<u32>) -> u32 {
        *calls += 1;
        *calls
    }
    fn hurt(In(damage): In<i32>, mut all: Query<&mut Health>) -> usize {
        all.iter_mut().map(|mut health| health.0 -= damage).count()
    }
    fn taxed(_: Res<Tax>) {}
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn((
        Health(10),
        Script::new(async move |me: Me| {
            say.say(format!("{:?} {:?}", me.run_system(count_calls), me.run_system(count_calls)));
            say.say(format!("{:?} {:?}", me.run_system_with(hurt, 3), me.read(|health: &Health| health.0)));
            let Err(ScriptError::SystemNotRun { system }) = me.run_system(taxed) else { panic!("no error") };
            say.say(format!("{}", system.contains("taxed")));
            let spawned = me.run_system(|mut commands: Commands| commands.spawn(Health(8)).id())?;
            say.say(format!("{:?}", me.other(spawned).read(|health: &Health| health.0)));
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(1) Ok(2) | Ok(1) Ok(7) | true | Ok(8)");
}
