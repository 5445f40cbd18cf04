//! The works: what is measured, and how it is checked that it happened.

use bevy_ecs::world::Mut;

use crate::scene::{self, PUSH, Position, Scene, Velocity};

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Move,
    Start,
    Until,
    Quiet,
    Hear,
}

/// Where a wait of `Work::Until` ends.
const FAR: f32 = 1.0e6;

/// Where a script of `Work::Until` puts its entity when its wait is over.
pub const HOME: Position = Position(-1.0, -1.0, -1.0);

/// The condition that scripts of `Work::Until` wait for.
pub fn is_far(position: &Position) -> bool {
    position.0 >= FAR
}

impl Work {
    pub const ALL: [Work; 5] = [Work::Move, Work::Start, Work::Until, Work::Quiet, Work::Hear];

    pub fn name(self) -> &'static str {
        match self {
            Work::Move => "move",
            Work::Start => "start",
            Work::Until => "until",
            Work::Quiet => "quiet",
            Work::Hear => "hear",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Work::Move => "Each script moves its own entity, every frame",
            Work::Start => "A script a frame and entity is started, moves it once and ends",
            Work::Until => "All wait until their entity has come far; none has",
            Work::Quiet => "All wait for a message; none comes",
            Work::Hear => "All wait for a message, hear the one that comes every frame, and move their entity",
        }
    }

    /// Panics unless the work happened in each of these frames, and nothing else.
    pub fn check(self, scene: &mut Scene, frames: u64) {
        match self {
            Work::Move | Work::Start => {
                for (number, position) in scene.positions().enumerate() {
                    assert_eq!(position, Position::after(Velocity::of(number), frames), "script {number}");
                }
            }
            Work::Until => check_until(scene),
            Work::Quiet => check_quiet(scene),
            Work::Hear => {
                for (number, position) in scene.positions().enumerate() {
                    assert_eq!(position, Position::after(PUSH.0, frames), "script {number}");
                }
            }
        }
    }
}

/// Nobody was resumed so far, and all are once their condition holds.
fn check_until(scene: &mut Scene) {
    assert!(scene.positions().all(|position| position == Position::default()), "nobody's wait is over");
    for &entity in &scene.entities {
        let mut position: Mut<Position> = scene.world.get_mut(entity).expect("spawned with one");
        position.0 = FAR;
    }
    (0..3).for_each(|_| scene.frame());
    assert!(scene.positions().all(|position| position == HOME), "everybody's wait is over");
}

/// Nobody was resumed so far, and a message resumes one at least: to some it is gone once one has read it.
fn check_quiet(scene: &mut Scene) {
    assert!(scene.positions().all(|position| position == Position::default()), "no message has come");
    scene::push(&mut scene.world);
    (0..3).for_each(|_| scene.frame());
    let moved = scene.positions().filter(|&position| position == Position::after(PUSH.0, 1)).count();
    assert!(moved >= 1, "a message has come");
}
