//! Panics: in polls, in destructors, in payloads; and polling on afterwards.
//!
//! Rule: as in `failures`.

use super::*;

/// The text of a caught panic.
fn panic_text<T: 'static>(handle: &JoinHandle<T>) -> String {
    match handle.take_output() {
        Some(Err(JoinError::Panicked(payload))) => (*payload.downcast_ref::<&str>().expect("a text")).to_string(),
        Some(Err(other)) => format!("error: {other}"),
        Some(Ok(_)) => "ok".to_string(),
        None => "unfinished".to_string(),
    }
}

#[test]
fn f7_a_panic_in_poll_ends_that_script_alone() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move { log.say("before") });
    let guard = words.on_drop("guard");
    let handle = executor
        .spawn(async move {
            let _guard = guard;
            quiet_panic("boom");
        })
        .named("bomb");
    let log = words.clone();
    executor.spawn(async move {
        log.say("after");
        next_frame().await;
        log.say("next");
    });
    let report = executor.poll_once();
    assert_eq!((report.polled, report.panicked, report.completed, report.live), (3, 1, 1, 1));
    let incidents = executor.incidents();
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].name.as_str(), incidents[0].spawned_at.file()), ("bomb", file!()));
    assert!(incidents[0].message.contains("boom"));
    assert_eq!(panic_text(&handle), "boom");
    executor.poll_once();
    assert_eq!(words.take(), "before guard after next");
}

#[test]
fn f7_a_panic_in_the_destructor_of_a_future_that_finished_keeps_its_output() {
    let mut executor = Executor::new();
    /// Ready at once; its destructor panics.
    struct Bomb;
    impl Future for Bomb {
        type Output = u8;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
            Poll::Ready(5)
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            quiet_panic("boom");
        }
    }
    let handle = executor.spawn(Bomb);
    let detached = executor.spawn(Bomb);
    drop(detached);
    let joined = executor.spawn(Bomb);
    let joiner = executor.spawn(async move { joined.await.expect("it ended well") });
    let report = executor.poll_once();
    assert_eq!((report.polled, report.completed, report.panicked, report.live), (4, 4, 3, 0));
    assert_eq!((output(&handle), output(&joiner)), (5, 5));
}

#[test]
fn f7_a_panic_in_the_destructor_of_a_cancelled_future() {
    let mut executor = Executor::new();
    let words = Words::default();
    let bomb = |name: &'static str| {
        let guard = words.on_drop(name);
        async move {
            let _second = guard;
            let _first = on_drop(|| quiet_panic("boom"));
            pending::<()>().await;
        }
    };
    let outside = executor.spawn(bomb("outside"));
    let inside = executor.spawn(bomb("inside"));
    executor.poll_once();
    assert!(outside.cancel());
    let log = words.clone();
    executor.spawn(async move {
        assert!(inside.cancel());
        log.say("cancelled");
        let _ = inside.await;
        log.say("joined");
    });
    let report = executor.poll_once();
    assert_eq!((report.cancelled, report.panicked, report.completed, report.live), (2, 2, 1, 0));
    assert!(matches!(outside.take_output(), Some(Err(JoinError::Cancelled))));
    assert_eq!(words.take(), "outside cancelled inside joined");
}

#[test]
fn f7_a_panic_in_the_destructor_of_an_output() {
    let mut executor = Executor::new();
    let detached = executor.spawn(async { on_drop(|| quiet_panic("boom")) });
    drop(detached);
    let report = executor.poll_once();
    assert_eq!((report.completed, report.panicked), (1, 1));
    executor.spawn(async {});
    assert_eq!(executor.poll_once().completed, 1);
    drop(executor);

    // With the handle dropped by a destructor, which is not to panic out of the executor either.
    let mut executor = Executor::new();
    let handle = executor.spawn(async { on_drop(|| quiet_panic("boom")) });
    let holder = executor.spawn(async move {
        let _handle = handle;
        pending::<()>().await;
    });
    executor.poll_once();
    holder.cancel();
    assert_eq!(executor.poll_once().panicked, 1);
}

#[test]
fn f7_a_panic_whose_payload_panics_when_it_is_dropped() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            quiet_panic("again");
        }
    }
    let mut executor = Executor::new();
    drop(executor.spawn(async { std::panic::resume_unwind(Box::new(Payload)) }));
    let kept = executor.spawn(async { std::panic::resume_unwind(Box::new(Payload)) });
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.live), (3, 0));
    let Some(Err(JoinError::Panicked(payload))) = kept.take_output() else { panic!("it panicked") };
    std::mem::forget(payload);
    executor.spawn(async {});
    assert_eq!(executor.poll_once().completed, 1);
}

#[test]
fn f7_many_panics_in_one_frame_and_polling_on_afterwards() {
    let mut executor = Executor::new();
    for round in 0..3 {
        let handles: Vec<_> = (0..6)
            .map(|n| {
                executor.spawn(async move {
                    next_frame().await;
                    if n % 2 == 0 {
                        quiet_panic("boom");
                    }
                    n
                })
            })
            .collect();
        executor.poll_once();
        let report = executor.poll_once();
        assert_eq!((report.polled, report.panicked, report.completed, report.live), (6, 3, 3, 0), "round {round}");
        let texts: Vec<String> = handles.iter().map(panic_text).collect();
        assert_eq!(texts, ["boom", "ok", "boom", "ok", "boom", "ok"]);
    }
}

#[test]
fn an_incident_names_the_wait_after_which_it_happened() {
    let mut executor = Executor::builder().script_polls(2).build();
    let lines = Rc::new(RefCell::new(std::collections::BTreeMap::new()));
    let noting = |name: &'static str| {
        let lines = lines.clone();
        move |line: u32| _ = lines.borrow_mut().insert(name, line)
    };
    executor.spawn(async { quiet_panic("before any") });
    let at = noting("slept");
    executor.spawn(async move {
        let _ = (at(line!()), sleep(Duration::from_nanos(1)).await);
        quiet_panic("slept");
    });
    let at = noting("walked");
    executor.spawn(async move {
        next_frame().await;
        let _ = (at(line!()), next_frame().await);
        // A wait that is over doesn't count, and one of others isn't known.
        sleep(Duration::ZERO).await;
        quiet_panic("walked");
    });
    let at = noting("put off");
    let put_off = executor.spawn(async move {
        yield_now().await;
        let _ = (at(line!()), yield_now().await);
    });
    let at = noting("dropped");
    let parked = executor.spawn(async move {
        let _guard = on_drop(|| quiet_panic("dropped"));
        let _ = (at(line!()), sleep(Duration::from_secs(9)).await);
    });
    let mut seen = Vec::new();
    for _ in 0..3 {
        executor.poll_once();
        seen.extend(executor.incidents());
    }
    parked.cancel();
    executor.poll_once();
    seen.extend(executor.incidents());
    assert!(put_off.is_finished());
    let line = |name| lines.borrow().get(name).copied();
    let seen: Vec<_> =
        seen.iter().map(|incident| (incident.message.as_str(), incident.waited_at.map(|at| at.line()))).collect();
    assert_eq!(
        seen,
        [
            ("before any", None),
            ("it was polled 2 times in this step, the cap for one script", line("put off")),
            ("slept", line("slept")),
            ("walked", line("walked")),
            ("dropped (in its destructor)", line("dropped")),
        ]
    );
}

#[test]
fn an_incident_says_where_its_script_had_waited() {
    let mut executor = Executor::new();
    executor.spawn(async {
        next_frame().await;
        quiet_panic("boom");
    });
    executor.poll_once();
    executor.poll_once();
    let incident = executor.incidents().remove(0);
    let at = incident.waited_at.expect("it waited");
    let text = incident.to_string();
    assert!(text.ends_with(&format!(" panicked after the wait at {at}: boom")), "{text}");
}
