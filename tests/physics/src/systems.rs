//! The plain systems of the yard: what becomes of the forces, of the ropes, and of everything that moves.
//!
//! The rule: one chain after the scripts, so that a frame has one order; the physics goes by a length of its own that
//! never changes.

use std::sync::Mutex;

use bevy_ecs::prelude::*;
use rapier2d::prelude::{
    ActiveHooks, ColliderSet, CollisionEvent, ContactModificationContext, ContactPair, EventHandler, PhysicsHooks,
    RigidBodySet, SoftBodySet, SoftBodyTearEvent, Vector,
};

use crate::world::{Belt, Body, Forces, Physics, Pose, Rope, Touched, Velocity};

/// Adds up the forces on each body, in the order in which they came.
pub fn add_forces(mut physics: ResMut<Physics>, mut pushed: Query<(&Body, &mut Forces), Changed<Forces>>) {
    for (body, mut forces) in &mut pushed {
        let forces = std::mem::take(&mut forces.bypass_change_detection().0);
        push(&mut physics, body, forces.into_iter());
    }
}

/// Lets the sum of forces act on a body, for one step.
pub fn push(physics: &mut Physics, body: &Body, forces: impl Iterator<Item = Vector>) {
    let body = &mut physics.0.bodies[body.0];
    // A force of rapier's lasts until it is taken back.
    body.reset_forces(false);
    body.add_force(forces.fold(Vector::ZERO, |sum, force| sum + force), true);
}

/// Pays out the ropes, and takes them in.
pub fn wind_ropes(mut physics: ResMut<Physics>, mut ropes: Query<&mut Rope>) {
    for mut rope in &mut ropes {
        if rope.speed != 0.0 {
            rope.length = (rope.length + rope.speed / 60.0).clamp(1.0, 7.5);
            let joint = physics.0.impulse_joints.get_mut(rope.joint, true).expect("the rope is never cut");
            joint.data.as_rope_mut().expect("made as a rope").set_max_distance(rope.length);
        }
    }
}

/// One step of the physics, a sixtieth of a second; then all bodies are where it put them, and those that began to
/// touch are told.
pub fn step_physics(
    mut physics: ResMut<Physics>,
    mut bodies: Query<(&Body, &mut Pose, &mut Velocity)>,
    belts: Query<(Entity, &Belt)>,
    mut commands: Commands,
) {
    let hooks = Carried(belts.iter().map(|(entity, belt)| (entity.to_bits().into(), belt.0)).collect());
    let begun = Begun::default();
    physics.0.step_with_events(&hooks, &begun);
    for (body, mut pose, mut velocity) in &mut bodies {
        let body = &physics.0.bodies[body.0];
        pose.set_if_neq(Pose(*body.position()));
        velocity.set_if_neq(Velocity { linear: body.linvel(), angular: body.angvel() });
    }
    for (one, other) in begun.0.into_inner().expect("nobody panicked with it") {
        commands.trigger(Touched { entity: one, by: other });
        commands.trigger(Touched { entity: other, by: one });
    }
}

/// What lies on a belt is carried along: by the belt's entity, and how fast it is.
struct Carried(Vec<(u128, f32)>);

impl PhysicsHooks for Carried {
    fn modify_solver_contacts(&self, context: &mut ContactModificationContext<'_>) {
        let of = |collider| context.colliders.get(collider).map_or(0, |collider| collider.user_data);
        let (one, other) = (of(context.collider1), of(context.collider2));
        let speed = self.0.iter().find_map(|&(belt, speed)| match belt {
            _ if belt == one => Some(speed),
            _ if belt == other => Some(-speed),
            _ => None,
        });
        if let (Some(speed), Some(rigid)) = (speed, context.rigid_mut()) {
            for contact in rigid.solver_contacts.iter_mut() {
                contact.tangent_velocity.x = speed;
            }
        }
    }
}

/// What a belt's collider has to ask for.
pub const CARRIES: ActiveHooks = ActiveHooks::MODIFY_SOLVER_CONTACTS;

/// Who began to touch whom in this step, in rapier's order.
#[derive(Default)]
struct Begun(Mutex<Vec<(Entity, Entity)>>);

impl EventHandler for Begun {
    fn handle_collision_event(
        &self,
        _: &RigidBodySet,
        colliders: &ColliderSet,
        event: CollisionEvent,
        _: Option<&ContactPair>,
    ) {
        let of = |collider| colliders.get(collider).and_then(|it| Entity::try_from_bits(it.user_data as u64));
        if let CollisionEvent::Started(one, other, _) = event
            && let (Some(one), Some(other)) = (of(one), of(other))
        {
            self.0.lock().expect("nobody panicked with it").push((one, other));
        }
    }

    fn handle_contact_force_event(&self, _: f32, _: &RigidBodySet, _: &ColliderSet, _: &ContactPair, _: f32) {}

    fn handle_soft_body_tear_event(&self, _: &SoftBodySet, _: &SoftBodyTearEvent) {}
}
