//! Wakers that cost nothing: handles, not references.
//!
//! A waker's data word is the task's key (`key`): no pointer, no count. Cloning copies it, dropping it
//! does nothing, and waking asks the executor of that number for the task of that generation. On the
//! executor's own thread that is a look into its storage, without atomics; on any other it is a post
//! to the executor's inbox (`registry`).
//!
//! What a task is polled with costs still less: one waker is lent to all polls of an executor. Its data
//! word points to the note of whose poll is on the stack, and its clones are handles of that task.
//!
//! Invariants, by which the contract of `RawWaker` is kept:
//! 1. The data word of a handle is never dereferenced: it is made by `without_provenance` and only its
//!    address read.
//! 2. Every function in a handle's vtable may be called on any thread, at any time, any number of times,
//!    also after the task, its executor and its thread are gone: it owns nothing and finds everything by
//!    key.
//! 3. Whoever has a waker with one of `HANDLES` has it from here, so its word is a key. Statics have
//!    one address each, so the comparison never fails on a waker of ours.
//! 4. Whoever has a waker with `LENT` has a reference to the one that `lend` made, which borrows the
//!    `Running` that its word points to. There is no other such waker: a clone is a handle.
//! 5. `Running` is atomic, since a poll may show its waker to other threads. It changes only between
//!    polls, so they read the task whose poll they were shown it by.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::Ordering;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::key::{NO_TASK, TaskId};
use super::shared::AtomicU32;
use super::{current, registry};

#[cfg(all(test, framestep_loom))]
mod interleavings;

/// Which task's poll is on the stack. Index and generation are 0 when there is none.
#[derive(Debug)]
pub(crate) struct Running {
    index: AtomicU32,
    generation: AtomicU32,
    number: u16,
}

impl Running {
    /// Of the executor with this number.
    pub(super) fn new(number: u16) -> Self {
        Running { index: AtomicU32::new(0), generation: AtomicU32::new(0), number }
    }

    #[inline]
    pub(super) fn set(&self, index: u32, generation: u32) {
        self.index.store(index, Ordering::Relaxed);
        self.generation.store(generation, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn clear(&self) {
        self.set(0, 0);
    }

    #[inline]
    pub(super) fn key(&self) -> TaskId {
        let generation = self.generation.load(Ordering::Relaxed);
        if generation == 0 {
            return NO_TASK;
        }
        TaskId::new(self.number, self.index.load(Ordering::Relaxed), generation)
    }

    /// The task's index, if there is one.
    #[inline]
    pub(super) fn index(&self) -> Option<u32> {
        (self.generation.load(Ordering::Relaxed) != 0).then(|| self.index.load(Ordering::Relaxed))
    }
}

/// On targets whose word is too small for the executor's number, the number is the choice of vtable.
#[cfg(target_pointer_width = "64")]
static HANDLES: [RawWakerVTable; 1] = [handle::<0>()];
#[cfg(not(target_pointer_width = "64"))]
static HANDLES: [RawWakerVTable; super::key::MAX_EXECUTORS] = [
    handle::<0>(),
    handle::<1>(),
    handle::<2>(),
    handle::<3>(),
    handle::<4>(),
    handle::<5>(),
    handle::<6>(),
    handle::<7>(),
];

static LENT: RawWakerVTable = RawWakerVTable::new(clone_lent, wake_lent, wake_lent, |_| ());

const fn handle<const NUMBER: u16>() -> RawWakerVTable {
    RawWakerVTable::new(clone::<NUMBER>, wake::<NUMBER>, wake::<NUMBER>, |_| ())
}

#[inline]
fn vtable_of(key: TaskId) -> &'static RawWakerVTable {
    if HANDLES.len() == 1 { &HANDLES[0] } else { &HANDLES[usize::from(key.executor())] }
}

fn raw_handle(key: TaskId) -> RawWaker {
    RawWaker::new(ptr::without_provenance(key.to_word()), vtable_of(key))
}

/// A waker that wakes a task.
pub(crate) fn for_task(key: TaskId) -> Waker {
    // SAFETY: the vtable's functions keep the contract of `RawWaker` (1, 2), and the word is a key (3).
    unsafe { Waker::from_raw(raw_handle(key)) }
}

/// A waker that, in each poll, wakes the task that is polled.
#[derive(Debug)]
pub(super) struct Lent<'a> {
    /// Never dropped: that would be a call.
    waker: ManuallyDrop<Waker>,
    running: PhantomData<&'a Running>,
}

impl Deref for Lent<'_> {
    type Target = Waker;

    #[inline]
    fn deref(&self) -> &Waker {
        &self.waker
    }
}

/// The waker for the polls that `running` notes.
pub(super) fn lend(running: &Running) -> Lent<'_> {
    // SAFETY: the functions of `LENT` need the `Running` for as long as the waker is borrowed; `Lent` borrows it
    // for longer, and gives out nothing but references to the waker (4).
    let waker = unsafe { Waker::new(ptr::from_ref(running).cast(), &LENT) };
    Lent { waker: ManuallyDrop::new(waker), running: PhantomData }
}

/// The task that a waker wakes, if it is one of ours.
#[inline]
pub(crate) fn key_of(waker: &Waker) -> Option<TaskId> {
    if ptr::eq(waker.vtable(), &LENT) {
        // SAFETY: the waker is borrowed, so the `Running` is (4).
        return Some(unsafe { lent_key(waker.data()) });
    }
    let number = HANDLES.iter().position(|vtable| ptr::eq(vtable, waker.vtable()))?;
    Some(TaskId::from_word(waker.data().addr(), number as u16))
}

/// Whether it is the waker of the poll that `running` notes.
#[inline]
pub(super) fn is_lent_by(waker: &Waker, running: &Running) -> bool {
    ptr::eq(waker.data().cast(), running) && ptr::eq(waker.vtable(), &LENT)
}

/// Whether `kept` wakes what `waker` wakes, as far as can be told.
pub(crate) fn is_same(kept: &Waker, waker: &Waker) -> bool {
    kept.will_wake(waker) || key_of(waker).is_some_and(|key| key_of(kept) == Some(key))
}

/// The key of the task that is polled.
///
/// # Safety
/// `data` is the word of a waker with `LENT` that is borrowed.
unsafe fn lent_key(data: *const ()) -> TaskId {
    // SAFETY: it points to a `Running` that is borrowed for as long (4), and shared with other threads
    // only as what it is, atomic (5).
    let running = unsafe { &*data.cast::<Running>() };
    running.key()
}

unsafe fn clone_lent(data: *const ()) -> RawWaker {
    // SAFETY: called through a borrowed waker with `LENT`.
    raw_handle(unsafe { lent_key(data) })
}

unsafe fn wake_lent(data: *const ()) {
    // A script that wakes itself by the waker that it is polled with, as most that do it at all.
    if current::try_with(|core| core.wake_running(data.cast())) == Some(true) {
        return;
    }
    // SAFETY: called through a borrowed waker with `LENT`; nobody owns one, so never to consume it.
    wake_elsewhere(unsafe { lent_key(data) });
}

fn clone<const NUMBER: u16>(data: *const ()) -> RawWaker {
    raw_handle(TaskId::from_word(data.addr(), NUMBER))
}

fn wake<const NUMBER: u16>(data: *const ()) {
    wake_key(TaskId::from_word(data.addr(), NUMBER));
}

#[inline]
fn wake_key(key: TaskId) {
    let is_here = current::try_with(|core| core.number() == key.executor() && core.wake(key));
    if is_here != Some(true) {
        wake_elsewhere(key);
    }
}

/// Wakes a task of another executor of this thread, or of another thread.
#[cold]
fn wake_elsewhere(key: TaskId) {
    if current::with_number(key.executor(), |core| core.wake(key)).is_none() {
        registry::post_wake(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static OTHERS: RawWakerVTable = RawWakerVTable::new(|data| RawWaker::new(data, &OTHERS), |_| (), |_| (), |_| ());

    #[test]
    fn a_waker_of_others_is_none_of_ours_whatever_its_word() {
        let key = TaskId::new(0, 5, 3);
        // SAFETY: the functions of `OTHERS` do nothing with the word.
        let other = unsafe { Waker::new(ptr::without_provenance(key.to_word()), &OTHERS) };
        assert_eq!((key_of(&other), key_of(&for_task(key))), (None, Some(key)));
        assert!(!is_same(&other, &for_task(key)) && is_same(&for_task(key), &for_task(key)));
    }
}
