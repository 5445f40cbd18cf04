//! Scripts on entities, and one fault in one of them.
//!
//! Rule: as in `faults`. Beside that, a clean-up (`defer`) runs once if it was armed, the game is told of each panic
//! once and of nothing else, and a script that is owned by one that is gone, or lives on what is gone, is gone too.
//! Where a script is cancelled its owner is despawned, in the pause after the frame.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::pin::pin;

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{
    FailureKind, Me, Race, Script, ScriptExecutor, ScriptFailure, ScriptRegistry, frames, next_frame, race,
    step_scripts,
};

use super::cast::{Fault, Plan};

#[derive(Component)]
struct Health(i32);

#[derive(Message)]
struct Note(u32);

#[derive(EntityEvent)]
struct Hit {
    entity: Entity,
}

#[derive(Event)]
struct Bang;

#[derive(Component)]
struct Marked;

#[derive(Resource)]
struct Score(u32);

#[derive(Default)]
struct Record {
    act: &'static str,
    polls: u32,
    drops: u32,
    armed: u32,
    cleaned: u32,
}

#[derive(Default)]
struct Story {
    plan: Option<Plan>,
    scripts: Vec<Record>,
    acts: BTreeMap<&'static str, Vec<String>>,
    hit: Option<Entity>,
    /// Whether the fault was to cancel a script that was alive.
    cancelled: bool,
    told: Vec<String>,
}

thread_local! {
    static STORY: RefCell<Story> = RefCell::default();
}

fn with<R>(act: impl FnOnce(&mut Story) -> R) -> R {
    STORY.with_borrow_mut(act)
}

fn note(number: usize, what: &str, change: impl FnOnce(&mut Record)) {
    with(|story| {
        let record = &mut story.scripts[number];
        change(record);
        story.acts.entry(record.act).or_default().push(format!("{number} {what}"));
    });
}

fn tell(error: BevyError, _: ErrorContext) {
    let failure = error.downcast_ref::<ScriptFailure>().expect("a script's");
    let FailureKind::Panic(message) = &failure.kind else { panic!("{failure}") };
    with(|story| story.told.push(message.clone()));
}

struct Dropped(usize);

impl Drop for Dropped {
    fn drop(&mut self) {
        note(self.0, "dropped", |record| record.drops += 1);
    }
}

/// A script that counts its polls and drops, cleans up after itself, and carries out the fault.
fn wrap(act: &'static str, body: impl AsyncFnOnce(Me) -> Result + Send + 'static) -> Script {
    let number = with(|story| {
        story.scripts.push(Record { act, ..Record::default() });
        story.scripts.len() - 1
    });
    let dropped = Dropped(number);
    Script::new(async move |me: Me| {
        let _dropped = dropped;
        let mut has_begun = false;
        let mut body = pin!(async {
            note(number, "armed", |record| record.armed += 1);
            let _clean = me.defer(move |_| note(number, "cleaned", |record| record.cleaned += 1));
            body(me).await
        });
        std::future::poll_fn(move |context| {
            let mut polls = 0;
            note(number, if std::mem::replace(&mut has_begun, true) { "resumed" } else { "begun" }, |record| {
                record.polls += 1;
                polls = record.polls;
            });
            let plan = with(|story| story.plan);
            let fault = plan.filter(|plan| plan.script == number && plan.poll == polls).map(|plan| plan.fault);
            if fault.is_some() {
                with(|story| story.hit = Some(me.entity()));
            }
            if fault == Some(Fault::PanicsBefore) {
                resume_unwind(Box::new("fault"));
            }
            let polled = body.as_mut().poll(context);
            if fault == Some(Fault::PanicsAfter) {
                resume_unwind(Box::new("fault"));
            }
            polled
        })
        .await
    })
}

/// Starts all acts.
fn begin(world: &mut World) {
    let patient = world.spawn(Health(3)).id();
    world.spawn(wrap("condition", async move |me: Me| {
        me.other(patient).until(|health: &Health| health.0 <= 0).await?;
        let _ = race(me.other(patient).changed::<Health>(), frames(2)).await;
        Ok(())
    }));
    world.spawn(wrap("condition", async move |me: Me| {
        for _ in 0..3 {
            next_frame().await;
            me.other(patient).with(|mut health: Mut<Health>| health.0 -= 1)?;
        }
        Ok(())
    }));

    world.insert_resource(Score(0));
    world.spawn(wrap("resource", async |me: Me| {
        me.until_resource(|score: &Score| score.0 >= 2).await?;
        me.until_world(|world: &World| world.resource::<Score>().0 >= 4).await;
        Ok(())
    }));
    world.spawn(wrap("resource", async |me: Me| {
        for _ in 0..4 {
            next_frame().await;
            me.resource_mut(|mut score: Mut<Score>| score.0 += 1)?;
        }
        Ok(())
    }));

    world.spawn(wrap("messages", async |me: Me| {
        let mut notes = me.message::<Note>().map(|note| note.0).listen();
        while notes.next().await < 3 {}
        Ok(())
    }));
    world.spawn(wrap("messages", async |me: Me| {
        for number in 0..4 {
            me.write_message(Note(number))?;
            next_frame().await;
        }
        Ok(())
    }));

    let target = world.spawn(wrap("events", async |me: Me| {
        me.on::<Hit>().map(|_| ()).await;
        let _ = race(me.on::<Hit>().map(|_| ()), frames(4)).await;
        Ok(())
    }));
    let target = target.id();
    world.spawn(wrap("events", async move |me: Me| {
        for _ in 0..2 {
            frames(2).await;
            // It may be gone.
            if me.other(target).trigger(|entity| Hit { entity }).is_err() {
                break;
            }
        }
        Ok(())
    }));

    let thing = world.spawn_empty().id();
    world.spawn(wrap("changes", async move |me: Me| {
        me.on_event::<Bang>().map(|_| ()).await;
        me.other(thing).added::<Marked>().await;
        me.other(thing).removed::<Marked>().await;
        next_frame().await;
        Ok(())
    }));
    world.spawn(wrap("changes", async move |me: Me| {
        frames(2).await;
        me.trigger(Bang)?;
        frames(2).await;
        me.other(thing).insert(Marked)?;
        frames(2).await;
        me.other(thing).remove::<Marked>()?;
        Ok(())
    }));

    world.spawn(wrap("owned", async |me: Me| {
        let owned = wrap("owned", async |_: Me| {
            loop {
                next_frame().await
            }
        });
        me.spawn_script(owned.owned_by(me.id()))?;
        let other = me.spawn_script(wrap("owned", async |_: Me| {
            frames(2).await;
            Ok(())
        }))?;
        me.finished(other).await;
        next_frame().await;
        Ok(())
    }));

    let victim = world.spawn(wrap("despawned", async |_: Me| {
        loop {
            next_frame().await
        }
    }));
    let victim = victim.id();
    world.spawn(wrap("despawned", async move |me: Me| {
        frames(3).await;
        me.world(|world| world.despawn(victim))?;
        next_frame().await;
        Ok(())
    }));
    world.spawn(wrap("despawned", async move |me: Me| {
        let Race::First(()) = race(me.other(victim).despawned(), frames(20)).await else { panic!("it lives for ever") };
        Ok(())
    }));
}

/// The step after a script's owner was despawned has dropped it, and not polled it first.
fn assert_gone(killed: Option<(Plan, u32)>) {
    let Some((plan, polls)) = killed else { return };
    with(|story| {
        let record = &story.scripts[plan.script];
        assert_eq!((record.polls, record.drops, record.cleaned), (polls, 1, record.armed), "{plan:?}: it is gone");
    });
}

/// Plays all acts with one fault, or none.
fn play(plan: Option<Plan>) -> Story {
    with(|story| *story = Story { plan, ..Story::default() });
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(tell));
    world.init_resource::<Messages<Note>>();
    begin(&mut world);
    let mut killed = None;
    for frame in 0..12 {
        with(|story| story.acts.values_mut().for_each(|lines| lines.push(format!("frame {frame}"))));
        step_scripts(&mut world);
        world.resource_mut::<Messages<Note>>().update();
        assert_gone(killed.take());
        if let Some(plan) = plan
            && plan.fault == Fault::IsCancelled
            && let Some(owner) = with(|story| story.hit.take())
        {
            // It may have ended in this poll, or in a later one of the same step.
            let polls = with(|story| {
                let record = &story.scripts[plan.script];
                story.cancelled = record.drops == 0;
                record.polls
            });
            world.despawn(owner);
            killed = Some((plan, polls));
        }
    }
    let left: Vec<Entity> = world.query_filtered::<Entity, With<Script>>().iter(&world).collect();
    left.into_iter().for_each(|script| _ = world.despawn(script));
    step_scripts(&mut world);
    assert_gone(killed);
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0, "{plan:?}");
    assert_eq!(world.non_send::<ScriptExecutor>().executor().live(), 0, "{plan:?}");
    with(std::mem::take)
}

#[test]
fn every_script_on_an_entity_may_panic_in_every_poll_and_die_at_every_await() {
    let whole = play(None);
    assert_eq!(whole.told, [""; 0]);
    let mut plans = Vec::new();
    for (script, record) in whole.scripts.iter().enumerate() {
        for poll in 1..=record.polls {
            plans.extend(Fault::ALL.map(|fault| Plan { script, poll, fault }));
        }
    }
    println!("{} faults", plans.len());
    assert!(plans.len() > 140, "{}", plans.len());
    let mut cancelled = 0;
    for &plan in plans.iter().step_by(if cfg!(miri) { 29 } else { 1 }) {
        let story = play(Some(plan));
        cancelled += u32::from(story.cancelled);
        for record in &story.scripts {
            assert_eq!((record.drops, record.cleaned), (1, record.armed), "{plan:?}: a script of `{}`", record.act);
        }
        let told = if plan.fault == Fault::IsCancelled { vec![] } else { vec!["fault"] };
        assert_eq!(story.told, told, "{plan:?}");
        let hit = whole.scripts[plan.script].act;
        let words = |line: &String| line.split_once(' ').map(|(_, rest)| rest.to_owned());
        for (act, lines) in whole.acts.iter().filter(|(act, _)| **act != hit) {
            let told: Vec<_> = story.acts[act].iter().map(words).collect();
            assert_eq!(told, lines.iter().map(words).collect::<Vec<_>>(), "{plan:?}: {act}");
        }
    }
    assert!(cancelled > if cfg!(miri) { 0 } else { 20 }, "{cancelled} cancelled while they were alive");
}
