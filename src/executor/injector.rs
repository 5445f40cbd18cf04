//! What other threads hand in: futures to spawn, closures to run, values for scripts.
//!
//! The rule: all of it is taken in at step 2, in one order of arrival with the wakes from other threads, and never in
//! between. What an executor doesn't take in any more is dropped outside of all locks, and whoever hands something in
//! after its end is told so.

use std::any::{type_name, type_name_of_val};
use std::fmt;
use std::panic::Location;

use super::core::Core;
use super::key::{NO_TASK, TaskId};
use super::mail::{Job, Name, Post};
use super::report::{Incident, IncidentKind};
use super::task::{Site, flag};
use super::{Executor, current, registry};

/// The executor has ended, or the inlet is gone: here is what it didn't take.
#[derive(Copy, Clone, PartialEq, Eq, Default)]
pub struct Closed<T = ()>(pub T);

impl<T> fmt::Debug for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl<T> fmt::Display for Closed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody takes it in any more: the executor has ended, or what it was for is gone")
    }
}

impl<T> std::error::Error for Closed<T> {}

/// Hands work to an executor, from any thread; given by [`Executor::injector`] and [`injector`].
///
/// What is handed in is taken in at step 2 of the executor's next step, whatever its lane, in order of arrival: one
/// order for futures, closures, the values of [`inlet`](crate::inlet)s, and wakes from other threads. It fires
/// [`Builder::on_outside_wake`](crate::Builder::on_outside_wake) as those do. Accepted isn't done: what stands there
/// when the executor ends is dropped by it. A clone hands in to the same executor.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// let injector = executor.injector();
/// std::thread::spawn(move || injector.spawn(async { framestep::next_frame().await })).join().unwrap().unwrap();
/// assert_eq!(executor.live(), 0);
/// executor.poll_once();
/// assert_eq!(executor.live(), 1);
/// ```
#[derive(Clone)]
pub struct Injector {
    number: u16,
    serial: u32,
}

impl fmt::Debug for Injector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Injector(of executor {})", self.serial)
    }
}

impl Injector {
    pub(crate) fn of(core: &Core) -> Self {
        Injector { number: core.number(), serial: core.serial() }
    }

    /// Starts a script in the main lane, detached: it is first polled in that lane's next step from then on.
    ///
    /// One that a limit refuses is dropped there, and stands in [`Executor::incidents`].
    ///
    /// # Errors
    /// [`Closed`], when the executor has ended; then the future is dropped here.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<(), Closed>
    where
        F: Future<Output: 'static> + Send + 'static,
    {
        self.start(move || future, Location::caller())
    }

    /// As [`spawn`](Self::spawn), of a future that is made on the executor's thread, and so needn't be `Send`.
    ///
    /// # Errors
    /// [`Closed`], when the executor has ended; then the closure is dropped here.
    #[track_caller]
    pub fn spawn_with<M, F>(&self, make: M) -> Result<(), Closed>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future<Output: 'static> + 'static,
    {
        self.start(make, Location::caller())
    }

    fn start<M, F>(&self, make: M, site: Site) -> Result<(), Closed>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future<Output: 'static> + 'static,
    {
        let name = Name { of_type: type_name::<F>(), site };
        self.hand_in(name, move || {
            let future = make();
            current::with("an injector's future", |core| match core.spawn(0, future, site) {
                Ok(task) => core.detach(task),
                Err(limit) => core.incident_of(IncidentKind::Refused, name, limit.to_string()),
            });
        })
    }

    /// Runs a closure on the executor's thread, with no script running: there it may spawn, raise signals, move
    /// clocks. What it [`spawn`](crate::spawn)s starts in the lane whose step takes it in. If it panics, the step goes
    /// on, and the panic stands in [`Executor::incidents`].
    ///
    /// # Errors
    /// [`Closed`], when the executor has ended; then the closure is dropped here.
    #[track_caller]
    pub fn run(&self, act: impl FnOnce() + Send + 'static) -> Result<(), Closed> {
        self.hand_in(Name { of_type: type_name_of_val(&act), site: Location::caller() }, act)
    }

    fn hand_in(&self, name: Name, act: impl FnOnce() + Send + 'static) -> Result<(), Closed> {
        let refused = self.post(Post::Run(Job { act: Box::new(act), name }));
        refused.map_err(|_job| Closed(()))
    }

    /// Puts something into the executor's mail; gives it back when the executor has ended.
    pub(crate) fn post(&self, post: Post) -> Result<(), Post> {
        registry::post(self.number, self.serial, post)
    }
}

impl Executor {
    /// Hands work to this executor, from any thread; see [`Injector`].
    #[must_use]
    pub fn injector(&self) -> Injector {
        Injector::of(self.core())
    }
}

/// The [`Injector`] of the executor that runs the script that calls this.
///
/// # Panics
/// Outside of a script.
#[must_use]
#[track_caller]
pub fn injector() -> Injector {
    current::with("injector()", Injector::of)
}

impl Core {
    /// Step 2: takes in what was posted, in order of arrival.
    pub(super) fn collect(&self) {
        if self.lease.has_mail() {
            self.take_in_mail();
        }
        if self.outside.replays() {
            self.guarded(|| self.take_in_replayed());
        }
    }

    fn take_in_mail(&self) {
        let mut mail = self.mail.take();
        self.lease.collect(&mut mail);
        let mut posts = mail.drain(..);
        // ORDER: in order of arrival; after a panic with what comes behind.
        self.guarded(|| posts.by_ref().for_each(|post| self.take_in(post)));
        drop(posts);
        self.mail.set(mail);
    }

    fn take_in(&self, post: Post) {
        let Some(post) = (if self.outside.is_on() { self.let_in(post) } else { Some(post) }) else { return };
        match post {
            Post::Wake(key) => _ = self.wake(key),
            // What came before it has dropped the executor.
            _ if self.is_closed() => drop(post),
            Post::Run(Job { act, name }) => {
                self.at_job.set(Some(name));
                act();
                self.at_job.set(None);
            }
            Post::Value(inlet, value) => self.deliver(inlet, value),
            Post::LastSent(inlet) => self.last_sent(inlet),
        }
    }

    /// Lets go of the handle of a task that was just spawned.
    fn detach(&self, task: TaskId) {
        if let Some(slot) = self.find(task) {
            slot.header().clear(flag::HANDLE);
        }
    }

    /// Reports what became of something that was handed in and is no script.
    pub(super) fn incident_of(&self, kind: IncidentKind, name: Name, message: String) {
        self.incidents.borrow_mut().push(Incident {
            kind,
            task: NO_TASK,
            name: name.of_type.to_owned(),
            spawned_at: name.site,
            waited_at: None,
            message,
        });
    }
}
