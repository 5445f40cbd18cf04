//! The order in which timers fire, compared with a sorted list.
//!
//! Rule: as in `time`.

use super::*;

/// What happens to timers: some are armed, some are dropped, time passes.
#[derive(Clone, Debug)]
enum Event {
    Arm(u64),
    /// A timer armed again and again for the same time as the one before.
    ArmEqual,
    Cancel(usize),
    Advance(u64),
}

/// Times of all magnitudes, from a nanosecond to years, and of those around powers of two.
fn times() -> impl Strategy<Value = u64> {
    prop_oneof![
        1..100u64,
        (0..58u32, 0..5u64).prop_map(|(bits, more)| ((1 << bits) + more).saturating_sub(2).max(1)),
        (0..58u32).prop_flat_map(|bits| 1..(2u64 << bits)),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => times().prop_map(Event::Arm),
        2 => Just(Event::ArmEqual),
        1 => (0..64usize).prop_map(Event::Cancel),
        4 => times().prop_map(Event::Advance),
    ]
}

/// Runs the events; timers fire in the order of (deadline, arming), in the step that reaches them.
fn check_order(events: &[Event]) -> Result<(), TestCaseError> {
    let mut executor = Executor::new();
    let clock = executor.clock();
    let fired: Rc<RefCell<Vec<usize>>> = Rc::default();
    let mut handles = Vec::new();
    // The model: deadline and number, in order of arming.
    let mut armed: Vec<(u64, usize)> = Vec::new();
    let (mut now, mut last) = (0, 1);
    for event in events {
        match *event {
            Event::Arm(_) | Event::ArmEqual => {
                if let Event::Arm(after) = *event {
                    last = now + after;
                }
                let (deadline, number, log) = (last, handles.len(), fired.clone());
                handles.push(executor.spawn(async move {
                    clock.sleep_until(ns(deadline)).await;
                    log.borrow_mut().push(number);
                }));
                armed.push((deadline, number));
                executor.poll_once_with(ns(0));
                if deadline <= now {
                    armed.pop();
                    prop_assert_eq!(fired.take(), vec![number]);
                }
            }
            Event::Cancel(which) if !armed.is_empty() => {
                let (_, number) = armed.remove(which % armed.len());
                prop_assert!(handles[number].cancel());
            }
            Event::Cancel(_) => {}
            Event::Advance(by) => {
                now += by;
                executor.poll_once_with(ns(by));
                let mut due: Vec<(u64, usize)> = armed.iter().copied().filter(|timer| timer.0 <= now).collect();
                armed.retain(|timer| timer.0 > now);
                due.sort_by_key(|timer| timer.0);
                let expected: Vec<usize> = due.into_iter().map(|timer| timer.1).collect();
                prop_assert_eq!(fired.take(), expected);
            }
        }
        let next = armed.iter().map(|timer| ns(timer.0 - now)).min();
        prop_assert_eq!(executor.next_deadline(), next);
    }
    Ok(())
}

#[test]
fn timers_fire_in_the_order_of_a_sorted_list_through_all_cascades() {
    let mut runner = TestRunner::new(config(600));
    let outcome = runner.run(&vec(events(), 1..60), |events| check_order(&events));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn equal_deadlines_are_first_in_first_out_through_the_cascades() {
    // Armed from near and far, so that they stand in different levels of the wheel until the end.
    let deadline = (1 << 40) + 12_345;
    let mut executor = Executor::new();
    let clock = executor.clock();
    let fired: Rc<RefCell<Vec<usize>>> = Rc::default();
    let mut number = 0;
    let mut arm = |executor: &mut Executor, deadline: u64| {
        let (mine, log) = (number, fired.clone());
        number += 1;
        executor.spawn(async move {
            clock.sleep_until(ns(deadline)).await;
            log.borrow_mut().push(mine);
        });
        executor.poll_once_with(ns(0));
    };
    let mut left = deadline;
    while left > 1 {
        arm(&mut executor, deadline);
        arm(&mut executor, deadline);
        executor.poll_once_with(ns(left / 2));
        left -= left / 2;
    }
    assert!(fired.borrow().is_empty());
    arm(&mut executor, deadline);
    executor.poll_once_with(ns(1));
    assert_eq!(fired.take(), (0..number).collect::<Vec<_>>());
}

#[test]
fn sleepers_that_arent_due_arent_touched() {
    let sleepers = if cfg!(miri) { 50 } else { 20_000 };
    let mut executor = Executor::new();
    let polls = Rc::new(Cell::new(0));
    for number in 0..sleepers {
        let polls = polls.clone();
        executor.spawn(async move {
            sleep(Duration::from_secs(3_600 + number)).await;
            polls.set(polls.get() + 1);
        });
    }
    assert_eq!(executor.poll_once().polled, sleepers);
    for _ in 0..100 {
        assert_eq!(executor.poll_once().polled, 0);
    }
    assert_eq!((polls.get(), executor.live()), (0, sleepers as usize));
}
