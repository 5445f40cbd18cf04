//! Wake hops: a ring of scripts in which each wakes the next through its waker, within one frame.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::Poll;

use super::{Scale, label};
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::Embassy;
use crate::rivals::framestep::Framestep;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::nexus::Nexus;
use crate::rivals::tokio::Tokio;
use crate::script::{State, Wakers, counter, leave_waker, wakers};

pub const NAME: &str = "wake hop";

pub fn run(scale: &Scale) -> Table {
    let about = "A ring of this many scripts: who holds the token wakes the next by its waker and waits; a lap is a\n\
                 frame. For nexus and embassy, which go once through what is ready, each hop is a call, and a game that\n\
                 calls once a frame would need a frame for each hop. Nanoseconds a hop.";
    let mut table = Table::new(NAME, "ns", about);
    for size in scale.sizes(&[1_000, 100_000]) {
        let frames = scale.frames(300_000, size);
        let contenders = vec![
            contender::<Framestep>(size, frames),
            contender::<Nexus>(size, frames),
            contender::<Embassy>(size, frames),
            contender::<AsyncExecutor>(size, frames),
            contender::<LocalPool>(size, frames),
            contender::<Tokio>(size, frames),
        ];
        let figures = contest(1, scale.rounds(size), contenders);
        figures.into_iter().for_each(|cells| table.push(label(size), size, cells));
    }
    table
}

struct Ring {
    /// By number of the script.
    wakers: Wakers,
    holder: Cell<usize>,
    hops_left: Cell<usize>,
    laps: Cell<u64>,
}

impl Ring {
    /// Hands the token on.
    fn pass(&self) {
        let next = (self.holder.get() + 1) % self.wakers.borrow().len();
        self.holder.set(next);
        self.wakers.borrow()[next].wake_by_ref();
    }
}

async fn station<R: Rival>(ring: &'static Ring, number: usize, mut state: State) {
    loop {
        poll_fn(|_| if ring.holder.get() == number { Poll::Ready(()) } else { Poll::Pending }).await;
        state.update();
        if ring.hops_left.get() == 0 {
            R::next_frame().await;
            ring.hops_left.set(ring.wakers.borrow().len());
        }
        ring.hops_left.set(ring.hops_left.get() - 1);
        if ring.hops_left.get() == 0 {
            ring.laps.set(ring.laps.get() + 1);
        }
        ring.pass();
    }
}

/// Lets go of the wakers before the executor is dropped.
struct Running<R> {
    ring: &'static Ring,
    rival: R,
}

impl<R> Drop for Running<R> {
    fn drop(&mut self) {
        self.ring.wakers.take();
    }
}

fn contender<'a, R: Rival>(size: usize, frames: usize) -> Contender<'a> {
    let ring: &'static Ring = Box::leak(Box::new(Ring {
        wakers: wakers(),
        // Nobody, until all have left their wakers.
        holder: Cell::new(size),
        hops_left: Cell::new(0),
        laps: Cell::new(0),
    }));
    let total = counter();
    let mut rival = R::new(size);
    for turn in 0..size {
        rival.spawn(async move {
            leave_waker(ring.wakers).await;
            // Some run what was spawned last first: its place in the ring is that of its waker.
            let number = ring.wakers.borrow().len() - 1;
            if number + 1 == size {
                ring.holder.set(number);
            }
            station::<R>(ring, number, State::new(turn, total)).await;
        });
    }
    rival.frame(move || ring.wakers.borrow().len() == size);
    let mut running = Running { ring, rival };
    Contender::new(R::NAME, move |round: &mut Round| {
        round.measure_frames(frames, size, || {
            let next = ring.laps.get() + 1;
            running.rival.frame(move || ring.laps.get() == next);
        });
    })
}
