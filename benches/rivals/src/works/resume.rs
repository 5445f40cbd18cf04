//! Resumes: every script updates a counter in its state and waits for the next frame.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

use super::{Scale, label};
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::Embassy;
use crate::rivals::floors::{self, Boxed, Inline};
use crate::rivals::framestep::Framestep;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::nexus::Nexus;
use crate::rivals::tokio::Tokio;
use crate::script::{Counter, State, bump, counter};

pub const IN_ORDER: &str = "resume in order";
pub const SHUFFLED: &str = "resume shuffled";

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const UNITS_A_ROUND: usize = 500_000;

pub fn in_order(scale: &Scale) -> Table {
    let about = "A script has 96 bytes of state (and 8 to be counted by), updates a counter in it, and waits for the next\n\
                 frame by its executor's own wait. Scripts are resumed in the order of their spawns, which is that of\n\
                 their memory (embassy: every other frame backwards). Nanoseconds a resume.";
    table(scale, Table::new(IN_ORDER, "ns", about), false)
}

pub fn shuffled(scale: &Scale) -> Table {
    let about = "The same, in an order unlike that of the memory: after its spawn each script waits at a gate, the gates\n\
                 are opened once in a random order, and each frame keeps the order of the one before. The floors go\n\
                 through a shuffled list. Nanoseconds a resume.";
    table(scale, Table::new(SHUFFLED, "ns", about), true)
}

fn table(scale: &Scale, mut table: Table, shuffled: bool) -> Table {
    let checks = [
        check::<Framestep>,
        check::<Nexus>,
        check::<Embassy>,
        check::<AsyncExecutor>,
        check::<LocalPool>,
        check::<Tokio>,
    ];
    checks.iter().for_each(|check| check());
    for size in scale.sizes(&SIZES) {
        let order = shuffled.then(|| {
            let mut order: Vec<u32> = (0..size as u32).collect();
            fastrand::Rng::with_seed(size as u64).shuffle(&mut order);
            order
        });
        let order = order.as_deref();
        let frames = scale.frames(UNITS_A_ROUND, size);
        let contenders = vec![
            executor::<Framestep>(size, frames, order),
            executor::<Nexus>(size, frames, order),
            executor::<Embassy>(size, frames, order),
            executor::<AsyncExecutor>(size, frames, order),
            executor::<LocalPool>(size, frames, order),
            boxed(size, frames, order),
            inline(size, frames, order),
            executor::<Tokio>(size, frames, order),
        ];
        let figures = contest(1, scale.rounds(size), contenders);
        figures.into_iter().for_each(|cells| table.push(label(size), size, cells));
    }
    table
}

/// Scripts in an executor, and a bell behind them that tells when all have been resumed.
struct Crowd<R: Rival> {
    rival: R,
    size: usize,
    /// How often the bell has rung.
    rung: Counter,
}

impl<R: Rival> Crowd<R> {
    fn frame(&mut self) {
        let (rung, next) = (self.rung, self.rung.get() + 1);
        self.rival.frame(move || rung.get() >= next);
    }
}

fn executor<'a, R: Rival>(size: usize, frames: usize, order: Option<&[u32]>) -> Contender<'a> {
    let total = counter();
    let mut rival = R::new(size + 2);
    match order {
        None => spawn_in_order(&mut rival, size, total),
        Some(order) => spawn_shuffled(&mut rival, order, total),
    }
    let rung = counter();
    rival.spawn(async move {
        loop {
            bump(rung);
            R::next_frame().await;
        }
    });
    let mut crowd = Crowd { rival, size, rung };
    // Some allocate a task when they first see it: before others have left gaps in the heap.
    crowd.frame();
    let mut crowd = Checked { crowd: Some(crowd), total };
    Contender::new(R::NAME, move |round: &mut Round| {
        let crowd = crowd.crowd.as_mut().expect("taken only in the end");
        round.measure_frames(frames, size, || crowd.frame());
    })
}

fn spawn_in_order<R: Rival>(rival: &mut R, size: usize, total: Counter) {
    for number in 0..size {
        let mut state = State::new(number, total);
        rival.spawn(async move {
            loop {
                state.update();
                R::next_frame().await;
            }
        });
    }
}

/// One gate a script, by its number: the waker of who waits at it.
struct Gates {
    open: Cell<bool>,
    waiting: RefCell<Vec<Option<Waker>>>,
    arrived: Cell<usize>,
}

fn spawn_shuffled<R: Rival>(rival: &mut R, order: &[u32], total: Counter) {
    let size = order.len();
    let gates: &'static Gates = Box::leak(Box::new(Gates {
        open: Cell::new(false),
        waiting: RefCell::new(vec![None; size]),
        arrived: Cell::new(0),
    }));
    for number in 0..size {
        let mut state = State::new(number, total);
        rival.spawn(async move {
            poll_fn(|context| {
                if gates.open.get() {
                    return Poll::Ready(());
                }
                gates.waiting.borrow_mut()[number] = Some(context.waker().clone());
                gates.arrived.set(gates.arrived.get() + 1);
                Poll::Pending
            })
            .await;
            loop {
                state.update();
                R::next_frame().await;
            }
        });
    }
    rival.frame(move || gates.arrived.get() == size);
    // A script opens them: not every executor takes wakes between frames.
    let order = order.to_vec();
    rival.spawn(async move {
        gates.open.set(true);
        let mut waiting = gates.waiting.take();
        order.iter().for_each(|&number| waiting[number as usize].take().expect("it has arrived").wake());
    });
    rival.frame(move || gates.open.get());
}

/// Checks that a frame of the rival resumes each script once; by a count that measured scripts don't keep.
fn check<R: Rival>() {
    const SIZE: usize = 1_000;
    let (resumes, rung) = (counter(), counter());
    let mut rival = R::new(SIZE + 1);
    for number in 0..=SIZE {
        rival.spawn(async move {
            loop {
                bump(if number == SIZE { rung } else { resumes });
                R::next_frame().await;
            }
        });
    }
    let mut crowd = Crowd { rival, size: SIZE, rung };
    (0..10).for_each(|_| crowd.frame());
    assert_steps(R::NAME, resumes.get(), SIZE, rung.get());
}

/// Checks in the end that the work was done, by the updates of all scripts.
struct Checked<R: Rival> {
    crowd: Option<Crowd<R>>,
    total: Counter,
}

impl<R: Rival> Drop for Checked<R> {
    fn drop(&mut self) {
        let Some(Crowd { rival, size, rung }) = self.crowd.take() else { return };
        drop(rival);
        if R::DROPS_TASKS {
            assert_steps(R::NAME, self.total.get(), size, rung.get());
        }
    }
}

/// Each script has made one step a frame: one more or less where the bell isn't exactly behind all others.
fn assert_steps(name: &str, steps: u64, size: usize, frames: u64) {
    let off = steps.abs_diff(size as u64 * frames);
    assert!(off <= size as u64 + 61, "{name}: {steps} steps of {size} scripts in {frames} frames");
}

/// A script as above.
#[expect(clippy::manual_async_fn, reason = "an `async fn` would keep its argument twice")]
fn floor_script(mut state: State) -> impl Future<Output = ()> {
    async move {
        loop {
            state.update();
            floors::give_way().await;
        }
    }
}

fn boxed<'a>(size: usize, frames: usize, order: Option<&[u32]>) -> Contender<'a> {
    let total = counter();
    let mut boxes: Vec<_> = (0..size).map(|number| Some(Box::pin(floor_script(State::new(number, total))))).collect();
    let mut floor = Boxed::default();
    for turn in 0..size {
        let number = order.map_or(turn, |order| order[turn] as usize);
        floor.futures.push(boxes[number].take().expect("each number comes once"));
    }
    Contender::new(floors::BOXED, move |round: &mut Round| {
        round.measure_frames(frames, size, || floor.frame());
    })
}

fn inline<'a>(size: usize, frames: usize, order: Option<&[u32]>) -> Contender<'a> {
    let total = counter();
    let scripts = (0..size).map(|number| floor_script(State::new(number, total)));
    let mut floor = Inline::new(scripts, order.map(<[u32]>::to_vec));
    Contender::new(floors::INLINE, move |round: &mut Round| {
        round.measure_frames(frames, size, || floor.frame());
    })
}
