//! What ends the process, and what is next to it and doesn't: each case in a process of its own.
//!
//! Rule: Rust aborts when a destructor that runs in an unwind lets a second panic out. The executor starts every
//! destructor of its own outside of any unwind and catches what comes out, so it adds no such case; what is left are
//! two panics in one poll, in one destructor, or in one call of the game's. Whoever runs the test runs its own binary
//! again, with a variable that names the case.

use crate::words::{on_drop, quiet_panic};
use framestep::{Executor, next_frame, spawn};
use std::{
    any::Any,
    cell::RefCell,
    env,
    future::{pending, ready},
    os::unix::process::ExitStatusExt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    process::Command,
    rc::Rc,
    task::{Context, Poll},
};

const CASE: &str = "FRAMESTEP_ABORT_CASE";
const SIGABRT: i32 = 6;

struct Case {
    name: &'static str,
    aborts: bool,
    run: fn(),
}

const CASES: [Case; 13] = [
    Case { name: "poll_and_what_its_block_holds", aborts: true, run: poll_and_what_its_block_holds },
    Case { name: "fault_and_what_its_block_holds", aborts: true, run: fault_and_what_its_block_holds },
    Case { name: "two_of_a_future_cancelled", aborts: true, run: two_of_a_future_cancelled },
    Case { name: "two_of_a_future_that_was_ready", aborts: true, run: two_of_a_future_that_was_ready },
    Case { name: "two_of_a_future_at_the_executors_drop", aborts: true, run: two_of_a_future_at_the_executors_drop },
    Case { name: "two_of_an_output", aborts: true, run: two_of_an_output },
    Case {
        name: "poll_and_an_output_whose_handle_it_holds",
        aborts: true,
        run: poll_and_an_output_whose_handle_it_holds,
    },
    Case {
        name: "future_and_an_output_whose_handle_it_holds",
        aborts: true,
        run: future_and_an_output_whose_handle_it_holds,
    },
    Case {
        name: "poll_and_a_future_refused_in_its_unwind",
        aborts: true,
        run: poll_and_a_future_refused_in_its_unwind,
    },
    Case {
        name: "poll_and_a_script_cancelled_in_its_unwind",
        aborts: false,
        run: poll_and_a_script_cancelled_in_its_unwind,
    },
    Case {
        name: "game_and_a_script_cancelled_in_its_unwind",
        aborts: false,
        run: game_and_a_script_cancelled_in_its_unwind,
    },
    Case {
        name: "game_and_an_executor_dropped_in_its_unwind",
        aborts: false,
        run: game_and_an_executor_dropped_in_its_unwind,
    },
    Case {
        name: "future_and_then_its_output_in_who_awaits_it",
        aborts: false,
        run: future_and_then_its_output_in_who_awaits_it,
    },
];

/// A destructor that panics.
fn bomb(message: &'static str) -> impl Sized {
    on_drop(move || quiet_panic(message))
}

fn two_bombs() -> (impl Sized, impl Sized) {
    (bomb("first"), bomb("second"))
}

fn poll_and_what_its_block_holds() {
    let mut executor = Executor::new();
    executor.spawn(async {
        let _bomb = bomb("local");
        quiet_panic("poll");
    });
    executor.poll_once();
}

fn fault_and_what_its_block_holds() {
    let mut executor = Executor::new();
    executor.spawn(async {
        let _bomb = bomb("local");
        next_frame().await;
    });
    executor.panic_at(1, 2);
    executor.poll_once();
    executor.poll_once();
}

fn two_of_a_future_cancelled() {
    let mut executor = Executor::new();
    let handle = executor.spawn(async {
        let _bombs = two_bombs();
        pending::<()>().await;
    });
    executor.poll_once();
    handle.cancel();
}

fn two_of_a_future_that_was_ready() {
    let mut executor = Executor::new();
    // Its fields go when it is dropped, not in its poll.
    struct Holds(#[expect(dead_code, reason = "for its destructor")] Box<dyn Any>);
    impl Future for Holds {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }
    executor.spawn(Holds(Box::new((on_drop(|| quiet_panic("first")), on_drop(|| quiet_panic("second"))))));
    executor.poll_once();
}

fn two_of_a_future_at_the_executors_drop() {
    let mut executor = Executor::new();
    executor.spawn(async {
        let _bombs = two_bombs();
        pending::<()>().await;
    });
    executor.poll_once();
    drop(executor);
}

fn two_of_an_output() {
    let mut executor = Executor::new();
    executor.spawn(ready((on_drop(|| quiet_panic("first")), on_drop(|| quiet_panic("second")))));
    executor.poll_once();
}

fn poll_and_an_output_whose_handle_it_holds() {
    let mut executor = Executor::new();
    let handle = executor.spawn(ready(on_drop(|| quiet_panic("output"))));
    executor.poll_once();
    executor.spawn(async move {
        let _handle = handle;
        quiet_panic("poll");
    });
    executor.poll_once();
}

fn future_and_an_output_whose_handle_it_holds() {
    let mut executor = Executor::new();
    let handle = executor.spawn(ready(on_drop(|| quiet_panic("output"))));
    let holder = executor.spawn(async move {
        let _handle = handle;
        let _bomb = bomb("future");
        pending::<()>().await;
    });
    executor.poll_once();
    holder.cancel();
}

fn poll_and_a_future_refused_in_its_unwind() {
    let mut executor = Executor::builder().max_tasks(1).build();
    executor.spawn(async {
        let _spawns = on_drop(|| {
            let bomb = on_drop(|| quiet_panic("refused"));
            spawn(async move { drop(bomb) });
        });
        quiet_panic("poll");
    });
    executor.poll_once();
}

fn poll_and_a_script_cancelled_in_its_unwind() {
    let mut executor = Executor::new();
    let victim = executor.spawn(async {
        let _bomb = bomb("victim");
        pending::<()>().await;
    });
    executor.spawn(async move {
        next_frame().await;
        let _cancels = on_drop(move || assert!(victim.cancel()));
        quiet_panic("poll");
    });
    executor.poll_once();
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.cancelled, report.live), (2, 1, 0));
    let told: Vec<_> = executor.incidents().into_iter().map(|incident| incident.message).collect();
    assert_eq!(told, ["poll", "victim (in its destructor)"]);
}

fn game_and_a_script_cancelled_in_its_unwind() {
    let mut executor = Executor::new();
    let victim = executor.spawn(async {
        let _bomb = bomb("victim");
        pending::<()>().await;
    });
    executor.poll_once();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _cancels = on_drop(move || assert!(victim.cancel()));
        quiet_panic("game");
    }));
    assert!(unwound.is_err());
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.cancelled, report.live), (1, 1, 0));
}

fn game_and_an_executor_dropped_in_its_unwind() {
    let dropped = Rc::new(RefCell::new(0));
    let count = dropped.clone();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let mut executor = Executor::new();
        for _ in 0..3 {
            let count = count.clone();
            executor.spawn(async move {
                let _bomb = on_drop(move || {
                    *count.borrow_mut() += 1;
                    quiet_panic("script");
                });
                pending::<()>().await;
            });
        }
        executor.poll_once();
        quiet_panic("game");
    }));
    assert!(unwound.is_err());
    assert_eq!(*dropped.borrow(), 3);
}

fn future_and_then_its_output_in_who_awaits_it() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            quiet_panic("future");
        }
    }
    impl Future for Bomb {
        type Output = Box<dyn Any>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Box::new(on_drop(|| quiet_panic("output"))))
        }
    }
    let mut executor = Executor::new();
    let handle = executor.spawn(Bomb);
    executor.spawn(async move {
        drop(handle.await);
    });
    let report = executor.poll_once();
    assert_eq!((report.panicked, report.completed, report.live), (2, 1, 0));
}

#[test]
fn a_case_when_asked() {
    let Ok(name) = env::var(CASE) else { return };
    let case = CASES.iter().find(|case| case.name == name).expect("a case of this name");
    (case.run)();
    println!("{} is over", case.name);
}

#[test]
fn two_panics_in_one_unwind_abort_and_nothing_else_does() {
    let this = env::current_exe().expect("this program is there");
    for case in CASES {
        let mut command = Command::new(&this);
        command.args(["combinations::aborts::a_case_when_asked", "--exact", "--nocapture", "--test-threads=1"]);
        let output = command.env(CASE, case.name).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        let is_over = String::from_utf8_lossy(&output.stdout).contains(&format!("{} is over", case.name));
        if case.aborts {
            assert_eq!(output.status.signal(), Some(SIGABRT), "{}: {said}", case.name);
            assert!(said.contains("panic in a destructor during cleanup"), "{}: {said}", case.name);
            assert!(!is_over, "{}", case.name);
        } else {
            assert!(output.status.success() && is_over, "{}: {said}", case.name);
        }
    }
}
