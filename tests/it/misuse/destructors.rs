//! Destructors that step, spawn, close and panic.
//!
//! Rule: as in `misuse`.

use super::*;

/// Says its word when it is dropped, as the last thing that it does; never ends by itself.
struct Remembers {
    words: Words,
    word: u64,
    act: Option<Act>,
}

impl Future for Remembers {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Drop for Remembers {
    fn drop(&mut self) {
        if let Some(act) = self.act.take() {
            act();
        }
        self.words.say(self.word);
    }
}

#[test]
fn a_step_inside_of_a_destructor_is_a_panic_that_is_counted_and_reported() {
    // An executor isn't stepped by what it runs: the attempt is a panic of that script.
    let executor = shared();
    let stepper = executor.clone();
    let guard = on_drop(move || _ = step(&stepper));
    let handle = executor
        .borrow()
        .spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .named("stepper");
    step(&executor);
    muted(|| assert!(handle.cancel()));
    let report = step(&executor);
    assert_eq!((report.cancelled, report.panicked, report.live), (1, 1, 0));
    let incidents = executor.borrow().incidents();
    assert_eq!(incidents.len(), 1);
    assert_eq!((incidents[0].kind, incidents[0].name.as_str()), (IncidentKind::Panicked, "stepper"));
    assert!(incidents[0].message.contains("isn't stepped by what it runs"), "{}", incidents[0]);
    assert!(incidents[0].message.contains("in its destructor"), "{}", incidents[0]);
    assert!(matches!(handle.take_output(), Some(Err(JoinError::Cancelled))));
}

#[test]
fn a_step_inside_of_a_destructor_doesnt_have_its_slot_reused() {
    // A future's memory is its own until its destructor has returned.
    let executor = shared();
    let words = Words::default();
    let own: Rc<Cell<Option<TaskId>>> = Rc::default();
    let (ex, log, id) = (executor.clone(), words.clone(), own.clone());
    let act: Act = Box::new(move || {
        log.say(panics(|| _ = step(&ex)));
        let another = ex.borrow().spawn(Remembers { words: log.clone(), word: 2, act: None });
        log.say(panics(|| _ = step(&ex)));
        log.say(slot(another.id()) == slot(id.get().expect("it is set")));
    });
    let handle = executor.borrow().spawn(Remembers { words: words.clone(), word: 1, act: Some(act) });
    own.set(Some(handle.id()));
    step(&executor);
    handle.cancel();
    let id = handle.id();
    drop(handle);
    step(&executor);
    let later = executor.borrow().spawn(Remembers { words: words.clone(), word: 3, act: None });
    words.say(slot(later.id()) == slot(id));
    drop(executor);
    assert_eq!(words.take(), "true true false 1 true 2 3");
}

#[test]
fn a_step_inside_of_an_outputs_destructor_doesnt_have_its_slot_reused() {
    // Outside of a step a handle may drop an output that steps; its memory is its own meanwhile.
    async fn gives(armed: bool, remembers: Remembers) -> (NextFrame, Remembers) {
        let mut wait = next_frame();
        poll_fn(|cx| {
            if armed {
                assert!(Pin::new(&mut wait).poll(cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        (wait, remembers)
    }
    let executor = shared();
    let words = Words::default();
    let own: Rc<Cell<Option<TaskId>>> = Rc::default();
    let (ex, log, id) = (executor.clone(), words.clone(), own.clone());
    // The wait goes first, and with it the last that names the slot.
    let act: Act = Box::new(move || {
        step(&ex);
        let another = ex.borrow().spawn(gives(false, Remembers { words: log.clone(), word: 2, act: None }));
        step(&ex);
        log.say(slot(another.id()) == slot(id.get().expect("it is set")));
    });
    let handle = executor.borrow().spawn(gives(true, Remembers { words: words.clone(), word: 1, act: Some(act) }));
    let id = handle.id();
    own.set(Some(id));
    step(&executor);
    words.say(handle.is_finished());
    drop(handle);
    step(&executor);
    let later =
        [3, 4].map(|word| executor.borrow().spawn(gives(false, Remembers { words: words.clone(), word, act: None })));
    words.say(later.iter().any(|later| slot(later.id()) == slot(id)));
    drop(executor);
    assert_eq!(words.take(), "true false 2 1 true 3 4");
}

#[test]
fn an_executor_stepped_and_dropped_by_a_destructor_gives_its_number_back_once() {
    // No two living executors have the same number.
    let executor = Rc::new(RefCell::new(Some(Executor::new())));
    let words = Words::default();
    let (ex, log) = (executor.clone(), words.clone());
    let guard = on_drop(move || {
        log.say(panics(|| {
            ex.borrow_mut().as_mut().expect("it is there").poll_once();
        }));
        drop(ex.take());
        log.say("dropped");
    });
    let handle = executor.borrow().as_ref().expect("it is there").spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    executor.borrow_mut().as_mut().expect("it is there").poll_once();
    words.say(handle.cancel());
    words.say(executor.borrow().is_none());
    drop(handle);
    assert_eq!(words.take(), "true dropped true true");

    // A number given back twice would come twice in a row.
    let mut living = VecDeque::new();
    for _ in 0..if cfg!(miri) { 5 } else { 3_000 } {
        let executor = Executor::new();
        let id = format!("{:?}", executor.spawn(async {}).id());
        let number = id.rsplit_once(' ').expect("it ends with the executor").1.to_string();
        assert!(living.iter().all(|(_, other)| *other != number), "two executors have the number {number}");
        living.push_back((executor, number));
        if living.len() > 3 {
            living.pop_front();
        }
    }
}

#[test]
fn a_child_spawned_by_a_destructor_of_a_scope_being_closed_is_refused() {
    // A child can't outlive its scope.
    let mut executor = Executor::new();
    let late: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
    let kept: Rc<RefCell<Option<Boxed>>> = Rc::default();
    let slot = late.clone();
    *kept.borrow_mut() = Some(Box::pin(scope(async move |s: Scope| {
        let guard = on_drop(move || *slot.borrow_mut() = Some(s.spawn(pending())));
        let _child = s.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        pending::<()>().await;
    })));
    let polled = kept.clone();
    let owner = executor.spawn(poll_fn(move |cx| match polled.borrow_mut().as_mut() {
        Some(scope) => scope.as_mut().poll(cx),
        None => Poll::Ready(()),
    }));
    executor.poll_once();
    drop(kept.take());
    let late = late.take().expect("the child was dropped");
    assert!(matches!(late.take_output(), Some(Err(JoinError::Refused(SpawnLimit::Scope)))));
    let report = executor.poll_once();
    assert_eq!((report.spawned, report.cancelled, report.live), (0, 1, 1));
    assert!(owner.cancel());
}

#[test]
fn two_check_hooks_that_panic_when_they_are_dropped_both_go() {
    // An executor's end is never a panic, and each panic in it is on its own.
    let executor = Executor::new();
    let words = Words::default();
    for name in ["a", "b", "c"] {
        let log = words.clone();
        let guard = on_drop(move || {
            log.say(name);
            quiet_panic("boom");
        });
        executor.on_check(executor.main_lane(), move || _ = &guard);
    }
    drop(executor);
    assert_eq!(words.take(), "a b c");
}

#[test]
fn a_draw_in_a_destructor_is_of_the_executors_own_stream() {
    // No script's numbers depend on what destructors draw.
    let draws = |in_destructor: bool| {
        let mut executor = Executor::builder().seed(1).build();
        let words = Words::default();
        let log = words.clone();
        let guard = on_drop(move || {
            if in_destructor {
                log.say(random());
            }
        });
        let victim = executor.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let other = executor.spawn(async {
            next_frame().await;
            random()
        });
        executor.poll_once();
        victim.cancel();
        words.say(executor.random());
        executor.poll_once();
        let script = other.take_output().expect("it ended").expect("well");
        (words.take(), script, executor.random().to_string())
    };
    let ((without, script, next), (with, same, _)) = (draws(false), draws(true));
    assert_eq!((with, same), (format!("{without} {next}"), script));
}
