//! Waits polled by hand, again, elsewhere, and through wakers of others.
//!
//! Rule: as in `misuse`.

use super::*;

#[test]
fn a_move_polled_by_hand_in_a_check_hook_moves_nobody() {
    // No hook makes `poll_once` panic, and a move of no script isn't a script that waits for the lane.
    let mut executor = Executor::new();
    let physics = executor.add_lane("physics");
    let wait = RefCell::new(resume_in(physics));
    executor.on_check(executor.main_lane(), move || _ = poll_now(Pin::new(&mut *wait.borrow_mut())));
    for _ in 0..4 {
        let report = executor.poll_once();
        assert_eq!((report.polled, report.panicked), (0, 0));
        assert!(executor.incidents().is_empty());
    }
    for _ in 0..2 {
        let report = executor.step_lane(physics, Duration::ZERO);
        assert_eq!((report.polled, report.panicked), (0, 0));
        assert_eq!(executor.poll_once().panicked, 0);
    }
}

#[test]
fn a_cancelled_script_isnt_named_as_waiting_for_a_lane_that_nobody_steps() {
    // An incident names a script that needs attention.
    let mut executor = Executor::new();
    let physics = executor.add_lane("physics");
    let words = Words::default();
    let cancelled = executor.spawn_in(physics, async {}).named("cancelled");
    cancelled.cancel();
    for _ in 0..4 {
        executor.poll_once();
        executor.incidents().iter().for_each(|incident| words.say(incident));
    }
    assert_eq!(words.take(), "");
    let waits = executor.spawn_in(physics, async {}).named("waits");
    for _ in 0..4 {
        executor.poll_once();
        let incidents = executor.incidents();
        incidents.iter().for_each(|incident| words.say(format!("{} {:?}", incident.name, incident.kind)));
    }
    assert_eq!(words.take(), "waits LaneNotStepped");
    assert!(!waits.is_finished());
}

#[test]
fn an_interval_polled_again_after_it_came_round_waits_for_the_next_beat() {
    // The beat is counted from the deadlines, whoever polls how often.
    let mut executor = Executor::new();
    let words = Words::default();
    let log = words.clone();
    executor.spawn(async move {
        let mut beat = interval(ns(20));
        {
            let mut next = pin!(beat.next());
            for _ in 0..2 {
                log.say(format!("{} in {}", next.as_mut().await, current_frame()));
            }
            let polled = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
            log.say(polled.is_pending());
        }
        log.say(format!("{} in {}", beat.next().await, current_frame()));
    });
    for _ in 0..10 {
        executor.poll_once_with(ns(10));
    }
    assert_eq!(words.take(), "1 in 3 1 in 5 true 1 in 7");
    assert_eq!((executor.live(), executor.next_deadline()), (0, None));
}

#[test]
fn waits_through_wrapped_wakers_keep_their_places_among_those_released() {
    // Those that wait for the next frame are released in the order in which they began to wait.
    struct Wrapped(Waker);
    impl Wake for Wrapped {
        fn wake(self: Arc<Self>) {
            self.0.wake_by_ref();
        }
    }
    let mut executor = Executor::new();
    let words = Words::default();
    for n in 0..6 {
        let log = words.clone();
        executor.spawn(async move {
            for _ in 0..2 {
                let mut wait = next_frame();
                poll_fn(|cx| {
                    let wrapped = Waker::from(Arc::new(Wrapped(cx.waker().clone())));
                    let waker = if n % 2 == 0 { cx.waker() } else { &wrapped };
                    Pin::new(&mut wait).poll(&mut Context::from_waker(waker))
                })
                .await;
                log.say(n);
            }
        });
    }
    for _ in 0..3 {
        executor.poll_once();
        words.say("|");
    }
    assert_eq!(words.take(), "| 0 1 2 3 4 5 | 0 1 2 3 4 5 |");
}

#[test]
fn a_script_moved_while_it_is_woken_and_waits_is_polled_once_and_loses_nothing() {
    // A move takes a script's wakes and waits along.
    let mut executor = Executor::builder().frame_polls(2).script_polls(2).build();
    let physics = executor.add_lane("physics");
    let words = Words::default();
    let kept: Rc<RefCell<Vec<Waker>>> = Rc::default();
    let (log, wakers) = (words.clone(), kept.clone());
    let handle = executor.spawn(async move {
        let mut next = next_frame();
        let mut resume = resume_in(physics);
        poll_fn(|cx| {
            log.say("poll");
            wakers.borrow_mut().push(cx.waker().clone());
            let _ = Pin::new(&mut next).poll(cx);
            Pin::new(&mut resume).poll(cx)
        })
        .await;
        log.say("moved");
        next.await;
        log.say("next");
        next_frame().await;
        log.say("end");
    });
    executor.poll_once();
    kept.borrow()[0].wake_by_ref();
    words.say("|");
    executor.step_lane(physics, Duration::ZERO);
    words.say("|");
    executor.poll_once();
    words.say("|");
    for _ in 0..2 {
        executor.step_lane(physics, Duration::ZERO);
        words.say("|");
    }
    assert_eq!(words.take(), "poll | poll moved | | next | end |");
    assert!(handle.is_finished() && executor.is_idle());
}
