//! The handle of a spawned script: ask, await, cancel, take its output.
//!
//! The rule: a handle is the only way to a script's output, and gives it out once. It keeps the
//! executor's memory alive, not the executor: what was there when the executor ended can still be taken.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::core::Core;
use super::inspect::WaitKind;
use super::key::{NO_TASK, TaskId};
use super::task::{Slot, State, flag};

/// Which limit a refused spawn ran into.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnLimit {
    /// As many scripts are alive as [`Builder::max_tasks`](crate::Builder::max_tasks) allows.
    MaxTasks,
    /// The executor has no slot left that its keys could name.
    Slots,
    /// There is no memory for another block of slots. All else goes on, and with memory there is room again.
    Memory,
    /// The executor is being dropped.
    Closed,
    /// The scope has ended.
    Scope,
}

impl fmt::Display for SpawnLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpawnLimit::MaxTasks => "as many scripts are alive as the executor's `max_tasks` allows",
            SpawnLimit::Slots => "the executor has no slot left that its keys could name",
            SpawnLimit::Memory => "there is no memory for another block of slots",
            SpawnLimit::Closed => "the executor is being dropped",
            SpawnLimit::Scope => "its scope has ended",
        })
    }
}

/// Why a script has no output.
#[non_exhaustive]
pub enum JoinError {
    /// It was cancelled, by a handle, a scope, its owner, or the end of its executor.
    Cancelled,
    /// It panicked; this is the payload. `std::panic::resume_unwind` passes it on.
    Panicked(Box<dyn Any + Send>),
    /// It was never started.
    Refused(SpawnLimit),
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("Cancelled"),
            JoinError::Panicked(payload) => {
                f.debug_tuple("Panicked").field(&super::lifecycle::message_of(payload)).finish()
            }
            JoinError::Refused(limit) => f.debug_tuple("Refused").field(limit).finish(),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::Cancelled => f.write_str("the script was cancelled"),
            JoinError::Panicked(payload) => write!(f, "the script panicked: {}", super::lifecycle::message_of(payload)),
            JoinError::Refused(limit) => write!(f, "the script was not started: {limit}"),
        }
    }
}

impl std::error::Error for JoinError {}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Output {
    Untaken,
    Refused(SpawnLimit),
    Taken,
}

/// The handle of a spawned script; awaiting it gives the script's output.
///
/// Dropping it detaches the script, which runs on; its output is then dropped as soon as it ends. An output or a panic's
/// payload that is there already is dropped with the handle, and a panic of its destructor is that of whoever drops it.
/// Awaiting it wakes after the script's future has been dropped, in the same step if the lanes are the
/// same. Dropping a future that awaits it leaves nothing behind. One that is leaked keeps the script's slot and output for good.
///
/// ```
/// use framestep::{Executor, JoinError, frames};
///
/// let mut executor = Executor::new();
/// let door = executor.spawn(async { frames(3).await; "open" });
/// let guard = executor.spawn(std::future::pending::<()>());
/// assert!(guard.cancel() && guard.is_finished());
/// while !door.is_finished() {
///     executor.poll_once();
/// }
/// assert!(matches!(door.take_output(), Some(Ok("open"))));
/// assert!(matches!(guard.take_output(), Some(Err(JoinError::Cancelled))));
/// ```
#[must_use = "dropping a handle detaches the script; say `drop(handle)` or `let _ = ...` where that is meant"]
pub struct JoinHandle<T: 'static> {
    core: Rc<Core>,
    id: TaskId,
    output: Cell<Output>,
    site: Cell<&'static Location<'static>>,
    /// Not `fn() -> T`: a handle of a subtype must not pass for one of its supertype, whose type has
    /// another name.
    is_a: PhantomData<fn(T) -> T>,
}

impl<T: 'static> JoinHandle<T> {
    pub(crate) fn new(core: Rc<Core>, spawned: Result<TaskId, SpawnLimit>, site: &'static Location<'static>) -> Self {
        let (id, output) = match spawned {
            Ok(id) => (id, Output::Untaken),
            Err(limit) => (NO_TASK, Output::Refused(limit)),
        };
        JoinHandle { core, id, output: Cell::new(output), site: Cell::new(site), is_a: PhantomData }
    }

    /// The script's key; of a refused one a key that finds nothing.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Whether the script has ended, in whatever way.
    pub fn is_finished(&self) -> bool {
        !self.core.find(self.id).is_some_and(|slot| slot.header().is_live())
    }

    /// The script's output, once it has ended; `None` before, and after it was taken.
    ///
    /// # Errors
    /// When the script was cancelled, panicked, or was never started.
    pub fn take_output(&self) -> Option<Result<T, JoinError>> {
        if !self.is_finished() {
            return None;
        }
        match self.output.replace(Output::Taken) {
            Output::Taken => None,
            Output::Refused(limit) => Some(Err(JoinError::Refused(limit))),
            Output::Untaken => Some(self.take()),
        }
    }

    /// Cancels the script; `false` if it had ended.
    ///
    /// A parked one ends here: it is never polled again, and its future is dropped as soon as the poll
    /// now running returns, or within this call when none is. One that cancels itself ends at its next
    /// await; if it has none, it completes.
    pub fn cancel(&self) -> bool {
        self.core.cancel(self.id)
    }

    /// Holds the script, and all that it spawned; `false` if it had ended. See [`Executor::hold`](crate::Executor::hold).
    pub fn hold(&self) -> bool {
        self.core.hold(self.id)
    }

    /// Lets the script go on; `false` if it had ended. See [`Executor::unhold`](crate::Executor::unhold).
    pub fn unhold(&self) -> bool {
        self.core.unhold(self.id)
    }

    /// Makes the script one that descends from nobody: who holds the script that spawned it doesn't hold it.
    ///
    /// ```
    /// use framestep::{Executor, spawn};
    ///
    /// let mut executor = Executor::new();
    /// let guard = executor.spawn(async {
    ///     drop(spawn(std::future::pending::<()>()).on_its_own());
    ///     std::future::pending::<()>().await;
    /// });
    /// executor.poll_once();
    /// guard.hold();
    /// let mut held = Vec::new();
    /// executor.for_each_task(|task| held.push(task.state == framestep::TaskState::Held));
    /// assert_eq!(held, [true, false]);
    /// ```
    #[must_use = "gives the handle back"]
    pub fn on_its_own(self) -> Self {
        if let Some(slot) = self.core.find(self.id) {
            self.core.set_family(slot, self.id.index());
        }
        self
    }

    /// Names the script, for reports and inspection.
    #[must_use = "gives the handle back"]
    pub fn named(self, name: &'static str) -> Self {
        if let Some(slot) = self.core.find(self.id) {
            self.core.set_name(slot, name);
        }
        self
    }

    /// Lets the script draw from the stream of `key`, as [`set_random_key`](crate::set_random_key) does.
    ///
    /// ```
    /// use framestep::{Executor, random};
    ///
    /// let mut executor = Executor::new();
    /// let [one, other] = [0, 1].map(|_| executor.spawn(async { random() }).random_key(4));
    /// executor.poll_once();
    /// assert_eq!(one.take_output().unwrap().unwrap(), other.take_output().unwrap().unwrap());
    /// ```
    #[must_use = "gives the handle back"]
    pub fn random_key(self, key: u64) -> Self {
        self.core.set_random_key(self.id, key);
        self
    }

    fn take(&self) -> Result<T, JoinError> {
        if let Some(slot) = self.core.find(self.id) {
            // Who has the output doesn't wait for it any more. A foreign waker may do anything when it is
            // dropped, so that comes last.
            let _joiner = self.core.take_joiner(slot);
            if slot.header().is(State::Completed) {
                let output = slot.take_output::<T>();
                slot.header().clear(flag::HANDLE);
                self.core.settle(slot, self.id.index());
                return Ok(output);
            }
            slot.header().clear(flag::HANDLE);
        }
        let payload = self.core.take_payload(self.id);
        Err(payload.map_or(JoinError::Cancelled, JoinError::Panicked))
    }
}

impl<T> JoinHandle<T> {
    /// The script, until it can be joined: one that has ended and whose future is still to be dropped holds its guards.
    fn unjoined(&self) -> Option<Slot<'_>> {
        self.core.find(self.id).filter(|slot| slot.header().is_live() || slot.holds_future())
    }
}

impl<T: 'static> From<&JoinHandle<T>> for TaskId {
    fn from(handle: &JoinHandle<T>) -> TaskId {
        handle.id
    }
}

impl<T: 'static> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    /// When the output was taken before, by this or by `take_output`.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.unjoined().is_some() {
            let joiner = context.waker().clone();
            // A foreign waker may do anything when it is cloned, and so end the script.
            if let Some(slot) = self.unjoined() {
                super::current::try_with(|core| core.note(WaitKind::Join, self.site.get()));
                let joiner = self.core.extra(slot, |extra| extra.joiner.replace(joiner));
                drop(joiner);
                return Poll::Pending;
            }
        }
        let Some(output) = self.take_output() else {
            panic!(
                "a `JoinHandle` was awaited after its output had been taken: await it once, or ask `take_output` instead"
            )
        };
        Poll::Ready(output)
    }
}

impl<T: 'static> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        /// Retires the slot also when the output's destructor unwinds; keeps it from being reused before.
        struct Settle<'a>(&'a Core, Slot<'a>, TaskId);
        impl Drop for Settle<'_> {
            fn drop(&mut self) {
                self.0.holds.set(self.0.holds.get() - 1);
                self.0.settle(self.1, self.2.index());
            }
        }
        if self.output.get() != Output::Untaken {
            return;
        }
        let Some(slot) = self.core.find(self.id) else {
            drop(self.core.take_payload(self.id));
            return;
        };
        slot.header().clear(flag::HANDLE);
        let _joiner = self.core.take_joiner(slot);
        if slot.header().is_live() {
            return;
        }
        if slot.header().is(State::Completed) && !slot.holds_future() {
            self.core.holds.set(self.core.holds.get() + 1);
            let settle = Settle(&self.core, slot, self.id);
            slot.drop_output();
            drop(settle);
        }
        drop(self.core.take_payload(self.id));
    }
}

impl<T: 'static> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("id", &self.id).field("is_finished", &self.is_finished()).finish()
    }
}
