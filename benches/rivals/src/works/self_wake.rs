//! Polls of a script that wakes itself through its waker, several times within a frame.

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
use crate::script::{Counter, State, WakeSelf, bump, counter};

pub const NAME: &str = "self-wake";

const WAKES_A_FRAME: usize = 8;
/// The frame's own resume comes on top of them.
const POLLS_A_FRAME: usize = WAKES_A_FRAME + 1;

pub fn run(scale: &Scale) -> Table {
    let about = "Each script wakes itself 8 times in a frame (`wake_by_ref`, then pending), then waits for the next\n\
                 frame: 9 polls. Nexus and embassy, which go once through what is ready, are called 9 times a frame.\n\
                 Nanoseconds a poll.";
    let mut table = Table::new(NAME, "ns", about);
    for size in scale.sizes(&[1_000, 100_000]) {
        let frames = scale.frames(500_000, size * POLLS_A_FRAME);
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

/// Checks in the end that all scripts were polled as often as was measured.
struct Running<R: Rival> {
    rival: Option<R>,
    size: usize,
    total: Counter,
    rung: Counter,
}

impl<R: Rival> Drop for Running<R> {
    fn drop(&mut self) {
        drop(self.rival.take());
        if R::DROPS_TASKS {
            let all = (self.size as u64 + 1) * POLLS_A_FRAME as u64;
            let off = self.total.get().abs_diff(all * self.rung.get());
            assert!(off <= all, "{}: {off} polls off", R::NAME);
        }
    }
}

fn contender<'a, R: Rival>(size: usize, frames: usize) -> Contender<'a> {
    let (total, rung) = (counter(), counter());
    let mut rival = R::new(size + 1);
    // The last of them tells when all are through.
    for number in 0..=size {
        let mut state = State::new(number, total);
        rival.spawn(async move {
            loop {
                for _ in 0..WAKES_A_FRAME {
                    state.update();
                    WakeSelf::default().await;
                }
                state.update();
                if number == size {
                    bump(rung);
                }
                R::next_frame().await;
            }
        });
    }
    // Some allocate a task when they first see it: before others have left gaps in the heap.
    rival.frame(move || rung.get() >= 1);
    let mut running = Running { rival: Some(rival), size, total, rung };
    Contender::new(R::NAME, move |round: &mut Round| {
        round.measure_frames(frames, size * POLLS_A_FRAME, || {
            let next = rung.get() + 1;
            let rival = running.rival.as_mut().expect("taken only in the end");
            rival.frame(move || rung.get() >= next);
        });
    })
}
