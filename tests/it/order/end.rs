//! Steps 7 and 8, and how many frames a wait takes.
//!
//! Rule: as in `order`.

use super::*;
use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

// ---- 7. Reclaim ---------------------------------------------------------------------------------

#[test]
fn s7_a_finished_or_cancelled_task_is_never_polled_again() {
    let mut executor = Executor::new();
    let words = Words::default();
    let gate = say_when_woken(&executor, &words, "polled");
    executor.poll_once();
    let id = current_id(&executor);
    gate.wake();
    assert!(executor.cancel(id));
    gate.wake();
    let report = executor.poll_once();
    gate.wake();
    executor.poll_once();
    assert_eq!((words.take().as_str(), report.polled, report.live), ("polled", 0, 0));
}

/// The id of the only task.
fn current_id(executor: &Executor) -> framestep::TaskId {
    let mut ids = Vec::new();
    executor.for_each_task(|info| ids.push(info.id));
    assert_eq!(ids.len(), 1);
    ids[0]
}

#[test]
fn s7_its_future_is_dropped_as_soon_as_the_poll_then_running_returned_before_the_next_one() {
    let mut executor = Executor::new();
    let words = Words::default();
    let [x, y] = ["x", "y"].map(|name| {
        let guard = words.on_drop(name);
        executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
    });
    executor.poll_once();

    let log = words.clone();
    let own = words.on_drop("own");
    executor.spawn(async move {
        let _moved = &own;
        y.cancel();
        x.cancel();
        log.say(format!("cancelled {} {}", x.is_finished(), y.is_finished()));
        drop(own);
    });
    let log = words.clone();
    executor.spawn(async move { log.say("next") });
    executor.poll_once();
    assert_eq!(words.take(), "cancelled true true own y x next");
}

#[test]
fn s7_its_guards_and_permits_are_free_within_the_frame() {
    let mut executor = Executor::new();
    let words = Words::default();
    let permit = Rc::new(Cell::new(false));
    let take = |name: &'static str| {
        let (log, permit) = (words.clone(), permit.clone());
        async move {
            assert!(!permit.replace(true), "the permit is free");
            let _permit = crate::words::on_drop(move || permit.set(false));
            log.say(name);
            if name == "cancelled" {
                pending::<()>().await;
            }
        }
    };
    executor.spawn(take("first"));
    let cancelled = executor.spawn(take("cancelled"));
    executor.spawn(async move { assert!(cancelled.cancel()) });
    executor.spawn(take("last"));
    executor.poll_once();
    assert_eq!(words.take(), "first cancelled last");
}

#[test]
fn s7_slots_are_reused_only_here_in_order() {
    let mut executor = Executor::new();
    let ids: Vec<String> = (0..3).map(|_| executor.spawn(async {}).id().to_string()).collect();
    let index = |id: &str| id.split_once('v').expect("index, v, generation").0.to_string();
    let generation = |id: &str| id.split_once('v').expect("index, v, generation").1.to_string();

    // Within the frame in which they end, and until its end, slots aren't reused.
    let within = Rc::new(Cell::new(String::new()));
    let tells = |tell: Rc<Cell<String>>| async move { tell.set(spawn(async {}).id().to_string()) };
    executor.spawn(tells(within.clone()));
    executor.poll_once();
    let within = within.take();
    assert!(!ids.iter().any(|id| index(id) == index(&within)));

    // Afterwards they are, and each has another generation.
    let again: Vec<String> = (0..5).map(|_| executor.spawn(async {}).id().to_string()).collect();
    for id in &ids {
        let reused = again.iter().find(|reused| index(reused) == index(id)).expect("its slot is reused");
        assert_ne!(generation(reused), generation(id));
    }

    // In the same order on every run.
    let mut other = Executor::new();
    let ids_of_other: Vec<String> = (0..3).map(|_| other.spawn(async {}).id().to_string()).collect();
    assert_eq!(
        ids.iter().map(|id| index(id)).collect::<Vec<_>>(),
        ids_of_other.iter().map(|id| index(id)).collect::<Vec<_>>()
    );
    let tell = Rc::new(Cell::new(String::new()));
    other.spawn(tells(tell));
    other.poll_once();
    let again_of_other: Vec<String> = (0..5).map(|_| other.spawn(async {}).id().to_string()).collect();
    assert_eq!(
        again.iter().map(|id| index(id)).collect::<Vec<_>>(),
        again_of_other.iter().map(|id| index(id)).collect::<Vec<_>>()
    );
}

// ---- 8. Report ----------------------------------------------------------------------------------

#[test]
fn s8_the_report_counts_everything_since_the_step_before() {
    let mut executor = Executor::builder().script_polls(2).build();
    let waiting = executor.spawn(pending::<()>());
    executor.poll_once();

    waiting.cancel();
    let gate = Gate::default();
    let wait = gate.clone();
    executor.spawn(async move { wait.wait().await });
    executor.spawn(async { crate::words::quiet_panic("on purpose") });
    executor.spawn(async {
        loop {
            yield_now().await;
        }
    });
    let report = executor.poll_once();
    let counts = (report.frame, report.polled, report.woken, report.spawned, report.completed);
    assert_eq!(counts, (2, 4, 2, 3, 0));
    let counts = (report.cancelled, report.panicked, report.live, report.put_off);
    assert_eq!(counts, (1, 1, 2, 1));

    gate.open();
    let report = executor.poll_once();
    let counts = (report.frame, report.polled, report.woken, report.spawned, report.completed);
    assert_eq!(counts, (3, 3, 3, 0, 1));
    let counts = (report.cancelled, report.panicked, report.live, report.put_off);
    assert_eq!(counts, (0, 0, 1, 1));
}

// ---- frames(n) and waits that are over ----------------------------------------------------------

#[test]
fn frames_n_awaited_in_frame_f_resumes_in_frame_f_plus_n() {
    let mut executor = Executor::new();
    let words = Words::default();
    for n in [0, 1, 2, 3, 5, 63, 64, 65, 130] {
        let log = words.clone();
        executor.spawn(async move {
            frames(n).await;
            let first = framestep::current_frame();
            frames(n).await;
            log.say(format!("{n}:{first},{}", framestep::current_frame()));
        });
    }
    for _ in 0..300 {
        executor.poll_once();
    }
    assert_eq!(words.take(), "0:1,1 1:2,3 2:3,5 3:4,7 5:6,11 63:64,127 64:65,129 65:66,131 130:131,261");
}

#[test]
fn frames_0_doesnt_wait_and_frames_1_is_next_frame() {
    let mut executor = Executor::new();
    let words = Words::default();
    for (name, wait) in [("a", None), ("b", Some(1)), ("c", None)] {
        let log = words.clone();
        executor.spawn(async move {
            frames(0).await;
            log.say(name);
            match wait {
                None => next_frame().await,
                Some(n) => frames(n).await,
            }
            log.say(name);
        });
    }
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.polled), ("a b c", 3));
    executor.poll_once();
    assert_eq!(words.take(), "a b c");
}

#[test]
fn a_wait_that_is_already_over_doesnt_yield() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    let signal = framestep::Signal::new();
    executor.spawn(async move {
        let raised = signal.wait();
        signal.raise();
        frames(0).await;
        sleep(Duration::ZERO).await;
        framestep::sleep_until(ns(1)).await;
        raised.await;
        let done = spawn(async {});
        framestep::join_all(Vec::<std::future::Ready<()>>::new()).await;
        framestep::join(async {}, frames(0)).await;
        framestep::timeout(Duration::ZERO, async {}).await.expect("it is over");
        log.say("one poll");
        let _ = done.await;
        let again = spawn(async {});
        yield_now().await;
        log.say(again.is_finished());
        let _ = again.await;
        log.say("three polls");
    });
    let report = executor.poll_once_with(ns(1));
    assert_eq!(words.take(), "one poll true three polls");
    assert_eq!(report.polled, 3 + 2);
}

/// Tells that it was woken.
#[derive(Default)]
struct Told(AtomicBool);

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_wait_armed_between_frames_counts_from_the_frame_last_finished() {
    let mut executor = Executor::new();
    let told: [Arc<Told>; 3] = Default::default();
    let waits: Rc<RefCell<Vec<_>>> = Rc::new(RefCell::new(vec![]));
    let (tell, kept) = (told.clone(), waits.clone());
    // Between frames only a destructor is near enough to an executor to arm a wait.
    let handle = executor.spawn(async move {
        let _guard = crate::words::on_drop(move || {
            for (told, n) in tell.iter().zip(1..) {
                let mut wait = Box::pin(frames(n));
                let waker = Waker::from(told.clone());
                assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
                kept.borrow_mut().push(wait);
            }
        });
        pending::<()>().await;
    });
    executor.poll_once();
    executor.poll_once();
    handle.cancel();
    let mut seen = Vec::new();
    for _ in 3..7 {
        executor.poll_once();
        let count = told.iter().filter(|told| told.0.load(Ordering::Relaxed)).count();
        seen.push(format!("{} in frame {}", count, executor.frame()));
    }
    assert_eq!(seen, ["1 in frame 3", "2 in frame 4", "3 in frame 5", "3 in frame 6"]);
}
