//! The state, flags, lane and wait of a task in one word, so that a resume reads and writes them at once.

use std::fmt;

use super::inspect::WaitKind;
use super::task::{State, flag};

/// From the low end: 8 bits each of state, flags, lane and wait.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) struct Word(u32);

const STATE: u32 = 0;
const FLAGS: u32 = 8;
const LANE: u32 = 16;
const WAIT: u32 = 24;

impl Word {
    pub(super) const VACANT: Word = Word((State::Vacant as u32) << STATE);

    const fn byte(self, at: u32) -> u8 {
        (self.0 >> at) as u8
    }

    const fn with(self, at: u32, byte: u8) -> Self {
        Word((self.0 & !(0xFF << at)) | ((byte as u32) << at))
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
    pub(super) const fn is(self, state: State) -> bool {
        self.byte(STATE) == state as u8
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

    /// Whether the task can still be polled.
    #[inline]
    pub(super) const fn is_live(self) -> bool {
        self.byte(STATE).wrapping_sub(State::Idle as u8) <= State::Running as u8 - State::Idle as u8
    }

    /// Whether it is idle and was woken, and waits for no step.
    #[inline]
    pub(super) const fn is_just_woken(self) -> bool {
        const ANY: u32 = (0xFF << LANE) | (0xFF << WAIT) | (((flag::HANDLE | flag::AGAIN) as u32) << FLAGS);
        self.0 & !ANY == ((State::Idle as u32) << STATE) | (((flag::FUTURE | flag::QUEUED) as u32) << FLAGS)
    }

    /// Of such a task: it runs, and isn't queued any more.
    #[inline]
    pub(super) const fn taken_up(self, again: bool) -> Self {
        const KEPT: u32 = (0xFF << LANE) | (((flag::HANDLE | flag::FUTURE) as u32) << FLAGS);
        let again = if again { (flag::AGAIN as u32) << FLAGS } else { 0 };
        Word(self.0 & KEPT | again | ((State::Running as u32) << STATE))
    }

    /// With one flag more.
    #[inline]
    pub(super) const fn queued(self) -> Self {
        Word(self.0 | ((flag::QUEUED as u32) << FLAGS))
    }

    /// Between idle and running.
    #[inline]
    pub(super) const fn flipped(self) -> Self {
        Word(self.0 ^ FLIP)
    }

    /// Of a running task that the release of its wait resumed: idle, and waiting for the release after.
    #[inline]
    pub(super) const fn parked_for_next(self) -> Self {
        Word(self.0 ^ (FLIP | ((flag::NEXT_ODD as u32) << FLAGS)))
    }
}

const _: () = assert!(WaitKind::Unknown as u8 == 0, "a word without a wait waits for nothing that is known");

const FLIP: u32 = ((State::Running as u32) ^ (State::Idle as u32)) << STATE;

/// What the word of a task looks like that waits for its lane's next step and for nothing else, and that nothing
/// else woke: the rest of it is its lane, and whether somebody holds its handle.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct AtRest(u32);

impl AtRest {
    /// No word is: it has bits that aren't looked at.
    pub(super) const NONE: AtRest = AtRest(u32::MAX);

    /// `next` is the flags of those waits.
    pub(super) const fn new(next: u8) -> Self {
        AtRest(
            ((State::Idle as u32) << STATE)
                | (((next & flag::NEXT_BOTH | flag::FUTURE) as u32) << FLAGS)
                | ((WaitKind::NextFrame as u32) << WAIT),
        )
    }

    #[inline]
    pub(super) const fn is_it(self, word: Word) -> bool {
        const ANY: u32 = (0xFF << LANE) | ((flag::HANDLE as u32) << FLAGS);
        word.0 & !ANY == self.0
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Word")
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
        let word =
            Word::VACANT.with_state(State::Idle).with_flags(0b1010_0110).with_lane(31).with_wait(WaitKind::Condition);
        let parts = |word: Word| (word.state(), word.flags(), word.lane(), word.wait());
        assert_eq!(parts(word), (State::Idle, 0b1010_0110, 31, WaitKind::Condition));
        assert_eq!(parts(word.flipped()), (State::Running, 0b1010_0110, 31, WaitKind::Condition));
        assert_eq!(word.flipped().flipped(), word);
        for kind in WaitKind::ALL {
            assert_eq!(word.with_wait(kind).wait(), kind);
        }
    }

    #[test]
    fn a_task_that_was_just_woken_is_idle_and_queued_and_has_its_future_and_nothing_else() {
        let woken = Word::VACANT.with_state(State::Idle).with_flags(flag::FUTURE | flag::QUEUED);
        let also = |flags| woken.with_flags(woken.flags() | flags);
        assert!(woken.is_just_woken());
        for flags in [flag::HANDLE, flag::AGAIN, flag::HANDLE | flag::AGAIN] {
            assert!(also(flags).is_just_woken());
        }
        for flags in [flag::NEXT, flag::NEXT_ODD, flag::NEXT_MORE, flag::CANCEL] {
            assert!(!also(flags).is_just_woken(), "{flags:#b}");
        }
        for flags in [flag::FUTURE, flag::QUEUED] {
            assert!(!woken.with_flags(flags).is_just_woken(), "{flags:#b} alone");
        }
        for state in [State::Vacant, State::Running, State::Completed, State::Ended, State::Retired] {
            assert!(!woken.with_state(state).is_just_woken(), "{state:?}");
        }
        for wait in WaitKind::ALL {
            assert!(woken.with_lane(31).with_wait(wait).is_just_woken(), "{wait:?}");
        }
        assert!(!Word(u32::MAX).is_just_woken());
    }

    #[test]
    fn a_task_that_is_taken_up_runs_and_keeps_its_future_its_handle_and_its_lane() {
        let woken = Word::VACANT
            .with_state(State::Idle)
            .with_flags(flag::FUTURE | flag::QUEUED | flag::HANDLE | flag::AGAIN)
            .with_lane(31)
            .with_wait(WaitKind::Sleep);
        let kept = flag::FUTURE | flag::HANDLE;
        for (again, flags) in [(false, kept), (true, kept | flag::AGAIN)] {
            let taken = woken.taken_up(again);
            let parts = (taken.state(), taken.flags(), taken.lane(), taken.wait());
            assert_eq!(parts, (State::Running, flags, 31, WaitKind::Unknown));
            let detached = woken.with_flags(woken.flags() & !flag::HANDLE).taken_up(again);
            assert_eq!(detached, taken.with_flags(flags & !flag::HANDLE));
        }
    }

    #[test]
    fn a_task_at_rest_waits_for_one_release_and_nothing_else() {
        let odd = flag::NEXT | flag::NEXT_ODD;
        let at_rest = Word::VACANT
            .with_state(State::Idle)
            .with_flags(flag::FUTURE | flag::NEXT)
            .with_lane(3)
            .with_wait(WaitKind::NextFrame);
        let is_it = |word| AtRest::new(flag::NEXT).is_it(word);
        assert!(is_it(at_rest) && is_it(at_rest.with_flags(at_rest.flags() | flag::HANDLE)));
        for other in [flag::QUEUED, flag::NEXT_ODD, flag::NEXT_MORE, flag::CANCEL, flag::AGAIN] {
            assert!(!is_it(at_rest.with_flags(at_rest.flags() | other)));
        }
        assert!(!is_it(at_rest.with_wait(WaitKind::Sleep)) && !is_it(at_rest.with_state(State::Ended)));
        let parked = at_rest.flipped().parked_for_next();
        assert!(!is_it(parked) && AtRest::new(odd).is_it(parked));
        assert!(![Word::VACANT, at_rest, parked, Word(u32::MAX)].into_iter().any(|word| AtRest::NONE.is_it(word)));
    }
}
