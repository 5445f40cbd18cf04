//! The examples: each one's own tests, and what holds for all of them.

#![allow(dead_code, reason = "examples have a `main`, which tests don't call")]

#[path = "../../examples/boss_fight.rs"]
mod boss_fight;
#[cfg(feature = "bevy")]
#[path = "../../examples/cutscene.rs"]
mod cutscene;
#[path = "../../examples/dialogue.rs"]
mod dialogue;
#[path = "../../examples/door.rs"]
mod door;
#[path = "../../examples/hello.rs"]
mod hello;
#[path = "../../examples/other_engine.rs"]
mod other_engine;
#[path = "../../examples/spawner.rs"]
mod spawner;
#[path = "../../examples/tokio_bridge.rs"]
mod tokio_bridge;
#[path = "../../examples/turn_based.rs"]
mod turn_based;
#[cfg(feature = "bevy")]
#[path = "../../examples/ui_flow.rs"]
mod ui_flow;

mod awaits;
mod interrupted;
mod struck;

use bevy_ecs::prelude::*;
use struck::{Game, Play};

/// How the examples are played where they are interrupted.
fn plays() -> Vec<Play> {
    fn boxed(game: (World, Schedule)) -> Box<dyn Game> {
        Box::new(game)
    }
    #[cfg_attr(not(feature = "bevy"), expect(unused_mut, reason = "some need Bevy's crates"))]
    let mut plays = vec![
        Play::of("hello", || boxed(hello::game()), 200),
        Play {
            input: |world, frame| {
                if matches!(frame, 5 | 60 | 190 | 250) {
                    door::knock(world);
                }
            },
            at_end: door::check,
            ..Play::of("door", || boxed(door::game()), 500)
        },
        Play {
            input: boss_fight::player,
            at_end: |world| assert_eq!(boss_fight::music(world), "calm"),
            ..Play::of("boss_fight", || boxed(boss_fight::game()), 300)
        },
        Play {
            input: dialogue::player,
            at_end: dialogue::check,
            ..Play::of("dialogue", || boxed(dialogue::game()), 300)
        },
        Play { at_end: spawner::check, ..Play::of("spawner", || boxed(spawner::game()), 900) },
        Play {
            input: turn_based::player,
            at_end: turn_based::check,
            ..Play::of("turn_based", || boxed(turn_based::game()), 200)
        },
    ];
    #[cfg(feature = "bevy")]
    plays.extend([
        Play { after: 60, at_end: cutscene::check, ..Play::of("cutscene", || boxed(cutscene::game()), 400) },
        Play {
            after: 25,
            input: ui_flow::player,
            at_end: ui_flow::check,
            ..Play::of("ui_flow", || Box::new(ui_flow::game()), 80)
        },
    ]);
    plays
}
