//! `cargo run -- record FILE` makes the recording anew; `cargo run -- play` prints the hashes of its run.

use std::time::Duration;

use framestep::replay::{Game, HashWorld, Setup};
use framestep_physics::{Yard, player::Player};

fn main() {
    let mut yard = Yard::new(&Setup::new(1));
    let mut player = Player::new(1);
    let mut worlds = 0u64;
    for _ in 0..3600 {
        yard.frame(&player.next_pushes(), Duration::from_nanos(16_666_667));
        worlds = worlds.rotate_left(1) ^ yard.world.world_hash().expect("everything has a key").total;
    }
    println!("worlds={worlds:016x} trace={:016x}", yard.executor().trace_hash());
}
