//! Recordings of whole apps: assets that come when they were recorded, and Bevy's own order of systems.

use std::time::Duration;

use bevy_app::{App, PostUpdate, Update};
use bevy_asset::{AssetEventSystems, AssetServer};
use bevy_ecs::prelude::*;
use framestep::replay::{
    AppGame, Detail, HashWorld, InputPort, Recorder, Recording, Setup, Verify, VerifyError, ambiguities,
    assert_no_ambiguities,
};
use framestep::{FramestepPlugin, Script, ScriptExecutor, ScriptSystems, current_frame, next_frame};

use crate::assets::{load, with_files};
use crate::{Log, twice};

/// A game of a script that waits for a text, twice, and says in which frame it was there; with its gate.
fn game(setup: &Setup, app: App, log: &Log) -> (AppGame<()>, async_channel::Sender<()>) {
    let (mut app, open) = with_files(app, &[("hello.txt", "hello")]);
    app.insert_non_send(ScriptExecutor::new(setup.builder().build()));
    let say = log.clone();
    app.world_mut().spawn(Script::named("reader", async move |me| {
        let hello = load(me, "hello.txt")?;
        me.loaded(&hello).await?;
        say.say(format!("there in frame {}", current_frame()));
        me.loaded(&hello).await?;
        say.say(format!("and in frame {}", current_frame()));
        Ok(())
    }));
    (AppGame::with_port(app, InputPort::new(|_| (), |_, ()| ())), open)
}

/// A recording in which the text is there in some frame behind the tenth, and what was said.
fn recorded(app: App) -> (Recording, String) {
    let (log, setup) = (Log::default(), Setup::new(7));
    let (mut game, open) = game(&setup, app, &log);
    let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut game).unwrap();
    let mut words = String::new();
    for frame in 0..1_000_000 {
        recorder.frame(&mut game, &(), Duration::from_millis(1)).unwrap();
        if frame == 10 {
            open.try_send(()).unwrap();
        }
        words += &log.words();
        if !words.is_empty() {
            break;
        }
        std::thread::yield_now();
    }
    for _ in 0..5 {
        recorder.frame(&mut game, &(), Duration::from_millis(1)).unwrap();
    }
    (Recording::from_bytes(recorder.finish(&mut game).unwrap()).unwrap(), words)
}

#[test]
fn an_asset_that_comes_early_is_waited_for_up_to_its_frame() {
    twice(|app| {
        let (recording, words) = recorded(app());
        let log = Log::default();
        let replayed = Verify::new(recording).run(|setup| {
            let (game, open) = game(setup, app(), &log);
            open.try_send(()).unwrap();
            game
        });
        replayed.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(log.words(), words);
    });
}

#[test]
fn a_frame_waits_for_an_asset_that_comes_late() {
    twice(|app| {
        let (recording, words) = recorded(app());
        let log = Log::default();
        let replayed = Verify::new(recording).run(|setup| {
            let (game, open) = game(setup, app(), &log);
            std::thread::spawn(move || {
                for _ in 0..10_000 {
                    std::thread::yield_now();
                }
                open.try_send(())
            });
            game
        });
        replayed.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(log.words(), words);
    });
}

#[test]
fn an_asset_that_never_comes_is_a_fault() {
    let app = || crate::app(false);
    let (recording, _) = recorded(app());
    let log = Log::default();
    let mut gates = Vec::new();
    let error = Verify::new(recording).run(|setup| {
        let (game, open) = game(setup, app(), &log);
        gates.push(open);
        game
    });
    let error = error.err().expect("it can't go as recorded").to_string();
    assert!(error.contains("the asset `hello.txt` was there in the recording, and isn't loaded here"), "{error}");
}

/// Whether the text is there, to a system that looks for it in each frame.
#[derive(Resource, Default)]
struct Seen(bool);

/// A game in which a system looks for a text that a script only holds; with its gate.
fn looking(setup: &Setup) -> (AppGame<()>, async_channel::Sender<()>) {
    let (mut app, open) = with_files(crate::app(false), &[("hello.txt", "hello")]);
    app.insert_non_send(ScriptExecutor::new(setup.builder().build()));
    app.init_resource::<Seen>().hash_resource_by("seen", |seen: &Seen, _| seen.0);
    app.world_mut().spawn(Script::named("holder", async move |me| {
        let _hello = load(me, "hello.txt")?;
        loop {
            next_frame().await;
        }
    }));
    let look = |server: Res<AssetServer>, mut seen: ResMut<Seen>| {
        seen.0 = server.get_path_ids("hello.txt").into_iter().any(|id| server.is_loaded(id));
    };
    app.add_systems(Update, look.before(ScriptSystems::Step));
    (AppGame::with_port(app, InputPort::new(|_| (), |_, ()| ())), open)
}

#[test]
fn an_asset_that_a_system_looks_for_in_each_frame_is_found() {
    let setup = Setup::new(7);
    let (mut game, open) = looking(&setup);
    let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut game).unwrap();
    open.try_send(()).unwrap();
    while !game.app().world().resource::<Seen>().0 {
        assert!(recorder.frames() < 1_000_000, "the text comes");
        recorder.frame(&mut game, &(), Duration::from_millis(1)).unwrap();
        std::thread::yield_now();
    }
    let frames = recorder.frames();
    let recording = Recording::from_bytes(recorder.finish(&mut game).unwrap()).unwrap();

    // Where it isn't loaded yet in that frame, the value that shows it is named.
    let mut gates = Vec::new();
    let found = Verify::new(recording).run(|setup| {
        let (game, open) = looking(setup);
        gates.push(open);
        game
    });
    let Err(VerifyError::Diverged(found)) = found else { panic!("it isn't there: {found:?}") };
    assert_eq!((found.frame, found.state[0].kind.as_str()), (frames, "seen"));
}

#[derive(Resource, Default)]
struct Score(u32);

fn add(mut score: ResMut<Score>) {
    score.0 += 1;
}

fn double(mut score: ResMut<Score>) {
    score.0 *= 2;
}

#[test]
fn what_bevy_brings_along_has_an_order_to_scripts_but_for_asset_events_and_two_systems_of_a_game_are_named() {
    twice(|app| {
        // Without the plain systems of other tests, which nothing orders.
        let _ = app;
        let mut app = App::new();
        app.add_plugins((
            bevy_app::TaskPoolPlugin::default(),
            bevy_time::TimePlugin,
            bevy_state::app::StatesPlugin,
            bevy_asset::AssetPlugin { watch_for_changes_override: Some(false), ..Default::default() },
            FramestepPlugin,
        ));
        app.init_resource::<Score>();
        // Scripts of the lane of `PostUpdate` may change assets, before or after Bevy tells of what has changed.
        let found = ambiguities(app.world_mut());
        assert!(!found.is_empty());
        for ambiguity in found {
            assert!(
                ambiguity.schedule == "PostUpdate" && ambiguity.systems[0].ends_with("asset_events"),
                "{ambiguity}"
            );
        }
        app.configure_sets(PostUpdate, ScriptSystems::Step.before(AssetEventSystems));
        assert_eq!(ambiguities(app.world_mut()), []);
        app.update();
        assert_no_ambiguities(&mut app);
        assert!(app.world().contains_resource::<AssetServer>());

        app.add_systems(Update, (add, double).before(ScriptSystems::Step));
        let words: Vec<String> = ambiguities(app.world_mut()).iter().map(ToString::to_string).collect();
        let module = module_path!();
        assert_eq!(words, [format!("in Update: {module}::add and {module}::double, both on {module}::Score")]);
        app.update();
        assert_eq!(ambiguities(app.world_mut()).len(), 1);
    });
}
