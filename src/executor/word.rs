//! The state, flags, lane, wait and generation of a task in one word, so that a resume reads and writes
//! them at once.

use std::fmt;

use super::inspect::WaitKind;
use super::task::{State, flag};

/// From the low end: 32 bits of generation, then 8 each of state, flags, lane and wait.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) struct Word(u64);

const STATE: u32 = 32;
const FLAGS: u32 = 40;
const LANE: u32 = 48;
const WAIT: u32 = 56;

impl Word {
    pub(super) const fn vacant(generation: u32) -> Self {
        Word(generation as u64)
    }

    const fn byte(self, at: u32) -> u8 {
        (self.0 >> at) as u8
    }

    const fn with(self, at: u32, byte: u8) -> Self {
        Word((self.0 & !(0xFF << at)) | ((byte as u64) << at))
    }

    #[inline]
    pub(super) const fn generation(self) -> u32 {
        self.0 as u32
    }

    pub(super) const fn with_generation(self, generation: u32) -> Self {
        Word((self.0 >> 32 << 32) | generation as u64)
    }

    #[inline]
    pub(super) fn state(self) -> State {
        const STATES: [State; 8] = [
            State::Vacant,
            State::Idle,
            State::Running,
            State::Completed,
            State::Ended,
            State::Retired,
            State::Retired,
            State::Retired,
        ];
        STATES[usize::from(self.byte(STATE) & 7)]
    }

    #[inline]
    pub(super) const fn with_state(self, state: State) -> Self {
        self.with(STATE, state as u8)
    }

    #[inline]
    pub(super) const fn flags(self) -> u8 {
        self.byte(FLAGS)
    }

    #[inline]
    pub(super) const fn with_flags(self, flags: u8) -> Self {
        self.with(FLAGS, flags)
    }

    #[inline]
    pub(super) const fn lane(self) -> u8 {
        self.byte(LANE)
    }

    #[inline]
    pub(super) const fn with_lane(self, lane: u8) -> Self {
        self.with(LANE, lane)
    }

    pub(super) fn wait(self) -> WaitKind {
        WaitKind::ALL[usize::from(self.byte(WAIT)) % WaitKind::ALL.len()]
    }

    #[inline]
    pub(super) const fn with_wait(self, wait: WaitKind) -> Self {
        self.with(WAIT, wait as u8)
    }

    /// With what a task has besides that waits for its lane's next step.
    #[inline]
    pub(super) const fn with_next(self, mark: NextMark) -> Self {
        Word((self.0 & !(0xFF << WAIT)) | mark.0)
    }

    /// Of a running task: idle.
    #[inline]
    pub(super) const fn parked(self) -> Self {
        Word(self.0 ^ (((State::Running as u64) ^ (State::Idle as u64)) << STATE))
    }

    /// Whether it is idle, and has just `flags` of the flags in `among`.
    #[inline]
    pub(super) const fn is_idle_with(self, among: u8, flags: u8) -> bool {
        let mask = (0xFF << STATE) | ((among as u64) << FLAGS);
        let expected = ((State::Idle as u64) << STATE) | ((flags as u64) << FLAGS);
        self.0 & mask == expected
    }

    /// Running, without the flags in `among`, and waiting for nothing that is known.
    #[inline]
    pub(super) const fn begun_without(self, among: u8) -> Self {
        let gone = (0xFF << STATE) | ((among as u64) << FLAGS) | (0xFF << WAIT);
        Word((self.0 & !gone) | ((State::Running as u64) << STATE))
    }
}

/// What the word of a task that waits for its lane's next step has set.
#[derive(Copy, Clone, Debug)]
pub(super) struct NextMark(u64);

impl NextMark {
    pub(super) const fn new(flags: u8) -> Self {
        NextMark((((flags & flag::NEXT_BOTH) as u64) << FLAGS) | ((WaitKind::NextFrame as u64) << WAIT))
    }
}

const _: () = assert!(WaitKind::Unknown as u8 == 0, "a word without a wait waits for nothing that is known");

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Word")
            .field("generation", &self.generation())
            .field("state", &self.state())
            .field("flags", &format_args!("{:#010b}", self.flags()))
            .field("lane", &self.lane())
            .field("wait", &self.wait())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_word_dont_touch_each_other() {
        let word = Word::vacant(u32::MAX)
            .with_state(State::Idle)
            .with_flags(0b1010_0110)
            .with_lane(31)
            .with_wait(WaitKind::Condition)
            .with_generation(7);
        let parts = |word: Word| (word.generation(), word.state(), word.flags(), word.lane(), word.wait());
        assert_eq!(parts(word), (7, State::Idle, 0b1010_0110, 31, WaitKind::Condition));
        assert!(word.is_idle_with(0b0000_0111, 0b0000_0110) && !word.is_idle_with(0b0000_0111, 0b0000_0010));
        assert_eq!(parts(word.begun_without(6)), (7, State::Running, 0b1010_0000, 31, WaitKind::Unknown));
        for kind in WaitKind::ALL {
            assert_eq!(word.with_wait(kind).wait(), kind);
        }
    }
}
