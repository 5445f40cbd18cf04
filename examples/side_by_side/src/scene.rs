//! The scene that both sides play in: who is there, the rules that aren't scripted, and what comes from
//! outside, frame by frame.

use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;

/// Where somebody is, on a line.
#[derive(Component, Copy, Clone, Debug, PartialEq)]
pub struct Place(pub f32);

#[derive(Component, Copy, Clone, Debug, PartialEq)]
pub struct Health(pub i32);

/// Reels from a hit.
#[derive(Component)]
pub struct Staggered;

/// Is in its second phase.
#[derive(Component)]
pub struct Enraged;

#[derive(Component)]
pub struct Door {
    pub is_open: bool,
}

/// What is drawn over the picture.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct Overlay {
    pub letterbox: bool,
    pub subtitle: Option<&'static str>,
}

#[derive(EntityEvent, Copy, Clone)]
pub struct Hit {
    pub entity: Entity,
    pub damage: i32,
}

#[derive(EntityEvent, Copy, Clone)]
pub struct Stun {
    pub entity: Entity,
}

/// The player doesn't want to see the rest.
#[derive(Message, Copy, Clone)]
pub struct Skip;

/// What a boss hurls at the player.
#[derive(Message, Copy, Clone, Debug, PartialEq)]
pub enum Attack {
    Rock,
    Slam,
}

/// What was hurled so far.
#[derive(Resource, Default)]
pub struct Thrown(pub Vec<Attack>);

/// The entities of the scene.
#[derive(Copy, Clone)]
pub struct Cast {
    pub guard: Entity,
    pub camera: Entity,
    pub door: Entity,
    pub boss: Entity,
}

pub const FRAME: Duration = Duration::from_millis(10);

/// What the player does, and what happens to the others.
#[derive(Copy, Clone)]
pub enum Input {
    HitGuard(i32),
    HitBoss(i32),
    StunBoss,
    RemoveGuard,
    Skip,
}

/// An app without a window, whose frames take `FRAME` each.
pub fn app() -> (App, Cast) {
    let mut app = App::new();
    app.add_plugins(MinimalPlugins)
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
        .init_resource::<Overlay>()
        .add_message::<Skip>()
        .add_message::<Attack>()
        .init_resource::<Thrown>()
        .add_systems(Last, |mut attacks: MessageReader<Attack>, mut thrown: ResMut<Thrown>| {
            thrown.0.extend(attacks.read());
        })
        .add_observer(|hit: On<Hit>, mut healths: Query<&mut Health>| {
            if let Ok(mut health) = healths.get_mut(hit.entity) {
                health.0 -= hit.damage;
            }
        });
    let world = app.world_mut();
    let cast = Cast {
        guard: world.spawn((Place(0.0), Health(30))).id(),
        camera: world.spawn(Place(0.0)).id(),
        door: world.spawn(Door { is_open: false }).id(),
        boss: world.spawn(Health(100)).id(),
    };
    (app, cast)
}

impl Input {
    pub fn happen(self, world: &mut World, cast: Cast) {
        match self {
            Input::HitGuard(damage) => world.trigger(Hit { entity: cast.guard, damage }),
            Input::HitBoss(damage) => world.trigger(Hit { entity: cast.boss, damage }),
            Input::StunBoss => world.trigger(Stun { entity: cast.boss }),
            Input::RemoveGuard => _ = world.despawn(cast.guard),
            Input::Skip => _ = world.write_message(Skip),
        }
    }
}
