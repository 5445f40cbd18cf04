//! Scripts that fail, and what Bevy's error handler hears of it.

use std::cell::RefCell;
use std::time::Duration;

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler, Severity};
use bevy_ecs::prelude::*;
use framestep::{
    Executor, FailureKind, Me, Script, ScriptError, ScriptExecutor, ScriptFailure, ScriptOf, ScriptRegistry, Scripts,
    next_frame, race, step_scripts,
};

use super::{Health, Log, steps};

thread_local! {
    static HEARD: RefCell<Vec<BevyError>> = const { RefCell::new(Vec::new()) };
}

fn hear(error: BevyError, _: ErrorContext) {
    HEARD.with_borrow_mut(|heard| heard.push(error));
}

fn world() -> World {
    HEARD.take();
    let mut world = World::new();
    world.insert_resource(FallbackErrorHandler(hear));
    world
}

/// What was heard: severity, script and message, without the place in the source.
fn heard() -> Vec<String> {
    HEARD
        .take()
        .iter()
        .map(|error| {
            let failure: &ScriptFailure = error.downcast_ref().expect("a script's failure");
            let what = match &failure.kind {
                FailureKind::Error(error) => format!("error {}", error.to_string().trim_end()),
                FailureKind::Panic(message) => format!("panic {message}"),
                other => format!("{other:?}"),
            };
            format!("{:?}: {}: {what}", error.severity(), failure.name)
        })
        .collect()
}

#[test]
fn an_error_is_told_and_ends_only_its_script() {
    let (mut world, log) = (world(), Log::default());
    let before = line!();
    let script = Script::named("guard", async |me: Me| {
        me.read(|_: &Health| ())?;
        Ok(())
    });
    let made_at = script.spawned_at();
    assert_eq!((made_at.file(), made_at.line()), (file!(), before + 1));
    let owner = world.spawn(script).id();
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        next_frame().await;
        say.say("unharmed");
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(log.words(), "unharmed");
    assert!(world.get::<Script>(owner).is_none() && world.get_entity(owner).is_ok());
    let told = HEARD.take();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].severity(), Severity::Error, "not one that ends the game");
    let health = std::any::type_name::<Health>();
    assert_eq!(
        told[0].to_string().lines().next().unwrap(),
        format!(
            "script `guard` of entity {owner}, spawned at {made_at}, failed: entity {owner} has no component \
             `{health}`: insert it first, or handle this error"
        )
    );
}

#[test]
fn a_panic_is_told_and_ends_only_its_script() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    let owner = world
        .spawn(Script::named("bomb", async move |_: Me| {
            let _last = say.last_word("dropped");
            next_frame().await;
            panic!("boom {}", 1)
        }))
        .id();
    let say = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        loop {
            say.say("unharmed");
            next_frame().await;
        }
    }));
    steps(&mut world, 3);
    assert_eq!(log.words(), "unharmed | dropped | unharmed | unharmed");
    assert_eq!(heard(), ["Error: bomb: panic boom 1"]);
    assert!(world.get::<Script>(owner).is_none() && world.get_entity(owner).is_ok());
    assert_eq!(world.resource::<ScriptRegistry>().running(), 1);
}

#[test]
fn what_is_told_names_the_wait_that_the_script_went_on_from() {
    let mut world = world();
    let before = line!();
    world.spawn(Script::named("error", async |_: Me| {
        next_frame().await;
        Err("no more".into())
    }));
    let panic = Script::named("panic", async |me: Me| {
        race(next_frame(), me.until(|health: &Health| health.0 > 1)).await;
        panic!("no less")
    });
    world.spawn((Health(1), panic));
    world.spawn(Script::named("at once", async |me: Me| Ok(me.until(|_: &Health| false).await?)));
    steps(&mut world, 2);
    let told: Vec<String> = HEARD.take().iter().map(|error| error.to_string().lines().next().unwrap().into()).collect();
    let has = |parts: &[&str]| told.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    let after = |line: u32| format!("after the wait at {}:{}:", file!(), before + line);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("`at once`") && !told[0].contains("after the wait"), "{told:?}");
    assert!(has(&["`error`", "failed", &after(2), ": no more"]), "{told:?}");
    assert!(has(&["`panic`", "panicked", &after(6), ": no less"]), "{told:?}");
}

#[test]
fn what_fails_is_told_in_order_and_a_lower_severity_is_kept() {
    let mut world = world();
    let owner = world.spawn_empty().id();
    world.spawn(Script::named("first", async |_: Me| Err("one".into())));
    world.spawn((Script::named("second", async |_: Me| panic!("two")), ScriptOf(owner)));
    world.spawn(Script::named("third", async |_: Me| Err(BevyError::warning("three"))));
    step_scripts(&mut world);
    assert_eq!(heard(), ["Error: first: error one", "Error: second: panic two", "Warning: third: error three"]);
    assert!(world.get::<Scripts>(owner).is_none(), "the script entity of one that panicked is despawned, too");
}

#[test]
fn a_destructor_that_panics_is_told() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }
    let mut world = world();
    let bomb = || {
        Script::named("bomb", async |_: Me| {
            let _bomb = Bomb;
            std::future::pending().await
        })
    };
    let between = world.spawn(bomb()).id();
    let within = world.spawn(bomb()).id();
    world.spawn(Script::new(async move |me: Me| {
        next_frame().await;
        me.world(|world| world.despawn(within))?;
        Ok(())
    }));
    step_scripts(&mut world);
    step_scripts(&mut world);
    let told = heard();
    assert!(told.len() == 1 && told[0].starts_with("Error: bomb: panic in drop"), "{told:?}");
    world.despawn(between);
    step_scripts(&mut world);
    let told = heard();
    assert!(told.len() == 1 && told[0].starts_with("Error: bomb: panic in drop"), "{told:?}");
}

#[test]
fn a_script_that_despawned_itself_may_miss_its_entity_but_not_fail_otherwise() {
    let mut world = world();
    world.spawn(Script::named("expected", async |me: Me| {
        me.world(|world| world.despawn(me.entity()))?;
        me.read(|_: &Health| ())?;
        Ok(())
    }));
    world.spawn(Script::named("other", async |me: Me| {
        me.world(|world| world.despawn(me.entity()))?;
        Err("something else".into())
    }));
    world.spawn(Script::named("panic", async |me: Me| {
        me.world(|world| world.despawn(me.entity()))?;
        panic!("too")
    }));
    step_scripts(&mut world);
    assert_eq!(heard(), ["Error: other: error something else", "Error: panic: panic too"]);
}

#[test]
fn a_handler_that_panics_hears_the_rest_with_the_next_step() {
    let mut world = world();
    world.insert_resource(FallbackErrorHandler(|error, context| {
        let is_first = HEARD.with_borrow(Vec::is_empty);
        hear(error, context);
        assert!(!is_first, "the handler's own panic");
    }));
    world.spawn(Script::named("first", async |_: Me| Err("one".into())));
    world.spawn(Script::named("second", async |_: Me| Err("two".into())));
    let stepped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| step_scripts(&mut world)));
    assert!(stepped.is_err());
    step_scripts(&mut world);
    assert_eq!(heard(), ["Error: first: error one", "Error: second: error two"]);
}

#[test]
fn a_script_beyond_the_limit_is_refused_and_told() {
    let (mut world, log) = (world(), Log::default());
    world.insert_non_send(ScriptExecutor::new(Executor::builder().max_tasks(1).build()));
    let mut owners = Vec::new();
    for name in ["first", "second"] {
        let say = log.clone();
        owners.push(
            world
                .spawn(Script::named(name, async move |_: Me| {
                    loop {
                        say.say(name);
                        next_frame().await;
                    }
                }))
                .id(),
        );
    }
    step_scripts(&mut world);
    assert_eq!(log.words(), "first");
    assert_eq!(heard(), ["Error: second: Refused(MaxTasks)"]);
    assert!(world.get::<Script>(owners[1]).is_none());
    assert_eq!(world.resource::<ScriptRegistry>().running(), 1);
}

#[test]
fn a_script_that_doesnt_let_go_is_put_off_and_told() {
    let mut world = world();
    world.insert_non_send(ScriptExecutor::new(Executor::builder().script_polls(10).build()));
    world.spawn(Script::named("spinner", async |_: Me| {
        loop {
            spin().await;
        }
    }));
    step_scripts(&mut world);
    let told = heard();
    assert!(told.len() == 1 && told[0].starts_with("Warning: spinner: PutOff("), "{told:?}");
}

/// Wakes itself at once.
async fn spin() {
    let mut first = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
}

#[test]
fn a_task_that_is_cancelled_on_the_executor_leaves_no_script_behind() {
    let mut world = world();
    let owner = world.spawn(Script::named("gone", async |_: Me| std::future::pending().await)).id();
    step_scripts(&mut world);
    let executor = world.non_send::<ScriptExecutor>().executor();
    let mut task = None;
    executor.for_each_task(|info| task = (info.name == "gone").then_some(info.id));
    assert!(executor.cancel(task.unwrap()));
    framestep::step_scripts_by(&mut world, Duration::ZERO);
    assert!(world.get::<Script>(owner).is_none());
    assert_eq!(heard(), [""; 0]);
}

#[test]
fn error_messages_say_what_to_do() {
    let entity = Entity::from_raw_u32(7).unwrap();
    for (error, advice) in [
        (ScriptError::NoSuchEntity { entity }, "check it"),
        (ScriptError::MissingComponent { entity, component: "C" }, "insert it first"),
        (ScriptError::MissingResource { resource: "R" }, "insert it first"),
        (ScriptError::Reentrant, "after it has returned"),
        (ScriptError::OutsideStep, "only while"),
        (ScriptError::WorldReplaced, "between steps"),
    ] {
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[test]
fn a_panic_has_its_place_wherever_in_a_script_it_happens() {
    struct Stubborn(bool);
    impl Future for Stubborn {
        type Output = Result;

        fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Result> {
            panic!("in a future written by hand");
        }
    }
    impl Drop for Stubborn {
        fn drop(&mut self) {
            assert!(self.0 == std::thread::panicking(), "dropped while it unwinds");
        }
    }
    fn in_closure(_: Me) -> std::future::Ready<Result> {
        panic!("in the closure");
    }
    let mut world = world();
    world.spawn(Script::named("first", async |_: Me| Err("an error".into())));
    world.spawn(Script::named("second", |_: Me| Stubborn(true)));
    world.spawn(Script::named("third", in_closure));
    world.spawn(Script::named("fourth", async |_: Me| Err("another".into())));
    step_scripts(&mut world);
    let heard = heard();
    let told: Vec<_> = ["an error", "in a future written by hand", "in the closure", "another"]
        .iter()
        .zip(&heard)
        .map(|(what, heard)| heard.contains(what))
        .collect();
    assert_eq!((heard.len(), told), (4, vec![true; 4]), "{heard:?}");
    assert_eq!(world.query::<&Script>().iter(&world).count(), 0);
}

#[test]
fn a_script_that_escalates_keeps_its_severity() {
    let mut world = world();
    let fatal = || Err(BevyError::new(Severity::Panic, "an error"));
    world.spawn(Script::named("plain", async move |_: Me| fatal()));
    world.spawn(Script::named("fatal", async move |_: Me| fatal()).escalate());
    world.spawn(Script::named("error", async |_: Me| Err(BevyError::error("an error"))).escalate());
    world.spawn(Script::named("warning", async |_: Me| Err(BevyError::warning("an error"))).escalate());
    world.spawn(Script::named("panic", async |_: Me| panic!("a panic")));
    world.spawn(Script::named("fatal panic", async |_: Me| panic!("a panic")).escalate());
    step_scripts(&mut world);
    assert_eq!(
        heard(),
        [
            "Error: plain: error an error",
            "Panic: fatal: error an error",
            "Error: error: error an error",
            "Warning: warning: error an error",
            "Error: panic: panic a panic",
            "Panic: fatal panic: panic a panic",
        ]
    );
}
