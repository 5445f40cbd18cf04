//! Rows of the released list: scripts at rest, polled one after the other by a loop of their own type.
//!
//! The rule: a script is at rest when it waits for this release, for nothing else, and nothing else woke it. All
//! that such a one needs beside its poll is done here: its flags are tested in one comparison and set in one
//! store, and it stays where it is in the list (`batch`).
//!
//! How: a poll function goes on by itself with the script that comes next, as long as that has the same poll
//! function. So a crowd of one kind is one loop with the future's own code in it, without an indirect call a
//! script. Where there are many, slots further on are brought near meanwhile: the next places of the chunk, as
//! most that follow each other were spawned in a row, and where the chunk changes what the list says.

use std::ptr;
use std::slice;
use std::task::{Context, Waker};

use super::changes::ChangeKind;
use super::core::Core;
use super::inspect::WaitKind;
use super::storage::{ChunkView, PLACE};
use super::task::{Begun, BegunAs, Pending, Polled, Slot};
use super::word::AtRest;

/// How many entries ahead a slot is brought near: about the time that a fetch from memory takes.
pub(super) const AHEAD: usize = 8;
/// So many scripts in a queue are taken to be near already.
pub(super) const NEAR: usize = 2_048;

/// Where a poll function takes its context from, and the scripts that come next.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    core: &'a Core,
    waker: &'a Waker,
    context: Context<'a>,
    /// The entries that may follow; none for a script that is polled by itself.
    rest: slice::Iter<'a, u32>,
    /// Whether there are so many that they aren't all near.
    far: bool,
    chunk: ChunkView<'a>,
    first: u32,
    at_rest: AtRest,
    serial: u32,
}

impl<'a> Rows<'a> {
    /// For polls with `waker`, followed by no others until some are given.
    pub(super) fn new(core: &'a Core, waker: &'a Waker, at_rest: AtRest) -> Self {
        Rows {
            core,
            waker,
            context: Context::from_waker(waker),
            rest: [].iter(),
            far: false,
            chunk: ChunkView::NONE,
            first: 0,
            at_rest,
            serial: core.step_serial.get(),
        }
    }

    /// For polls with `waker` that are followed by no others.
    pub(super) fn alone(core: &'a Core, waker: &'a Waker) -> Self {
        Rows::new(core, waker, AtRest::NONE)
    }

    #[inline]
    pub(super) fn waker(&self) -> &'a Waker {
        self.waker
    }

    /// What to poll with.
    #[inline]
    pub(super) fn context(&mut self) -> &mut Context<'a> {
        &mut self.context
    }

    /// Undoes what a future did to the context that it was given: it can put another waker in.
    #[inline]
    pub(super) fn mend(&mut self) {
        if !ptr::eq(self.context.waker(), self.waker) {
            self.context = Context::from_waker(self.waker);
        }
    }

    /// Begins the poll of the script that comes next, if it is at rest.
    #[inline(always)]
    pub(super) fn begin(&mut self) -> Option<Begun<'a>> {
        let (slot, entry) = self.upcoming()?;
        let begun = slot.begin_at_rest(self.at_rest)?;
        self.note_begun(&begun, entry);
        Some(begun)
    }

    /// The script that comes next, and its entry.
    #[inline(always)]
    fn upcoming(&mut self) -> Option<(Slot<'a>, u32)> {
        let &entry = self.rest.as_slice().first()?;
        if !self.chunk.has(entry.wrapping_sub(self.first)) {
            self.chunk = self.other_chunk(entry)?;
            self.first = entry & !PLACE;
        }
        let place = entry.wrapping_sub(self.first);
        if self.far {
            self.chunk.prefetch(place + AHEAD as u32);
        }
        Some((self.chunk.slot(place)?, entry))
    }

    /// Notes that the poll of the script that came next has begun.
    #[inline(always)]
    fn note_begun(&mut self, begun: &Begun<'a>, entry: u32) {
        self.rest.next();
        // Its first poll in this step, or an entry of another wake would have come before.
        begun.slot().header().last_step.set(self.serial);
        self.core.batch.set_at(self.core.batch.at() + 1);
        self.core.note_poll(begun, entry);
    }

    /// The chunk that an entry's slot lies in, unless that is the present one.
    #[inline(always)]
    fn other_chunk(&self, entry: u32) -> Option<ChunkView<'a>> {
        if self.far
            && let Some(&later) = self.rest.as_slice().get(AHEAD)
        {
            self.core.storage.prefetch(later);
        }
        self.core.storage.chunk(entry)
    }

    /// Leaves a script at rest that waits for the next release, and begins the one that comes next, if it has the
    /// poll function of an `F`. The last of the entries is left to be parked by the caller.
    #[inline(always)]
    pub(super) fn next<F: Future<Output: 'static> + 'static>(
        &mut self,
        pending: Pending<'a>,
    ) -> Result<BegunAs<'a, F>, Polled<'a>> {
        if self.rest.as_slice().is_empty() {
            return Err(Polled::Pending(pending));
        }
        self.park(pending).map_err(Polled::Pending)?;
        self.begin_as().ok_or(Polled::Parked)
    }

    #[inline(always)]
    fn begin_as<F: Future<Output: 'static> + 'static>(&mut self) -> Option<BegunAs<'a, F>> {
        let (slot, entry) = self.upcoming()?;
        let begun = slot.begin_as(self.at_rest)?;
        self.note_begun(begun.begun(), entry);
        Some(begun)
    }

    /// Parks a script that was at rest, and is again: its poll left a wish and nothing else.
    #[inline(always)]
    pub(super) fn park(&mut self, pending: Pending<'a>) -> Result<(), Pending<'a>> {
        let Some(site) = self.core.wish.take() else { return Err(pending) };
        pending.park_for_next(site);
        self.core.own_waker.set(self.waker);
        self.mend();
        Ok(())
    }
}

impl Core {
    /// Polls the scripts that `entries` name, from where the batch is at, as long as they are at rest.
    #[inline]
    pub(super) fn run_rows<'a, const HEARD: bool>(&'a self, rows: &mut Rows<'a>, entries: &'a [u32]) {
        self.noted.set(false);
        rows.far = entries.len() > NEAR;
        // Who listens is told of each poll before what it does, and a fault is looked for: then none goes on by itself.
        let one_by_one = HEARD && (self.log.is_on() || self.watch.get().is_some() || self.faults.is_on());
        if HEARD && !one_by_one {
            self.begin_traced_row();
        }
        loop {
            let at = self.batch.at();
            let end = if one_by_one { entries.len().min(at + 1) } else { entries.len() };
            rows.rest = entries[at..end].iter();
            while let Some(mut begun) = rows.begin() {
                if one_by_one {
                    let at = begun.slot().header().site.get();
                    self.record_with(ChangeKind::Polled, begun.slot().cold().number.get(), |change| change.at = at);
                    self.note_script(begun.slot());
                    begun = self.without_fault(begun);
                }
                let rest = match begun.poll(rows) {
                    Polled::Parked => continue,
                    Polled::Ready => None,
                    Polled::Pending(pending) => match rows.park(pending) {
                        Ok(()) => continue,
                        Err(pending) => Some(pending),
                    },
                };
                if !self.noted.replace(false) {
                    self.current_slot().expect("a task is being polled").header().set_wait(WaitKind::Unknown);
                }
                self.finish(rest);
                rows.mend();
                self.own_waker.set(rows.waker);
                self.batch.begin_row(&self.next_now);
            }
            if !one_by_one || self.batch.at() == at {
                break;
            }
        }
        if HEARD {
            self.end_traced_row();
        }
        self.running.clear();
    }
}
