//! What changes the world's structure: when it returns, commands are carried out, and the scripts are attended to
//! that it started or cancelled.

use bevy_ecs::prelude::*;
use framestep::{Me, Script, ScriptError, next_frame, step_scripts};

use super::{Health, Log, Score, id_of, is_running, steps, talker};

#[derive(Component)]
struct Mark;

#[derive(Event)]
struct Alarm(i32);

#[derive(EntityEvent)]
struct Poke {
    entity: Entity,
    strength: i32,
}

#[derive(Message)]
struct Note(i32);

#[test]
fn components_come_and_go_and_what_observers_queue_is_done_when_it_returns() {
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(Score(0));
    world.add_observer(|_: On<Add<Mark>>, mut commands: Commands| {
        commands.queue(|world: &mut World| world.resource_mut::<Score>().0 += 1);
    });
    world.add_observer(|_: On<Remove<Mark>>, mut commands: Commands| {
        commands.queue(|world: &mut World| world.resource_mut::<Score>().0 += 10);
    });
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let score = || me.resource(|score: &Score| score.0);
        me.insert((Health(1), Mark))?;
        say.say(format!("{} {}", me.read(|health: &Health| health.0)?, score()?));
        me.insert(Health(2))?;
        say.say(format!("{} {}", me.read(|health: &Health| health.0)?, score()?));
        me.remove::<(Mark, Health)>()?;
        say.say(format!("{:?} {}", me.data::<Has<Health>>().read(|has| has), score()?));
        me.remove::<Mark>()?;
        say.say(format!("{}", score()?));
        let spawned = me.spawn((Health(7), Mark))?;
        say.say(format!("{} {}", me.other(spawned).read(|health: &Health| health.0)?, score()?));
        me.other(spawned).despawn()?;
        say.say(format!("{:?} {}", me.other(spawned).exists(), score()?));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "1 1 | 2 1 | Ok(false) 11 | 11 | 7 12 | Ok(false) 22");
}

#[test]
fn children_are_spawned_read_and_despawned_with_their_parent() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world
        .spawn(Script::new(async move |me: Me| {
            say.say(format!("{:?}", me.parent()?));
            let hand = me.spawn_child(Health(1))?;
            let sword = me.other(hand).spawn_child(Health(2))?;
            assert_eq!(me.other(hand).parent(), Ok(Some(me.entity())));
            assert_eq!(me.other(sword).parent(), Ok(Some(hand)));
            say.say(format!("{}", me.read(|children: &Children| children.len())?));
            me.other(hand).despawn()?;
            say.say(format!("{:?} {:?}", me.other(sword).exists(), me.data::<Has<Children>>().read(|has| has)));
            Ok(())
        }))
        .id();
    step_scripts(&mut world);
    assert_eq!(log.words(), "None | 1 | Ok(false) Ok(false)");
    assert!(world.get_entity(owner).is_ok());
}

#[test]
fn events_are_triggered_at_once() {
    let (mut world, log) = (World::new(), Log::default());
    let (say, heard) = (log.clone(), log.clone());
    world.add_observer(move |alarm: On<Alarm>| say.say(format!("alarm {}", alarm.0)));
    let target = world.spawn(Health(1)).id();
    world.entity_mut(target).observe(move |poke: On<Poke>, mut commands: Commands| {
        heard.say(format!("poke {}", poke.strength));
        commands.entity(poke.entity).insert(Mark);
    });
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.trigger(Alarm(1))?;
        me.trigger(Poke { entity: target, strength: 2 })?;
        me.other(target).remove::<Mark>()?;
        me.other(target).trigger(|entity| Poke { entity, strength: 3 })?;
        say.say(format!("{:?}", me.other(target).data::<Has<Mark>>().read(|has| has)));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "alarm 1 | poke 2 | poke 3 | Ok(true)");
}

#[test]
fn messages_that_a_script_writes_are_there_for_systems() {
    let (mut world, log) = (World::new(), Log::default());
    world.init_resource::<Messages<Note>>();
    world.spawn(Script::new(async |me: Me| {
        me.write_message(Note(1))?;
        me.write_message(Note(2))?;
        Ok(())
    }));
    let say = log.clone();
    let mut schedule = Schedule::default();
    schedule.add_systems(
        (step_scripts, move |mut notes: MessageReader<Note>| {
            notes.read().for_each(|note| say.say(format!("{}", note.0)));
        })
            .chain(),
    );
    schedule.run(&mut world);
    assert_eq!(log.words(), "1 | 2");

    let mut bare = World::new();
    let say = log.clone();
    bare.spawn(Script::new(async move |me: Me| {
        let Err(ScriptError::MissingResource { resource }) = me.write_message(Note(3)) else { panic!("no error") };
        say.say(format!("{}", resource.contains(std::any::type_name::<Note>())));
        Ok(())
    }));
    step_scripts(&mut bare);
    assert_eq!(log.words(), "true");
}

/// What a script does to start and to cancel others, in each way that there is.
type Deed = fn(Me, Entity, Script) -> Result<(), ScriptError>;

#[test]
fn scripts_that_a_change_starts_or_cancels_are_attended_to_when_it_returns() {
    #[derive(Component)]
    struct Replace(std::sync::Mutex<Option<Script>>);
    fn carrier(script: Script) -> Replace {
        Replace(std::sync::Mutex::new(Some(script)))
    }

    let deeds: [(&str, Deed); 7] = [
        ("insert", |me, victim, script| me.other(victim).insert(script)),
        ("remove", |me, victim, script| {
            me.other(victim).remove::<Script>()?;
            me.spawn(script).map(drop)
        }),
        ("despawn", |me, victim, script| {
            me.other(victim).despawn()?;
            me.spawn_child(script).map(drop)
        }),
        ("commands", |me, victim, script| {
            me.commands(|mut commands| {
                commands.entity(victim).despawn();
                commands.spawn(script);
            })
        }),
        ("run", |me, victim, script| {
            me.run(|mut commands: Commands| {
                commands.entity(victim).despawn();
                commands.spawn(script);
            })
        }),
        ("trigger", |me, victim, script| {
            me.other(victim).insert(carrier(script))?;
            me.other(victim).trigger(|entity| Poke { entity, strength: 0 })
        }),
        ("with", |me, victim, script| {
            let id = me.other(victim).read(|script: &Script| script.id().unwrap())?;
            me.resource(|scripts: &framestep::ScriptRegistry| assert!(scripts.cancel(id)))?;
            me.spawn_script(script).map(drop)
        }),
    ];
    for (name, deed) in deeds {
        let (mut world, log) = (World::new(), Log::default());
        world.add_observer(|poke: On<Poke>, carriers: Query<&Replace>, mut commands: Commands| {
            let script = carriers.get(poke.entity).unwrap().0.lock().unwrap().take().unwrap();
            commands.entity(poke.entity).insert(script);
        });
        let victim = world.spawn_empty().id();
        let (say, started) = (log.clone(), talker(&log, "b"));
        world.spawn(Script::new(async move |me: Me| {
            next_frame().await;
            let id = me.other(victim).read(|script: &Script| script.id().unwrap())?;
            deed(me, victim, started)?;
            say.say(format!("{:?}", me.resource(|scripts: &framestep::ScriptRegistry| scripts.is_running(id))));
            Ok(())
        }));
        world.entity_mut(victim).insert(talker(&log, "a"));
        steps(&mut world, 2);
        assert_eq!(log.words(), "a1 | Ok(false) | a dropped | b1", "{name}");
    }
}

#[test]
fn a_script_that_despawns_its_owner_runs_on_to_its_next_await() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    let owner = world
        .spawn((
            Health(1),
            Script::new(async move |me: Me| {
                let _last = say.last_word("dropped");
                me.despawn()?;
                say.say(format!("{:?} {}", me.exists(), me.read(|_: &Health| ()).is_err()));
                next_frame().await;
                say.say("not reached");
                Ok(())
            }),
        ))
        .id();
    let id = id_of(&world, owner);
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        say.say("next");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "Ok(false) true | dropped | next");
    assert!(!is_running(&world, id));
}

#[test]
fn a_refused_change_does_nothing() {
    let (mut world, log) = (World::new(), Log::default());
    world.init_resource::<Messages<Note>>();
    let say = log.clone();
    world.spawn((
        Health(1),
        Script::new(async move |me: Me| {
            let say = &say;
            me.read(|_: &Health| {
                let refused = [
                    me.insert(Mark),
                    me.remove::<Health>(),
                    me.despawn(),
                    me.trigger(Alarm(1)),
                    me.other(me.entity()).trigger(|entity| {
                        say.say("called");
                        Poke { entity, strength: 1 }
                    }),
                    me.spawn_child(Mark).map(drop),
                    me.spawn(Mark).map(drop),
                    me.parent().map(drop),
                    me.exists().map(drop),
                    me.write_message(Note(1)),
                    me.commands(|_| say.say("called")),
                    me.run(|_: Query<Entity>| say.say("called")),
                    me.run_system(|| ()),
                    me.spawn_script(Script::new(async |_: Me| Ok(()))).map(drop),
                ];
                assert_eq!(refused, [Err(ScriptError::Reentrant); 14]);
            })?;
            say.say(format!("{:?}", me.data::<Has<Mark>>().read(|marked| marked)));
            Ok(())
        }),
    ));
    step_scripts(&mut world);
    assert_eq!(log.words(), "Ok(false)");
    assert_eq!(world.query::<&Mark>().iter(&world).count(), 0);
    assert!(world.resource::<Messages<Note>>().is_empty());
}
