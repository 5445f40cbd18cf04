//! Words of 32 bits.
//!
//! `usize` is as wide as the target's addresses: 64 bits on most, 32 in the browser. Here the width is a parameter.

use bevy_ecs::prelude::*;
use framestep::replay::{HashWorld, ReplayKey, Setup, WorldGame};
use framestep::{Me, Script, next_frame};
use serde::Serialize;

use super::{blamed_value, verified, world_game};

/// A hash that a level is grown from.
#[derive(Component, Serialize)]
struct Level(usize);

/// A level that is mixed each frame, in words that this cuts to a target's width.
fn level(cut: fn(u64) -> u64) -> impl Fn(&Setup) -> WorldGame<()> {
    move |setup| {
        let mut game = world_game(setup);
        let mix = Script::new(async move |me: Me| {
            let mut mixed = 1_u64;
            loop {
                mixed = cut(mixed.wrapping_mul(31));
                let seen = (mixed % 1_000_003) as usize;
                me.with(|mut level: Mut<Level>| level.0 = seen)?;
                next_frame().await;
            }
        });
        game.world_mut().hash_component::<Level>("level").spawn((ReplayKey::new("cave"), Level(0), mix));
        game
    }
}

#[test]
fn a_word_of_32_bits_is_found_in_the_frame_in_which_it_overflows_and_64_bits_pass() {
    let usize_of_64 = |word: u64| word;
    let usize_of_32 = |word: u64| word & 0xffff_ffff;
    // 31 to the 6th is below 2 to the 32nd, and 31 to the 7th isn't.
    let found = verified(level(usize_of_64), level(usize_of_32)).expect_err("it overflows");
    assert_eq!(blamed_value(&found), (7, "level", "cave"));

    let always_64 = |word: u64| word;
    verified(level(usize_of_64), level(always_64)).expect("a `u64` is as wide everywhere");
}

#[test]
fn a_hashed_usize_passes_on_every_target() {
    // As long as the number is the same: postcard writes it without its width.
    let mut world = World::new();
    world.hash_component::<Level>("level").spawn((ReplayKey::new("cave"), Level(7)));
    let as_usize = world.world_hash().expect("it has a key");
    let mut world = World::new();
    world.hash_component_by("level", |level: &Level, _| level.0 as u32);
    world.spawn((ReplayKey::new("cave"), Level(7)));
    assert_eq!(world.world_hash().expect("it has a key"), as_usize);
}
