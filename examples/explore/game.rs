//! Two thieves, one vault: a game with a flaw that few seeds show, and whose end depends on who is resumed first.
//!
//! Ann slips into a vault that she finds empty. Bea finds it empty, too, and then takes a frame to pick the lock.

use std::time::Duration;

use bevy_ecs::prelude::*;
use framestep::replay::{Game, HashWorld, Setup};
use framestep::{Executor, Me, Script, ScriptExecutor, frames, next_frame, random, step_scripts_by};

/// Who is inside.
#[derive(Resource, Default)]
pub(crate) struct Vault(pub(crate) Vec<&'static str>);

/// A frame's worth of stroll, a hundred at most.
async fn stroll() {
    frames(1 + random() % 100).await;
}

async fn ann(me: Me) -> Result {
    stroll().await;
    enter(&me, "Ann", is_empty(&me)?)
}

async fn bea(me: Me) -> Result {
    stroll().await;
    let is_free = is_empty(&me)?;
    next_frame().await; // the flaw: by now it may no longer be so
    enter(&me, "Bea", is_free)
}

fn is_empty(me: &Me) -> Result<bool> {
    Ok(me.world(|world| world.resource::<Vault>().0.is_empty())?)
}

fn enter(me: &Me, name: &'static str, is_free: bool) -> Result {
    if is_free {
        me.world(|world| world.resource_mut::<Vault>().0.push(name))?;
    }
    Ok(())
}

pub(crate) struct Heist(World);

impl Heist {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::new(setup.builder().build()));
        world.init_resource::<Vault>();
        // What counts at the end, and is compared.
        world.hash_resource_by("vault", |vault: &Vault, _| vault.0.clone());
        world.spawn(Script::named("Ann", ann));
        world.spawn(Script::named("Bea", bea));
        Heist(world)
    }

    pub(crate) fn inside(&self) -> &[&'static str] {
        &self.0.resource::<Vault>().0
    }

    /// There is room for one.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        match self.inside() {
            [] | [_] => Ok(()),
            crowd => Err(format!("{} are inside", crowd.join(" and "))),
        }
    }
}

impl Game for Heist {
    type Input = ();

    fn frame(&mut self, _: &(), step: Duration) {
        step_scripts_by(&mut self.0, step);
    }

    fn executor(&self) -> &Executor {
        self.0.get_non_send::<ScriptExecutor>().expect("it was put there").executor()
    }

    fn world(&mut self) -> Option<&mut World> {
        Some(&mut self.0)
    }
}
