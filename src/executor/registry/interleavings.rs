//! Inboxes and numbers, in every interleaving of those who post with the executor that collects and ends.

use std::any::Any;
use std::sync::atomic::{AtomicU32 as PlainU32, Ordering};

use loom::sync::{Arc as LoomArc, Condvar};
use loom::thread;

use super::*;
use crate::executor::mail::{Job, Name};
use crate::executor::shared::explore;

fn key(number: u16, generation: u32) -> TaskId {
    TaskId::new(number, 0, generation)
}

/// A closure that is handed in, and shares `ledger` for as long as it is there.
fn job(ledger: &Arc<dyn Any + Send + Sync>) -> Post {
    let ledger = ledger.clone();
    let name = Name { of_type: "job", site: std::panic::Location::caller() };
    Post::Run(Job { act: Box::new(move || drop(ledger)), name })
}

fn ledger() -> Arc<dyn Any + Send + Sync> {
    Arc::new(())
}

fn woken(mail: &[Post]) -> Vec<TaskId> {
    let key = |post: &Post| if let Post::Wake(key) = post { Some(*key) } else { None };
    mail.iter().filter_map(key).collect()
}

#[test]
fn a_wake_posted_while_the_executor_collects_is_collected_or_announced() {
    explore(&["collected, announced", "collected, not yet announced", "announced to the next"], || {
        let lease = Lease::take(1, 1, None);
        let task = key(lease.number, 1);
        let poster = thread::spawn(move || post_wake(task));
        let was_announced = lease.has_mail();
        let mut mail = Vec::new();
        lease.collect(&mut mail);
        let is_collected = !mail.is_empty();
        assert!(is_collected || !was_announced, "what is announced is there");
        poster.join().unwrap();
        assert_eq!(lease.has_mail(), !is_collected);
        lease.collect(&mut mail);
        assert_eq!(woken(&mail), [task]);
        assert!(!lease.has_mail());
        match (was_announced, is_collected) {
            (true, _) => "collected, announced",
            (false, true) => "collected, not yet announced",
            (false, false) => "announced to the next",
        }
    });
}

#[test]
fn wakes_of_one_task_stand_once_in_a_collection_and_once_in_the_next() {
    explore(&["one collection", "two collections"], || {
        let lease = Lease::take(1, 1, None);
        let task = key(lease.number, 1);
        let posters = [(); 2].map(|()| thread::spawn(move || post_wake(task)));
        let (mut first, mut second) = (Vec::new(), Vec::new());
        lease.collect(&mut first);
        posters.into_iter().for_each(|poster| poster.join().unwrap());
        lease.collect(&mut second);
        match (&woken(&first)[..], &woken(&second)[..]) {
            ([one], []) | ([], [one]) if *one == task => "one collection",
            ([one], [two]) if [*one, *two] == [task; 2] => "two collections",
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn what_one_thread_posts_is_collected_in_the_order_in_which_it_was_posted() {
    explore(&["one behind the other", "mixed"], || {
        let lease = Lease::take(1, 1, None);
        let number = lease.number;
        let posters = [1, 3].map(|first| {
            thread::spawn(move || {
                post_wake(key(number, first));
                post_wake(key(number, first + 1));
            })
        });
        let mut mail = Vec::new();
        lease.collect(&mut mail);
        posters.into_iter().for_each(|poster| poster.join().unwrap());
        lease.collect(&mut mail);
        let order: Vec<u32> = woken(&mail).iter().map(|key| key.generation()).collect();
        match order[..] {
            [1, 2, 3, 4] | [3, 4, 1, 2] => "one behind the other",
            [1, 3, 2, 4] | [1, 3, 4, 2] | [3, 1, 2, 4] | [3, 1, 4, 2] => "mixed",
            _ => panic!("{order:?}"),
        }
    });
}

#[test]
fn a_game_that_sleeps_until_the_hook_is_called_takes_in_all_and_is_called_once_per_full_inbox() {
    explore(&["called once", "called twice"], || {
        let bell = LoomArc::new((Mutex::new(0), Condvar::new()));
        let rope = bell.clone();
        let hook: OutsideWake = Arc::new(move || {
            *lock(&rope.0) += 1;
            rope.1.notify_one();
        });
        let lease = Lease::take(1, 1, Some(hook));
        let number = lease.number;
        let posters = [1, 2].map(|generation| thread::spawn(move || post_wake(key(number, generation))));
        let (mut mail, mut full, mut heard) = (Vec::new(), 0, 0);
        while mail.len() < 2 {
            let mut rung = lock(&bell.0);
            while *rung == heard {
                rung = bell.1.wait(rung).unwrap_or_else(PoisonError::into_inner);
            }
            heard = *rung;
            drop(rung);
            let before = mail.len();
            lease.collect(&mut mail);
            full += u32::from(mail.len() > before);
        }
        posters.into_iter().for_each(|poster| poster.join().unwrap());
        let called = *lock(&bell.0);
        assert_eq!(called, full, "calls of the hook, and collections that found something");
        if called == 1 { "called once" } else { "called twice" }
    });
}

/// Posts when it is dropped.
struct PostsWhenDropped(TaskId);

impl Drop for PostsWhenDropped {
    fn drop(&mut self) {
        post_wake(self.0);
    }
}

#[test]
fn what_is_posted_while_the_executor_ends_is_given_back_or_taken_out_and_dropped_where_nothing_is_locked() {
    explore(&["given back", "taken out"], || {
        let lease = Lease::take(1, 1, None);
        let number = lease.number;
        let ledger: Arc<dyn Any + Send + Sync> = Arc::new(PostsWhenDropped(key(number, 1)));
        let post_of_job = job(&ledger);
        let watch = Arc::downgrade(&ledger);
        drop(ledger);
        let poster = thread::spawn(move || post(number, 1, post_of_job).is_err());
        let (mail, _hook) = lease.shut();
        let is_taken_out = !mail.is_empty();
        // It posts a wake: were the inbox locked, that would wait for ever.
        drop(mail);
        let is_given_back = poster.join().unwrap();
        assert_eq!((is_given_back, watch.strong_count()), (!is_taken_out, 0));
        let mut mail = Vec::new();
        lease.collect(&mut mail);
        assert!(mail.is_empty() && !lease.has_mail());
        if is_given_back { "given back" } else { "taken out" }
    });
}

#[test]
fn a_wake_posted_while_the_executor_ends_is_taken_out_or_dropped() {
    explore(&["dropped", "taken out"], || {
        let lease = Lease::take(1, 1, None);
        let number = lease.number;
        let poster = thread::spawn(move || post_wake(key(number, 1)));
        let (taken_out, _hook) = lease.shut();
        poster.join().unwrap();
        let mut mail = Vec::new();
        lease.collect(&mut mail);
        assert!(mail.is_empty() && !lease.has_mail());
        if taken_out.is_empty() { "dropped" } else { "taken out" }
    });
}

#[test]
fn what_was_meant_for_a_former_executor_never_reaches_the_next_of_its_number() {
    explore(&["given back", "dropped with the former"], || {
        let former = Lease::take(1, 1, None);
        let number = former.number;
        let ledger = ledger();
        let stale = job(&ledger);
        let poster = thread::spawn(move || {
            post_wake(key(number, 5));
            post(number, 1, stale).is_err()
        });
        former.give_back(5);
        let calls = Arc::new(PlainU32::new(0));
        let counted = calls.clone();
        let hook: OutsideWake = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let later = Lease::take(2, 1, Some(hook));
        assert_eq!((later.number, later.first_generation), (number, 6));
        let is_given_back = poster.join().unwrap();
        assert!(!later.has_mail());
        let mut mail = Vec::new();
        later.collect(&mut mail);
        assert!(mail.is_empty());
        assert_eq!((calls.load(Ordering::Relaxed), Arc::strong_count(&ledger)), (0, 1));
        post_wake(key(number, 6));
        later.collect(&mut mail);
        assert_eq!(woken(&mail), [key(number, 6)]);
        if is_given_back { "given back" } else { "dropped with the former" }
    });
}

#[test]
fn executors_that_take_numbers_at_once_take_different_ones_and_start_above_former_generations() {
    explore(&["one thread has one number twice", "a number goes from thread to thread"], || {
        let hasty = thread::spawn(|| {
            let former = Lease::take(1, 1, None);
            former.give_back(3);
            (former.number, Lease::take(2, 1, None))
        });
        let other = Lease::take(3, 1, None);
        let (given_back, later) = hasty.join().unwrap();
        assert_ne!(other.number, later.number);
        // There are two: one of them is had again, from above the generations that it was given back with.
        let (again, fresh) = if later.number == given_back { (&later, &other) } else { (&other, &later) };
        assert_eq!((again.number, again.first_generation, fresh.first_generation), (given_back, 4, 1));
        if later.number == given_back {
            "one thread has one number twice"
        } else {
            "a number goes from thread to thread"
        }
    });
}

#[test]
fn a_wake_for_an_executor_that_is_about_to_be_is_dropped_or_collected_as_a_whole() {
    explore(&["collected", "dropped"], || {
        // Whoever makes up a key hits an inbox that is being made.
        let poster = thread::spawn(|| post_wake(key(0, 1)));
        let lease = Lease::take(1, 1, None);
        assert_eq!(lease.number, 0);
        poster.join().unwrap();
        let is_announced = lease.has_mail();
        let mut mail = Vec::new();
        lease.collect(&mut mail);
        assert_eq!(is_announced, !mail.is_empty());
        if mail.is_empty() { "dropped" } else { "collected" }
    });
}
