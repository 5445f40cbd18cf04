//! Join handles, and leftovers of a poll budget.
//!
//! Rule: as in `failures`.

use super::*;

// ---- 8. A poll budget ---------------------------------------------------------------------------

#[test]
fn f8_leftovers_of_a_poll_budget_run_first_and_nobody_starves() {
    let mut executor = Executor::builder().frame_polls(3).build();
    let words = Words::default();
    let noisy = executor.spawn({
        let log = words.clone();
        async move {
            loop {
                log.say("noisy");
                yield_now().await;
            }
        }
    });
    for name in ["a", "b", "c", "d", "e"] {
        let log = words.clone();
        executor.spawn(async move { log.say(name) });
    }
    let mut took = Vec::new();
    for _ in 0..3 {
        executor.poll_once();
        took.push(words.take());
    }
    assert_eq!(took, ["noisy a b", "c d e", "noisy noisy noisy"]);
    noisy.cancel();
}

// ---- 11. Join handles ---------------------------------------------------------------------------

#[test]
#[should_panic(expected = "after its output")]
fn f11_a_join_handle_polled_after_completion_panics() {
    let mut executor = Executor::new();
    let mut handle = executor.spawn(async {});
    executor.poll_once();
    let mut poll = || Pin::new(&mut handle).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(poll(), Poll::Ready(Ok(()))));
    let _ = poll();
}

#[test]
fn f11_a_join_handle_dropped_before_during_and_after() {
    let mut executor = Executor::new();
    let words = Words::default();
    let script = |name: &'static str, output: &'static str| {
        let (guard, output) = (words.on_drop(name), words.on_drop(output));
        async move {
            let _guard = guard;
            next_frame().await;
            output
        }
    };
    let before = executor.spawn(script("before", "output-before"));
    let during = executor.spawn(script("during", "output-during"));
    let after = executor.spawn(script("after", "output-after"));
    let own = Rc::new(Cell::new(None));
    let mine = own.clone();
    let (log, guard) = (words.clone(), words.on_drop("output-own"));
    let itself = executor.spawn(async move {
        next_frame().await;
        drop(mine.take());
        log.say("own");
        guard
    });
    own.set(Some(itself));
    drop(before);
    executor.poll_once();
    drop(during);
    executor.poll_once();
    words.say("frame");
    drop(after);
    assert_eq!(words.take(), "before output-before during output-during after own output-own frame output-after");
}

#[test]
fn f11_a_join_handle_moved_into_another_task() {
    let mut executor = Executor::new();
    let words = Words::default();
    let gate = Gate::default();
    let wait = gate.clone();
    let target = executor.spawn(async move {
        wait.wait().await;
        "output"
    });
    let shared: Rc<RefCell<Option<JoinHandle<&'static str>>>> = Rc::new(RefCell::new(Some(target)));

    // Polled by the first, then taken over by the second: the second is woken.
    for name in ["first", "second"] {
        let (log, shared) = (words.clone(), shared.clone());
        executor.spawn(async move {
            if name == "second" {
                next_frame().await;
            }
            let mut polled = false;
            poll_fn(|cx| {
                log.say(name);
                if name == "first" && std::mem::replace(&mut polled, true) {
                    return Poll::Ready(());
                }
                let mut shared = shared.borrow_mut();
                let handle = shared.as_mut().expect("nobody takes it away");
                Pin::new(handle).poll(cx).map(|output| log.say(output.expect("it ended")))
            })
            .await;
        });
    }
    executor.poll_once();
    executor.poll_once();
    assert_eq!(words.take(), "first second");
    gate.open();
    executor.poll_once();
    assert_eq!(words.take(), "second output");
}

#[test]
fn f11_a_join_handle_polled_by_a_foreign_waker_on_no_executor() {
    let mut executor = Executor::new();
    let mut handle = executor.spawn(async { 3 });
    let (tell, told) = mpsc::channel();
    /// Tells when it is woken.
    struct Tell(mpsc::Sender<()>);
    impl std::task::Wake for Tell {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.send(()).expect("somebody listens");
        }
    }
    let waker = Waker::from(std::sync::Arc::new(Tell(tell)));
    let mut poll = || Pin::new(&mut handle).poll(&mut Context::from_waker(&waker));
    assert!(poll().is_pending());
    executor.poll_once();
    assert_eq!(told.try_recv(), Ok(()));
    assert!(matches!(poll(), Poll::Ready(Ok(3))));
}
