//! Resumes in order, beside `nexus-async-rt` 0.1.0, in one process and in turns.
//!
//! `cargo run --release` in this folder prints nanoseconds a resume and the ratio, medians over rounds.
//! Each side runs the same script: 96 bytes of state of which it updates one counter, then its own
//! built-in wait for the next step. Only ratios of one run mean something.

use std::hint::black_box;
use std::time::Instant;

/// Wide enough that a round takes some milliseconds, so that the clock's grain doesn't show.
const RESUMES_PER_ROUND: usize = 2_000_000;
const ROUNDS: usize = 31;

fn main() {
    println!("{:>9}  {:>12}  {:>12}  {:>6}", "scripts", "framestep ns", "nexus ns", "ratio");
    for scripts in [100, 1_000, 10_000, 100_000, 1_000_000] {
        let mut ours = framestep::Executor::builder().capacity(scripts).slots(160, scripts).build();
        for number in 0..scripts as u64 {
            drop(ours.spawn(async move {
                let mut state = [number; 12];
                loop {
                    state[3] = state[3].wrapping_add(1);
                    black_box(&mut state);
                    framestep::next_frame().await;
                }
            }));
        }
        let mut theirs = nexus_async_rt::Executor::new(scripts);
        theirs.set_tasks_per_cycle(usize::MAX);
        for number in 0..scripts as u64 {
            theirs.spawn_boxed(async move {
                let mut state = [number; 12];
                loop {
                    state[3] = state[3].wrapping_add(1);
                    black_box(&mut state);
                    nexus_async_rt::yield_now().await;
                }
            });
        }
        let frames = (RESUMES_PER_ROUND / scripts).max(2);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS + 2 {
            let ours = time(frames, scripts, || assert_eq!(black_box(ours.poll_once()).polled, scripts as u64));
            let theirs = time(frames, scripts, || assert_eq!(black_box(theirs.poll()), 0));
            if round >= 2 {
                a.push(ours);
                b.push(theirs);
            }
        }
        let (a, b) = (median(a), median(b));
        println!("{scripts:>9}  {a:>12.2}  {b:>12.2}  {:>6.2}", a / b);
        drop(ours);
        // Its tasks hold no wakers; its executor frees them.
        drop(theirs);
    }
}

/// Nanoseconds a resume.
fn time(frames: usize, scripts: usize, mut frame: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..frames {
        frame();
    }
    start.elapsed().as_nanos() as f64 / (frames * scripts) as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
