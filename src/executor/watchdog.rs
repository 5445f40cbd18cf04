//! The watchdog: one thread for all executors of the process that are watched.
//!
//! The rule: it looks, and tells. What it looks at are values (`watch`), so it needs nothing of an executor and holds up none
//! for longer than it takes to copy them. Each thing that doesn't get on is told once, outside of all locks, and not if it
//! got on while another was told. Nothing that a callback does ends the thread.
//!
//! How: nobody reads a clock. The thread wakes a few times within the shortest limit, and a look counts what it waited since
//! the one before; what is seen at the same thing for its limit is stuck. So time in which the whole process stood still, as
//! in a debugger, counts as one look. The thread starts with the first executor that asks, and sleeps while none is watched.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use super::lifecycle::drop_payload;
use super::registry::lock;
use super::shared::{Mutex, shared_static};
use super::watch::{OnStuck, Stuck, Watch};

/// So many looks within a limit.
const LOOKS: u32 = 4;
/// No more than one look in this time.
const SHORTEST: Duration = Duration::from_millis(1);

shared_static! {
    static WATCHDOG: Mutex<Watchdog> = Mutex::new(Watchdog { watched: Vec::new(), wake: None });
}

pub(super) struct Watchdog {
    watched: Vec<Watched>,
    /// To the thread, once there is one.
    pub(super) wake: Option<Sender<()>>,
}

impl Watchdog {
    /// The time from look to look; `None` while there is nothing to look at.
    fn period(&self) -> Option<Duration> {
        let shortest = self.watched.iter().map(|watched| watched.watch.limit).min()?;
        Some((shortest / LOOKS).max(SHORTEST))
    }

    /// See [`register`].
    pub(super) fn register(&mut self, watch: &Arc<Watch>) -> bool {
        let before = self.period();
        self.watched.push(Watched::new(watch.clone()));
        let sleeps_too_long = before.is_none_or(|before| self.period() < Some(before));
        let has_thread = self.wake.as_ref().is_some_and(|wake| !sleeps_too_long || wake.send(()).is_ok());
        if !has_thread {
            // There is none yet, or no longer.
            let (wake, woken) = channel();
            let thread = thread::Builder::new().name("framestep watchdog".to_owned());
            if thread.spawn(move || keep_looking(&woken)).is_err() {
                self.watched.pop();
                return false;
            }
            self.wake = Some(wake);
        }
        true
    }

    #[cfg(all(test, not(any(miri, target_family = "wasm"))))]
    pub(super) fn of<const N: usize>(watches: [Arc<Watch>; N]) -> Self {
        Watchdog { watched: watches.map(Watched::new).into(), wake: None }
    }

    /// Looks at all, `elapsed` after the last look: what didn't get on, to be told when no lock is held.
    pub(super) fn look(&mut self, elapsed: Duration) -> Vec<Overdue> {
        self.watched.iter_mut().filter_map(|watched| watched.look(elapsed)).collect()
    }
}

/// One executor, as seen by who looks.
pub(super) struct Watched {
    watch: Arc<Watch>,
    look: Look,
}

impl Watched {
    pub(super) fn new(watch: Arc<Watch>) -> Self {
        Watched { watch, look: Look::default() }
    }

    /// Looks, `elapsed` after the last look.
    pub(super) fn look(&mut self, elapsed: Duration) -> Option<Overdue> {
        let serial = self.watch.serial();
        let lasted = self.look.at(serial, self.watch.limit, elapsed)?;
        Some(Overdue { watch: self.watch.clone(), serial: serial?, lasted })
    }
}

/// What one executor was doing for too long when it was looked at.
pub(super) struct Overdue {
    watch: Arc<Watch>,
    serial: u64,
    lasted: Duration,
}

impl Overdue {
    /// Whom to tell what about, if that is still so.
    pub(super) fn stuck(&self) -> Option<(OnStuck, Stuck)> {
        self.watch.stuck_at(self.serial, self.lasted)
    }

    /// Tells it, if it is still so.
    pub(super) fn tell(self) {
        let Some((on_stuck, stuck)) = self.stuck() else { return };
        // Its panic has been told by the panic hook; the others are told all the same. The callback goes in there, since
        // this may be the last hold on it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(move || on_stuck(&stuck))) {
            drop_payload(payload);
        }
    }
}

/// What was seen at the last look.
#[derive(Debug, Default)]
struct Look {
    serial: Option<u64>,
    lasted: Duration,
    told: bool,
}

impl Look {
    /// Sees what is being done, by its number. How long that has been so, if it is stuck and wasn't told yet.
    fn at(&mut self, serial: Option<u64>, limit: Duration, elapsed: Duration) -> Option<Duration> {
        if serial.is_none() || serial != self.serial {
            *self = Look { serial, ..Look::default() };
            return None;
        }
        self.lasted = self.lasted.saturating_add(elapsed);
        let is_news = self.lasted >= limit && !std::mem::replace(&mut self.told, self.lasted >= limit);
        is_news.then_some(self.lasted)
    }
}

/// Looks at `watch` from here on; `false` where there are no threads.
pub(super) fn register(watch: &Arc<Watch>) -> bool {
    lock(&WATCHDOG).register(watch)
}

/// Looks at `watch` no more.
pub(super) fn unregister(watch: &Arc<Watch>) {
    lock(&WATCHDOG).watched.retain(|watched| !Arc::ptr_eq(&watched.watch, watch));
}

fn keep_looking(woken: &Receiver<()>) {
    loop {
        let period = lock(&WATCHDOG).period();
        let elapsed = match period {
            None if woken.recv().is_err() => return,
            None => Duration::ZERO,
            Some(period) => match woken.recv_timeout(period) {
                Err(RecvTimeoutError::Timeout) => period,
                Err(RecvTimeoutError::Disconnected) => return,
                // Less than a period: it counts as nothing, so that nobody is told too early.
                Ok(()) => Duration::ZERO,
            },
        };
        let overdue = lock(&WATCHDOG).look(elapsed);
        overdue.into_iter().for_each(Overdue::tell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn what_stays_the_same_for_the_limit_is_told_once_and_what_changes_begins_anew() {
        let mut look = Look::default();
        let mut at = |serial, elapsed| look.at(serial, secs(5), secs(elapsed)).map(|lasted| lasted.as_secs());
        assert_eq!([at(None, 9), at(None, 9), at(Some(1), 9)], [None; 3], "nothing, and then what was just begun");
        assert_eq!([at(Some(1), 2), at(Some(1), 2), at(Some(1), 2), at(Some(1), 2)], [None, None, Some(6), None]);
        assert_eq!([at(Some(2), 9), at(Some(2), 4)], [None; 2], "another one");
        assert_eq!([at(None, 9), at(Some(2), 9), at(Some(2), 4)], [None; 3], "between steps nothing goes on");
        assert_eq!([at(Some(2), 0), at(Some(2), 1), at(Some(2), 1)], [None, Some(5), None]);
    }
}
