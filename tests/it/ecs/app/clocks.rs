//! The clocks of Bevy's time.

use bevy_app::{FixedUpdate, PostUpdate, Update};
use bevy_ecs::prelude::*;
use bevy_time::{Time, Virtual};
use framestep::{FramestepPlugin, Me, Script, ScriptSystems, next_frame, step_lane, step_scripts, step_scripts_by};

use super::{FIXED, Log, app, app_with, frame, millis};

/// A script that says each clock's time, in milliseconds, in each step.
fn reader(log: &Log) -> Script {
    let say = log.clone();
    Script::new(async move |me: Me| {
        let clocks = [me.game_clock(), me.real_clock(), me.fixed_clock()];
        loop {
            say.say(clocks.map(|clock| clock.now().as_millis().to_string()).join(" "));
            next_frame().await;
        }
    })
}

#[test]
fn each_clock_follows_its_time() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(reader(&log));
    frame(&mut app, millis(5));
    frame(&mut app, millis(20));
    assert_eq!(log.words(), "0 0 0 | 20 20 15");
    app.world_mut().resource_mut::<Time<Virtual>>().pause();
    frame(&mut app, millis(20));
    assert_eq!(log.words(), "20 40 15");
    app.world_mut().resource_mut::<Time<Virtual>>().unpause();
    app.world_mut().resource_mut::<Time<Virtual>>().set_relative_speed(2.0);
    frame(&mut app, millis(20));
    assert_eq!(log.words(), "60 60 62");
}

#[test]
fn a_real_sleep_goes_on_under_a_paused_game() {
    let (mut app, log) = (app(), Log::default());
    for lane in ["frame", "post"] {
        let say = log.clone();
        let script = Script::new(async move |me: Me| {
            me.real_clock().sleep(millis(30)).await;
            say.say(format!("{lane} real"));
            me.game_clock().sleep(millis(10)).await;
            say.say(format!("{lane} game"));
            Ok(())
        });
        app.world_mut().spawn(if lane == "post" { script.in_lane(PostUpdate) } else { script });
    }
    frame(&mut app, millis(10));
    app.world_mut().resource_mut::<Time<Virtual>>().pause();
    for _ in 0..5 {
        frame(&mut app, millis(10));
        log.say("-");
    }
    assert_eq!(log.words(), "- | - | frame real | post real | - | - | -");
    app.world_mut().resource_mut::<Time<Virtual>>().unpause();
    frame(&mut app, millis(10));
    assert_eq!(log.words(), "frame game | post game");
}

#[test]
fn the_worlds_times_are_counted_once_however_the_main_lane_is_stepped() {
    let (mut app, log) = (app_with(FramestepPlugin.without_lane(Update).without_lane(FixedUpdate)), Log::default());
    app.add_systems(FixedUpdate, step_scripts.in_set(ScriptSystems::Step));
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |me: Me| {
        let (game, real) = (me.game_clock(), me.real_clock());
        loop {
            say.say(format!("{} {}", game.now().as_millis(), real.now().as_millis()));
            next_frame().await;
        }
    }));
    frame(&mut app, FIXED);
    frame(&mut app, FIXED * 3);
    frame(&mut app, millis(2));
    frame(&mut app, FIXED);
    assert_eq!(log.words(), "0 0 | 46 46 | 46 46 | 46 46 | 64 64");
}

#[test]
fn a_clock_counts_from_its_making_and_a_skipped_step_is_made_up_for() {
    #[derive(Resource)]
    struct Runs(bool);

    let (mut app, log) = (app(), Log::default());
    app.insert_resource(Runs(true));
    app.configure_sets(Update, ScriptSystems::Step.run_if(|runs: Res<Runs>| runs.0));
    frame(&mut app, millis(100));
    app.world_mut().spawn(reader(&log));
    frame(&mut app, millis(10));
    frame(&mut app, millis(10));
    app.insert_resource(Runs(false));
    frame(&mut app, millis(10));
    frame(&mut app, millis(10));
    app.insert_resource(Runs(true));
    frame(&mut app, millis(10));
    // Of the fixed lane's own clock: 140 ms are 8 steps, and one more by the end of this frame.
    assert_eq!(log.words(), "0 0 109 | 10 10 109 | 40 40 140");
}

#[test]
fn a_time_that_is_set_back_counts_on_from_there() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(reader(&log));
    frame(&mut app, millis(10));
    frame(&mut app, millis(10));
    app.insert_resource(Time::<Virtual>::default());
    frame(&mut app, millis(10));
    frame(&mut app, millis(10));
    assert_eq!(log.words(), "0 0 0 | 10 10 15 | 10 20 15 | 20 30 31");
}

#[test]
fn a_world_without_times_counts_its_steps() {
    let (mut world, log) = (World::new(), Log::default());
    world.spawn(reader(&log));
    for _ in 0..2 {
        step_scripts_by(&mut world, millis(10));
    }
    framestep::step_lane_by(&mut world, FixedUpdate, millis(7));
    step_lane(PostUpdate)(&mut world);
    step_scripts_by(&mut world, millis(10));
    assert_eq!(log.words(), "0 0 0 | 10 10 0 | 20 20 7");
}
