//! Channels and locks from elsewhere, hammered from four threads.
//!
//! Rule: as in `foreign`.

use std::cell::Cell;

use framestep::JoinHandle;

use super::*;

const THREADS: u32 = 4;

/// How many messages each thread sends.
const fn messages() -> u32 {
    if cfg!(miri) { 8 } else { 2_000 }
}

/// Steps until all have ended.
fn step_until_done<T: 'static>(executor: &mut Executor, handles: &[JoinHandle<T>]) {
    while !handles.iter().all(JoinHandle::is_finished) {
        let report = executor.poll_once();
        assert_eq!(report.panicked, 0, "{:?}", executor.incidents());
        thread::yield_now();
    }
}

#[test]
fn async_channel_from_four_threads() {
    let mut executor = Executor::new();
    let (send, receive) = async_channel::bounded::<u32>(3);
    let (send_back, receive_back) = async_channel::unbounded::<u32>();
    let sums: Vec<Rc<Cell<u64>>> = (0..3).map(|_| Rc::default()).collect();
    let handles: Vec<_> = sums
        .iter()
        .map(|sum| {
            let (sum, receive, send_back) = (sum.clone(), receive.clone(), send_back.clone());
            executor.spawn(async move {
                while let Ok(number) = receive.recv().await {
                    sum.set(sum.get() + u64::from(number));
                    send_back.send(number).await.expect("it is unbounded");
                }
            })
        })
        .collect();
    drop((receive, send_back));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let send = send.clone();
            scope.spawn(move || {
                for message in 0..messages() {
                    send.send_blocking(thread * messages() + message).expect("somebody receives");
                }
            });
        }
        drop(send);
        step_until_done(&mut executor, &handles);
    });
    let count = u64::from(THREADS * messages());
    assert_eq!(sums.iter().map(|sum| sum.get()).sum::<u64>(), count * (count - 1) / 2);
    assert_eq!(receive_back.len() as u64, count);
}

#[test]
fn tokio_channels_from_four_threads() {
    use tokio::sync::{mpsc, oneshot};
    let mut executor = Executor::new();
    let (send, mut receive) = mpsc::unbounded_channel::<(u32, oneshot::Sender<u32>)>();
    let echo = executor.spawn(async move {
        let mut answered = 0;
        while let Some((number, answer)) = receive.recv().await {
            answer.send(number + 1).expect("it listens");
            answered += 1;
        }
        answered
    });
    let (tell, told) = async_channel::unbounded::<oneshot::Receiver<u32>>();
    let listener = executor.spawn(async move {
        let mut sum = 0;
        while let Ok(answer) = told.recv().await {
            sum += u64::from(answer.await.expect("it answers"));
        }
        sum
    });
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (send, tell) = (send.clone(), tell.clone());
            scope.spawn(move || {
                for message in 0..messages() {
                    let (answer, listen) = oneshot::channel();
                    send.send((thread * messages() + message, answer)).expect("somebody receives");
                    tell.send_blocking(listen).expect("somebody listens");
                }
            });
        }
        drop((send, tell));
        while !(echo.is_finished() && listener.is_finished()) {
            executor.poll_once();
            thread::yield_now();
        }
    });
    let count = u64::from(THREADS * messages());
    assert!(matches!(echo.take_output(), Some(Ok(answered)) if answered == count));
    assert!(matches!(listener.take_output(), Some(Ok(sum)) if sum == count * (count + 1) / 2));
}

#[test]
fn tokio_semaphore_mutex_and_notify_from_four_threads() {
    use tokio::sync::{Mutex, Notify, Semaphore};
    let mut executor = Executor::new();
    let permits = Arc::new(Semaphore::new(0));
    let counter = Arc::new(Mutex::new(0u32));
    let scripts = 8;
    let each = THREADS * messages() / scripts;
    let handles: Vec<_> = (0..scripts)
        .map(|_| {
            let (permits, counter) = (permits.clone(), counter.clone());
            executor.spawn(async move {
                for _ in 0..each {
                    permits.acquire().await.expect("it is open").forget();
                    let mut counter = counter.lock().await;
                    *counter += 1;
                    // A thread that wants it is blocked until a later frame.
                    if *counter % 7 == 0 {
                        next_frame().await;
                    }
                }
            })
        })
        .collect();
    let ended = Arc::new((AtomicU32::new(0), Notify::new()));
    let theirs = ended.clone();
    let all = executor.spawn(async move {
        while theirs.0.load(Ordering::Acquire) < THREADS {
            theirs.1.notified().await;
        }
    });
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for message in 0..messages() {
                    if message % 4 == 0 {
                        *counter.blocking_lock() += 1;
                    }
                    permits.add_permits(1);
                }
                ended.0.fetch_add(1, Ordering::AcqRel);
                ended.1.notify_one();
            });
        }
        step_until_done(&mut executor, &handles);
        step_until_done(&mut executor, &[all]);
    });
    assert_eq!(*counter.try_lock().expect("it is free"), scripts * each + THREADS * messages() / 4);
}

#[test]
fn tokio_watch_and_broadcast_from_four_threads() {
    use tokio::sync::{broadcast, watch};
    let mut executor = Executor::new();
    let (watch, seen) = watch::channel(0u32);
    let (cast, _) = broadcast::channel::<u32>(usize::try_from(THREADS * messages()).expect("it is small"));
    let handles: Vec<_> = (0..3)
        .map(|_| {
            let (mut seen, mut heard) = (seen.clone(), cast.subscribe());
            executor.spawn(async move {
                let count = async move {
                    let mut count = 0;
                    while heard.recv().await.is_ok() {
                        count += 1;
                    }
                    count
                };
                let last = async move {
                    while seen.changed().await.is_ok() {}
                    *seen.borrow()
                };
                framestep::join(count, last).await
            })
        })
        .collect();
    thread::scope(|scope| {
        let watch = Arc::new(watch);
        for _ in 0..THREADS {
            let (watch, cast) = (watch.clone(), cast.clone());
            scope.spawn(move || {
                for message in 0..messages() {
                    watch.send_modify(|value| *value += 1);
                    cast.send(message).expect("somebody listens");
                }
            });
        }
        drop((watch, cast));
        step_until_done(&mut executor, &handles);
    });
    let count = THREADS * messages();
    for handle in handles {
        assert!(matches!(handle.take_output(), Some(Ok(counted)) if counted == (count, count)));
    }
}

#[test]
fn a_script_polled_by_a_foreign_executor_panics_with_advice() {
    let caught = std::panic::catch_unwind(|| futures::executor::block_on(next_frame()));
    assert!(caught.is_err());
}

#[test]
fn a_join_handle_is_awaited_by_a_foreign_executor() {
    let mut executor = Executor::new();
    let handle = executor.spawn(async { 5 });
    let detached = executor.spawn(async {});
    drop(detached);
    executor.poll_once();
    assert!(matches!(futures::executor::block_on(handle), Ok(5)));
    assert_eq!(on_thread(|| futures::executor::block_on(async { 1 })), 1);
}
