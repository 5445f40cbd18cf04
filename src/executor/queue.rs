//! A list of entries that can be pushed to from anywhere, without a borrow to keep.
//!
//! A ready queue is pushed to by every wake and a next-step list by every `next_frame`, so a push is all
//! that it costs: the flag of a `RefCell` would be a load and two stores on the longest path of a resume.
//!
//! Invariants:
//! 1. No reference to a list leaves a method, and no method runs foreign code while it has one, so that there is never
//!    more than one. The lists aren't `Sync`.

use std::cell::UnsafeCell;
use std::fmt;

/// Entries that are taken out at the front: the ready queue of a lane.
#[derive(Default)]
pub(crate) struct Ready(UnsafeCell<Entries>);

#[derive(Default)]
struct Entries {
    list: Vec<u32>,
    /// Those before it have been taken out.
    front: usize,
}

impl Entries {
    /// Makes room for another: where the front half is taken out, by moving the rest there.
    #[cold]
    fn make_room(&mut self) {
        if self.front > self.list.len() / 2 {
            self.list.drain(..self.front);
            self.front = 0;
        } else {
            self.list.reserve(1);
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready({} entries)", self.len())
    }
}

impl Ready {
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Ready(UnsafeCell::new(Entries { list: Vec::with_capacity(entries), front: 0 }))
    }

    #[inline]
    fn entries(&self) -> *mut Entries {
        self.0.get()
    }

    #[inline]
    pub(crate) fn push(&self, entry: u32) {
        // SAFETY: the only reference to the list; it ends with this method, which runs no foreign code.
        let entries = unsafe { &mut *self.entries() };
        if entries.list.len() == entries.list.capacity() {
            entries.make_room();
        }
        entries.list.push(entry);
    }

    #[inline]
    pub(crate) fn pop(&self) -> Option<u32> {
        // SAFETY: as in `push`.
        let entries = unsafe { &mut *self.entries() };
        let entry = entries.list.get(entries.front).copied()?;
        entries.front += 1;
        if entries.front == entries.list.len() {
            entries.list.clear();
            entries.front = 0;
        }
        Some(entry)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        // SAFETY: as in `push`.
        let entries = unsafe { &*self.entries() };
        entries.list.len() - entries.front
    }

    /// The entry that comes after `place` others.
    #[inline]
    pub(crate) fn get(&self, place: usize) -> Option<u32> {
        // SAFETY: as in `push`.
        let entries = unsafe { &*self.entries() };
        entries.list.get(entries.front + place).copied()
    }

    /// Puts another entry after `place` others.
    pub(crate) fn set(&self, place: usize, entry: u32) {
        // SAFETY: as in `push`.
        let entries = unsafe { &mut *self.entries() };
        let front = entries.front;
        if let Some(place) = entries.list.get_mut(front + place) {
            *place = entry;
        }
    }

    /// Takes every such entry out.
    pub(crate) fn remove(&self, entry: u32) {
        // SAFETY: as in `push`.
        let entries = unsafe { &mut *self.entries() };
        entries.list.drain(..entries.front);
        entries.front = 0;
        entries.list.retain(|&each| each != entry);
    }

    /// Puts `other` in the place of every `entry`.
    pub(crate) fn change(&self, entry: u32, other: u32) {
        // SAFETY: as in `push`.
        let entries = unsafe { &mut *self.entries() };
        entries.list[entries.front..].iter_mut().filter(|each| **each == entry).for_each(|each| *each = other);
    }

    /// Takes all entries out of `list`, to stand behind those here.
    pub(crate) fn append(&self, list: &Queue) {
        let mut taken = list.take();
        // SAFETY: as in `push`; `taken` is no part of any queue.
        unsafe { &mut *self.entries() }.list.append(&mut taken);
        list.replace(taken);
    }

    pub(crate) fn swap(&self, other: &Ready) {
        // SAFETY: as in `push`; `swap` takes the same cell twice.
        unsafe { std::ptr::swap(self.entries(), other.entries()) };
    }

    /// The first entry of which `is_it` says so.
    pub(crate) fn find(&self, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        (0..self.len()).filter_map(|place| self.get(place)).find(|&entry| is_it(entry))
    }
}

/// Entries in a row, of which each can be named by its place.

#[derive(Default)]
pub(crate) struct Queue(UnsafeCell<Vec<u32>>);

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Queue({} entries)", self.len())
    }
}

impl Queue {
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Queue(UnsafeCell::new(Vec::with_capacity(entries)))
    }

    #[inline]
    fn list(&self) -> *mut Vec<u32> {
        self.0.get()
    }

    /// Adds an entry; its place.
    #[inline]
    pub(crate) fn push(&self, entry: u32) -> u32 {
        // SAFETY: the only reference to the list; it ends with this method, which runs no foreign code.
        let list = unsafe { &mut *self.list() };
        let place = list.len();
        list.push(entry);
        place as u32
    }

    /// Adds entries of another list.
    pub(crate) fn extend(&self, entries: &[u32]) {
        // SAFETY: as in `push`; `entries` is no part of any queue: those give no slices out.
        unsafe { &mut *self.list() }.extend_from_slice(entries);
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        // SAFETY: as in `push`.
        unsafe { &*self.list() }.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts another list in this one's place.
    #[inline]
    pub(crate) fn replace(&self, list: Vec<u32>) -> Vec<u32> {
        // SAFETY: as in `push`.
        std::mem::replace(unsafe { &mut *self.list() }, list)
    }

    /// Leaves an empty list without room.
    pub(crate) fn take(&self) -> Vec<u32> {
        self.replace(Vec::new())
    }

    pub(crate) fn swap(&self, other: &Queue) {
        let list = other.take();
        other.replace(self.replace(list));
    }

    pub(crate) fn get(&self, place: u32) -> Option<u32> {
        // SAFETY: as in `push`.
        unsafe { &*self.list() }.get(place as usize).copied()
    }

    pub(crate) fn set(&self, place: u32, entry: u32) {
        // SAFETY: as in `push`.
        if let Some(place) = unsafe { &mut *self.list() }.get_mut(place as usize) {
            *place = entry;
        }
    }

    /// Takes the entries equal to `entry` off the end.
    pub(crate) fn trim(&self, entry: u32) {
        // SAFETY: as in `push`.
        let list = unsafe { &mut *self.list() };
        while list.last() == Some(&entry) {
            list.pop();
        }
    }

    /// The first entry of which `is_it` says so.
    pub(crate) fn find(&self, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        (0..self.len() as u32).filter_map(|place| self.get(place)).find(|&entry| is_it(entry))
    }

    /// Whether `is_it` says so of any entry.
    pub(crate) fn any(&self, is_it: impl Fn(u32) -> bool) -> bool {
        self.find(is_it).is_some()
    }
}
