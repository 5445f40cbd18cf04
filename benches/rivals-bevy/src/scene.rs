//! What every side of a comparison has: a world of entities with a place, and what one frame of it is.
//!
//! A frame runs one schedule, `Frame`, which holds what the side needs and nothing else: no side pays for
//! the rest of an app's frame.

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::ScheduleLabel;

#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame;

#[derive(Component, Copy, Clone, Debug, Default, PartialEq)]
pub struct Position(pub f32, pub f32, pub f32);

impl Position {
    pub fn advance(&mut self, by: Velocity) {
        self.0 += by.0;
        self.1 += by.1;
        self.2 += by.2;
    }

    /// Where one is who was advanced that many times. Exact up to 2^24 in the first place.
    pub fn after(by: Velocity, times: u64) -> Self {
        let times = times as f32;
        Position(by.0 * times, by.1 * times, by.2 * times)
    }
}

#[derive(Component, Copy, Clone, Debug, PartialEq)]
pub struct Velocity(pub f32, pub f32, pub f32);

impl Velocity {
    /// Small and in eighths, so that sums are exact; not the same for all, so that it can't be folded away.
    pub fn of(number: usize) -> Self {
        let x = 1.0 + (number % 7) as f32;
        Velocity(x, x / 2.0, x / 8.0)
    }
}

/// A message that moves whoever hears it.
#[derive(Message, Copy, Clone, Debug)]
pub struct Push(pub Velocity);

pub const PUSH: Push = Push(Velocity(1.0, 0.5, 0.125));

/// Runs one frame of these entities.
type RunFrame = Box<dyn FnMut(&mut World, &[Entity])>;

/// One side of a comparison.
pub struct Scene {
    pub world: World,
    /// The entities, in the order in which they were spawned.
    pub entities: Vec<Entity>,
    frame: RunFrame,
}

impl Scene {
    /// A scene whose frame is its world's schedule `Frame`.
    pub fn new(world: World, entities: Vec<Entity>) -> Self {
        Self::with_frame(world, entities, |world, _| world.run_schedule(Frame))
    }

    /// A scene whose frame is `frame`.
    pub fn with_frame(world: World, entities: Vec<Entity>, frame: impl FnMut(&mut World, &[Entity]) + 'static) -> Self {
        Scene { world, entities, frame: Box::new(frame) }
    }

    /// The same scene, after a frame in which all begin to listen, and with a message written before each
    /// that follows.
    pub fn pushed(mut self) -> Self {
        self.frame();
        let Scene { world, entities, mut frame } = self;
        Self::with_frame(world, entities, move |world, entities| {
            push(world);
            frame(world, entities);
        })
    }

    pub fn frame(&mut self) {
        (self.frame)(&mut self.world, &self.entities);
    }

    pub fn positions(&self) -> impl Iterator<Item = Position> {
        self.entities.iter().map(|&entity| *self.world.get::<Position>(entity).expect("spawned with one"))
    }
}

/// Writes one message, as a frame of Bevy would: the older ones give way.
pub fn push(world: &mut World) {
    world.resource_mut::<Messages<Push>>().update();
    world.write_message(PUSH);
}

/// Spawns entities with what `bundle` gives for each beside its place.
pub fn populate<B: Bundle>(world: &mut World, size: usize, mut bundle: impl FnMut(usize) -> B) -> Vec<Entity> {
    (0..size).map(|number| world.spawn((Position::default(), bundle(number))).id()).collect()
}
