//! Waits and handles after their time, and after a race that they lost.
//!
//! Rule: as in `lifecycle`.

use super::*;

type Call = Box<dyn FnOnce()>;

#[test]
fn a_sleep_polled_after_its_executor_is_gone_panics_with_advice() {
    let mut executor = Executor::new();
    let shared: Rc<RefCell<Option<Boxed>>> = Rc::default();
    *shared.borrow_mut() = Some(Box::pin(executor.clock().sleep(ns(5))));
    let wait = shared.clone();
    executor.spawn(poll_fn(move |cx| wait.borrow_mut().as_mut().expect("it is there").as_mut().poll(cx)));
    executor.poll_once();
    drop(executor);
    let mut wait = shared.take().expect("it outlives the executor");
    for inside in [false, true] {
        let mut other = Executor::new();
        let panicked = if inside {
            let wait = std::mem::replace(&mut wait, Box::pin(pending()));
            other.spawn(wait);
            other.poll_once().panicked == 1
        } else {
            catch_unwind(AssertUnwindSafe(|| poll_now(wait.as_mut()))).is_err()
        };
        // Either it says that it can't wait any more, or it never ends; it isn't ready.
        assert!(panicked || other.live() == usize::from(inside));
    }
}

/// The message of a panic.
fn panic_message(act: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(act)).expect_err("it panics");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_string())).expect("a text")
}

#[test]
fn free_functions_outside_of_a_script_panic_with_advice() {
    fn poll_outside<F: Future>(future: F) {
        let _ = poll_now(pin!(future));
    }
    let executor = Executor::new();
    let main = executor.main_lane();
    let calls: Vec<(&str, Call)> = vec![
        ("spawn", Box::new(|| drop(spawn(async {})))),
        ("next_frame", Box::new(|| poll_outside(next_frame()))),
        ("frames", Box::new(|| poll_outside(frames(2)))),
        ("sleep", Box::new(|| poll_outside(sleep(ns(1))))),
        ("interval", Box::new(|| poll_outside(async { interval(ns(1)).next().await }))),
        ("resume_in", Box::new(move || poll_outside(resume_in(main)))),
        ("scope", Box::new(|| poll_outside(scope(async |_| ())))),
        ("current_frame", Box::new(|| _ = current_frame())),
        ("current_task", Box::new(|| _ = current_task())),
        ("random", Box::new(|| _ = random())),
    ];
    for (name, call) in calls {
        let message = panic_message(call);
        assert!(message.contains(name) && message.contains("script"), "{name}: {message}");
    }
}

#[test]
fn a_clock_of_an_executor_that_is_gone_or_on_another_thread_panics_with_advice() {
    let executor = Executor::new();
    let clock = executor.clock();
    assert_eq!(clock.now(), Duration::ZERO);
    let elsewhere = on_thread(move || catch_unwind(move || clock.now()).is_err());
    assert!(elsewhere);
    drop(executor);
    let calls: [fn(Clock); 3] = [Clock::pause, |clock| _ = clock.now(), |clock| clock.set_scale(1, 2)];
    for call in calls {
        let message = panic_message(|| call(clock));
        assert!(message.contains("dropped"), "{message}");
    }
}

#[test]
fn polls_after_a_lost_race_go_on_where_the_wait_was() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let mut long = pin!(sleep(ns(25)));
        let mut beats = pin!(frames(4));
        let signal = Signal::new();
        let mut raised = pin!(signal.wait());
        let child = spawn(async {
            frames(2).await;
            "child"
        });
        let mut child = pin!(child);
        for _ in 0..3 {
            let won = race(race(long.as_mut(), beats.as_mut()), race(next_frame(), raised.as_mut())).await;
            log.say(format!("{won:?}"));
        }
        log.say(child.as_mut().await.expect("it ended"));
        signal.raise();
        raised.await;
        join(long, beats).await;
        log.say(format!("all in frame {}", current_frame()));
    });
    for _ in 0..5 {
        executor.poll_once_with(ns(10));
    }
    assert_eq!(words.take(), "Second(First(())) Second(First(())) First(First(())) child all in frame 5");
}

#[test]
fn a_lost_race_leaves_nothing_behind() {
    let mut executor = Executor::new();
    let signal = Signal::new();
    let alarm = signal.clone();
    executor.spawn(async move {
        loop {
            let parked = spawn(pending::<()>());
            let _ = race(yield_now(), join(sleep(ns(5)), join(alarm.wait(), join(parked, frames(3))))).await;
            next_frame().await;
        }
    });
    for _ in 0..3 {
        executor.poll_once_with(ns(1));
    }
    assert_eq!(executor.next_deadline(), None);
    signal.raise();
    let report = executor.poll_once_with(ns(1));
    assert_eq!((report.polled, report.woken, report.cancelled), (3, 1, 0));
}

#[test]
fn until_gives_the_output_or_none_and_drops_the_other_before() {
    let mut executor = Executor::new();
    let words = Words::default();
    for (name, first, second) in [("before", 1, 2), ("together", 2, 2), ("after", 3, 2), ("at once", 0, 0)] {
        let log = words.clone();
        executor.spawn(async move {
            let (inner, wait) = (log.on_drop("inner"), log.on_drop("wait"));
            let inner = async move {
                let _inner = inner;
                frames(first).await;
                first
            };
            let wait = async move {
                let _wait = wait;
                frames(second).await;
            };
            let given = inner.until(wait).await;
            log.say(format!("{name}:{given:?}"));
        });
    }
    let mut took = Vec::new();
    for _ in 0..4 {
        executor.poll_once();
        took.push(words.take());
    }
    assert_eq!(
        took,
        [
            // A future that has ended drops what it holds; then what is left is dropped in argument order.
            "inner wait at once:Some(0)",
            "inner wait before:Some(1)",
            "inner wait together:Some(2) wait inner after:None",
            ""
        ]
    );
}

#[test]
fn until_takes_what_can_be_awaited_and_says_where_it_stands() {
    let mut executor = Executor::new();
    let signal = Signal::new();
    let raised = signal.clone();
    let line = line!() + 1;
    let script = executor.spawn(async move { pending::<()>().until(raised.wait()).await });
    executor.poll_once();
    let wait = executor.task_info(script.id()).expect("it waits").wait.expect("it is parked");
    assert_eq!((wait.kind, wait.outer.map(|at| at.line())), (framestep::WaitKind::Signal, Some(line)));
    signal.raise();
    executor.poll_once();
    assert!(matches!(script.take_output(), Some(Ok(None))));
}
