//! One armed timer, as the futures here hold it: disarmed when it is dropped.

use std::task::Waker;

use crate::executor::core::Core;
use crate::executor::layout::fits;
use crate::executor::{Deadline, TimerKey, current};

#[derive(Debug)]
pub(super) struct Timer {
    key: TimerKey,
    serial: u32,
    clock: u16,
    /// Whether it isn't known to be over. A `bool`, in which the futures' own states find room.
    is_armed: bool,
}

const _: () = assert!(fits::<Option<Timer>>(24));

impl Timer {
    /// Arms a timer; `None` when the deadline isn't ahead.
    #[inline]
    pub(super) fn arm(core: &Core, clock: u16, deadline: Deadline, waker: &Waker) -> Option<Timer> {
        let key = core.arm_timer(clock, deadline, waker)?;
        Some(Timer { key, serial: core.serial(), clock, is_armed: true })
    }

    /// Whether the deadline has come; if not, it will wake what `waker` wakes. `core` is the executor that polls.
    #[inline]
    pub(super) fn is_over(&mut self, core: &Core, waker: &Waker) -> bool {
        // What a resume meets: armed here, and fired.
        if self.serial == core.serial() && core.has_fired(self.clock, self.key) {
            self.is_armed = false;
            return true;
        }
        self.poll_again(waker)
    }

    /// Polled before its time, while timers of its clock fire, or elsewhere than where it was armed.
    #[inline(never)]
    fn poll_again(&mut self, waker: &Waker) -> bool {
        let is_over = current::with_serial(self.serial, |core| {
            let has_come = || core.clock_now(self.clock) >= self.key.deadline();
            let mut is_over = has_come();
            if !is_over {
                core.update_timer(self.clock, self.key, waker);
                // Where that has ended the executor there is no time any more.
                is_over = !core.is_closed() && has_come();
            }
            if is_over {
                core.disarm_timer(self.clock, self.key);
            }
            is_over
        });
        let is_over =
            is_over.expect("this wait is for a clock whose executor was dropped: drop it, and make a new one");
        self.is_armed = !is_over;
        is_over
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        if self.is_armed {
            current::with_serial(self.serial, |core| core.disarm_timer(self.clock, self.key));
        }
    }
}
