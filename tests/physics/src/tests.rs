//! The recording, and faults that are planted in the physics.
//!
//! The rule: where a fault shows first is found here without the replay layer, by the bits of every body in two yards
//! side by side; a verification has to name the same frame, component and body.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::ScriptExecutor;
use framestep::replay::{Game, ReplayKey, Setup};
use rapier2d::prelude::Vector;

use crate::player::Player;
use crate::systems;
use crate::world::{Body, Forces, Physics, Pose, Velocity};
use crate::yard::{DOMINOES, Yard};

/// A sixtieth of a second.
const STEP: Duration = Duration::from_nanos(16_666_667);

/// The bits of every body, by component and key.
fn bits(yard: &mut Yard) -> BTreeMap<(&'static str, ReplayKey), Vec<u32>> {
    let mut bits = BTreeMap::new();
    let mut bodies = yard.world.query::<(&ReplayKey, &Pose, &Velocity)>();
    for (key, pose, velocity) in bodies.iter(&yard.world) {
        bits.insert(("pose", key.clone()), pose.parts().map(f32::to_bits).to_vec());
        bits.insert(("velocity", key.clone()), velocity.parts().map(f32::to_bits).to_vec());
    }
    bits
}

/// The first frame after which two yards differ, and the first component and body that does.
fn first_difference(mut good: Yard, mut bad: Yard) -> (u64, &'static str, ReplayKey) {
    let mut player = Player::new(1);
    for frame in 1..=600 {
        let pushes = player.next_pushes();
        good.frame(&pushes, STEP);
        bad.frame(&pushes, STEP);
        let (good, bad) = (bits(&mut good), bits(&mut bad));
        if let Some(((kind, key), _)) = good.iter().find(|(cell, bits)| bad.get(cell) != Some(bits)) {
            return (frame, kind, key.clone());
        }
    }
    panic!("the fault doesn't show in 600 frames");
}

/// Adds up the forces backwards from frame 100 on.
fn add_forces_backwards(
    executor: NonSend<ScriptExecutor>,
    mut physics: ResMut<Physics>,
    mut pushed: Query<(&Body, &mut Forces), Changed<Forces>>,
) {
    let late = executor.executor().frame() >= 100;
    for (body, mut forces) in &mut pushed {
        let forces: Vec<Vector> = std::mem::take(&mut forces.bypass_change_detection().0);
        if late {
            systems::push(&mut physics, body, forces.into_iter().rev());
        } else {
            systems::push(&mut physics, body, forces.into_iter());
        }
    }
}

fn with_forces_backwards(setup: &Setup) -> Yard {
    Yard::with(setup, 0..DOMINOES, add_forces_backwards)
}

fn with_dominoes_backwards(setup: &Setup) -> Yard {
    Yard::with(setup, (0..DOMINOES).rev(), systems::add_forces)
}

#[test]
fn where_faults_show() {
    let setup = Setup::new(1);
    println!("{:?}", first_difference(Yard::new(&setup), with_forces_backwards(&setup)));
    println!("{:?}", first_difference(Yard::new(&setup), with_dominoes_backwards(&setup)));
}
