//! Step 6: the ready queue, run to its end, and the caps on it.
//!
//! Rule: as in `order`.

use super::*;

#[test]
fn s6_the_ready_queue_runs_to_its_end_first_in_first_out() {
    let mut executor = Executor::new();
    let words = Words::default();
    for name in ["a", "b", "c"] {
        let log = words.clone();
        executor.spawn(async move {
            log.say(name);
            yield_now().await;
            log.say(name);
        });
    }
    let report = executor.poll_once();
    assert_eq!(words.take(), "a b c a b c");
    assert_eq!((report.polled, report.completed, report.live), (6, 3, 0));
}

#[test]
fn s6_a_script_woken_while_this_runs_goes_to_the_back_of_the_same_queue() {
    let mut executor = Executor::new();
    let words = Words::default();
    let sleeper = say_when_woken(&executor, &words, "sleeper");
    executor.poll_once();
    words.take();
    for name in ["a", "b"] {
        let (log, sleeper) = (words.clone(), sleeper.clone());
        executor.spawn(async move {
            log.say(name);
            sleeper.wake();
            sleeper.wake();
        });
    }
    executor.poll_once();
    assert_eq!(words.take(), "a b sleeper");
}

#[test]
fn s6_and_so_does_one_spawned_here() {
    let mut executor = Executor::new();
    let words = Words::default();
    for (name, child) in [("a", "child-of-a"), ("b", "child-of-b")] {
        let log = words.clone();
        executor.spawn(async move {
            let inner = log.clone();
            drop(spawn(async move { inner.say(child) }));
            log.say(name);
        });
    }
    executor.poll_once();
    assert_eq!(words.take(), "a b child-of-a child-of-b");
}

#[test]
fn s6_a_chain_of_wakes_costs_no_frames_nor_does_a_nested_await() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let deep = spawn(async {
            let deeper = spawn(async { spawn(async { 1 }).await.expect("it ends") + 1 });
            deeper.await.expect("it ends") + 1
        });
        let depth = deep.await.expect("it ends");
        let nested = async { async { async { depth }.await }.await }.await;
        log.say(format!("{nested} in frame {}", framestep::current_frame()));
    });
    executor.poll_once();
    assert_eq!(words.take(), "3 in frame 1");
}

#[test]
fn s6_no_script_can_hang_the_frame_by_waking_itself() {
    let mut executor = Executor::builder().script_polls(10).build();
    executor
        .spawn(async {
            loop {
                yield_now().await;
            }
        })
        .named("busy");
    for frame in 1..4 {
        let report = executor.poll_once();
        assert_eq!((report.frame, report.polled, report.put_off, report.live), (frame, 10, 1, 1));
        let incidents = executor.incidents();
        assert_eq!(incidents.len(), 1);
        assert_eq!(incidents[0].kind, IncidentKind::PutOff);
        assert_eq!(incidents[0].name, "busy");
        assert_eq!(incidents[0].spawned_at.file(), file!());
    }
}

/// Spawns a child that does the same.
async fn breed(born: Rc<Cell<u32>>) {
    born.set(born.get() + 1);
    drop(spawn(Box::pin(breed(born.clone())) as std::pin::Pin<Box<dyn Future<Output = ()>>>));
}

#[test]
fn s6_nor_by_spawning_for_a_child_inherits_its_spawners_count() {
    let mut executor = Executor::builder().script_polls(5).build();
    let born = Rc::new(Cell::new(0));
    executor.spawn(breed(born.clone()));
    for frame in 1..4 {
        let report = executor.poll_once();
        assert_eq!((report.polled, report.put_off, report.live), (5, 1, 1));
        assert_eq!(born.get(), 5 * frame);
    }
}

#[test]
fn s6_a_frame_wide_cap_in_polls_holds_always() {
    let mut executor = Executor::builder().frame_polls(3).build();
    let words = Words::default();
    for name in ["a", "b", "c", "d", "e"] {
        let log = words.clone();
        executor.spawn(async move { log.say(name) });
    }
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.polled, report.put_off), ("a b c", 3, 2));
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.polled, report.put_off), ("d e", 2, 0));
}

#[test]
fn s6_what_is_put_off_runs_first_next_frame() {
    let mut executor = Executor::builder().frame_polls(4).build();
    let words = Words::default();
    let woken = say_when_woken(&executor, &words, "woken");
    let log = words.clone();
    executor.spawn(async move {
        next_frame().await;
        log.say("released");
    });
    for name in ["a", "b", "c", "d"] {
        let log = words.clone();
        executor.spawn(async move { log.say(name) });
    }
    executor.poll_once();
    assert_eq!(words.take(), "woken a b");
    woken.wake();
    executor.poll_once();
    assert_eq!(words.take(), "c d woken released");
}

#[test]
fn s6_those_put_off_by_either_cap_keep_their_order() {
    let mut executor = Executor::builder().frame_polls(7).script_polls(2).build();
    let words = Words::default();
    for name in ["a", "b", "c"] {
        let log = words.clone();
        executor.spawn(async move {
            for _ in 0..4 {
                log.say(name);
                yield_now().await;
            }
        });
    }
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.put_off), ("a b c a b c", 3));
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.put_off), ("a b c a b c", 3));
    assert_eq!(executor.poll_once().completed, 3);
}
