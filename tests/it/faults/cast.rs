//! A cast of scripts with waits of all kinds, and one fault in one of them.
//!
//! Rule: an act is some scripts that have to do with each other and with nobody else, so a fault in one of them changes
//! nothing in any other act. Each script is wrapped where it is spawned, also by another script; the wrapper counts
//! its polls, carries out the fault, and notes polls and drops in its act's story.
//!
//! Nothing here knows of the tests around it: those that count allocations have it too.

use framestep::{
    Executor, JoinHandle, Lane, Scope, Signal, TaskId, Until, current_frame, current_task, frames, interval, join_all,
    join3, next_frame, race, race_all, resume_in, scope, sleep, sleep_until, spawn, timeout, yield_now,
};
use futures::{StreamExt, stream::FuturesUnordered};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::pending,
    panic::resume_unwind,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

/// What happens to a script.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It panics in the place of a poll.
    PanicsBefore,
    /// It panics when a poll is done.
    PanicsAfter,
    /// It is cancelled in the pause after the frame, if a poll leaves it parked.
    IsCancelled,
}

impl Fault {
    pub(crate) const ALL: [Fault; 3] = [Fault::PanicsBefore, Fault::PanicsAfter, Fault::IsCancelled];
}

/// In which script, by the order in which they come, and in which of its polls, from 1.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) script: usize,
    pub(crate) poll: u32,
    pub(crate) fault: Fault,
}

/// What is known of a script.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) act: &'static str,
    pub(crate) polls: u32,
    pub(crate) drops: u32,
}

/// What a run was like.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) scripts: RefCell<Vec<Record>>,
    pub(crate) acts: RefCell<BTreeMap<&'static str, Vec<String>>>,
    /// The script that the fault was in.
    pub(crate) hit: Cell<Option<TaskId>>,
    /// Panics that the reports count.
    pub(crate) panics: Cell<u64>,
    /// Whether the fault was to cancel a script that was alive.
    pub(crate) cancelled: Cell<bool>,
    /// Whether in each frame so many were alive as had not been dropped.
    pub(crate) agrees: Cell<bool>,
}

struct Wrapped<F> {
    future: Pin<Box<F>>,
    story: Rc<Story>,
    number: usize,
    plan: Option<Plan>,
}

impl<F> Wrapped<F> {
    fn note(&self, what: &str, change: impl FnOnce(&mut Record)) {
        let mut scripts = self.story.scripts.borrow_mut();
        let record = &mut scripts[self.number];
        change(record);
        let line = format!("{} {what}", self.number);
        self.story.acts.borrow_mut().entry(record.act).or_default().push(line);
    }
}

impl<F: Future> Future for Wrapped<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut polls = 0;
        self.note(&format!("polled in {}", current_frame()), |record| {
            record.polls += 1;
            polls = record.polls;
        });
        let fault = self.plan.filter(|plan| plan.poll == polls).map(|plan| plan.fault);
        if fault == Some(Fault::PanicsBefore) {
            self.story.hit.set(Some(current_task()));
            resume_unwind(Box::new("fault"));
        }
        let polled = self.future.as_mut().poll(context);
        match fault {
            Some(Fault::PanicsAfter) => {
                self.story.hit.set(Some(current_task()));
                resume_unwind(Box::new("fault"));
            }
            Some(Fault::IsCancelled) if polled.is_pending() => self.story.hit.set(Some(current_task())),
            _ => (),
        }
        polled
    }
}

impl<F> Drop for Wrapped<F> {
    fn drop(&mut self) {
        self.note("dropped", |record| record.drops += 1);
    }
}

/// An act: wraps its scripts.
#[derive(Clone)]
struct Act {
    name: &'static str,
    story: Rc<Story>,
    plan: Option<Plan>,
}

impl Act {
    fn wrap<F: Future>(&self, future: F) -> Wrapped<F> {
        let mut scripts = self.story.scripts.borrow_mut();
        let number = scripts.len();
        scripts.push(Record { act: self.name, polls: 0, drops: 0 });
        let plan = self.plan.filter(|plan| plan.script == number);
        Wrapped { future: Box::pin(future), story: self.story.clone(), number, plan }
    }

    /// Notes that a script got as far as this.
    fn say(&self, word: &str) {
        let line = format!("{word} in {}", current_frame());
        self.story.acts.borrow_mut().entry(self.name).or_default().push(line);
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const FRAMES: u32 = 14;

/// Starts all acts.
fn begin(executor: &Executor, other: Lane, act: impl Fn(&'static str) -> Act) {
    let detach = |handle: JoinHandle<()>| drop(handle);

    let frames_act = act("frames");
    detach(executor.spawn(frames_act.wrap(async {
        for _ in 0..4 {
            next_frame().await;
        }
    })));
    detach(executor.spawn(frames_act.wrap(async {
        frames(2).await;
        frames(3).await;
    })));

    let clock = act("clock");
    detach(executor.spawn(clock.wrap(async {
        sleep(ms(25)).await;
        let mut beat = interval(ms(15));
        for _ in 0..3 {
            beat.next().await;
        }
        assert!(timeout(ms(12), pending::<()>()).await.is_err());
        sleep_until(ms(115)).await;
    })));

    let joins = act("joins");
    let inner = joins.clone();
    let parent = executor.spawn(joins.wrap(async move {
        let child = spawn(inner.wrap(frames(2)));
        inner.say(if child.await.is_ok() { "child returned" } else { "child is gone" });
        next_frame().await;
    }));
    let inner = joins.clone();
    detach(executor.spawn(joins.wrap(async move {
        inner.say(if parent.await.is_ok() { "parent returned" } else { "parent is gone" });
    })));

    let scopes = act("scopes");
    let inner = scopes.clone();
    detach(executor.spawn(scopes.wrap(async move {
        scope(async |s: Scope| {
            drop(s.branch(inner.wrap(pending::<()>())));
            drop(s.spawn(inner.wrap(frames(4))));
            drop(s.spawn(inner.wrap(sleep(ms(22)))));
            next_frame().await;
        })
        .await;
        inner.say("scope is over");
        next_frame().await;
    })));

    let signals = act("signals");
    let signal = Signal::new();
    for number in 0..2 {
        let (inner, signal) = (signals.clone(), signal.clone());
        detach(executor.spawn(signals.wrap(async move {
            signal.wait().await;
            let _ = race(signal.wait(), frames(2 + number)).await;
            inner.say("heard");
        })));
    }
    detach(executor.spawn(signals.wrap(async move {
        for _ in 0..2 {
            frames(3).await;
            signal.raise();
        }
    })));

    let together = act("together");
    detach(executor.spawn(together.wrap(async {
        join3(next_frame(), sleep(ms(15)), yield_now()).await;
        let mut some: FuturesUnordered<_> = (1..4).map(frames).collect();
        while some.next().await.is_some() {}
    })));

    let many = act("many");
    detach(executor.spawn(many.wrap(async {
        join_all((1..4).map(frames)).await;
        assert_eq!(race_all([frames(3), frames(2)]).await, (1, ()));
        assert!(pending::<()>().until(frames(2)).await.is_none());
        assert!(frames(1).until(frames(2)).await.is_some());
    })));

    let inlets = act("inlets");
    let (sender, mut values) = executor.inlet::<u32>();
    let inner = inlets.clone();
    detach(executor.spawn(inlets.wrap(async move {
        while let Some(value) = values.next().await {
            inner.say(&format!("heard {value}"));
        }
        inner.say("closed");
    })));
    detach(executor.spawn(inlets.wrap(async move {
        for value in 0..3 {
            if sender.send(value).is_err() {
                return;
            }
            next_frame().await;
        }
    })));

    let lanes = act("lanes");
    detach(executor.spawn(lanes.wrap(async move {
        for _ in 0..2 {
            resume_in(other).await;
            next_frame().await;
        }
    })));
    detach(executor.spawn_in(other, lanes.wrap(frames(3))));

    let yields = act("yields");
    detach(executor.spawn(yields.wrap(async {
        for _ in 0..3 {
            yield_now().await;
        }
    })));

    let channels = act("channels");
    let (sender, receiver) = async_channel::bounded(1);
    let inner = channels.clone();
    detach(executor.spawn(channels.wrap(async move {
        while let Ok(number) = receiver.recv().await {
            inner.say(&format!("received {number}"));
        }
        inner.say("closed");
    })));
    detach(executor.spawn(channels.wrap(async move {
        for number in 0..4 {
            if sender.send(number).await.is_err() {
                return;
            }
            if number % 2 == 0 {
                next_frame().await;
            }
        }
    })));

    let detached = act("detached");
    let inner = detached.clone();
    detach(executor.spawn(detached.wrap(async move {
        for number in 0..3 {
            let deeper = inner.clone();
            drop(spawn(inner.wrap(async move {
                frames(number).await;
                drop(spawn(deeper.wrap(next_frame())));
            })));
            next_frame().await;
        }
    })));
}

/// Plays all acts with one fault, or none.
pub(crate) fn play(plan: Option<Plan>) -> Rc<Story> {
    let story = Rc::new(Story::default());
    story.agrees.set(true);
    let mut executor = Executor::new();
    let other = executor.add_lane("other");
    begin(&executor, other, |name| Act { name, story: story.clone(), plan });
    for _ in 0..FRAMES {
        let was_hit = story.hit.get().is_some();
        for lane in [executor.main_lane(), other] {
            let report = executor.step_lane(lane, ms(10));
            story.panics.set(story.panics.get() + report.panicked);
        }
        if let Some(plan) = plan
            && plan.fault == Fault::IsCancelled
            && !was_hit
            && let Some(id) = story.hit.get()
        {
            // It may have gone on in the same step, and ended.
            let drops = || story.scripts.borrow()[plan.script].drops;
            let is_alive = drops() == 0;
            assert_eq!(executor.cancel(id), is_alive, "{plan:?}: it says whether it had ended");
            assert_eq!(drops(), 1, "{plan:?}: it is dropped at once");
            story.cancelled.set(is_alive);
        }
        let left = story.scripts.borrow().iter().filter(|script| script.drops == 0).count();
        story.agrees.set(story.agrees.get() && executor.live() == left);
    }
    drop(executor);
    story
}

/// Every fault in every poll of every script that a run without one has.
pub(crate) fn plans(whole: &Story) -> Vec<Plan> {
    let mut plans = Vec::new();
    for (script, record) in whole.scripts.borrow().iter().enumerate() {
        for poll in 1..=record.polls {
            plans.extend(Fault::ALL.map(|fault| Plan { script, poll, fault }));
        }
    }
    plans
}
