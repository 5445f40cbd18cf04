//! One task: a small header, and behind it the future and its output, in a slot that never moves.
//!
//! ```text
//!   state      future  output  meaning                                      left by
//!   Vacant       -       -     on a free list                               spawn (1)
//!   Idle        yes      -     parked, or queued to be polled               poll (2), cancel (4)
//!   Running     (b)      -     its poll is on the stack                     pending (2'), ready (3), panic (5)
//!   Completed   (a)     yes    ended with a value that nobody took yet      output taken or dropped (6)
//!   Ended       (a)      -     ended, and has no output (any more)          future dropped, in no queue (7)
//!   Retired      -       -     waits for the end of the step                reclaim (8)
//!
//!   (a) while `FUTURE` is set: it is dropped once, after the poll then running. What has no destructor counts as
//!       dropped when it is ready; an output without one that nobody holds a handle to, as taken (3 leads to Ended)
//!   (b) yes; but a fault that a test sets drops it instead of polling it, and then it is gone until 5
//!
//!   spawn ─1→ Idle ─2→ Running ─2'→ Idle            Idle ─4→ Ended
//!                      Running ─3→ Completed ─6→ Ended ─7→ Retired ─8→ Vacant, one generation on
//!                      Running ─5→ Ended
//! ```
//!
//! The transitions are the functions that carry these numbers, and nothing else sets a state. Each checks that it may
//! happen, or is given the proof (`Begun`, `Pending`), but for what two can't check: of 5 that the poll has left the
//! stack, of 8 that no destructor runs in the slot. So what is built on them needs no `unsafe`, and only who calls
//! these two has to be right about memory: `lifecycle` and `frame`, and `handle`, which holds `frame` off while it drops an
//! output. When all of them happen is decided there and in `run`.
//!
//! Invariants:
//! 1. A `Slot`'s task pointer comes from `Storage`, points to the start of a slot whose layout has room
//!    for its task, and may be used for the whole slot. The header there is initialised.
//! 2. While a slot isn't vacant, its poll function and its vtable are those of the `F` that lies in it. So a slot
//!    with the poll function of another has a future that this very code was made for.
//! 3. In `Idle`, and while `FUTURE` is set, the future is there. It is polled only by who has made an `Idle` task
//!    `Running`, which is what a `Begun` proves; dropped only when `FUTURE` is set, and the state is past `Running` or the
//!    `Begun` is given up for it; and never moved.
//! 4. In `Completed`, and only there, the output is there.
//! 5. Only the header is ever borrowed as a whole, always shared; its fields are cells.

use std::any::TypeId;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, needs_drop};
use std::panic::Location;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Poll;

use super::inspect::WaitKind;
use super::kin::LINK;
use super::layout::fits;
use super::rows::Rows;
use super::word::{AtRest, Word};

/// What a slot is at; see the table at the top of the file.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum State {
    Vacant,
    Idle,
    Running,
    Completed,
    Ended,
    Retired,
}

/// One bit each in [`Header::flags`].
pub(crate) mod flag {
    /// A ready queue, or the list of those put off, names the task.
    pub(crate) const QUEUED: u8 = 1;
    /// The next-step list of its lane, or what was released of it, names the task.
    pub(crate) const NEXT: u8 = 2;
    /// With `NEXT`: the parity of the lane's step that releases it.
    pub(crate) const NEXT_ODD: u8 = 4;
    pub(crate) const NEXT_BOTH: u8 = NEXT | NEXT_ODD;
    /// With `NEXT`: more than one entry; `Extra::more_next` counts those beyond the first.
    pub(crate) const NEXT_MORE: u8 = 8;
    /// A `JoinHandle` is alive.
    pub(crate) const HANDLE: u8 = 16;
    /// It was cancelled while its poll was on the stack.
    pub(crate) const CANCEL: u8 = 32;
    /// The future is still in its slot: set and cleared in `task` alone.
    pub(crate) const FUTURE: u8 = 64;
    /// It was polled more than once in the step in which it was last polled, or counts as if: `Cold::again`.
    pub(crate) const AGAIN: u8 = 128;

    /// The `NEXT` flags of a task that waits, when a lane has released this often.
    #[inline]
    pub(crate) fn next_after(released: u32) -> u8 {
        next_of(released.wrapping_add(1))
    }

    /// The `NEXT` flags of a task that was released by a lane's release of this number.
    #[inline]
    pub(crate) fn next_of(release: u32) -> u8 {
        NEXT | (((release & 1) as u8) << NEXT_ODD.trailing_zeros())
    }
}

/// Polls the future in a slot, and those of the same type that come next.
pub(crate) type PollFn = for<'a> unsafe fn(Begun<'a>, &mut Rows<'a>) -> Polled<'a>;

/// What became of the task that was polled last.
#[derive(Debug)]
pub(crate) enum Polled<'a> {
    /// It has left its output in its slot.
    Ready,
    /// It is back at rest.
    Parked,
    /// It is still to be parked.
    Pending(Pending<'a>),
}

/// The hot part of a task: all that a resume reads and writes, beside the future itself.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Header {
    poll: Cell<PollFn>,
    /// Where the wait was written that the task is parked at; with `wait`.
    pub(crate) site: Cell<Option<&'static Location<'static>>>,
    generation: Cell<u32>,
    word: Cell<Word>,
    /// The serial of the step in which it was last polled.
    pub(crate) last_step: Cell<u32>,
    /// Polls so far; while vacant, the next slot of the free list, which only `storage` follows and sets.
    polls: Cell<u32>,
}

const _: () = assert!(fits::<Header>(32), "the hot header has 32 bytes");

impl Header {
    pub(crate) fn vacant(generation: u32) -> Self {
        Header {
            poll: Cell::new(|_, _| Polled::Ready),
            site: Cell::new(None),
            generation: Cell::new(generation),
            word: Cell::new(Word::VACANT),
            last_step: Cell::new(0),
            polls: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        self.word.get().state()
    }

    /// How often it was polled.
    #[inline]
    pub(crate) fn polls(&self) -> u32 {
        self.polls.get()
    }

    /// Of a vacant slot: the next of its free list.
    #[inline]
    pub(super) fn next_free(&self) -> u32 {
        self.polls.get()
    }

    /// # Safety
    /// The slot is vacant, and `next` is a vacant slot of its class or `NO_INDEX`: what is taken off the list is written
    /// to as a slot of that class.
    #[inline]
    pub(super) unsafe fn set_next_free(&self, next: u32) {
        self.polls.set(next);
    }

    #[inline]
    pub(crate) fn is(&self, state: State) -> bool {
        self.word.get().is(state)
    }

    /// Whether the task can still be polled.
    #[inline]
    pub(crate) fn is_live(&self) -> bool {
        self.word.get().is_live()
    }

    /// 3. Notes that a future was ready. Of what has no destructor there is nothing left to drop.
    #[inline]
    fn completed<F: Future>(&self) {
        let word = self.word.get();
        let left = if needs_drop::<F>() { word.flags() } else { word.flags() & !flag::FUTURE };
        let is_over = !needs_drop::<F::Output>() && left & flag::HANDLE == 0;
        let state = if is_over { State::Ended } else { State::Completed };
        self.word.set(word.with_flags(left).with_state(state));
    }

    fn set_state(&self, state: State) {
        self.word.set(self.word.get().with_state(state));
    }

    #[inline]
    pub(crate) fn generation(&self) -> u32 {
        self.generation.get()
    }

    pub(crate) fn set_generation(&self, generation: u32) {
        self.generation.set(generation);
    }

    #[inline]
    pub(crate) fn lane(&self) -> u8 {
        self.word.get().lane()
    }

    pub(crate) fn set_lane(&self, lane: u8) {
        self.word.set(self.word.get().with_lane(lane));
    }

    pub(crate) fn wait(&self) -> WaitKind {
        self.word.get().wait()
    }

    #[inline]
    pub(crate) fn set_wait(&self, wait: WaitKind) {
        self.word.set(self.word.get().with_wait(wait));
    }

    #[inline]
    pub(super) fn word(&self) -> Word {
        self.word.get()
    }

    /// Notes that a ready queue names the task.
    #[inline]
    pub(super) fn set_queued(&self) {
        self.word.set(self.word.get().queued());
    }

    #[inline]
    pub(crate) fn flags(&self) -> u8 {
        self.word.get().flags()
    }

    #[inline]
    pub(crate) fn set_flags(&self, flags: u8) {
        let word = self.word.get();
        self.word.set(word.with_flags((flags & !flag::FUTURE) | (word.flags() & flag::FUTURE)));
    }

    /// Notes at once that the task waits for its lane's next step: `next` takes the place of the flags of a wait
    /// that is over.
    #[inline]
    pub(crate) fn wait_for_next(&self, next: u8, site: Site) {
        let word = self.word.get();
        let flags = (word.flags() & !flag::NEXT_BOTH) | (next & flag::NEXT_BOTH);
        self.word.set(word.with_flags(flags).with_wait(WaitKind::NextFrame));
        self.site.set(Some(site));
    }

    #[inline]
    pub(crate) fn has(&self, flags: u8) -> bool {
        self.flags() & flags != 0
    }

    #[inline]
    pub(crate) fn set(&self, flags: u8) {
        self.set_flags(self.flags() | flags);
    }

    #[inline]
    pub(crate) fn clear(&self, flags: u8) {
        self.set_flags(self.flags() & !flags);
    }
}

/// A place in the source.
pub(crate) type Site = &'static Location<'static>;

/// What a task is beside its header and its future: touched at its start and end, and by inspection. What only
/// some tasks have is in `extra`.
pub(crate) struct Cold {
    vtable: Cell<&'static VTable>,
    pub(crate) spawned_at: Cell<Site>,
    /// Counts the executor's spawns: the name of a script that is the same on every run.
    pub(crate) number: Cell<u64>,
    /// The root of the script's random numbers.
    pub(crate) seed: Cell<u64>,
    /// Its place among the extras, `LINK` and the place of its spawner's, or `NO_INDEX`.
    pub(crate) extra: Cell<u32>,
    /// With `AGAIN`: polls beyond the first in the step in which it was last polled.
    pub(crate) again: Cell<u32>,
}

const _: () = assert!(fits::<Cold>(40) && fits::<(Header, Cold)>(72));

impl fmt::Debug for Cold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cold").field("number", &self.number).finish_non_exhaustive()
    }
}

/// No slot has this index.
pub(crate) const NO_INDEX: u32 = u32::MAX;

impl Cold {
    pub(crate) fn vacant() -> Self {
        Cold {
            vtable: Cell::new(&VACANT),
            spawned_at: Cell::new(Location::caller()),
            number: Cell::new(0),
            seed: Cell::new(0),
            extra: Cell::new(NO_INDEX),
            again: Cell::new(0),
        }
    }
}

/// What can be done with a future and an output whose types are forgotten.
#[derive(Debug)]
struct VTable {
    drop_future: unsafe fn(NonNull<Header>),
    drop_output: unsafe fn(NonNull<Header>),
    output: unsafe fn(NonNull<Header>) -> NonNull<()>,
    output_type: fn() -> TypeId,
    type_name: fn() -> &'static str,
}

/// The vtable of a slot that holds nothing.
static VACANT: VTable = VTable {
    drop_future: |_| (),
    drop_output: |_| (),
    output: |_| NonNull::dangling(),
    output_type: TypeId::of::<()>,
    type_name: || "",
};

/// A slot's memory, as seen by those who know the future's type.
#[repr(C)]
pub(crate) struct Task<F: Future> {
    header: Header,
    future: UnsafeCell<ManuallyDrop<F>>,
    output: UnsafeCell<MaybeUninit<F::Output>>,
}

impl<F: Future<Output: 'static> + 'static> Task<F> {
    /// One pointer for all who compare it: where the function is named, its address may be another each time.
    const POLL: PollFn = Self::poll;

    const VTABLE: VTable = VTable {
        drop_future: Self::drop_future,
        drop_output: Self::drop_output,
        output: |task| {
            // SAFETY: the slot is a `Task<F>` (1, 2), so the place of its output lies inside the slot.
            unsafe { Self::output(task) }.cast()
        },
        output_type: TypeId::of::<F::Output>,
        type_name: std::any::type_name::<F>,
    };

    /// # Safety
    /// `task` is a slot for `Task<F>` (1).
    #[inline]
    unsafe fn future(task: NonNull<Header>) -> NonNull<F> {
        let task = task.cast::<Task<F>>().as_ptr();
        // SAFETY: the slot is a `Task<F>` (1), so the projection stays inside of it.
        let place = unsafe { &raw mut (*task).future };
        // `UnsafeCell` and `ManuallyDrop` are transparent.
        // SAFETY: inside a slot, so not null.
        unsafe { NonNull::new_unchecked(place.cast()) }
    }

    /// # Safety
    /// `task` is a slot for `Task<F>` (1).
    #[inline]
    unsafe fn output(task: NonNull<Header>) -> NonNull<F::Output> {
        let task = task.cast::<Task<F>>().as_ptr();
        // SAFETY: as in `future`.
        let place = unsafe { &raw mut (*task).output };
        // SAFETY: as in `future`; `MaybeUninit` is transparent too.
        unsafe { NonNull::new_unchecked(place.cast()) }
    }

    /// # Safety
    /// The slot of `begun` is a `Task<F>` (2).
    unsafe fn poll<'a>(begun: Begun<'a>, rows: &mut Rows<'a>) -> Polled<'a> {
        let mut task = begun.slot.task;
        loop {
            // SAFETY: the slot is a `Task<F>`: the caller's word for the first; what comes later is a `BegunAs<F>`, so it
            // has this very poll function, which is that of the type in its slot (2). Should a linker have made one
            // function of two types' poll functions, they are the same machine code, and going on is what calling it
            // would be.
            let mut place = unsafe { Self::future(task) };
            // SAFETY: idle before it was begun, so the future is there (3); `Running`, which only `begun`, its
            // `Pending` and `panicked` can end, keeps every other borrow of it away, a second poll and the drop.
            let future = unsafe { place.as_mut() };
            // SAFETY: slots never move, and the future is dropped in place (3).
            let polled = unsafe { Pin::new_unchecked(future) }.poll(rows.context());
            // SAFETY: initialised (1), in memory that lives for `'a`, and only ever shared (5).
            let header: &'a Header = unsafe { task.as_ref() };
            match polled {
                Poll::Pending => match rows.next::<F>(Pending { header }) {
                    Ok(BegunAs { begun, .. }) => task = begun.slot.task,
                    Err(polled) => return polled,
                },
                Poll::Ready(output) => {
                    // SAFETY: the slot is a `Task<F>` (2).
                    let place = unsafe { Self::output(task) };
                    // SAFETY: inside the slot and aligned (1); there was no output before (4).
                    unsafe { place.write(output) };
                    header.completed::<F>();
                    return Polled::Ready;
                }
            }
        }
    }

    /// # Safety
    /// The future is there, its poll isn't on the stack, and nobody uses it afterwards (2, 3).
    unsafe fn drop_future(task: NonNull<Header>) {
        // SAFETY: the slot is a `Task<F>` (2).
        let place = unsafe { Self::future(task) };
        // SAFETY: the future is there, unborrowed, and this is its one drop (3).
        unsafe { place.drop_in_place() };
    }

    /// # Safety
    /// The output is there, and nobody uses it afterwards (2, 4).
    unsafe fn drop_output(task: NonNull<Header>) {
        // SAFETY: the slot is a `Task<F>` (2).
        let place = unsafe { Self::output(task) };
        // SAFETY: the output is there, and this is its one drop (4).
        unsafe { place.drop_in_place() };
    }
}

/// One slot's parts, and the transitions of the task in it.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Slot<'a> {
    task: NonNull<Header>,
    cold: NonNull<Cold>,
    of: PhantomData<&'a Header>,
}

impl<'a> Slot<'a> {
    /// # Safety
    /// `task` is the start of a slot of a `Storage` (1), and `cold` is the slot's `Cold`, initialised as the header is.
    /// For `'a`, both stay where they are and are only ever shared.
    #[inline]
    pub(super) unsafe fn new(task: NonNull<Header>, cold: NonNull<Cold>) -> Self {
        Slot { task, cold, of: PhantomData }
    }

    /// What of the task a resume reads and writes.
    #[inline]
    pub(crate) fn header(self) -> &'a Header {
        // SAFETY: initialised (1), alive for `'a`, and only ever shared (5), as `new` was promised.
        unsafe { self.task.as_ref() }
    }

    /// What the task is beside its header and its future.
    #[inline]
    pub(crate) fn cold(self) -> &'a Cold {
        // SAFETY: initialised, alive for `'a`, and only ever shared, as `new` was promised.
        unsafe { self.cold.as_ref() }
    }

    /// Whether the task has any of what only some have.
    #[inline]
    pub(super) fn has_extra(self) -> bool {
        self.cold().extra.get() < LINK
    }

    /// 1. Puts a future into a vacant slot: a task of a lane, queued and with a handle.
    ///
    /// # Safety
    /// The slot has room for a `Task<F>`, and is aligned for it (1).
    #[inline]
    pub(super) unsafe fn write<F: Future<Output: 'static> + 'static>(self, future: F, lane: u8) {
        assert!(self.header().is(State::Vacant));
        // SAFETY: the slot has room for a `Task<F>`.
        let place = unsafe { Task::<F>::future(self.task) };
        // SAFETY: inside the slot and aligned (1); vacant, so nothing is overwritten.
        unsafe { place.write(future) };
        self.header().poll.set(Task::<F>::POLL);
        self.header().polls.set(0);
        self.cold().vtable.set(&Task::<F>::VTABLE);
        let flags = flag::FUTURE | flag::QUEUED | flag::HANDLE;
        self.header().word.set(Word::VACANT.with_flags(flags).with_lane(lane).with_state(State::Idle));
    }

    /// 2. Begins a poll of an idle task. The task is `Running` from here until the poll is parked or ready, or for
    ///    ever when that is forgotten or unwinds, unless [`panicked`](Self::panicked) ends it.
    #[inline]
    pub(super) fn begin(self) -> Option<Begun<'a>> {
        let word = self.header().word.get();
        if !word.is(State::Idle) {
            return None;
        }
        self.header().word.set(word.flipped());
        Some(Begun { slot: self })
    }

    /// 2. The same if the task was just woken: it is queued no more, and waits for nothing that is known.
    #[inline]
    pub(super) fn begin_woken(self, again: bool) -> Option<Begun<'a>> {
        let word = self.header().word.get();
        if !word.is_just_woken() {
            return None;
        }
        self.header().word.set(word.taken_up(again));
        Some(Begun { slot: self })
    }

    /// 2. The same if the task is at rest; all else that its word says stays.
    #[inline]
    pub(super) fn begin_at_rest(self, at_rest: AtRest) -> Option<Begun<'a>> {
        let word = self.header().word.get();
        if !at_rest.is_it(word) {
            return None;
        }
        self.header().word.set(word.flipped());
        Some(Begun { slot: self })
    }

    /// 2. The same if, besides, the task has the poll function of an `F`.
    #[inline]
    pub(super) fn begin_as<F: Future<Output: 'static> + 'static>(self, at_rest: AtRest) -> Option<BegunAs<'a, F>> {
        if !ptr::fn_addr_eq(self.header().poll.get(), Task::<F>::POLL) {
            return None;
        }
        Some(BegunAs { begun: self.begin_at_rest(at_rest)?, of: PhantomData })
    }

    /// 4. Ends a task whose poll isn't on the stack.
    pub(super) fn cancelled(self) {
        assert!(self.header().is(State::Idle));
        self.header().set_state(State::Ended);
    }

    /// 5. Ends a task whose poll has unwound. That it has left the stack, and that no `Begun` or `Pending` of it is left,
    ///    is for the caller to see to.
    pub(super) fn panicked(self) {
        assert!(self.header().is(State::Running));
        self.header().set_state(State::Ended);
    }

    /// Whether the future of a task that has ended is still to be dropped.
    #[inline]
    pub(super) fn holds_future(self) -> bool {
        self.header().has(flag::FUTURE)
    }

    /// Drops the future of a task that has ended, once. Counts as done also when it unwinds.
    #[inline]
    pub(super) fn drop_future(self) {
        let word = self.header().word.get();
        let has_ended = word.is(State::Completed) || word.is(State::Ended);
        assert!(word.flags() & flag::FUTURE != 0 && has_ended);
        self.header().word.set(word.with_flags(word.flags() & !flag::FUTURE));
        // SAFETY: `FUTURE` was set, so the future is there (3), of the vtable's type (2); its poll isn't on
        // the stack, and with the flag cleared this is its one drop, even if it unwinds.
        unsafe { (self.cold().vtable.get().drop_future)(self.task) };
    }

    /// 6. Moves the output out of a completed task.
    ///
    /// # Panics
    /// When `T` isn't the output's type.
    #[inline]
    pub(super) fn take_output<T: 'static>(self) -> T {
        assert!(self.header().is(State::Completed));
        let vtable = self.cold().vtable.get();
        assert_eq!((vtable.output_type)(), TypeId::of::<T>());
        self.header().set_state(State::Ended);
        // SAFETY: not vacant before this line, so the vtable is that of the type in the slot (2).
        let place = unsafe { (vtable.output)(self.task) };
        // SAFETY: completed before, so the output is there (4), and it is a `T`; `Ended` says that it is gone.
        unsafe { place.cast::<T>().read() }
    }

    /// 6. Drops the output of a completed task. Counts as done also when it unwinds.
    pub(super) fn drop_output(self) {
        assert!(self.header().is(State::Completed));
        self.header().set_state(State::Ended);
        // SAFETY: completed before, so the output is there (4), of the vtable's type (2); `Ended` says that
        // it is gone, even if this unwinds.
        unsafe { (self.cold().vtable.get().drop_output)(self.task) };
    }

    /// 7. Retires a task that holds nothing and stands in no queue; `false` if it isn't such a one.
    #[inline]
    pub(super) fn retire(self) -> bool {
        let word = self.header().word.get();
        let done = word.is(State::Ended) && word.flags() & (flag::FUTURE | flag::QUEUED | flag::NEXT) == 0;
        if done {
            self.header().word.set(word.with_state(State::Retired));
        }
        done
    }

    /// 8. Makes the slot vacant; that no destructor runs in it is for the caller to see to.
    pub(super) fn vacate(self) {
        assert!(self.header().is(State::Retired));
        self.header().set_state(State::Vacant);
    }

    /// The type of the future in a slot that isn't vacant.
    pub(super) fn type_name(self) -> &'static str {
        (self.cold().vtable.get().type_name)()
    }
}

/// A poll that has begun: the right to poll the future, once, or to drop it. Only the beginnings above make one.
#[derive(Debug)]
#[must_use = "the task is `Running` until it is polled"]
pub(crate) struct Begun<'a> {
    slot: Slot<'a>,
}

impl<'a> Begun<'a> {
    #[inline]
    pub(super) fn slot(&self) -> Slot<'a> {
        self.slot
    }

    /// Counts the poll.
    #[inline]
    pub(super) fn count(&self) {
        let polls = &self.slot.header().polls;
        polls.set(polls.get().wrapping_add(1));
    }

    /// Polls the future, and then what `rows` has of the same type. When a poll unwinds, its task stays `Running`.
    #[inline]
    pub(super) fn poll(self, rows: &mut Rows<'a>) -> Polled<'a> {
        let poll = self.slot.header().poll.get();
        // SAFETY: idle before it was begun, so not vacant: the poll function is that of the type in the slot (2).
        unsafe { poll(self, rows) }
    }

    /// Drops the future instead of polling it, for a fault that unwinds: its task stays `Running`, as of a poll that
    /// unwinds.
    pub(super) fn drop_future(self) {
        let header = self.slot.header();
        let word = header.word.get();
        assert!(word.is(State::Running) && word.flags() & flag::FUTURE != 0);
        header.word.set(word.with_flags(word.flags() & !flag::FUTURE));
        // SAFETY: idle before it was begun, so the future is there (3), of the vtable's type (2). `self` was the right to
        // poll it, so its poll isn't on the stack and won't be; with the flag cleared this is its one drop.
        unsafe { (self.slot.cold().vtable.get().drop_future)(self.slot.task) };
    }
}

/// A poll that has begun of a task with the poll function of an `F`.
#[derive(Debug)]
#[must_use = "the task is `Running` until it is polled"]
pub(crate) struct BegunAs<'a, F> {
    begun: Begun<'a>,
    /// Invariant: one for another type, were it a supertype, says nothing of the poll function.
    of: PhantomData<fn(F) -> F>,
}

impl<'a, F> BegunAs<'a, F> {
    #[inline]
    pub(super) fn begun(&self) -> &Begun<'a> {
        &self.begun
    }
}

/// A poll that has returned pending.
#[derive(Debug)]
#[must_use = "the task is `Running` until it is parked"]
pub(crate) struct Pending<'a> {
    header: &'a Header,
}

impl Pending<'_> {
    /// 2'. Back to idle.
    #[inline]
    pub(super) fn park(self) {
        self.header.word.set(self.header.word.get().flipped());
    }

    /// 2'. The same for a task that was at rest, and now waits in the same way for the next release.
    #[inline]
    pub(super) fn park_for_next(self, site: Site) {
        self.header.word.set(self.header.word.get().parked_for_next());
        self.header.site.set(Some(site));
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::super::Executor;
    use super::*;

    #[test]
    fn past_the_wrap_of_its_polls_a_script_has_a_fault_at_those_since() {
        let mut executor = Executor::builder().script_polls(1).build();
        // Polled once in each step.
        let spins = executor.spawn(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        executor.poll_once();
        executor.core().storage.slot(spins.id().index()).header().polls.set(u32::MAX - 1);
        assert!(!executor.panic_at(1, 2));
        let mut step = || executor.poll_once().panicked;
        assert_eq!((step(), step()), (0, 0));
        assert!(executor.panic_at(1, 2));
        assert_eq!((executor.poll_once().panicked, executor.poll_once().panicked), (0, 1));
    }
}
