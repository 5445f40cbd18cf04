//! Three scripts, each written for framestep and for bevy_defer 0.19, in the same scene, with the same inputs.
//!
//! | script | what it takes | framestep | bevy_defer |
//! |---|---|---|---|
//! | [`patrol`] | an interrupt that the route outlives | 33 lines | 39 lines |
//! | [`cutscene`] | a skip, and one end state however it ends | 30 lines | 36 lines |
//! | [`boss`] | a change of phase, interrupts, an end by death | 26 lines | 35 lines |
//!
//! A script's two versions lie side by side: `src/patrol/framestep.rs` and `src/patrol/bevy_defer.rs`, and so on. Lines are
//! those that are neither blank nor comments, imports and the start of the script with them; constants and the scene
//! are shared.
//!
//! ```console
//! cd examples/side_by_side
//! cargo run     # plays all of them, and counts their code
//! cargo test    # both sides show the same story, end in the same state, and the counts are as said
//! ```
//!
//! The scripts of bevy_defer are written as its documents and examples have it: `AsyncWorld`, `fetch!`,
//! `select_biased!`, `defer!`, its own tween, streams of events, watches.

mod boss;
mod count;
mod cutscene;
mod patrol;
mod play;
mod scene;

use count::code;
use play::{Pair, Side};

const PAIRS: [Pair; 3] = [patrol::PAIR, cutscene::PAIR, boss::PAIR];

fn main() {
    println!("{:28} {:>20} {:>20}", "lines (characters) of code", "framestep", "bevy_defer");
    for pair in &PAIRS {
        let [ours, theirs] = [pair.framestep, pair.bevy_defer].map(|source| {
            let code = code(source);
            format!("{} ({})", code.lines, code.characters)
        });
        println!("{:28} {ours:>20} {theirs:>20}", pair.name);
    }
    for pair in &PAIRS {
        for (number, play) in (1..).zip(pair.plays) {
            for side in [Side::Framestep, Side::BevyDefer] {
                println!("\n{}, play {number}, by {side:?}:", pair.name);
                for (frame, seen) in pair.play(side, play) {
                    println!("  {frame:3}  {seen}");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use play::Story;

    fn words(story: &Story) -> Vec<&str> {
        story.iter().map(|(_, seen)| seen.as_str()).collect()
    }

    #[test]
    fn both_sides_show_the_same_in_the_same_frames() {
        for pair in [patrol::PAIR, boss::PAIR] {
            for play in pair.plays {
                assert_eq!(pair.play(Side::Framestep, play), pair.play(Side::BevyDefer, play), "{}", pair.name);
            }
        }
    }

    #[test]
    fn both_sides_show_the_same_cutscene_and_leave_the_same_when_it_is_skipped() {
        // Not in the same frames: the tween of bevy_defer adds up seconds in `f32` and ends two frames later.
        let pair = cutscene::PAIR;
        let [whole, skipped @ ..] = pair.plays else { panic!("the first is the whole of it") };
        let story = pair.play(Side::Framestep, whole);
        assert_eq!(words(&story), words(&pair.play(Side::BevyDefer, whole)));
        for play in skipped {
            let ours = pair.play(Side::Framestep, play);
            assert_eq!(words(&ours), words(&pair.play(Side::BevyDefer, play)));
            assert!(ours.len() < story.len(), "it was cut short: {ours:?}");
        }
    }

    #[test]
    fn every_play_ends_as_it_must() {
        for pair in &PAIRS {
            for (side, play) in pair.plays.iter().flat_map(|play| [(Side::Framestep, play), (Side::BevyDefer, play)]) {
                assert_eq!(words(&pair.play(side, play)).last(), Some(&play.end), "{}, by {side:?}", pair.name);
            }
        }
    }

    #[test]
    fn framestep_takes_less_code_and_no_side_unwraps() {
        for pair in &PAIRS {
            let (ours, theirs) = (code(pair.framestep), code(pair.bevy_defer));
            assert!(ours.lines < theirs.lines, "{}: {ours:?}, {theirs:?}", pair.name);
            assert!(ours.characters < theirs.characters, "{}: {ours:?}, {theirs:?}", pair.name);
            for source in [pair.framestep, pair.bevy_defer] {
                assert!(!source.contains("unwrap") && !source.contains("expect"), "{}", pair.name);
            }
        }
    }

    #[test]
    fn the_counts_at_the_top_are_those_of_the_sources() {
        let ends: Vec<_> = include_str!("main.rs")
            .lines()
            .filter(|line| line.starts_with("//! | [`"))
            .filter_map(|row| row.splitn(4, '|').nth(3))
            .collect();
        let lines = |source| code(source).lines;
        let counts = |pair: &Pair| format!(" {} lines | {} lines |", lines(pair.framestep), lines(pair.bevy_defer));
        assert_eq!(ends, PAIRS.iter().map(counts).collect::<Vec<_>>());
    }
}
