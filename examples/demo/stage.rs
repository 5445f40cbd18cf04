//! The stage: the world built from a map, the schedule of a frame, and the one call that plays it.
//!
//! Rule: a front end builds a `Stage`, calls `frame` sixty times a second, hands over the keys, and reads the world.
//! How: one chain of systems, the scripts first, then what follows from where they went; so each frame has one order.

use bevy_ecs::{
    error::Result,
    message::{MessageRegistry, message_update_system},
    prelude::*,
};
use framestep::{
    Executor, FrameReport, Me, Script, ScriptExecutor, ScriptRegistry, TaskId, TaskInfo, current_task, step_scripts,
};

use crate::{grid::Cell, map::Museum, scripts, systems, world::*};

/// Frames in a second of the scene.
pub const FRAMES_A_SECOND: u64 = 60;

/// So many visitors are listed with the others; the rest is too many to list.
const LISTED_VISITORS: u32 = 3;

/// Which script an entity runs: for front ends that list them.
#[derive(Component, Clone, Debug)]
pub struct Role {
    pub kind: &'static str,
    pub task: Option<TaskId>,
}

/// A script as a front end lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub entity: Entity,
    pub kind: &'static str,
    pub name: String,
    /// `None`: the script has ended.
    pub task: Option<TaskInfo>,
}

/// A world with its schedule.
pub struct Stage {
    pub world: World,
    schedule: Schedule,
}

impl Stage {
    pub fn new(museum: &Museum, seed: u64, crowd: u32) -> Self {
        let mut world = World::new();
        let executor = Executor::builder().seed(seed).trace(true).build();
        world.insert_non_send(ScriptExecutor::new(executor));
        announce(&mut world);
        furnish(&mut world, museum);
        cast(&mut world, museum);
        for number in 0..crowd {
            let mut visitor = world.spawn((Visitor, At(museum.thief.at)));
            if number < LISTED_VISITORS {
                visitor.insert((Called(format!("visitor {}", number + 1)), script("visitor", scripts::visitor)));
            } else {
                visitor.insert(Script::named("visitor", scripts::visitor));
            }
        }

        let mut schedule = Schedule::default();
        schedule.add_systems(
            (
                message_update_system,
                step_scripts,
                systems::sight,
                systems::footsteps,
                systems::siege,
                systems::tripwires,
                systems::spots,
                systems::endings,
            )
                .chain(),
        );
        Self { world, schedule }
    }

    /// Plays one frame.
    pub fn frame(&mut self) -> FrameReport {
        self.schedule.run(&mut self.world);
        self.world.resource::<ScriptRegistry>().last_report()
    }

    /// Hands over a key, for the next frame.
    pub fn press(&mut self, key: Pressed) {
        self.world.write_message(key);
    }

    /// The news since the last call.
    pub fn news(&mut self) -> Vec<News> {
        self.world.resource_mut::<Chronicle>().news.drain(..).collect()
    }

    /// Who the thief is, and where.
    pub fn thief(&mut self) -> (String, Cell) {
        let mut thieves = self.world.query_filtered::<(&Called, &At), With<Thief>>();
        thieves.iter(&self.world).next().map(|(called, at)| (called.0.clone(), at.0)).unwrap_or_default()
    }

    pub fn phase(&self) -> Phase {
        *self.world.resource::<Phase>()
    }

    /// The hash of all that the scripts did so far.
    pub fn trace_hash(&self) -> u64 {
        self.world.non_send::<ScriptExecutor>().executor().trace_hash()
    }

    /// The scripts that have a name, in the order in which they were cast.
    pub fn listed(&mut self) -> Vec<Listed> {
        let mut roles = self.world.query::<(Entity, &Called, &Role)>();
        let executor = self.world.non_send::<ScriptExecutor>().executor();
        let mut listed = roles
            .iter(&self.world)
            .map(|(entity, called, role)| Listed {
                entity,
                kind: role.kind,
                name: called.0.clone(),
                task: role.task.and_then(|task| executor.task_info(task)),
            })
            .collect::<Vec<_>>();
        listed.sort_by_key(|it| it.entity.index_u32());
        listed
    }
}

fn announce(world: &mut World) {
    MessageRegistry::register_message::<Pressed>(world);
    MessageRegistry::register_message::<Curtain>(world);
    MessageRegistry::register_message::<Besieged>(world);
    MessageRegistry::register_message::<Alarm>(world);
    MessageRegistry::register_message::<Taken>(world);
    MessageRegistry::register_message::<Escaped>(world);
    MessageRegistry::register_message::<Caught>(world);
    MessageRegistry::register_message::<Say>(world);
    MessageRegistry::register_message::<Hushed>(world);
}

/// What needs no script: the floor with its doors shut, and the places that speak.
fn furnish(world: &mut World, museum: &Museum) {
    let undoored = museum.grid();
    let mut grid = undoored.clone();
    let doorways = museum.doors.iter().flat_map(|door| door.area.cells.clone()).collect::<Vec<_>>();
    let halls = grid.cells().filter(|cell| !grid.is_solid(*cell) && !doorways.contains(cell)).collect();
    for cell in &doorways {
        grid.set(*cell, false, true);
    }
    world.insert_resource(Floor { grid, undoored, doorways, halls });
    world.insert_resource(Plan(museum.clone()));
    world.init_resource::<Phase>();
    world.init_resource::<Speech>();
    world.init_resource::<Chronicle>();
    for spot in &museum.spots {
        world.spawn(Spot { cells: spot.area.cells.clone(), line: Some(spot.line.clone()) });
    }
}

/// Everybody who has a script, each with what it is about.
fn cast(world: &mut World, museum: &Museum) {
    let story = museum.story.clone();
    // The dialogue first, so that it listens when the director speaks.
    world.spawn((Called("the dialogue".into()), script("dialogue", scripts::dialogue)));
    world.spawn((Called("the director".into()), script("director", async |me| scripts::director(me, story).await)));

    let thief = museum.thief.clone();
    world.spawn((
        Called(thief.name.clone()),
        At(thief.at),
        Thief { facing: Default::default(), has_diamond: false },
        script("thief", async |me| scripts::thief(me, thief).await),
    ));
    for guard in museum.guards.iter().cloned() {
        world.spawn((
            Called(guard.name.clone()),
            At(guard.at),
            Guard,
            Gaze { cone: guard.torch, alert: false, sees: None },
            script("guard", async |me| scripts::guard(me, guard).await),
        ));
    }
    for camera in museum.cameras.iter().cloned() {
        world.spawn((
            Called(format!("camera {}", camera.name)),
            At(camera.at),
            Camera,
            Gaze { cone: camera.lens, alert: false, sees: None },
            script("camera", async |me| scripts::camera(me, camera).await),
        ));
    }
    for laser in museum.lasers.iter().cloned() {
        world.spawn((
            Called(laser.area.name.clone()),
            Beam { cells: laser.area.cells.clone(), lit: false },
            script("laser", async |me| scripts::laser(me, laser).await),
        ));
    }
    let vault = museum.vault.clone();
    world.spawn((
        Called(vault.name.clone()),
        At(vault.at),
        Vault { besieged: false, cracking: false, empty: false },
        script("vault", async |me| scripts::vault(me, vault).await),
    ));
    for door in museum.doors.iter().cloned() {
        world.spawn((
            Called(format!("door {}", door.area.name)),
            Door { cells: door.area.cells.clone(), open: false, crowded: false },
            script("door", async |me| scripts::door(me, door).await),
        ));
    }
}

/// A script that says which task it is when it starts, so that it can be listed.
fn script<S>(kind: &'static str, script: S) -> (Role, Script)
where
    S: AsyncFnOnce(Me) -> Result + Send + 'static,
{
    let script = Script::named(kind, async move |me: Me| {
        me.with(|mut role: Mut<Role>| role.task = Some(current_task()))?;
        script(me).await
    });
    (Role { kind, task: None }, script)
}
