//! A step that finds nothing to do: the same eight steps, of which only the first and the last do anything.
//!
//! The rule: it is made only where a step would run no foreign code at all, be it a poll, a waker, a hook
//! or a destructor, and it leaves all as that step would. Whoever steps can so tell beforehand whether
//! what foreign code needs must be set up, which may cost more than the step. Mail from other threads
//! that arrives meanwhile waits for the next step, as if it had arrived after this one.

use super::core::Core;
use super::current;
use super::report::FrameReport;

impl Core {
    /// Steps a lane if there is nothing to do in it, but for `hooks` of its check hooks, which are known to
    /// find nothing. `None`, with nothing done, if there may be.
    #[cfg_attr(not(feature = "bevy_ecs"), expect(dead_code, reason = "for the layer over an ECS"))]
    pub(crate) fn try_quiet_step(&self, index: u8, step_nanos: u64, hooks: usize) -> Option<FrameReport> {
        if self.in_step.get() || self.draining.get() || self.closed.get() || !self.is_quiet(index, hooks) {
            return None;
        }
        self.in_step.set(true);
        let report = current::enter(self, || {
            let lane = self.lane(index);
            self.advance(index, lane, step_nanos);
            self.fire(index);
            self.release(index, lane);
            self.report(index, 0)
        });
        self.in_step.set(false);
        Some(report)
    }

    fn is_quiet(&self, index: u8, hooks: usize) -> bool {
        let lane = self.lane(index);
        self.ready_of(index).len() == 0
            && self.next_of(index).is_empty()
            && !self.lease.has_mail()
            && !self.outside.is_due()
            && !self.has_ends.get()
            && self.retired.is_empty()
            && lane.put_off.is_empty()
            && lane.slow.borrow().is_empty()
            && lane.checks.borrow().len() <= hooks
            && !self.clocks.borrow().iter().any(|clock| clock.lane == index && clock.has_timers())
    }
}
