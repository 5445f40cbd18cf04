//! What there is in the yard: bodies, forces, contacts, and what the player does.
//!
//! The rule: what the physics knows of a body is mirrored in `Pose` and `Velocity` after every step, and these are what
//! scripts wait for and what a replay compares, by their bits.

use bevy_ecs::prelude::*;
use framestep::replay::ReplayKey;
use rapier2d::prelude::{
    Collider, ColliderBuilder, ImpulseJointHandle, PhysicsWorld, Pose as Placement, RigidBodyBuilder, RigidBodyHandle,
    Vector,
};
use serde::{Deserialize, Serialize};

/// What the player does in a frame.
#[derive(Resource, Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushes {
    /// Pushes the cart to the left (-1) or to the right (1).
    pub thrust: i8,
    /// Lets the cart hop.
    pub hop: bool,
    /// Drops a ball.
    pub ball: bool,
    /// Lets the catapult go.
    pub fire: bool,
}

/// Rapier's world.
#[derive(Resource, Default)]
pub struct Physics(pub PhysicsWorld);

/// An entity's body; despawning the entity takes it out of the physics.
#[derive(Component, Copy, Clone, Debug)]
pub struct Body(pub RigidBodyHandle);

/// Where a body is, after the last step of the physics.
#[derive(Component, Copy, Clone, Debug, Default, PartialEq)]
pub struct Pose(pub Placement);

impl Pose {
    pub fn x(&self) -> f32 {
        self.0.translation.x
    }

    pub fn y(&self) -> f32 {
        self.0.translation.y
    }

    /// The sine of its angle: 0 is upright.
    pub fn tilt(&self) -> f32 {
        self.0.rotation.im
    }

    /// What is hashed.
    pub fn parts(&self) -> [f32; 4] {
        let Placement { rotation, translation } = self.0;
        [translation.x, translation.y, rotation.re, rotation.im]
    }
}

/// How fast a body is, after the last step of the physics.
#[derive(Component, Copy, Clone, Debug, Default, PartialEq)]
pub struct Velocity {
    pub linear: Vector,
    pub angular: f32,
}

impl Velocity {
    pub fn is_slow(&self) -> bool {
        self.linear.length_squared() < 0.01 && self.angular.abs() < 0.1
    }

    /// What is hashed.
    pub fn parts(&self) -> [f32; 3] {
        [self.linear.x, self.linear.y, self.angular]
    }
}

/// The forces on a body in this frame, in the order in which they came.
#[derive(Component, Debug, Default)]
pub struct Forces(pub Vec<Vector>);

/// A box that the crane can lift; they are numbered as they come.
#[derive(Component, Debug)]
pub struct Crate(pub u64);

/// What the wind takes along.
#[derive(Component, Debug)]
pub struct Light;

/// How fast the belt carries to the right, in metres a second.
#[derive(Component, Debug, Default)]
pub struct Belt(pub f32);

/// The rope from the trolley to the hook, in metres and metres a second.
#[derive(Component, Debug)]
pub struct Rope {
    pub joint: ImpulseJointHandle,
    pub length: f32,
    pub speed: f32,
}

/// How many have come, for their numbers.
#[derive(Resource, Debug, Default)]
pub struct Counts {
    pub crates: u64,
    pub stones: u64,
    pub balls: u64,
}

/// Two bodies that didn't touch do now; each is told.
#[derive(EntityEvent, Copy, Clone, Debug)]
pub struct Touched {
    pub entity: Entity,
    pub by: Entity,
}

/// Puts a body into the yard.
pub fn place(
    world: &mut World,
    key: ReplayKey,
    body: RigidBodyBuilder,
    colliders: impl IntoIterator<Item = ColliderBuilder>,
) -> Entity {
    let entity = world.spawn(key).id();
    let physics = &mut world.resource_mut::<Physics>().0;
    let handle = physics.insert_body(body);
    for collider in colliders {
        let collider: Collider = collider.user_data(entity.to_bits().into()).build();
        physics.insert_collider(collider, Some(handle));
    }
    let body = &physics.bodies[handle];
    let seen = (Body(handle), Pose(*body.position()), Velocity { linear: body.linvel(), angular: body.angvel() });
    world.entity_mut(entity).insert(seen);
    entity
}

/// Takes the body of an entity that goes out of the physics.
pub fn take_out(removed: On<Remove<Body>>, bodies: Query<&Body>, mut physics: ResMut<Physics>) {
    if let Ok(body) = bodies.get(removed.event_target()) {
        physics.0.remove_body(body.0);
    }
}
