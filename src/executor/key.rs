//! Names of tasks: executor number, slot index and generation, packed into one word.
//!
//! The rule: a key is never reused. A slot's generation grows each time the slot is reclaimed, a slot
//! whose generation is used up is retired for good, and an executor that takes over the number of one
//! that is gone starts above its generations (`registry`). So a stale key finds nothing, ever.
//!
//! The same word is the data of a task's `Waker` (`waker`), so its width follows the target's pointers:
//! what shrinks on 32-bit targets is written at the constants.

use std::fmt;

/// Bits of a [`TaskId`] for the executor's number: 1,024 executors alive at once.
#[cfg(target_pointer_width = "64")]
pub(crate) const EXECUTOR_BITS: u32 = 10;
/// Bits for the slot: four million tasks an executor.
#[cfg(target_pointer_width = "64")]
pub(crate) const INDEX_BITS: u32 = 22;
/// Bits for the generation: four thousand million uses of one slot.
#[cfg(target_pointer_width = "64")]
pub(crate) const GENERATION_BITS: u32 = 32;

/// On 32-bit targets the number travels in the choice of vtable: 8 executors alive at once.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) const EXECUTOR_BITS: u32 = 3;
/// On 32-bit targets: 262,144 tasks an executor.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) const INDEX_BITS: u32 = 18;
/// On 32-bit targets: 16,384 uses of one slot, and so 4,294,967,296 spawns in an executor's life.
#[cfg(not(target_pointer_width = "64"))]
pub(crate) const GENERATION_BITS: u32 = 14;

/// How many executors can be alive at once in one process: few where interleavings are tried out, so that numbers
/// that were given back are soon taken again.
pub(crate) const MAX_EXECUTORS: usize = if cfg!(all(test, framestep_loom)) { 2 } else { 1 << EXECUTOR_BITS };
/// How many slots one executor can have.
pub(crate) const MAX_INDEX: u32 = 1 << INDEX_BITS;
/// The last generation that a slot can have.
pub(crate) const MAX_GENERATION: u32 = ((1_u64 << GENERATION_BITS) - 1) as u32;

/// Names one task for as long as the process runs; `Copy`, `Send`, and safe to keep after the task ended.
///
/// A stale one finds nothing: no task is ever given the key of another. Keys say nothing about order,
/// and they differ between targets: to name a script in a recording use its spawn number
/// ([`TaskInfo::number`](crate::TaskInfo)).
///
/// ```
/// let mut executor = framestep::Executor::new();
/// let id = executor.spawn(async {}).id();
/// assert!(executor.task_info(id).is_some());
/// executor.poll_once();
/// assert!(executor.task_info(id).is_none());
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

/// No task: its generation is one that no slot has.
pub(crate) const NO_TASK: TaskId = TaskId::new(0, 0, 0);

impl TaskId {
    pub(crate) const fn new(executor: u16, index: u32, generation: u32) -> Self {
        TaskId(
            ((executor as u64) << (INDEX_BITS + GENERATION_BITS))
                | ((index as u64) << GENERATION_BITS)
                | generation as u64,
        )
    }

    /// The part of the key that travels in a waker's data word.
    #[inline]
    pub(crate) const fn to_word(self) -> usize {
        self.0 as usize
    }

    /// The key back from a waker's data word; on 64-bit targets the word holds the number too.
    #[inline]
    pub(crate) const fn from_word(word: usize, executor: u16) -> Self {
        #[cfg(target_pointer_width = "64")]
        {
            let _ = executor;
            TaskId(word as u64)
        }
        #[cfg(not(target_pointer_width = "64"))]
        {
            TaskId(((executor as u64) << (INDEX_BITS + GENERATION_BITS)) | word as u64)
        }
    }

    #[inline]
    pub(crate) const fn executor(self) -> u16 {
        (self.0 >> (INDEX_BITS + GENERATION_BITS)) as u16
    }

    #[inline]
    pub(crate) const fn index(self) -> u32 {
        ((self.0 >> GENERATION_BITS) as u32) & (MAX_INDEX - 1)
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        (self.0 as u32) & MAX_GENERATION
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index(), self.generation())
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({}v{} of executor {})", self.index(), self.generation(), self.executor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_word() {
        let key = TaskId::new(5, MAX_INDEX - 1, MAX_GENERATION);
        let back = TaskId::from_word(key.to_word(), 5);
        assert_eq!(back, key);
        assert_eq!((back.executor(), back.index(), back.generation()), (5, MAX_INDEX - 1, MAX_GENERATION));
        assert_eq!(TaskId::new(0, 12, 3).to_string(), "12v3");
    }
}
