//! Wakes from another thread.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::{Scale, label};
use crate::alloc;
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::Embassy;
use crate::rivals::framestep::Framestep;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::tokio::Tokio;
use crate::script::{State, bump, counter, leave_waker, wakers};

pub const NAME: &str = "foreign wake";

const FIGURES: [&str; 2] = ["send", "collect"];

pub fn run(scale: &Scale) -> Table {
    let about = "Another thread wakes each of this many scripts once, while the game's thread waits for it (*send*, on\n\
                 that thread); then a frame takes the wakes in and polls the scripts (*collect*, on the game's thread).\n\
                 Nexus: its wakers mustn't leave their thread. Nanoseconds a wake.";
    let mut table = Table::new(NAME, "ns", about);
    for size in scale.sizes(&[1_000, 100_000]) {
        let frames = scale.frames(50_000, size);
        let contenders = vec![
            contender::<Framestep>(size, frames),
            contender::<Embassy>(size, frames),
            contender::<AsyncExecutor>(size, frames),
            contender::<LocalPool>(size, frames),
            contender::<Tokio>(size, frames),
        ];
        for (figure, cells) in contest(FIGURES.len(), scale.rounds(size), contenders).into_iter().enumerate() {
            table.push(format!("{}, {}", label(size), FIGURES[figure]), size, cells);
        }
    }
    table
}

/// What the other thread hands back: the wakers, how long it took to wake them, and how often that allocated.
type Woken = (Vec<Waker>, Duration, u64);

/// A thread that wakes whatever it is sent.
struct Other {
    wake: Sender<Vec<Waker>>,
    woken: Receiver<Woken>,
}

impl Other {
    fn start() -> Self {
        let (wake, to_wake) = channel::<Vec<Waker>>();
        let (done, woken) = channel();
        // Ends when `wake` is dropped.
        std::thread::spawn(move || {
            for wakers in to_wake {
                let allocations = alloc::count();
                let start = Instant::now();
                wakers.iter().for_each(Waker::wake_by_ref);
                let took = start.elapsed();
                if done.send((wakers, took, alloc::count() - allocations)).is_err() {
                    break;
                }
            }
        });
        Other { wake, woken }
    }
}

fn contender<'a, R: Rival>(size: usize, frames: usize) -> Contender<'a> {
    let (polls, total) = (counter(), counter());
    let left = wakers();
    let mut rival = R::new(size);
    for number in 0..size {
        let mut state = State::new(number, total);
        rival.spawn(async move {
            leave_waker(left).await;
            poll_fn(|_| {
                state.update();
                bump(polls);
                Poll::<()>::Pending
            })
            .await;
        });
    }
    rival.frame(move || polls.get() == size as u64);
    let wakers = RefCell::new(left.take());
    let other = Other::start();
    Contender::new(R::NAME, move |round: &mut Round| {
        for _ in 0..frames {
            other.wake.send(wakers.take()).expect("the thread ends when this is dropped");
            let (returned, took, allocations) = other.woken.recv().expect("as above");
            wakers.replace(returned);
            round.add(0, took.as_nanos() as f64 / size as f64, allocations as f64 / size as f64);
            let all = polls.get() + size as u64;
            round.measure_as(1, size, || rival.frame(move || polls.get() == all));
        }
    })
}
