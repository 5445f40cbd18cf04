//! Frames in which nothing is due, however many scripts wait.

use std::future::pending;
use std::time::Duration;

use super::timers::{FramestepSleep, HeapSleep, NexusSleep, Span, TokioSleep, Wait};
use super::{Scale, label};
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::Embassy;
use crate::rivals::floors::{self, Boxed};
use crate::rivals::framestep::Framestep;
use crate::rivals::heap::Heap;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::nexus::{Nexus, NexusRuntime};
use crate::rivals::tokio::{Tokio, TokioTimed};
use crate::script::{State, bump, counter};

pub const PARKED: &str = "parked";
pub const ASLEEP: &str = "asleep";

const FRAMES_A_ROUND: usize = 1_000;
const SIZES: [usize; 2] = [1_000, 1_000_000];

pub fn parked(scale: &Scale) -> Table {
    let about =
        "This many scripts wait for a wake that doesn't come. The floor polls all of them. Nanoseconds a frame.";
    let mut table = Table::new(PARKED, "ns", about);
    for size in scale.sizes(&SIZES) {
        let frames = scale.frames(FRAMES_A_ROUND, 1);
        let contenders = vec![
            park(Framestep::new(size), size, frames),
            park(Nexus::new(size), size, frames),
            park(Embassy::new(size), size, frames),
            park(AsyncExecutor::new(size), size, frames),
            park(LocalPool::new(size), size, frames),
            park_boxed(size, scale.frames(1_000_000, size)),
            park(Tokio::new(size), size, frames),
        ];
        let figures = contest(1, scale.rounds(size), contenders);
        figures.into_iter().for_each(|cells| table.push(label(size), size, cells));
    }
    table
}

pub fn asleep(scale: &Scale) -> Table {
    let about = "This many scripts sleep for one to two hours, at random to the nanosecond; a frame is 1/60 s. Tokio: its\n\
                 paused clock, advanced. Nexus: its runtime reads the real clock and asks the system for events in\n\
                 every turn, in which it looks at every timer. Nanoseconds a frame.";
    let mut table = Table::new(ASLEEP, "ns", about);
    for size in scale.sizes(&SIZES) {
        let frames = scale.frames(FRAMES_A_ROUND, 1);
        let mut nexus = NexusRuntime::new(size);
        // Its sleepers' timers refer to tasks that it would free first.
        nexus.keep = true;
        let heap = Heap::new(size);
        let heap_sleep = HeapSleep(heap.timers);
        let contenders = vec![
            sleep(Framestep::new(size), FramestepSleep, size, frames),
            sleep(nexus, NexusSleep { lead: Duration::from_secs(3_600) }, size, frames.min(3_000_000 / size)),
            sleep(heap, heap_sleep, size, frames),
            sleep(TokioTimed::new(size), TokioSleep, size, frames),
        ];
        let figures = contest(1, scale.rounds(size), contenders);
        figures.into_iter().for_each(|cells| table.push(label(size), size, cells));
    }
    table
}

fn park<'a, R: Rival>(mut rival: R, size: usize, frames: usize) -> Contender<'a> {
    let (arrived, total) = (counter(), counter());
    for number in 0..size {
        let mut state = State::new(number, total);
        rival.spawn(async move {
            state.update();
            bump(arrived);
            pending::<()>().await;
        });
    }
    rival.frame(move || arrived.get() == size as u64);
    Contender::new(R::NAME, move |round: &mut Round| round.measure(frames, || rival.idle_frames(frames)))
}

fn park_boxed<'a>(size: usize, frames: usize) -> Contender<'a> {
    let total = counter();
    let mut floor = Boxed::default();
    for number in 0..size {
        let mut state = State::new(number, total);
        floor.futures.push(Box::pin(async move {
            state.update();
            pending::<()>().await;
        }));
    }
    Contender::new(floors::BOXED, move |round: &mut Round| {
        round.measure(frames, || (0..frames).for_each(|_| floor.frame()));
    })
}

fn sleep<'a, R: Rival, W: Wait>(mut rival: R, wait: W, size: usize, frames: usize) -> Contender<'a> {
    let (arrived, woken, total) = (counter(), counter(), counter());
    for number in 0..size {
        let (mut state, wait) = (State::new(number, total), wait.clone());
        let nanos = fastrand::Rng::with_seed(number as u64).u64(3_600_000_000_000..7_200_000_000_000);
        rival.spawn(async move {
            state.update();
            bump(arrived);
            wait.wait(Span { frames: 0, nanos }).await;
            bump(woken);
        });
    }
    rival.frame(move || arrived.get() == size as u64);
    Contender::new(R::NAME, move |round: &mut Round| {
        round.measure(frames, || rival.idle_frames(frames));
        assert_eq!(woken.get(), 0);
    })
}
