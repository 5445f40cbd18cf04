//! Slots: pre-allocated memory of stable addresses, found by index.
//!
//! An index is a chunk number and a place in that chunk, so that a slot's address is one look into a
//! short table and one multiplication: there is no table of tasks. Each chunk belongs to a size class
//! and lies in one allocation; free slots of a class form a list, last freed first used. Chunks are
//! never moved and never given back before the storage is dropped.
//!
//! A chunk that there is no memory for isn't made: the spawn that needed it is refused, and what was made of it is given
//! back. Room in the tables comes before what is put there.
//!
//! Invariants:
//! 1. `Chunk::base` points to `slots * stride` bytes, aligned for the class, allocated with the class's
//!    layout, freed only when the storage is dropped. `stride` is a multiple of the alignment.
//! 2. Every slot of a chunk starts with an initialised `Header`, and has an initialised `Cold` behind
//!    `Chunk::cold`, from the chunk's birth to its end.
//! 3. The table of chunks only grows, and no reference into it is kept across anything that can grow it
//!    or run foreign code.
//! 4. A slot is on its class's free list exactly when its state is `Vacant`, unless its generations are
//!    used up: then it is on none, for good.
//! 5. Nothing here runs a future, a destructor of one, or a waker.
//! 6. Memory isn't given back while a future lies in it that wasn't dropped: it is pinned, and others may know where it is.
//!    Executors drop all of theirs before; should one fail to, the chunk stays.
//!
//! It is taken for granted that the global allocator doesn't come back here.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::{Cell, RefCell, UnsafeCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::handle::SpawnLimit;
use super::key::{MAX_GENERATION, MAX_INDEX};
use super::task::{Cold, Header, NO_INDEX, Slot, Task};

/// An index holds the place in its chunk in this many bits.
pub(super) const PLACE_BITS: u32 = 8;
const MAX_PLACES: usize = 1 << PLACE_BITS;
/// The bits that hold it.
pub(super) const PLACE: u32 = MAX_PLACES as u32 - 1;
/// A chunk of big slots has fewer of them, so that a lone big future doesn't cost a hundred. What an interpreter is to
/// see are the borders of chunks, which few tasks reach when they are small.
const CHUNK_BYTES: usize = if cfg!(miri) { 2 * 1024 } else { 64 * 1024 };
/// Sizes up to this step by `SMALL_STEP`, larger ones by an eighth of their power of two.
const SMALL: usize = 1024;
const SMALL_STEP: usize = 8;
const SMALL_CLASSES: usize = SMALL / SMALL_STEP + 1;
/// No task is larger.
const MAX_SIZE: usize = u32::MAX as usize / 2 - SMALL_STEP;

const _: () = assert!(SMALL_CLASSES <= 1 << u8::BITS, "the number of a class of small sizes is a byte");

struct Chunk {
    base: NonNull<u8>,
    stride: u32,
    slots: u32,
    class: u32,
    /// `slots` of them; not a `Box`, which a growing table would move under living references.
    cold: NonNull<Cold>,
}

impl Chunk {
    /// Its slots.
    #[inline]
    fn view(&self) -> ChunkView<'_> {
        let &Chunk { base, cold, stride, slots, .. } = self;
        ChunkView { base, cold, stride: stride as usize, slots, of: PhantomData }
    }
}

/// The slots of one chunk, which stay where they are while the table of chunks grows.
#[derive(Copy, Clone, Debug)]
pub(crate) struct ChunkView<'a> {
    base: NonNull<u8>,
    cold: NonNull<Cold>,
    stride: usize,
    slots: u32,
    of: PhantomData<&'a Chunk>,
}

impl<'a> ChunkView<'a> {
    /// No chunk: it has no slots.
    pub(crate) const NONE: Self =
        ChunkView { base: NonNull::dangling(), cold: NonNull::dangling(), stride: 0, slots: 0, of: PhantomData };

    /// Has the memory of the slot at this place brought near; past the chunk's end it is none of its own.
    #[inline]
    pub(crate) fn prefetch(self, place: u32) {
        let start = self.base.as_ptr().wrapping_add((place as usize).wrapping_mul(self.stride));
        for line in 0..PREFETCHED_LINES {
            prefetch_line(start.wrapping_add(line * 64));
        }
    }

    #[inline]
    pub(crate) fn has(self, place: u32) -> bool {
        place < self.slots
    }

    /// Whether a future lies in any of the slots.
    fn holds_future(self) -> bool {
        (0..self.slots).filter_map(|place| self.slot(place)).any(Slot::holds_future)
    }

    /// The slot at this place of the chunk, if there is one.
    #[inline]
    pub(crate) fn slot(self, place: u32) -> Option<Slot<'a>> {
        if place >= self.slots {
            return None;
        }
        // SAFETY: `place < slots`, so the offset stays inside the chunk's allocation (1).
        let task = unsafe { self.base.add(place as usize * self.stride) }.cast::<Header>();
        // SAFETY: there are `slots` of them.
        let cold = unsafe { self.cold.add(place as usize) };
        // SAFETY: the slot's own parts, initialised (1, 2). Alive for `'a`: that is how long the chunk is borrowed, and it
        // lies in the table, or in the drop of the storage, which frees its memory after. Shared: nothing borrows what
        // is there mutably, from the chunk's birth to that end.
        Some(unsafe { Slot::new(task, cold) })
    }
}

/// A vacant slot that was taken for a future of this type.
#[derive(Debug)]
#[must_use = "the slot is lost unless it is filled"]
pub(crate) struct Room<'a, F> {
    slot: Slot<'a>,
    index: u32,
    of: PhantomData<fn(F)>,
}

impl<'a, F: Future<Output: 'static> + 'static> Room<'a, F> {
    /// Makes it the slot of a task of a lane, queued and with a handle.
    #[inline]
    pub(crate) fn fill(self, future: F, lane: u8) -> (Slot<'a>, u32) {
        // SAFETY: `take` has found it in a class whose layout has room for a `Task<F>` (1).
        unsafe { self.slot.write(future, lane) };
        (self.slot, self.index)
    }
}

/// Slots of one size and alignment.
struct Class {
    layout: Layout,
    /// The first free slot, or `NO_INDEX`.
    free: Cell<u32>,
}

impl Class {
    fn new(layout: Layout) -> Self {
        Class { layout, free: Cell::new(NO_INDEX) }
    }
}

/// A script's header and the better part of a usual future.
const PREFETCHED_LINES: usize = 3;

/// Has a line of memory brought near, on targets that offer it in stable Rust.
#[inline]
fn prefetch_line(address: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing that a program can see, and may be given any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = address;
}

/// Whether a class of small sizes is for this layout.
const fn is_small(layout: Layout) -> bool {
    layout.size() <= SMALL && layout.align() <= SMALL_STEP
}

pub(crate) struct Storage {
    chunks: UnsafeCell<Vec<Chunk>>,
    /// The classes of small sizes and the common alignment, by size in steps.
    small: [Class; SMALL_CLASSES],
    /// For each, which of them to look in first: itself, or a larger one with slots made beforehand.
    first: [Cell<u8>; SMALL_CLASSES],
    /// The other classes, numbered from `SMALL_CLASSES` on, and their numbers by size and alignment, in that order.
    large: RefCell<Vec<Class>>,
    numbers: RefCell<Vec<((usize, usize), u32)>>,
    /// Classes that slots were made for beforehand, smallest first.
    reserved: RefCell<Vec<u32>>,
    first_generation: u32,
    last_generation: Cell<u32>,
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("chunks", &self.chunks().len()).finish_non_exhaustive()
    }
}

impl Storage {
    pub(crate) fn new(first_generation: u32) -> Self {
        Storage {
            chunks: UnsafeCell::new(Vec::new()),
            small: std::array::from_fn(|steps| {
                let size = steps.max(1) * SMALL_STEP;
                Class::new(Layout::from_size_align(size, SMALL_STEP).expect("a small size"))
            }),
            first: std::array::from_fn(|steps| Cell::new(steps as u8)),
            large: RefCell::new(Vec::new()),
            numbers: RefCell::new(Vec::new()),
            reserved: RefCell::new(Vec::new()),
            first_generation,
            last_generation: Cell::new(first_generation),
        }
    }

    #[inline]
    fn chunks(&self) -> &[Chunk] {
        // SAFETY: storage isn't `Sync`, and `grow`, the only one to borrow the table mutably, runs no
        // foreign code and returns its borrow (3).
        unsafe { &*self.chunks.get() }
    }

    /// The slots of a chunk, if there is such a chunk: what tasks in a row are found through.
    #[inline]
    pub(crate) fn chunk(&self, index: u32) -> Option<ChunkView<'_>> {
        Some(self.chunks().get((index >> PLACE_BITS) as usize)?.view())
    }

    /// A slot, if there is one of this index.
    #[inline]
    pub(crate) fn find(&self, index: u32) -> Option<Slot<'_>> {
        self.chunk(index)?.slot(index & PLACE)
    }

    /// A slot that is known to exist.
    ///
    /// # Panics
    /// When there is no such slot.
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> Slot<'_> {
        self.find(index).expect("an index that a queue or a handle holds has its slot")
    }

    /// Has the memory of a slot that will be polled soon brought near. A hint: any index will do.
    #[inline]
    pub(crate) fn prefetch(&self, index: u32) {
        let Some(chunk) = self.chunks().get((index >> PLACE_BITS) as usize) else { return };
        let start = chunk.base.as_ptr().wrapping_add(((index & PLACE) as usize).wrapping_mul(chunk.stride as usize));
        for line in 0..PREFETCHED_LINES {
            prefetch_line(start.wrapping_add(line * 64));
        }
    }

    /// Every index that has a slot, lowest first.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.chunks().len()).flat_map(|chunk| {
            let slots = self.chunks()[chunk].slots;
            (0..slots).map(move |place| ((chunk as u32) << PLACE_BITS) | place)
        })
    }

    /// The highest generation that a slot here has had.
    pub(crate) fn last_generation(&self) -> u32 {
        self.last_generation.get()
    }

    /// Takes a free slot with room for a future of this type; or why there is none.
    #[inline]
    pub(crate) fn take<F: Future<Output: 'static> + 'static>(&self) -> Result<Room<'_, F>, SpawnLimit> {
        const {
            assert!(size_of::<Task<F>>() <= MAX_SIZE, "a future must be smaller than 2 GiB");
        }
        let layout = Layout::new::<Task<F>>();
        let common = if is_small(layout) {
            let first = self.first[layout.size().div_ceil(SMALL_STEP)].get();
            self.take_free(&self.small[usize::from(first)])
        } else {
            None
        };
        let (slot, index) = match common {
            Some(found) => found,
            None => self.take_other(layout)?,
        };
        Ok(Room { slot, index, of: PhantomData })
    }

    /// Takes the first slot off a class's free list.
    #[inline]
    fn take_free(&self, class: &Class) -> Option<(Slot<'_>, u32)> {
        let index = class.free.get();
        if index == NO_INDEX {
            return None;
        }
        let slot = self.slot(index);
        class.free.set(slot.header().next_free());
        Some((slot, index))
    }

    /// Calls `f` with the class of a number.
    #[inline]
    fn with_class<R>(&self, number: u32, f: impl FnOnce(&Class) -> R) -> R {
        match self.small.get(number as usize) {
            Some(class) => f(class),
            None => f(&self.large.borrow()[number as usize - SMALL_CLASSES]),
        }
    }

    /// Finds a slot where the layout's first class has none: one of its own class, one that was reserved and is
    /// large enough, or else a new one.
    #[cold]
    fn take_other(&self, layout: Layout) -> Result<(Slot<'_>, u32), SpawnLimit> {
        let own = self.class_of(layout);
        let fits = |class: &Class| class.layout.size() >= layout.size() && class.layout.align() >= layout.align();
        let has_slots = |&number: &u32| self.with_class(number, |class| fits(class) && class.free.get() != NO_INDEX);
        let own_slots = own.ok().filter(has_slots);
        let number = match own_slots.or_else(|| self.reserved.borrow().iter().copied().find(has_slots)) {
            Some(number) => number,
            None => {
                self.grow(own?, 1)?;
                own?
            }
        };
        if let Some(first) = own.ok().and_then(|own| self.first.get(own as usize))
            && (number as usize) < SMALL_CLASSES
        {
            first.set(number as u8);
        }
        self.with_class(number, |class| self.take_free(class)).ok_or(SpawnLimit::Slots)
    }

    /// Puts a slot that holds nothing any more back on its free list, one generation on; and gives it, for what lies
    /// beside it.
    pub(crate) fn reclaim(&self, index: u32) -> Slot<'_> {
        let slot = self.slot(index);
        let class = self.chunks()[(index >> PLACE_BITS) as usize].class;
        slot.vacate();
        let header = slot.header();
        let generation = header.generation();
        if generation == MAX_GENERATION {
            // A key of it may be anywhere: a slot whose generation would wrap is never used again.
            return slot;
        }
        header.set_generation(generation + 1);
        self.last_generation.set(self.last_generation.get().max(generation + 1));
        self.with_class(class, |class| {
            // SAFETY: vacant since `vacate`, as the first of its class's list is, which is next.
            unsafe { header.set_next_free(class.free.replace(index)) }
        });
        slot
    }

    /// Makes room for `count` tasks whose futures, with their outputs, take up to `size` bytes, as far as there are
    /// indices; without memory it aborts, as Rust's collections do.
    pub(crate) fn reserve(&self, size: usize, count: usize) {
        let size = size.saturating_add(size_of::<Header>()).min(MAX_SIZE);
        let layout = Layout::from_size_align(size, SMALL_STEP).expect("it is less than any target's largest");
        let class = self.class_of(layout).unwrap_or_else(|_| handle_alloc_error(layout));
        if self.grow(class, count) == Err(SpawnLimit::Memory) {
            handle_alloc_error(layout);
        }
        let mut reserved = self.reserved.borrow_mut();
        reserved.push(class);
        // The smallest that fits is the first that fits.
        reserved.sort_unstable_by_key(|&number| self.with_class(number, |class| class.layout.size()));
        reserved.dedup();
    }

    /// The number of the class for a task of this layout; a new one if there is none.
    fn class_of(&self, layout: Layout) -> Result<u32, SpawnLimit> {
        if is_small(layout) {
            return Ok(layout.size().div_ceil(SMALL_STEP) as u32);
        }
        let align = layout.align().max(SMALL_STEP);
        let step = if layout.size() <= SMALL { SMALL_STEP } else { layout.size().next_power_of_two() / 8 };
        let size = layout.size().next_multiple_of(step).next_multiple_of(align);
        // Rounded up it may be beyond what a target can address.
        let class = Class::new(Layout::from_size_align(size, align).map_err(|_| SpawnLimit::Memory)?);
        let mut numbers = self.numbers.borrow_mut();
        let place = match numbers.binary_search_by_key(&(size, align), |known| known.0) {
            Ok(place) => return Ok(numbers[place].1),
            Err(place) => place,
        };
        let mut large = self.large.borrow_mut();
        numbers.try_reserve(1).map_err(|_| SpawnLimit::Memory)?;
        large.try_reserve(1).map_err(|_| SpawnLimit::Memory)?;
        large.push(class);
        let number = (SMALL_CLASSES + large.len() - 1) as u32;
        numbers.insert(place, ((size, align), number));
        Ok(number)
    }

    /// Adds chunks with at least `count` slots to a class. Those that were made before indices or memory ran out stay.
    #[cold]
    fn grow(&self, number: u32, count: usize) -> Result<(), SpawnLimit> {
        let layout = self.with_class(number, |class| class.layout);
        let per_chunk = (CHUNK_BYTES / layout.size()).clamp(1, MAX_PLACES);
        let first = self.chunks().len();
        let wanted = count.div_ceil(per_chunk);
        let room = (MAX_INDEX >> PLACE_BITS) as usize - first;
        let mut result = if wanted <= room { Ok(()) } else { Err(SpawnLimit::Slots) };
        for _ in 0..wanted.min(room) {
            if let Err(limit) = self.add_chunk(number, layout, per_chunk) {
                result = Err(limit);
                break;
            }
        }
        // The free list runs from the lowest new index up, so that tasks spawned in a row lie in a row.
        self.with_class(number, |class| {
            for chunk in (first..self.chunks().len()).rev() {
                for place in (0..per_chunk as u32).rev() {
                    let index = ((chunk as u32) << PLACE_BITS) | place;
                    let header = self.slot(index).header();
                    // SAFETY: vacant since its chunk was made, as the first of its class's list is, which is next.
                    unsafe { header.set_next_free(class.free.replace(index)) };
                }
            }
        });
        result
    }

    /// Makes one chunk more, or nothing.
    fn add_chunk(&self, class: u32, slot: Layout, slots: usize) -> Result<(), SpawnLimit> {
        // SAFETY: storage isn't `Sync`, no other borrow of the table is alive, and making room runs no foreign
        // code (3).
        unsafe { &mut *self.chunks.get() }.try_reserve(1).map_err(|_| SpawnLimit::Memory)?;
        let chunk = self.make_chunk(class, slot, slots).ok_or(SpawnLimit::Memory)?;
        // SAFETY: as above; pushing runs no foreign code either.
        unsafe { &mut *self.chunks.get() }.push(chunk);
        Ok(())
    }

    /// `None` when there is no memory for it.
    fn make_chunk(&self, class: u32, slot: Layout, slots: usize) -> Option<Chunk> {
        let layout = Layout::from_size_align(slot.size() * slots, slot.align()).expect("a chunk below 2 GiB");
        let mut cold = Vec::new();
        cold.try_reserve_exact(slots).ok()?;
        cold.resize_with(slots, Cold::vacant);
        // SAFETY: the size isn't zero: a slot has a header.
        let base = NonNull::new(unsafe { alloc(layout) })?;
        for place in 0..slots {
            // SAFETY: `place < slots`, so the offset stays inside the allocation.
            let header = unsafe { base.add(place * slot.size()) }.cast::<Header>();
            // SAFETY: inside the allocation, aligned since the class's alignment is at least the
            // header's and divides its size (1).
            unsafe { header.write(Header::vacant(self.first_generation)) };
        }
        let cold = NonNull::from(Box::leak(cold.into_boxed_slice())).cast();
        Some(Chunk { base, stride: slot.size() as u32, slots: slots as u32, class, cold })
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        for chunk in std::mem::take(self.chunks.get_mut()) {
            if chunk.view().holds_future() {
                // (6)
                continue;
            }
            let slot = self.with_class(chunk.class, |class| class.layout);
            let layout = Layout::from_size_align(slot.size() * chunk.slots as usize, slot.align())
                .expect("the layout that the chunk was made with");
            // SAFETY: allocated with this layout (1), freed once, and nothing points into it any more:
            // handles keep the storage alive, wakers only hold indices.
            unsafe { dealloc(chunk.base.as_ptr(), layout) };
            let cold = NonNull::slice_from_raw_parts(chunk.cold, chunk.slots as usize);
            // SAFETY: leaked from a box of this length by `make_chunk`, and taken back once (2).
            drop(unsafe { Box::from_raw(cold.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[test]
    fn what_is_larger_than_a_target_can_address_is_refused() {
        let storage = Storage::new(1);
        // Rounded up it takes 2 GiB.
        let large = Layout::from_size_align(MAX_SIZE, SMALL_STEP).expect("a layout");
        let refused = (usize::BITS == 32).then_some(SpawnLimit::Memory);
        assert_eq!(storage.class_of(large).err(), refused);
    }

    #[test]
    fn a_slot_past_the_end_of_a_chunk_is_brought_near_without_overflow() {
        let wide = ChunkView { stride: MAX_SIZE, ..ChunkView::NONE };
        wide.prefetch(PLACE);
        assert!(!wide.has(PLACE));
    }

    #[test]
    fn a_chunk_is_kept_for_as_long_as_a_future_lies_in_it() {
        let storage = Storage::new(1);
        let room = storage.take().expect("there is memory");
        let chunk = storage.chunk(0).expect("it was made for the room");
        assert!(!chunk.holds_future());
        let (slot, _) = room.fill(pending::<()>(), 0);
        assert!(chunk.holds_future());
        slot.cancelled();
        assert!(chunk.holds_future());
        slot.drop_future();
        assert!(!chunk.holds_future());
    }
}
