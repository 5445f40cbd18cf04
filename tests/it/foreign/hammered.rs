//! Primitives of other crates, between four threads and scripts.
//!
//! Rule: as in `foreign`. What threads send arrives exactly once, in the order of each thread where the primitive has
//! one. Nobody steps for the sake of stepping: when something came from outside the executor says so, and is stepped.
//! Clocks only bound how long a broken run takes. Then the threads are left behind, since who waits for what was lost
//! can't be joined.
//!
//! Those of `tokio::sync` are in `tokio_sync`, but for those that `threads` has.

mod tokio_sync;

use std::{
    collections::BTreeSet,
    sync::mpsc::{Receiver, channel},
    time::Instant,
};

use framestep::JoinHandle;

use super::*;
use crate::words::{PATIENCE, hear};

const THREADS: u32 = 4;

/// How many values each thread sends.
const fn values() -> u32 {
    if cfg!(miri) { 8 } else { 1_000 }
}

/// An executor that is stepped when something came from another thread.
struct Driven {
    executor: Executor,
    came: Receiver<()>,
}

impl Driven {
    fn new() -> Self {
        let (tell, came) = channel();
        let hook = move || {
            // Who wakes it behind the end of a test has nobody to tell.
            let _ = tell.send(());
        };
        Driven { executor: Executor::builder().on_outside_wake(hook).build(), came }
    }

    /// Steps until a script has ended, asleep while nothing comes and nothing is due; its output.
    fn until<T: 'static>(&mut self, handle: &JoinHandle<T>) -> T {
        let mut last = Instant::now();
        while !handle.is_finished() {
            if self.executor.is_idle() {
                hear(&self.came, "a wake from a thread, for which scripts wait");
                last = Instant::now();
            } else if self.came.try_recv().is_ok() {
                last = Instant::now();
            }
            assert!(last.elapsed() < PATIENCE, "lost: nothing comes, and scripts look every frame");
            let report = self.executor.poll_once();
            assert_eq!((report.panicked, report.put_off), (0, 0), "{:?}", self.executor.incidents());
        }
        handle.take_output().expect("it has ended").unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same with threads at work, each with its number.
    fn with_threads<T: 'static>(&mut self, handle: &JoinHandle<T>, act: impl Fn(u32) + Clone + Send + 'static) -> T {
        let (tell, done) = channel();
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (act, tell) = (act.clone(), tell.clone());
                thread::spawn(move || {
                    act(thread);
                    drop(act);
                    tell.send(()).expect("the test listens, or has failed");
                })
            })
            .collect();
        drop((act, tell));
        let output = self.until(handle);
        for _ in &threads {
            hear(&done, "the end of a thread");
        }
        threads.into_iter().for_each(|thread| thread.join().expect("it has ended well"));
        output
    }
}

/// The values of one thread.
fn own(thread: u32) -> impl Iterator<Item = u32> {
    (0..values()).map(move |value| thread * values() + value)
}

/// Asserts that each value of each thread is there once, and those of a thread in their order.
fn assert_all(received: &[u32]) {
    assert_eq!(received.len(), (THREADS * values()) as usize);
    assert_eq!(received.iter().collect::<BTreeSet<_>>().len(), received.len(), "each once");
    for thread in 0..THREADS {
        assert!(received.iter().copied().filter(|value| value / values() == thread).eq(own(thread)), "in order");
    }
}

/// Each value of each thread once, in whatever order.
fn assert_all_sorted(mut received: Vec<u32>) {
    received.sort_unstable();
    assert_all(&received);
}

#[test]
fn futures_mpsc_bounded_and_not() {
    use futures::{SinkExt, channel::mpsc};
    let mut driven = Driven::new();
    let (send, mut receive) = mpsc::channel::<u32>(2);
    let (send_on, received) = mpsc::unbounded::<u32>();
    let relay = driven.executor.spawn(async move {
        while let Some(value) = receive.next().await {
            send_on.unbounded_send(value).expect("the other script listens");
        }
    });
    let all = driven.executor.spawn(received.collect::<Vec<_>>());
    let all = driven.with_threads(&all, move |thread| {
        let mut send = send.clone();
        futures::executor::block_on(async {
            for value in own(thread) {
                send.send(value).await.expect("a script receives");
            }
        });
    });
    driven.until(&relay);
    assert_all(&all);
}

#[test]
fn futures_oneshots_in_a_futures_unordered() {
    use futures::channel::{mpsc, oneshot};
    let mut driven = Driven::new();
    let (send, mut receive) = mpsc::unbounded::<oneshot::Receiver<u32>>();
    let all = driven.executor.spawn(async move {
        let (mut waits, mut all) = (FuturesUnordered::new(), Vec::new());
        let mut is_open = true;
        while is_open || !waits.is_empty() {
            futures::select! {
                wait = receive.select_next_some() => waits.push(wait),
                value = waits.select_next_some() => all.push(value.expect("it is sent")),
                complete => is_open = false,
            }
        }
        all
    });
    let all = driven.with_threads(&all, move |thread| {
        for value in own(thread) {
            let (give, wait) = oneshot::channel();
            send.unbounded_send(wait).expect("a script receives");
            give.send(value).expect("a script waits");
        }
    });
    assert_all_sorted(all);
}

#[test]
fn futures_mutex_between_threads_and_scripts() {
    use futures::lock::Mutex;
    let mut driven = Driven::new();
    let counter = Arc::new(Mutex::new(0_u32));
    let scripts: Vec<_> = (0..3)
        .map(|_| {
            let counter = counter.clone();
            driven.executor.spawn(async move {
                for _ in 0..values() {
                    let mut counter = counter.lock().await;
                    let read = *counter;
                    yield_now().await;
                    *counter = read + 1;
                    drop(counter);
                    // Who gives way once a value doesn't come to its budget.
                    next_frame().await;
                }
            })
        })
        .collect();
    let all = driven.executor.spawn(async move {
        for script in scripts {
            script.await.expect("it ends well");
        }
    });
    let theirs = counter.clone();
    driven.with_threads(&all, move |_| {
        for _ in 0..values() {
            *futures::executor::block_on(theirs.lock()) += 1;
        }
    });
    assert_eq!(*futures::executor::block_on(counter.lock()), (THREADS + 3) * values());
}

#[test]
fn event_listener_wakes_who_listens_for_each_change() {
    use event_listener::{Event, Listener};
    let mut driven = Driven::new();
    /// What was changed so often, and its event.
    type Count = (AtomicU32, Event);
    let shared = Arc::new((Count::default(), Count::default()));
    let (here, there) = (shared.clone(), shared);
    let all = driven.executor.spawn(async move {
        let ((changes, changed), (answers, answered)) = &*here;
        let mut looks = vec![0];
        while looks.last() != Some(&(THREADS * values())) {
            // ORDER: listened first, so that no change falls between the look and the wait.
            let listener = changed.listen();
            let seen = changes.load(Ordering::Acquire);
            if looks.last() == Some(&seen) {
                listener.await;
                continue;
            }
            looks.push(seen);
            answers.store(seen, Ordering::Release);
            answered.notify(usize::MAX);
        }
        looks
    });
    let looks = driven.with_threads(&all, move |_| {
        let ((changes, changed), (answers, answered)) = &*there;
        for _ in 0..values() {
            let own = changes.fetch_add(1, Ordering::AcqRel) + 1;
            changed.notify(usize::MAX);
            // The next change only when the script has seen this one.
            loop {
                let listener = answered.listen();
                if answers.load(Ordering::Acquire) >= own {
                    break;
                }
                listener.wait();
            }
        }
    });
    let steps: Vec<_> = looks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().all(|step| (1..=THREADS).contains(step)), "of each thread one change at most: {steps:?}");
}

#[test]
fn async_lock_mutex_rwlock_and_semaphore() {
    use async_lock::{Mutex, RwLock, Semaphore};
    let mut driven = Driven::new();
    let shared = Arc::new((Mutex::new(0_u32), RwLock::new(0_u32), Semaphore::new(2), AtomicU32::new(0)));
    let scripts: Vec<_> = (0..3)
        .map(|_| {
            let shared = shared.clone();
            driven.executor.spawn(async move {
                for _ in 0..values() {
                    let (mutex, lock, semaphore, inside) = &*shared;
                    let permit = semaphore.acquire().await;
                    assert!(inside.fetch_add(1, Ordering::AcqRel) < 2, "as many as there are permits");
                    let mut counter = mutex.lock().await;
                    let read = *counter;
                    yield_now().await;
                    *counter = read + 1;
                    drop(counter);
                    let before = *lock.read().await;
                    let mut written = lock.write().await;
                    assert!(*written >= before);
                    *written += 1;
                    inside.fetch_sub(1, Ordering::AcqRel);
                    drop((written, permit));
                    next_frame().await;
                }
            })
        })
        .collect();
    let all = driven.executor.spawn(async move {
        for script in scripts {
            script.await.expect("it ends well");
        }
    });
    let theirs = shared.clone();
    driven.with_threads(&all, move |_| {
        let (mutex, lock, semaphore, inside) = &*theirs;
        for _ in 0..values() {
            let permit = semaphore.acquire_blocking();
            assert!(inside.fetch_add(1, Ordering::AcqRel) < 2, "as many as there are permits");
            *mutex.lock_blocking() += 1;
            *lock.write_blocking() += 1;
            inside.fetch_sub(1, Ordering::AcqRel);
            drop(permit);
        }
    });
    let (mutex, lock, ..) = &*shared;
    let count = (THREADS + 3) * values();
    assert_eq!((*mutex.lock_blocking(), *lock.read_blocking()), (count, count), "no increment is lost to another");
}

#[test]
fn an_async_lock_barrier_lets_threads_and_scripts_through_together() {
    use async_lock::Barrier;
    let mut driven = Driven::new();
    let rounds = values() / 8;
    let barrier = Arc::new(Barrier::new(THREADS as usize + 2));
    let passed = Arc::new(AtomicU32::new(0));
    let leaders = Arc::new(AtomicU32::new(0));
    let scripts: Vec<_> = (0..2)
        .map(|_| {
            let (barrier, passed, leaders) = (barrier.clone(), passed.clone(), leaders.clone());
            driven.executor.spawn(async move {
                for round in 0..rounds {
                    passed.fetch_add(1, Ordering::AcqRel);
                    leaders.fetch_add(u32::from(barrier.wait().await.is_leader()), Ordering::AcqRel);
                    assert!(passed.load(Ordering::Acquire) >= (THREADS + 2) * (round + 1), "nobody is ahead of all");
                    next_frame().await;
                }
            })
        })
        .collect();
    let all = driven.executor.spawn(async move {
        for script in scripts {
            script.await.expect("it ends well");
        }
    });
    let leading = leaders.clone();
    driven.with_threads(&all, move |_| {
        for round in 0..rounds {
            passed.fetch_add(1, Ordering::AcqRel);
            leading.fetch_add(u32::from(barrier.wait_blocking().is_leader()), Ordering::AcqRel);
            assert!(passed.load(Ordering::Acquire) >= (THREADS + 2) * (round + 1), "nobody is ahead of all");
        }
    });
    assert_eq!(leaders.load(Ordering::Acquire), rounds, "one of those who are let through together");
}

#[test]
fn flume_channels_with_and_without_a_bound() {
    let mut driven = Driven::new();
    for bound in [Some(0), Some(3), None] {
        let (send, receive) = bound.map_or_else(flume::unbounded, flume::bounded::<u32>);
        let all = driven.executor.spawn(async move {
            let mut all = Vec::new();
            while let Ok(value) = receive.recv_async().await {
                all.push(value);
                if all.len().is_multiple_of(64) {
                    next_frame().await;
                }
            }
            all
        });
        let all = driven.with_threads(&all, move |thread| {
            for value in own(thread) {
                send.send(value).expect("a script receives");
            }
        });
        assert_all(&all);
    }
}

#[test]
fn futures_concurrency_joins_races_and_merges_what_threads_bring() {
    use futures_concurrency::prelude::*;
    let mut driven = Driven::new();
    let channels: Vec<_> = (0..THREADS).map(|_| async_channel::unbounded::<u32>()).collect();
    let (sends, receives): (Vec<_>, Vec<_>) = channels.into_iter().unzip();
    let (firsts, rest) = (receives.clone(), receives);
    let all = driven.executor.spawn(async move {
        // The first of each, and another of whichever comes first: no value may be lost with the losers.
        let mut all: Vec<u32> = firsts
            .iter()
            .map(|receive| async { receive.recv().await.expect("it is sent") })
            .collect::<Vec<_>>()
            .join()
            .await;
        let first =
            firsts.iter().map(|receive| async { receive.recv().await.expect("it is sent") }).collect::<Vec<_>>();
        all.push(first.race().await);
        drop(firsts);
        let mut merged = rest.into_iter().map(Box::pin).collect::<Vec<_>>().merge();
        while let Some(value) = merged.next().await {
            all.push(value);
            if all.len().is_multiple_of(64) {
                next_frame().await;
            }
        }
        all
    });
    let all = driven.with_threads(&all, move |thread| {
        for value in own(thread) {
            sends[thread as usize].send_blocking(value).expect("a script receives");
        }
    });
    assert_all(&all);
}

#[test]
fn futures_concurrency_runs_a_concurrent_stream_of_what_threads_bring() {
    use futures_concurrency::prelude::*;
    let mut driven = Driven::new();
    let (send, receive) = async_channel::unbounded::<u32>();
    let all = Rc::new(RefCell::new(Vec::new()));
    let into = all.clone();
    let each = driven.executor.spawn(async move {
        Box::pin(receive)
            .co()
            .limit(std::num::NonZeroUsize::new(7))
            .for_each(|value| {
                let into = into.clone();
                async move {
                    next_frame().await;
                    into.borrow_mut().push(value);
                }
            })
            .await;
    });
    driven.with_threads(&each, move |thread| {
        for value in own(thread) {
            send.send_blocking(value).expect("a script receives");
        }
    });
    assert_all_sorted(all.take());
}
