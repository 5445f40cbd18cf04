//! Recordings in a Bevy app: the input, the times, live and driven.

use std::time::Duration;

use bevy_app::{App, AppExit, PreUpdate, Startup, Update};
use bevy_ecs::prelude::*;
use bevy_time::{Real, Time, TimePlugin, TimeUpdateStrategy};
use framestep::replay::{
    AppGame, Detail, Game, HashWorld, InputPort, Recorder, Recording, ReplayKey, ReplayPlugin, ReplayStatus, Setup,
    Verify,
};
use framestep::{FramestepPlugin, Me, RandomStreams, Script, ScriptExecutor, ScriptSystems, next_frame, random};
use serde::{Deserialize, Serialize};

#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Controls {
    push: i32,
}

#[derive(Component, Serialize)]
struct Ball {
    at: i64,
    fixed_steps: u32,
    nanos: u64,
}

/// What a player's hand does: it is live whatever the mode is.
#[derive(Resource, Default)]
struct Hand(i32);

fn read_hand(hand: Res<Hand>, mut controls: ResMut<Controls>) {
    controls.push = hand.0;
}

/// A ball that the controls push, and a script that kicks it by chance.
fn app(setup: &Setup) -> App {
    let mut app = App::new();
    app.insert_non_send(ScriptExecutor::new(setup.builder().build()));
    app.init_resource::<Controls>().init_resource::<Hand>();
    app.add_plugins((TimePlugin, FramestepPlugin));
    app.hash_component::<Ball>("ball").hash_resource::<Controls>("controls");
    app.add_systems(Startup, |mut commands: Commands| {
        let ball = Ball { at: 0, fixed_steps: 0, nanos: 0 };
        let kick = Script::named("kick", async |me: Me| {
            loop {
                me.with(|mut ball: Mut<Ball>| ball.at += (random() % 10) as i64)?;
                next_frame().await;
            }
        });
        commands.spawn((ReplayKey::new("ball"), ball, kick));
    });
    app.add_systems(PreUpdate, read_hand);
    let push =
        |controls: Res<Controls>, time: Res<Time<Real>>, streams: Res<RandomStreams>, mut balls: Query<&mut Ball>| {
            for mut ball in &mut balls {
                ball.at += i64::from(controls.push) * 100 + (streams.draw("wind") % 10) as i64;
                ball.nanos += time.delta().as_nanos() as u64;
            }
        };
    app.add_systems(Update, push.before(ScriptSystems::Step));
    app.add_systems(
        bevy_app::FixedUpdate,
        (|mut balls: Query<&mut Ball>| {
            for mut ball in &mut balls {
                ball.fixed_steps += 1;
            }
        })
        .before(ScriptSystems::Step),
    );
    app
}

fn game(setup: &Setup) -> AppGame<Controls> {
    AppGame::new(app(setup))
}

fn ball(app: &App) -> String {
    let mut query = app.world().try_query::<&Ball>().unwrap();
    let ball = query.single(app.world()).unwrap();
    format!("at {} after {} ns and {} fixed steps", ball.at, ball.nanos, ball.fixed_steps)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A file that goes when this does.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Scratch(std::env::temp_dir().join(format!("framestep-{}-{name}.replay", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_driven_app_goes_by_its_input_and_its_length_alone() {
    let mut one = game(&Setup::new(7));
    let mut two = game(&Setup::new(7));
    two.app_mut().insert_resource(Hand(99));
    for push in [0, 3, -1, 0] {
        for game in [&mut one, &mut two] {
            game.frame(&Controls { push }, millis(20));
        }
    }
    assert_eq!(ball(one.app()), ball(two.app()));
    // Four frames of 20 ms, the first among them, and fixed steps of 1/64 s.
    assert!(ball(one.app()).ends_with("after 80000000 ns and 5 fixed steps"), "{}", ball(one.app()));
    assert_eq!(one.app_mut().world_hash(), two.app_mut().world_hash());
}

#[test]
fn a_driven_app_is_recorded_and_verified() {
    let setup = Setup::new(7);
    let mut played = game(&setup);
    let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut played).unwrap();
    for frame in 0..100 {
        recorder.frame(&mut played, &Controls { push: frame % 7 }, millis(10 + frame as u64 % 3)).unwrap();
    }
    let recording = Recording::from_bytes(recorder.finish(&mut played).unwrap()).unwrap();
    Verify::new(recording.clone()).run(game).unwrap();
    // A game that goes another way is found out.
    let other = |setup: &Setup| {
        let mut app = app(setup);
        app.add_systems(
            Update,
            (|mut frames: Local<u32>, mut balls: Query<&mut Ball>| {
                *frames += 1;
                if *frames == 50 {
                    balls.single_mut().unwrap().at += 1;
                }
            })
            .before(ScriptSystems::Step),
        );
        AppGame::<Controls>::new(app)
    };
    let report = Verify::new(recording).run(other).unwrap_err().to_string();
    assert!(report.contains("frame 50") && report.contains("ball"), "{report}");
}

#[test]
fn an_app_is_recorded_live_and_replayed_with_the_hand_off() {
    let (file, setup) = (Scratch::new("live"), Setup::new(7));
    let mut live = app(&setup);
    live.add_plugins(ReplayPlugin::<Controls>::record(&file.0, setup.clone()).detail(Detail::Steps));
    let mut log = Vec::new();
    for (frame, push) in [0, 2, 2, 0, -5, 1].into_iter().enumerate() {
        live.insert_resource(Hand(push));
        live.insert_resource(TimeUpdateStrategy::ManualDuration(millis(10 + frame as u64)));
        if frame == 5 {
            live.world_mut().write_message(AppExit::Success);
        }
        live.update();
        log.push(ball(&live));
    }
    assert_eq!(*live.world().resource::<ReplayStatus>(), ReplayStatus::Over);
    let recording = Recording::load(&file.0).unwrap();
    assert!(recording.is_finished());
    assert_eq!(recording.frames(), 6);
    Verify::new(recording.clone()).run(game).unwrap();

    let mut replayed = app(&setup);
    replayed.insert_resource(Hand(1000));
    replayed.add_plugins(ReplayPlugin::<Controls>::replay(recording));
    let mut again = Vec::new();
    for frame in 1..=6 {
        replayed.update();
        again.push(ball(&replayed));
        assert_eq!(*replayed.world().resource::<ReplayStatus>(), ReplayStatus::Replaying(frame, 6));
    }
    assert_eq!(again, log);
    // Behind the recording the hand is on again.
    replayed.update();
    assert_eq!(*replayed.world().resource::<ReplayStatus>(), ReplayStatus::Over);
    assert_eq!(replayed.world().resource::<Controls>().push, 1000);
}

#[test]
fn an_input_may_come_by_messages() {
    #[derive(Message, Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Move(i32);
    #[derive(Resource, Default)]
    struct Heard(Vec<i32>);

    /// Moves that came, and which the game hasn't heard of yet.
    #[derive(Resource, Default)]
    struct Inbox(Vec<Move>);

    fn port() -> InputPort<Vec<Move>> {
        InputPort::new(
            |world| std::mem::take(&mut world.resource_mut::<Inbox>().0),
            |world, moves: &Vec<Move>| {
                world.resource_mut::<Inbox>().0.clear();
                world.write_message_batch(moves.iter().cloned());
            },
        )
    }
    let hearing = |setup: &Setup| {
        let mut app = app(setup);
        app.add_message::<Move>().init_resource::<Heard>().init_resource::<Inbox>();
        app.add_systems(
            Update,
            (|mut moves: MessageReader<Move>, mut heard: ResMut<Heard>| heard.0.extend(moves.read().map(|it| it.0)))
                .before(ScriptSystems::Step),
        );
        app
    };
    let (file, setup) = (Scratch::new("messages"), Setup::new(7));
    let mut live = hearing(&setup);
    live.add_plugins(ReplayPlugin::record_by(&file.0, setup.clone(), port()));
    for frame in 0..4 {
        if frame % 2 == 0 {
            live.world_mut().resource_mut::<Inbox>().0.extend([Move(frame), Move(-frame)]);
        }
        live.update();
    }
    assert_eq!(live.world().resource::<Heard>().0, [0, 0, 2, -2]);
    // An app that ends without a word leaves a recording without an end.
    drop(live);
    let recording = Recording::load(&file.0).unwrap();
    assert!(!recording.is_finished());
    let mut replayed = hearing(&setup);
    replayed.add_plugins(ReplayPlugin::replay_by(recording, port()));
    for _ in 0..4 {
        replayed.world_mut().resource_mut::<Inbox>().0.push(Move(77));
        replayed.update();
    }
    assert_eq!(replayed.world().resource::<Heard>().0, [0, 0, 2, -2]);
}

#[test]
fn a_frame_without_its_input_is_refused() {
    #[derive(bevy_ecs::schedule::ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
    struct Nowhere;
    let port = InputPort::<Controls>::resource().in_schedule(Nowhere);
    let mut game = AppGame::with_port(app(&Setup::new(7)), port);
    let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| game.frame(&Controls::default(), millis(1))));
    let message = *played.unwrap_err().downcast::<&str>().unwrap();
    assert!(message.starts_with("the frame was played without its input"), "{message}");
}
