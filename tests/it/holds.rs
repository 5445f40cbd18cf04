//! Scripts that are held: what stands still, what is kept, and in which order it goes on.
//!
//! Rule: each corner of a hold is a test of its own; the random programs of `model` hold and let go everywhere.

use crate::words::{Gate, Words};
use framestep::{
    Executor, JoinHandle, TaskState, frames, join, next_frame, resume_in, scope, sleep, spawn, spawn_in, yield_now,
};
use std::{cell::RefCell, future::pending, rc::Rc, time::Duration};

/// So many nanoseconds.
const fn ns(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

/// A script that says its name in every frame.
fn walker(executor: &Executor, words: &Words, name: &'static str) -> JoinHandle<()> {
    executor.spawn(walk(words.clone(), name))
}

async fn walk(words: Words, name: &'static str) {
    loop {
        words.say(name);
        next_frame().await;
    }
}

/// A script that says its name each time it is woken.
fn waiter(executor: &Executor, words: &Words, name: &'static str) -> (JoinHandle<()>, Gate) {
    let gate = Gate::default();
    let (words, wait) = (words.clone(), gate.clone());
    let script = executor.spawn(async move {
        wait.wait().await;
        words.say(name);
    });
    (script, gate)
}

/// What is said in each of so many frames.
fn steps(executor: &mut Executor, words: &Words, count: u32) -> Vec<String> {
    let step = |_| {
        executor.poll_once_with(ns(10));
        words.take()
    };
    (0..count).map(step).collect()
}

fn state(executor: &Executor, script: &JoinHandle<()>) -> TaskState {
    executor.task_info(script.id()).expect("it lives").state
}

// ---- What stands still --------------------------------------------------------------------------

#[test]
fn a_script_that_is_held_isnt_polled_until_the_hold_is_taken_back() {
    let mut executor = Executor::new();
    let words = Words::default();
    let a = walker(&executor, &words, "a");
    let _b = walker(&executor, &words, "b");
    assert_eq!(steps(&mut executor, &words, 1), ["a b"]);
    assert!(a.hold());
    assert_eq!(state(&executor, &a), TaskState::Held);
    assert_eq!(steps(&mut executor, &words, 3), ["b", "b", "b"]);
    assert!(a.unhold());
    assert_eq!(state(&executor, &a), TaskState::Ready);
    // It was released long ago, so it is woken when it goes on: before those that are released.
    assert_eq!(steps(&mut executor, &words, 2), ["a b", "a b"]);
}

#[test]
fn a_script_that_is_held_before_its_first_poll_starts_when_it_goes_on() {
    let mut executor = Executor::new();
    let words = Words::default();
    let a = walker(&executor, &words, "a");
    let _b = walker(&executor, &words, "b");
    executor.hold(a.id());
    assert_eq!(steps(&mut executor, &words, 2), ["b", "b"]);
    executor.unhold(a.id());
    assert_eq!(steps(&mut executor, &words, 1), ["a b"]);
}

#[test]
fn what_it_spawned_stands_still_with_it_whoever_of_them_still_lives() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let log = words.clone();
    let root = executor.spawn(async move {
        drop(spawn(walk(log.clone(), "child")));
        let inner = log.clone();
        drop(spawn(async move {
            // It ends at once, and what it spawned still descends from the root.
            drop(spawn(walk(inner, "grandchild")));
        }));
        drop(spawn_in(fixed, walk(log.clone(), "fixed")));
        drop(spawn(walk(log.clone(), "alone")).on_its_own());
        scope(async |s| {
            s.spawn(walk(log.clone(), "scoped"));
            walk(log.clone(), "root").await;
        })
        .await;
    });
    let both = |executor: &mut Executor| {
        executor.poll_once();
        executor.step_lane(fixed, ns(1));
        words.take()
    };
    assert_eq!(both(&mut executor), "root child alone scoped grandchild fixed");
    root.hold();
    let mut seen = Vec::new();
    executor.for_each_task(|task| seen.push((task.state == TaskState::Held, task.lane == fixed)));
    assert_eq!(
        seen,
        [(true, false), (true, false), (true, true), (false, false), (true, false), (true, false)],
        "in order of spawn numbers; those that are held report the lane that they came from"
    );
    assert_eq!(both(&mut executor), "alone");
    root.unhold();
    assert_eq!(both(&mut executor), "root child scoped grandchild alone fixed");
}

#[test]
fn what_was_held_goes_on_by_order_of_its_wakes() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (gates, log) = (Rc::new(RefCell::new(Vec::new())), words.clone());
    let kept = gates.clone();
    let root = executor.spawn(async move {
        for name in ["a", "b", "c", "d"] {
            let (gate, log) = (Gate::default(), log.clone());
            kept.borrow_mut().push(gate.clone());
            drop(spawn(async move {
                gate.wait().await;
                log.say(name);
            }));
        }
        pending::<()>().await;
    });
    let (_last, last) = waiter(&executor, &words, "last");
    executor.poll_once();
    let gate = |at: usize| gates.borrow()[at].clone();
    // Two are due when they are held.
    gate(3).open();
    gate(1).open();
    root.hold();
    gate(2).open();
    assert_eq!(executor.poll_once().polled, 0);
    gate(0).open();
    gate(2).open();
    last.open();
    root.unhold();
    executor.poll_once();
    assert_eq!(words.take(), "last b d c a");
}

#[test]
fn a_script_is_held_or_not() {
    let mut executor = Executor::new();
    let words = Words::default();
    let a = walker(&executor, &words, "a");
    assert!(a.hold() && a.hold());
    assert_eq!(steps(&mut executor, &words, 1), [""]);
    assert!(a.unhold());
    assert_eq!(steps(&mut executor, &words, 1), ["a"]);
    assert!(a.unhold());
    assert_eq!(steps(&mut executor, &words, 1), ["a"]);
}

#[test]
fn it_stands_still_as_long_as_it_or_one_that_it_descends_from_is_held() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (kept, log) = (Rc::new(RefCell::new(None)), words.clone());
    let keep = kept.clone();
    let root = executor.spawn(async move {
        *keep.borrow_mut() = Some(spawn(walk(log.clone(), "child")));
        walk(log, "root").await;
    });
    executor.poll_once();
    let child = kept.take().expect("it was spawned");
    words.take();
    child.hold();
    root.hold();
    assert_eq!(steps(&mut executor, &words, 1), [""]);
    root.unhold();
    assert_eq!(steps(&mut executor, &words, 1), ["root"]);
    root.hold();
    child.unhold();
    assert_eq!(steps(&mut executor, &words, 1), [""]);
    root.unhold();
    // The child has been due for longer.
    assert_eq!(steps(&mut executor, &words, 1), ["child root"]);
}

#[test]
fn a_key_that_is_stale_holds_nothing() {
    let mut executor = Executor::new();
    let old = executor.spawn(async {});
    executor.poll_once();
    assert!(!old.hold() && !old.unhold());
    let id = old.id();
    drop(old);
    executor.poll_once();
    let words = Words::default();
    let _new = walker(&executor, &words, "new");
    assert!(!executor.hold(id) && !executor.unhold(id));
    assert_eq!(steps(&mut executor, &words, 1), ["new"]);
}

// ---- What is kept -------------------------------------------------------------------------------

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

// ---- Held while it runs ---------------------------------------------------------------------------

#[test]
fn one_that_is_being_polled_is_held_when_that_poll_returns_and_so_is_what_it_spawns_meanwhile() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (me, log) = (Rc::new(RefCell::new(None::<JoinHandle<()>>)), words.clone());
    let own = me.clone();
    *me.borrow_mut() = Some(executor.spawn(async move {
        drop(spawn(walk(log.clone(), "before")));
        own.borrow().as_ref().expect("it was spawned").hold();
        drop(spawn(walk(log.clone(), "after")));
        log.say("goes on to its await");
        walk(log, "me").await;
    }));
    let _other = walker(&executor, &words, "other");
    assert_eq!(steps(&mut executor, &words, 2), ["goes on to its await me other", "other"]);
    me.borrow().as_ref().expect("it was spawned").unhold();
    assert_eq!(steps(&mut executor, &words, 2), ["before after me other", "before after me other"]);
}

#[test]
fn one_that_ends_by_the_poll_in_which_it_was_held_has_ended() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (me, log) = (Rc::new(RefCell::new(None::<JoinHandle<()>>)), words.clone());
    let own = me.clone();
    *me.borrow_mut() = Some(executor.spawn(async move {
        drop(spawn(walk(log, "child")));
        own.borrow().as_ref().expect("it was spawned").hold();
    }));
    // The hold ends with it, so what it spawned goes on.
    assert_eq!(executor.poll_once().completed, 1);
    assert_eq!(words.take(), "child");
    // And the next to be polled isn't taken for it.
    let _next = walker(&executor, &words, "next");
    assert_eq!(steps(&mut executor, &words, 2), ["next child", "next child"]);
}

#[test]
fn one_that_lets_itself_go_in_the_same_poll_goes_on() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (me, log) = (Rc::new(RefCell::new(None::<JoinHandle<()>>)), words.clone());
    let own = me.clone();
    *me.borrow_mut() = Some(executor.spawn(async move {
        own.borrow().as_ref().expect("it was spawned").hold();
        own.borrow().as_ref().expect("it was spawned").unhold();
        walk(log, "me").await;
    }));
    assert_eq!(steps(&mut executor, &words, 2), ["me", "me"]);
}

#[test]
fn one_that_panics_in_the_poll_in_which_it_was_held_holds_nobody_up() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (me, log) = (Rc::new(RefCell::new(None::<JoinHandle<()>>)), words.clone());
    let own = me.clone();
    *me.borrow_mut() = Some(executor.spawn(async move {
        drop(spawn(walk(log, "child")));
        own.borrow().as_ref().expect("it was spawned").hold();
        crate::words::quiet_panic("boom");
    }));
    let _other = walker(&executor, &words, "other");
    assert_eq!(executor.poll_once().panicked, 1);
    assert_eq!(words.take(), "other child");
}

// ---- The ends of those that are held ------------------------------------------------------------

#[test]
fn cancelling_one_that_is_held_ends_it_at_once_and_the_hold_with_it() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (log, guard) = (words.clone(), words.on_drop("dropped"));
    let root = executor.spawn(async move {
        let _guard = guard;
        drop(spawn(walk(log, "child")));
        pending::<()>().await;
    });
    executor.poll_once();
    root.hold();
    assert_eq!(steps(&mut executor, &words, 2), ["child", ""]);
    root.cancel();
    assert_eq!(words.take(), "dropped");
    assert_eq!(steps(&mut executor, &words, 2), ["child", "child"]);
}

#[test]
fn one_that_was_woken_and_cancelled_while_it_was_held_leaves_its_slot_to_others() {
    let mut executor = Executor::new();
    let words = Words::default();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (a, gate) = waiter(&executor, &words, "a");
        executor.poll_once();
        a.hold();
        gate.open();
        a.cancel();
        seen.push(a.id().to_string().split('v').next().expect("an index").to_string());
        drop(a);
        executor.poll_once();
    }
    assert_eq!((seen.iter().all(|slot| *slot == seen[0]), executor.live()), (true, 0));
    assert_eq!(words.take(), "");
}

#[test]
fn whoever_joins_one_that_is_held_waits_for_it() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (a, gate) = waiter(&executor, &words, "a");
    let id = a.id();
    let log = words.clone();
    executor.spawn(async move { log.say(format!("joined: {}", a.await.is_ok())) });
    executor.poll_once();
    executor.hold(id);
    gate.open();
    assert_eq!(steps(&mut executor, &words, 2), ["", ""]);
    executor.unhold(id);
    assert_eq!(steps(&mut executor, &words, 1), ["a joined: true"]);
}

#[test]
fn an_executor_that_is_dropped_drops_those_that_are_held_in_order() {
    let mut executor = Executor::new();
    let words = Words::default();
    let mut scripts = Vec::new();
    for name in ["a", "b", "c"] {
        let (guard, gate) = (words.on_drop(name), Gate::default());
        let wait = gate.clone();
        let script = executor.spawn(async move {
            let _guard = guard;
            wait.wait().await;
        });
        scripts.push((script, gate));
    }
    executor.poll_once();
    for (script, gate) in scripts.iter().rev() {
        script.hold();
        gate.open();
    }
    drop(executor);
    assert_eq!(words.take(), "a b c");
    assert!(scripts.iter().all(|(script, _)| !script.hold() && script.is_finished()));
}

#[test]
fn a_scope_cancels_children_that_are_held() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        scope(async |s| {
            let child = s.branch(walk(log.clone(), "branch"));
            yield_now().await;
            child.hold();
            frames(2).await;
            log.say("body ends");
        })
        .await;
        log.say("scope ends");
    });
    assert_eq!(steps(&mut executor, &words, 3), ["branch", "", "body ends scope ends"]);
    assert_eq!(executor.live(), 0);
}

// ---- The executor meanwhile ---------------------------------------------------------------------

#[test]
fn an_executor_whose_scripts_are_all_held_is_idle_and_has_as_many_lanes_as_ever() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (a, gate) = waiter(&executor, &words, "a");
    executor.poll_once();
    a.hold();
    gate.open();
    assert!(executor.is_idle());
    for _ in 1..32 {
        let _ = executor.add_lane("one more");
    }
    assert!((0..4).all(|_| executor.poll_once().polled == 0 && executor.incidents().is_empty()));
    a.unhold();
    assert!(!executor.is_idle());
    assert_eq!(steps(&mut executor, &words, 1), ["a"]);
}

#[test]
fn a_chain_of_scripts_that_each_start_the_next_stays_one_family() {
    fn relay(words: Words, turn: u32) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            words.say(turn);
            next_frame().await;
            drop(spawn(relay(words, turn + 1)));
        })
    }
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    let root = executor.spawn(async move {
        drop(spawn(relay(log, 0)));
        pending::<()>().await;
    });
    assert_eq!(steps(&mut executor, &words, 3), ["0", "1", "2"]);
    root.hold();
    assert_eq!(steps(&mut executor, &words, 2), ["", ""]);
    root.unhold();
    assert_eq!(steps(&mut executor, &words, 2), ["3", "4"]);
}
