//! Runs in a shuffled order.

use crate::words::Words;
use framestep::{Executor, next_frame, sleep, spawn, yield_now};
use futures::stream::{FuturesUnordered, StreamExt};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::Duration,
};

fn shuffled(seed: u64) -> Executor {
    Executor::builder().trace(true).shuffle(seed).build()
}

/// Who is polled in each of three frames, of five that wait for the next.
fn order(mut executor: Executor) -> (String, u64) {
    let words = Words::default();
    for number in 0..5 {
        let words = words.clone();
        drop(executor.spawn(async move {
            loop {
                words.say(number);
                next_frame().await;
            }
        }));
    }
    for _ in 0..3 {
        executor.poll_once();
        words.say("|");
    }
    (words.take(), executor.trace_hash())
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_another() {
    assert_eq!(order(Executor::new()).0, "0 1 2 3 4 | 0 1 2 3 4 | 0 1 2 3 4 |");
    assert_eq!(order(shuffled(1)), order(shuffled(1)));
    let orders: BTreeSet<String> = (0..20).map(|seed| order(shuffled(seed)).0).collect();
    assert!(orders.len() > 15, "{orders:?}");
    // The trace starts from both seeds.
    let hash = |builder: framestep::Builder| builder.trace(true).build().trace_hash();
    let hashes: BTreeSet<u64> = [
        hash(Executor::builder()),
        hash(Executor::builder().shuffle(0)),
        hash(Executor::builder().shuffle(1)),
        hash(Executor::builder().seed(1)),
        hash(Executor::builder().seed(1).shuffle(0)),
    ]
    .into();
    assert_eq!(hashes.len(), 5);
}

#[test]
fn the_order_doesnt_depend_on_the_trace() {
    let run = |trace| order(Executor::builder().trace(trace).shuffle(5).build()).0;
    assert_eq!(run(true), run(false));
}

#[test]
fn each_order_is_as_likely() {
    let mut firsts = [0_u32; 4];
    let mut executor = shuffled(11);
    let polled = Rc::new(RefCell::new(Vec::new()));
    for number in 0..4_usize {
        let polled = polled.clone();
        drop(executor.spawn(async move {
            loop {
                polled.borrow_mut().push(number);
                next_frame().await;
            }
        }));
    }
    for _ in 0..1_000 {
        executor.poll_once();
        let mut order = polled.take();
        firsts[order[0]] += 1;
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3], "each once a frame");
    }
    assert!(firsts.iter().all(|&first| (200..300).contains(&first)), "{firsts:?}");
}

/// A game in which it matters who comes first: one takes what the other leaves.
fn planted(mut executor: Executor) -> u32 {
    let gold = Rc::new(Cell::new(10));
    let (thief, guard) = (gold.clone(), gold.clone());
    drop(executor.spawn(async move {
        next_frame().await;
        guard.set(guard.get() * 2);
    }));
    drop(executor.spawn(async move {
        next_frame().await;
        thief.set(thief.get() - 4);
    }));
    executor.poll_once();
    executor.poll_once();
    gold.get()
}

#[test]
fn a_planted_dependence_on_the_order_is_found() {
    assert_eq!(planted(Executor::new()), 16);
    let found: BTreeSet<u32> = (0..10).map(|seed| planted(shuffled(seed))).collect();
    assert_eq!(found, [12, 16].into());
}

#[test]
fn what_is_woken_meanwhile_may_be_next() {
    let run = |mut executor: Executor| {
        let words = Words::default();
        for number in 0..4 {
            let words = words.clone();
            drop(executor.spawn(async move {
                words.say(number);
                let said = words.clone();
                drop(spawn(async move { said.say(format!("child-{number}")) }));
                yield_now().await;
                words.say(format!("{number}-again"));
            }));
        }
        let report = executor.poll_once();
        assert_eq!((report.polled, report.spawned, report.completed), (12, 8, 8));
        words.take()
    };
    let plain = run(Executor::new());
    let mut sorted: Vec<String> = plain.split(' ').map(str::to_owned).collect();
    sorted.sort_unstable();
    let mut early_children = 0;
    for seed in 0..20 {
        let order = run(shuffled(seed));
        let place = |word: &str| order.split(' ').position(|other| other == word).expect("it is said");
        early_children += u32::from((0..4).any(|number| place("child-0") < place(&number.to_string())));
        let mut words: Vec<String> = order.split(' ').map(str::to_owned).collect();
        words.sort_unstable();
        assert_eq!(words, sorted);
    }
    assert!(early_children > 5, "a child runs before others that were ready before it");
}

#[test]
fn nothing_starves_and_what_was_put_off_comes_first() {
    let mut executor = Executor::builder().shuffle(3).script_polls(10).frame_polls(30).build();
    let words = Words::default();
    for number in 0..4 {
        let words = words.clone();
        drop(executor.spawn(async move {
            loop {
                words.say(number);
                yield_now().await;
            }
        }));
    }
    for _ in 0..50 {
        let report = executor.poll_once();
        assert_eq!((report.polled, report.put_off), (30, 4));
        let words = words.take();
        // All four were put off.
        let first: BTreeSet<&str> = words.split(' ').take(4).collect();
        assert!(executor.frame() == 1 || first.len() == 4, "{words}");
    }
}

#[test]
fn equal_deadlines_fire_in_any_order_and_others_in_theirs() {
    // Timers of one script, by wakers of a combinator: it says in which order they fired.
    let run = |mut executor: Executor| {
        let script = executor.spawn(async {
            let after = |nanos, word: &'static str| async move {
                sleep(Duration::from_nanos(nanos)).await;
                word
            };
            let timers: FuturesUnordered<_> = [(5, "later"), (4, "a"), (4, "b"), (4, "c"), (3, "sooner")]
                .map(|(nanos, word)| after(nanos, word))
                .into_iter()
                .collect();
            timers.collect::<Vec<_>>().await.join(" ")
        });
        while !script.is_finished() {
            executor.poll_once_with(Duration::from_nanos(10));
        }
        script.take_output().expect("it ended").expect("with words")
    };
    assert_eq!(run(Executor::new()), "sooner a b c later");
    let orders: BTreeSet<String> = (0..30).map(|seed| run(shuffled(seed))).collect();
    assert_eq!(orders.len(), 6, "{orders:?}");
    assert!(orders.iter().all(|order| order.starts_with("sooner ") && order.ends_with(" later")), "{orders:?}");
}

#[test]
fn other_lanes_and_holds_stay_what_they_are() {
    let mut executor = shuffled(8);
    let late = executor.add_lane("late");
    let words = Words::default();
    let said = words.clone();
    drop(executor.spawn(async move {
        framestep::resume_in(late).await;
        said.say("late");
    }));
    let held = words.clone();
    let script = executor.spawn(async move {
        next_frame().await;
        held.say("held");
    });
    executor.poll_once();
    script.hold();
    executor.poll_once();
    assert_eq!(words.take(), "");
    executor.step_lane(late, Duration::ZERO);
    assert_eq!(words.take(), "late");
    script.unhold();
    executor.poll_once();
    assert_eq!(words.take(), "held");
    assert_eq!(executor.live(), 0);
}
