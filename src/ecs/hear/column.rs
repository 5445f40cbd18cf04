//! Ears of one kind: those that pick the same in the same way.
//!
//! The rule: no user code runs under a lock: neither a picker, nor a destructor of what was kept, nor a
//! waker. While pickers run they are out of their place, so an ear that ends meanwhile leaves its picker
//! to be dropped when they are back.
//!
//! How: ears lie in rows that are used again, with the room that they had, so that hearing allocates
//! nothing once as many have listened and as much was kept. Ears that follow each other in a hub's list and
//! are of one kind are offered a message in one loop.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use super::super::checks::{Payload, guarded};
use super::pick::Pick;
use crate::executor::shared::{AtomicU32, Mutex, MutexGuard};

/// An ear's place in its hub: its number, by which ears are in order, and its row in a column.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) column: u32,
    pub(super) row: u32,
}

/// The row of an ear that has ended.
pub(super) const NO_ROW: u32 = u32::MAX;

/// What an ear is for.
#[derive(Copy, Clone, Debug)]
pub(super) enum Keep {
    /// The first that comes, and no more.
    First,
    /// The newest, so many of them.
    Newest(usize),
}

/// Whom to wake, with the numbers that say in which order.
pub(crate) type WakeList = Vec<(u64, Waker)>;

/// A column as the hub sees it: it hears `X`.
pub(super) trait Offer<X>: Send + Sync {
    /// Offers what was heard to the ears at the head of `list`, up to the first of another column; gives
    /// how many those were. Without `due` nobody is to be woken yet.
    fn offer(&self, list: &[Entry], heard: &X, due: Option<&mut WakeList>) -> usize;
    /// Whom to wake of an ear that has heard something without waking who waits for it.
    fn overdue(&self, row: u32) -> Option<(u64, Waker)>;
    /// Counts what was gone before it could be offered.
    fn miss(&self, row: u32, count: u64);
    /// The hub has let go of an ear whose wait is gone.
    fn free(&self, row: u32);
    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// A column as a wait sees it: it gives `T`.
pub(crate) trait Ears<T>: Send + Sync {
    fn pop(&self, row: u32) -> Option<T>;
    fn take_panic(&self, row: u32) -> Option<Payload>;
    fn kept(&self, row: u32) -> usize;
    fn missed(&self, row: u32) -> u64;
    fn set_bound(&self, row: u32, bound: usize);
    /// Has what comes next wake `waker`, in the order of `number`, unless a number was given before. Whether it has come
    /// already: a foreign waker may do anything when it is cloned.
    fn arm(&self, row: u32, number: u64, waker: &Waker) -> bool;
    fn disarm(&self, row: u32);
    /// The wait is gone.
    fn close(&self, row: u32);
}

pub(super) struct Column<P, T> {
    number: u32,
    /// Empty while they run.
    pickers: Mutex<Vec<Option<P>>>,
    rows: Mutex<Rows<T>>,
    /// How many ears have ended whose pickers are still here, since one of them runs.
    ending: AtomicU32,
}

struct Rows<T> {
    rows: Vec<Row<T>>,
    free: Vec<u32>,
}

struct Row<T> {
    keep: Keep,
    kept: VecDeque<T>,
    missed: u64,
    is_open: bool,
    /// The wait for the next one: its number, by which it is woken in order.
    armed: Option<u64>,
    waker: Option<Waker>,
    /// What its picker panicked with.
    panic: Option<Payload>,
}

/// A lock here guards plain data that is whole between any two statements.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<P, T> Column<P, T> {
    pub(super) fn new(number: u32) -> Self {
        let rows = Mutex::new(Rows { rows: Vec::new(), free: Vec::new() });
        Column { number, pickers: Mutex::default(), rows, ending: AtomicU32::new(0) }
    }

    /// Takes in an ear; gives its row.
    pub(super) fn fill(&self, picker: P, keep: Keep) -> u32 {
        let row = {
            let mut rows = lock(&self.rows);
            let index = rows.free.pop().unwrap_or_else(|| {
                let row = Row {
                    keep,
                    kept: VecDeque::new(),
                    missed: 0,
                    is_open: false,
                    armed: None,
                    waker: None,
                    panic: None,
                };
                rows.rows.push(row);
                u32::try_from(rows.rows.len() - 1).expect("fewer than four thousand million ears at once")
            });
            let row = &mut rows.rows[index as usize];
            row.keep = keep;
            row.missed = 0;
            row.is_open = true;
            index
        };
        let mut pickers = lock(&self.pickers);
        if pickers.len() <= row as usize {
            pickers.resize_with(row as usize + 1, || None);
        }
        pickers[row as usize] = Some(picker);
        row
    }

    fn row<R>(&self, row: u32, f: impl FnOnce(&mut Row<T>) -> R) -> R {
        f(&mut lock(&self.rows).rows[row as usize])
    }

    /// Takes out one thing that an ear has no more use for, to be dropped where nothing is locked.
    fn take_rest(&self, row: u32) -> Option<Rest<T>> {
        self.row(row, |row| {
            let kept = row.kept.pop_front().map(Rest::Kept);
            kept.or_else(|| row.waker.take().map(Rest::Waker)).or_else(|| row.panic.take().map(Rest::Panic))
        })
    }
}

/// What is left of an ear.
#[expect(dead_code, reason = "it is held to be dropped")]
enum Rest<T> {
    Kept(T),
    Waker(Waker),
    Panic(Payload),
}

/// Puts pickers back in their place, also when a destructor unwinds.
struct Lent<'a, P> {
    place: &'a Mutex<Vec<Option<P>>>,
    pickers: Vec<Option<P>>,
}

impl<P> Drop for Lent<'_, P> {
    fn drop(&mut self) {
        let mut place = lock(self.place);
        let meanwhile = std::mem::replace(&mut *place, std::mem::take(&mut self.pickers));
        for (row, picker) in meanwhile.into_iter().enumerate().filter(|(_, picker)| picker.is_some()) {
            if place.len() <= row {
                place.resize_with(row + 1, || None);
            }
            place[row] = picker;
        }
    }
}

impl<X, P> Offer<X> for Column<P, P::Output>
where
    P: Pick<X>,
{
    fn offer(&self, list: &[Entry], heard: &X, mut due: Option<&mut WakeList>) -> usize {
        let mut lent = Lent { place: &self.pickers, pickers: std::mem::take(&mut *lock(&self.pickers)) };
        let mut seen = 0;
        for entry in list.iter().take_while(|entry| entry.column == self.number) {
            seen += 1;
            let Some(place) = lent.pickers.get_mut(entry.row as usize) else { continue };
            let Some(picker) = place else { continue };
            if self.ending.load(Ordering::Relaxed) > 0 && !self.row(entry.row, |row| row.is_open) {
                continue;
            }
            let picked = match guarded(|| picker.pick(heard)) {
                Ok(None) => continue,
                Ok(Some(picked)) => Ok(picked),
                Err(payload) => Err(payload),
            };
            let mut rows = lock(&self.rows);
            let row = &mut rows.rows[entry.row as usize];
            let mut given_way = None;
            let had_none = row.kept.is_empty();
            let mut is_done = false;
            match picked {
                // The ear has ended by the doing of its own picker.
                Ok(picked) if !row.is_open => given_way = Some(Rest::Kept(picked)),
                Ok(picked) => {
                    if matches!(row.keep, Keep::Newest(bound) if row.kept.len() >= bound) {
                        given_way = row.kept.pop_front().map(Rest::Kept);
                        row.missed += 1;
                    }
                    row.kept.push_back(picked);
                    is_done = matches!(row.keep, Keep::First);
                }
                Err(payload) => given_way = row.panic.replace(payload).map(Rest::Panic),
            }
            if had_none
                && let Some(due) = due.as_deref_mut()
                && let Some(number) = row.armed
                && let Some(waker) = row.waker.take()
            {
                due.push((number, waker));
            }
            drop(rows);
            // It wanted one, and has it.
            let done = place.take_if(|_| is_done);
            // Nobody is left to be told of a panic in here.
            let _ = guarded(|| drop(given_way));
            let _ = guarded(|| drop(done));
        }
        seen
    }

    fn overdue(&self, row: u32) -> Option<(u64, Waker)> {
        self.row(row, |row| {
            let number = row.armed.filter(|_| !row.kept.is_empty() || row.panic.is_some())?;
            Some((number, row.waker.take()?))
        })
    }

    fn miss(&self, row: u32, count: u64) {
        self.row(row, |row| row.missed += count);
    }

    fn free(&self, row: u32) {
        self.ending.fetch_sub(1, Ordering::Relaxed);
        let picker = lock(&self.pickers).get_mut(row as usize).and_then(Option::take);
        drop(picker);
        while let Some(rest) = self.take_rest(row) {
            drop(rest);
        }
        lock(&self.rows).free.push(row);
    }

    fn as_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl<P: Send, T: Send> Ears<T> for Column<P, T> {
    fn pop(&self, row: u32) -> Option<T> {
        self.row(row, |row| row.kept.pop_front())
    }

    fn take_panic(&self, row: u32) -> Option<Payload> {
        self.row(row, |row| row.panic.take())
    }

    fn kept(&self, row: u32) -> usize {
        self.row(row, |row| row.kept.len())
    }

    fn missed(&self, row: u32) -> u64 {
        self.row(row, |row| row.missed)
    }

    fn set_bound(&self, row: u32, bound: usize) {
        self.row(row, |row| row.keep = Keep::Newest(bound));
    }

    fn arm(&self, row: u32, number: u64, waker: &Waker) -> bool {
        let is_same = self.row(row, |row| {
            row.armed.get_or_insert(number);
            row.waker.as_ref().is_some_and(|kept| kept.will_wake(waker))
        });
        if is_same {
            return false;
        }
        let waker = waker.clone();
        let (before, has_come) = self.row(row, |row| {
            let has_come = !row.kept.is_empty() || row.panic.is_some();
            (row.waker.replace(waker), has_come)
        });
        drop(before);
        has_come
    }

    fn disarm(&self, row: u32) {
        self.row(row, |row| row.armed = None);
    }

    fn close(&self, row: u32) {
        self.ending.fetch_add(1, Ordering::Relaxed);
        self.row(row, |row| {
            row.is_open = false;
            row.armed = None;
        });
    }
}
