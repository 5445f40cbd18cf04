//! What other threads hand in: scripts, closures, values.
//!
//! Rule: as in `foreign`; what arrives is taken in at step 2, all of it in one order.

use super::*;
use crate::words::{poll_now, quiet_panic};
use framestep::{Closed, IncidentKind, Inlet, Race, TaskState, WaitKind, injector, inlet, race};
use std::pin::pin;

/// Counts up when it is dropped, on whatever thread.
struct Counted(Arc<AtomicU32>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn count(counter: &Arc<AtomicU32>) -> u32 {
    counter.load(Ordering::Relaxed)
}

/// A log that other threads can bring along: what they hand in says its words on the executor's thread.
#[derive(Clone, Default)]
struct Said(Arc<std::sync::Mutex<Vec<String>>>);

impl Said {
    fn say(&self, word: impl std::fmt::Display) {
        self.0.lock().expect("no word panics").push(word.to_string());
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().expect("no word panics")).join(" ")
    }
}

// ---- Order ------------------------------------------------------------------------------------------

#[test]
fn all_that_comes_from_outside_is_taken_in_at_step_2_in_one_order_of_arrival() {
    let mut executor = Executor::new();
    let said = Said::default();
    // Says its name in each poll, and leaves its waker.
    let wakers = Rc::new(RefCell::new(Vec::new()));
    for name in ["first", "last"] {
        let (log, wakers) = (said.clone(), wakers.clone());
        executor.spawn(poll_fn(move |context| {
            log.say(name);
            wakers.borrow_mut().push(context.waker().clone());
            Poll::<()>::Pending
        }));
    }
    let (sender, mut values) = executor.inlet::<u32>();
    let log = said.clone();
    executor.spawn(async move {
        while let Some(value) = values.next().await {
            log.say(value);
        }
    });
    executor.poll_once();
    assert_eq!(said.take(), "first last");
    let (injector, log) = (executor.injector(), said.clone());
    let (first, last) = (wakers.borrow()[0].clone(), wakers.borrow()[1].clone());
    on_thread(move || {
        let word = |word: &'static str| {
            let log = log.clone();
            move || log.say(word)
        };
        first.wake_by_ref();
        injector.run(word("closure")).expect("it lives");
        let spawned = log.clone();
        injector.spawn(async move { spawned.say("spawned") }).expect("it lives");
        sender.send(7).expect("it lives");
        injector.run(move || last.wake()).expect("it lives");
        // It is there already, and keeps its place.
        first.wake();
        sender.send(8).expect("it lives");
        injector.run(word("another")).expect("it lives");
    });
    assert_eq!(said.take(), "", "nothing is taken in before the step");
    executor.poll_once();
    assert_eq!(said.take(), "closure another first spawned 7 8 last");
}

#[test]
fn a_closure_runs_with_no_script_running_in_the_lane_whose_step_takes_it_in() {
    let mut executor = Executor::new();
    let fixed = executor.add_lane("fixed");
    let said = Said::default();
    for _ in 0..2 {
        let log = said.clone();
        executor
            .injector()
            .run(move || {
                let log = log.clone();
                log.say(framestep::current_frame());
                drop(spawn(async move { log.say("spawned") }));
            })
            .expect("it lives");
        executor.step_lane(fixed, ns(1));
        let spawned = executor.live();
        executor.poll_once();
        said.say(format!("{spawned} left"));
    }
    assert_eq!(said.take(), "0 spawned 0 left 1 spawned 0 left");
}

#[test]
fn a_value_is_never_seen_in_the_middle_of_a_step() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (sender, mut values) = executor.inlet::<u32>();
    let log = words.clone();
    let own = sender.clone();
    executor.spawn(async move {
        for number in 0..3 {
            own.send(number).expect("it lives");
            yield_now().await;
            log.say(format!("{:?}", values.try_next()));
            next_frame().await;
        }
        drop(own);
        log.say(format!("{:?}", values.try_next()));
        log.say(format!("{:?}", values.next().await));
        log.say(format!("{:?}", values.next().await));
    });
    let mut took = Vec::new();
    for _ in 0..4 {
        executor.poll_once();
        took.push(words.take());
    }
    assert_eq!(took, ["None", "Some(0)", "Some(1)", "Some(2)"]);
    on_thread(move || {
        sender.send(9).expect("it lives");
        drop(sender);
    });
    assert_eq!(executor.poll_once().completed, 1);
    assert_eq!(words.take(), "Some(9) None");
}

// ---- Inlets -----------------------------------------------------------------------------------------

#[test]
fn an_inlet_ends_when_its_last_sender_is_gone_and_its_values_are_taken() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (sender, mut values) = executor.inlet::<&'static str>();
    let other = sender.clone();
    let log = words.clone();
    let script = executor.spawn(async move {
        while let Some(value) = values.next().await {
            log.say(value);
        }
        log.say("ends");
        log.say(values.next().await.is_none() && values.try_next().is_none());
    });
    executor.poll_once();
    let info = executor.task_info(script.id()).expect("it waits");
    assert_eq!((info.state, info.wait.map(|wait| wait.kind)), (TaskState::Waiting, Some(WaitKind::Message)));
    on_thread(move || {
        sender.send("a").expect("it lives");
        drop(sender);
        other.send("b").expect("it lives");
    });
    executor.poll_once();
    assert_eq!(words.take(), "a b ends true");
}

#[test]
fn a_wait_at_an_inlet_that_loses_a_race_loses_no_value() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (sender, mut values) = executor.inlet::<u32>();
    let log = words.clone();
    executor.spawn(async move {
        for _ in 0..3 {
            match race(next_frame(), values.next()).await {
                Race::First(()) => log.say("frame"),
                Race::Second(value) => log.say(format!("{value:?}")),
            }
        }
        log.say(format!("{:?}", values.next().await));
        frames(5).await;
    });
    executor.poll_once();
    sender.send(1).expect("it lives");
    for _ in 0..3 {
        executor.poll_once();
    }
    // The frame comes first where both are over; the value stays for whoever asks next.
    assert_eq!(words.take(), "frame Some(1) frame");
    sender.send(2).expect("it lives");
    executor.poll_once();
    assert_eq!(words.take(), "Some(2)");
}

#[test]
fn what_an_inlet_doesnt_take_is_given_back_or_dropped() {
    let mut executor = Executor::new();
    let dropped = Arc::new(AtomicU32::new(0));
    let value = || Counted(dropped.clone());
    let (sender, values) = executor.inlet::<Counted>();
    sender.send(value()).expect("it lives");
    executor.poll_once();
    assert_eq!(count(&dropped), 0);
    // One stands in the inlet, one in the mail.
    sender.send(value()).expect("it lives");
    drop(values);
    assert_eq!(count(&dropped), 1);
    let Err(Closed(back)) = sender.send(value()) else { panic!("the inlet is gone") };
    assert_eq!(count(&dropped), 1);
    drop(back);
    executor.poll_once();
    assert_eq!(count(&dropped), 3);

    let (sender, mut values) = executor.inlet::<Counted>();
    sender.send(value()).expect("it lives");
    executor.poll_once();
    sender.send(value()).expect("it lives");
    drop(executor);
    assert_eq!(count(&dropped), 5);
    assert!(sender.send(value()).is_err());
    assert!(values.try_next().is_none());
    assert!(matches!(poll_now(pin!(values.next())), Poll::Ready(None)));
}

#[test]
fn scripts_make_inlets_and_injectors_of_their_own_executor() {
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let (sender, mut values): (_, Inlet<u32>) = inlet();
        let injector = injector();
        on_thread(move || {
            injector.spawn_with(move || async move {
                // What it holds across the await isn't `Send`.
                let sender = Rc::new(sender);
                next_frame().await;
                sender.send(4).expect("it lives");
            })
        })
        .expect("it lives");
        log.say(format!("{:?} in frame {}", values.next().await, framestep::current_frame()));
    });
    for _ in 0..4 {
        executor.poll_once();
    }
    // Spawned in frame 2, sent in 3, taken in with 4.
    assert_eq!(words.take(), "Some(4) in frame 4");
}

// ---- Ends -------------------------------------------------------------------------------------------

#[test]
fn after_the_executors_end_all_is_refused_and_dropped() {
    let executor = Executor::new();
    let injector = executor.injector();
    let dropped = Arc::new(AtomicU32::new(0));
    drop(executor);
    let guard = Counted(dropped.clone());
    assert_eq!(injector.spawn(async move { drop(guard) }), Err(Closed(())));
    let guard = Counted(dropped.clone());
    assert_eq!(injector.spawn_with(move || async move { drop(guard) }), Err(Closed(())));
    let guard = Counted(dropped.clone());
    assert_eq!(injector.run(move || drop(guard)), Err(Closed(())));
    assert_eq!(count(&dropped), 3);
    assert!(Closed(()).to_string().contains("ended"));
}

#[test]
#[cfg_attr(miri, ignore = "a thousand executors, and no more of the code in question than above")]
fn an_injector_never_reaches_a_later_executor_with_the_same_number() {
    let number = |executor: &Executor| {
        let id = executor.spawn(async {}).id();
        format!("{id:?}").rsplit(' ').next().expect("a number").to_string()
    };
    let old = Executor::new();
    let (injector, (sender, _values)) = (old.injector(), old.inlet::<u32>());
    let reused = number(&old);
    drop(old);
    let mut tried = 0;
    let mut executor = loop {
        let executor = Executor::new();
        if number(&executor) == reused {
            break executor;
        }
        tried += 1;
        assert!(tried < 10_000, "numbers come round");
    };
    assert!(injector.run(|| panic!("of another executor")).is_err() && sender.send(1).is_err());
    assert_eq!(executor.poll_once().panicked, 0);
}

#[test]
fn what_stands_in_the_mail_at_the_end_is_dropped_outside_of_all_locks() {
    struct HandsIn(framestep::Injector, Arc<AtomicU32>);
    impl Drop for HandsIn {
        fn drop(&mut self) {
            let refused = self.0.run(|| ()).is_err();
            self.1.fetch_add(if refused { 1 } else { 100 }, Ordering::Relaxed);
        }
    }
    let executor = Executor::new();
    let dropped = Arc::new(AtomicU32::new(0));
    for _ in 0..3 {
        let guard = HandsIn(executor.injector(), dropped.clone());
        executor.injector().run(move || drop(guard)).expect("it lives");
    }
    let (sender, _values) = executor.inlet::<HandsIn>();
    assert!(sender.send(HandsIn(executor.injector(), dropped.clone())).is_ok());
    drop(executor);
    assert_eq!(count(&dropped), 4);
}

// ---- Failures ---------------------------------------------------------------------------------------

#[test]
fn a_panic_in_a_closure_is_an_incident_and_what_comes_behind_is_taken_in() {
    let mut executor = Executor::new();
    let said = Said::default();
    let injector = executor.injector();
    injector.run(|| quiet_panic("boom")).expect("it lives");
    let log = said.clone();
    injector.run(move || log.say("behind")).expect("it lives");
    injector
        .spawn_with(|| {
            quiet_panic("no future");
            async {}
        })
        .expect("it lives");
    let report = executor.poll_once();
    assert_eq!((said.take().as_str(), report.panicked, report.spawned), ("behind", 2, 0));
    let incidents = executor.incidents();
    assert_eq!(incidents.iter().map(|incident| incident.message.as_str()).collect::<Vec<_>>(), ["boom", "no future"]);
    assert!(incidents.iter().all(|incident| incident.kind == IncidentKind::Panicked));
    assert!(executor.task_info(incidents[0].task).is_none());
    let text = incidents[0].to_string();
    assert!(text.contains("handed in at") && text.contains(file!()) && text.ends_with("panicked: boom"), "{text}");
}

#[test]
fn a_script_that_a_limit_refuses_is_an_incident() {
    let mut executor = Executor::builder().max_tasks(1).build();
    let dropped = Arc::new(AtomicU32::new(0));
    for _ in 0..2 {
        let guard = Counted(dropped.clone());
        let pends = async move {
            std::future::pending::<()>().await;
            drop(guard);
        };
        executor.injector().spawn(pends).expect("it lives");
    }
    assert_eq!(executor.poll_once().spawned, 1);
    let kinds: Vec<_> = executor.incidents().iter().map(|incident| incident.kind).collect();
    assert_eq!((kinds, count(&dropped)), (vec![IncidentKind::Refused], 1));
}

#[test]
fn the_callback_for_outside_wakes_is_called_when_something_is_handed_in() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let mut executor = Executor::builder()
        .on_outside_wake(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build();
    let (injector, (sender, mut values)) = (executor.injector(), executor.inlet::<u32>());
    let mut seen = Vec::new();
    for _ in 0..2 {
        on_thread(|| {
            injector.run(|| ()).expect("it lives");
            sender.send(1).expect("it lives");
        });
        assert!(!executor.is_idle());
        executor.poll_once();
        seen.push((count(&calls), values.try_next(), executor.is_idle()));
    }
    assert_eq!(seen, [(1, Some(1), true), (2, Some(1), true)]);
}

// ---- Threads ----------------------------------------------------------------------------------------

#[test]
fn four_threads_hand_in_all_kinds_of_things_and_none_is_lost() {
    const EACH: u32 = if cfg!(miri) { 5 } else { 1_000 };
    let mut executor = Executor::new();
    let (sender, mut values) = executor.inlet::<(u32, u32)>();
    let summed = executor.spawn(async move {
        let (mut count, mut last) = (0, [None; 4]);
        while let Some((thread, number)) = values.next().await {
            count += 1;
            // Of each thread they come in the order in which it sent them.
            assert!(last[thread as usize] < Some(number));
            last[thread as usize] = Some(number);
        }
        count
    });
    let ran = Arc::new(AtomicU32::new(0));
    thread::scope(|scope| {
        for thread in 0..4 {
            let (sender, injector, ran) = (sender.clone(), executor.injector(), ran.clone());
            scope.spawn(move || {
                for number in 0..EACH {
                    sender.send((thread, number)).expect("it lives");
                    let counted = Counted(ran.clone());
                    match number % 3 {
                        0 => injector.run(move || drop(counted)),
                        1 => injector.spawn(async move { drop(counted) }),
                        _ => injector.spawn_with(move || async move {
                            next_frame().await;
                            drop(counted);
                        }),
                    }
                    .expect("it lives");
                }
            });
        }
        drop(sender);
        while !summed.is_finished() {
            assert_eq!(executor.poll_once().panicked, 0);
            thread::yield_now();
        }
    });
    executor.poll_once();
    executor.poll_once();
    assert!(matches!(summed.take_output(), Some(Ok(count)) if count == 4 * EACH));
    assert_eq!((count(&ran), executor.live()), (4 * EACH, 0));
}
