//! Steps within steps of one executor, and its end from within.
//!
//! Rule: as in `reentrancy`. A step takes the executor by `&mut`, so that what a step runs can only get at it through a
//! cell, and finds that in use. Where no step runs, an executor that carries out an end can be got at: then it says no
//! itself.

use std::{
    sync::Arc,
    task::{Context, Wake, Waker},
};

use super::*;

thread_local! {
    /// An executor that wakers and hooks can reach, which are for any thread.
    static HERE: RefCell<Option<Executor>> = const { RefCell::new(None) };
}

/// Does something with the executor of this thread.
fn here<R>(act: impl FnOnce(&mut Executor) -> R) -> R {
    HERE.with_borrow_mut(|executor| act(executor.as_mut().expect("it was put there")))
}

#[test]
fn a_script_that_steps_its_own_executor_panics_and_the_others_go_on() {
    let executor = Rc::new(RefCell::new(Executor::new()));
    let words = Words::default();
    let (stepper, say) = (executor.clone(), words.clone());
    let bad = executor.borrow().spawn(async move {
        say.say("steps");
        stepper.borrow_mut().poll_once();
        say.say("not reached");
    });
    let say = words.clone();
    drop(executor.borrow().spawn(async move {
        say.say("one");
        next_frame().await;
        say.say("two");
    }));
    for _ in 0..2 {
        executor.borrow_mut().poll_once();
    }
    assert_eq!(words.take(), "steps one two");
    assert!(matches!(bad.take_output(), Some(Err(JoinError::Panicked(_)))));
}

/// Steps this thread's executor when it is woken.
struct Steps;

impl Wake for Steps {
    fn wake(self: Arc<Self>) {
        here(Executor::poll_once);
    }
}

#[test]
fn a_waker_that_steps_the_executor_that_wakes_it_is_a_panic_that_is_reported() {
    HERE.set(Some(Executor::new()));
    let victim = HERE.with_borrow(|executor| executor.as_ref().expect("it was put there").spawn(pending::<()>()));
    here(Executor::poll_once);
    let id = victim.id();
    let mut joined = pin!(victim);
    assert!(joined.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::new(Steps)))).is_pending());
    // Between steps, so that the cell is free.
    let another = HERE.with_borrow(|executor| {
        let executor = executor.as_ref().expect("it was put there");
        assert!(executor.task_info(id).is_some());
        executor.spawn(async { next_frame().await })
    });
    assert!(joined.cancel());
    let report = here(Executor::poll_once);
    assert_eq!((report.frame, report.cancelled, report.panicked), (2, 1, 1));
    let incidents = here(|executor| executor.incidents());
    assert_eq!((incidents.len(), incidents[0].kind, incidents[0].task), (1, IncidentKind::Panicked, id));
    assert!(incidents[0].message.contains("isn't stepped by what it runs"), "{}", incidents[0]);
    assert!(incidents[0].message.contains("in a waker that its end woke"), "{}", incidents[0]);
    here(Executor::poll_once);
    assert!(another.is_finished());
    HERE.take();
}

#[test]
fn a_hook_for_outside_wakes_steps_between_steps_and_within_one_panics_into_who_hands_in() {
    let executor = Executor::builder().on_outside_wake(|| _ = here(Executor::poll_once)).build();
    let injector = executor.injector();
    HERE.set(Some(executor));
    let (tell, told) = std::sync::mpsc::channel();
    let say = tell.clone();
    injector.spawn(async move { say.send("between steps").expect("the test listens") }).expect("it is open");
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["between steps"], "it ran within that call");

    let within = injector.clone();
    let bad = here(|executor| {
        executor.spawn(async move {
            within.spawn(async move { tell.send("within").expect("the test listens") }).expect("it is open");
        })
    });
    let report = here(Executor::poll_once);
    assert_eq!((report.frame, report.panicked), (2, 1), "the cell is in use");
    assert!(matches!(bad.take_output(), Some(Err(JoinError::Panicked(_)))));
    assert_eq!(told.try_iter().count(), 0);
    here(Executor::poll_once);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["within"], "what was handed in stands there all the same");
    HERE.take();
}

#[test]
fn a_job_or_a_check_hook_that_steps_panics_and_the_step_goes_on() {
    let executor = Executor::new();
    executor.on_check(executor.main_lane(), || _ = here(Executor::poll_once));
    executor.injector().run(|| _ = here(Executor::poll_once)).expect("it is open");
    let script = executor.spawn(async { "ran" });
    HERE.set(Some(executor));
    let report = here(Executor::poll_once);
    assert_eq!((report.frame, report.panicked, report.completed), (1, 2, 1));
    assert!(matches!(script.take_output(), Some(Ok("ran"))));
    HERE.take();
}

#[test]
fn an_executor_dropped_by_a_waker_that_it_wakes_ends_in_good_order() {
    /// Drops this thread's executor when it is woken.
    struct Drops;
    impl Wake for Drops {
        fn wake(self: Arc<Self>) {
            drop(HERE.take());
        }
    }
    let words = Words::default();
    let executor = Executor::new();
    let victim = executor.spawn(pending::<()>());
    let (guard, say) = (words.on_drop("dropped"), words.clone());
    let other = executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    HERE.set(Some(executor));
    here(Executor::poll_once);
    let mut joined = pin!(victim);
    assert!(joined.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::new(Drops)))).is_pending());
    say.say(joined.cancel());
    assert!(HERE.take().is_none(), "the waker took it");
    assert_eq!(words.take(), "dropped true");
    assert!(matches!(joined.take_output(), Some(Err(JoinError::Cancelled))));
    assert!(matches!(other.take_output(), Some(Err(JoinError::Cancelled))));
}

#[test]
fn what_is_handed_in_by_a_destructor_of_an_executor_that_ends_is_dropped_by_it() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (say, injector) = (words.clone(), executor.injector());
    let guard = on_drop(move || {
        let refused = spawn(async {});
        say.say(matches!(refused.take_output(), Some(Err(JoinError::Refused(SpawnLimit::Closed)))));
        say.say(injector.spawn(async {}).is_ok());
        let late = injector.clone();
        let last = on_drop(move || assert!(late.spawn(async {}).is_err()));
        say.say(injector.run(move || drop(last)).is_ok());
    });
    drop(executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    executor.poll_once();
    let injector = executor.injector();
    drop(executor);
    assert_eq!(words.take(), "true true true", "accepted isn't done");
    assert!(injector.spawn(async {}).is_err());
}
