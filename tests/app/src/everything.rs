//! Lanes, times, states and parallel systems in one app, word by word.

use std::time::Duration;

use bevy_app::{App, FixedUpdate, PostUpdate, PreUpdate, Update};
use bevy_ecs::prelude::*;
use bevy_state::app::AppExtStates;
use bevy_state::state::{OnEnter, States};
use bevy_state::state_scoped::DespawnOnExit;
use bevy_time::{Time, Virtual};
use framestep::{Me, Script, ScriptClock, ScriptRegistry, ScriptSystems, SpawnScript, next_frame, sleep};

use crate::{Log, frame, twice};

/// Bevy's fixed timestep.
const FIXED: Duration = Duration::from_nanos(15_625_000);

#[derive(States, Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Game {
    #[default]
    Playing,
    Over,
}

#[derive(Component)]
struct Place(u64);

#[derive(Component)]
struct Seen(u64);

/// A night of play: a script of the level goes from lane to lane, and ends it; another goes on in the menu.
fn night(log: &Log) -> (impl Bundle, Script) {
    let say = log.clone();
    let level = Script::new(async move |me: Me| {
        let _gone = say.last_word("level gone");
        me.resume_in(FixedUpdate).await;
        say.say("fixed");
        sleep(FIXED * 2).await;
        say.say("fixed, two steps on");
        me.resume_in(PostUpdate).await;
        say.say("post");
        me.set_state(Game::Over)?;
        next_frame().await;
        unreachable!("its state was left")
    });
    let say = log.clone();
    let menu = Script::new(async move |me: Me| {
        me.entered(Game::Over).await;
        say.say("over");
        me.resource_mut(|mut time: Mut<Time<Virtual>>| time.pause())?;
        me.real_clock().sleep(FIXED * 2).await;
        say.say("time to go home");
        Ok(())
    });
    ((DespawnOnExit(Game::Playing), level), menu)
}

impl Log {
    /// Says a word when it is dropped.
    fn last_word(&self, word: &'static str) -> impl Drop + use<> {
        struct LastWord(Log, &'static str);
        impl Drop for LastWord {
            fn drop(&mut self) {
                self.0.say(self.1);
            }
        }
        LastWord(self.clone(), word)
    }
}

#[test]
fn a_night_of_play_is_the_same_under_both_executors() {
    twice(|app| {
        let (mut app, log): (App, _) = (app(), Log::default());
        app.init_state::<Game>();
        let say = log.clone();
        app.add_systems(OnEnter(Game::Over), move || say.say("OnEnter"));
        let (level, menu) = night(&log);
        app.world_mut().spawn(level);
        app.world_mut().spawn_script(menu);
        frame(&mut app, FIXED);
        for _ in 0..8 {
            frame(&mut app, FIXED);
            log.say("-");
        }
        assert_eq!(
            log.words(),
            "fixed | - | - | fixed, two steps on | post | - | OnEnter | level gone | over | - | - | time to go home | - | - | -"
        );
        assert_eq!(app.world().resource::<ScriptRegistry>().running(), 0);
    });
}

#[test]
fn scripts_in_four_lanes_beside_parallel_systems() {
    twice(|app| {
        let mut app = app();
        let walk = || {
            Script::new(async |me: Me| {
                loop {
                    me.with(|mut place: Mut<Place>| place.0 += 1)?;
                    next_frame().await;
                }
            })
        };
        for _ in 0..25 {
            let world = app.world_mut();
            world.spawn((Place(0), Seen(0), walk()));
            world.spawn((Place(0), Seen(0), walk().in_lane(FixedUpdate)));
            world.spawn((Place(0), Seen(0), walk().in_lane(PreUpdate)));
            world.spawn((Place(0), Seen(0), walk().in_lane(PostUpdate)));
        }
        // In parallel, and in an order against the step that is theirs to say.
        app.add_systems(
            Update,
            (
                |mut all: Query<(&Place, &mut Seen)>| all.iter_mut().for_each(|(place, mut seen)| seen.0 = place.0),
                |all: Query<&Place>| assert_eq!(all.iter().count(), 100),
                |mut commands: Commands| {
                    let short = Script::new(async |me: Me| {
                        me.despawn()?;
                        next_frame().await;
                        unreachable!("its entity is gone")
                    });
                    commands.spawn_script(short);
                },
            )
                .after(ScriptSystems::Step),
        );
        frame(&mut app, FIXED);
        for _ in 0..50 {
            frame(&mut app, FIXED);
        }
        let mut places: Vec<u64> = app.world_mut().query::<&Place>().iter(app.world()).map(|place| place.0).collect();
        places.sort_unstable();
        assert_eq!(places, [[50; 25], [51; 25], [51; 25], [51; 25]].concat());
        let seen = app.world_mut().query::<&Seen>().iter(app.world()).filter(|seen| seen.0 >= 50).count();
        assert_eq!(seen, 100);
        // The short ones of the last frame start in the next.
        assert_eq!(app.world().resource::<ScriptRegistry>().running(), 101);
    });
}

#[test]
fn parallel_systems_pause_and_resume_a_group() {
    #[derive(Resource, Default)]
    struct Frame(u32);

    twice(|app| {
        let (mut app, log) = (app(), Log::default());
        app.init_resource::<Frame>();
        app.add_systems(
            Update,
            (|mut frame: ResMut<Frame>, scripts: Res<ScriptRegistry>| {
                frame.0 += 1;
                match frame.0 {
                    2 => scripts.pause("enemies"),
                    4 => scripts.resume("enemies"),
                    _ => (),
                }
            })
            .before(ScriptSystems::Step),
        );
        let say = log.clone();
        app.world_mut().spawn((
            ScriptClock("enemies"),
            Script::new(async move |_: Me| {
                loop {
                    say.say("enemy");
                    next_frame().await;
                }
            }),
        ));
        for _ in 0..5 {
            frame(&mut app, FIXED);
            log.say("-");
        }
        assert_eq!(log.words(), "enemy | - | - | - | enemy | - | enemy | -");
    });
}
