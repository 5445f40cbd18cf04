//! Who stands still, and in which order it goes on.
//!
//! Rule: as in `holds`.

use super::*;

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
