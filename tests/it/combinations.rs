//! Every combination of how a script ends, which destructors panic, where its handle goes, and who has its waker.
//!
//! Rule: what a combination does is derived from it by a plain function (`rule`), which knows nothing of executors,
//! and is compared with the whole story that the executor tells (`story`): polls, drops, outputs, the counts and the
//! incidents of each frame, and what comes of wakes after the end, into a slot that is used again, and after the
//! executor's drop. Nothing is made that isn't dropped, once (`ledger`).
//!
//! One executor is used for all that end while it lives, and one for those that it ends by its drop: what one
//! combination leaves behind would show in the next.
//!
//! | module | what it holds |
//! |---|---|
//! | `story` | plays a combination, and writes down what happens |
//! | `rule` | what is to happen |
//! | `keeper` | a thread that owns wakers |
//! | `aborts` | the combinations that end the process, each in a process of its own |

#[cfg(all(unix, not(miri)))]
mod aborts;
mod keeper;
mod rule;
mod story;

use framestep::Executor;
use keeper::Keeper;
use std::rc::Rc;

/// How a script ends. The last poll of one that ends by itself is its second.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum End {
    Returns,
    Panics,
    /// And returns pending.
    CancelsItself,
    CancelsItselfAndReturns,
    CancelsItselfAndPanics,
    CancelledUnpolled(When),
    CancelledParked(When),
}

/// When a script is ended by another.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum When {
    /// By another script.
    InStep,
    BetweenSteps,
    AtExecutorsDrop,
}

impl End {
    const ALL: [End; 11] = [
        End::Returns,
        End::Panics,
        End::CancelsItself,
        End::CancelsItselfAndReturns,
        End::CancelsItselfAndPanics,
        End::CancelledUnpolled(When::InStep),
        End::CancelledUnpolled(When::BetweenSteps),
        End::CancelledUnpolled(When::AtExecutorsDrop),
        End::CancelledParked(When::InStep),
        End::CancelledParked(When::BetweenSteps),
        End::CancelledParked(When::AtExecutorsDrop),
    ];

    fn cancels_itself(self) -> bool {
        matches!(self, End::CancelsItself | End::CancelsItselfAndReturns | End::CancelsItselfAndPanics)
    }

    fn is_in_own_poll(self) -> bool {
        self.cancels_itself() || matches!(self, End::Returns | End::Panics)
    }

    fn returns(self) -> bool {
        matches!(self, End::Returns | End::CancelsItselfAndReturns)
    }

    fn panics(self) -> bool {
        matches!(self, End::Panics | End::CancelsItselfAndPanics)
    }

    fn when(self) -> When {
        match self {
            End::CancelledUnpolled(when) | End::CancelledParked(when) => when,
            _ => When::InStep,
        }
    }
}

/// Which destructors panic.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Bombs {
    future: bool,
    output: bool,
}

/// Where the handle goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Handle {
    /// Before the script is polled.
    DroppedBefore,
    /// In the poll that ends the script.
    DroppedInLastPoll,
    /// By the destructor of the script's future.
    DroppedInDestructor,
    DroppedAfter,
    /// Asked for the output, then dropped.
    TakenAfter,
    /// By another script, which drops what it gets.
    Awaited,
    /// Until the executor is gone.
    Kept,
}

impl Handle {
    const ALL: [Handle; 7] = [
        Handle::DroppedBefore,
        Handle::DroppedInLastPoll,
        Handle::DroppedInDestructor,
        Handle::DroppedAfter,
        Handle::TakenAfter,
        Handle::Awaited,
        Handle::Kept,
    ];
}

/// Who has the script's waker, wakes it where it ends by itself, and goes on waking it afterwards.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Holder {
    /// Then it waits for the next frame where it ends by itself.
    Nobody,
    Script,
    /// Which owns it from the first poll on, and until the executor is gone.
    Thread,
    Static,
}

impl Holder {
    const ALL: [Holder; 4] = [Holder::Nobody, Holder::Script, Holder::Thread, Holder::Static];
}

#[derive(Copy, Clone, Debug)]
struct Combination {
    end: End,
    bombs: Bombs,
    handle: Handle,
    holder: Holder,
}

impl Combination {
    /// Whether there is such a one.
    fn is_possible(&self) -> bool {
        // What was never polled has shown its waker to nobody.
        let is_held = matches!(self.end, End::CancelledUnpolled(_)) && self.holder != Holder::Nobody;
        let has_no_poll = self.handle == Handle::DroppedInLastPoll && !self.end.is_in_own_poll();
        // Within a step scripts are cancelled by their handles.
        let is_cancelled_in_step = self.end.cancels_itself() || !self.end.is_in_own_poll();
        let cant_be_cancelled =
            self.handle == Handle::DroppedBefore && self.end.when() == When::InStep && is_cancelled_in_step;
        // After the executor's drop is after the end.
        let is_kept_anyway = self.end.when() == When::AtExecutorsDrop && self.handle == Handle::DroppedAfter;
        !(is_held || has_no_poll || cant_be_cancelled || is_kept_anyway)
    }

    fn all() -> Vec<Combination> {
        let mut all = Vec::new();
        for end in End::ALL {
            for bombs in [(false, false), (true, false), (false, true), (true, true)] {
                let bombs = Bombs { future: bombs.0, output: bombs.1 };
                for handle in Handle::ALL {
                    all.extend(Holder::ALL.map(|holder| Combination { end, bombs, handle, holder }));
                }
            }
        }
        all.retain(Combination::is_possible);
        all
    }
}

/// What was made was dropped, once; compared in the same words that a story has.
#[track_caller]
fn ledger(combination: &Combination, told: &[String]) {
    let words = || told.iter().flat_map(|line| line.split('|').next().unwrap_or_default().split(' '));
    let dropped = |what| words().filter(|&word| word == what).count();
    let made = (1, usize::from(combination.end.returns()), usize::from(combination.end.panics()));
    assert_eq!((dropped("future"), dropped("output"), dropped("payload")), made, "{combination:?}: {told:#?}");
}

/// Drops the executor, then does what is left to be done with what outlives it, and compares.
fn compare(executor: Executor, told: Vec<story::Told>) {
    drop(executor);
    for mut told in told {
        told.end();
        let combination = told.combination();
        assert_eq!(told.lines, rule::expected(&combination), "{combination:?}");
        ledger(&combination, &told.lines);
    }
}

#[test]
fn every_combination_that_ends_while_the_executor_lives() {
    let (mut executor, keeper) = (Executor::new(), Rc::new(Keeper::new()));
    let all = Combination::all().into_iter().filter(|one| one.end.when() != When::AtExecutorsDrop);
    let all: Vec<_> = all.collect();
    assert_eq!(all.len(), 732);
    // Of no common measure with the dimensions, so each value of each comes with many of the others.
    let sample = all.into_iter().step_by(if cfg!(miri) { 47 } else { 1 });
    let told: Vec<_> = sample.map(|combination| story::play(&mut executor, &keeper, combination)).collect();
    assert_eq!(executor.live(), 0);
    compare(executor, told);
}

#[test]
fn every_combination_that_ends_by_the_executors_drop() {
    let (mut executor, keeper) = (Executor::new(), Rc::new(Keeper::new()));
    let (parked, unpolled): (Vec<_>, Vec<_>) = Combination::all()
        .into_iter()
        .filter(|one| one.end.when() == When::AtExecutorsDrop)
        .partition(|one| one.end == End::CancelledParked(When::AtExecutorsDrop));
    assert_eq!((parked.len(), unpolled.len()), (80, 20));
    let some = if cfg!(miri) { 7 } else { 1 };
    let mut told: Vec<_> = parked.into_iter().step_by(some).map(|one| story::begin(&executor, &keeper, one)).collect();
    executor.poll_once();
    told.extend(unpolled.into_iter().step_by(some).map(|one| story::begin(&executor, &keeper, one)));
    compare(executor, told);
}
