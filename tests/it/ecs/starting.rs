//! Scripts on entities of their own, from wherever they are started; scripts that are owned by scripts.

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::lifecycle::HookContext;
use bevy_ecs::prelude::*;
use bevy_ecs::world::DeferredWorld;
use framestep::{
    Me, Script, ScriptExecutor, ScriptId, ScriptOf, ScriptRegistry, Scripts, SpawnScript, frames, next_frame,
    step_scripts,
};

use super::{Health, Log, id_of, steps, talker};

/// Says its name and whether its owner is `of`, once.
fn once(log: &Log, name: &'static str) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        say.say(format!("{name} {}", me.read(|health: Option<&Health>| health.map_or(0, |health| health.0))?));
        next_frame().await;
        say.say(format!("{name} ends"));
        Ok(())
    })
}

fn entities(world: &mut World) -> usize {
    world.query_filtered::<Entity, With<Script>>().iter(world).count()
}

#[test]
fn a_free_script_has_an_entity_that_goes_with_it() {
    let (mut world, log) = (World::new(), Log::default());
    let by_world = world.spawn_script(once(&log, "world")).id();
    let by_commands = world.commands().spawn_script(once(&log, "commands")).id();
    world.flush();
    let by_hook = DeferredWorld::from(&mut world).spawn_script(once(&log, "hook"));
    world.flush();
    steps(&mut world, 1);
    assert_eq!(log.words(), "world 0 | commands 0 | hook 0");
    let entities = [by_world, by_commands, by_hook];
    assert!(entities.iter().all(|entity| world.get_entity(*entity).is_ok()));
    steps(&mut world, 1);
    assert_eq!(log.words(), "world ends | commands ends | hook ends");
    assert!(entities.iter().all(|entity| world.get_entity(*entity).is_err()));
}

#[test]
fn an_entity_may_own_several_that_go_with_it() {
    let (mut world, log) = (World::new(), Log::default());
    let mut owner = world.spawn(Health(7));
    owner.spawn_script(once(&log, "one")).spawn_script(talker(&log, "a"));
    let owner = owner.id();
    world.commands().entity(owner).spawn_script(once(&log, "two")).insert(Health(8)).spawn_script(talker(&log, "b"));
    world.flush();
    assert_eq!(world.get::<Scripts>(owner).unwrap().iter().count(), 4);
    step_scripts(&mut world);
    assert_eq!(log.words(), "one 8 | a1 | two 8 | b1");
    step_scripts(&mut world);
    assert_eq!(log.words(), "one ends | a2 | two ends | b2");
    assert_eq!((world.get::<Scripts>(owner).unwrap().iter().count(), entities(&mut world)), (2, 2));
    world.despawn(owner);
    step_scripts(&mut world);
    assert_eq!(log.words(), "a dropped | b dropped");
    assert_eq!(entities(&mut world), 0);
}

#[test]
fn a_script_whose_owner_is_gone_doesnt_start_and_leaves_no_entity() {
    let (mut world, log) = (World::new(), Log::default());
    let before = world.entities().count_spawned();
    let [a, b, c] = [(); 3].map(|()| world.spawn_empty().id());
    // Gone when the command is carried out.
    world.commands().entity(a).despawn();
    world.commands().entity(a).spawn_script(once(&log, "a"));
    world.flush();
    // Gone before the step.
    world.entity_mut(b).spawn_script(once(&log, "b"));
    world.despawn(b);
    // By hand.
    world.despawn(c);
    world.spawn((once(&log, "c"), ScriptOf(c)));
    steps(&mut world, 2);
    assert_eq!((log.words().as_str(), entities(&mut world)), ("", 0));
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0);
    let extra = world.resource_entities().iter().count() as u32;
    assert!(world.entities().count_spawned() <= before + extra, "nothing is left of them");
}

#[test]
fn systems_observers_hooks_and_scripts_start_scripts() {
    #[derive(Component)]
    #[component(on_add = hook)]
    struct Hooked(Log);
    fn hook(mut world: DeferredWorld, context: HookContext) {
        let log = world.get::<Hooked>(context.entity).unwrap().0.clone();
        world.spawn_script(once(&log, "hook"));
    }
    #[derive(Event)]
    struct Start;

    let (mut world, log) = (World::new(), Log::default());
    let observed = log.clone();
    world.add_observer(move |_: On<Start>, mut commands: Commands| {
        commands.spawn_script(once(&observed, "observer"));
    });
    let started = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        me.trigger(Start)?;
        me.spawn(Hooked(started.clone()))?;
        let id = me.spawn_script(once(&started, "script"))?;
        started.say(format!("{:?}", me.resource(|scripts: &ScriptRegistry| scripts.is_running(id))));
        me.commands(|mut commands| _ = commands.spawn_script(once(&started, "commands")).id())?;
        Ok(())
    }));
    let say = log.clone();
    let mut schedule = Schedule::default();
    let start = move |mut commands: Commands, mut is_done: Local<bool>| {
        if !std::mem::replace(&mut *is_done, true) {
            commands.spawn_script(once(&say, "system"));
        }
    };
    schedule.add_systems((start, step_scripts).chain());
    schedule.run(&mut world);
    assert_eq!(log.words(), "Ok(true) | system 0 | observer 0 | hook 0 | script 0 | commands 0");
}

#[test]
fn a_script_that_an_observer_takes_away_at_once_is_an_error_to_who_starts_it() {
    let (mut world, log) = (World::new(), Log::default());
    world.add_observer(|added: On<Add<Script>>, mut commands: Commands, names: Query<&Script>| {
        if names.get(added.entity).is_ok_and(|script| script.name() == "unwanted") {
            commands.entity(added.entity).despawn();
        }
    });
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        say.say(format!("{}", me.spawn_script(Script::named("unwanted", async |_: Me| Ok(()))).is_err()));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "true");
}

#[test]
fn an_id_in_a_component_is_asked_and_cancelled_by_a_system() {
    #[derive(Component)]
    struct Alarm(ScriptId);
    let (mut world, log) = (World::new(), Log::default());
    let bell = talker(&log, "a");
    world.spawn(Script::new(async move |me: Me| {
        let bell = me.spawn_script(bell)?;
        me.insert(Alarm(bell))?;
        Ok(())
    }));
    let say = log.clone();
    let mut schedule = Schedule::default();
    let mut frame = 0;
    let silence = move |alarms: Query<&Alarm>, scripts: Res<ScriptRegistry>| {
        frame += 1;
        for alarm in &alarms {
            let asked = scripts.is_running(alarm.0);
            say.say(format!("{asked} {}", frame == 2 && scripts.cancel(alarm.0)));
        }
    };
    schedule.add_systems((step_scripts, silence).chain());
    (0..3).for_each(|_| schedule.run(&mut world));
    assert_eq!(log.words(), "a1 | true false | a2 | true true | a dropped | false false");
    assert_eq!(entities(&mut world), 0, "the entity of a free script goes also when it is cancelled");
}

#[test]
fn despawn_at_end_takes_the_entity_along_but_not_when_the_script_is_taken_off_it() {
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let spawn = |world: &mut World, script: Script| world.spawn((Health(1), script.despawn_at_end())).id();
    let ends = spawn(&mut world, Script::new(async |_: Me| Ok(())));
    let fails = spawn(&mut world, Script::new(async |_: Me| Err("on purpose".into())));
    let panics = spawn(&mut world, Script::new(async |_: Me| panic!("on purpose")));
    let cancelled = spawn(&mut world, talker(&log, "a"));
    let removed = spawn(&mut world, talker(&log, "b"));
    let replaced = spawn(&mut world, talker(&log, "c"));
    step_scripts(&mut world);
    let is_there = |world: &World, entity| world.get_entity(entity).is_ok();
    assert_eq!([ends, fails, panics].map(|entity| is_there(&world, entity)), [false; 3]);
    let id = id_of(&world, cancelled);
    world.resource::<ScriptRegistry>().cancel(id);
    world.entity_mut(removed).remove::<Script>();
    world.entity_mut(replaced).insert(once(&log, "new"));
    steps(&mut world, 3);
    assert_eq!([cancelled, removed, replaced].map(|entity| is_there(&world, entity)), [false, true, true]);
    assert_eq!(log.words(), "a1 | b1 | c1 | a dropped | b dropped | c dropped | new 1 | new ends");
}

#[test]
fn an_owner_that_ends_takes_all_that_it_owns_along_in_order() {
    for way in ["ends", "fails", "panics", "cancelled", "despawned", "by the executor"] {
        let (mut world, log) = (World::new(), Log::default());
        world.insert_resource(FallbackErrorHandler(ignore));
        let say = log.clone();
        let (b, c) = (talker(&log, "b"), talker(&log, "c"));
        let free = talker(&log, "free");
        let owner = world
            .spawn(Script::named("owner", async move |me: Me| {
                let _last = say.last_word("owner dropped");
                // `b` is owned by this one, `c` by `b`.
                let b = me.spawn_script(b.owned_by(me.id()))?;
                me.spawn_script(c.owned_by(b))?;
                me.spawn_script(free)?;
                next_frame().await;
                match way {
                    "ends" => Ok(()),
                    "fails" => Err("on purpose".into()),
                    "panics" => panic!("on purpose"),
                    _ => std::future::pending().await,
                }
            }))
            .id();
        let id = id_of(&world, owner);
        step_scripts(&mut world);
        assert_eq!(log.words(), "b1 | c1 | free1");
        if way == "cancelled" {
            world.resource::<ScriptRegistry>().cancel(id);
        } else if way == "despawned" {
            world.despawn(owner);
        } else if way == "by the executor" {
            let executor = world.non_send::<ScriptExecutor>().executor();
            let mut task = None;
            executor.for_each_task(|info| task = task.or((info.name == "owner").then_some(info.id)));
            assert!(executor.cancel(task.unwrap()));
        }
        step_scripts(&mut world);
        assert_eq!(log.words(), "owner dropped | b dropped | c dropped | free2", "{way}");
        assert_eq!(world.resource::<ScriptRegistry>().running(), 1, "{way}");
    }
}

#[test]
fn a_script_whose_owner_has_ended_doesnt_start() {
    let (mut world, log) = (World::new(), Log::default());
    let owner = world.spawn(Script::new(async |_: Me| Ok(()))).id();
    let id = id_of(&world, owner);
    step_scripts(&mut world);
    let late = world.spawn_script(talker(&log, "a").owned_by(id)).id();
    // And one whose owner is cancelled before both would start.
    let owner = world.spawn(talker(&log, "b")).id();
    let id = id_of(&world, owner);
    let owned = world.spawn((Health(1), talker(&log, "c").owned_by(id))).id();
    world.despawn(owner);
    // And one that is owned by a script of another world.
    let mut other = World::new();
    let stranger = other.spawn(talker(&log, "b")).id();
    world.spawn_script(talker(&log, "d").owned_by(id_of(&other, stranger)));
    steps(&mut world, 2);
    assert_eq!(log.words(), "");
    assert!(world.get_entity(late).is_err());
    assert!(world.get::<Script>(owned).is_none() && world.get_entity(owned).is_ok());
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0);
}

#[test]
fn what_a_script_owned_and_has_ended_since_isnt_cancelled_again_under_its_number() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        // Cancels itself, so that its number is free while it runs on; the next has it, and owns another.
        me.resource(|scripts: &ScriptRegistry| scripts.cancel(me.id()))?;
        let next = me.spawn_script(talker(&say, "a"))?;
        assert_ne!(next, me.id());
        me.spawn_script(talker(&say, "b").owned_by(next))?;
        say.say("ends");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "ends | a1 | b1 | a2 | b2");
}

#[test]
fn scripts_that_start_and_end_all_the_time_leave_their_owner_no_heavier() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        for _ in 0..1_000 {
            me.spawn_script(Script::new(async |_: Me| Ok(())).owned_by(me.id()))?;
            next_frame().await;
        }
        me.spawn_script(talker(&say, "a").owned_by(me.id()))?;
        frames(2).await;
        Ok(())
    }));
    let mut most = 0;
    for _ in 0..1_005 {
        step_scripts(&mut world);
        most = most.max(world.resource::<ScriptRegistry>().running());
    }
    assert_eq!((most, log.words().as_str()), (2, "a1 | a2 | a dropped"));
}
