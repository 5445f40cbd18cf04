//! What is never dropped: handles, waits, scopes, futures halfway; and wakers that are kept for ever.
//!
//! Rule: as in `citizens`. What is leaked keeps its own memory and no more: a slot that nobody keeps is used again, and
//! whoever is in it then hears of nothing that was meant for another. What is leaked here is set free at a test's end,
//! so that Miri finds whatever else is.

use std::{any::Any, mem::ManuallyDrop};

use super::*;

/// What is kept, and never looked at again.
type Leaked = Rc<RefCell<Vec<ManuallyDrop<Box<dyn Any>>>>>;

/// Keeps something.
fn leak(leaked: &Leaked, value: impl Any) {
    leaked.borrow_mut().push(ManuallyDrop::new(Box::new(value)));
}

/// The end of the test.
fn set_free(leaked: &Leaked) {
    for value in leaked.take() {
        drop(ManuallyDrop::into_inner(value));
    }
}

/// How often a step is made with a script that ends in its first poll.
const FRAMES: usize = if cfg!(miri) { 10 } else { 300 };

/// As large as all others, so that slots are as good for one as for another.
fn boxed(script: impl Future<Output = ()> + 'static) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(script)
}

/// Makes steps in each of which a script begins and another ends, each polled twice; the slots that they had.
fn live_on(executor: &mut Executor) -> BTreeSet<u32> {
    let polls = Rc::new(Cell::new(0));
    let mut slots = BTreeSet::new();
    for _ in 0..FRAMES {
        let count = polls.clone();
        let script = executor.spawn(boxed(async move {
            count.set(count.get() + 1);
            next_frame().await;
            count.set(count.get() + 1);
        }));
        slots.insert(slot(script.id()));
        drop(script);
        assert_eq!(executor.poll_once().panicked, 0);
    }
    executor.poll_once();
    assert_eq!(polls.get(), FRAMES * 2, "nobody is polled for the sake of another");
    slots
}

#[test]
fn a_handle_that_is_leaked_keeps_its_scripts_slot_and_output_and_no_other() {
    let mut executor = Executor::new();
    let (words, leaked) = (Words::default(), Leaked::default());
    let kept: BTreeSet<u32> = (0..5)
        .map(|_| {
            let output = words.on_drop("output");
            let handle = executor.spawn(async move { output });
            let slot = slot(handle.id());
            leak(&leaked, handle);
            slot
        })
        .collect();
    let slots = live_on(&mut executor);
    assert!(slots.is_disjoint(&kept) && slots.len() <= 3, "{slots:?} beside {kept:?}");
    assert_eq!(executor.live(), 0);
    drop(executor);
    assert_eq!(words.take(), "", "the end of the executor is none of its outputs");
    set_free(&leaked);
    assert_eq!(words.take(), "output output output output output");
}

/// A script that polls a wait once, and keeps it for ever.
fn forgets<F: Future + 'static>(executor: &Executor, leaked: &Leaked, wait: F) -> u32 {
    let leaked = leaked.clone();
    let script = executor.spawn(boxed(async move {
        let mut wait = Box::pin(wait);
        poll_fn(|context| {
            assert!(wait.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        leak(&leaked, wait);
    }));
    slot(script.id())
}

#[test]
fn waits_that_are_leaked_halfway_give_their_scripts_slots_to_others_who_hear_nothing_of_them() {
    let mut executor = Executor::new();
    let leaked = Leaked::default();
    let (signal, clock) = (Signal::new(), executor.clock());
    let sleeper = executor.spawn(pending::<()>());
    let (sender, mut inlet) = executor.inlet::<u32>();
    let own: BTreeSet<u32> = [
        forgets(&executor, &leaked, next_frame()),
        forgets(&executor, &leaked, frames(3)),
        forgets(&executor, &leaked, frames(u64::from(u32::MAX))),
        forgets(&executor, &leaked, sleep(Duration::from_secs(1))),
        forgets(&executor, &leaked, clock.sleep(Duration::from_secs(1_000_000))),
        forgets(&executor, &leaked, signal.wait()),
        forgets(&executor, &leaked, sleeper),
        forgets(&executor, &leaked, async move { inlet.next().await }),
        forgets(&executor, &leaked, join(next_frame(), race(frames(5), pending::<()>()))),
        forgets(&executor, &leaked, timeout(Duration::from_secs(1), next_frame())),
    ]
    .into();
    executor.poll_once();
    executor.poll_once();
    sender.send(1).expect("the inlet is there");
    signal.raise();
    let slots = live_on(&mut executor);
    assert!(slots.len() <= own.len() && slots.is_subset(&own), "{slots:?} beside {own:?}");
    set_free(&leaked);
    live_on(&mut executor);
}

#[test]
fn a_scope_that_is_leaked_halfway_leaves_its_children_to_end_by_themselves() {
    let mut executor = Executor::new();
    let (words, leaked) = (Words::default(), Leaked::default());
    let say = words.clone();
    forgets(
        &executor,
        &leaked,
        scope(async move |scope| {
            let children = [scope.spawn(frames(3)), scope.branch(frames(2))];
            let end = say.on_drop("cut off");
            drop(scope.spawn(async move {
                pending::<()>().await;
                drop(end);
            }));
            pending::<()>().await;
            drop(children);
        }),
    );
    for _ in 0..6 {
        words.say(executor.poll_once().live);
    }
    assert_eq!(words.take(), "3 3 2 1 1 1", "its body is never polled again, and each child ends in its frame");
    live_on(&mut executor);
    assert_eq!(executor.live(), 1);
    drop(executor);
    assert_eq!(words.take(), "cut off", "with the executor, as all that is left");
    set_free(&leaked);
}

#[test]
fn wakers_that_are_kept_and_woken_for_ever_wake_nobody_else() {
    let mut executor = Executor::new();
    let hoard: Rc<RefCell<Vec<Waker>>> = Rc::default();
    let all = hoard.clone();
    drop(executor.spawn(async move {
        loop {
            for waker in all.borrow().iter() {
                waker.wake_by_ref();
            }
            next_frame().await;
        }
    }));
    let mut slots = BTreeSet::new();
    for frame in 0..FRAMES {
        let (all, mut polls) = (hoard.clone(), 0);
        let script = executor.spawn(poll_fn(move |context| {
            all.borrow_mut().push(context.waker().clone());
            polls += 1;
            if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
        }));
        slots.insert(slot(script.id()));
        // The new one, who hoards, and the new one once more; but the first is woken only in the second frame.
        assert_eq!(executor.poll_once().polled, [2, 4].get(frame).copied().unwrap_or(3));
        drop(script);
    }
    assert_eq!(hoard.borrow().len(), FRAMES * 2);
    assert!(slots.len() <= 3, "{slots:?}");
    drop(executor);
    hoard.take().into_iter().for_each(Waker::wake);
}
