//! Cancelling, outliving, and what polls and destructors do to others.
//!
//! Rule: as in `failures`.

use super::*;

// ---- 2. Cancel ----------------------------------------------------------------------------------

#[test]
fn f2_cancel_twice() {
    let mut executor = Executor::new();
    let words = Words::default();
    let guard = words.on_drop("dropped");
    let handle = executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    executor.poll_once();
    words.say(handle.cancel());
    words.say(handle.cancel());
    words.say(executor.cancel(handle.id()));
    assert_eq!(words.take(), "dropped true false false");
    assert!(matches!(handle.take_output(), Some(Err(JoinError::Cancelled))));
    assert!(handle.take_output().is_none());
    assert!(!handle.cancel());
}

#[test]
fn f2_cancel_before_the_first_poll() {
    let mut executor = Executor::new();
    let words = Words::default();
    let guard = words.on_drop("dropped");
    let handle = executor.spawn(async move { drop(guard) });
    assert!(handle.cancel());
    assert_eq!(words.take(), "dropped");
    let report = executor.poll_once();
    assert_eq!((report.polled, report.cancelled), (0, 1));
}

#[test]
fn f2_cancel_while_parked_takes_effect_at_once() {
    let mut executor = Executor::new();
    let words = Words::default();
    for name in ["frame", "sleep", "join"] {
        let guard = words.on_drop("dropped");
        let other = executor.spawn(pending::<()>());
        let handle = executor.spawn(async move {
            let _guard = guard;
            match name {
                "frame" => next_frame().await,
                "sleep" => sleep(Duration::from_secs(1)).await,
                _ => drop(other.await),
            }
        });
        executor.poll_once();
        words.say(handle.cancel());
        assert!(handle.is_finished());
        executor.poll_once_with(Duration::from_secs(2));
    }
    assert_eq!(words.take(), "dropped true dropped true dropped true");
}

/// Spawns a script that finds its own handle in the cell.
fn spawn_knowing_itself<F: Future<Output = &'static str> + 'static>(
    executor: &Executor,
    body: impl FnOnce(Rc<RefCell<Option<JoinHandle<&'static str>>>>) -> F,
) -> Rc<RefCell<Option<JoinHandle<&'static str>>>> {
    let own = Rc::new(RefCell::new(None));
    let handle = executor.spawn(body(own.clone()));
    *own.borrow_mut() = Some(handle);
    own
}

#[test]
fn f2_cancel_itself_while_being_polled_takes_effect_at_the_next_await() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (log, guard) = (words.clone(), words.on_drop("dropped"));
    let own = spawn_knowing_itself(&executor, |own| async move {
        let _guard = guard;
        let handle = own.borrow_mut().take().expect("it was put there");
        log.say(handle.cancel());
        log.say(handle.is_finished());
        *own.borrow_mut() = Some(handle);
        log.say("goes on");
        next_frame().await;
        log.say("too far");
        "finished"
    });
    let report = executor.poll_once();
    assert_eq!(words.take(), "true false goes on dropped");
    assert_eq!((report.cancelled, report.completed, report.live), (1, 0, 0));
    let handle = own.borrow_mut().take().expect("it was put back");
    assert!(matches!(handle.take_output(), Some(Err(JoinError::Cancelled))));
}

// ---- 5. Wakers, sleeps and handles that outlive the executor ------------------------------------

#[test]
fn f5_the_last_waker_is_dropped_after_the_executor() {
    let gate = Gate::default();
    let mut executor = Executor::new();
    let wait = gate.clone();
    let handle = executor.spawn(async move { wait.wait().await });
    executor.poll_once();
    let waker = gate.waker();
    drop(executor);
    gate.wake();
    waker.wake_by_ref();
    on_thread(move || waker.wake());
    assert!(matches!(handle.take_output(), Some(Err(JoinError::Cancelled))));
    assert!(!handle.cancel());
    gate.wake();
}

/// A future that tests can take out of the script that polls it.
type Shared<F> = Rc<RefCell<Option<Pin<Box<F>>>>>;

/// Polls what is in the cell.
async fn poll_shared<F: Future>(shared: Shared<F>) {
    poll_fn(move |cx| match shared.borrow_mut().as_mut() {
        Some(future) => future.as_mut().poll(cx).map(drop),
        None => Poll::Ready(()),
    })
    .await;
}

#[test]
fn f5_sleeps_and_handles_outlive_the_executor() {
    let mut executor = Executor::new();
    let waits: Shared<_> = Rc::new(RefCell::new(None));
    let clock = executor.clock();
    let child = executor.spawn(pending::<()>());
    *waits.borrow_mut() = Some(Box::pin(framestep::join4(
        clock.sleep(Duration::from_secs(1)),
        next_frame(),
        child,
        framestep::frames(3),
    )));
    let handle = executor.spawn(poll_shared(waits.clone()));
    executor.poll_once();
    drop(executor);
    drop(waits.take());
    assert!(handle.is_finished());
}

#[test]
fn f5_a_handle_that_outlives_the_executor_still_gives_the_output() {
    let mut executor = Executor::new();
    let words = Words::default();
    let guard = words.on_drop("dropped");
    let handle = executor.spawn(async move { guard });
    executor.poll_once();
    drop(executor);
    words.say("executor");
    let output = output(&handle);
    drop(handle);
    words.say("handle");
    drop(output);
    assert_eq!(words.take(), "executor handle dropped");

    let mut executor = Executor::new();
    let guard = words.on_drop("dropped");
    let handle = executor.spawn(async move { guard });
    executor.poll_once();
    drop(executor);
    words.say("executor");
    drop(handle);
    assert_eq!(words.take(), "executor dropped");
}

// ---- 10. From inside polls and destructors ------------------------------------------------------

#[test]
fn f10_spawning_cancelling_and_joining_from_inside_a_poll() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let guard = log.on_drop("guard");
        let parked = spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let unstarted = spawn(async {});
        yield_now().await;
        let again = spawn(async { "again" });
        log.say(parked.cancel());
        log.say(unstarted.is_finished());
        log.say(matches!(parked.await, Err(JoinError::Cancelled)));
        log.say(again.await.expect("it ends"));
    });
    executor.poll_once();
    assert_eq!(words.take(), "true true guard true again");
    assert_eq!(executor.live(), 0);
}

#[test]
fn f10_spawning_cancelling_and_waking_from_inside_a_destructor() {
    let mut executor = Executor::new();
    let words = Words::default();
    let gate = Gate::default();
    let (log, wait) = (words.clone(), gate.clone());
    executor.spawn(async move {
        wait.wait().await;
        log.say("woken");
    });
    let guard = words.on_drop("victim");
    let victim = executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let log = words.clone();
    let handle = executor.spawn(async move {
        let _guard = on_drop(move || {
            let inner = log.clone();
            drop(spawn(async move { inner.say("spawned") }));
            log.say(victim.cancel());
            gate.open();
        });
        pending::<()>().await;
    });
    executor.poll_once();
    let log = words.clone();
    executor.spawn(async move {
        log.say(handle.cancel());
        log.say("goes on");
    });
    executor.poll_once();
    assert_eq!(words.take(), "true goes on true victim spawned woken");
    assert_eq!(executor.live(), 0);
}
