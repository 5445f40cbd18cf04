//! Waits for frames, for times of a clock, and for lanes.
//!
//! Every wait arms when it is first polled, in the step that polls it; one that is over already doesn't
//! yield. Dropping a wait takes it back at once and leaves nothing behind.

mod clock;
mod frames;
mod interval;
mod resume_in;
mod sleep;
mod timeout;
mod timer;
mod yield_now;

pub use clock::{Clock, set_task_clock, task_clock};
pub use frames::{Frames, NextFrame, frames, next_frame};
pub use interval::{Interval, IntervalNext, Missed, interval};
pub use resume_in::{ResumeIn, resume_in};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout};
pub use yield_now::{YieldNow, yield_now};
