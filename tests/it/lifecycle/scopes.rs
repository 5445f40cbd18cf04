//! Scopes: what they wait for, what they cancel, and what is free when they end.
//!
//! Rule: as in `lifecycle`.

use super::*;

/// Takes a lock until the guard is dropped.
fn hold(taken: &Rc<Cell<bool>>) -> impl Drop + use<> {
    let taken = taken.clone();
    assert!(!taken.replace(true), "the lock is free");
    on_drop(move || taken.set(false))
}

#[test]
fn a_scopes_guards_are_free_in_the_frame_in_which_it_ends() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let locks = [(); 3].map(|()| Rc::new(Cell::new(false)));
        let [in_body, in_child, in_branch] = locks.clone();
        let value = scope(async |s| {
            let _body = hold(&in_body);
            let lock = in_child.clone();
            s.spawn(async move {
                let _child = hold(&lock);
                next_frame().await;
            });
            let lock = in_branch.clone();
            s.branch(async move {
                let _branch = hold(&lock);
                pending::<()>().await;
            });
            yield_now().await;
            assert!(in_body.get() && in_child.get() && in_branch.get());
            "value"
        })
        .await;
        let taken = locks.map(|lock| lock.get());
        log.say(format!("{value} {taken:?} in frame {}", current_frame()));
    });
    for _ in 0..3 {
        executor.poll_once();
    }
    assert_eq!(words.take(), "value [false, false, false] in frame 2");
    assert_eq!(executor.live(), 0);
}

#[test]
fn cancelling_a_scope_cancels_all_its_children_in_order_of_creation() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    let heist = executor.spawn(async move {
        let children = log.clone();
        let body = log.on_drop("body");
        scope(async move |s| {
            let _body = body;
            for name in ["a", "b", "c", "d"] {
                let guard = children.on_drop(name);
                let child = async move {
                    let _guard = guard;
                    pending::<()>().await;
                };
                drop(if name < "c" { s.branch(child) } else { s.spawn(child) });
            }
            pending::<()>().await;
        })
        .await;
    });
    executor.poll_once();
    assert_eq!(executor.live(), 5);
    let log = words.clone();
    executor.spawn(async move {
        heist.cancel();
        log.say("cancelled");
    });
    let report = executor.poll_once();
    assert_eq!(words.take(), "cancelled body a b c d");
    assert_eq!((report.cancelled, report.live), (5, 0));
}

#[test]
fn a_scope_dropped_by_a_race_cancels_its_children_within_the_frame() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let guard = log.on_drop("child");
        let lost = scope(async move |s| {
            s.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
        });
        let won = race(lost, next_frame()).await;
        log.say(matches!(won, Race::Second(())));
        yield_now().await;
        log.say("later");
    });
    executor.poll_once();
    executor.poll_once();
    assert_eq!(words.take(), "true child later");
    assert_eq!(executor.live(), 0);
}

#[test]
fn a_childs_panic_doesnt_end_its_scope() {
    let mut executor = Executor::new();
    let handle = executor.spawn(scope(async |s| {
        let bomb = s.spawn(async { quiet_panic("boom") });
        s.branch(async { quiet_panic("boom") });
        matches!(bomb.await, Err(JoinError::Panicked(_)))
    }));
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.completed, report.live), (2, 1, 0));
    assert!(matches!(handle.take_output(), Some(Ok(true))));
}

#[test]
fn a_child_starts_siblings_and_the_scope_waits_for_them() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let child_log = log.clone();
        scope(async move |s| {
            s.spawn(async move {
                next_frame().await;
                s.spawn(async move {
                    next_frame().await;
                    child_log.say("sibling");
                });
            });
        })
        .await;
        log.say(format!("scope in frame {}", current_frame()));
    });
    for _ in 0..4 {
        executor.poll_once();
    }
    assert_eq!(words.take(), "sibling scope in frame 3");
}

#[test]
fn a_branch_started_after_the_body_has_ended_doesnt_keep_the_scope_open() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        scope(async |s| {
            s.spawn(async move {
                next_frame().await;
                drop(s.branch(pending::<()>()));
            });
        })
        .await;
        log.say(format!("scope in frame {}", current_frame()));
    });
    for _ in 0..4 {
        executor.poll_once();
    }
    assert_eq!(words.take(), "scope in frame 2");
    assert_eq!(executor.live(), 0);
}

#[test]
fn a_scope_used_after_its_end_refuses() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let ended = scope(async |s| s).await;
        for refused in [ended.spawn(async {}), ended.branch(async {})] {
            log.say(matches!(refused.await, Err(JoinError::Refused(_))));
        }
    });
    executor.poll_once();
    assert_eq!(words.take(), "true true");
}

#[test]
fn a_scope_dropped_between_steps_cancels_all_its_children_also_where_one_cancels_the_next() {
    let mut executor = Executor::new();
    let words = Words::default();
    let stash: Rc<RefCell<Option<Boxed>>> = Rc::default();
    let (log, place) = (words.clone(), stash.clone());
    drop(executor.spawn(async move {
        let mut open: Boxed = Box::pin(scope(async move |s| {
            let next: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
            let (guard, of_next) = (log.on_drop("a"), next.clone());
            let cancels = on_drop(move || _ = of_next.take().map(|next| next.cancel()));
            drop(s.spawn(async move {
                let _guards = (guard, cancels);
                pending::<()>().await;
            }));
            for name in ["b", "c", "d"] {
                let guard = log.on_drop(name);
                let child = s.spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
                next.borrow_mut().get_or_insert(child);
            }
            pending::<()>().await;
        }));
        assert!(poll_now(open.as_mut()).is_pending());
        *place.borrow_mut() = Some(open);
    }));
    executor.poll_once();
    assert_eq!(executor.live(), 4);
    drop(stash.take());
    assert_eq!((words.take().as_str(), executor.live()), ("a b c d", 0));
}
