//! Where values from outside stand until scripts take them: a queue for each inlet.
//!
//! The rule: a value gets into a queue in [`Core::deliver`] and nowhere else, at step 2 and in order of arrival; so
//! what scripts see doesn't change in the middle of a step, and one place sees all that comes from outside. No
//! borrow is held while a value is dropped or a waker woken.

use std::any::Any;
use std::collections::VecDeque;
use std::task::{Poll, Waker};

use super::core::Core;
use super::outside::Codec;
use super::task::Site;

#[derive(Debug)]
pub(crate) struct InletState {
    /// Tells it from others that had the same place.
    uses: u64,
    opened_at: Site,
    /// How its values are recorded, and how many of that name were opened before.
    codec: Option<(Codec, u32)>,
    values: VecDeque<Box<dyn Any + Send>>,
    waiter: Option<Waker>,
    /// No sender is left.
    is_last: bool,
}

impl InletState {
    /// What of it others made, each to be dropped by itself.
    pub(super) fn into_parts(self) -> impl Iterator<Item = (Option<Box<dyn Any + Send>>, Option<Waker>)> {
        let waiter = self.waiter.into_iter().map(|waiter| (None, Some(waiter)));
        self.values.into_iter().map(|value| (Some(value), None)).chain(waiter)
    }
}

/// Names one inlet of an executor; a stale one finds nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct InletKey {
    place: u32,
    uses: u64,
}

impl Core {
    pub(crate) fn open_inlet(&self, codec: Option<Codec>, opened_at: Site) -> InletKey {
        let uses = self.inlet_uses.get() + 1;
        self.inlet_uses.set(uses);
        let codec = codec.map(|codec| {
            let mut names = self.inlet_names.borrow_mut();
            let next = names.entry(codec.name).or_insert(0);
            *next += 1;
            (codec, *next - 1)
        });
        let state = InletState { uses, opened_at, codec, values: VecDeque::new(), waiter: None, is_last: false };
        let place = self.inlets.borrow_mut().insert(state);
        InletKey { place: place as u32, uses }
    }

    fn with_inlet<R>(&self, key: InletKey, f: impl FnOnce(&mut InletState) -> R) -> Option<R> {
        let mut inlets = self.inlets.borrow_mut();
        inlets.get_mut(key.place as usize).filter(|inlet| inlet.uses == key.uses).map(f)
    }

    /// How an inlet's values are recorded, and where it was opened; `None` when it is gone.
    pub(super) fn codec_of(&self, key: InletKey) -> Option<(Option<(Codec, u32)>, Site)> {
        self.with_inlet(key, |inlet| (inlet.codec, inlet.opened_at))
    }

    /// The open inlet that was recorded by this name and number.
    pub(super) fn find_inlet(&self, name: &str, number: u32) -> Option<(InletKey, Codec)> {
        let inlets = self.inlets.borrow();
        inlets.iter().find_map(|(place, inlet)| {
            let (codec, its_number) = inlet.codec?;
            let is_it = codec.name == name && its_number == number;
            is_it.then_some((InletKey { place: place as u32, uses: inlet.uses }, codec))
        })
    }

    /// Makes a value visible to the scripts that wait at an inlet: the only way in from outside.
    pub(super) fn deliver(&self, key: InletKey, value: Box<dyn Any + Send>) {
        let mut value = Some(value);
        let waiter = self.with_inlet(key, |inlet| {
            inlet.values.extend(value.take());
            inlet.waiter.take()
        });
        // Of an inlet that is gone.
        drop(value);
        if let Some(waiter) = waiter.flatten() {
            waiter.wake();
        }
    }

    /// Notes that no more values come.
    pub(super) fn last_sent(&self, key: InletKey) {
        let waiter = self.with_inlet(key, |inlet| {
            inlet.is_last = true;
            inlet.waiter.take()
        });
        if let Some(waiter) = waiter.flatten() {
            waiter.wake();
        }
    }

    /// The next value; none when none is there, and ready with none when none will come. Then `waker`, if there is
    /// one, is woken when that changes.
    pub(crate) fn next_of_inlet(&self, key: InletKey, waker: Option<&Waker>) -> Poll<Option<Box<dyn Any + Send>>> {
        let mut waiter = waker.cloned();
        let next = self.with_inlet(key, |inlet| {
            if let Some(value) = inlet.values.pop_front() {
                return Poll::Ready(Some(value));
            }
            if inlet.is_last {
                return Poll::Ready(None);
            }
            if waiter.is_some() {
                std::mem::swap(&mut inlet.waiter, &mut waiter);
            }
            Poll::Pending
        });
        // The waiter before, or the one that isn't needed.
        drop(waiter);
        next.unwrap_or(Poll::Ready(None))
    }

    /// Whom an inlet wakes isn't interested any more.
    pub(crate) fn forget_waiter(&self, key: InletKey) {
        let waiter = self.with_inlet(key, |inlet| inlet.waiter.take());
        drop(waiter);
    }

    /// Drops an inlet, with the values that nobody took.
    pub(crate) fn close_inlet(&self, key: InletKey) {
        let is_it = self.with_inlet(key, |_| ()).is_some();
        let state = if is_it { self.inlets.borrow_mut().try_remove(key.place as usize) } else { None };
        drop(state);
    }
}
