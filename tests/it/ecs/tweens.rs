//! Motion along curves.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bevy_curve::{CurveExt, EaseFunction, EasingCurve, FunctionCurve, Interval, JumpAt};
use bevy_ecs::prelude::*;
use framestep::{Executor, Me, Race, Script, join, next_frame, race, spawn, step_scripts_by, tween};

use super::Log;

/// What a tween showed, step by step.
#[derive(Clone, Default)]
struct Shown(Rc<RefCell<Vec<String>>>);

impl Shown {
    fn show(&self, value: impl std::fmt::Debug) -> Result<(), &'static str> {
        self.0.borrow_mut().push(format!("{value:?}"));
        Ok(())
    }

    /// The values since the last call.
    fn take(&self) -> String {
        std::mem::take(&mut *self.0.borrow_mut()).join(" ")
    }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn step(executor: &mut Executor, millis_each: u64) {
    executor.poll_once_with(millis(millis_each));
}

#[test]
fn a_tween_shows_its_start_each_step_and_exactly_its_end() {
    let (mut executor, shown) = (Executor::new(), Shown::default());
    let show = shown.clone();
    let tween =
        executor.spawn(async move { tween(millis(40), EaseFunction::QuadraticIn, |t: f32| show.show(t)).await });
    step(&mut executor, 10);
    assert_eq!(shown.take(), "0.0");
    for values in ["0.0625", "0.25", "0.5625"] {
        step(&mut executor, 10);
        assert_eq!(shown.take(), values);
    }
    assert!(!tween.is_finished());
    step(&mut executor, 25);
    assert_eq!(shown.take(), "1.0");
    assert_eq!(tween.take_output().unwrap().unwrap(), Ok(()));
}

#[test]
fn any_bounded_curve_will_do_and_its_end_is_its_own() {
    let (mut executor, shown) = (Executor::new(), Shown::default());
    let show = shown.clone();
    executor.spawn(async move {
        // Over an interval of its own, and of values that are no numbers.
        let words = FunctionCurve::new(Interval::new(2.0, 6.0).unwrap(), |t: f32| format!("at {t}"));
        tween(millis(40), words, |word: String| show.show(word)).await?;
        let there_and_back = EasingCurve::new(10.0_f32, 20.0, EaseFunction::Linear).ping_pong().unwrap();
        tween(millis(20), &there_and_back, |value| show.show(value)).await?;
        tween(millis(20), EaseFunction::Steps(2, JumpAt::End), |t: f32| show.show(t)).await
    });
    step(&mut executor, 10);
    step(&mut executor, 10);
    step(&mut executor, 30);
    assert_eq!(shown.take(), r#""at 2" "at 3" "at 6" 10.0"#);
    step(&mut executor, 10);
    step(&mut executor, 10);
    assert_eq!(shown.take(), "20.0 10.0 0.0");
    step(&mut executor, 19);
    step(&mut executor, 1);
    assert_eq!(shown.take(), "0.5 1.0");
}

#[test]
#[should_panic(expected = "give it a bounded curve")]
fn a_curve_without_an_end_is_a_mistake() {
    let ray = FunctionCurve::new(Interval::EVERYWHERE, |t: f32| t);
    drop(tween(millis(1), ray, |_| Ok::<(), ()>(())));
}

#[test]
fn a_tween_of_no_length_shows_its_end_and_doesnt_wait() {
    let (mut executor, shown) = (Executor::new(), Shown::default());
    let show = shown.clone();
    executor.spawn(async move {
        tween(Duration::ZERO, EaseFunction::Linear, |t: f32| show.show(t)).await?;
        show.show("over")
    });
    step(&mut executor, 0);
    assert_eq!(shown.take(), r#"1.0 "over""#);
}

#[test]
fn a_clock_that_stands_still_brings_no_values() {
    let (mut executor, shown) = (Executor::new(), Shown::default());
    let clock = executor.add_clock(executor.main_lane(), "menu");
    let show = shown.clone();
    let tween =
        executor.spawn(async move { tween(millis(40), EaseFunction::Linear, |t: f32| show.show(t)).on(clock).await });
    step(&mut executor, 10);
    step(&mut executor, 10);
    clock.pause();
    step(&mut executor, 10);
    step(&mut executor, 10);
    assert_eq!(shown.take(), "0.0 0.25");
    clock.resume();
    clock.set_scale(1, 2);
    step(&mut executor, 0);
    step(&mut executor, 20);
    assert_eq!(shown.take(), "0.5");
    step(&mut executor, 40);
    assert_eq!(shown.take(), "1.0");
    assert!(tween.is_finished());
}

#[test]
fn a_tween_follows_the_scripts_own_clock() {
    let (mut executor, shown) = (Executor::new(), Shown::default());
    let clock = executor.add_clock(executor.main_lane(), "slow");
    clock.set_scale(1, 4);
    let show = shown.clone();
    executor.spawn(async move {
        framestep::set_task_clock(clock);
        tween(millis(10), EaseFunction::Linear, |t: f32| show.show(t)).await
    });
    for _ in 0..3 {
        step(&mut executor, 20);
    }
    assert_eq!(shown.take(), "0.0 0.5 1.0");
}

#[test]
fn many_short_steps_end_where_one_long_one_does() {
    let last_but_end = |steps: u64| {
        let (mut executor, shown) = (Executor::new(), Shown::default());
        let show = shown.clone();
        let show = move |t: f32| show.show(t.to_bits());
        executor.spawn(async move { tween(Duration::from_nanos(1_000_003), EaseFunction::SineIn, show).await });
        step(&mut executor, 0);
        for _ in 0..steps {
            executor.poll_once_with(Duration::from_nanos(1_000_000 / steps));
        }
        shown.take().rsplit(' ').next().unwrap().to_owned()
    };
    assert_eq!(last_but_end(1_000), last_but_end(1));
    assert_ne!(last_but_end(1), 1.0_f32.to_bits().to_string());
}

#[test]
fn a_tween_shows_once_a_step_however_often_it_is_polled_and_stops_where_it_is_dropped() {
    let (mut executor, shown) = (Executor::new(), Shown::default());
    let show = shown.clone();
    executor.spawn(async move {
        let noise = async {
            for _ in 0..3 {
                spawn(async {}).await.unwrap();
            }
            next_frame().await;
        };
        let both = join(noise, tween(millis(40), EaseFunction::Linear, |t: f32| show.show(t)));
        let Race::Second(()) = race(both, framestep::frames(2)).await else { panic!("it was dropped") };
        show.show("dropped")
    });
    for _ in 0..6 {
        step(&mut executor, 10);
    }
    assert_eq!(shown.take(), r#"0.0 0.25 0.5 "dropped""#);
}

#[test]
fn it_ends_with_the_error_of_who_shows_it() {
    #[derive(Component)]
    struct Height(f32);

    let (mut world, log) = (World::new(), Log::default());
    let balloon = world.spawn(Height(0.0)).id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let rise = |t: f32| me.other(balloon).with(|mut height: Mut<Height>| height.0 = t);
        let error = tween(millis(30), EaseFunction::Linear, rise).await.unwrap_err();
        say.say(error.to_string());
        Ok(())
    }));
    step_scripts_by(&mut world, millis(10));
    step_scripts_by(&mut world, millis(15));
    assert_eq!(world.get::<Height>(balloon).unwrap().0, 0.5);
    world.despawn(balloon);
    step_scripts_by(&mut world, Duration::ZERO);
    assert_eq!(log.words(), "");
    step_scripts_by(&mut world, millis(1));
    assert!(log.words().contains("doesn't exist: it was despawned"));
}
