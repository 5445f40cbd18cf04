//! The waker of a poll, read on other threads.

use loom::sync::mpsc::channel;
use loom::thread;

use super::*;
use crate::executor::shared::explore;

/// For as long as the test runs: a thread of loom's borrows nothing.
fn leaked<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

#[test]
fn threads_that_are_shown_the_waker_of_a_poll_read_the_task_of_that_poll() {
    explore(&["read"], || {
        let running = leaked(Running::new(1));
        let lent = leaked(lend(running));
        // A pool: it outlives the polls that hand it their waker.
        let (hand, handed) = channel::<&'static Waker>();
        let (answer, answered) = channel();
        let pool = thread::spawn(move || {
            for _ in 0..2 {
                let waker = handed.recv().unwrap();
                answer.send((key_of(waker), key_of(&waker.clone()))).unwrap();
            }
        });
        for (index, generation) in [(4, 1), (7, 2)] {
            running.set(index, generation);
            hand.send(lent).unwrap();
            let key = Some(TaskId::new(1, index, generation));
            assert_eq!(answered.recv().unwrap(), (key, key));
            running.clear();
        }
        pool.join().unwrap();
        "read"
    });
}

#[test]
fn a_waker_cloned_in_a_poll_is_that_tasks_whatever_is_polled_when_it_is_read() {
    explore(&["read"], || {
        let running = leaked(Running::new(1));
        let lent = leaked(lend(running));
        running.set(4, 1);
        let kept = Waker::clone(lent);
        let reader = thread::spawn(move || key_of(&kept));
        running.set(7, 2);
        assert_eq!(key_of(lent), Some(TaskId::new(1, 7, 2)));
        running.clear();
        assert_eq!(reader.join().unwrap(), Some(TaskId::new(1, 4, 1)));
        "read"
    });
}
