//! The systems: lanes, lengths of steps, reports, sets.

use std::time::Duration;

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::ScheduleLabel;
use framestep::{
    Executor, Me, Script, ScriptExecutor, ScriptRegistry, ScriptSystems, frames, next_frame, resume_in, sleep,
    step_lane, step_lane_by, step_scripts, step_scripts_by,
};

use super::{Log, Score};

#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Physics;

#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Late;

#[test]
fn a_script_is_polled_in_steps_of_its_lane_alone() {
    let (mut world, log) = (World::new(), Log::default());
    let talker = |name: &'static str| {
        let say = log.clone();
        Script::new(async move |_: Me| {
            loop {
                say.say(name);
                next_frame().await;
            }
        })
    };
    world.spawn(talker("main"));
    world.spawn(talker("physics").in_lane(Physics));
    let mut physics = step_lane(Physics);
    step_scripts(&mut world);
    step_scripts(&mut world);
    assert_eq!(log.words(), "main | main");
    physics(&mut world);
    step_lane(Physics)(&mut world);
    assert_eq!(log.words(), "physics | physics", "a label names one lane");
    step_lane(Late)(&mut world);
    assert_eq!(log.words(), "");
}

#[test]
fn a_script_can_move_to_another_lane() {
    let (mut world, log) = (World::new(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        say.say("main");
        resume_in(me.lane(Late)?).await;
        say.say("late");
        next_frame().await;
        say.say("still late");
        Ok(())
    }));
    let mut schedule = Schedule::default();
    let say = log.clone();
    schedule.add_systems((step_scripts, move || say.say("-"), step_lane(Late)).chain());
    schedule.run(&mut world);
    schedule.run(&mut world);
    assert_eq!(log.words(), "main | - | late | - | still late");
}

#[test]
fn conditions_are_looked_at_in_steps_of_the_scripts_lane() {
    let (mut world, log) = (World::new(), Log::default());
    world.insert_resource(Score(0));
    let say = log.clone();
    world.spawn(
        Script::new(async move |me: Me| {
            let look = say.clone();
            me.until_world(move |world| {
                look.say("look");
                world.resource::<Score>().0 == 1
            })
            .await;
            say.say("over");
            Ok(())
        })
        .in_lane(Late),
    );
    step_lane(Late)(&mut world);
    world.resource_mut::<Score>().0 = 1;
    step_scripts(&mut world);
    assert_eq!(log.words(), "look");
    step_lane(Late)(&mut world);
    assert_eq!(log.words(), "look | over");
}

#[test]
fn the_step_is_the_builders_unless_it_is_given() {
    let mut world = World::new();
    let step = Duration::from_millis(10);
    world.insert_non_send(ScriptExecutor::new(Executor::builder().step(step).build()));
    let now = |world: &World| world.non_send::<ScriptExecutor>().executor().clock().now();
    step_scripts(&mut world);
    assert_eq!(now(&world), step);
    step_scripts_by(&mut world, Duration::from_millis(25));
    assert_eq!(now(&world), Duration::from_millis(35));
    step_lane_by(&mut world, Physics, Duration::from_millis(1));
    step_lane(Physics)(&mut world);
    let executor = world.non_send::<ScriptExecutor>();
    let physics = executor.lane(Physics);
    assert_eq!(executor.executor().lane_clock(physics).now(), Duration::from_millis(11));
    assert_eq!(now(&world), Duration::from_millis(35));
}

#[test]
fn steps_that_find_nothing_to_do_are_steps_like_others() {
    let executor = || Executor::builder().trace(true).step(Duration::from_millis(1)).build();
    let script = || async {
        sleep(Duration::from_millis(3)).await;
        frames(2).await;
        next_frame().await;
    };
    let mut alone = executor();
    let mut world = World::new();
    world.insert_non_send(ScriptExecutor::new(executor()));
    for frame in 1..=20 {
        if [5, 7, 14].contains(&frame) {
            alone.spawn(script());
            world.non_send::<ScriptExecutor>().executor().spawn(script());
        }
        let report = alone.poll_once();
        step_scripts(&mut world);
        let within = world.non_send::<ScriptExecutor>().executor();
        assert_eq!(world.resource::<ScriptRegistry>().last_report(), report);
        assert_eq!(within.trace_hash(), alone.trace_hash(), "in frame {frame}");
        assert_eq!((within.frame(), within.clock().now()), (alone.frame(), alone.clock().now()));
    }
    assert_eq!(alone.live(), 0);
}

#[test]
fn the_last_report_is_at_hand() {
    let mut world = World::new();
    world.spawn(Script::new(async |_: Me| Ok(())));
    world.spawn(Script::new(async |_: Me| std::future::pending().await));
    step_scripts(&mut world);
    let report = world.resource::<ScriptRegistry>().last_report();
    assert_eq!((report.frame, report.polled, report.completed, report.live), (1, 2, 1, 1));
}

#[test]
fn systems_can_be_ordered_against_the_step() {
    let (mut world, log) = (World::new(), Log::default());
    let say = |word: &'static str| {
        let log = log.clone();
        move || log.say(word)
    };
    let script_log = log.clone();
    world.spawn(Script::new(async move |_: Me| {
        loop {
            script_log.say("script");
            next_frame().await;
        }
    }));
    let mut schedule = Schedule::default();
    schedule.add_systems(say("after").after(ScriptSystems::Step));
    schedule.add_systems(step_scripts.in_set(ScriptSystems::Step));
    schedule.add_systems(say("before").before(ScriptSystems::Step));
    schedule.run(&mut world);
    schedule.run(&mut world);
    assert_eq!(log.words(), "before | script | after | before | script | after");
}

#[cfg(feature = "bevy_app")]
#[test]
fn the_plugin_steps_once_an_update() {
    let mut app = bevy_app::App::new();
    app.add_plugins(framestep::FramestepPlugin);
    let log = Log::default();
    let say = log.clone();
    app.world_mut().spawn(Script::new(async move |_: Me| {
        loop {
            say.say("on");
            next_frame().await;
        }
    }));
    app.update();
    app.update();
    assert_eq!(log.words(), "on | on");
}
