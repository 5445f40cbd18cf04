//! What happens to those that are held, and isn't lost: wakes, releases, timers, moves.
//!
//! Rule: as in `holds`.

use super::*;

#[test]
fn timers_come_due_while_their_scripts_are_held() {
    let mut executor = Executor::new();
    let words = Words::default();
    let mut scripts = Vec::new();
    for (name, nanos) in [("late", 25), ("early", 15), ("after", 45)] {
        let log = words.clone();
        scripts.push(executor.spawn(async move {
            sleep(ns(nanos)).await;
            log.say(name);
        }));
    }
    executor.poll_once_with(ns(0));
    scripts.iter().for_each(|script| assert!(script.hold()));
    assert_eq!(steps(&mut executor, &words, 3), ["", "", ""]);
    // Each is let go by itself, in this order.
    scripts.iter().for_each(|script| assert!(script.unhold()));
    assert_eq!(steps(&mut executor, &words, 2), ["late early", "after"]);
}

#[test]
fn a_release_that_was_not_yet_reached_isnt_lost() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (first, gate) = (Rc::new(RefCell::new(None::<JoinHandle<()>>)), words.clone());
    let victim = first.clone();
    // In its third poll it holds the one behind it, which the step has released already.
    executor.spawn(async move {
        next_frame().await;
        next_frame().await;
        victim.borrow().as_ref().expect("it was spawned").hold();
        gate.say("holds");
        next_frame().await;
        gate.say("lets go");
        victim.borrow().as_ref().expect("it was spawned").unhold();
        pending::<()>().await;
    });
    *first.borrow_mut() = Some(walker(&executor, &words, "victim"));
    let _behind = walker(&executor, &words, "behind");
    assert_eq!(
        steps(&mut executor, &words, 5),
        [
            "victim behind",
            "victim behind",
            "holds behind",
            // At the back of the ready queue, which comes after those that were released.
            "lets go behind victim",
            "behind victim"
        ]
    );
}

#[test]
fn one_that_was_put_off_isnt_lost() {
    let mut executor = Executor::builder().script_polls(3).build();
    let words = Words::default();
    let log = words.clone();
    let busy = executor.spawn(async move {
        for poll in 1..8 {
            log.say(poll);
            yield_now().await;
        }
    });
    let _other = walker(&executor, &words, "other");
    assert_eq!(executor.poll_once().put_off, 1);
    assert_eq!(words.take(), "1 other 2 3");
    busy.hold();
    assert_eq!(steps(&mut executor, &words, 1), ["other"]);
    busy.unhold();
    assert_eq!(steps(&mut executor, &words, 1), ["4 other 5 6"]);
}

#[test]
fn one_that_was_put_off_can_be_held_in_the_same_step() {
    let mut executor = Executor::builder().script_polls(2).build();
    let words = Words::default();
    let log = words.clone();
    let busy = Rc::new(executor.spawn(async move {
        for poll in 1..6 {
            log.say(poll);
            yield_now().await;
        }
    }));
    let (gate, log, holds) = (Gate::default(), words.clone(), busy.clone());
    let wait = gate.clone();
    executor.spawn(async move {
        wait.wait().await;
        log.say("holds");
        holds.hold();
    });
    // Its second turn comes just before the busy one is put off, which comes just before the holder's.
    executor.spawn(async move {
        yield_now().await;
        gate.open();
    });
    executor.poll_once();
    assert_eq!(words.take(), "1 2 holds");
    assert_eq!(steps(&mut executor, &words, 2), ["", ""]);
    busy.unhold();
    assert_eq!(steps(&mut executor, &words, 2), ["3 4", "5"]);
}

#[test]
fn waits_for_a_step_are_released_by_it_while_their_script_is_held() {
    let mut executor = Executor::new();
    let words = Words::default();
    let mut scripts = Vec::new();
    let log = words.clone();
    scripts.push(executor.spawn(async move {
        join(next_frame(), next_frame()).await;
        log.say("two");
    }));
    let log = words.clone();
    scripts.push(executor.spawn(async move {
        framestep::race(next_frame(), pending::<()>()).await;
        log.say("one");
    }));
    let log = words.clone();
    scripts.push(executor.spawn(async move {
        frames(2).await;
        log.say("frames");
    }));
    let _walker = walker(&executor, &words, "walks");
    executor.poll_once();
    words.take();
    scripts.iter().for_each(|script| assert!(script.hold()));
    let before = executor.task_info(scripts[0].id()).expect("it lives");
    assert!(before.wait.is_some_and(|wait| wait.kind == framestep::WaitKind::NextFrame));
    assert_eq!(steps(&mut executor, &words, 2), ["walks", "walks"]);
    let after = executor.task_info(scripts[0].id()).expect("it lives");
    assert_eq!((after.state, after.wait), (TaskState::Held, None));
    scripts.iter().rev().for_each(|script| assert!(script.unhold()));
    // Each is let go by itself, in this order.
    assert_eq!(steps(&mut executor, &words, 1), ["frames one two walks"]);
}

#[test]
fn a_hold_taken_back_before_the_step_leaves_the_wait_as_it_was() {
    let mut executor = Executor::new();
    let words = Words::default();
    let a = walker(&executor, &words, "a");
    let _b = walker(&executor, &words, "b");
    executor.poll_once();
    words.take();
    a.hold();
    a.unhold();
    assert_eq!(state(&executor, &a), TaskState::Waiting);
    assert_eq!(steps(&mut executor, &words, 2), ["a b", "a b"]);
}

#[test]
fn one_that_moves_to_another_lane_while_it_is_held_goes_on_there() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let log = words.clone();
    let a = executor.spawn(async move {
        resume_in(fixed).await;
        log.say("moved");
        next_frame().await;
        log.say("again");
    });
    executor.poll_once();
    a.hold();
    executor.step_lane(fixed, ns(1));
    let info = executor.task_info(a.id()).expect("it lives");
    assert_eq!((info.state, info.lane), (TaskState::Held, fixed));
    a.unhold();
    executor.poll_once();
    assert_eq!(words.take(), "");
    executor.step_lane(fixed, ns(1));
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "moved again");
}

#[test]
fn a_hold_in_one_lane_doesnt_wait_for_the_step_of_another() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let log = words.clone();
    let a = Rc::new(executor.spawn_in(fixed, walk(words.clone(), "a")));
    let holds = a.clone();
    executor.spawn(async move {
        holds.hold();
        log.say("holds");
    });
    executor.step_lane(fixed, ns(1));
    executor.poll_once();
    executor.step_lane(fixed, ns(1));
    a.unhold();
    executor.poll_once();
    assert_eq!(words.take(), "a holds");
    executor.step_lane(fixed, ns(1));
    assert_eq!(words.take(), "a");
}
