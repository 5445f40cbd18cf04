//! The log of changes, with its causes; and the hash and the marks over the same.

use crate::words::{Gate, on_thread, quiet_panic};
use framestep::{
    Cause, ChangeKind, Executor, JoinHandle, Signal, TaskChange, next_frame, random, scope, sleep, spawn, yield_now,
};
use std::{
    cell::RefCell,
    future::{pending, poll_fn},
    rc::Rc,
    task::Poll,
    time::Duration,
};

fn logged() -> Executor {
    let executor = Executor::builder().trace(true).build();
    executor.log_changes(true);
    executor
}

/// What was logged since it was last asked, a change each, as `Woken 2 by Script(1)`; of steps the lane's name.
fn log(executor: &Executor) -> Vec<String> {
    let mut changes = Vec::new();
    executor.take_changes(&mut changes);
    let told = |TaskChange { kind, task, cause, name, .. }: &TaskChange| match (kind, name) {
        (ChangeKind::Step, Some(name)) => format!("step of {name}"),
        (ChangeKind::Named, Some(name)) => format!("{task} is {name} by {cause:?}"),
        _ => format!("{kind:?} {task} by {cause:?}"),
    };
    changes.iter().map(told).collect()
}

#[test]
fn a_log_says_who_woke_whom() {
    let mut executor = logged();
    let alarm = Signal::new();
    let (heard, raised) = (alarm.clone(), alarm);
    drop(executor.spawn(async move { heard.wait().await }).named("guard"));
    drop(executor.spawn(async move {
        next_frame().await;
        raised.raise();
    }));
    executor.poll_once();
    executor.poll_once();
    let expected = [
        "Spawned 1 by Game",
        "1 is guard by Game",
        "Spawned 2 by Game",
        "step of main",
        "Polled 1 by Game",
        "Polled 2 by Game",
        "step of main",
        "Polled 2 by Release",
        "Woken 1 by Script(2)",
        "Completed 2 by Script(2)",
        "Polled 1 by Script(2)",
        "Completed 1 by Script(1)",
    ];
    assert_eq!(log(&executor), expected);
}

#[test]
fn a_log_knows_every_cause() {
    let mut executor = logged();
    let gate = Gate::default();
    let (checked, outside, game) = (gate.clone(), Gate::default(), Gate::default());
    let is_open = Rc::new(RefCell::new(false));
    let asked = is_open.clone();
    executor.on_check(executor.main_lane(), move || {
        if asked.replace(false) {
            checked.open();
        }
    });
    let sleeper = executor.spawn(sleep(Duration::from_nanos(1)));
    let on_check = executor.spawn({
        let gate = gate.clone();
        async move { gate.wait().await }
    });
    let by_thread = executor.spawn({
        let outside = outside.clone();
        async move { outside.wait().await }
    });
    let by_game = executor.spawn({
        let game = game.clone();
        async move { game.wait().await }
    });
    let joins = executor.spawn(async move {
        sleeper.await.expect("it ends");
        yield_now().await;
    });
    executor.poll_once();
    log(&executor);
    *is_open.borrow_mut() = true;
    let waker = outside.waker();
    on_thread(move || waker.wake());
    game.open();
    executor.poll_once();
    let expected = [
        "Woken 4 by Game",
        "step of main",
        "Woken 3 by Outside",
        "Woken 1 by Timer",
        "Woken 2 by Check",
        "Polled 4 by Game",
        "Completed 4 by Script(4)",
        "Polled 3 by Outside",
        "Polled 1 by Timer",
        "Completed 1 by Script(1)",
        "Woken 5 by Script(1)",
        "Polled 2 by Check",
        "Completed 2 by Script(2)",
        "Polled 5 by Script(1)",
        "Woken 5 by Script(5)",
        "Polled 5 by Script(5)",
        "Completed 5 by Script(5)",
    ];
    assert_eq!(log(&executor), expected);
    assert!(on_check.is_finished() && by_game.is_finished() && joins.is_finished() && !by_thread.is_finished());
}

#[test]
fn a_log_tells_of_ends_draws_holds_and_what_is_put_off() {
    let mut executor = Executor::builder().trace(true).script_polls(2).build();
    executor.log_changes(true);
    drop(executor.spawn(async {
        scope(async |scope| {
            drop(scope.branch(pending::<()>()));
            next_frame().await;
        })
        .await;
    }));
    drop(executor.spawn(async { quiet_panic("as planned") }));
    let drawn = executor.spawn(async { random() });
    let busy = executor.spawn(async {
        loop {
            yield_now().await
        }
    });
    executor.poll_once();
    let mut changes = Vec::new();
    executor.take_changes(&mut changes);
    let drew = changes.iter().find(|change| change.kind == ChangeKind::Drew).expect("it drew");
    let value = drawn.take_output().expect("it ended").expect("with a number");
    assert_eq!((drew.task, drew.value, drew.cause), (3, value, Cause::Script(3)));
    let put_off = changes.iter().find(|change| change.kind == ChangeKind::PutOff).expect("one was put off");
    assert_eq!((put_off.task, put_off.cause), (4, Cause::Script(4)));
    let panicked = changes.iter().find(|change| change.kind == ChangeKind::Panicked).expect("one panicked");
    assert_eq!((panicked.task, panicked.cause), (2, Cause::Script(2)));
    busy.hold();
    busy.unhold();
    busy.cancel();
    let value = executor.random();
    executor.take_changes(&mut changes);
    assert_eq!(changes.last().map(|change| (change.task, change.value, change.cause)), Some((0, value, Cause::Game)));
    changes.clear();
    executor.poll_once();
    let expected = [
        "step of main",
        "Polled 1 by Release",
        "Cancelled 5 by Script(1)",
        "Woken 1 by Script(5)",
        "Polled 1 by Script(5)",
        "Completed 1 by Script(1)",
    ];
    assert_eq!(log(&executor), expected);
}

#[test]
fn what_a_script_asks_for_itself_is_by_that_script() {
    let mut executor = logged();
    let own = Rc::<RefCell<Option<JoinHandle<()>>>>::default();
    let of_itself = own.clone();
    let script = executor.spawn(async move {
        of_itself.borrow().as_ref().map(JoinHandle::hold);
        next_frame().await;
        of_itself.borrow().as_ref().map(JoinHandle::cancel);
        pending().await
    });
    *own.borrow_mut() = Some(script);
    executor.poll_once();
    own.borrow().as_ref().map(JoinHandle::unhold);
    executor.poll_once();
    let expected = [
        "Spawned 1 by Game",
        "step of main",
        "Polled 1 by Game",
        "Held 1 by Script(1)",
        "LetGo 1 by Game",
        "step of main",
        "Polled 1 by Release",
        "Cancelled 1 by Script(1)",
    ];
    assert_eq!(log(&executor), expected);
}

#[test]
fn what_goes_on_when_a_held_script_ends_does_so_by_that_end() {
    thread_local! {
        static OWN: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
    }
    let mut executor = logged();
    // It has no destructor, so its end drops nothing.
    let script = executor.spawn(poll_fn(|_| {
        drop(spawn(pending::<()>()));
        OWN.with_borrow(|own| own.as_ref().map(JoinHandle::hold));
        Poll::Ready(())
    }));
    OWN.set(Some(script));
    executor.poll_once();
    drop(OWN.take());
    let expected = [
        "Spawned 1 by Game",
        "step of main",
        "Polled 1 by Game",
        "Spawned 2 by Script(1)",
        "Held 2 by Script(1)",
        "Completed 1 by Script(1)",
        "LetGo 2 by Script(1)",
        "Polled 2 by Script(1)",
    ];
    assert_eq!(log(&executor), expected);
}

#[test]
fn what_was_ready_before_the_log_began_isnt_polled_for_its_step() {
    let mut executor = Executor::builder().trace(true).build();
    let late = executor.add_lane("late");
    drop(executor.spawn_in(late, next_frame()));
    drop(executor.spawn(next_frame()));
    executor.poll_once();
    executor.log_changes(true);
    executor.step_lane(late, Duration::ZERO);
    executor.poll_once();
    let expected =
        ["step of late", "Polled 1 by Game", "step of main", "Polled 2 by Release", "Completed 2 by Script(2)"];
    assert_eq!(log(&executor), expected);
}

#[test]
fn a_log_says_where_scripts_were_spawned_and_parked() {
    let mut executor = logged();
    let line = line!() + 1;
    drop(executor.spawn(async {
        next_frame().await;
        sleep(Duration::from_nanos(1)).await;
        pending::<()>().await;
    }));
    (0..3).for_each(|_| _ = executor.poll_once());
    let mut changes = Vec::new();
    executor.take_changes(&mut changes);
    let sites: Vec<_> = changes
        .iter()
        .filter(|change| matches!(change.kind, ChangeKind::Spawned | ChangeKind::Polled))
        .map(|change| (change.kind, change.at.map(|at| at.line())))
        .collect();
    let expected = [
        (ChangeKind::Spawned, Some(line)),
        (ChangeKind::Polled, None),
        (ChangeKind::Polled, Some(line + 1)),
        (ChangeKind::Polled, Some(line + 2)),
    ];
    assert_eq!(sites, expected);
    assert!(changes[0].name.is_some_and(|name| name.contains("parked")), "a spawn has the type's name");
}

/// Many scripts in rows, some of which end, spawn, draw and wake within them.
fn crowd(executor: &mut Executor, draw_once_more: Option<(u64, u64)>) {
    for number in 0..300_u64 {
        drop(executor.spawn(async move {
            for frame in 0..20_u64 {
                if number % 100 == 7 && frame == number % 16 {
                    drop(spawn(async {
                        next_frame().await;
                        next_frame().await;
                    }));
                }
                if draw_once_more == Some((number, frame)) {
                    random();
                }
                if number % 150 == 30 && frame == 11 {
                    return;
                }
                next_frame().await;
            }
        }));
    }
    (0..25).for_each(|_| _ = executor.poll_once());
}

#[test]
fn the_hash_is_the_same_with_and_without_a_listener() {
    let run = |log: bool, marks: bool| {
        let mut executor = Executor::builder().trace(true).build();
        executor.log_changes(log);
        executor.mark_steps(marks);
        crowd(&mut executor, None);
        executor.trace_hash()
    };
    let hash = run(false, false);
    assert_ne!(hash, 0);
    assert_eq!([run(true, false), run(false, true), run(true, true)], [hash; 3]);
}

/// A world of scripts that each ask for something in every poll; the hashes after each frame.
#[cfg(feature = "bevy_ecs")]
fn asking(ask: fn(&Executor)) -> (Vec<u64>, Vec<TaskChange>) {
    use bevy_ecs::prelude::*;
    use framestep::{Me, Script, ScriptExecutor, step_scripts};

    let mut world = World::new();
    world.insert_non_send(ScriptExecutor::new(Executor::builder().trace(true).build()));
    for _ in 0..200 {
        world.spawn(Script::new(async move |me: Me| {
            for _ in 0..5 {
                me.world(|world| ask(world.non_send::<ScriptExecutor>().executor()))?;
                next_frame().await;
            }
            Ok(())
        }));
    }
    let mut frame = || {
        step_scripts(&mut world);
        world.non_send::<ScriptExecutor>().executor().trace_hash()
    };
    let hashes = (0..7).map(|_| frame()).collect();
    let mut changes = Vec::new();
    world.non_send::<ScriptExecutor>().executor().take_changes(&mut changes);
    (hashes, changes)
}

#[test]
#[cfg(feature = "bevy_ecs")]
fn polls_of_a_row_come_to_the_same_hash_one_by_one_and_at_once() {
    let (at_once, _) = asking(|_| ());
    let (one_by_one, _) = asking(|executor| assert_ne!(executor.trace_hash(), 0));
    assert_eq!(one_by_one, at_once);
}

#[test]
#[cfg(feature = "bevy_ecs")]
fn a_log_that_is_asked_for_within_a_step_begins_with_the_next() {
    let (hashes, changes) = asking(|executor| executor.log_changes(true));
    assert_eq!(hashes, asking(|_| ()).0);
    let steps = changes.iter().filter(|change| change.kind == ChangeKind::Step).count();
    assert_eq!((changes[0].kind, steps), (ChangeKind::Step, 6), "all steps but the first");
    let polls = changes.iter().filter(|change| change.kind == ChangeKind::Polled).count();
    assert_eq!(polls, 200 * 5, "each script's first poll was before");
}

#[test]
fn a_row_that_a_panic_breaks_off_at_the_cap_is_added_once() {
    let run = |log: bool| {
        let mut executor = Executor::builder().trace(true).frame_polls(6).build();
        executor.log_changes(log);
        let alarm = Signal::new();
        let gates = [Gate::default(), Gate::default()];
        for gate in gates.clone() {
            drop(executor.spawn(async move { gate.wait().await }));
        }
        let heard = alarm.clone();
        drop(executor.spawn(async move { heard.wait().await }));
        for number in 0..6 {
            let raised = alarm.clone();
            drop(executor.spawn(async move {
                next_frame().await;
                next_frame().await;
                if number == 0 {
                    raised.raise();
                    quiet_panic("as planned");
                }
                next_frame().await;
            }));
        }
        // The last three are put off once, and stand first in the list from then on.
        executor.poll_once();
        executor.poll_once();
        gates.iter().for_each(Gate::open);
        let report = executor.poll_once();
        assert_eq!((report.polled, report.panicked, report.put_off), (6, 1, 3));
        (0..3).for_each(|_| _ = executor.poll_once());
        assert_eq!(executor.live(), 0);
        executor.trace_hash()
    };
    assert_eq!(run(true), run(false));
}

#[test]
fn one_extra_draw_is_found_in_the_very_step() {
    let run = |draw_once_more| {
        let mut executor = Executor::builder().trace(true).build();
        executor.mark_steps(true);
        crowd(&mut executor, draw_once_more);
        let mut marks = Vec::new();
        executor.take_marks(&mut marks);
        marks
    };
    let (expected, found) = (run(None), run(Some((123, 9))));
    assert_eq!(expected.len(), 25);
    let first = expected.iter().zip(&found).position(|(expected, found)| expected != found);
    // Its tenth poll is in the tenth step.
    assert_eq!(first, Some(9));
    assert!(expected[9..].iter().zip(&found[9..]).all(|(expected, found)| expected != found));
}

#[test]
#[should_panic(expected = "build the executor with `Builder::trace(true)`")]
fn a_log_without_a_trace_panics() {
    Executor::new().log_changes(true);
}

#[test]
fn marks_come_one_for_each_step_of_each_lane() {
    let mut executor = Executor::builder().trace(true).seed(3).build();
    let late = executor.add_lane("late");
    executor.mark_steps(true);
    let mut hashes = Vec::new();
    for lane in [executor.main_lane(), late, late, executor.main_lane()] {
        executor.step_lane(lane, Duration::ZERO);
        hashes.push(executor.trace_hash());
    }
    let mut marks = Vec::new();
    executor.take_marks(&mut marks);
    assert_eq!(marks.iter().map(|mark| mark.lane).collect::<Vec<_>>(), [0, 1, 1, 0]);
    assert_eq!(marks.iter().map(|mark| mark.trace).collect::<Vec<_>>(), hashes);
    executor.mark_steps(false);
    executor.poll_once();
    marks.clear();
    executor.take_marks(&mut marks);
    assert!(marks.is_empty());
    assert_eq!(
        (executor.lane_name(0), executor.lane_name(1), executor.lane_name(2)),
        (Some("main"), Some("late"), None)
    );
    assert_eq!((executor.seed(), executor.is_traced(), executor.shuffle_seed()), (3, true, None));
}
