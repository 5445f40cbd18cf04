//! Where what comes from another thread finds its executor: a static table of inboxes.
//!
//! The rule: an inbox, once made, is never freed, so a waker may outlive its task, its executor and its
//! thread. An executor holds its number for as long as it lives. When it is dropped, the number goes to
//! a later one, whose first generation is above all that the former used: stale keys stay stale.
//!
//! What is posted waits until the executor collects it (step 2 of a frame), in order of arrival. Wakes stand there
//! once per key: never once per slot, since a stale key must not swallow a live one. All else is for the executor
//! of one serial, and given back when that has ended. Nothing here touches a task, and nothing of others is dropped
//! under the lock. Without mail, a collection is one atomic load.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use indexmap::IndexSet;

use super::key::{MAX_EXECUTORS, MAX_GENERATION, TaskId};
use super::mail::Post;
use super::shared::{AtomicBool, Mutex, MutexGuard, OnceLock, shared_static};

#[cfg(all(test, framestep_loom))]
mod interleavings;

/// Called by the thread that makes an empty inbox non-empty.
pub(crate) type OutsideWake = Arc<dyn Fn() + Send + Sync>;

/// The keys among the mail. The hash only finds duplicates; it orders nothing.
type Keys = IndexSet<TaskId, BuildHasherDefault<DefaultHasher>>;

#[derive(Default)]
pub(crate) struct Inbox {
    has_mail: AtomicBool,
    tenant: Mutex<Tenant>,
}

impl Tenant {
    /// Adds to the mail; the hook to be called, if it was empty.
    fn add(&mut self, post: Post, has_mail: &AtomicBool) -> Option<OutsideWake> {
        let was_empty = self.mail.is_empty();
        self.mail.push(post);
        has_mail.store(true, Ordering::Release);
        if was_empty { self.on_outside_wake.clone() } else { None }
    }
}

#[derive(Default)]
struct Tenant {
    /// Whether an executor holds this inbox; mail for one that is gone is dropped.
    open: bool,
    /// A key below this is of a former tenant, and stale.
    first_generation: u32,
    /// The serial of the executor that holds it, or held it last.
    serial: u32,
    /// In order of arrival.
    mail: Vec<Post>,
    woken: Keys,
    on_outside_wake: Option<OutsideWake>,
}

shared_static! {
    static INBOXES: [OnceLock<Inbox>; MAX_EXECUTORS] = [const { OnceLock::new() }; MAX_EXECUTORS];
}

shared_static! {
    /// Numbers to give out: those never used, and those given back with the first generation still unused.
    static NUMBERS: Mutex<Numbers> = Mutex::new(Numbers { unused: 0, returned: VecDeque::new() });
}

struct Numbers {
    unused: u16,
    returned: VecDeque<(u16, u32)>,
}

/// A mutex here guards plain data that is whole between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An executor's hold on its number.
pub(crate) struct Lease {
    pub(crate) number: u16,
    pub(crate) first_generation: u32,
    inbox: &'static Inbox,
    given_back: Cell<bool>,
}

/// For an executor that was never finished: no key of it has been made.
impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back(self.first_generation);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({}, from generation {})", self.number, self.first_generation)
    }
}

impl Lease {
    /// Takes a number, at or above `first_generation`.
    ///
    /// # Panics
    /// When as many executors are alive as the target's keys can tell apart.
    pub(crate) fn take(serial: u32, first_generation: u32, on_outside_wake: Option<OutsideWake>) -> Lease {
        let taken = {
            let mut numbers = lock(&NUMBERS);
            if usize::from(numbers.unused) < MAX_EXECUTORS && numbers.returned.len() < MAX_EXECUTORS / 2 {
                numbers.unused += 1;
                Some((numbers.unused - 1, 1))
            } else {
                numbers.returned.pop_front()
            }
        };
        let Some((number, unused_generation)) = taken else {
            panic!(
                "no executor number is left: at most {MAX_EXECUTORS} executors can be alive at once on this \
                 target, each number for {MAX_GENERATION} generations in all; drop executors that are done, or use lanes of one executor"
            );
        };
        let inbox = INBOXES[usize::from(number)].get_or_init(Inbox::default);
        let first_generation = unused_generation.max(first_generation);
        let mut tenant = lock(&inbox.tenant);
        tenant.open = true;
        tenant.first_generation = first_generation;
        tenant.serial = serial;
        tenant.on_outside_wake = on_outside_wake;
        drop(tenant);
        Lease { number, first_generation, inbox, given_back: Cell::new(false) }
    }

    /// Takes in nothing any more; what was posted and not collected, to be dropped where destructors may run.
    pub(crate) fn shut(&self) -> (Vec<Post>, Option<OutsideWake>) {
        let mut tenant = lock(&self.inbox.tenant);
        tenant.open = false;
        tenant.woken.clear();
        self.inbox.has_mail.store(false, Ordering::Relaxed);
        (std::mem::take(&mut tenant.mail), tenant.on_outside_wake.take())
    }

    /// Gives the number back; `last_generation` is the highest that any key of this executor had.
    pub(crate) fn give_back(&self, last_generation: u32) {
        if self.given_back.replace(true) {
            return;
        }
        drop(self.shut());
        if last_generation < MAX_GENERATION {
            lock(&NUMBERS).returned.push_back((self.number, last_generation + 1));
        }
    }

    /// Whether anything was posted since the last collection: one atomic load.
    #[inline]
    pub(crate) fn has_mail(&self) -> bool {
        self.inbox.has_mail.load(Ordering::Acquire)
    }

    /// Moves what was posted into `into`, in order of arrival.
    pub(crate) fn collect(&self, into: &mut Vec<Post>) {
        let mut tenant = lock(&self.inbox.tenant);
        self.inbox.has_mail.store(false, Ordering::Relaxed);
        tenant.woken.clear();
        into.append(&mut tenant.mail);
    }
}

/// Posts a wake to the executor of `key`, from any thread.
#[cold]
pub(crate) fn post_wake(key: TaskId) {
    let Some(inbox) = INBOXES[usize::from(key.executor())].get() else { return };
    let hook = {
        let mut tenant = lock(&inbox.tenant);
        // ORDER: a key that is already there keeps its place, so arrival order is order of first posts.
        if !tenant.open || key.generation() < tenant.first_generation || !tenant.woken.insert(key) {
            return;
        }
        tenant.add(Post::Wake(key), &inbox.has_mail)
    };
    if let Some(hook) = hook {
        hook();
    }
}

/// Posts something to the executor with this number and serial, from any thread; gives it back when that has ended.
pub(crate) fn post(number: u16, serial: u32, post: Post) -> Result<(), Post> {
    let Some(inbox) = INBOXES[usize::from(number)].get() else { return Err(post) };
    let hook = {
        let mut tenant = lock(&inbox.tenant);
        if !tenant.open || tenant.serial != serial {
            return Err(post);
        }
        tenant.add(post, &inbox.has_mail)
    };
    if let Some(hook) = hook {
        hook();
    }
    Ok(())
}
