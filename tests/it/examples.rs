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

mod interrupted;

use bevy_ecs::prelude::*;
use interrupted::{Game, Play};

/// How the examples are played where they are interrupted.
fn plays() -> Vec<Play> {
    fn boxed(game: (World, Schedule)) -> Box<dyn Game> {
        Box::new(game)
    }
    #[cfg_attr(not(feature = "bevy"), expect(unused_mut, reason = "some need Bevy's crates"))]
    let mut plays = vec![
        Play { name: "hello", game: || boxed(hello::game()), frames: 200, input: |_, _| (), at_end: |_| () },
        Play {
            name: "door",
            game: || boxed(door::game()),
            frames: 500,
            input: |world, frame| {
                if matches!(frame, 5 | 60 | 190 | 250) {
                    door::knock(world);
                }
            },
            at_end: |_| (),
        },
        Play {
            name: "boss_fight",
            game: || boxed(boss_fight::game()),
            frames: 300,
            input: boss_fight::player,
            at_end: |world| assert_eq!(boss_fight::music(world), "calm"),
        },
        Play {
            name: "dialogue",
            game: || boxed(dialogue::game()),
            frames: 300,
            input: dialogue::player,
            at_end: |_| (),
        },
        Play { name: "spawner", game: || boxed(spawner::game()), frames: 900, input: |_, _| (), at_end: |_| () },
        Play {
            name: "turn_based",
            game: || boxed(turn_based::game()),
            frames: 200,
            input: turn_based::player,
            at_end: |_| (),
        },
    ];
    #[cfg(feature = "bevy")]
    plays.extend([
        Play {
            name: "cutscene",
            game: || boxed(cutscene::game()),
            frames: 400,
            input: |_, _| (),
            at_end: cutscene::check,
        },
        Play {
            name: "ui_flow",
            game: || Box::new(ui_flow::game()),
            frames: 80,
            input: ui_flow::player,
            at_end: ui_flow::check,
        },
    ]);
    plays
}
