//! The watch: what an executor says it is doing, for a thread that looks whether it ever gets on.
//!
//! The rule: who isn't watched says nothing, and pays nothing for each script. Who is watched says so when a step begins, before
//! each poll, and when the step ends; all of it stands under one lock, as values that need no executor to be read.
//! Nothing that is decided here or by whoever looks (`watchdog`) comes back to the scripts: order and hashes are those
//! of an executor that isn't watched.
//!
//! How: scripts are polled one by one, as for a log of changes, and what was said last stands until the next is said. So what
//! a poll brings about, such as the destructors of what it ends, counts as its own.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use super::registry::lock;
use super::shared::{Mutex, MutexGuard};
use super::task::Slot;
use super::watchdog;

/// What doesn't get on, as [`Builder::watchdog`](crate::Builder::watchdog) tells it. Displayed it is a sentence to print.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stuck {
    /// The script whose poll hasn't returned, or whose end is still carried out; `None` where the step is held up
    /// before any poll: by a condition, a waker, a hook, or something that was handed in.
    pub script: Option<StuckScript>,
    /// The name of the lane that is being stepped.
    pub lane: &'static str,
    /// The frame.
    pub frame: u64,
    /// How long it has been seen at this, at least.
    pub lasted: Duration,
}

/// The script that a [`Stuck`] names.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StuckScript {
    /// The name it was given, or else the type of its future.
    pub name: &'static str,
    /// Its spawn number: 1 for the executor's first spawn.
    pub number: u64,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// Where the wait was written that it went on from: the last of this crate's; `None` before the first.
    pub waited_at: Option<&'static Location<'static>>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stuck { script, lane, frame, lasted } = self;
        let Some(StuckScript { name, number, spawned_at, waited_at }) = script else {
            return write!(
                f,
                "the step of lane `{lane}` in frame {frame} hasn't come to its next script for {lasted:?}: a condition, a \
                 waker, a hook or something that was handed in doesn't return"
            );
        };
        write!(f, "script `{name}` (number {number}, spawned at {spawned_at}) hasn't returned for {lasted:?}")?;
        if let Some(waited_at) = waited_at {
            write!(f, " from its poll after the wait at {waited_at},")?;
        }
        write!(
            f,
            " in frame {frame}, lane `{lane}`, and the game stands still: await `next_frame()` in its loops, or do on another \
             thread what takes long or blocks, and await its result"
        )
    }
}

/// Who is told.
pub(crate) type OnStuck = Arc<dyn Fn(&Stuck) + Send + Sync>;

/// What one executor says, for itself and for those who look.
pub(super) struct Watch {
    pub(super) limit: Duration,
    said: Mutex<Said>,
}

struct Said {
    /// Counts what was said.
    serial: u64,
    /// In a step; else there is nothing to look at.
    busy: bool,
    script: Option<StuckScript>,
    lane: &'static str,
    frame: u64,
    on_stuck: Option<OnStuck>,
}

impl Watch {
    fn said(&self) -> MutexGuard<'_, Said> {
        lock(&self.said)
    }

    /// What is being done, by its number; `None` for nothing.
    pub(super) fn serial(&self) -> Option<u64> {
        let said = self.said();
        said.busy.then_some(said.serial)
    }

    /// Whom to tell what about, if it is still the same that is being done.
    pub(super) fn stuck_at(&self, serial: u64, lasted: Duration) -> Option<(OnStuck, Stuck)> {
        let said = self.said();
        let &Said { script, lane, frame, .. } = &*said;
        if !said.busy || said.serial != serial {
            return None;
        }
        Some((said.on_stuck.clone()?, Stuck { script, lane, frame, lasted }))
    }
}

impl Core {
    /// Watches this executor from here on, unless it is watched already, or there are no threads.
    pub(crate) fn watch(&self, limit: Duration, on_stuck: OnStuck) {
        if self.watch.get().is_some() || self.closed.get() {
            return;
        }
        let said = Said { serial: 0, busy: false, script: None, lane: "", frame: 0, on_stuck: Some(on_stuck) };
        let watch = Arc::new(Watch { limit, said: Mutex::new(said) });
        if watchdog::register(&watch) {
            self.is_heard.set(true);
            let _ = self.watch.set(watch);
        }
    }

    /// Notes that a step has begun.
    #[inline]
    pub(super) fn note_step(&self, lane: u8) {
        if let Some(watch) = self.watch.get() {
            let mut said = watch.said();
            said.serial += 1;
            said.busy = true;
            said.script = None;
            said.lane = self.lane(lane).name;
            said.frame = self.frame.get();
        }
    }

    /// Notes that a script is about to be polled.
    pub(super) fn note_script(&self, slot: Slot<'_>) {
        if let Some(watch) = self.watch.get() {
            let script = StuckScript {
                name: self.name_of(slot),
                number: slot.cold().number.get(),
                spawned_at: slot.cold().spawned_at.get(),
                waited_at: slot.header().site.get(),
            };
            let mut said = watch.said();
            said.serial += 1;
            said.script = Some(script);
        }
    }

    /// Notes that the step is over.
    #[inline]
    pub(super) fn note_done(&self) {
        if let Some(watch) = self.watch.get() {
            watch.said().busy = false;
        }
    }

    /// Says nothing any more; gives back who was told, to be dropped where destructors may run.
    pub(super) fn stop_watch(&self) -> Option<OnStuck> {
        let watch = self.watch.get()?;
        watchdog::unregister(watch);
        let mut said = watch.said();
        said.busy = false;
        said.on_stuck.take()
    }
}

// Not where there are no threads, nor under Miri, for which one that never ends is a mistake.
#[cfg(all(test, not(any(miri, target_family = "wasm"))))]
mod tests {
    use std::cell::RefCell;
    use std::panic::resume_unwind;
    use std::rc::Rc;
    use std::sync::mpsc::{Sender, channel};
    use std::task::Poll;
    use std::thread::{self, JoinHandle};

    use super::*;
    use crate::executor::watchdog::{Overdue, Watchdog, Watched};
    use crate::executor::{Builder, Executor, current, spawn};

    /// Longer than any test takes: the thread that looks as well has nothing to tell.
    const LIMIT: Duration = Duration::from_secs(3_600);

    /// An executor, and who looks at it by hand.
    fn watched() -> (Executor, Rc<RefCell<Watched>>) {
        let executor = Executor::builder().watchdog(LIMIT, |_| ()).build();
        let watch = executor.core().watch.get().expect("it is watched").clone();
        (executor, Rc::new(RefCell::new(Watched::new(watch))))
    }

    /// What a look finds, in words.
    fn look(watched: &RefCell<Watched>, elapsed: Duration) -> Option<String> {
        let (_, stuck) = watched.borrow_mut().look(elapsed)?.stuck()?;
        Some(stuck.script.map_or("a step", |script| script.name).to_owned())
    }

    #[test]
    fn a_poll_is_told_once_when_it_was_seen_for_the_limit() {
        let (mut executor, watched) = watched();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let (eye, log) = (watched.clone(), seen.clone());
        let slow = executor.spawn(async move {
            for _ in 0..4 {
                log.borrow_mut().push(look(&eye, LIMIT / 2));
            }
        });
        drop(slow.named("slow"));
        executor.poll_once();
        // The first look finds it, and what passed before that isn't its.
        assert_eq!(seen.take(), [None, None, Some("slow".to_owned()), None]);
    }

    #[test]
    fn polls_that_return_are_never_told_however_many_and_however_long_the_step() {
        let (mut executor, watched) = watched();
        let found = Rc::new(RefCell::new(0));
        for _ in 0..4 {
            let (eye, found) = (watched.clone(), found.clone());
            drop(executor.spawn(async move {
                for _ in 0..4 {
                    // Woken, and spawned: each poll is looked at once.
                    assert_eq!(look(&eye, LIMIT * 2), None);
                    let (eye, found) = (eye.clone(), found.clone());
                    drop(spawn(async move {
                        assert_eq!(look(&eye, LIMIT * 2), None);
                        *found.borrow_mut() += 1;
                    }));
                    again().await;
                }
            }));
        }
        for _ in 0..6 {
            let report = executor.poll_once();
            assert_eq!(report.panicked, 0, "{:?}", executor.incidents());
            // Between steps it does nothing, for however long.
            for _ in 0..3 {
                assert_eq!(look(&watched, LIMIT * 2), None);
            }
        }
        assert_eq!(*found.borrow(), 16);
    }

    #[test]
    fn each_of_a_row_is_seen_as_itself() {
        let (mut executor, watched) = watched();
        let seen = Rc::new(RefCell::new(Vec::new()));
        for _ in 0..5 {
            let (eye, seen) = (watched.clone(), seen.clone());
            // All of one type, and at rest from the second step on.
            drop(executor.spawn(std::future::poll_fn(move |context| {
                let looks = [(); 2].map(|()| eye.borrow_mut().look(LIMIT));
                let stuck = looks.into_iter().flatten().filter_map(|overdue| overdue.stuck());
                seen.borrow_mut().extend(stuck.filter_map(|(_, stuck)| Some(stuck.script?.number)));
                current::with("a wait", |core| core.arm_step(context.waker(), Location::caller()));
                Poll::<()>::Pending
            })));
        }
        for _ in 0..3 {
            executor.poll_once();
            assert_eq!(seen.take(), [1, 2, 3, 4, 5]);
        }
    }

    /// Another poll in the same step.
    async fn again() {
        let mut is_over = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut is_over, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[test]
    fn what_holds_a_step_up_before_its_scripts_is_told_without_a_script() {
        let (mut executor, watched) = watched();
        let checked = Rc::new(RefCell::new(Vec::new()));
        let (eye, log) = (watched.clone(), checked.clone());
        executor.on_check(executor.main_lane(), move || {
            log.borrow_mut().extend([look(&eye, LIMIT), look(&eye, LIMIT), look(&eye, LIMIT)]);
        });
        executor.poll_once();
        assert_eq!(checked.take(), [None, Some("a step".to_owned()), None]);
    }

    #[test]
    fn a_destructor_counts_as_the_poll_that_brought_the_end_about() {
        struct Slow(Rc<RefCell<Watched>>, Rc<RefCell<Vec<Option<String>>>>);
        impl Drop for Slow {
            fn drop(&mut self) {
                self.1.borrow_mut().extend([look(&self.0, LIMIT), look(&self.0, LIMIT)]);
            }
        }
        let (mut executor, watched) = watched();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let guard = Slow(watched, seen.clone());
        let victim = executor.spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        executor.poll_once();
        drop(executor.spawn(async move { victim.cancel() }).named("killer"));
        executor.poll_once();
        assert_eq!(seen.take(), [None, Some("killer".to_owned())]);
    }

    #[test]
    fn an_executor_that_is_gone_is_looked_at_no_more_and_lets_go_of_who_was_told() {
        let held = Arc::new(());
        let kept = held.clone();
        let mut executor = Executor::builder().watchdog(LIMIT, move |_| drop(kept.clone())).build();
        let watch = executor.core().watch.get().expect("it is watched").clone();
        // A handle keeps the executor's memory, but not its watch.
        let handle = executor.spawn(async {});
        executor.poll_once();
        drop(executor);
        assert_eq!(Arc::strong_count(&held), 1);
        assert_eq!(Arc::strong_count(&watch), 2, "this one, and the one of the core, which the handle keeps");
        drop(handle);
        assert_eq!(Arc::strong_count(&watch), 1);
    }

    /// An executor whose script has the watchdog look while it runs, and tell what it finds.
    fn look_and_tell(builder: Builder, other: &Arc<Watch>) {
        let mut executor = builder.build();
        let watch = executor.core().watch.get().expect("it is watched").clone();
        let mut watchdog = Watchdog::of([watch, other.clone()]);
        drop(executor.spawn(async move {
            assert!(watchdog.look(LIMIT).is_empty(), "the first look finds it");
            let overdue = watchdog.look(LIMIT);
            assert_eq!(overdue.len(), 2);
            overdue.into_iter().for_each(Overdue::tell);
        }));
        let report = executor.poll_once();
        assert_eq!(report.panicked, 0, "{:?}", executor.incidents());
    }

    /// Another executor, on a thread of its own, whose script hangs until it is let go.
    struct Hanging {
        watch: Arc<Watch>,
        let_go: Sender<()>,
        thread: JoinHandle<()>,
    }

    impl Hanging {
        fn start(on_stuck: impl Fn(&Stuck) + Send + Sync + 'static) -> Self {
            let (let_go, hang) = channel::<()>();
            let (tell, begun) = channel();
            let thread = thread::spawn(move || {
                let mut executor = Executor::builder().watchdog(LIMIT, on_stuck).build();
                let watch = executor.core().watch.get().expect("it is watched").clone();
                drop(executor.spawn(async move {
                    tell.send(watch).expect("it is awaited");
                    _ = hang.recv();
                }));
                executor.poll_once();
            });
            Hanging { watch: begun.recv().expect("it begins"), let_go, thread }
        }

        /// Returns when the executor is gone.
        fn end(self) {
            self.let_go.send(()).expect("it hangs");
            self.thread.join().expect("it doesn't panic");
        }
    }

    #[test]
    fn who_gets_on_while_another_is_told_isnt_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (first, second) = (told.clone(), told.clone());
        let hanging = Hanging::start(move |_| lock(&second).push("the second"));
        let watch = hanging.watch.clone();
        let hanging = Mutex::new(Some(hanging));
        let builder = Executor::builder().watchdog(LIMIT, move |_| {
            lock(&first).push("the first");
            lock(&hanging).take().expect("it is told once").end();
        });
        look_and_tell(builder, &watch);
        assert_eq!(*lock(&told), ["the first"]);
    }

    #[test]
    fn a_callback_whose_payload_panics_when_it_is_dropped_keeps_nobody_from_being_told() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                resume_unwind(Box::new("in a payload"));
            }
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        let (first, second) = (told.clone(), told.clone());
        let hanging = Hanging::start(move |_| lock(&second).push("the second"));
        let builder = Executor::builder().watchdog(LIMIT, move |_| {
            lock(&first).push("the first");
            resume_unwind(Box::new(Bomb));
        });
        look_and_tell(builder, &hanging.watch);
        hanging.end();
        assert_eq!(*lock(&told), ["the first", "the second"]);
    }

    #[test]
    fn a_watchdog_whose_thread_is_gone_gets_another() {
        let executor = Executor::builder().watchdog(LIMIT, |_| ()).build();
        let watch = executor.core().watch.get().expect("it is watched").clone();
        let mut watchdog = Watchdog::of([]);
        let (gone, _) = channel();
        watchdog.wake = Some(gone);
        assert!(watchdog.register(&watch));
        assert!(watchdog.wake.expect("there is one").send(()).is_ok(), "somebody listens");
    }
}
