//! Foreign wakers that act when a wait clones them.
//!
//! Rule: as in `reentrancy`. What a clone does has happened when the wait decides: it is over if that has ended it, and
//! is woken otherwise.

use std::{
    future::poll_fn,
    pin::Pin,
    ptr,
    task::{Context, Poll, RawWaker, RawWakerVTable, Waker},
    time::Duration,
};

use framestep::{Signal, sleep};

use super::*;

thread_local! {
    static ON_CLONE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

static ACTING: RawWakerVTable = RawWakerVTable::new(clone_and_act, |_| (), |_| (), |_| ());

fn clone_and_act(data: *const ()) -> RawWaker {
    if let Some(act) = ON_CLONE.take() {
        act();
    }
    RawWaker::new(data, &ACTING)
}

/// Polls a future by a waker that acts when it is cloned first, and which it has to clone.
fn poll_acting<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>, act: impl FnOnce() + 'static) -> Poll<T> {
    ON_CLONE.set(Some(Box::new(act)));
    // SAFETY: the functions of `ACTING` do nothing with the pointer, and are for any thread.
    let waker = unsafe { Waker::new(ptr::null(), &ACTING) };
    let polled = future.poll(&mut Context::from_waker(&waker));
    assert!(ON_CLONE.take().is_none(), "the wait didn't clone its waker");
    polled
}

/// A script that polls a wait once, and hands it over.
async fn hand_over<F: Future>(mut wait: Pin<Box<F>>, to: Rc<RefCell<Option<Pin<Box<F>>>>>) {
    poll_fn(|context| {
        assert!(wait.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    *to.borrow_mut() = Some(wait);
    pending::<()>().await;
}

/// What a script of another executor gets that polls a wait by a waker that acts.
fn polled_elsewhere<F: Future + 'static>(mut wait: Pin<Box<F>>, act: impl FnOnce() + 'static) -> Poll<F::Output> {
    let mut other = Executor::new();
    let polled = other.spawn(async move { poll_acting(wait.as_mut(), act) });
    other.poll_once();
    polled.take_output().expect("it has run").expect("it hasn't panicked")
}

#[test]
fn a_script_that_a_joiner_cancels_when_it_is_cloned_has_ended() {
    let mut executor = Executor::new();
    let words = Words::default();
    let guard = words.on_drop("dropped");
    let mut handle = executor.spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let id = handle.id();
    executor.poll_once();
    let executor = Rc::new(RefCell::new(executor));
    let canceller = executor.clone();
    let polled = poll_acting(Pin::new(&mut handle), move || {
        canceller.borrow().cancel(id);
    });
    words.say(matches!(polled, Poll::Ready(Err(JoinError::Cancelled))));
    drop(handle);
    words.say(executor.borrow_mut().poll_once().live);
    assert_eq!(words.take(), "dropped true 0");
}

#[test]
fn a_script_that_a_joiner_steps_to_its_end_when_it_is_cloned_is_joined() {
    let executor = Rc::new(RefCell::new(Executor::new()));
    let words = Words::default();
    let mut handle = executor.borrow().spawn(async {
        next_frame().await;
        7
    });
    executor.borrow_mut().poll_once();
    let stepper = executor.clone();
    let polled = poll_acting(Pin::new(&mut handle), move || {
        stepper.borrow_mut().poll_once();
        drop(stepper.borrow().spawn(pending::<()>()));
    });
    words.say(matches!(polled, Poll::Ready(Ok(7))));
    drop(handle);
    words.say(executor.borrow_mut().poll_once().live);
    assert_eq!(words.take(), "true 1");
}

#[test]
fn a_signal_that_is_raised_when_the_waker_is_cloned_has_come() {
    let signal = Signal::new();
    let mut wait = Box::pin(signal.wait());
    assert!(poll_acting(wait.as_mut(), || ()).is_pending());
    let raised = signal.clone();
    assert!(poll_acting(wait.as_mut(), move || raised.raise()).is_ready());
    let mut next = Box::pin(signal.wait());
    assert!(poll_acting(next.as_mut(), move || signal.raise()).is_ready());
}

#[test]
fn a_sleep_that_comes_due_when_the_waker_is_cloned_is_over() {
    let executor = Rc::new(RefCell::new(Executor::new()));
    let taken = Rc::new(RefCell::new(None));
    drop(executor.borrow().spawn({
        let to = taken.clone();
        async move { hand_over(Box::pin(sleep(Duration::from_nanos(20))), to).await }
    }));
    executor.borrow_mut().poll_once();
    let wait = taken.take().expect("the script handed it over");
    let stepper = executor.clone();
    let polled = polled_elsewhere(wait, move || {
        stepper.borrow_mut().poll_once_with(Duration::from_nanos(20));
    });
    assert!(polled.is_ready());
    drop(executor);
}

#[cfg(feature = "bevy_ecs")]
mod worlds {
    use bevy_ecs::prelude::*;
    use framestep::{Me, Script, step_scripts};

    use super::*;
    use crate::words::quiet_panic;

    #[derive(Resource)]
    struct Lit(bool);

    #[derive(Event, Clone)]
    struct Rung;

    type Place<F> = Rc<RefCell<Option<Pin<Box<F>>>>>;

    /// A world that was stepped once, and the wait of its script, which was polled once.
    fn stepped<F: Future + 'static>(wait: impl FnOnce(Me) -> F + Send + 'static) -> (Rc<RefCell<World>>, Pin<Box<F>>) {
        thread_local! {
            static HANDED: RefCell<Option<Box<dyn std::any::Any>>> = const { RefCell::new(None) };
        }
        let mut world = World::new();
        world.insert_resource(Lit(false));
        world.spawn(Script::new(async move |me: Me| {
            let to = Place::<F>::default();
            HANDED.set(Some(Box::new(to.clone())));
            hand_over(Box::pin(wait(me)), to).await;
            Ok(())
        }));
        step_scripts(&mut world);
        let place = HANDED.take().and_then(|place| place.downcast::<Place<F>>().ok()).expect("the script has begun");
        let wait = place.take().expect("the script handed it over");
        (Rc::new(RefCell::new(world)), wait)
    }

    #[test]
    fn a_condition_that_is_met_when_the_waker_is_cloned_is_found() {
        let (world, wait) = stepped(|me| me.until_world(|world| world.resource::<Lit>().0));
        let stepped = world.clone();
        let polled = polled_elsewhere(wait, move || {
            let mut world = stepped.borrow_mut();
            world.resource_mut::<Lit>().0 = true;
            step_scripts(&mut world);
        });
        assert!(polled.is_ready());
        drop(world);
    }

    #[test]
    fn a_listener_that_panics_when_the_waker_is_cloned_has_its_script_panic() {
        let (world, mut wait) = stepped(|me| async move {
            me.on_event::<Rung>().map(|_| quiet_panic("rung")).await;
        });
        let mut other = Executor::new();
        let rings = world.clone();
        let polled = other.spawn(async move {
            _ = poll_acting(wait.as_mut(), move || rings.borrow_mut().trigger(Rung));
        });
        other.poll_once();
        assert!(matches!(polled.take_output(), Some(Err(JoinError::Panicked(_)))));
        drop(world);
    }

    #[test]
    fn an_event_that_happens_when_the_waker_is_cloned_is_heard() {
        let (world, wait) = stepped(|me| async move { me.on_event::<Rung>().listen().next().await });
        let rings = world.clone();
        let polled = polled_elsewhere(wait, move || rings.borrow_mut().trigger(Rung));
        assert!(polled.is_ready());
        drop(world);
    }
}
