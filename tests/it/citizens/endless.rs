//! What wakes, spawns and panics for ever.
//!
//! Rule: as in `citizens`. A budget of polls for each script, which those that it starts inherit, puts off what doesn't
//! end; others are polled in their order. `order::run` has the plain cases: s6.

use super::*;

/// A script that says a word in each frame.
async fn talk(words: Words, word: &'static str) {
    loop {
        words.say(word);
        next_frame().await;
    }
}

/// Ends in its first poll, and its destructor starts the next of its kind.
struct Phoenix {
    words: Words,
    goes_on: Rc<Cell<bool>>,
}

impl Future for Phoenix {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.words.say("burns");
        Poll::Ready(())
    }
}

impl Drop for Phoenix {
    fn drop(&mut self) {
        if self.goes_on.get() {
            drop(spawn(Phoenix { words: self.words.clone(), goes_on: self.goes_on.clone() }));
        }
    }
}

#[test]
fn a_destructor_that_starts_the_next_script_for_ever_is_put_off_like_a_chain_of_spawns() {
    let mut executor = Executor::builder().script_polls(5).frame_polls(1_000).build();
    let words = Words::default();
    let goes_on = Rc::new(Cell::new(true));
    drop(executor.spawn(Phoenix { words: words.clone(), goes_on: goes_on.clone() }));
    // What is refused is dropped within the call that starts it: an executor that ends would never come to the last.
    let _no_more = on_drop(move || goes_on.set(false));
    drop(executor.spawn(talk(words.clone(), "other")));
    for _ in 0..3 {
        let report = executor.poll_once();
        assert_eq!((report.polled, report.put_off, report.live), (6, 1, 2));
        assert_eq!(words.take(), "burns other burns burns burns burns");
    }
}

#[test]
fn two_that_wake_each_other_for_ever_by_their_destructors_are_put_off_together() {
    let mut executor = Executor::builder().script_polls(3).build();
    let words = Words::default();
    let signals = [Signal::new(), Signal::new()];
    for (own, other) in [(0, 1), (1, 0)] {
        let (words, own, other) = (words.clone(), signals[own].clone(), signals[other].clone());
        drop(executor.spawn(async move {
            loop {
                let wait = own.wait();
                let raised = other.clone();
                drop(on_drop(move || raised.raise()));
                words.say(".");
                wait.await;
            }
        }));
    }
    drop(executor.spawn(talk(words.clone(), "other")));
    let mut put_off = 0;
    for _ in 0..3 {
        let report = executor.poll_once();
        assert!(report.polled <= 7, "{report:?}");
        put_off += report.put_off;
        assert_eq!(words.take().matches("other").count(), 1);
    }
    assert!(put_off >= 3, "{put_off}");
}

#[test]
fn one_that_spawns_more_in_each_frame_stops_at_the_limit_and_takes_no_place_from_others() {
    let mut executor = Executor::builder().max_tasks(20).build();
    let words = Words::default();
    drop(executor.spawn(talk(words.clone(), "other")));
    let refused = Rc::new(Cell::new(0));
    let count = refused.clone();
    drop(executor.spawn(async move {
        loop {
            for _ in 0..10 {
                let child = spawn(pending::<()>());
                count.set(count.get() + u32::from(matches!(child.take_output(), Some(Err(JoinError::Refused(_))))));
            }
            next_frame().await;
        }
    }));
    for frame in 0..10 {
        let report = executor.poll_once();
        assert_eq!((report.live, words.take().as_str()), (if frame == 0 { 12 } else { 20 }, "other"));
    }
    assert_eq!(refused.get(), 82);
}

#[test]
fn a_check_that_panics_in_each_step_is_counted_and_holds_nobody_up() {
    let mut executor = Executor::new();
    let words = Words::default();
    executor.on_check(executor.main_lane(), || quiet_panic("in each step"));
    let say = words.clone();
    executor.on_check(executor.main_lane(), move || say.say("checked"));
    drop(executor.spawn(talk(words.clone(), "other")));
    for _ in 0..3 {
        assert_eq!(executor.poll_once().panicked, 1);
        assert_eq!(words.take(), "checked other");
    }
}

#[test]
fn one_that_panics_and_is_started_again_in_each_frame_leaves_no_more_than_its_place() {
    let mut executor = Executor::new();
    let words = Words::default();
    drop(executor.spawn(talk(words.clone(), "other")));
    let slots = Rc::new(RefCell::new(BTreeSet::new()));
    let seen = slots.clone();
    drop(executor.spawn(async move {
        loop {
            let child = spawn(async { quiet_panic("again") });
            seen.borrow_mut().insert(slot(child.id()));
            assert!(matches!(child.await, Err(JoinError::Panicked(_))));
            next_frame().await;
        }
    }));
    for _ in 0..if cfg!(miri) { 5 } else { 200 } {
        let report = executor.poll_once();
        assert_eq!((report.panicked, report.live), (1, 2));
        assert_eq!(words.take(), "other");
    }
    assert!(slots.borrow().len() <= 2, "{:?}", slots.borrow());
}
