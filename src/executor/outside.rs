//! What comes from outside, recorded and replayed.
//!
//! The rule: a step takes in what came from outside at its step 2 and nowhere else (`injector`), so what is kept
//! there, with the number of the step, is all that it was. In a replay what comes from outside is discarded in that
//! place, and what the recording says of the step is taken in instead, in its order.
//!
//! How: what can be named on another run is kept: a script by its spawn number, an inlet by its name and how many of
//! that name were opened before, a value by its bytes, for which the inlet has a codec. What can't is named by
//! its place. What a replay can't do as recorded is a fault, which the player asks for.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Executor;
use super::arrivals::Arrival;
use super::core::Core;
use super::key::TaskId;
use super::lifecycle::message_of;
use super::mail::{Job, Post};
use super::task::Site;

/// A value whose type is forgotten.
type Value = Box<dyn Any + Send>;

/// How the values of an inlet are kept and given again.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Codec {
    /// Names the inlet.
    pub(crate) name: &'static str,
    /// The bytes of a value; `None` where it can't be kept.
    pub(crate) encode: fn(&(dyn Any + Send)) -> Option<Vec<u8>>,
    /// The value of bytes; `None` where they are none of its type.
    pub(crate) decode: fn(&[u8]) -> Option<Value>,
}

#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// Steps begun since the arrivals were last taken or given.
    steps: Cell<u32>,
    keeps: Cell<bool>,
    kept: RefCell<Vec<(u32, Arrival)>>,
    replays: Cell<bool>,
    /// What is still to arrive.
    queue: RefCell<VecDeque<(u32, Arrival)>>,
    /// What arrived in this step, or between the one before and this, and is for an outer layer.
    passed_on: RefCell<Vec<Arrival>>,
    faults: RefCell<Vec<String>>,
    discarded: Cell<u64>,
}

impl Outside {
    /// Counts a step that begins.
    #[inline]
    pub(super) fn count_step(&self) {
        self.steps.set(self.steps.get().wrapping_add(1));
    }

    /// Whether a replay has something for the step that comes next.
    pub(super) fn is_due(&self) -> bool {
        self.replays.get()
            && (!self.passed_on.borrow().is_empty()
                || self.queue.borrow().front().is_some_and(|(step, _)| *step <= self.steps.get()))
    }

    /// Whether what comes is kept, or discarded.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.keeps.get() || self.replays.get()
    }

    #[inline]
    pub(super) fn replays(&self) -> bool {
        self.replays.get()
    }

    /// What a replay has next for the step that has begun.
    fn next_due(&self) -> Option<Arrival> {
        let mut queue = self.queue.borrow_mut();
        queue.front().filter(|(step, _)| *step < self.steps.get())?;
        queue.pop_front().map(|(_, arrival)| arrival)
    }

    fn fault(&self, fault: String) {
        self.faults.borrow_mut().push(fault);
    }
}

#[cfg(feature = "replay")]
impl Core {
    /// Keeps nothing that comes from outside from here on, and forgets what was kept.
    pub(super) fn keep_no_arrivals(&self) {
        self.outside.keeps.set(false);
        self.outside.kept.borrow_mut().clear();
    }
}

impl Executor {
    /// Keeps what comes from outside from here on, or no longer, for [`take_arrivals`](Self::take_arrivals).
    #[doc(hidden)]
    pub fn keep_arrivals(&self, on: bool) {
        let outside = &self.core().outside;
        outside.keeps.set(on);
        outside.steps.set(0);
        outside.kept.borrow_mut().clear();
    }

    /// Moves what was kept to the end of `into`, in order, each with the number of the lane step that took it in:
    /// 0 for the first since arrivals were last taken. What came after the last of those steps stays, and
    /// belongs to the first of the next.
    #[doc(hidden)]
    pub fn take_arrivals(&self, into: &mut Vec<(u32, Arrival)>) {
        let outside = &self.core().outside;
        let steps = outside.steps.replace(0);
        let mut kept = outside.kept.borrow_mut();
        let over = kept.iter().position(|(step, _)| *step >= steps).unwrap_or(kept.len());
        into.extend(kept.drain(..over));
        kept.iter_mut().for_each(|(step, _)| *step -= steps);
    }

    /// Discards what comes from outside from here on, and takes in these instead, each in the lane step with its
    /// number, from 0 for the next; they are in order of the steps. `None` ends the replay.
    ///
    /// What was given before and hasn't arrived yet is a fault.
    #[doc(hidden)]
    pub fn replay_arrivals(&self, arrivals: Option<Vec<(u32, Arrival)>>) {
        let outside = &self.core().outside;
        outside.replays.set(arrivals.is_some());
        outside.steps.set(0);
        let missed = outside.queue.replace(arrivals.unwrap_or_default().into());
        outside.faults.borrow_mut().extend(missed.iter().map(told_missed));
    }

    /// What was given and hasn't arrived, as faults: it doesn't arrive any more.
    #[doc(hidden)]
    #[must_use]
    pub fn take_missed_arrivals(&self) -> Vec<String> {
        self.core().outside.queue.take().iter().map(told_missed).collect()
    }

    /// Whether a replay says what comes from outside.
    #[doc(hidden)]
    #[must_use]
    pub fn is_replaying(&self) -> bool {
        self.core().outside.replays.get()
    }

    /// What the replay couldn't do as recorded, since this was last asked.
    #[doc(hidden)]
    #[must_use]
    pub fn take_replay_faults(&self) -> Vec<String> {
        self.core().outside.faults.take()
    }

    /// How many closures, futures, and values of inlets that aren't recorded came from outside during a replay, and
    /// were dropped.
    #[doc(hidden)]
    #[must_use]
    pub fn replay_discarded(&self) -> u64 {
        self.core().outside.discarded.get()
    }
}

impl Core {
    /// Whether what comes from outside is kept.
    #[inline]
    pub(crate) fn keeps_arrivals(&self) -> bool {
        self.outside.keeps.get()
    }

    /// Keeps something that came from outside, if anybody asked: in the step that is running, or between steps in
    /// the next.
    pub(crate) fn note_arrival(&self, arrival: Arrival) {
        if self.keeps_arrivals() {
            let steps = self.outside.steps.get();
            let step = if self.in_step.get() { steps.saturating_sub(1) } else { steps };
            self.outside.kept.borrow_mut().push((step, arrival));
        }
    }

    /// The paths of the assets that the replay still has, in order.
    #[cfg(all(feature = "replay", feature = "bevy_asset", feature = "bevy_time"))]
    pub(crate) fn replayed_assets(&self) -> Vec<Arc<str>> {
        let queue = self.outside.queue.borrow();
        let path = |(_, arrival): &(u32, Arrival)| match arrival {
            Arrival::Asset(path) => Some(path.clone()),
            _ => None,
        };
        queue.iter().filter_map(path).collect()
    }

    /// An outer layer can't do as recorded.
    #[cfg_attr(not(feature = "bevy_asset"), allow(dead_code, reason = "for waits for assets"))]
    pub(crate) fn replay_fault(&self, fault: String) {
        self.outside.fault(fault);
    }

    /// What the replay took in for outer layers and nobody has taken since, in order.
    #[cfg_attr(not(feature = "bevy_asset"), allow(dead_code, reason = "for waits for assets"))]
    pub(crate) fn take_passed_on(&self) -> Vec<Arrival> {
        self.outside.passed_on.take()
    }

    /// Keeps what is about to be taken in; during a replay it is discarded instead, and `None`.
    pub(super) fn let_in(&self, post: Post) -> Option<Post> {
        if !self.outside.replays() {
            self.keep(&post);
            return Some(post);
        }
        let counts = match &post {
            Post::Wake(_) | Post::LastSent(_) => false,
            Post::Run(_) => true,
            Post::Value(inlet, _) => self.codec_of(*inlet).is_none_or(|(codec, _)| codec.is_none()),
        };
        self.outside.discarded.set(self.outside.discarded.get() + u64::from(counts));
        drop(post);
        None
    }

    fn keep(&self, post: &Post) {
        let unkept = |site: Site| Arrival::Unkept(site.to_string().into());
        let arrival = match post {
            Post::Wake(key) => {
                let slot = self.find(*key).filter(|slot| slot.header().is_live());
                slot.map(|slot| Arrival::Wake(slot.cold().number.get()))
            }
            Post::Run(Job { name, .. }) => Some(unkept(name.site)),
            Post::Value(inlet, value) => self.codec_of(*inlet).map(|(codec, site)| {
                let coded = codec.and_then(|(codec, number)| {
                    // What can't be kept is taken in all the same.
                    let bytes = self.caught(|| (codec.encode)(&**value)).ok().flatten()?;
                    Some(Arrival::Value(codec.name.into(), number, bytes))
                });
                coded.unwrap_or_else(|| unkept(site))
            }),
            Post::LastSent(inlet) => self.codec_of(*inlet).map(|(codec, site)| match codec {
                Some((codec, number)) => Arrival::LastSent(codec.name.into(), number),
                None => unkept(site),
            }),
        };
        if let Some(arrival) = arrival {
            self.note_arrival(arrival);
        }
    }

    /// Takes in what the replay has for this step.
    pub(super) fn take_in_replayed(&self) {
        let mut numbers = None;
        while let Some(arrival) = self.outside.next_due() {
            if self.keeps_arrivals() {
                self.note_arrival(arrival.clone());
            }
            match &arrival {
                Arrival::Wake(number) => {
                    let known = numbers.get_or_insert_with(|| self.tasks_by_number());
                    let task = known.binary_search_by_key(number, |(number, _)| *number).map(|place| known[place].1);
                    match task {
                        Ok(task) if self.find(task).is_some_and(|slot| slot.header().is_live()) => _ = self.wake(task),
                        _ => self.outside.fault(format!("{}, but no such script is alive", Told(&arrival))),
                    }
                }
                Arrival::Value(name, number, bytes) => {
                    let Some((key, codec)) = self.find_inlet(name, *number) else {
                        self.outside.fault(format!("{}, but it isn't open", Told(&arrival)));
                        continue;
                    };
                    match self.caught(|| (codec.decode)(bytes)) {
                        Ok(Some(value)) => self.deliver(key, value),
                        Ok(None) => self.outside.fault(format!("{}, but its bytes are no value of it", Told(&arrival))),
                        Err(what) => self.outside.fault(format!("{}, but reading it panicked: {what}", Told(&arrival))),
                    }
                }
                Arrival::LastSent(name, number) => match self.find_inlet(name, *number) {
                    Some((key, _)) => self.last_sent(key),
                    None => self.outside.fault(format!("{}, but it isn't open", Told(&arrival))),
                },
                Arrival::Unkept(_) => self.outside.fault(format!(
                    "{}, which a recording can't keep: send a value to a recorded inlet instead",
                    Told(&arrival)
                )),
                Arrival::Asset(_) => self.outside.passed_on.borrow_mut().push(arrival),
            }
        }
    }

    /// Runs what a value's type does; what it panicked with, if it did.
    fn caught<T>(&self, act: impl FnOnce() -> T) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(act)).map_err(|payload| {
            let message = message_of(&payload);
            self.drop_payload(payload);
            message
        })
    }

    fn tasks_by_number(&self) -> Vec<(u64, TaskId)> {
        let number = |task: &TaskId| self.storage.slot(task.index()).cold().number.get();
        self.live_tasks().into_iter().map(|task| (number(&task), task)).collect()
    }
}

/// The fault of an arrival for a step that wasn't made.
fn told_missed((step, arrival): &(u32, Arrival)) -> String {
    format!("{} was recorded in lane step {step} of the frame, which wasn't made", Told(arrival))
}

/// An arrival, as faults tell it.
struct Told<'a>(&'a Arrival);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let inlet = |name: &Arc<str>, number: u32| format!("the inlet `{name}` (number {number} of that name, from 0)");
        match self.0 {
            Arrival::Wake(number) => write!(f, "a wake of script {number} from another thread"),
            Arrival::Value(name, number, _) => write!(f, "a value for {}", inlet(name, *number)),
            Arrival::LastSent(name, number) => write!(f, "the end of the last sender of {}", inlet(name, *number)),
            Arrival::Unkept(site) => write!(f, "something handed in at {site}"),
            Arrival::Asset(path) => write!(f, "the asset `{path}`"),
        }
    }
}
