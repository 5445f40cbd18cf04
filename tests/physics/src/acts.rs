//! The verbs of the yard: what scripts do with bodies, and what they can wait until.
//!
//! The rule: a verb takes the world, does one thing, and gives it back.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::replay::ReplayKey;
use framestep::{EntityAccess, Me, Race, Script, ScriptError, frames, race, random};
use rapier2d::prelude::{
    ColliderBuilder, FixedJointBuilder, ImpulseJointHandle, JointAxis, RigidBody, RigidBodyBuilder, Vector,
};

use crate::scripts;
use crate::world::*;

/// A random number from 0 up to 1; the same bits on every target, since only whole numbers of 24 bits are made floats.
pub fn chance() -> f32 {
    (random() >> 40) as f32 / (1 << 24) as f32
}

/// A random time.
pub fn about(millis: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(millis.start + random() % (millis.end - millis.start))
}

/// Does something with a body.
pub fn with_body<R>(of: &EntityAccess, me: &Me, act: impl FnOnce(&mut RigidBody) -> R) -> Result<R, ScriptError> {
    let body = of.read(|body: &Body| body.0)?;
    me.resource_mut(|mut physics: Mut<Physics>| act(&mut physics.0.bodies[body]))
}

/// Pushes a body in this frame.
pub fn push(of: &EntityAccess, force: Vector) -> Result<(), ScriptError> {
    of.with(|mut forces: Mut<Forces>| forces.0.push(force))
}

/// Waits until a body has been slow for half a second.
pub async fn rest(of: &EntityAccess) -> Result<(), ScriptError> {
    loop {
        of.until(|velocity: &Velocity| velocity.is_slow()).await?;
        match race(of.until(|velocity: &Velocity| !velocity.is_slow()), frames(30)).await {
            Race::First(moves) => moves?,
            Race::Second(()) => return Ok(()),
        }
    }
}

/// Lets a trolley run until it is at `x`.
pub async fn travel(me: &Me, x: f32) -> Result<(), ScriptError> {
    let way = x - me.read(|pose: &Pose| pose.x())?;
    with_body(me, me, |trolley| trolley.set_linvel(Vector::new(3.0_f32.copysign(way), 0.0), true))?;
    me.until(move |pose: &Pose| (x - pose.x()) * way <= 0.0).await?;
    with_body(me, me, |trolley| trolley.set_linvel(Vector::ZERO, true))
}

/// Ties two bodies together as they are.
pub fn tie(me: &Me, one: &EntityAccess, other: &EntityAccess) -> Result<ImpulseJointHandle, ScriptError> {
    let (one, other) = (one.read(|body: &Body| body.0)?, other.read(|body: &Body| body.0)?);
    me.resource_mut(|mut physics: Mut<Physics>| {
        let physics = &mut physics.0;
        let between = physics.bodies[one].position().inv_mul(physics.bodies[other].position());
        physics.insert_impulse_joint(one, other, FixedJointBuilder::new().local_frame1(between))
    })
}

/// Unties them.
pub fn untie(me: &Me, joint: ImpulseJointHandle) -> Result<(), ScriptError> {
    me.resource_mut(|mut physics: Mut<Physics>| {
        physics.0.remove_impulse_joint(joint);
    })
}

/// Draws a joint to an angle, in radians.
pub fn draw(me: &Me, joint: ImpulseJointHandle, angle: f32, strength: f32) -> Result<(), ScriptError> {
    me.resource_mut(|mut physics: Mut<Physics>| {
        let joint = physics.0.impulse_joints.get_mut(joint, true).expect("the arm is never taken off");
        joint.data.set_motor_position(JointAxis::AngX, angle, strength, strength.sqrt() * 1.5);
    })
}

/// The first crate that lies in reach of the crane.
pub fn crate_in_reach(world: &World) -> Option<Entity> {
    let mut crates = world.try_query::<(Entity, &Crate, &Pose, &Velocity)>()?;
    crates
        .iter(world)
        .filter(|(_, _, pose, velocity)| (5.5..8.8).contains(&pose.x()) && velocity.is_slow())
        .min_by_key(|(_, number, ..)| number.0)
        .map(|(entity, ..)| entity)
}

/// How many there are of a kind.
pub fn count<C: Component>(world: &World) -> usize {
    world.try_query::<&C>().map_or(0, |mut all| all.iter(world).count())
}

/// Drops a crate into the yard, askew.
pub fn spawn_crate(me: &Me) -> Result<(), ScriptError> {
    let (x, half, angle, spin) = (6.5 + chance(), 0.25 + 0.15 * chance(), chance() - 0.5, 2.0 * chance() - 1.0);
    me.world(|world| {
        let number = next(&mut world.resource_mut::<Counts>().crates);
        let body = RigidBodyBuilder::dynamic().translation(Vector::new(x, 6.5)).rotation(angle).angvel(spin);
        let shape = ColliderBuilder::cuboid(half, half).density(0.6).friction(0.7);
        let entity = place(world, ReplayKey::numbered("crate", number), body, [shape]);
        world.entity_mut(entity).insert((Crate(number), Script::named("crate", scripts::cargo)));
    })
}

/// Lays a stone into the catapult's bowl.
pub fn spawn_stone(me: &Me, at: Vector) -> Result<Entity, ScriptError> {
    let radius = 0.15 + 0.05 * chance();
    me.world(|world| {
        let number = next(&mut world.resource_mut::<Counts>().stones);
        let body = RigidBodyBuilder::dynamic().translation(at);
        let shape = ColliderBuilder::ball(radius).density(2.0).friction(0.9).restitution(0.2);
        let entity = place(world, ReplayKey::numbered("stone", number), body, [shape]);
        world.entity_mut(entity).insert((Light, Forces::default()));
        entity
    })
}

/// Drops a ball from high above `x`.
pub fn spawn_ball(me: &Me, x: f32) -> Result<(), ScriptError> {
    let (radius, bounce) = (0.2 + 0.2 * chance(), 0.3 + 0.6 * chance());
    me.world(|world| {
        let number = next(&mut world.resource_mut::<Counts>().balls);
        let body = RigidBodyBuilder::dynamic().translation(Vector::new(x, 7.0)).ccd_enabled(true);
        let shape = ColliderBuilder::ball(radius).density(0.3).restitution(bounce);
        let entity = place(world, ReplayKey::numbered("ball", number), body, [shape]);
        world.entity_mut(entity).insert((Light, Forces::default(), Script::named("ball", scripts::passing)));
    })
}

fn next(count: &mut u64) -> u64 {
    *count += 1;
    *count
}
