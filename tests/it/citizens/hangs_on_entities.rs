//! Scripts on entities that never return, and the plugin's watchdog.
//!
//! Rule: as in `hangs`: what is heard of is one name alone. An error handler is a plain function, so what it needs
//! stands in statics; each test has a handler of its own.

use std::sync::{
    Mutex,
    mpsc::{Receiver, Sender, channel},
};

use bevy_app::App;
use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler, Severity};
use framestep::{FramestepPlugin, Me, Script, ScriptExecutor};

use super::*;
use crate::words::hear;

/// What a handler is told, and whom it lets go.
type Line = Mutex<Option<(Sender<String>, Sender<()>)>>;

/// The name of who hangs.
const HANGS: &str = "hangs";

/// Sends what is said of who hangs, and lets it go.
fn pass_on(line: &Line, error: &BevyError) {
    let told = format!("{:?} {error}", error.severity());
    if told.contains(&format!("`{HANGS}`")) {
        let line = line.lock().expect("nobody panics with it");
        let (tell, let_go) = line.as_ref().expect("the test has set it up");
        tell.send(told).expect("the test listens");
        let_go.send(()).expect("the script hangs");
    }
}

/// Hangs until a handler lets it go.
fn wait_for(let_go: &Mutex<Receiver<()>>) {
    hear(&let_go.lock().expect("nobody panics with it"), "the watchdog lets it go");
}

/// What a handler was told.
fn heard(told: &Receiver<String>) -> String {
    hear(told, "the watchdog tells who hangs")
}

/// An app whose script hangs until a handler with this line is told of it.
fn app(line: &Line, plugin: FramestepPlugin, handler: fn(BevyError, ErrorContext)) -> (App, Receiver<String>) {
    let (tell, told) = channel();
    let (let_go, hang) = channel();
    *line.lock().expect("nobody panics with it") = Some((tell, let_go));
    let hang = Mutex::new(hang);
    let mut app = App::new();
    app.insert_resource(FallbackErrorHandler(handler)).add_plugins(plugin);
    app.world_mut().spawn(Script::named(HANGS, async move |_: Me| {
        wait_for(&hang);
        Ok(())
    }));
    (app, told)
}

#[test]
fn the_plugin_has_the_error_handler_told_of_a_script_that_hangs() {
    static LINE: Line = Mutex::new(None);
    let plugin = FramestepPlugin.with_watchdog(Duration::from_millis(1));
    let (mut app, told) = app(&LINE, plugin, |error, _| pass_on(&LINE, &error));
    app.update();
    let told = heard(&told);
    assert!(
        told.starts_with(&format!("{:?} script `{HANGS}` (number 1, spawned at {}:", Severity::Error, file!())),
        "{told}"
    );
}

#[test]
fn an_executor_that_was_built_with_a_watchdog_keeps_its_own() {
    static LINE: Line = Mutex::new(None);
    let plugin = FramestepPlugin.with_watchdog(Duration::from_millis(1));
    let (mut app, told) = app(&LINE, plugin, |error, _| pass_on(&LINE, &error));
    let own = Executor::builder().watchdog(Duration::from_millis(1), |stuck| {
        if let Some(script) = stuck.script {
            pass_on(&LINE, &format!("own `{}`", script.name).into());
        }
    });
    app.insert_non_send(ScriptExecutor::new(own.build()));
    app.update();
    let told = heard(&told);
    assert!(told.contains(&format!(" own `{HANGS}`")), "{told}");
}

#[test]
fn an_executor_that_takes_the_place_of_another_is_watched_as_well() {
    static LINE: Line = Mutex::new(None);
    let plugin = FramestepPlugin.with_watchdog(Duration::from_millis(1));
    let (mut app, told) = app(&LINE, plugin, |error, _| pass_on(&LINE, &error));
    app.update();
    heard(&told);
    assert_eq!(told.try_recv().ok(), None, "once");
    app.insert_non_send(ScriptExecutor::new(Executor::new()));
    let (let_go, hang) = channel();
    LINE.lock().expect("nobody panics with it").as_mut().expect("it was set up").1 = let_go;
    let hang = Mutex::new(hang);
    app.world_mut().spawn(Script::named(HANGS, async move |_: Me| {
        wait_for(&hang);
        Ok(())
    }));
    app.update();
    let told = heard(&told);
    assert!(told.contains("(number 1,"), "of another executor: {told}");
}

#[test]
fn the_plugin_is_set_to_watch_debug_builds_unless_it_is_told_otherwise() {
    // What the setting does to the executor is shown above; five seconds are too long to wait for here.
    let watchdog =
        |plugin: FramestepPlugin| format!("{plugin:?}").split_once("watchdog: ").expect("it says").1.to_owned();
    let by_default = if cfg!(debug_assertions) { "Some(5s) }" } else { "None }" };
    assert_eq!(watchdog(FramestepPlugin), by_default);
    assert_eq!(watchdog(FramestepPlugin.without_watchdog()), "None }");
}
