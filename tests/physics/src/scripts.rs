//! Who does what in the yard, and waits for what.
//!
//! The rule: whatever comes by chance is drawn by a script, and whatever moves is moved by the physics.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::{Me, Race, Script, frames, next_frame, race, random, sleep, timeout};
use rapier2d::prelude::{ImpulseJointHandle, Pose as Placement, RigidBody, Vector};

use crate::acts::*;
use crate::world::*;

/// Carries crates that lie about to the belt.
pub async fn crane(me: Me, hook: Entity) -> Result {
    let hook = me.other(hook);
    loop {
        let load = me.other(me.until_world(crate_in_reach).await);
        let mut touches = hook.on::<Touched>().listen();
        travel(&me, load.read(|pose: &Pose| pose.x())?).await?;
        wind(&me, 3.0)?;
        let caught = timeout(Duration::from_secs(5), touches.next()).await;
        wind(&me, 0.0)?;
        let tied = match caught {
            Ok(touch) if touch.by == load.entity() => Some(tie(&me, &hook, &load)?),
            _ => None,
        };
        wind(&me, -3.0)?;
        me.until(|rope: &Rope| rope.length < 2.0).await?;
        wind(&me, 0.0)?;
        match tied {
            Some(joint) => {
                travel(&me, 10.0 + 2.0 * chance()).await?;
                let _swings_on = timeout(Duration::from_secs(3), rest(&hook)).await;
                untie(&me, joint)?;
            }
            None => frames(30).await,
        }
    }
}

fn wind(me: &Me, speed: f32) -> Result {
    Ok(me.with(|mut rope: Mut<Rope>| rope.speed = speed)?)
}

/// Runs for a while whenever something falls on it.
pub async fn belt(me: Me) -> Result {
    let mut touches = me.on::<Touched>().listen();
    loop {
        touches.next().await;
        sleep(about(200..900)).await;
        me.with(|mut belt: Mut<Belt>| belt.0 = 1.0 + chance())?;
        while timeout(about(2_000..5_000), touches.next()).await.is_ok() {}
        me.with(|mut belt: Mut<Belt>| belt.0 = 0.0)?;
    }
}

/// Lets crates fall, as long as there is room.
pub async fn chute(me: Me) -> Result {
    loop {
        me.until_world(|world| count::<Crate>(world) < 6).await;
        spawn_crate(&me)?;
        sleep(about(1_500..4_000)).await;
    }
}

/// A crate is gone when it has fallen into the pit, or when the world has had enough of it.
pub async fn cargo(me: Me) -> Result {
    race(me.until(|pose: &Pose| pose.y() < -3.0), sleep(about(40_000..60_000))).await;
    Ok(me.despawn()?)
}

/// A ball or a stone lies for a while, and is gone.
pub async fn passing(me: Me) -> Result {
    match race(me.until(|pose: &Pose| pose.y() < -3.0), async { timeout(Duration::from_secs(9), rest(&me)).await })
        .await
    {
        Race::First(fallen) => fallen?,
        Race::Second(_) => sleep(about(500..3_000)).await,
    }
    Ok(me.despawn()?)
}

/// Throws a stone when the player says so, or after a while.
pub async fn catapult(me: Me, joint: ImpulseJointHandle) -> Result {
    loop {
        draw(&me, joint, REST_ANGLE, 60.0)?;
        rest(&me).await?;
        let stone = me.other(spawn_stone(&me, BOWL)?);
        rest(&stone).await?;
        race(me.until_resource(|pushes: &Pushes| pushes.fire), sleep(about(3_000..9_000))).await;
        draw(&me, joint, -0.9, 2_000.0 + 1_500.0 * chance())?;
        stone.insert(Script::named("stone", passing))?;
        frames(45).await;
    }
}

/// Where a stone is laid, and at what angle the arm takes it.
pub const BOWL: Vector = Vector::new(-13.55, 0.9);
pub const REST_ANGLE: f32 = 0.45;

/// Sets the dominoes up again when the last has fallen, and loses patience when none does.
pub async fn setter(me: Me, row: Vec<Entity>) -> Result {
    let row: Vec<_> = row.into_iter().map(|domino| me.other(domino)).collect();
    let (first, last) = (row[0], row[row.len() - 1]);
    loop {
        let fallen = last.until(|pose: &Pose| pose.tilt().abs() > 0.7);
        if let Err(_elapsed) = timeout(about(6_000..12_000), fallen).await {
            with_body(&first, &me, |domino| {
                domino.apply_impulse_at_point(Vector::new(0.6, 0.0), Vector::new(0.0, 1.0), true)
            })?;
            sleep(Duration::from_secs(3)).await;
        }
        sleep(Duration::from_secs(2)).await;
        for (domino, number) in row.iter().zip(0..) {
            with_body(domino, &me, |domino| stand(domino, number))?;
            frames(6).await;
        }
    }
}

/// Where a domino of the row stands.
pub fn stands_at(number: u64) -> Vector {
    Vector::new(0.45 * number as f32, 0.5)
}

fn stand(domino: &mut RigidBody, number: u64) {
    domino.set_position(Placement::from_translation(stands_at(number)), true);
    domino.set_vels(Default::default(), true);
}

/// Gives the pendulum a kick whenever it has come to hang still.
pub async fn kicker(me: Me) -> Result {
    loop {
        rest(&me).await?;
        let strength = 8.0 + 8.0 * chance();
        let way = if random() % 3 == 0 { -strength } else { strength };
        with_body(&me, &me, |ball| ball.apply_impulse(Vector::new(way, 0.0), true))?;
        frames(90).await;
    }
}

/// Blows in gusts, on everything light.
pub async fn gusts(me: Me) -> Result {
    loop {
        sleep(about(1_000..5_000)).await;
        let strength = 3.0 * chance() - 1.5;
        for frame in 0..30 + random() % 90 {
            let force = Vector::new(strength, 0.01 * frame as f32);
            me.world(|world| {
                for mut forces in world.query_filtered::<&mut Forces, With<Light>>().iter_mut(world) {
                    forces.0.push(force);
                }
            })?;
            next_frame().await;
        }
    }
}

/// The player's cart: pushed, slowed down by its wheels, and held between two springs.
pub async fn cart(me: Me) -> Result {
    loop {
        let pushes = me.resource(|pushes: &Pushes| *pushes)?;
        let (x, speed) = me.read(|(pose, velocity): (&Pose, &Velocity)| (pose.x(), velocity.linear.x))?;
        push(&me, Vector::new(20.0 * f32::from(pushes.thrust), 0.0))?;
        push(&me, Vector::new(-0.7 * speed, 0.0))?;
        push(&me, Vector::new(-3.0 * (x + 26.0), 0.0))?;
        push(&me, Vector::new(-3.0 * (x - 14.0), 0.0))?;
        if pushes.hop {
            with_body(&me, &me, |cart| cart.apply_impulse(Vector::new(0.0, 1.6), true))?;
        }
        next_frame().await;
    }
}

/// Drops a ball when the player says so, and there aren't too many.
pub async fn dropper(me: Me) -> Result {
    loop {
        me.until_resource(|pushes: &Pushes| pushes.ball).await?;
        if me.world(|world| count::<Light>(world))? < 10 {
            spawn_ball(&me, 14.0 * chance() - 8.0)?;
        }
        frames(10).await;
    }
}
