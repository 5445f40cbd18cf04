//! Holds of scripts that run or end, and the executor meanwhile.
//!
//! Rule: as in `holds`.

use super::*;

// ---- Held while it runs --------------------------------------------------------------------------

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

// ---- The ends of those that are held -------------------------------------------------------------

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

// ---- The executor meanwhile ----------------------------------------------------------------------

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

#[test]
fn a_long_line_of_descent_ends_from_its_top() {
    const LENGTH: u32 = if cfg!(miri) { 20 } else { 20_000 };
    fn heir(more: u32, all: Rc<RefCell<Vec<JoinHandle<()>>>>) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            if more > 0 {
                let next = spawn(heir(more - 1, all.clone()));
                all.borrow_mut().push(next);
            }
            pending::<()>().await;
        })
    }
    let mut executor = Executor::builder().script_polls(u32::MAX).build();
    let all = Rc::new(RefCell::new(Vec::new()));
    let first = executor.spawn(heir(LENGTH, all.clone()));
    executor.poll_once();
    // Each is gone before the one that it spawned; with the last goes what its line had kept, link by link.
    first.cancel();
    all.borrow().iter().for_each(|script| _ = script.cancel());
    all.borrow_mut().clear();
    executor.poll_once();
    assert_eq!(executor.live(), 0);
}
