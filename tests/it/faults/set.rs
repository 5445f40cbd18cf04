//! Faults that a test sets: polls that panic without a word in their scripts.
//!
//! Rule: a fault is told from a panic of the script's own by its message alone. So each story is played twice, once
//! with each, and compared whole: words, reports, incidents, the log of changes, the trace.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    thread,
    time::Duration,
};

use framestep::{
    Builder, Executor, FrameReport, Incident, IncidentKind, JoinError, JoinHandle, TaskChange, current_task, frames,
    next_frame, sleep, spawn, yield_now,
};

use crate::words::{Words, on_drop, quiet_panic};

/// What a script waits for, each time that it was polled.
#[derive(Copy, Clone)]
enum Wait {
    Next,
    Frames,
    Sleep,
    /// A turn in the same step, and then the next.
    Turn,
    Child,
}

/// So many of one type that wait for the next frame are a row; others stand in the midst of it.
const CAST: [Wait; 9] =
    [Wait::Next, Wait::Next, Wait::Sleep, Wait::Next, Wait::Turn, Wait::Next, Wait::Child, Wait::Next, Wait::Frames];

const FRAMES: u32 = if cfg!(miri) { 3 } else { 5 };

/// Who panics where, and whether a fault is set for it.
#[derive(Copy, Clone, Debug)]
struct Plan {
    script: usize,
    poll: u32,
    is_set: bool,
}

type Handles = Rc<RefCell<Vec<JoinHandle<()>>>>;

/// Says how things are for a destructor of what a script holds: whether it unwinds, whether its script is the current
/// one, has ended, and can be cancelled.
fn guard(words: &Words, handles: &Handles, number: usize) -> impl Sized + 'static {
    let (words, handles) = (words.clone(), handles.clone());
    on_drop(move || {
        let handles = handles.borrow();
        let (unwinds, own) = (thread::panicking(), &handles[number]);
        let is_current = unwinds && current_task() == own.id();
        words.say(format!("{number}:{unwinds}:{is_current}:{}:{}", own.is_finished(), own.cancel()));
    })
}

async fn actor(words: Words, _guard: impl Sized, number: usize, wait: Wait, panics_at: Option<u32>) {
    for poll in 1.. {
        if panics_at == Some(poll) {
            quiet_panic("of its own");
        }
        words.say(number);
        match wait {
            Wait::Turn if poll % 2 == 1 => yield_now().await,
            Wait::Next | Wait::Turn => next_frame().await,
            Wait::Frames => frames(2).await,
            Wait::Sleep => sleep(Duration::from_millis(20)).await,
            Wait::Child => drop(spawn(next_frame()).await),
        }
    }
}

/// All that is told of a run.
#[derive(Debug, PartialEq)]
struct Story {
    words: String,
    reports: Vec<FrameReport>,
    changes: Vec<TaskChange>,
    trace: u64,
    /// But for the message.
    incidents: Vec<String>,
}

fn play(build: fn() -> Builder, plan: Plan) -> Story {
    let mut executor = build().build();
    if executor.is_traced() && plan.poll.is_multiple_of(2) {
        executor.log_changes(true);
    }
    let (words, handles) = (Words::default(), Handles::default());
    for (number, wait) in CAST.into_iter().enumerate() {
        let own = (number == plan.script && !plan.is_set).then_some(plan.poll);
        let actor = actor(words.clone(), guard(&words, &handles, number), number, wait, own);
        handles.borrow_mut().push(executor.spawn(actor));
    }
    if plan.is_set {
        executor.panic_at(plan.script as u64 + 1, plan.poll);
    }
    let (mut reports, mut incidents, mut message) = (Vec::new(), Vec::new(), String::new());
    for _ in 0..FRAMES {
        reports.push(executor.poll_once());
        words.say("|");
        for incident in executor.incidents() {
            let Incident { kind, name, spawned_at, waited_at, .. } = &incident;
            incidents.push(format!("{kind:?} {name} {spawned_at} {waited_at:?}"));
            if *kind == IncidentKind::Panicked {
                message = incident.message;
            }
        }
    }
    let Plan { script, poll, is_set } = plan;
    if reports.iter().any(|report| report.panicked > 0) {
        let payload = match handles.borrow()[script].take_output() {
            Some(Err(JoinError::Panicked(payload))) => payload,
            other => panic!("{plan:?}: its handle gets the payload, and not {other:?}"),
        };
        let text = payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "of its own".to_owned());
        assert_eq!(text, message);
        let of_fault = format!("a fault in poll {poll} of script {}, set by `Executor::panic_at`", script + 1);
        assert_eq!(text, if is_set { of_fault.as_str() } else { "of its own" });
    }
    let (mut changes, trace) = (Vec::new(), executor.trace_hash());
    executor.take_changes(&mut changes);
    drop(executor);
    handles.borrow_mut().clear();
    Story { words: words.take(), reports, changes, trace, incidents }
}

const BUILDS: [fn() -> Builder; 5] = [
    Executor::builder,
    || Executor::builder().trace(true),
    || Executor::builder().shuffle(3),
    || Executor::builder().shuffle(5).trace(true),
    || Executor::builder().frame_polls(6).trace(true),
];

#[test]
fn a_fault_is_the_scripts_own_panic_in_rows_and_alone_and_shuffled_and_past_caps() {
    let plans = (0..CAST.len()).flat_map(|script| (1..=FRAMES).map(move |poll| Plan { script, poll, is_set: true }));
    let tried: Vec<_> = BUILDS.into_iter().flat_map(|build| plans.clone().map(move |plan| (build, plan))).collect();
    let mut hits = 0;
    for (build, plan) in tried.into_iter().step_by(if cfg!(miri) { 23 } else { 1 }) {
        let set = play(build, plan);
        let own = play(build, Plan { is_set: false, ..plan });
        assert_eq!(set, own, "{plan:?}");
        hits += set.reports.iter().map(|report| report.panicked).sum::<u64>();
    }
    println!("{hits} panics");
    assert!(hits > if cfg!(miri) { 1 } else { 100 }, "{hits}");
}

#[test]
fn in_a_row_of_one_type_one_panics_and_its_clean_up_runs_once() {
    let mut executor = Executor::new();
    let words = Words::default();
    let mut handles = Vec::new();
    for number in 0..5 {
        let log = words.clone();
        handles.push(executor.spawn(async move {
            let cleaned = log.clone();
            let _clean_up = on_drop(move || cleaned.say(format!("{number} cleaned")));
            loop {
                log.say(number);
                next_frame().await;
            }
        }));
    }
    executor.panic_at(3, 2);
    executor.panic_at(1, 3);
    executor.panic_at(3, 2);
    let mut panicked = Vec::new();
    for _ in 0..4 {
        panicked.push(executor.poll_once().panicked);
        words.say("|");
    }
    assert_eq!(panicked, [0, 1, 1, 0]);
    let _: Vec<()> = handles.drain(..).map(|handle| drop(handle.take_output())).collect();
    drop(executor);
    assert_eq!(words.take(), "0 1 2 3 4 | 0 1 2 cleaned 3 4 | 0 cleaned 1 3 4 | 1 3 4 | 1 cleaned 3 cleaned 4 cleaned");
}

#[test]
fn a_first_poll_that_panics_drops_what_never_ran() {
    let mut executor = Executor::new();
    let words = Words::default();
    // Set before it is there, and by a script that spawns it.
    executor.panic_at(2, 1);
    let (log, guard) = (words.clone(), words.on_drop("dropped"));
    let parent = executor.spawn(async move {
        let child = spawn(async move {
            let _guard = guard;
            "ran"
        });
        match child.await {
            Err(JoinError::Panicked(_)) => log.say("told"),
            other => log.say(format!("{other:?}")),
        }
    });
    let report = executor.poll_once();
    assert_eq!((report.polled, report.panicked, report.completed, report.live), (3, 1, 1, 0));
    assert!(parent.is_finished());
    assert_eq!(words.take(), "dropped told");
}

#[test]
fn a_poll_that_never_comes_does_nothing_and_reaches_nobody_else() {
    let mut executor = Executor::new();
    let words = Words::default();
    assert!(executor.panic_at(1, 4) && executor.panic_at(9, 1));
    for number in 1..4 {
        let log = words.clone();
        // The second takes the slot of the first when that has ended.
        executor.spawn(async move {
            for _ in 0..2 {
                log.say(number);
                next_frame().await;
            }
        });
        (0..6).for_each(|_| assert_eq!(executor.poll_once().panicked, 0));
    }
    assert_eq!((words.take().as_str(), executor.live()), ("1 1 2 2 3 3", 0));
}

#[test]
fn a_fault_of_a_poll_that_is_over_is_refused_and_so_is_one_of_a_script_that_has_ended() {
    let mut executor = Executor::new();
    executor.spawn(frames(3));
    let sleeper = executor.spawn(next_frame());
    executor.poll_once();
    assert!(!executor.panic_at(1, 1) && executor.panic_at(1, 2));
    assert!(sleeper.cancel() && !executor.panic_at(2, 2));
    let panicked: Vec<_> = (0..4).map(|_| executor.poll_once().panicked).collect();
    assert_eq!((panicked, executor.live()), (vec![0, 0, 1, 0], 0));
    // Its second poll panicked, so it never had a third.
    assert!(!executor.panic_at(1, 3));
}

#[test]
fn a_crowd_of_one_type_is_polled_once_a_frame_before_faults_and_while_they_are_to_come_and_after() {
    let mut executor = Executor::new();
    let polls = Rc::new(Cell::new(0));
    for _ in 0..100 {
        let polls = polls.clone();
        executor.spawn(async move {
            loop {
                polls.set(polls.get() + 1);
                next_frame().await;
            }
        });
    }
    let frame = |executor: &mut Executor| {
        let report = executor.poll_once();
        (report.polled, report.panicked, polls.take())
    };
    assert_eq!(frame(&mut executor), (100, 0, 100));
    executor.panic_at(50, 3);
    executor.panic_at(51, 3);
    assert_eq!(frame(&mut executor), (100, 0, 100));
    assert_eq!(frame(&mut executor), (100, 2, 98));
    assert_eq!(frame(&mut executor), (98, 0, 98));
}

#[test]
#[should_panic(expected = "there is no poll 0")]
fn polls_are_counted_from_one() {
    Executor::new().panic_at(1, 0);
}

#[test]
#[should_panic(expected = "there is no script 0")]
fn scripts_are_counted_from_one() {
    Executor::new().panic_at(0, 1);
}
