//! Foreign wakers that step and panic, where they are woken and where they are dropped.
//!
//! Rule: as in `misuse`.

use super::*;

thread_local! {
    static LAST_WISH: RefCell<Option<Act>> = const { RefCell::new(None) };
}

/// Does what `LAST_WISH` says when it is dropped.
struct Mortal;

impl Wake for Mortal {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(act) = LAST_WISH.take() {
            act();
        }
    }
}

/// Polls a handle with a foreign waker, which is then the last of its kind and acts when it is dropped.
fn join_with_last_wish<T: 'static>(handle: &mut JoinHandle<T>, act: impl FnOnce() + 'static) {
    let waker = Waker::from(Arc::new(Mortal));
    assert!(Pin::new(handle).poll(&mut Context::from_waker(&waker)).is_pending());
    LAST_WISH.set(Some(Box::new(act)));
}

/// Runs to the frame in which it is told to stop; then gives its output, or panics for want of one.
async fn until(stop: Rc<Cell<bool>>, output: Option<u64>) -> u64 {
    while !stop.get() {
        next_frame().await;
    }
    if output.is_none() {
        quiet_panic("no output");
    }
    output.unwrap_or_default()
}

#[test]
fn a_joiner_that_steps_when_it_is_dropped_doesnt_hit_a_stranger_in_the_slot() {
    // A handle lets go of the script before it drops what is foreign.
    let executor = shared();
    let words = Words::default();
    let stop = Rc::new(Cell::new(false));
    let mut handle = executor.borrow().spawn(until(stop.clone(), None));
    let id = handle.id();
    step(&executor);
    let stranger: Rc<RefCell<Option<JoinHandle<u64>>>> = Rc::default();
    let (ex, log, spawned) = (executor.clone(), words.clone(), stranger.clone());
    join_with_last_wish(&mut handle, move || {
        stop.set(true);
        log.say(step(&ex).panicked);
        let handle = ex.borrow().spawn(until(Rc::default(), Some(42)));
        log.say(slot(handle.id()) == slot(id));
        *spawned.borrow_mut() = Some(handle);
    });
    drop(handle);
    step(&executor);
    let stranger = stranger.take().expect("it was spawned");
    words.say(stranger.is_finished());
    words.say(stranger.cancel());
    words.say(matches!(stranger.take_output(), Some(Err(JoinError::Cancelled))));
    assert_eq!(words.take(), "1 true false true true");
}

#[test]
fn a_joiner_that_steps_when_it_is_replaced_doesnt_hit_a_stranger_in_the_slot() {
    // A handle polled again keeps the last waker, whatever the one before does when it goes.
    let executor = shared();
    let words = Words::default();
    let stop = Rc::new(Cell::new(false));
    let mut handle = executor.borrow().spawn(until(stop.clone(), Some(7)));
    step(&executor);
    let (ex, log) = (executor.clone(), words.clone());
    join_with_last_wish(&mut handle, move || {
        stop.set(true);
        log.say(step(&ex).completed);
    });
    words.say(poll_now(Pin::new(&mut handle)).is_pending());
    words.say(matches!(poll_now(Pin::new(&mut handle)), Poll::Ready(Ok(7))));
    drop(handle);
    let report = step(&executor);
    words.say(report.live);
    assert_eq!(words.take(), "1 true true 0");
}

#[test]
fn a_joiner_that_panics_when_it_is_dropped_doesnt_leak_the_output() {
    // A detached output is dropped when its script ends.
    let mut executor = Executor::new();
    let words = Words::default();
    let output = words.on_drop("output");
    let mut handle = executor.spawn(async move {
        next_frame().await;
        output
    });
    let id = handle.id();
    executor.poll_once();
    join_with_last_wish(&mut handle, || quiet_panic("boom"));
    words.say(panics(|| drop(handle)));
    let report = executor.poll_once();
    words.say(report.completed);
    words.say(report.live);
    let later: Vec<_> = (0..2).map(|_| executor.spawn(poll_fn(|_| Poll::<()>::Pending))).collect();
    words.say(executor.task_info(id).is_none() && later.iter().all(|later| later.id() != id));
    assert_eq!(words.take(), "true output 1 0 true");
}

#[test]
fn a_signal_reaches_the_others_when_a_waker_panics() {
    // What is raised reaches all that wait.
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            quiet_panic("boom");
        }
    }
    let signal = Signal::new();
    let words = Words::default();
    let mut executor = Executor::new();
    let spawn_one = |executor: &Executor, name: &'static str| {
        let (wait, log) = (signal.wait(), words.clone());
        executor.spawn(async move {
            wait.await;
            log.say(name);
        })
    };
    drop(spawn_one(&executor, "before"));
    executor.poll_once();
    let mut first = Box::pin(signal.wait());
    let waker = Waker::from(Arc::new(Bomb));
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    for name in ["after", "last"] {
        drop(spawn_one(&executor, name));
    }
    executor.poll_once();
    words.say(panics(|| signal.raise()));
    executor.poll_once();
    words.say(poll_now(first.as_mut()).is_ready());
    assert_eq!(words.take(), "true before after last true");
}

#[test]
fn wakers_of_armed_timers_that_panic_when_they_are_dropped_all_go() {
    // Two panics in one unwind would abort: the end of an executor drops what others made one by one.
    struct Bomb(Arc<AtomicU32>);
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            quiet_panic("boom");
        }
    }
    let mut executor = Executor::new();
    let dropped = Arc::new(AtomicU32::new(0));
    // Kept by nobody that the executor drops, so that they are armed at its end.
    let stash: Rc<RefCell<Vec<[Boxed; 2]>>> = Rc::default();
    let (count, kept) = (dropped.clone(), stash.clone());
    drop(executor.spawn(async move {
        for _ in 0..3 {
            let mut armed: [Boxed; 2] = [Box::pin(sleep(ns(1_000_000_000))), Box::pin(frames(9))];
            for wait in &mut armed {
                let waker = Waker::from(Arc::new(Bomb(count.clone())));
                assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                // The timer has a clone, which is the last.
                drop(waker);
            }
            kept.borrow_mut().push(armed);
        }
    }));
    executor.poll_once();
    assert_eq!(dropped.load(Ordering::Relaxed), 0);
    drop(executor);
    assert_eq!(dropped.load(Ordering::Relaxed), 6);
}
