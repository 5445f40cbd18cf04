//! The yard: built from a setup, played frame by frame.
//!
//! The rule: whatever is in it comes into the physics in the order in which this file names it.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::replay::{Game, HashWorld, ReplayKey, Setup};
use framestep::{Executor, Script, ScriptExecutor, step_scripts_by};
use rapier2d::prelude::{
    ActiveEvents, ColliderBuilder, RevoluteJointBuilder, RigidBodyBuilder, RopeJointBuilder, Vector,
};

use crate::scripts;
use crate::systems::{self, CARRIES};
use crate::world::*;

/// How many dominoes stand in the row.
pub const DOMINOES: u64 = 12;

/// A yard to be played.
pub struct Yard {
    pub world: World,
    schedule: Schedule,
}

/// How long a frame is; the physics goes by the same.
#[derive(Resource)]
struct Length(Duration);

impl Yard {
    /// A yard of this setup.
    pub fn new(setup: &Setup) -> Self {
        Self::with(setup, 0..DOMINOES, systems::add_forces)
    }

    /// A yard whose dominoes come in another order, or in which another system adds up the forces: for faults.
    pub fn with<M>(
        setup: &Setup,
        row: impl IntoIterator<Item = u64>,
        add_forces: impl IntoScheduleConfigs<bevy_ecs::system::ScheduleSystem, M>,
    ) -> Self {
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::new(setup.builder().build()));
        world.insert_resource(Length(Duration::ZERO));
        world.init_resource::<Physics>();
        world.init_resource::<Pushes>();
        world.init_resource::<Counts>();
        world.add_observer(take_out);
        world.hash_component_by("pose", |pose: &Pose, _| pose.parts());
        world.hash_component_by("velocity", |velocity: &Velocity, _| velocity.parts());
        fence(&mut world);
        crane(&mut world);
        belt(&mut world);
        catapult(&mut world);
        dominoes(&mut world, row);
        pendulum(&mut world);
        cart(&mut world);
        world.spawn(Script::named("chute", scripts::chute));
        world.spawn(Script::named("wind", scripts::gusts));
        world.spawn(Script::named("dropper", scripts::dropper));

        let mut schedule = Schedule::default();
        let step = |world: &mut World| {
            let length = world.resource::<Length>().0;
            step_scripts_by(world, length);
        };
        schedule.add_systems((step, add_forces, systems::wind_ropes, systems::step_physics).chain());
        Yard { world, schedule }
    }
}

impl Game for Yard {
    type Input = Pushes;

    fn frame(&mut self, input: &Pushes, step: Duration) {
        self.world.insert_resource(*input);
        self.world.insert_resource(Length(step));
        self.schedule.run(&mut self.world);
    }

    fn executor(&self) -> &Executor {
        self.world.non_send::<ScriptExecutor>().executor()
    }

    fn world(&mut self) -> Option<&mut World> {
        Some(&mut self.world)
    }
}

/// The ground, with the pit behind the belt, and the walls.
fn fence(world: &mut World) {
    let blocks = [(-20.0, -0.5, 15.0, 0.5), (-20.5, 10.0, 0.5, 10.5), (17.5, 5.0, 0.5, 10.0)];
    let physics = &mut world.resource_mut::<Physics>().0;
    let ground = physics.insert_body(RigidBodyBuilder::fixed());
    for (left, y, half_width, half_height) in blocks {
        let x = left + half_width;
        let block = ColliderBuilder::cuboid(half_width, half_height).translation(Vector::new(x, y)).friction(0.6);
        physics.insert_collider(block, Some(ground));
    }
    let floor = ColliderBuilder::cuboid(2.5, 0.5).translation(Vector::new(12.5, -0.5)).friction(0.6);
    physics.insert_collider(floor, Some(ground));
}

fn crane(world: &mut World) {
    let trolley = RigidBodyBuilder::kinematic_velocity_based().translation(Vector::new(8.0, 8.0));
    let trolley = place(world, ReplayKey::new("trolley"), trolley, []);
    let hook = RigidBodyBuilder::dynamic().translation(Vector::new(8.0, 6.2)).linear_damping(2.5).angular_damping(3.0);
    let shape = ColliderBuilder::cuboid(0.25, 0.1).density(6.0).active_events(ActiveEvents::COLLISION_EVENTS);
    let hook = place(world, ReplayKey::new("hook"), hook, [shape]);
    let (above, below) = (body(world, trolley), body(world, hook));
    let rope = RopeJointBuilder::new(1.8).local_anchor2(Vector::new(0.0, 0.1));
    let joint = world.resource_mut::<Physics>().0.insert_impulse_joint(above, below, rope);
    world.entity_mut(trolley).insert((
        Rope { joint, length: 1.8, speed: 0.0 },
        Script::named("crane", async move |me| scripts::crane(me, hook).await),
    ));
}

fn belt(world: &mut World) {
    let at = RigidBodyBuilder::fixed().translation(Vector::new(12.0, 0.15));
    let shape = ColliderBuilder::cuboid(3.0, 0.15)
        .friction(1.0)
        .active_hooks(CARRIES)
        .active_events(ActiveEvents::COLLISION_EVENTS);
    let belt = place(world, ReplayKey::new("belt"), at, [shape]);
    world.entity_mut(belt).insert((Belt::default(), Script::named("belt", scripts::belt)));
}

fn catapult(world: &mut World) {
    let pivot = Vector::new(-12.0, 1.1);
    let arm = RigidBodyBuilder::dynamic().translation(pivot).rotation(scripts::REST_ANGLE).can_sleep(false);
    let part = |x, y, half_width, half_height| {
        ColliderBuilder::cuboid(half_width, half_height).translation(Vector::new(x, y)).friction(0.9)
    };
    let parts = [part(-0.7, 0.0, 1.2, 0.08), part(-1.85, 0.25, 0.05, 0.25), part(-1.25, 0.2, 0.05, 0.15)];
    let arm = place(world, ReplayKey::new("catapult"), arm, parts);
    let lever = body(world, arm);
    let physics = &mut world.resource_mut::<Physics>().0;
    let post = physics.insert_body(RigidBodyBuilder::fixed().translation(pivot));
    let joint = physics.insert_impulse_joint(post, lever, RevoluteJointBuilder::new());
    world.entity_mut(arm).insert(Script::named("catapult", async move |me| scripts::catapult(me, joint).await));
}

fn dominoes(world: &mut World, row: impl IntoIterator<Item = u64>) {
    let mut dominoes: Vec<_> = row
        .into_iter()
        .map(|number| {
            let body = RigidBodyBuilder::dynamic().translation(scripts::stands_at(number));
            let shape = ColliderBuilder::cuboid(0.08, 0.5).density(1.0).friction(0.4);
            let entity = place(world, ReplayKey::numbered("domino", number), body, [shape]);
            (number, entity)
        })
        .collect();
    dominoes.sort_by_key(|(number, _)| *number);
    let row = dominoes.into_iter().map(|(_, entity)| entity).collect();
    world.spawn(Script::named("setter", async move |me| scripts::setter(me, row).await));
}

fn pendulum(world: &mut World) {
    let ball =
        RigidBodyBuilder::dynamic().translation(Vector::new(-1.4, 0.75)).linear_damping(0.3).angular_damping(1.0);
    let shape = ColliderBuilder::ball(0.4).density(5.0);
    let ball = place(world, ReplayKey::new("pendulum"), ball, [shape]);
    let weight = body(world, ball);
    let physics = &mut world.resource_mut::<Physics>().0;
    let nail = physics.insert_body(RigidBodyBuilder::fixed().translation(Vector::new(-1.4, 5.0)));
    let rod = RevoluteJointBuilder::new().local_anchor2(Vector::new(0.0, 4.25));
    physics.insert_impulse_joint(nail, weight, rod);
    world.entity_mut(ball).insert(Script::named("kicker", scripts::kicker));
}

fn cart(world: &mut World) {
    let at = RigidBodyBuilder::dynamic().translation(Vector::new(-6.0, 0.3));
    let shape = ColliderBuilder::round_cuboid(0.6, 0.2, 0.05).density(0.8).friction(0.1);
    let cart = place(world, ReplayKey::new("cart"), at, [shape]);
    world.entity_mut(cart).insert((Light, Forces::default(), Script::named("cart", scripts::cart)));
}

fn body(world: &World, entity: Entity) -> rapier2d::prelude::RigidBodyHandle {
    world.get::<Body>(entity).expect("just placed").0
}
