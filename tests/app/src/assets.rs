//! Waiting for assets.

use std::path::Path;
use std::time::Duration;

use bevy_app::App;
use bevy_asset::io::memory::{Dir, MemoryAssetReader};
use bevy_asset::io::{AssetSourceBuilder, AssetSourceId, ErasedAssetReader, Reader};
use bevy_asset::{Asset, AssetApp, AssetLoader, AssetPlugin, AssetServer, Assets, Handle, LoadContext};
use bevy_ecs::error::{BevyError, Result};
use bevy_ecs::world::World;
use bevy_reflect::TypePath;
use framestep::{
    LoadFailure, Me, Race, Script, ScriptError, ScriptRegistry, current_frame, next_frame, race, step_scripts,
};

use crate::{Log, frame, twice, words_to_come};

/// A text, and those that it names by lines `needs <path>`.
#[derive(Asset, TypePath)]
pub(crate) struct Text {
    text: String,
    #[dependency]
    needs: Vec<Handle<Text>>,
}

/// Loads a text when its gate is open.
#[derive(TypePath)]
struct Loader {
    gate: async_channel::Receiver<()>,
}

impl AssetLoader for Loader {
    type Asset = Text;
    type Settings = ();
    type Error = BevyError;

    async fn load(&self, reader: &mut dyn Reader, (): &(), context: &mut LoadContext<'_>) -> Result<Text> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        let text = String::from_utf8(bytes)?;
        // A gate that nobody holds any more is open.
        let _ = self.gate.recv().await;
        let needs = text.lines().filter_map(|line| line.strip_prefix("needs "));
        let needs = needs.map(|path| context.load::<Text>(path.to_owned())).collect();
        if text.contains("broken") { Err("it is broken".into()) } else { Ok(Text { text, needs }) }
    }

    fn extensions(&self) -> &[&str] {
        &["txt"]
    }
}

/// An app with these files, and a gate that lets one text through for each message.
pub(crate) fn with_files(mut app: App, files: &[(&str, &str)]) -> (App, async_channel::Sender<()>) {
    let root = Dir::default();
    for (path, text) in files {
        root.insert_asset_text(Path::new(path), text);
    }
    let reader = move || -> Box<dyn ErasedAssetReader> { Box::new(MemoryAssetReader { root: root.clone() }) };
    app.register_asset_source(AssetSourceId::Default, AssetSourceBuilder::new(reader));
    app.add_plugins(AssetPlugin { watch_for_changes_override: Some(false), ..Default::default() });
    let (open, gate) = async_channel::unbounded();
    app.init_asset::<Text>().register_asset_loader(Loader { gate });
    (app, open)
}

pub(crate) fn load(me: Me, path: &'static str) -> Result<Handle<Text>, ScriptError> {
    me.resource(|server: &AssetServer| server.load(path))
}

fn text(me: Me, handle: &Handle<Text>) -> Result<String, ScriptError> {
    me.resource(|texts: &Assets<Text>| texts.get(handle).map_or("none".to_owned(), |text| text.text.clone()))
}

#[test]
fn a_script_waits_for_an_asset_and_not_for_one_that_is_there() {
    twice(|app| {
        let ((mut app, open), log) = (with_files(app(), &[("hello.txt", "hello")]), Log::default());
        let say = log.clone();
        app.world_mut().spawn(Script::new(async move |me: Me| {
            let hello = load(me, "hello.txt")?;
            say.say("waits");
            me.loaded(&hello).await?;
            say.say(text(me, &hello)?);
            let now = current_frame();
            me.loaded(&hello).await?;
            say.say(format!("{} frames later", current_frame() - now));
            Ok(())
        }));
        for _ in 0..100 {
            frame(&mut app, Duration::from_millis(1));
        }
        assert_eq!(log.words(), "waits");
        open.try_send(()).unwrap();
        assert_eq!(words_to_come(&mut app, &log), "hello | 0 frames later");
    });
}

#[test]
fn what_an_asset_needs_is_waited_for() {
    twice(|app| {
        let files = [("level.txt", "needs tiles.txt"), ("tiles.txt", "tiles")];
        let ((mut app, open), log) = (with_files(app(), &files), Log::default());
        let say = log.clone();
        app.world_mut().spawn(Script::new(async move |me: Me| {
            let level = load(me, "level.txt")?;
            let by_itself = async {
                while text(me, &level)? == "none" {
                    next_frame().await;
                }
                say.say("level alone");
                std::future::pending::<Result<(), ScriptError>>().await
            };
            let Race::Second(loaded) = race(by_itself, me.loaded(&level)).await else { panic!("it pends") };
            loaded?;
            let tiles = me.resource(|texts: &Assets<Text>| texts.get(&level).unwrap().needs[0].clone())?;
            say.say(text(me, &tiles)?);
            Ok(())
        }));
        open.try_send(()).unwrap();
        assert_eq!(words_to_come(&mut app, &log), "level alone");
        open.try_send(()).unwrap();
        assert_eq!(words_to_come(&mut app, &log), "tiles");
    });
}

#[test]
fn what_cant_be_loaded_is_an_error() {
    twice(|app| {
        let files = [("cracked.txt", "broken"), ("level.txt", "needs cracked.txt"), ("far.txt", "needs nothing.txt")];
        let ((mut app, open), log) = (with_files(app(), &files), Log::default());
        drop(open);
        for path in ["nothing.txt", "cracked.txt", "level.txt", "far.txt"] {
            let say = log.clone();
            app.world_mut().spawn(Script::new(async move |me: Me| {
                let handle = load(me, path)?;
                let what = match me.loaded(&handle).await {
                    Ok(()) => "loaded",
                    Err(LoadFailure::Failed(_)) => "failed",
                    Err(LoadFailure::DependencyFailed(_)) => "needs what failed",
                    Err(error) => panic!("{error}"),
                };
                say.say(format!("{path} {what}"));
                Ok(())
            }));
            let expected = match path {
                "nothing.txt" | "cracked.txt" => "failed",
                _ => "needs what failed",
            };
            assert_eq!(words_to_come(&mut app, &log), format!("{path} {expected}"));
        }
    });
}

#[test]
fn what_nobody_loads_is_an_error() {
    twice(|app| {
        let ((mut app, _open), log) = (with_files(app(), &[]), Log::default());
        let say = log.clone();
        app.world_mut().spawn(Script::new(async move |me: Me| {
            let error = me.loaded(&Handle::<Text>::default()).await.unwrap_err();
            say.say(error.to_string());
            // It fits into what a script returns.
            Err(error)?
        }));
        frame(&mut app, Duration::ZERO);
        assert!(
            log.words().starts_with("the asset isn't being loaded: wait for a handle that `AssetServer::load` gave")
        );
        assert_eq!(app.world().resource::<ScriptRegistry>().running(), 0);
    });
}

#[test]
fn a_world_without_assets_says_so() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let error = me.loaded(&Handle::<Text>::default()).await.unwrap_err();
        assert!(matches!(error, LoadFailure::Unreachable(ScriptError::MissingResource { .. })));
        say.say(error.to_string());
        Ok(())
    }));
    step_scripts(&mut world);
    assert!(log.words().contains("AssetServer"));
}

#[test]
fn the_wait_keeps_the_asset_and_may_be_dropped() {
    twice(|app| {
        let ((mut app, open), log) =
            (with_files(app(), &[("hello.txt", "hello"), ("other.txt", "other")]), Log::default());
        let say = log.clone();
        app.world_mut().spawn(Script::new(async move |me: Me| {
            let given_up = load(me, "other.txt")?;
            let Race::Second(()) = race(me.loaded(&given_up), next_frame()).await else { panic!("the gate is shut") };
            drop(given_up);
            let hello = me.loaded(&load(me, "hello.txt")?);
            say.say("waits");
            hello.await?;
            say.say("loaded");
            Ok(())
        }));
        assert_eq!(words_to_come(&mut app, &log), "waits");
        for _ in 0..100 {
            frame(&mut app, Duration::from_millis(1));
        }
        open.try_send(()).unwrap();
        open.try_send(()).unwrap();
        assert_eq!(words_to_come(&mut app, &log), "loaded");
    });
}
