//! Lanes: the points of a frame at which scripts run, each with a ready queue and a next-step list.
//!
//! The rule: a script is polled only in steps of its lane; within a lane's step chains of wakes are
//! free. Both lists are first in, first out. They hold slot indices, four bytes each, and a slot isn't
//! reused while an entry names it, so an entry never names a stranger.
//!
//! How: a script that waits for its lane's next step with its own waker is one entry in `next`, which
//! is run as it is when the step has come: no script is touched by the release.
//! All other waits for a step (through a combinator's waker, or for another lane) are entries that point
//! to a slab of wakers, and cost a look each. A wait that is dropped leaves a tombstone, or nothing when
//! it was the last to come.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::task::Waker;

use slab::Slab;

use super::key::TaskId;
use super::queue::{Queue, Ready};
use super::task::flag;

/// One point of the frame; given by [`Executor::add_lane`](crate::Executor::add_lane).
///
/// `Copy` and `Send`, so that scripts can be told where to go ([`resume_in`](crate::resume_in)).
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    pub(crate) serial: u32,
    pub(crate) index: u8,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lane({} of executor {})", self.index, self.serial)
    }
}

/// An executor has at most this many lanes.
pub(crate) const MAX_LANES: usize = 32;

/// Entries of the two lists: a slot index, or one of these.
pub(crate) mod entry {
    /// The low bits point to the lane's slab of waits.
    pub(crate) const SLOW: u32 = 1 << 31;
    /// Nothing (any more).
    pub(crate) const TOMBSTONE: u32 = u32::MAX;
}

const _: () = assert!(super::key::MAX_INDEX <= entry::SLOW, "an index fits beside the flag");

/// A wait for a step that isn't a script's own wait for its own lane.
#[derive(Clone, Debug)]
pub(crate) enum SlowWait {
    /// Wake this.
    Wake(Waker),
    /// Make this lane the home of the task, then wake it.
    Move(TaskId, Waker),
}

/// Which release of which lane of which executor, in one word, so that a resume asks with one comparison
/// whether its step has come.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stamp(u64);

const RELEASE_BITS: u32 = 27;
const RELEASES: u32 = (1 << RELEASE_BITS) - 1;

const _: () = assert!(MAX_LANES <= 1 << (u32::BITS - RELEASE_BITS), "a lane fits beside its releases");

impl Stamp {
    /// A stamp of no executor: serials start at 1.
    pub(crate) const NEVER: Stamp = Stamp(0);
    /// Another.
    pub(crate) const PAST: Stamp = Stamp(1);

    /// A lane's release, counted up to 2^27: a wait that sees that many releases go by unpolled is none
    /// that a script awaits, since that was resumed by the first of them. One that is kept unpolled, for 26 days at 60
    /// steps a second, and polled or dropped after exactly that many, is taken for one of this step.
    pub(crate) fn new(serial: u32, lane: u8, release: u32) -> Self {
        Stamp((u64::from(serial) << 32) | (u64::from(lane) << RELEASE_BITS) | u64::from(release & RELEASES))
    }

    #[inline]
    pub(crate) fn serial(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    pub(crate) fn lane(self) -> u8 {
        ((self.0 as u32) >> RELEASE_BITS) as u8
    }

    #[inline]
    pub(crate) fn is_release(self, release: u32) -> bool {
        self.0 as u32 & RELEASES == release & RELEASES
    }
}

/// Names one wait in a `next` list: its place there, in the list that the release after `armed` releases.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepWait {
    pub(crate) armed: Stamp,
    pub(crate) place: u32,
}

/// Called at step 5 of its lane's steps.
pub(crate) type CheckHook = Rc<dyn Fn()>;

pub(crate) struct LaneState {
    pub(crate) name: &'static str,
    /// The frame in which the lane was made, and steps since.
    pub(crate) made_in: u64,
    pub(crate) steps: Cell<u64>,
    /// Counts releases (step 4); a wait armed before a release is over after it.
    pub(crate) released: Cell<u32>,
    /// Of the lane being stepped these two are in the core.
    pub(crate) ready: Ready,
    pub(crate) next: Queue,
    pub(crate) slow: RefCell<Slab<SlowWait>>,
    pub(crate) put_off: Queue,
    /// So many at the front of the ready queue were put off in the step before.
    pub(crate) put_first: Cell<usize>,
    pub(crate) checks: RefCell<Vec<CheckHook>>,
    /// Its clocks: the one that counts its steps, and its own time.
    pub(crate) steps_clock: u16,
    pub(crate) time_clock: u16,
    pub(crate) warned: Cell<bool>,
}

impl fmt::Debug for LaneState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LaneState").field("name", &self.name).field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl LaneState {
    pub(crate) fn new(
        name: &'static str,
        made_in: u64,
        released: u32,
        steps_clock: u16,
        time_clock: u16,
        capacity: usize,
    ) -> Self {
        LaneState {
            name,
            made_in,
            steps: Cell::new(0),
            released: Cell::new(released),
            ready: Ready::with_capacity(capacity),
            next: Queue::with_capacity(capacity),
            slow: RefCell::new(Slab::with_capacity(capacity)),
            put_off: Queue::with_capacity(capacity),
            put_first: Cell::new(0),
            checks: RefCell::new(Vec::new()),
            steps_clock,
            time_clock,
            warned: Cell::new(false),
        }
    }

    /// Whether these are the flags of a task that the lane's last release put into the ready queue.
    #[inline]
    pub(crate) fn has_released(&self, flags: u8) -> bool {
        flags & flag::NEXT_BOTH == flag::next_of(self.released.get())
    }
}
