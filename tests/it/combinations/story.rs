//! Plays a combination, and writes down what happens: a line a frame, and a line for what lies between.
//!
//! ```text
//!   the script is spawned, and who else takes part      cancelled unpolled
//!   first frame                                          polled, parks
//!                                                        cancelled parked, or woken
//!   second frame                                         the last poll
//!   its handle is dropped, or asked; it is woken
//!   third frame                                          woken by a script
//!   another takes its slot; it is woken
//!   fourth frame                                         woken by a script
//!   the executor is dropped; it is woken; its handle is dropped; it is woken; a thread drops its waker
//! ```

use super::{Combination, End, Handle, Holder, When, keeper::Keeper};
use crate::words::{on_drop, quiet_panic, slot};
use framestep::{Executor, FrameReport, Incident, JoinError, JoinHandle, NextFrame, TaskId, next_frame};
use std::{
    cell::{Cell, RefCell},
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    rc::Rc,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

/// Those that are held by a static, for good.
static WAKERS: Mutex<Vec<Waker>> = Mutex::new(Vec::new());

/// Words that may go along with a panic.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn say(&self, word: impl ToString) {
        self.0.lock().expect("nobody panics meanwhile").push(word.to_string());
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().expect("nobody panics meanwhile")).join(" ")
    }
}

/// What all who take part have in common.
struct Common {
    combination: Combination,
    log: Log,
    handle: RefCell<Option<JoinHandle<Output>>>,
    waker: RefCell<Option<Waker>>,
    keeper: Rc<Keeper>,
    /// Its place among those held by a static, or its number at the keeper.
    place: Cell<Option<usize>>,
    /// Whether the script that has the waker is to use it.
    is_armed: Cell<bool>,
}

impl Common {
    fn keep(&self, waker: &Waker) {
        match self.combination.holder {
            Holder::Nobody => (),
            Holder::Static => {
                let mut wakers = WAKERS.lock().expect("nobody panics meanwhile");
                wakers.push(waker.clone());
                self.place.set(Some(wakers.len() - 1));
            }
            Holder::Thread => self.place.set(Some(self.keeper.keep(waker.clone()))),
            Holder::Script => *self.waker.borrow_mut() = Some(waker.clone()),
        }
    }

    /// Wakes the script from where its waker is held, unless a script has it.
    fn wake(&self) {
        let Some(place) = self.place.get() else { return };
        if self.combination.holder == Holder::Thread {
            self.keeper.wake(place);
        } else {
            WAKERS.lock().expect("nobody panics meanwhile")[place].wake_by_ref();
        }
    }

    fn wake_by_script(&self) {
        if let Some(waker) = self.waker.borrow().as_ref().filter(|_| self.is_armed.get()) {
            waker.wake_by_ref();
        }
    }

    fn cancel_by_handle(&self) {
        let handle = self.handle.borrow();
        self.log.say(format!("cancels {}", handle.as_ref().expect("its handle is there").cancel()));
    }

    fn drop_handle(&self) {
        self.log.say("handle");
        let handle = self.handle.borrow_mut().take();
        drop(handle);
    }

    /// Does something outside of the executor that may panic.
    fn catch(&self, act: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(act)) {
            let message = payload.downcast_ref::<&str>().expect("a panic of this test");
            self.log.say(format!("caught-{message}"));
        }
    }

    fn say_result(&self, verb: &str, result: &Result<Output, JoinError>) {
        let what = match result {
            Ok(_) => "returned",
            Err(JoinError::Cancelled) => "cancelled",
            Err(JoinError::Panicked(_)) => "panicked",
            Err(_) => "refused",
        };
        self.log.say(format!("{verb} {what}"));
    }
}

/// The script whose end it is about; or another of its kind, which has no end.
struct Subject {
    common: Rc<Common>,
    is_another: bool,
    polls: u32,
    wait: Option<NextFrame>,
    /// So that nobody else takes part in slots of its size.
    _size: [u64; 60],
}

impl Subject {
    fn new(common: &Rc<Common>, is_another: bool) -> Subject {
        Subject { common: common.clone(), is_another, polls: 0, wait: None, _size: [0; 60] }
    }
}

impl Future for Subject {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        let common = self.common.clone();
        if self.is_another {
            common.log.say("another");
            return Poll::Pending;
        }
        common.log.say("polled");
        let end = common.combination.end;
        self.polls += 1;
        if self.polls == 1 {
            common.keep(cx.waker());
            if common.combination.holder == Holder::Nobody && end.is_in_own_poll() {
                let wait = self.wait.insert(next_frame());
                assert!(Pin::new(wait).poll(cx).is_pending());
            }
            return Poll::Pending;
        }
        if end.cancels_itself() {
            common.cancel_by_handle();
        }
        if common.combination.handle == Handle::DroppedInLastPoll {
            common.drop_handle();
        }
        if end.panics() {
            resume_unwind(Box::new(Payload(common.log.clone())));
        }
        if end.returns() { Poll::Ready(Output(common)) } else { Poll::Pending }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        if self.is_another {
            return;
        }
        self.common.log.say("future");
        if self.common.combination.handle == Handle::DroppedInDestructor {
            self.common.drop_handle();
        }
        if self.common.combination.bombs.future {
            quiet_panic("of-future");
        }
    }
}

struct Output(Rc<Common>);

impl Drop for Output {
    fn drop(&mut self) {
        self.0.log.say("output");
        if self.0.combination.bombs.output {
            quiet_panic("of-output");
        }
    }
}

struct Payload(Log);

impl Drop for Payload {
    fn drop(&mut self) {
        self.0.say("payload");
    }
}

/// A combination that was played, and what is left of it.
pub(super) struct Told {
    pub(super) lines: Vec<String>,
    common: Rc<Common>,
    id: TaskId,
}

impl Told {
    pub(super) fn combination(&self) -> Combination {
        self.common.combination
    }

    /// Plays a frame, and tells what happened in it.
    fn frame(&mut self, executor: &mut Executor) {
        let report = executor.poll_once();
        let line = line_of(&self.common.log.take(), &report, &executor.incidents());
        self.lines.push(line);
    }

    fn between(&mut self) {
        self.lines.push(self.common.log.take());
    }

    /// What is done when the executor is gone.
    pub(super) fn end(&mut self) {
        let common = self.common.clone();
        common.wake();
        common.wake_by_script();
        match common.combination.handle {
            Handle::Kept => common.catch(|| common.drop_handle()),
            Handle::TakenAfter if common.combination.end.when() == When::AtExecutorsDrop => take(&common),
            _ => (),
        }
        common.wake();
        if common.combination.holder == Holder::Thread {
            common.keeper.drop_waker(common.place.get().expect("it was polled, and kept its waker"));
        }
        self.between();
    }
}

fn line_of(words: &str, report: &FrameReport, incidents: &[Incident]) -> String {
    let counts = [
        ("polled", report.polled),
        ("woken", report.woken),
        ("spawned", report.spawned),
        ("completed", report.completed),
        ("cancelled", report.cancelled),
        ("panicked", report.panicked),
        ("put off", report.put_off),
        ("live", report.live),
    ];
    let mut line = format!("{words} |");
    for (name, count) in counts {
        if count > 0 {
            line += &format!(" {count} {name}");
        }
    }
    for incident in incidents {
        let name = if incident.name.ends_with("Subject") { "subject" } else { &incident.name };
        line += &format!(" | {name}: {}", incident.message);
    }
    line
}

async fn cancel(common: Rc<Common>) {
    common.cancel_by_handle();
}

fn take(common: &Common) {
    let handle = common.handle.borrow_mut().take().expect("it is there");
    let result = handle.take_output().expect("it has ended");
    common.say_result("took", &result);
    common.catch(|| drop(result));
    common.catch(|| drop(handle));
}

/// Spawns the script and who else takes part.
pub(super) fn begin(executor: &Executor, keeper: &Rc<Keeper>, combination: Combination) -> Told {
    let common = Rc::new(Common {
        combination,
        log: Log::default(),
        handle: RefCell::new(None),
        waker: RefCell::new(None),
        keeper: keeper.clone(),
        place: Cell::new(None),
        is_armed: Cell::new(combination.end.is_in_own_poll()),
    });
    if combination.end == End::CancelledUnpolled(When::InStep) {
        drop(executor.spawn(cancel(common.clone())));
    }
    let handle = executor.spawn(Subject::new(&common, false));
    let id = handle.id();
    *common.handle.borrow_mut() = Some(handle);
    match combination.handle {
        Handle::DroppedBefore => common.drop_handle(),
        Handle::Awaited => {
            let common = common.clone();
            let joiner = executor.spawn(async move {
                let result = poll_fn(|cx| {
                    let mut handle = common.handle.borrow_mut();
                    Pin::new(handle.as_mut().expect("it is there")).poll(cx)
                })
                .await;
                common.say_result("joined", &result);
                drop(result);
            });
            drop(joiner.named("joiner"));
        }
        _ => (),
    }
    if combination.holder == Holder::Script {
        let common = common.clone();
        drop(executor.spawn(async move {
            let last = common.clone();
            let _wakes = on_drop(move || last.wake_by_script());
            for _ in 2..=4 {
                next_frame().await;
                common.wake_by_script();
                common.is_armed.set(true);
            }
        }));
    }
    Told { lines: Vec::new(), common, id }
}

/// Plays all of a combination but the executor's drop.
pub(super) fn play(executor: &mut Executor, keeper: &Rc<Keeper>, combination: Combination) -> Told {
    let mut told = begin(executor, keeper, combination);
    let common = told.common.clone();
    if combination.end == End::CancelledUnpolled(When::BetweenSteps) {
        common.log.say(format!("cancels {}", executor.cancel(told.id)));
    }
    told.between();
    told.frame(executor);

    match combination.end {
        End::CancelledUnpolled(_) => (),
        End::CancelledParked(When::InStep) => drop(executor.spawn(cancel(common.clone()))),
        End::CancelledParked(_) => common.log.say(format!("cancels {}", executor.cancel(told.id))),
        _ => common.wake(),
    }
    told.between();
    told.frame(executor);

    match combination.handle {
        Handle::DroppedAfter => common.catch(|| common.drop_handle()),
        Handle::TakenAfter => take(&common),
        _ => (),
    }
    common.wake();
    common.log.say(format!("cancels {}", executor.cancel(told.id)));
    told.between();
    told.frame(executor);

    let another = executor.spawn(Subject::new(&common, true));
    common.log.say(format!("reuses {}", slot(another.id()) == slot(told.id)));
    common.wake();
    told.between();
    told.frame(executor);

    another.cancel();
    drop(another);
    executor.poll_once();
    told
}
