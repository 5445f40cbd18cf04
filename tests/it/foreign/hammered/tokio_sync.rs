//! The primitives of `tokio::sync`: threads block in them, scripts wait in them.
//!
//! Rule: as in `hammered`. A script may hold a lock from one frame to the next, and a thread may block meanwhile: the steps
//! that let the script go on are made by nobody who takes locks.

use ::futures::executor::block_on;
use tokio::sync::{Barrier, Mutex, Notify, OnceCell, RwLock, mpsc};

use super::*;

/// A script that ends when all of these have.
fn all_of(driven: &Driven, scripts: Vec<JoinHandle<()>>) -> JoinHandle<()> {
    driven.executor.spawn(async move {
        for script in scripts {
            script.await.expect("it ends well");
        }
    })
}

#[test]
fn a_mutex_and_an_rwlock_lose_no_increment() {
    let mut driven = Driven::new();
    let shared = Arc::new((Mutex::new(0_u32), RwLock::new(0_u32)));
    let scripts = (0..3).map(|_| {
        let shared = shared.clone();
        driven.executor.spawn(async move {
            let (mutex, lock) = &*shared;
            for value in 0..values() {
                let mut counter = mutex.lock().await;
                let read = *counter;
                // Now and then it is held over the end of the frame.
                if value % 4 == 0 {
                    next_frame().await;
                } else {
                    yield_now().await;
                }
                *counter = read + 1;
                drop(counter);
                let before = *lock.read().await;
                let mut written = lock.write().await;
                assert!(*written >= before);
                let read = *written;
                next_frame().await;
                *written = read + 1;
            }
        })
    });
    let all = all_of(&driven, scripts.collect());
    let theirs = shared.clone();
    driven.with_threads(&all, move |_| {
        let (mutex, lock) = &*theirs;
        for _ in 0..values() {
            *mutex.blocking_lock() += 1;
            let before = *lock.blocking_read();
            let mut written = lock.blocking_write();
            assert!(*written >= before);
            *written += 1;
        }
    });
    let count = (THREADS + 3) * values();
    assert_eq!((*shared.0.blocking_lock(), *shared.1.blocking_read()), (count, count));
}

#[test]
fn a_barrier_lets_threads_and_scripts_through_together() {
    let mut driven = Driven::new();
    let rounds = values() / 8;
    let barrier = Arc::new(Barrier::new(THREADS as usize + 2));
    let (passed, leaders) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let pass = move |round: u32, is_leader: bool, leaders: &AtomicU32, passed: &AtomicU32| {
        leaders.fetch_add(u32::from(is_leader), Ordering::AcqRel);
        assert!(passed.load(Ordering::Acquire) >= (THREADS + 2) * (round + 1), "nobody is ahead of all");
    };
    let scripts = (0..2).map(|_| {
        let (barrier, passed, leaders) = (barrier.clone(), passed.clone(), leaders.clone());
        driven.executor.spawn(async move {
            for round in 0..rounds {
                passed.fetch_add(1, Ordering::AcqRel);
                pass(round, barrier.wait().await.is_leader(), &leaders, &passed);
                next_frame().await;
            }
        })
    });
    let all = all_of(&driven, scripts.collect());
    let leading = leaders.clone();
    driven.with_threads(&all, move |_| {
        for round in 0..rounds {
            passed.fetch_add(1, Ordering::AcqRel);
            pass(round, block_on(barrier.wait()).is_leader(), &leading, &passed);
        }
    });
    assert_eq!(leaders.load(Ordering::Acquire), rounds, "one of those who are let through together");
}

#[test]
fn once_cells_are_set_once_by_threads_or_scripts() {
    /// What everybody sees of a cell, and how many have set it.
    type Cell = (OnceCell<u32>, AtomicU32);
    let mut driven = Driven::new();
    let cells: Arc<Vec<Cell>> = Arc::new((0..values()).map(|_| Cell::default()).collect());
    let scripts: Vec<_> = (0..3)
        .map(|script| {
            let cells = cells.clone();
            driven.executor.spawn(async move {
                let mut seen = Vec::new();
                for (cell, sets) in &*cells {
                    let init = async || {
                        // Threads that come meanwhile wait for it, or are refused.
                        next_frame().await;
                        sets.fetch_add(1, Ordering::AcqRel);
                        THREADS + script
                    };
                    seen.push(*cell.get_or_init(init).await);
                    next_frame().await;
                }
                seen
            })
        })
        .collect();
    let all = driven.executor.spawn(async move {
        let mut all = Vec::new();
        for script in scripts {
            all.push(script.await.expect("it ends well"));
        }
        all
    });
    let theirs = cells.clone();
    let all = driven.with_threads(&all, move |thread| {
        for (number, (cell, sets)) in (0..).zip(&*theirs) {
            let init = || {
                sets.fetch_add(1, Ordering::AcqRel);
                thread
            };
            if (number + thread) % 2 == 0 {
                let sees = *block_on(cell.get_or_init(async || init()));
                assert_eq!(cell.get(), Some(&sees));
            } else if cell.set(thread).is_ok() {
                init();
            }
        }
    });
    let seen: Vec<u32> = cells.iter().map(|(cell, _)| *cell.get().expect("it is set")).collect();
    assert!(all.iter().all(|all| *all == seen), "everybody sees the same");
    assert!(cells.iter().all(|(_, sets)| sets.load(Ordering::Acquire) == 1), "set by one");
}

#[test]
fn notify_one_loses_no_notice() {
    let mut driven = Driven::new();
    let shared = Arc::new((AtomicU32::new(0), Notify::new(), AtomicU32::new(0)));
    let scripts = (0..3).map(|_| {
        let shared = shared.clone();
        driven.executor.spawn(async move {
            let (brought, notify, taken) = &*shared;
            while taken.load(Ordering::Acquire) < THREADS * values() {
                notify.notified().await;
                taken.fetch_add(brought.swap(0, Ordering::AcqRel), Ordering::AcqRel);
            }
            // For the next of the scripts, which finds that all are taken.
            notify.notify_one();
        })
    });
    let all = all_of(&driven, scripts.collect());
    let theirs = shared.clone();
    driven.with_threads(&all, move |_| {
        let (brought, notify, _) = &*theirs;
        for _ in 0..values() {
            brought.fetch_add(1, Ordering::AcqRel);
            notify.notify_one();
        }
    });
    let (brought, _, taken) = &*shared;
    let count = (brought.load(Ordering::Acquire), taken.load(Ordering::Acquire));
    assert_eq!(count, (0, THREADS * values()));
}

#[test]
fn notify_waiters_wakes_all_who_wait_for_each_change() {
    const SCRIPTS: usize = 2;
    let mut driven = Driven::new();
    /// What was changed so often, and what says so.
    type Count = (AtomicU32, Notify);
    let shared: Arc<(Count, [AtomicU32; SCRIPTS], Notify)> = Arc::default();
    let scripts: Vec<_> = (0..SCRIPTS)
        .map(|script| {
            let shared = shared.clone();
            driven.executor.spawn(async move {
                let ((changes, changed), answers, answered) = &*shared;
                let mut looks = vec![0];
                while looks.last() != Some(&(THREADS * values())) {
                    // ORDER: it counts from when it is made, so no change falls between the look and the wait.
                    let notified = changed.notified();
                    let seen = changes.load(Ordering::Acquire);
                    if looks.last() == Some(&seen) {
                        notified.await;
                        continue;
                    }
                    looks.push(seen);
                    answers[script].store(seen, Ordering::Release);
                    answered.notify_waiters();
                }
                looks
            })
        })
        .collect();
    let all = driven.executor.spawn(async move {
        let mut all = Vec::new();
        for script in scripts {
            all.push(script.await.expect("it ends well"));
        }
        all
    });
    let all = driven.with_threads(&all, move |_| {
        let ((changes, changed), answers, answered) = &*shared;
        for _ in 0..values() {
            let own = changes.fetch_add(1, Ordering::AcqRel) + 1;
            changed.notify_waiters();
            // The next change only when both scripts have seen this one.
            loop {
                let notified = answered.notified();
                if answers.iter().all(|answer| answer.load(Ordering::Acquire) >= own) {
                    break;
                }
                block_on(notified);
            }
        }
    });
    for looks in all {
        let steps: Vec<_> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (1..=THREADS).contains(step)), "of each thread one change at most: {steps:?}");
    }
}

#[test]
fn a_bounded_channel_to_a_script_that_shares_locks_with_another() {
    let mut driven = Driven::new();
    let (send, mut receive) = mpsc::channel::<u32>(3);
    let shared = Arc::new((RwLock::new(0_u32), OnceCell::<u32>::new(), Barrier::new(2)));
    let (here, there) = (shared.clone(), shared.clone());
    let first = driven.executor.spawn(async move {
        let (lock, cell, barrier) = &*here;
        let mut all = Vec::new();
        while let Some(value) = receive.recv().await {
            let once = *cell.get_or_init(async || value).await;
            assert_eq!(once, *cell.get().expect("it is set"));
            *lock.write().await += 1;
            all.push(value);
        }
        barrier.wait().await;
        all
    });
    let second = driven.executor.spawn(async move {
        let (lock, _, barrier) = &*there;
        let mut before = 0;
        while before < THREADS * values() {
            let now = *lock.read().await;
            assert!(now >= before);
            before = now;
            next_frame().await;
        }
        barrier.wait().await;
    });
    let all = driven.with_threads(&first, move |thread| {
        for value in own(thread) {
            send.blocking_send(value).expect("a script receives");
        }
    });
    driven.until(&second);
    assert_all(&all);
}
