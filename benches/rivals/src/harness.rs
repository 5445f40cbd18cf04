//! Rounds, medians and allocations.
//!
//! A work at one size is a contest: every contender is set up, then they take turns, round by round, in an
//! order drawn anew for each, so that what else the machine does falls on all of them, and what one leaves
//! behind in the caches falls on another each time. The first rounds are dropped; what counts is the median of
//! the rest.

use std::time::Instant;

use crate::alloc;

/// Rounds that warm caches, queues and branch predictors, and aren't counted.
const WARM_UP: usize = 2;

/// What one round of one contender measured, by figure.
#[derive(Default)]
pub struct Round {
    samples: Vec<(usize, Sample)>,
}

#[derive(Copy, Clone)]
struct Sample {
    nanos: f64,
    allocations: f64,
}

impl Round {
    /// Measures frames of so many units each, for the work's only figure. If there are several, one more goes
    /// before them, which isn't measured: it brings the contender's memory back into the caches.
    pub fn measure_frames(&mut self, frames: usize, units: usize, mut frame: impl FnMut()) {
        if frames > 1 {
            frame();
        }
        self.measure(frames * units, || (0..frames).for_each(|_| frame()));
    }

    /// Measures `work`, which does `units` units, for the work's only figure.
    pub fn measure<T>(&mut self, units: usize, work: impl FnOnce() -> T) -> T {
        self.measure_as(0, units, work)
    }

    /// Measures `work`, which does `units` units, for one of the work's figures. Measured twice in a round,
    /// a figure has more samples.
    pub fn measure_as<T>(&mut self, figure: usize, units: usize, work: impl FnOnce() -> T) -> T {
        let (result, nanos, allocations) = measure(work);
        self.add(figure, nanos / units as f64, allocations / units as f64);
        result
    }

    /// Measures `work`, which returns how many units it did.
    pub fn measure_counted(&mut self, work: impl FnOnce() -> usize) {
        let (units, nanos, allocations) = measure(work);
        self.add(0, nanos / units as f64, allocations / units as f64);
    }

    /// Adds what was measured elsewhere, per unit.
    pub fn add(&mut self, figure: usize, nanos: f64, allocations: f64) {
        self.samples.push((figure, Sample { nanos, allocations }));
    }
}

/// Runs `work`; how long it took, in nanoseconds, and how often it allocated.
fn measure<T>(work: impl FnOnce() -> T) -> (T, f64, f64) {
    let allocations = alloc::count();
    let start = Instant::now();
    let result = work();
    let nanos = start.elapsed().as_nanos();
    (result, nanos as f64, (alloc::count() - allocations) as f64)
}

/// One rival at one work and size: called once a round.
pub struct Contender<'a> {
    pub rival: &'static str,
    pub round: Box<dyn FnMut(&mut Round) + 'a>,
}

impl<'a> Contender<'a> {
    pub fn new(rival: &'static str, round: impl FnMut(&mut Round) + 'a) -> Self {
        Contender { rival, round: Box::new(round) }
    }
}

/// What a rival needs for one unit of a work.
#[derive(Copy, Clone, Debug)]
pub struct Cell {
    pub rival: &'static str,
    /// Nanoseconds, or what else the work counts.
    pub value: f64,
    pub allocations: f64,
}

/// Lets the contenders take turns for `rounds` rounds; for each figure the medians of those that have it.
pub fn contest(figures: usize, rounds: usize, mut contenders: Vec<Contender<'_>>) -> Vec<Vec<Cell>> {
    let mut samples = vec![vec![Vec::new(); figures]; contenders.len()];
    let mut turns: Vec<usize> = (0..contenders.len()).collect();
    let mut random = fastrand::Rng::with_seed(1);
    for number in 0..WARM_UP + rounds {
        random.shuffle(&mut turns);
        for &index in &turns {
            let mut round = Round::default();
            (contenders[index].round)(&mut round);
            if number >= WARM_UP {
                for (figure, sample) in round.samples {
                    samples[index][figure].push(sample);
                }
            }
        }
    }
    (0..figures)
        .map(|figure| {
            let measured = contenders.iter().zip(&samples).filter(|(_, samples)| !samples[figure].is_empty());
            measured
                .map(|(contender, samples)| Cell {
                    rival: contender.rival,
                    value: median(samples[figure].iter().map(|sample| sample.nanos)),
                    allocations: median(samples[figure].iter().map(|sample| sample.allocations)),
                })
                .collect()
        })
        .collect()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
