//! The plugin's lanes, and the lengths of their steps.

use std::cell::RefCell;

use bevy_app::{FixedUpdate, Last, PostUpdate, PreUpdate, Update};
use bevy_ecs::error::{ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use bevy_time::{Time, Virtual};
use framestep::{
    FailureKind, FramestepPlugin, Me, Script, ScriptExecutor, ScriptFailure, ScriptRegistry, ScriptSystems, frames,
    next_frame, sleep, step_lane, step_scripts,
};

use super::{FIXED, Log, app, app_with, frame, millis, talker};

#[test]
fn fixed_steps_come_as_often_as_time_says_and_before_the_frame() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(talker(&log, "fixed").in_lane(FixedUpdate));
    app.world_mut().spawn(talker(&log, "frame"));
    app.world_mut().spawn(talker(&log, "post").in_lane(PostUpdate));
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "frame | post");
    frame(&mut app, FIXED - millis(1));
    assert_eq!(log.words(), "fixed | frame | post");
    frame(&mut app, FIXED * 3);
    assert_eq!(log.words(), "fixed | fixed | fixed | frame | post");
}

#[test]
fn a_script_goes_from_lane_to_lane_as_the_schedules_run() {
    let (mut app, log) = (app(), Log::default());
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |me: Me| {
        say.say("frame");
        me.resume_in(PostUpdate).await;
        say.say("post");
        me.resume_in(FixedUpdate).await;
        say.say("fixed");
        me.resume_in(Update).await;
        say.say("frame");
        me.resume_in(Update).await;
        say.say("still");
        next_frame().await;
        say.say("frame");
        Ok(())
    }));
    for _ in 0..3 {
        frame(&mut app, FIXED);
        log.say("-");
    }
    assert_eq!(log.words(), "frame | post | - | fixed | frame | still | - | frame | -");
}

#[test]
fn the_label_of_update_is_the_main_lanes() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(talker(&log, "by name").in_lane(Update));
    app.world_mut().spawn(talker(&log, "by none"));
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "by name | by none");
    let executor = app.world().non_send::<ScriptExecutor>();
    assert_eq!(executor.lane(Update), executor.executor().main_lane());
    step_lane(Update)(app.world_mut());
    assert_eq!(log.words(), "by name | by none");
}

#[test]
fn each_lane_sleeps_by_the_length_of_its_own_steps() {
    let (mut app, log) = (app(), Log::default());
    let sleeper = |word: &'static str, millis_each: u64| {
        let say = log.clone();
        Script::new(async move |_: Me| {
            loop {
                sleep(millis(millis_each)).await;
                say.say(word);
            }
        })
    };
    app.world_mut().spawn(sleeper("fixed", 30).in_lane(FixedUpdate));
    app.world_mut().spawn(sleeper("frame", 20));
    frame(&mut app, FIXED);
    for _ in 0..4 {
        frame(&mut app, millis(10));
        log.say("-");
    }
    // The fixed steps come at 15.6, 31.2 and 46.9 ms of a time that goes 15.6, 25.6, 35.6, 45.6, 55.6.
    assert_eq!(log.words(), "- | frame | - | - | fixed | frame | -");
    let executor = app.world().non_send::<ScriptExecutor>();
    assert_eq!(executor.executor().clock().now(), FIXED + millis(40));
    assert_eq!(executor.executor().lane_clock(executor.lane(FixedUpdate)).now(), FIXED * 3);
}

#[test]
fn a_paused_game_holds_fixed_lanes_and_sleeps_and_no_frames() {
    let (mut app, log) = (app(), Log::default());
    app.world_mut().spawn(talker(&log, "fixed").in_lane(FixedUpdate));
    app.world_mut().spawn(talker(&log, "frame"));
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |_: Me| {
        sleep(FIXED * 2).await;
        say.say("slept");
        Ok(())
    }));
    frame(&mut app, FIXED);
    assert_eq!(log.words(), "fixed | frame");
    app.world_mut().resource_mut::<Time<Virtual>>().pause();
    frame(&mut app, FIXED);
    frame(&mut app, FIXED);
    assert_eq!(log.words(), "frame | frame");
    app.world_mut().resource_mut::<Time<Virtual>>().unpause();
    frame(&mut app, FIXED);
    frame(&mut app, FIXED);
    assert_eq!(log.words(), "fixed | frame | fixed | slept | frame");
}

#[test]
fn lanes_can_be_added_and_left_out() {
    let plugin = FramestepPlugin.with_lane(Last).with_lane(PreUpdate).without_lane(Last).without_lane(PostUpdate);
    let (mut app, log) = (app_with(plugin), Log::default());
    app.world_mut().spawn(talker(&log, "last").in_lane(Last));
    app.world_mut().spawn(talker(&log, "post").in_lane(PostUpdate));
    app.world_mut().spawn(talker(&log, "frame"));
    app.world_mut().spawn(talker(&log, "pre").in_lane(PreUpdate));
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "pre | frame");
}

#[test]
fn all_scripts_can_run_at_the_fixed_rate() {
    let (mut app, log) = (app_with(FramestepPlugin.without_lane(FixedUpdate).without_lane(Update)), Log::default());
    app.add_systems(FixedUpdate, step_scripts.in_set(ScriptSystems::Step));
    app.world_mut().spawn(talker(&log, "fixed"));
    frame(&mut app, FIXED * 2);
    frame(&mut app, millis(1));
    assert_eq!(log.words(), "fixed | fixed");
    assert_eq!(app.world().non_send::<ScriptExecutor>().executor().clock().now(), FIXED * 2);
}

#[test]
fn systems_of_each_schedule_can_be_ordered_against_its_step() {
    let (mut app, log) = (app(), Log::default());
    let say = |word: &'static str| {
        let log = log.clone();
        move || log.say(word)
    };
    app.add_systems(FixedUpdate, (say("<").before(ScriptSystems::Step), say(">").after(ScriptSystems::Step)));
    app.add_systems(PostUpdate, (say("(").before(ScriptSystems::Step), say(")").after(ScriptSystems::Step)));
    app.world_mut().spawn(talker(&log, "fixed").in_lane(FixedUpdate));
    app.world_mut().spawn(talker(&log, "post").in_lane(PostUpdate));
    frame(&mut app, FIXED);
    assert_eq!(log.words(), "< | fixed | > | ( | post | )");
}

#[test]
fn a_lane_of_the_plugin_may_wait_long_for_its_first_step() {
    thread_local!(static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });
    fn handler(error: BevyError, _: ErrorContext) {
        let failure = error.downcast_ref::<ScriptFailure>().expect("a failure of a script");
        assert!(matches!(failure.kind, FailureKind::LaneNotStepped(_)), "{failure}");
        TOLD.with_borrow_mut(|told| told.push(failure.name.clone()));
    }
    let (mut app, log) = (app(), Log::default());
    app.insert_resource(FallbackErrorHandler(handler));
    app.world_mut().spawn(talker(&log, "fixed").in_lane(FixedUpdate));
    app.world_mut().spawn(Script::named("never stepped", async |_: Me| Ok(())).in_lane(PreUpdate));
    for _ in 0..14 {
        frame(&mut app, millis(1));
    }
    assert_eq!(log.words(), "");
    frame(&mut app, millis(2));
    assert_eq!(log.words(), "fixed");
    assert_eq!(TOLD.take(), ["never stepped"]);
}

#[test]
fn a_step_of_an_empty_lane_is_a_step() {
    let (mut app, log) = (app(), Log::default());
    for _ in 0..3 {
        frame(&mut app, FIXED);
    }
    let executor = app.world().non_send::<ScriptExecutor>();
    assert_eq!(executor.executor().frame(), 4);
    assert_eq!(executor.executor().clock().now(), FIXED * 3);
    assert_eq!(executor.executor().lane_clock(executor.lane(FixedUpdate)).now(), FIXED * 3);
    assert_eq!(app.world().resource::<ScriptRegistry>().last_report().frame, 4);
    // Timers that are armed behind empty steps, and steps that become empty again.
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |_: Me| {
        sleep(FIXED * 2).await;
        say.say("slept");
        frames(2).await;
        say.say("counted");
        Ok(())
    }));
    for _ in 0..8 {
        frame(&mut app, FIXED);
        log.say("-");
    }
    assert_eq!(log.words(), "- | - | slept | - | - | counted | - | - | - | -");
    assert_eq!(app.world().non_send::<ScriptExecutor>().executor().frame(), 12);
}

#[cfg(feature = "bevy_state")]
#[test]
fn a_lane_under_a_condition_waits_and_its_clock_with_it() {
    use bevy_state::prelude::*;

    #[derive(States, Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
    enum Game {
        #[default]
        Playing,
        Menu,
    }

    let (mut app, log) = (app(), Log::default());
    app.add_plugins(bevy_state::app::StatesPlugin).init_state::<Game>();
    app.configure_sets(Update, ScriptSystems::Step.run_if(in_state(Game::Playing)));
    app.world_mut().spawn(talker(&log, "frame"));
    app.world_mut().spawn(talker(&log, "post").in_lane(PostUpdate));
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |_: Me| {
        sleep(millis(20)).await;
        say.say("slept");
        Ok(())
    }));
    frame(&mut app, millis(10));
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Menu);
    for _ in 0..3 {
        frame(&mut app, millis(10));
    }
    assert_eq!(log.words(), "frame | post | post | post | post");
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Playing);
    frame(&mut app, millis(10));
    assert_eq!(log.words(), "frame | post", "10 of its 20 ms have passed");
    frame(&mut app, millis(10));
    assert_eq!(log.words(), "slept | frame | post");
}
