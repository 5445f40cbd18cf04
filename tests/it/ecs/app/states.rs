//! Waits for states, and scripts that a state owns.

use bevy_app::{App, Startup};
use bevy_ecs::prelude::*;
use bevy_state::app::{AppExtStates, StatesPlugin};
use bevy_state::prelude::*;
use framestep::{Me, Script, ScriptRegistry, next_frame};

use super::{Log, frame, millis, talker};

#[derive(States, Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Game {
    #[default]
    Playing,
    Menu,
    Over,
}

fn app() -> App {
    let mut app = super::app();
    app.add_plugins(StatesPlugin).init_state::<Game>();
    app
}

fn set(app: &mut App, state: Game) {
    app.world_mut().resource_mut::<NextState<Game>>().set(state);
}

/// A script that says when a state is entered and left.
fn watcher(log: &Log, state: Game) -> impl Bundle {
    let say = log.clone();
    let entered = Script::new(async move |me: Me| {
        loop {
            me.entered(state).await;
            say.say(format!("{state:?} entered"));
        }
    });
    let say = log.clone();
    let left = Script::new(async move |me: Me| {
        loop {
            me.left(state).await;
            say.say(format!("{state:?} left"));
        }
    });
    (entered, framestep::Scripts::spawn_one(left))
}

#[test]
fn a_state_is_waited_for_from_the_call_on() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(watcher(&log, Game::Playing));
    frame(&mut app, millis(1));
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "", "it was entered before");
    set(&mut app, Game::Menu);
    assert_eq!(log.words(), "");
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "Playing left");
    set(&mut app, Game::Playing);
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "Playing entered");
}

#[test]
fn a_state_that_is_entered_and_left_within_a_frame_is_seen() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(watcher(&log, Game::Menu));
    frame(&mut app, millis(1));
    set(&mut app, Game::Menu);
    app.world_mut().run_schedule(StateTransition);
    set(&mut app, Game::Over);
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "Menu entered | Menu left");
}

#[test]
fn a_transition_to_the_same_state_counts_where_it_was_asked_for() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(watcher(&log, Game::Playing));
    frame(&mut app, millis(1));
    app.world_mut().resource_mut::<NextState<Game>>().set_if_different(Game::Playing);
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "");
    set(&mut app, Game::Playing);
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "Playing entered | Playing left");
}

#[test]
fn a_script_asks_for_the_state_and_sets_it() {
    let (mut app, log) = (app(), Log::default());
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |me: Me| {
        say.say(format!("{:?}", me.state::<Game>()?));
        let over = me.entered(Game::Over);
        me.set_state(Game::Menu)?;
        me.set_state(Game::Over)?;
        say.say(format!("{:?}", me.state::<Game>()?));
        over.await;
        say.say(format!("{:?}", me.state::<Game>()?));
        Ok(())
    }));
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "Playing | Playing");
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "Over");
}

#[test]
fn without_the_state_there_is_an_error() {
    let (mut app, log) = (super::app(), Log::default());
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |me: Me| {
        say.say(me.state::<Game>().unwrap_err().to_string());
        say.say(me.set_state(Game::Over).unwrap_err().to_string());
        Ok(())
    }));
    frame(&mut app, millis(1));
    let words = log.words();
    assert!(words.contains("State<it::ecs::app::states::Game>`: insert it first"), "{words}");
    assert!(words.contains("NextState<it::ecs::app::states::Game>`: insert it first"), "{words}");
}

#[test]
fn a_script_that_a_state_owns_goes_with_it() {
    let (mut app, log) = (app(), Log::default());
    let last = log.clone();
    app.world_mut().spawn((
        DespawnOnExit(Game::Playing),
        Script::new(async move |me: Me| {
            let _last = last.last_word("gone");
            loop {
                last.say("on");
                // It asks for the end of its own state, and isn't resumed in the next.
                if me.resource(|registry: &ScriptRegistry| registry.last_report().frame)? == 3 {
                    me.set_state(Game::Over)?;
                }
                next_frame().await;
            }
        }),
    ));
    app.world_mut().spawn(talker(&log, "other"));
    app.add_systems(OnEnter(Game::Over), {
        let log = log.clone();
        move || log.say("over")
    });
    for _ in 0..4 {
        frame(&mut app, millis(1));
        log.say("-");
    }
    assert_eq!(log.words(), "on | other | - | on | other | - | on | other | - | over | gone | other | -");
    assert_eq!(app.world().resource::<ScriptRegistry>().running(), 1);
}

#[test]
fn a_wait_hears_of_the_first_state_if_it_is_there_before() {
    let (mut app, log) = (super::app(), Log::default());
    let say = log.clone();
    app.add_plugins(StatesPlugin);
    app.add_systems(Startup, || unreachable!("the app has started"));
    app.world_mut().spawn(Script::new(async move |me: Me| {
        me.entered(Game::Playing).await;
        say.say("first");
        Ok(())
    }));
    frame(&mut app, millis(1));
    app.init_state::<Game>();
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "first");
}
