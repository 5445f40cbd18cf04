//! Wakers that cost nothing: a handle in one word, not a reference.
//!
//! A waker's data word is the task's key (`key`): no pointer, no count. Cloning copies it, dropping it
//! does nothing, and waking asks the executor of that number for the task of that generation. On the
//! executor's own thread that is a look into its storage, without atomics; on any other it is a post
//! to the executor's inbox (`registry`).
//!
//! Invariants, by which the contract of `RawWaker` is kept:
//! 1. The data word is never dereferenced: it is made by `without_provenance` and only its address read.
//! 2. Every function in a vtable may be called on any thread, at any time, any number of times, also
//!    after the task, its executor and its thread are gone: it owns nothing and finds everything by key.
//! 3. Whoever has a waker with one of `VTABLES` has it from here, so its word is a key. Statics have
//!    one address each, so the comparison never fails on a waker of ours.

use std::mem::ManuallyDrop;
use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::key::TaskId;
use super::{current, registry};

/// On targets whose word is too small for the executor's number, the number is the choice of vtable.
#[cfg(target_pointer_width = "64")]
static VTABLES: [RawWakerVTable; 1] = [vtable::<0>()];
#[cfg(not(target_pointer_width = "64"))]
static VTABLES: [RawWakerVTable; super::key::MAX_EXECUTORS] = [
    vtable::<0>(),
    vtable::<1>(),
    vtable::<2>(),
    vtable::<3>(),
    vtable::<4>(),
    vtable::<5>(),
    vtable::<6>(),
    vtable::<7>(),
];

const fn vtable<const NUMBER: u16>() -> RawWakerVTable {
    RawWakerVTable::new(clone::<NUMBER>, wake::<NUMBER>, wake::<NUMBER>, |_| ())
}

#[inline]
fn vtable_of(key: TaskId) -> &'static RawWakerVTable {
    if VTABLES.len() == 1 { &VTABLES[0] } else { &VTABLES[usize::from(key.executor())] }
}

/// The waker of a task. It needs no drop, and isn't given one: that would be an indirect call.
#[inline]
pub(crate) fn for_task(key: TaskId) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable's functions keep the contract of `RawWaker` (1, 2), and the word is a key (3).
    ManuallyDrop::new(unsafe { Waker::new(ptr::without_provenance(key.to_word()), vtable_of(key)) })
}

/// The task that a waker wakes, if it is one of ours.
#[inline]
pub(crate) fn key_of(waker: &Waker) -> Option<TaskId> {
    let number = VTABLES.iter().position(|vtable| ptr::eq(vtable, waker.vtable()))?;
    Some(TaskId::from_word(waker.data().addr(), number as u16))
}

fn clone<const NUMBER: u16>(data: *const ()) -> RawWaker {
    RawWaker::new(data, vtable_of(TaskId::from_word(data.addr(), NUMBER)))
}

fn wake<const NUMBER: u16>(data: *const ()) {
    let key = TaskId::from_word(data.addr(), NUMBER);
    if current::with_number(key.executor(), |core| core.wake(key)).is_none() {
        registry::post(key);
    }
}
