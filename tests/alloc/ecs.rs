//! What scripts do with the world once warm.

use bevy_ecs::prelude::*;
use framestep::{Me, Race, Script, ScriptOf, frames, next_frame, race, step_scripts};

use super::{FRAMES, WARM_UP, allocations, held};

#[derive(Component)]
struct Health(i64);

#[derive(Resource)]
struct Score(i64);

#[derive(Message)]
struct Note(i64);

#[derive(EntityEvent)]
struct Hit {
    entity: Entity,
    damage: i64,
}

#[derive(Event)]
struct Alarm(i64);

#[derive(Component)]
struct Rounds(u64);

/// Scripts of all kinds at each of so many entities; each counts its rounds.
fn inhabit(world: &mut World, count: i64) {
    fn round(me: Me) -> Result {
        me.with(|mut rounds: Mut<Rounds>| rounds.0 += 1)?;
        Ok(())
    }
    for number in 0..count {
        let owner = world.spawn((Health(number), Rounds(0))).id();
        let scripts = [
            // Hears the next one, of each origin; and loses half of its races.
            Script::new(async move |me: Me| {
                loop {
                    me.message::<Note>().filter(move |note| (note.0 + number) % 3 == 0).map(|note| note.0).await;
                    let hit = race(me.on::<Hit>().map(|hit| hit.damage), frames(2)).await;
                    let alarm = race(me.on_event::<Alarm>().map(|alarm| alarm.0), next_frame()).await;
                    if let (Race::First(hit), Race::First(alarm)) = (hit, alarm) {
                        assert!(hit <= alarm + 1_000_000);
                    }
                    round(me)?;
                }
            }),
            // Listens, for a while, and for good.
            Script::new(async move |me: Me| {
                let mut hits = me.on::<Hit>().map(|hit| hit.damage).listen();
                loop {
                    let mut notes = me.message::<Note>().map(|note| note.0).listen().bounded(2);
                    hits.next().await;
                    notes.next().await;
                    while hits.try_next().is_some() {}
                    round(me)?;
                }
            }),
            // Watches.
            Script::new(async move |me: Me| {
                loop {
                    me.changed::<Health>().await?;
                    me.until(|health: &Health| health.0 % 2 == 0).await?;
                    me.until(|(health, _): (&Health, Option<&Rounds>)| (health.0 % 2 == 1).then_some(health.0)).await?;
                    me.until_resource(|score: &Score| score.0 % 2 == 0).await?;
                    let Race::Second(()) = race(me.despawned(), next_frame()).await else { panic!("it lives") };
                    round(me)?;
                }
            }),
            // Does things to the world, and cleans up.
            Script::new(async move |me: Me| {
                loop {
                    let _clean = me.defer(|world| world.resource_mut::<Score>().0 += 1);
                    let sum = me.run(|all: Query<&Health>, mut last: Local<i64>, score: Res<Score>| {
                        *last += all.iter().map(|health| health.0).sum::<i64>() - score.0;
                        *last
                    })?;
                    me.write_message(Note(sum))?;
                    me.other(owner).trigger(|entity| Hit { entity, damage: 1 })?;
                    me.trigger(Alarm(2))?;
                    me.resource_mut(|mut score: Mut<Score>| score.0 += 1)?;
                    me.with(|(mut health, rounds): (Mut<Health>, &Rounds)| health.0 = rounds.0 as i64)?;
                    let Race::Second(()) = race(me.finished(unending(me)?), next_frame()).await else {
                        panic!("it doesn't end")
                    };
                    round(me)?;
                }
            }),
        ];
        for script in scripts {
            world.spawn((script, ScriptOf(owner)));
        }
    }
}

/// The id of the first script of the owner but this one.
fn unending(me: Me) -> Result<framestep::ScriptId, BevyError> {
    let first = me.read(|scripts: &framestep::Scripts| scripts.iter().next())?.ok_or("it has scripts")?;
    script_of(me, first)
}

#[test]
fn waits_and_changes_allocate_nothing_once_warm() {
    let mut world = World::new();
    world.init_resource::<Messages<Note>>();
    world.insert_resource(Score(0));
    inhabit(&mut world, 20);
    let mut run = |frames: u64| {
        for frame in 0..frames {
            step_scripts(&mut world);
            world.write_message(Note(frame as i64));
            world.resource_mut::<Messages<Note>>().update();
        }
    };
    run(WARM_UP);
    assert_eq!(allocations(|| run(FRAMES / 10)), 0);
    let rounds: Vec<u64> = world.query::<&Rounds>().iter(&world).map(|rounds| rounds.0).collect();
    assert!(rounds.iter().all(|rounds| *rounds > FRAMES / 10), "{rounds:?}");
}

#[test]
fn what_comes_and_goes_leaves_nothing_behind() {
    let mut world = World::new();
    world.init_resource::<Messages<Note>>();
    let target = world.spawn(Health(1)).id();
    // Entities that are there already: Bevy itself holds more with each that is spawned.
    let others: Vec<Entity> = world.spawn_batch((0..50).map(Health)).collect();
    world.spawn(Script::new(async move |me: Me| {
        for round in 0.. {
            let other = others[round % others.len()];
            let lost = race(me.other(other).on::<Hit>().map(|hit| hit.damage), next_frame()).await;
            assert!(matches!(lost, Race::Second(())));
            let _listener = me.message::<Note>().map(|note| note.0).listen();
            let _loser = race(me.on_event::<Alarm>().map(|alarm| alarm.0), next_frame()).await;
            // Owned by this one, which goes on, and waited for.
            me.other(other).insert(Script::new(async |_: Me| Ok(())).owned_by(me.id()))?;
            me.finished(script_of(me, other)?).await;
            let _loser = race(me.finished(script_of(me, target)?), next_frame()).await;
        }
        Ok(())
    }));
    world.entity_mut(target).insert(Script::new(async |_: Me| std::future::pending().await));
    let mut run = |frames: u64| {
        for _ in 0..frames {
            step_scripts(&mut world);
            // As an app does once a frame.
            world.resource_mut::<Messages<Note>>().update();
            world.clear_trackers();
        }
    };
    run(WARM_UP);
    assert_eq!(held(|| run(FRAMES)), 0);
    assert_eq!(world.resource::<framestep::ScriptRegistry>().running(), 2);
}

/// The id of an entity's script.
fn script_of(me: Me, entity: Entity) -> Result<framestep::ScriptId, BevyError> {
    Ok(me.other(entity).read(|script: &Script| script.id())?.ok_or("it is enlisted")?)
}
