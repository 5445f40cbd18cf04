//! The recording, and faults that are planted in the physics.
//!
//! The rule: where a fault shows first is found here without the replay layer, by the bits of every body in two yards
//! side by side; a verification has to name the same frame, component and body.

use std::collections::BTreeMap;

use bevy_ecs::prelude::*;
use framestep::ScriptExecutor;
use framestep::replay::{Detail, Game, Recorder, Recording, ReplayKey, Setup, Verify, VerifyError, verify};
use rapier2d::prelude::Vector;

use crate::player::{Player, STEP};
use crate::systems;
use crate::world::{Body, Forces, Physics, Pose, Velocity};
use crate::yard::{DOMINOES, Yard};

/// So many frames are enough for a fault to show.
const SOME_FRAMES: u64 = 180;

/// From this frame on forces are added up backwards.
const LATE: u64 = 30;

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
    for frame in 1..=SOME_FRAMES {
        let pushes = player.next_pushes();
        good.frame(&pushes, STEP);
        bad.frame(&pushes, STEP);
        let (good, bad) = (bits(&mut good), bits(&mut bad));
        if let Some(((kind, key), _)) = good.iter().find(|(cell, bits)| bad.get(cell) != Some(bits)) {
            return (frame, kind, key.clone());
        }
    }
    panic!("the fault doesn't show in {SOME_FRAMES} frames");
}

/// Adds up the forces backwards from a frame on.
fn add_forces_backwards(
    executor: NonSend<ScriptExecutor>,
    mut physics: ResMut<Physics>,
    mut pushed: Query<(&Body, &mut Forces), Changed<Forces>>,
) {
    let late = executor.executor().frame() >= LATE;
    for (body, mut forces) in &mut pushed {
        let forces: Vec<Vector> = std::mem::take(&mut forces.bypass_change_detection().0);
        if late {
            systems::push(&mut physics, body, forces.into_iter().rev());
        } else {
            systems::push(&mut physics, body, forces.into_iter());
        }
    }
}

/// Some frames of the yard as it should be.
fn recorded(setup: &Setup) -> Recording {
    let mut yard = Yard::new(setup);
    let mut player = Player::new(setup.seed);
    let mut recorder = Recorder::to(Vec::new(), setup, Detail::Full, &mut yard).expect("the yard is traced");
    for _ in 0..SOME_FRAMES {
        recorder.frame(&mut yard, &player.next_pushes(), STEP).expect("everything has a key");
    }
    let bytes = recorder.finish(&mut yard).expect("everything has a key");
    Recording::from_bytes(bytes).expect("it has just been written")
}

/// A verification of a faulty yard names the frame, the component and the body in which the fault shows first.
fn assert_found(faulty: impl Fn(&Setup) -> Yard) -> u64 {
    let setup = Setup::new(1);
    let (frame, kind, key) = first_difference(Yard::new(&setup), faulty(&setup));
    match Verify::new(recorded(&setup)).run(faulty) {
        Err(VerifyError::Diverged(found)) => {
            let blamed = found.state.first().expect("a body moves otherwise");
            let blamed = (found.frame, blamed.kind.as_str(), blamed.entity.clone());
            assert_eq!(blamed, (frame, kind, key.to_string()), "{found}");
            assert_eq!(found.equal_frame, frame - 1, "{found}");
            assert!(found.script.is_none(), "no script did anything else yet: {found}");
        }
        other => panic!("the fault isn't found: {other:?}"),
    }
    frame
}

#[test]
fn a_minute_replays() {
    verify(concat!(env!("CARGO_MANIFEST_DIR"), "/yard.replay"), Yard::new);
}

#[test]
fn forces_added_up_in_another_order_are_found() {
    let frame = assert_found(|setup| Yard::with(setup, 0..DOMINOES, add_forces_backwards));
    assert!(frame >= LATE, "until then they are added up as they should");
}

#[test]
fn bodies_that_come_in_another_order_are_found() {
    assert_found(|setup| Yard::with(setup, (0..DOMINOES).rev(), systems::add_forces));
}
