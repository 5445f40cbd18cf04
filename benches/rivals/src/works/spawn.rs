//! Spawns: every frame starts tasks that end at their first poll.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Scale, label};
use crate::alloc;
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::{Embassy, EmbassyPool};
use crate::rivals::floors::{self, Boxed};
use crate::rivals::framestep::Framestep;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::nexus::{Nexus, NexusSlab};
use crate::rivals::tokio::Tokio;
use crate::script::{Counter, bump, counter};

pub const NAME: &str = "spawn";

const UNITS_A_ROUND: usize = 200_000;

pub fn run(scale: &Scale) -> Table {
    let about = "Each frame spawns this many futures of 104 bytes, which end at their first poll; handles are dropped at\n\
                 once. Embassy uses storages again that live for ever; nexus has its two ways, a box each or a slab.\n\
                 The floor boxes, polls and drops. Nanoseconds from a spawn to the end of that task, all told.";
    let mut table = Table::new(NAME, "ns", about);
    for size in scale.sizes(&[1_000, 100_000]) {
        let frames = scale.frames(UNITS_A_ROUND, size);
        let contenders = vec![
            contender::<Framestep>(size, frames),
            contender::<Nexus>(size, frames),
            embassy(size, frames),
            contender::<AsyncExecutor>(size, frames),
            contender::<LocalPool>(size, frames),
            nexus_slab(size, frames),
            boxed(size, frames),
            contender::<Tokio>(size, frames),
        ];
        let figures = contest(1, scale.rounds(size), contenders);
        figures.into_iter().for_each(|cells| table.push(label(size), size, cells));
    }
    table
}

/// Ready at its first poll.
struct Brief {
    data: [u64; 12],
    ended: Counter,
}

const _: () = assert!(size_of::<Brief>() == 104);

impl Brief {
    fn new(number: usize, ended: Counter) -> Self {
        Brief { data: [number as u64; 12], ended }
    }
}

impl Future for Brief {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        self.data[3] += 1;
        std::hint::black_box(&mut self.data);
        bump(self.ended);
        Poll::Ready(())
    }
}

fn contender<'a, R: Rival>(size: usize, frames: usize) -> Contender<'a> {
    let ended = counter();
    let mut rival = R::new(size);
    Contender::new(R::NAME, move |round: &mut Round| {
        round.measure_frames(frames, size, || {
            (0..size).for_each(|number| rival.spawn(Brief::new(number, ended)));
            let all = ended.get() + size as u64;
            rival.frame(move || ended.get() == all);
        });
    })
}

fn embassy<'a>(size: usize, frames: usize) -> Contender<'a> {
    let ended = counter();
    let mut pool = EmbassyPool::new(size);
    Contender::new(Embassy::NAME, move |round: &mut Round| {
        round.measure_frames(frames, size, || {
            let all = ended.get() + size as u64;
            pool.frame(|| Brief::new(0, ended));
            assert_eq!(ended.get(), all);
        });
    })
}

fn nexus_slab<'a>(size: usize, frames: usize) -> Contender<'a> {
    let ended = counter();
    let mut nexus = NexusSlab::new(size);
    Contender::new(NexusSlab::NAME, move |round: &mut Round| {
        let all = ended.get() + (size * (1 + frames)) as u64;
        nexus.frames(1, size, move || Brief::new(0, ended));
        let allocations = alloc::count();
        let took = nexus.frames(frames, size, move || Brief::new(0, ended));
        let allocations = alloc::count() - allocations;
        let units = (size * frames) as f64;
        round.add(0, took.as_nanos() as f64 / units, allocations as f64 / units);
        assert_eq!(ended.get(), all);
    })
}

fn boxed<'a>(size: usize, frames: usize) -> Contender<'a> {
    let ended = counter();
    let mut floor = Boxed::default();
    Contender::new(floors::BOXED, move |round: &mut Round| {
        round.measure_frames(frames, size, || {
            floor.futures.extend((0..size).map(|number| Box::pin(Brief::new(number, ended)) as _));
            floor.frame();
            assert!(floor.futures.is_empty());
        });
    })
}
