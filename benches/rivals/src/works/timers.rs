//! Timers: arming, firing and cancelling, by frames, by nanoseconds, and on a scaled clock.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use framestep::Clock;

use super::{Scale, label};
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::framestep::Framestep;
use crate::rivals::heap::{Heap, Timers};
use crate::rivals::nexus::NexusRuntime;
use crate::rivals::tokio::TokioTimed;
use crate::script::{Counter, State, Wakers, bump, counter, leave_waker, wakers};

pub const NAME: &str = "timers";

/// How long scripts wait, in frames: the longest is the last of those of a round.
const SHORTEST: u64 = 2;
const LONGEST: u64 = 101;
const STEP_NANOS: u64 = 16_666_667;

/// So many that slow ones are left out, to keep the run short.
const MANY: usize = 1_000_000;

const FIGURES: [&str; 3] = ["arm", "fire", "cancel"];
const ARM: usize = 0;
const FIRE: usize = 1;
const CANCEL: usize = 2;

pub fn run(scale: &Scale) -> Table {
    let about = "Scripts live through all rounds and wait for random spans of 2 to 101 frames of 1/60 s, drawn to the\n\
                 nanosecond but for *frames*. Each figure has one resume of the script in it, none a spawn. *Arm*: the\n\
                 poll that arms the timer. *Fire*: from the first frame to the last, with all frames between, and the\n\
                 poll that finds the wait over. *Cancel*: the poll that drops a wait before its time. *Scaled*: sleeps\n\
                 on a clock at half speed. Tokio: its paused clock, advanced by a frame; it rounds to milliseconds, and\n\
                 has no frames or scaled clocks. Nexus: the real clock, so all fire in one turn; its sleeps can't be\n\
                 cancelled; left out at a million, where each that fires takes it about 25 µs, as it looks for the\n\
                 timer's block in a list of blocks of 64. The heap is written by hand: deadlines in a `BinaryHeap`,\n\
                 wakers in boxes; its dropped waits stay until their time, which isn't counted; at a million only where\n\
                 others are. Nanoseconds a timer.";
    let mut table = Table::new(NAME, "ns", about);
    for size in scale.sizes(&[10_000, 100_000, 1_000_000]) {
        let rounds = scale.rounds(size).min(if size >= MANY { 5 } else { 15 });
        for (kind, contenders) in [("frames", frames(size)), ("sleep", sleeps(size)), ("scaled", scaled(size))] {
            for (figure, cells) in contest(FIGURES.len(), rounds, contenders).into_iter().enumerate() {
                table.push(format!("{}, {kind}, {}", label(size), FIGURES[figure]), size, cells);
            }
        }
    }
    table
}

fn frames<'a>(size: usize) -> Vec<Contender<'a>> {
    let mut contenders = vec![contender(Framestep::new(size), FramestepFrames, size)];
    if size < MANY {
        contenders.push(heap(size, 1, |span| span.frames));
    }
    contenders
}

fn sleeps<'a>(size: usize) -> Vec<Contender<'a>> {
    // Long enough for all to be armed before the first fires.
    let lead = Duration::from_millis(5) + Duration::from_nanos(600) * size as u32;
    let mut contenders = vec![contender(Framestep::new(size), FramestepSleep, size)];
    if size < MANY {
        contenders.push(contender(NexusRuntime::new(size), NexusSleep { lead }, size));
    }
    contenders.push(heap(size, STEP_NANOS, |span| span.nanos));
    contenders.push(contender(TokioTimed::new(size), TokioSleep, size));
    contenders
}

fn scaled<'a>(size: usize) -> Vec<Contender<'a>> {
    let framestep = Framestep::new(size);
    let clock = framestep.executor.add_clock(framestep.executor.main_lane(), "slow");
    clock.set_scale(1, 2);
    let mut contenders = vec![contender(framestep, FramestepScaled(clock), size)];
    if size < MANY {
        contenders.push(heap(size, STEP_NANOS / 2, |span| span.nanos / 2));
    }
    contenders
}

fn heap<'a>(size: usize, step: u64, duration: fn(Span) -> u64) -> Contender<'a> {
    let mut heap = Heap::new(2 * size);
    heap.step = step;
    let timers = heap.timers;
    contender(heap, HeapWait { timers, duration }, size)
}

/// How long a script waits: the same span, as frames and as time.
#[derive(Copy, Clone)]
pub struct Span {
    pub frames: u64,
    pub nanos: u64,
}

impl Span {
    fn draw(random: &mut fastrand::Rng) -> Self {
        Span { frames: random.u64(SHORTEST..=LONGEST), nanos: random.u64(SHORTEST * STEP_NANOS..LONGEST * STEP_NANOS) }
    }
}

/// A rival's way to wait for a span.
pub trait Wait: Clone + 'static {
    /// Whether a wait can be dropped before its time.
    const CANCELS: bool = true;

    fn wait(&self, span: Span) -> impl Future<Output = ()>;

    /// Lets the time of the longest wait come, where frames don't make it.
    fn let_time_pass(&self) {}
}

#[derive(Clone)]
struct FramestepFrames;

impl Wait for FramestepFrames {
    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        framestep::frames(span.frames)
    }
}

#[derive(Clone)]
pub struct FramestepSleep;

impl Wait for FramestepSleep {
    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        framestep::sleep(Duration::from_nanos(span.nanos))
    }
}

#[derive(Clone)]
struct FramestepScaled(Clock);

impl Wait for FramestepScaled {
    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        self.0.sleep(Duration::from_nanos(span.nanos / 2))
    }
}

#[derive(Clone)]
pub struct TokioSleep;

impl Wait for TokioSleep {
    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        tokio::time::sleep(Duration::from_nanos(span.nanos))
    }
}

/// Sleeps of real time: what is drawn, made 50 times shorter, behind a lead.
#[derive(Clone)]
pub struct NexusSleep {
    pub lead: Duration,
}

impl Wait for NexusSleep {
    const CANCELS: bool = false;

    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        nexus_async_rt::sleep(self.lead + Duration::from_nanos(span.nanos / 50))
    }

    fn let_time_pass(&self) {
        // Its wheel ticks in milliseconds.
        std::thread::sleep(self.lead + Duration::from_nanos(LONGEST * STEP_NANOS / 50) + Duration::from_millis(3));
    }
}

#[derive(Clone)]
struct HeapWait {
    timers: &'static Timers,
    duration: fn(Span) -> u64,
}

impl Wait for HeapWait {
    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        self.timers.sleep((self.duration)(span))
    }
}

#[derive(Clone)]
pub struct HeapSleep(pub &'static Timers);

impl Wait for HeapSleep {
    fn wait(&self, span: Span) -> impl Future<Output = ()> {
        self.0.sleep(span.nanos)
    }
}

/// Tells all scripts at once to go on: to arm their timers, or to drop them.
struct Phase {
    number: Cell<u64>,
    wakers: Wakers,
}

impl Phase {
    fn open(&self) {
        self.number.set(self.number.get() + 1);
        self.wakers.borrow().iter().for_each(|waker| waker.wake_by_ref());
    }
}

/// Lets go of the wakers before the executor is dropped.
struct Running<R> {
    phase: &'static Phase,
    rival: R,
}

impl<R> Drop for Running<R> {
    fn drop(&mut self) {
        self.phase.wakers.take();
    }
}

/// Waits in every other phase: until the span is over, or until the next phase opens.
async fn script<W: Wait>(phase: &Phase, wait: W, mut state: State, seed: usize, armed: Counter, ended: Counter) {
    let mut random = fastrand::Rng::with_seed(seed as u64);
    leave_waker(phase.wakers).await;
    let mut seen = phase.number.get();
    loop {
        poll_fn(|_| if phase.number.get() == seen { Poll::Pending } else { Poll::Ready(()) }).await;
        seen = phase.number.get();
        state.update();
        let mut waiting = pin!(wait.wait(Span::draw(&mut random)));
        let mut is_armed = false;
        poll_fn(|context| {
            if phase.number.get() != seen {
                return Poll::Ready(());
            }
            let poll = waiting.as_mut().poll(context);
            if poll.is_pending() && !std::mem::replace(&mut is_armed, true) {
                bump(armed);
            }
            poll
        })
        .await;
        bump(ended);
        seen = phase.number.get();
    }
}

fn contender<'a, R: Rival, W: Wait>(mut rival: R, wait: W, size: usize) -> Contender<'a> {
    let phase: &'static Phase = Box::leak(Box::new(Phase { number: Cell::new(0), wakers: wakers() }));
    let (armed, ended, total) = (counter(), counter(), counter());
    for number in 0..size {
        let (state, wait) = (State::new(number, total), wait.clone());
        rival.spawn(script(phase, wait, state, number, armed, ended));
    }
    rival.frame(move || phase.wakers.borrow().len() == size);
    let mut running = Running { phase, rival };
    let size_counted = size as u64;
    Contender::new(R::NAME, move |round: &mut Round| {
        let rival = &mut running.rival;
        let arm = |rival: &mut R, round: &mut Round| {
            armed.set(0);
            ended.set(0);
            rival.between_frames(|| phase.open());
            round.measure_as(ARM, size, || rival.frame(move || armed.get() == size_counted));
            assert_eq!(ended.get(), 0);
        };
        arm(rival, round);
        wait.let_time_pass();
        round.measure_as(FIRE, size, || {
            while ended.get() < size_counted {
                rival.frame(|| true);
            }
        });
        if W::CANCELS {
            arm(rival, round);
            rival.between_frames(|| phase.open());
            round.measure_as(CANCEL, size, || rival.frame(move || ended.get() == size_counted));
            // What waits that were dropped leave behind is gone by then.
            rival.idle_frames(LONGEST as usize);
        }
    })
}
