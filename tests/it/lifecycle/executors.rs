//! The executor's end, its limits, and wakers that outlive it.
//!
//! Rule: as in `lifecycle`.

use super::*;

// ---- The executor's end -------------------------------------------------------------------------

#[test]
fn an_executor_dropped_with_destructors_that_spawn_cancel_and_wake() {
    let mut executor = Executor::new();
    let words = Words::default();
    let gate = Gate::default();
    let handles: Rc<RefCell<Vec<JoinHandle<()>>>> = Rc::default();
    for name in ["a", "b", "c"] {
        let (log, gate, others) = (words.clone(), gate.clone(), handles.clone());
        let guard = on_drop(move || {
            log.say(name);
            let unborn = log.on_drop("unborn");
            let refused = spawn(async move { drop(unborn) });
            log.say(matches!(refused.take_output(), Some(Err(JoinError::Refused(SpawnLimit::Closed)))));
            let cancelled: Vec<bool> = others.borrow().iter().map(JoinHandle::cancel).collect();
            log.say(format!("{cancelled:?}"));
            gate.open();
        });
        let handle = executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        handles.borrow_mut().push(handle);
    }
    let wait = gate.clone();
    handles.borrow_mut().push(executor.spawn(async move { wait.wait().await }));
    executor.poll_once();
    drop(executor);
    let each = "unborn true [false, false, false, false]";
    assert_eq!(words.take(), format!("a {each} b {each} c {each}"));
    assert_eq!(gate.polls(), 1);
    for handle in handles.take() {
        assert!(matches!(handle.take_output(), Some(Err(JoinError::Cancelled))));
    }
}

#[test]
fn an_executor_dropped_drops_unfinished_futures_in_order_of_spawn_numbers() {
    let mut executor = Executor::new();
    let words = Words::default();
    let spawn_one = |executor: &Executor, name: &'static str, ends: bool| {
        let guard = words.on_drop(name);
        executor.spawn(async move {
            let _guard = guard;
            if !ends {
                pending::<()>().await;
            }
        })
    };
    drop(spawn_one(&executor, "first", true));
    let second = spawn_one(&executor, "second", false);
    let third = spawn_one(&executor, "third", false);
    executor.poll_once();
    assert_eq!(words.take(), "first");
    // The fourth takes the first one's slot, and is still the last to go.
    let fourth = spawn_one(&executor, "fourth", false);
    let fifth = spawn_one(&executor, "fifth", false);
    drop(executor);
    assert_eq!(words.take(), "second third fourth fifth");
    assert!([second, third, fourth, fifth].iter().all(JoinHandle::is_finished));
}

#[test]
fn an_executor_dropped_with_destructors_that_panic() {
    let mut executor = Executor::new();
    let words = Words::default();
    for name in ["a", "b", "c"] {
        let guard = words.on_drop(name);
        executor.spawn(async move {
            let _second = guard;
            let _first = on_drop(|| quiet_panic("boom"));
            pending::<()>().await;
        });
    }
    executor.poll_once();
    drop(executor);
    assert_eq!(words.take(), "a b c");
}

#[test]
fn an_executor_dropped_by_a_script_of_another() {
    let words = Words::default();
    let mut outer = Executor::new();
    let inner = Executor::new();
    let guard = words.on_drop("inner script");
    inner.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let log = words.clone();
    outer.spawn(async move {
        let mut inner = inner;
        inner.poll_once();
        next_frame().await;
        drop(inner);
        log.say(format!("outer in frame {}", current_frame()));
        spawn(async {}).await.expect("the outer one goes on");
    });
    outer.poll_once();
    outer.poll_once();
    assert_eq!(words.take(), "inner script outer in frame 2");
    assert_eq!(outer.live(), 0);
}

#[test]
fn two_executors_each_waiting_for_the_other_can_be_dropped_in_any_order() {
    for first in [true, false] {
        let (mut left, mut right) = (Executor::new(), Executor::new());
        let on_right = right.spawn(pending::<()>());
        let on_left = left.spawn(async move { drop(on_right.await) });
        let ended = right.spawn(async move { drop(on_left.await) });
        left.poll_once();
        right.poll_once();
        if first {
            drop(left);
            assert_eq!(right.poll_once().completed, 1);
            assert!(ended.is_finished());
            drop(right);
        } else {
            drop(right);
            assert_eq!(left.poll_once().completed, 1);
            drop(left);
            assert!(ended.is_finished());
        }
    }
}

#[test]
fn a_refused_spawn_drops_its_future_and_says_why() {
    let mut executor = Executor::builder().max_tasks(2).build();
    let words = Words::default();
    let first = executor.spawn(pending::<()>());
    drop(executor.spawn(pending::<()>()));
    let guard = words.on_drop("dropped");
    let refused = executor.spawn(async move { drop(guard) });
    words.say(refused.is_finished());
    words.say(refused.cancel());
    words.say(matches!(refused.take_output(), Some(Err(JoinError::Refused(SpawnLimit::MaxTasks)))));
    assert_eq!(words.take(), "dropped true false true");
    assert_eq!((executor.poll_once().spawned, executor.live()), (2, 2));
    first.cancel();
    assert!(!executor.spawn(async {}).is_finished());
}

// ---- Wakers -------------------------------------------------------------------------------------

#[test]
fn wakers_outlive_their_task_their_executor_and_their_thread() {
    let waker = on_thread(|| {
        let mut executor = Executor::new();
        let gate = Gate::default();
        let wait = gate.clone();
        let handle = executor.spawn(async move { wait.wait().await });
        executor.poll_once();
        let waker = gate.waker();
        handle.cancel();
        waker.wake_by_ref();
        executor.poll_once();
        waker.wake_by_ref();
        drop(executor);
        waker.wake_by_ref();
        waker
    });
    waker.wake_by_ref();
    let mut executor = Executor::new();
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    executor.spawn(poll_fn(move |_| {
        count.set(count.get() + 1);
        Poll::<()>::Pending
    }));
    executor.poll_once();
    waker.wake_by_ref();
    on_thread(move || {
        let another = waker.clone();
        another.wake();
        waker.wake();
    });
    assert_eq!(executor.poll_once().polled, 0);
    assert_eq!(polls.get(), 1);
}

#[test]
fn executors_that_come_and_go_never_mix_up_their_wakers() {
    let mut wakers = Vec::new();
    for round in 0..if cfg!(miri) { 5 } else { 3_000 } {
        let mut executor = Executor::new();
        let gate = Gate::default();
        let wait = gate.clone();
        executor.spawn(async move { wait.wait().await });
        executor.poll_once();
        for stale in &wakers {
            let stale: &std::task::Waker = stale;
            stale.wake_by_ref();
        }
        if round % 500 == 0 {
            on_thread(|| wakers.iter().for_each(std::task::Waker::wake_by_ref));
        }
        assert_eq!(executor.poll_once().polled, 0, "round {round}");
        gate.wake();
        assert_eq!(executor.poll_once().polled, 1);
        if round < 20 || round % 100 == 0 {
            wakers.push(gate.waker());
        }
    }
}

#[test]
fn an_executor_in_a_thread_local_is_dropped_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Option<(Executor, JoinHandle<()>)>> = const { RefCell::new(None) };
    }
    let waker = on_thread(|| {
        let mut executor = Executor::new();
        let gate = Gate::default();
        let wait = gate.clone();
        let victim = executor.spawn(pending::<()>());
        let handle = executor.spawn(async move {
            let inner = wait.clone();
            let _guard = on_drop(move || {
                assert!(!victim.cancel());
                assert!(matches!(spawn(async {}).take_output(), Some(Err(JoinError::Refused(_)))));
                inner.wake();
            });
            join(wait.wait(), join(sleep(ns(5)), next_frame())).await;
        });
        executor.poll_once();
        KEPT.set(Some((executor, handle)));
        gate.waker()
    });
    waker.wake();
}

#[test]
fn waits_moved_to_another_executor_wake_the_script_that_holds_them_now() {
    let (mut left, mut right) = (Executor::new(), Executor::new());
    let words = Words::default();
    let signal = Signal::new();
    let child = left.spawn(frames(2));
    let clock = left.clock();
    let waits: Vec<(&str, Boxed)> = vec![
        ("signal", Box::pin(signal.wait())),
        ("child", Box::pin(async { drop(child.await) })),
        ("sleep", Box::pin(clock.sleep(ns(25)))),
        ("next", Box::pin(next_frame())),
    ];
    let moved: Rc<RefCell<Vec<_>>> = Rc::new(RefCell::new(waits));
    let polls = moved.clone();
    left.spawn(poll_fn(move |cx| {
        for (_, wait) in polls.borrow_mut().iter_mut() {
            assert!(wait.as_mut().poll(cx).is_pending());
        }
        Poll::Ready(())
    }));
    left.poll_once_with(ns(10));
    for (name, wait) in moved.take() {
        let log = words.clone();
        right.spawn(async move {
            wait.await;
            log.say(name);
        });
    }
    let mut took = Vec::new();
    for frame in 0..4 {
        right.poll_once();
        took.push(words.take());
        left.poll_once_with(ns(10));
        if frame == 1 {
            signal.raise();
        }
    }
    // The next frame is that of the executor which polls it; the others belong to the left one.
    assert_eq!(took, ["", "next", "child signal", "sleep"]);
}
