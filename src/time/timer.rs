//! One armed timer, as the futures here hold it: disarmed when it is dropped.

use std::task::Waker;

use crate::executor::core::Core;
use crate::executor::{TimerKey, current};

#[derive(Debug)]
pub(super) struct Timer {
    serial: u32,
    clock: u16,
    deadline: u64,
    key: Option<TimerKey>,
}

impl Timer {
    /// Arms a timer; `None` when the deadline isn't ahead.
    pub(super) fn arm(core: &Core, clock: u16, deadline: u64, waker: &Waker) -> Option<Timer> {
        if core.clock_now(clock) >= deadline {
            return None;
        }
        let key = core.arm_timer(clock, deadline, waker);
        Some(Timer { serial: core.serial(), clock, deadline, key })
    }

    /// Whether the deadline has come; if not, it will wake what `waker` wakes.
    pub(super) fn is_over(&self, waker: &Waker) -> bool {
        let is_over = current::with_serial(self.serial, |core| {
            if core.clock_now(self.clock) >= self.deadline {
                return true;
            }
            if let Some(key) = self.key {
                core.update_timer(self.clock, key, waker);
            }
            false
        });
        is_over.expect("this wait is for a clock whose executor was dropped: drop it, and make a new one")
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            current::with_serial(self.serial, |core| core.disarm_timer(self.clock, key));
        }
    }
}
