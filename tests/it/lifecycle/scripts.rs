//! A script's own end, counters about to wrap, and what a script can be asked.
//!
//! Rule: as in `lifecycle`.

use super::*;

// ---- A script's own end -------------------------------------------------------------------------

#[test]
fn cancelling_oneself_and_then_returning_completes() {
    let mut executor = Executor::new();
    let words = Words::default();
    let guard = words.on_drop("guard");
    let own: Rc<RefCell<Option<JoinHandle<&str>>>> = Rc::default();
    let mine = own.clone();
    let handle = executor.spawn(async move {
        let _guard = guard;
        next_frame().await;
        assert!(mine.borrow().as_ref().expect("it was put there").cancel());
        "returned"
    });
    *own.borrow_mut() = Some(handle);
    executor.poll_once();
    let report = executor.poll_once();
    assert_eq!((report.completed, report.cancelled, report.live), (1, 0, 0));
    let handle = own.borrow_mut().take().expect("it is there");
    assert!(matches!(handle.take_output(), Some(Ok("returned"))));
    assert_eq!(words.take(), "guard");
}

#[test]
fn cancelling_oneself_by_id_and_then_panicking_panics() {
    let mut executor = Executor::new();
    let own: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
    let mine = own.clone();
    *own.borrow_mut() = Some(executor.spawn(async move {
        assert!(mine.borrow().as_ref().expect("it was put there").cancel());
        quiet_panic("boom");
    }));
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.cancelled, report.live), (1, 0, 0));
    let handle = own.borrow_mut().take().expect("it is there");
    assert!(matches!(handle.take_output(), Some(Err(JoinError::Panicked(_)))));
}

#[test]
fn a_script_that_owns_its_own_handle_is_dropped_with_it() {
    let mut executor = Executor::new();
    let words = Words::default();
    let own: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
    let (mine, guard) = (own.clone(), words.on_drop("guard"));
    *own.borrow_mut() = Some(executor.spawn(async move {
        let _guard = guard;
        let handle = mine.borrow_mut().take().expect("it was put there");
        let _ = handle.await;
    }));
    executor.poll_once();
    let mut id = None;
    executor.for_each_task(|info| id = Some(info.id));
    assert!(executor.cancel(id.expect("it waits for itself")));
    assert_eq!((words.take().as_str(), executor.live()), ("guard", 0));
}

// ---- Counters about to wrap ---------------------------------------------------------------------

#[test]
fn generations_about_to_wrap_retire_the_slot_for_good() {
    for generation in (u32::MAX - 2)..=u32::MAX {
        let mut executor = Executor::builder().start_at(0, generation).build();
        let gate = Gate::default();
        let wait = gate.clone();
        let first = executor.spawn(async move { wait.wait().await });
        executor.poll_once();
        let stale = gate.waker();
        let mut seen = vec![first.id()];
        first.cancel();
        executor.poll_once();
        for _ in 0..if cfg!(miri) { 4 } else { 8 } {
            let polls = Rc::new(Cell::new(0));
            let count = polls.clone();
            let handle = executor.spawn(poll_fn(move |_| {
                count.set(count.get() + 1);
                Poll::<()>::Pending
            }));
            executor.poll_once();
            stale.wake_by_ref();
            on_thread(|| stale.wake_by_ref());
            executor.poll_once();
            assert_eq!(polls.get(), 1, "a stale waker woke a stranger");
            assert!(!seen.contains(&handle.id()), "{seen:?} {}", handle.id());
            seen.push(handle.id());
            assert!(handle.cancel());
            executor.poll_once();
        }
        assert!(!executor.cancel(seen[0]));
    }
}

#[test]
fn frame_counters_about_to_wrap() {
    for &before in if cfg!(miri) { &[2][..] } else { &[1, 2, 3, 5] } {
        for start in [u64::from(u32::MAX) - before, u64::from(u16::MAX) - before, (1 << 36) - before] {
            let mut executor = Executor::builder().start_at(start, 1).build();
            let words = Words::default();
            for n in [1, 2, 3, 4] {
                let log = words.clone();
                executor.spawn(async move {
                    frames(n).await;
                    log.say(format!("{n}:{}", current_frame() - start));
                });
            }
            for frame in 1..8 {
                assert_eq!(executor.poll_once().frame, start + frame);
            }
            assert_eq!(words.take(), "1:2 2:3 3:4 4:5");
        }
    }
}

#[test]
fn scripts_draw_numbers_of_their_own_after_four_thousand_million_spawns() {
    let draws = |spawns| {
        let mut executor = Executor::builder().seed(7).start_spawns_at(spawns).build();
        let handles = [0; 3].map(|_| executor.spawn(async { random() }));
        let mut numbers = Vec::new();
        executor.for_each_task(|task| numbers.push(task.number));
        assert_eq!(numbers, [spawns + 1, spawns + 2, spawns + 3]);
        executor.poll_once();
        handles.map(|handle| handle.take_output().expect("it has ended").expect("with a number"))
    };
    let mut all: Vec<u64> = [0, u64::from(u32::MAX) - 1, u64::from(u32::MAX) + 2].into_iter().flat_map(draws).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 9);
}

#[test]
fn a_frame_counter_near_the_end_of_its_range_doesnt_panic() {
    let mut executor = Executor::builder().start_at(u64::MAX - 3, 1).build();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        next_frame().await;
        log.say("next");
        race(frames(u64::MAX), frames(1)).await;
        log.say("next");
    });
    for _ in 0..3 {
        executor.poll_once();
    }
    assert_eq!((words.take().as_str(), executor.frame()), ("next next", u64::MAX));
}

// ---- Being asked --------------------------------------------------------------------------------

#[test]
fn every_script_can_be_asked_what_it_is_and_what_it_waits_for() {
    let mut executor = Executor::new();
    let line = line!();
    executor.spawn(async {
        set_task_name("sleeper");
        sleep(ns(30)).await;
    });
    executor.spawn(async { frames(5).await }).named("counter");
    executor.spawn(timeout(ns(9), pending::<()>()));
    executor.poll_once_with(ns(1));
    executor.poll_once_with(ns(1));
    let mut words = Vec::new();
    executor.for_each_task(|info| {
        assert_eq!((info.spawned_at.file(), info.polls), (file!(), 1));
        let wait = info.wait.expect("it is parked");
        let at = wait.at.expect("a built-in wait").line() - line;
        words.push(format!("{} {:?} {:?} +{at} {}", info.number, wait.kind, wait.due, wait.outer.is_some()));
    });
    assert_eq!(
        words,
        ["1 Sleep Some(Time(29ns)) +3 false", "2 Frames Some(Frames(4)) +5 false", "3 Sleep Some(Time(8ns)) +6 true",]
    );
    let first = executor.task_info(executor_first(&executor)).expect("it lives");
    assert_eq!(first.name, "sleeper");
}

/// The id of the script with the smallest number.
fn executor_first(executor: &Executor) -> framestep::TaskId {
    let mut first = None;
    executor.for_each_task(|info| {
        first.get_or_insert(info.id);
    });
    first.expect("somebody lives")
}

#[test]
fn an_id_is_copied_sent_compared_and_finds_nothing_when_stale() {
    fn is_plain<T: Copy + Send + Sync + Ord + std::hash::Hash + std::fmt::Debug + 'static>(_: T) {}
    let mut executor = Executor::new();
    let script = || async { current_task() };
    let handle = executor.spawn(script());
    let id = handle.id();
    is_plain(id);
    is_plain(executor.main_lane());
    is_plain(executor.clock());
    executor.poll_once();
    assert!(matches!(handle.take_output(), Some(Ok(own)) if own == id));
    drop(handle);
    executor.poll_once();
    let next = executor.spawn(script());
    assert_eq!((slot(next.id()) == slot(id), next.id() == id), (true, false));
    assert!(executor.task_info(id).is_none() && !executor.cancel(id));
    assert!(executor.task_info(next.id()).is_some());
}

#[test]
fn random_numbers_are_a_tree_over_the_seed() {
    let draw = |seed: u64, extra: bool| {
        let mut executor = Executor::builder().seed(seed).build();
        let drawn: Rc<RefCell<Vec<u64>>> = Rc::default();
        for _ in 0..2 {
            let drawn = drawn.clone();
            executor.spawn(async move {
                let mut own = vec![random(), random()];
                if extra {
                    let _ = random();
                }
                let child = spawn(async { random() });
                own.push(child.await.expect("it ends"));
                drawn.borrow_mut().extend(own);
            });
        }
        executor.poll_once();
        let mut all = drawn.take();
        all.push(executor.random());
        all
    };
    assert_eq!(draw(7, false), draw(7, false));
    assert_ne!(draw(7, false), draw(8, false));
    // What a script draws moves no other stream.
    assert_eq!(draw(7, false), draw(7, true));
    let mut all = draw(7, false);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 7);
}

#[test]
fn random_numbers_and_traces_are_the_same_on_every_target_and_in_every_build() {
    // What recordings rest on: a change here is a break with those made before it.
    let mut executor = Executor::builder().seed(7).trace(true).build();
    let drawn: Rc<RefCell<Vec<u64>>> = Rc::default();
    for _ in 0..2 {
        let drawn = drawn.clone();
        executor.spawn(async move {
            let child = spawn(async {
                next_frame().await;
                random()
            });
            let own = random();
            sleep(ns(30_000_000)).await;
            let child = child.await.expect("it ends");
            drawn.borrow_mut().extend([own, child, random()]);
        });
    }
    let cancelled = executor.spawn(pending::<()>());
    for _ in 0..4 {
        executor.poll_once();
        cancelled.cancel();
    }
    let mut golden = drawn.take();
    golden.extend([executor.random(), executor.trace_hash()]);
    let expected: [u64; 8] = [
        599_637_082_977_376_118,
        12_861_115_336_439_343_464,
        13_830_717_199_673_000_403,
        4_766_555_197_580_244_636,
        4_655_499_185_155_543_315,
        4_878_347_064_646_926_205,
        9_716_310_284_519_816_031,
        14_201_919_254_263_182_559,
    ];
    assert_eq!(golden, expected);
}
