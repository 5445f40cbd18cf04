//! The executor's state: what a step works on, and what everything that a script calls finds.
//!
//! The rule: all of it is shared, none is borrowed across foreign code. Every field is a cell, every
//! borrow ends before a poll, a waker, a destructor or a hook can run, since any of those may spawn,
//! wake, cancel, or drop the executor itself.
//!
//! What is done with it stands beside: `lifecycle` (spawn, wake, cancel, end), `run` (the ready queue),
//! `frame` (the eight steps), `waits` (next-step lists and timers), `scopes`.
//!
//! What becomes of counters that run for long:
//!
//! | counter | at its end |
//! |---|---|
//! | frames, steps of a lane, spawns, children of a script, uses of scopes and inlets, counts of a report: 64 bits | none is reached: a thousand million a second take 584 years |
//! | nanoseconds of a clock: 64 bits | it stands still at 584 years, which `ClockState::advance` sees to |
//! | generation of a slot, of a timer's place | that slot or place is never used again (`Storage::reclaim`, `Timers::remove`) |
//! | generations of an executor's number | the number is never given out again (`registry`) |
//! | serial of a step: 32 bits | wraps: 207 days at 240 steps a second. Only equality with the last poll's is asked: a script parked for exactly that long counts as polled in this step before, and is at worst put off to the next |
//! | releases of a lane: 32 bits, 27 of them in a `Stamp` | wrap; see there for a wait that nobody polls for as long |
//! | polls of a script: 32 bits | wrap; they are for show, say whether the place of a combinator is of the last poll, and name a poll to `panic_at`: past the end it names those since, counted from 0 |
//! | polls of a script in one step: 32 bits | below `script_polls`, which has as many |
//! | serial of an executor: 32 bits | wraps past 0: a day of nothing but making executors. A lane, clock or injector kept from one that is 2^32 executors older would be taken for its own |

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::batch::Batch;
use super::clock::ClockState;
use super::extra::Extra;
use super::faults::Faults;
use super::hold::HELD;
use super::inlets::InletState;
use super::inspect::{Due, TaskInfo, TaskState, WaitInfo, WaitKind};
use super::key::TaskId;
use super::lane::{Lane, LaneState, MAX_LANES, Stamp, entry};
use super::log::Log;
use super::mail::{Name, Post};
use super::outside::Outside;
use super::queue::{Queue, Ready};
use super::random::mix;
use super::registry::{Lease, OutsideWake};
use super::report::{Incident, IncidentKind};
use super::scopes::ScopeState;
use super::shuffle::Shuffle;
use super::storage::Storage;
use super::task::{Site, Slot, flag};
use super::trace::Trace;
use super::waker::Running;
use super::watch::{OnStuck, Watch};
use super::{current, waker, wheel};

pub(crate) type Payload = Box<dyn Any + Send>;

/// What a builder decides.
pub(crate) struct Settings {
    pub(crate) capacity: usize,
    pub(crate) slots: Vec<(usize, usize)>,
    pub(crate) step: Duration,
    pub(crate) script_polls: u32,
    pub(crate) frame_polls: u64,
    pub(crate) max_tasks: usize,
    pub(crate) seed: u64,
    pub(crate) shuffle: Option<u64>,
    pub(crate) trace: bool,
    pub(crate) on_outside_wake: Option<OutsideWake>,
    pub(crate) watchdog: Option<(Duration, OnStuck)>,
    pub(crate) first_frame: u64,
    pub(crate) first_generation: u32,
    pub(crate) first_spawn: u64,
}

/// How far the end of a task has come; each stage can run foreign code, and a panic in one goes on with
/// the next.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    DropFuture,
    DropOutput,
    WakeJoiner,
    WakeScope,
    Settle,
}

/// Counts for the next report.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) woken: Cell<u64>,
    pub(crate) spawned: Cell<u64>,
    pub(crate) completed: Cell<u64>,
    pub(crate) cancelled: Cell<u64>,
    pub(crate) panicked: Cell<u64>,
    pub(crate) put_off: Cell<u64>,
}

/// The next number that isn't 0, which is no executor's.
fn next_serial(serials: &AtomicU32) -> u32 {
    match serials.fetch_add(1, Ordering::Relaxed) {
        0 => serials.fetch_add(1, Ordering::Relaxed),
        serial => serial,
    }
}

pub(crate) fn count(counter: &Cell<u64>) {
    counter.set(counter.get() + 1);
}

pub(crate) struct Core {
    pub(super) this: Weak<Core>,
    pub(super) lease: Lease,
    serial: u32,
    pub(super) step: Cell<Duration>,
    pub(super) script_polls: u32,
    pub(super) frame_polls: u64,
    pub(super) max_tasks: u64,
    pub(super) capacity: usize,

    pub(super) storage: Storage,
    /// Behind the lanes that can be added stands the one of tasks that are held.
    pub(super) lanes: [OnceCell<LaneState>; MAX_LANES + 1],
    pub(super) clocks: RefCell<Vec<ClockState>>,
    pub(super) scopes: RefCell<Slab<ScopeState>>,
    pub(super) scope_uses: Cell<u64>,
    pub(super) inlets: RefCell<Slab<InletState>>,
    pub(super) inlet_uses: Cell<u64>,
    /// How many recorded inlets of each name were opened.
    pub(super) inlet_names: RefCell<BTreeMap<&'static str, u32>>,
    pub(super) outside: Outside,
    pub(super) extras: RefCell<Slab<Extra>>,
    /// Whether any task was ever given a clock of its own.
    pub(super) own_clocks: Cell<bool>,

    pub(super) frame: Cell<u64>,
    /// Counts the steps of all lanes.
    pub(super) step_serial: Cell<u32>,
    pub(super) in_step: Cell<bool>,
    /// The lane being stepped, or the one last stepped.
    pub(super) lane_now: Cell<u8>,
    /// That lane's last release: a wait armed before it is over.
    pub(super) stamp_now: Cell<Stamp>,
    /// The release before that one, after which most waits were armed that are over.
    pub(super) stamp_before: Cell<Stamp>,
    /// The flags of a script that waits for that lane's next release.
    pub(super) next_flags_now: Cell<u8>,
    /// That lane's queues, kept here so that the commonest wakes and waits find them at once.
    pub(super) ready_now: Ready,
    pub(super) next_now: Queue,
    /// An empty list with room, kept between steps.
    pub(super) spare: Cell<Vec<u32>>,
    /// The ready entries that are being run.
    pub(super) batch: Batch,
    /// The waker of the poll that is on the stack, to be compared with and never followed; null unless a wish can
    /// be noted.
    pub(super) own_waker: Cell<*const Waker>,
    /// Where the running script has awaited its lane's next step by that waker: granted when its poll
    /// returns, or by whatever looks at the list before.
    pub(super) wish: Cell<Option<Site>>,
    /// Whether the running script has said what it waits for.
    pub(super) noted: Cell<bool>,
    /// Whether the task whose poll is on the stack is to be held when that returns.
    pub(super) hold_asked: Cell<bool>,
    /// Whether step 4 is going through a list one by one.
    pub(super) releasing: Cell<bool>,
    /// The task whose poll is on the stack.
    pub(super) running: Running,
    pub(super) closed: Cell<bool>,
    pub(super) is_finished: Cell<bool>,
    /// Outputs whose destructors a handle is running: no slot is reused meanwhile.
    pub(super) holds: Cell<u32>,

    /// Tasks that have ended and whose futures are still to be dropped, in order of their ends.
    pub(super) ending: Ready,
    /// Whether `drain` has anything to do.
    pub(super) has_ends: Cell<bool>,
    /// What is being run that was handed in.
    pub(super) at_job: Cell<Option<Name>>,
    /// The end that is being worked on, and the stage whose foreign code is running.
    pub(super) at_stage: Cell<Option<(u32, Stage)>>,
    pub(super) draining: Cell<bool>,
    pub(super) retired: Queue,
    pub(super) payloads: RefCell<BTreeMap<TaskId, Payload>>,

    pub(super) live: Cell<u64>,
    pub(super) spawns: Cell<u64>,
    pub(super) counts: Counts,
    pub(super) incidents: RefCell<Vec<Incident>>,
    pub(super) last_incidents: RefCell<Vec<Incident>>,
    pub(super) trace: Trace,
    pub(super) log: Log,
    /// Whether polls and ends are told to anybody: to the trace, to the watch, or to the faults.
    pub(super) is_heard: Cell<bool>,
    pub(super) watch: OnceCell<Arc<Watch>>,
    pub(super) faults: Faults,
    pub(super) shuffle: Shuffle,
    pub(super) seed: u64,
    pub(super) random: Cell<u64>,
    pub(super) root_children: Cell<u64>,

    /// Lists with room, kept between steps.
    pub(super) mail: Cell<Vec<Post>>,
    pub(super) due: Cell<Vec<wheel::Due>>,
    pub(super) family: Cell<Vec<u32>>,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("frame", &self.frame).field("live", &self.live).finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn new(settings: Settings) -> Rc<Core> {
        static SERIALS: AtomicU32 = AtomicU32::new(1);
        let serial = next_serial(&SERIALS);
        let lease = Lease::take(serial, settings.first_generation, settings.on_outside_wake);
        let (first_generation, lease_number) = (lease.first_generation, lease.number);
        let core = Rc::new_cyclic(|this| Core {
            this: this.clone(),
            lease,
            serial,
            step: Cell::new(settings.step),
            script_polls: settings.script_polls,
            frame_polls: settings.frame_polls,
            max_tasks: settings.max_tasks as u64,
            capacity: settings.capacity,
            storage: Storage::new(first_generation),
            lanes: [const { OnceCell::new() }; MAX_LANES + 1],
            clocks: RefCell::new(Vec::new()),
            scopes: RefCell::new(Slab::with_capacity(settings.capacity)),
            scope_uses: Cell::new(0),
            inlets: RefCell::new(Slab::new()),
            inlet_uses: Cell::new(0),
            inlet_names: RefCell::default(),
            outside: Outside::default(),
            extras: RefCell::new(Slab::with_capacity(settings.capacity)),
            own_clocks: Cell::new(false),
            frame: Cell::new(settings.first_frame),
            step_serial: Cell::new(settings.first_frame as u32),
            in_step: Cell::new(false),
            lane_now: Cell::new(0),
            stamp_now: Cell::new(Stamp::PAST),
            stamp_before: Cell::new(Stamp::PAST),
            next_flags_now: Cell::new(0),
            ready_now: Ready::with_capacity(settings.capacity),
            next_now: Queue::with_capacity(settings.capacity),
            spare: Cell::new(Vec::with_capacity(settings.capacity)),
            batch: Batch::with_capacity(settings.capacity),
            own_waker: Cell::new(ptr::null()),
            wish: Cell::new(None),
            noted: Cell::new(false),
            hold_asked: Cell::new(false),
            releasing: Cell::new(false),
            running: Running::new(lease_number),
            closed: Cell::new(false),
            is_finished: Cell::new(false),
            holds: Cell::new(0),
            ending: Ready::with_capacity(settings.capacity),
            has_ends: Cell::new(false),
            at_job: Cell::new(None),
            at_stage: Cell::new(None),
            draining: Cell::new(false),
            retired: Queue::with_capacity(settings.capacity),
            payloads: RefCell::new(BTreeMap::new()),
            live: Cell::new(0),
            spawns: Cell::new(settings.first_spawn),
            counts: Counts::default(),
            incidents: RefCell::new(Vec::new()),
            last_incidents: RefCell::new(Vec::new()),
            trace: Trace::new(settings.trace, settings.seed, settings.shuffle),
            log: Log::default(),
            is_heard: Cell::new(settings.trace),
            watch: OnceCell::new(),
            faults: Faults::default(),
            shuffle: Shuffle::new(settings.shuffle),
            seed: settings.seed,
            random: Cell::new(mix(settings.seed, 0)),
            root_children: Cell::new(settings.first_spawn),
            mail: Cell::new(Vec::with_capacity(settings.capacity)),
            due: Cell::new(Vec::with_capacity(settings.capacity)),
            family: Cell::new(Vec::with_capacity(settings.capacity)),
        });
        core.add_lane("main", settings.capacity);
        core.clocks.borrow_mut().iter_mut().for_each(|clock| clock.reserve(settings.capacity));
        for (size, slots) in settings.slots {
            core.storage.reserve(size, slots);
        }
        current::register(&core);
        if let Some((limit, on_stuck)) = settings.watchdog {
            core.watch(limit, on_stuck);
        }
        core
    }

    pub(crate) fn number(&self) -> u16 {
        self.lease.number
    }

    /// Tells this executor from every other that the process has made.
    pub(crate) fn serial(&self) -> u32 {
        self.serial
    }

    /// How long a step is where nobody says.
    pub(crate) fn default_step(&self) -> Duration {
        self.step.get()
    }

    /// Makes steps as long as this where nobody says.
    #[cfg_attr(not(all(feature = "bevy_ecs", feature = "replay")), expect(dead_code, reason = "for games of a world"))]
    pub(crate) fn set_default_step(&self, step: Duration) {
        self.step.set(step);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    // Lanes and clocks.

    pub(crate) fn add_lane(&self, name: &'static str, capacity: usize) -> Lane {
        let free = self.lanes[..MAX_LANES].iter().position(|lane| lane.get().is_none());
        let Some(index) = free else {
            panic!("an executor has at most {MAX_LANES} lanes: use the lanes that are there, or a second executor")
        };
        let lane = index as u8;
        // ORDER: a lane's count of steps comes before its time.
        let steps_clock = self.add_clock(ClockState::new(name, lane, true, self.frame.get()));
        let time_clock = self.add_clock(ClockState::new(name, lane, false, 0));
        // ORDER: with a first frame near its wrap the releases start there too, so that tests reach the wrap.
        let released = self.frame.get() as u32;
        let state = LaneState::new(name, self.frame.get(), released, steps_clock, time_clock, capacity);
        self.lanes[index].set(state).expect("a free place");
        Lane { serial: self.serial, index: lane }
    }

    pub(crate) fn add_clock(&self, clock: ClockState) -> u16 {
        let mut clocks = self.clocks.borrow_mut();
        let index = u16::try_from(clocks.len())
            .ok()
            .filter(|&index| index < u16::MAX)
            .expect("an executor has at most 65,535 clocks");
        clocks.push(clock);
        index
    }

    /// The lane's state.
    ///
    /// # Panics
    /// When the lane is another executor's.
    #[track_caller]
    pub(crate) fn check_lane(&self, lane: Lane) -> &LaneState {
        assert_eq!(
            lane.serial, self.serial,
            "this lane belongs to another executor: use one that this executor's `add_lane` or `main_lane` gave"
        );
        self.lane(lane.index)
    }

    #[inline]
    pub(crate) fn lane(&self, index: u8) -> &LaneState {
        self.lanes[usize::from(index)].get().expect("a lane of this executor")
    }

    /// The next-step list of a lane: that of the lane last stepped is at hand, in its place.
    pub(crate) fn next_of(&self, index: u8) -> &Queue {
        self.settle_wish();
        if index == self.lane_now.get() { &self.next_now } else { &self.lane(index).next }
    }

    /// The ready queue of a lane.
    #[inline]
    pub(crate) fn ready_of(&self, index: u8) -> &Ready {
        if index == self.lane_now.get() { &self.ready_now } else { &self.lane(index).ready }
    }

    /// Makes a lane the one being stepped.
    pub(super) fn set_lane_now(&self, index: u8) {
        let before = self.lane_now.replace(index);
        if before != index {
            self.lane(before).next.swap(&self.next_now);
            self.lane(before).ready.swap(&self.ready_now);
            self.lane(index).next.swap(&self.next_now);
            self.lane(index).ready.swap(&self.ready_now);
        }
        self.set_release_now(index);
    }

    /// Notes the lane's last release.
    pub(super) fn set_release_now(&self, index: u8) {
        let release = self.lane(index).released.get();
        self.stamp_now.set(Stamp::new(self.serial, index, release));
        self.stamp_before.set(Stamp::new(self.serial, index, release.wrapping_sub(1)));
        self.next_flags_now.set(flag::next_after(release));
    }

    /// The lanes that can be stepped, in order.
    pub(crate) fn lane_states(&self) -> impl Iterator<Item = &LaneState> {
        self.lanes[..MAX_LANES].iter().map_while(OnceCell::get)
    }

    // The task being polled.

    /// The slot of a key, unless it is stale.
    #[inline]
    pub(crate) fn find(&self, key: TaskId) -> Option<Slot<'_>> {
        let slot = self.storage.find(key.index())?;
        (slot.header().generation() == key.generation() && key.executor() == self.number()).then_some(slot)
    }

    #[inline]
    pub(crate) fn current_key(&self) -> TaskId {
        self.running.key()
    }

    #[inline]
    pub(crate) fn current_slot(&self) -> Option<Slot<'_>> {
        self.running.index().map(|index| self.storage.slot(index))
    }

    /// What a script panicked with, for its handle.
    #[inline]
    pub(super) fn take_payload(&self, key: TaskId) -> Option<Payload> {
        let mut payloads = self.payloads.borrow_mut();
        if payloads.is_empty() { None } else { payloads.remove(&key) }
    }

    pub(crate) fn key_at(&self, index: u32) -> TaskId {
        TaskId::new(self.number(), index, self.storage.slot(index).header().generation())
    }

    /// Notes what the running script is about to park at.
    #[inline]
    pub(crate) fn note(&self, kind: WaitKind, site: &'static Location<'static>) {
        if let Some(slot) = self.current_slot() {
            self.settle_wish();
            self.noted.set(true);
            slot.header().set_wait(kind);
            slot.header().site.set(Some(site));
        }
    }

    /// Notes where the combinator was written whose futures have just been polled.
    pub(crate) fn note_outer(&self, site: Site) {
        if let Some(slot) = self.current_slot() {
            self.extra(slot, |extra| extra.outer = Some((site, slot.header().polls())));
        }
    }

    // Looking in.

    pub(crate) fn name_of(&self, slot: Slot<'_>) -> &'static str {
        self.extra_if(slot, |extra| extra.name).flatten().unwrap_or_else(|| slot.type_name())
    }

    pub(crate) fn incident(&self, kind: IncidentKind, index: u32, message: String) {
        let slot = self.storage.slot(index);
        self.incidents.borrow_mut().push(Incident {
            kind,
            task: self.key_at(index),
            name: self.name_of(slot).to_owned(),
            spawned_at: slot.cold().spawned_at.get(),
            waited_at: self.last_wait(self.key_at(index)),
            message,
        });
    }

    /// Where the wait was written that a task is parked at, or went on from: of this crate's waits the one that it
    /// parked at last, so that it answers also while the task is polled and until its slot is reclaimed. Within a
    /// poll that has come to the waits of another combinator, the last of those.
    pub(crate) fn last_wait(&self, key: TaskId) -> Option<Site> {
        self.find(key)?.header().site.get()
    }

    pub(crate) fn info(&self, key: TaskId) -> Option<TaskInfo> {
        let slot = self.find(key).filter(|slot| slot.header().is_live())?;
        let header = slot.header();
        let lane = self.lane(header.lane());
        let is_released = lane.has_released(header.flags());
        let state = if self.current_key() == key {
            TaskState::Running
        } else if header.lane() == HELD {
            TaskState::Held
        } else if header.has(flag::QUEUED) || is_released {
            TaskState::Ready
        } else {
            TaskState::Waiting
        };
        let is_parked = matches!(state, TaskState::Waiting | TaskState::Held) && !header.has(flag::QUEUED);
        let wait = is_parked.then(|| WaitInfo {
            kind: header.wait(),
            at: if header.wait() == WaitKind::Unknown { None } else { header.site.get() },
            outer: self.outer_of(slot),
            due: self.due_of(key, slot),
        });
        Some(TaskInfo {
            id: key,
            number: slot.cold().number.get(),
            name: self.name_of(slot),
            spawned_at: slot.cold().spawned_at.get(),
            lane: Lane { serial: self.serial, index: self.home_of(slot) },
            polls: header.polls(),
            state,
            wait,
        })
    }

    /// What remains of a timed wait: that of the script's timers of that kind which is due first.
    fn due_of(&self, key: TaskId, slot: Slot<'_>) -> Option<Due> {
        let kind = slot.header().wait();
        if kind == WaitKind::NextFrame {
            return Some(Due::Frames(1));
        }
        let counts_steps = match kind {
            WaitKind::Frames => true,
            WaitKind::Sleep => false,
            _ => return None,
        };
        let clocks = self.clocks.borrow();
        let is_its = |waker: &Waker| waker::key_of(waker) == Some(key);
        let remaining = clocks
            .iter()
            .filter(|clock| clock.counts_steps == counts_steps)
            .filter_map(|clock| clock.remaining(is_its))
            .min()?;
        Some(if counts_steps { Due::Frames(remaining) } else { Due::Time(Duration::from_nanos(remaining)) })
    }

    /// The live tasks in order of their spawn numbers.
    pub(crate) fn live_tasks(&self) -> Vec<TaskId> {
        let mut tasks: Vec<(u64, TaskId)> = self
            .storage
            .indices()
            .map(|index| (self.storage.slot(index), index))
            .filter(|(slot, _)| slot.header().is_live())
            .map(|(slot, index)| (slot.cold().number.get(), self.key_at(index)))
            .collect();
        tasks.sort_unstable_by_key(|task| task.0);
        tasks.into_iter().map(|task| task.1).collect()
    }

    // Idleness.

    pub(crate) fn is_idle(&self) -> bool {
        !self.lease.has_mail()
            && (0..).zip(self.lane_states()).all(|(index, lane)| {
                self.ready_of(index).find(|entry| self.names_live(entry)).is_none()
                    && !self.next_of(index).any(|entry| entry != entry::TOMBSTONE)
                    && lane.checks.borrow().is_empty()
            })
            && !self.clocks.borrow().iter().any(|clock| clock.counts_steps && clock.has_timers())
    }

    pub(super) fn names_live(&self, entry: u32) -> bool {
        entry != entry::TOMBSTONE && self.storage.slot(entry).header().is_live()
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let clocks = self.clocks.borrow();
        clocks
            .iter()
            .filter(|clock| clock.lane == 0 && !clock.counts_steps)
            .filter_map(ClockState::step_to_next_deadline)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_that_wraps_is_never_that_of_no_executor() {
        let serials = AtomicU32::new(u32::MAX - 1);
        assert_eq!([0; 4].map(|_| next_serial(&serials)), [u32::MAX - 1, u32::MAX, 1, 2]);
    }
}
