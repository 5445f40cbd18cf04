//! Wakes: of oneself, between frames, from threads, across executors.
//!
//! Rule: as in `failures`.

use super::*;

// ---- 1. A task that wakes itself and then returns `Ready` ---------------------------------------

#[test]
fn f1_a_task_that_wakes_itself_and_returns_ready_is_not_polled_again() {
    let mut executor = Executor::new();
    let words = Words::default();
    for _ in 0..3 {
        let (log, guard) = (words.clone(), words.on_drop("dropped"));
        let handle = executor.spawn(async move {
            let _guard = guard;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                let waker = cx.waker().clone();
                waker.wake();
                Poll::Ready(())
            })
            .await;
            log.say("polled");
            7
        });
        let report = executor.poll_once();
        assert_eq!((report.polled, report.live, output(&handle)), (1, 0, 7));
        assert_eq!(executor.poll_once().polled, 0);
    }
    assert_eq!(words.take(), "polled dropped polled dropped polled dropped");
}

#[test]
fn f1_nor_does_it_keep_its_slot() {
    let mut executor = Executor::new();
    let mut indices = Vec::new();
    for _ in 0..4 {
        let handle = executor.spawn(poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        }));
        indices.push(handle.id().to_string().split_once('v').expect("index, v, generation").0.to_string());
        drop(handle);
        executor.poll_once();
    }
    indices.dedup();
    assert_eq!(indices.len(), 1);
}

// ---- 3. Wakes between frames and from other threads ---------------------------------------------

#[test]
fn f3_a_wake_between_frames_is_not_lost() {
    let mut executor = Executor::new();
    let gate = Gate::default();
    let wait = gate.clone();
    let handle = executor.spawn(async move { wait.wait().await });
    executor.poll_once();
    gate.open();
    executor.poll_once();
    assert!(handle.is_finished());
}

#[test]
fn f3_a_wake_on_another_thread_is_not_lost() {
    let mut executor = Executor::new();
    let gate = Gate::default();
    let wait = gate.clone();
    let handle = executor.spawn(async move { wait.wait().await });
    for round in 1..5 {
        executor.poll_once();
        assert_eq!(gate.polls(), round);
        let waker = gate.waker();
        on_thread(move || waker.wake());
    }
    let waker = gate.waker();
    gate.open();
    on_thread(move || waker.wake());
    executor.poll_once();
    assert!(handle.is_finished());
}

#[test]
fn f3_a_stale_wake_from_a_thread_doesnt_swallow_a_live_one_in_the_same_slot() {
    let mut executor = Executor::new();
    let old = Gate::default();
    let wait = old.clone();
    let handle = executor.spawn(async move { wait.wait().await });
    executor.poll_once();
    let (stale, id) = (old.waker(), handle.id().to_string());
    handle.cancel();
    executor.poll_once();

    let new = Gate::default();
    let wait = new.clone();
    let handle = executor.spawn(async move { wait.wait().await });
    assert_eq!(handle.id().to_string().split_once('v').map(|id| id.0), id.split_once('v').map(|id| id.0));
    executor.poll_once();
    for first in [true, false] {
        let (stale, live) = (stale.clone(), new.waker());
        on_thread(move || {
            let [a, b] = if first { [&stale, &live] } else { [&live, &stale] };
            a.wake_by_ref();
            b.wake_by_ref();
        });
        assert_eq!(executor.poll_once().polled, 1);
    }
}

// ---- 4. Wakers cloned, woken and dropped on other threads ---------------------------------------

#[test]
fn f4_wakers_cloned_woken_and_dropped_on_many_threads() {
    let mut executor = Executor::new();
    let gates: Vec<Gate> = (0..4).map(|_| Gate::default()).collect();
    let handles: Vec<_> = gates
        .iter()
        .map(|gate| {
            let wait = gate.clone();
            executor.spawn(async move { wait.wait().await })
        })
        .collect();
    executor.poll_once();
    let wakers: Vec<Waker> = gates.iter().map(Gate::waker).collect();
    let rounds = if cfg!(miri) { 5 } else { 500 };
    thread::scope(|scope| {
        for first in 0..4 {
            let wakers = wakers.clone();
            scope.spawn(move || {
                for round in 0..rounds {
                    let waker = wakers[(first + round) % 4].clone();
                    waker.wake_by_ref();
                    drop(waker.clone());
                    waker.wake();
                }
            });
        }
        for _ in 0..rounds {
            executor.poll_once();
        }
    });
    executor.poll_once();
    assert_eq!(executor.poll_once().polled, 0);
    assert!(wakers.iter().all(|waker| wakers.iter().filter(|other| waker.will_wake(other)).count() == 1));
    gates.iter().for_each(Gate::open);
    executor.poll_once();
    assert!(handles.iter().all(JoinHandle::is_finished));
}

// ---- 9. Two executors on one thread -------------------------------------------------------------

#[test]
fn f9_two_executors_on_one_thread_wake_each_others_tasks() {
    let words = Words::default();
    let (mut left, mut right) = (Executor::new(), Executor::new());
    let (to_left, to_right) = (Gate::default(), Gate::default());
    for (executor, name, wait, wake) in [(&left, "left", &to_left, &to_right), (&right, "right", &to_right, &to_left)] {
        let (log, wait, wake) = (words.clone(), wait.clone(), wake.clone());
        executor.spawn(async move {
            loop {
                log.say(name);
                wake.wake();
                let mut first = true;
                poll_fn(|cx| {
                    let _ = std::pin::pin!(wait.wait()).poll(cx);
                    if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
            }
        });
    }
    for _ in 0..3 {
        left.poll_once();
        right.poll_once();
    }
    assert_eq!(words.take(), "left right left right left right");
    let gate = to_left.clone();
    right.spawn(async move { gate.wake() });
    right.poll_once();
    words.take();
    assert_eq!((left.poll_once().polled, words.take().as_str()), (1, "left"));
}

#[test]
fn f9_an_executor_steps_another_inside_a_script() {
    let words = Words::default();
    let mut outer = Executor::new();
    let log = words.clone();
    outer.spawn(async move {
        let mut inner = Executor::new();
        let inner_log = log.clone();
        let handle = inner.spawn(async move {
            inner_log.say(format!("inner {}", framestep::current_frame()));
            drop(spawn(async {}));
            next_frame().await;
            inner_log.say(format!("inner {}", framestep::current_frame()));
            next_frame().await;
        });
        for _ in 0..2 {
            inner.poll_once();
            log.say(format!("outer {}", framestep::current_frame()));
            next_frame().await;
        }
        assert_eq!(inner.live(), 1);
        drop(inner);
        log.say(handle.is_finished());
    });
    for _ in 0..3 {
        outer.poll_once();
    }
    assert_eq!(words.take(), "inner 1 outer 1 inner 2 outer 2 true");
}
