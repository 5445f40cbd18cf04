//! The measurement: forms of one work take turns in one process, and of each the median turn counts.
//!
//! A turn is a frame that isn't timed, which brings the side back into the caches, and then as many timed
//! ones as fill the turn's length. Who begins changes from round to round. Time is this thread's time on a
//! processor, so that what other processes take in between isn't counted.

use std::time::Duration;

use cpu_time::ThreadTime;

use crate::allocations;
use crate::forms::Form;
use crate::scene::Scene;
use crate::work::Work;

#[derive(Copy, Clone, Debug)]
pub struct Effort {
    pub rounds: usize,
    pub turn: Duration,
}

/// What a script costs in a frame.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Cost {
    pub nanoseconds: f64,
    pub allocations: f64,
}

/// One form on its way through the rounds.
struct Side {
    scene: Scene,
    frames_per_turn: u32,
    /// Seconds a frame, of each turn.
    turns: Vec<f64>,
    /// Allocations in the timed frames.
    allocations: u64,
    /// All frames that were run.
    frames: u64,
}

/// The frames after which all are warm, and the length of the last of them is believed.
const WARM_UP: usize = 4;

/// Keeps sums of velocities exact; see `Position::after`.
const MOST_FRAMES_PER_TURN: f64 = 10_000.0;

impl Side {
    fn new(scene: Scene, effort: Effort) -> Self {
        let mut side = Side { scene, frames_per_turn: 1, turns: Vec::new(), allocations: 0, frames: 0 };
        let warm = (0..WARM_UP).map(|_| side.run(1)).last().expect("there is a warm-up");
        side.frames_per_turn = (effort.turn.as_secs_f64() / warm).clamp(1.0, MOST_FRAMES_PER_TURN) as u32;
        side
    }

    /// Seconds a frame.
    fn run(&mut self, frames: u32) -> f64 {
        let start = ThreadTime::now();
        for _ in 0..frames {
            self.scene.frame();
        }
        self.frames += u64::from(frames);
        start.elapsed().as_secs_f64() / f64::from(frames)
    }

    fn turn(&mut self) {
        self.run(1);
        let before = allocations::so_far();
        let seconds = self.run(self.frames_per_turn);
        self.allocations += allocations::so_far() - before;
        self.turns.push(seconds);
    }

    fn cost(&self, size: usize) -> Cost {
        let timed = self.turns.len() as f64 * f64::from(self.frames_per_turn);
        Cost {
            nanoseconds: median(&self.turns) * 1.0e9 / size as f64,
            allocations: self.allocations as f64 / timed / size as f64,
        }
    }
}

/// What each of the forms costs; `None` for those that have no such thing.
pub fn compare(work: Work, size: usize, forms: &[&Form], effort: Effort) -> Vec<Option<Cost>> {
    let mut sides: Vec<_> = forms.iter().map(|form| form.build(size).map(|scene| Side::new(scene, effort))).collect();
    let count = sides.len();
    for round in 0..effort.rounds {
        for number in 0..count {
            if let Some(side) = &mut sides[(round + number) % count] {
                side.turn();
            }
        }
    }
    let finish = |mut side: Side| {
        work.check(&mut side.scene, side.frames);
        side.cost(size)
    };
    sides.into_iter().map(|side| side.map(finish)).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
