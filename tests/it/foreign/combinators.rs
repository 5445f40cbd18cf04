//! Built-in waits in foreign combinators, and polled with wakers of another make.
//!
//! Rule: as in `foreign`.

use super::*;

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Counts the polls of a future, and says its name when it is over.
fn watched(words: &Words, name: &'static str, future: impl Future + 'static) -> Boxed<()> {
    let (words, mut future) = (words.clone(), Box::pin(future));
    let mut polls = 0;
    Box::pin(poll_fn(move |cx| {
        polls += 1;
        future.as_mut().poll(cx).map(|_| words.say(format!("{name}/{polls}")))
    }))
}

/// One wait of each kind, over in frames 1 to 6; the clock advances by 10 ns a frame.
fn one_of_each(words: &Words, clock: Clock, signal: &Signal) -> Vec<Boxed<()>> {
    let child = spawn(frames(3));
    vec![
        watched(words, "frames4", frames(4)),
        watched(words, "next", next_frame()),
        watched(words, "sleep", sleep(ns(15))),
        watched(words, "yield", yield_now()),
        watched(words, "signal", signal.wait()),
        watched(words, "child", child),
        watched(words, "clock", clock.sleep_until(ns(51))),
        watched(words, "timeout", timeout(ns(25), std::future::pending::<()>())),
        watched(words, "frames0", frames(0)),
        watched(words, "scope", scope(async |s| drop(s.spawn(frames(2))))),
    ]
}

/// Runs what the script does for some frames; the words of each.
fn run(frames: u32, script: impl AsyncFnOnce(Words, Clock, Signal) + 'static) -> Vec<String> {
    let mut executor = Executor::new();
    let (words, signal, clock) = (Words::default(), Signal::new(), executor.clock());
    let (log, alarm) = (words.clone(), signal.clone());
    let handle = executor.spawn(async move { script(log, clock, alarm).await });
    let mut log = Vec::new();
    for frame in 1..=frames {
        if frame == 5 {
            signal.raise();
        }
        let report = executor.poll_once_with(ns(10));
        assert_eq!(report.put_off, 0);
        log.push(words.take());
    }
    assert!(handle.is_finished(), "{log:?}");
    log
}

#[test]
fn futures_unordered_polls_those_that_are_due_and_no_others() {
    let log = run(6, async |words, clock, signal| {
        let mut all: FuturesUnordered<Boxed<()>> = one_of_each(&words, clock, &signal).into_iter().collect();
        while all.next().await.is_some() {}
        words.say("all");
    });
    // Each wait was polled to arm it, and once more when it was over.
    let polls: Vec<&str> = log.iter().flat_map(|words| words.split(' ')).filter(|word| word.contains('/')).collect();
    assert_eq!(polls.len(), 10);
    for word in polls {
        let expected = match word.split_once('/').expect("filtered").0 {
            "frames0" => "frames0/1",
            name => &format!("{name}/2"),
        };
        assert_eq!(word, expected);
    }
    let mut sets: Vec<Vec<&str>> = log.iter().map(|words| words.split(' ').collect()).collect();
    sets.iter_mut().for_each(|words| words.sort_unstable());
    assert_eq!(
        sets,
        [
            vec!["frames0/1", "yield/2"],
            vec!["next/2"],
            vec!["scope/2", "sleep/2"],
            vec!["child/2", "timeout/2"],
            vec!["frames4/2", "signal/2"],
            vec!["all", "clock/2"],
        ]
    );
}

#[test]
fn join_all_of_futures_ends_with_the_last() {
    let log = run(7, async |words, clock, signal| {
        // Thirty and more: then it is built on `FuturesUnordered`, else on polling all.
        for copies in [1, 4] {
            if copies == 1 {
                future::join_all(one_of_each(&Words::default(), clock, &signal)).await;
                words.say("few");
            } else {
                let many: Vec<_> = (0..40).map(|n| frames(n % 2)).collect();
                future::join_all(many).await;
                words.say("many");
            }
        }
    });
    assert_eq!(log, ["", "", "", "", "", "few", "many"]);
}

#[test]
fn select_all_gives_them_in_the_order_in_which_they_are_over() {
    let log = run(6, async |words, clock, signal| {
        let mut rest = one_of_each(&Words::default(), clock, &signal);
        let names = ["frames4", "next", "sleep", "yield", "signal", "child", "clock", "timeout", "frames0", "scope"];
        let mut names: Vec<&str> = names.to_vec();
        while !rest.is_empty() {
            let ((), index, left) = future::select_all(rest).await;
            // As `select_all` does: the last takes the place of the one that is over.
            words.say(names.swap_remove(index));
            rest = left;
        }
    });
    let sorted: Vec<Vec<&str>> = log
        .iter()
        .map(|words| {
            let mut words: Vec<&str> = words.split(' ').collect();
            words.sort_unstable();
            words
        })
        .collect();
    assert_eq!(
        sorted,
        [
            vec!["frames0", "yield"],
            vec!["next"],
            vec!["scope", "sleep"],
            vec!["child", "timeout"],
            vec!["frames4", "signal"],
            vec!["clock"],
        ]
    );
}

#[test]
fn a_wait_moved_out_of_a_combinator_into_another_script_wakes_that_one() {
    let mut executor = Executor::new();
    let words = Words::default();
    let shared: Rc<RefCell<Option<Boxed<()>>>> = Rc::default();
    let signal = Signal::new();
    let waits = futures::future::join(
        sleep(ns(15)),
        futures::future::join(frames(2), futures::future::join(next_frame(), signal.wait())),
    );
    *shared.borrow_mut() = Some(Box::pin(waits.map(drop)));
    let take = shared.clone();
    executor.spawn(async move {
        let mut all: FuturesUnordered<Boxed<()>> = FuturesUnordered::new();
        let inner = take.clone();
        all.push(Box::pin(poll_fn(move |cx| {
            let polled = inner.borrow_mut().as_mut().map(|wait| wait.as_mut().poll(cx));
            polled.unwrap_or(Poll::Ready(()))
        })));
        let _ = framestep::race(all.next(), yield_now()).await;
    });
    let log = words.clone();
    executor.spawn(async move {
        yield_now().await;
        let wait = shared.borrow_mut().take().expect("the first has polled it");
        wait.await;
        log.say(format!("over in frame {}", framestep::current_frame()));
    });
    for frame in 1..6 {
        if frame == 4 {
            signal.raise();
        }
        executor.poll_once_with(ns(10));
    }
    assert_eq!(words.take(), "over in frame 4");
    assert_eq!(executor.live(), 0);
}

/// Passes wakes on, and counts them.
struct Counting {
    waker: Waker,
    wakes: AtomicU32,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}

#[test]
fn a_wrapped_waker_is_woken_once_for_each_wait() {
    let mut executor = Executor::new();
    let words = Words::default();
    let fixed = executor.add_lane("fixed");
    let clock = executor.clock();
    let log = words.clone();
    executor.spawn(async move {
        let signal = Signal::new();
        let waits: Vec<(&str, Boxed<()>)> = vec![
            ("next", Box::pin(next_frame())),
            ("frames", Box::pin(frames(2))),
            ("sleep", Box::pin(sleep(ns(5)))),
            ("sleep_until", Box::pin(async move { clock.sleep(ns(1)).await })),
            ("yield", Box::pin(yield_now())),
            ("child", Box::pin(async { drop(spawn(next_frame()).await) })),
            ("signal", Box::pin(framestep::join(signal.wait(), async move { signal.raise() }).map(drop))),
            ("move", Box::pin(resume_in(fixed))),
        ];
        for (name, mut wait) in waits {
            let mut counting: Option<Arc<Counting>> = None;
            poll_fn(|cx| {
                let counting = counting
                    .get_or_insert_with(|| Arc::new(Counting { waker: cx.waker().clone(), wakes: AtomicU32::new(0) }));
                wait.as_mut().poll(&mut Context::from_waker(&Waker::from(counting.clone())))
            })
            .await;
            let counting = counting.expect("it was polled");
            drop(wait);
            log.say(format!("{name}:{}:{}", counting.wakes.load(Ordering::Relaxed), Arc::strong_count(&counting)));
        }
    });
    for _ in 0..8 {
        executor.poll_once_with(ns(10));
        executor.step_lane(fixed, ns(10));
    }
    assert_eq!(words.take(), "next:1:1 frames:1:1 sleep:1:1 sleep_until:1:1 yield:1:1 child:1:1 signal:1:1 move:1:1");
    assert_eq!(executor.live(), 0);
}

#[test]
fn a_waker_whose_wake_panics_hurts_nobody_else() {
    /// Panics when it is woken.
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            crate::words::quiet_panic("boom");
        }
    }
    let mut executor = Executor::new();
    let words = Words::default();
    for name in ["a", "b"] {
        let log = words.clone();
        executor.spawn(async move {
            let mut waits: Vec<Boxed<()>> = vec![Box::pin(sleep(ns(5))), Box::pin(next_frame()), Box::pin(frames(2))];
            waits.push(Box::pin(spawn(sleep(ns(5))).map(drop)));
            if name == "a" {
                let bomb = Waker::from(Arc::new(Bomb));
                for wait in &mut waits {
                    assert!(wait.as_mut().poll(&mut Context::from_waker(&bomb)).is_pending());
                }
                std::future::pending::<()>().await;
            }
            framestep::join_all(waits).await;
            log.say(format!("{name} in frame {}", framestep::current_frame()));
        });
    }
    let panicked: Vec<u64> = (0..4).map(|_| executor.poll_once_with(ns(10)).panicked).collect();
    assert_eq!((words.take().as_str(), panicked.iter().sum::<u64>()), ("b in frame 3", 4));
}
