//! The stage: the world built from a map, the schedule of a frame, and the one call that plays it.
//!
//! Rule: a front end builds a `Stage` from a setup, plays sixty frames a second with the keys of each, and reads the world.
//! How: one chain of systems, the scripts first, then what follows from where they went; so each frame has one order. It
//! is a `Game` to `framestep::replay`: a frame follows from its keys and its length, and whatever the night can be told by
//! is hashed under a name of its own.

use bevy_ecs::{
    error::Result,
    message::{MessageRegistry, message_update_system},
    prelude::*,
};
use std::{collections::BTreeSet, time::Duration};

use framestep::{
    Executor, FrameReport, Me, Script, ScriptExecutor, ScriptRegistry, TaskId, TaskInfo, current_task,
    replay::{Game, HashWorld, ReplayKey, Setup},
    step_scripts_by,
};

use crate::{grid::Cell, map::Museum, night::Night, scripts, systems, world::*};

/// Frames in a second of the scene.
pub const FRAMES_A_SECOND: u64 = 60;

/// How long a frame of the scene is.
pub const FRAME: Duration = Duration::from_nanos(16_666_667);

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
    /// The stage of a setup: what `verify` is given.
    ///
    /// # Panics
    /// When the setup isn't one of the museum, or its map can't be read.
    #[allow(dead_code, reason = "for tests, and for front ends that replay what is there")]
    pub fn build(setup: &Setup) -> Self {
        let night = Night::of(setup).unwrap_or_else(|problem| panic!("{problem}"));
        night.stage(setup)
    }

    pub fn new(night: &Night, setup: &Setup) -> Self {
        let museum = &night.museum;
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::new(setup.builder().build()));
        announce(&mut world);
        hashed(&mut world);
        let mut names = Names::default();
        furnish(&mut world, museum);
        cast(&mut world, museum, &mut names);
        for number in 0..night.crowd {
            let key = ReplayKey::numbered("visitor", u64::from(number) + 1);
            let mut visitor = world.spawn((Visitor, At(museum.thief.at), key));
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
                step,
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

    /// What the scripts did in the frame last played.
    pub fn report(&self) -> FrameReport {
        self.world.resource::<ScriptRegistry>().last_report()
    }

    /// The news since the last call.
    pub fn news(&mut self) -> Vec<News> {
        self.world.resource_mut::<Chronicle>().news.drain(..).collect()
    }

    /// The last thing that happened, lines that were said left aside.
    pub fn last_news(&self) -> Option<&News> {
        self.world.resource::<Chronicle>().news.iter().rfind(|news| !news.said)
    }

    /// Who the thief is, and where.
    pub fn thief(&mut self) -> (String, Cell) {
        let mut thieves = self.world.query_filtered::<(&Called, &At), With<Thief>>();
        thieves.iter(&self.world).next().map(|(called, at)| (called.0.clone(), at.0)).unwrap_or_default()
    }

    /// Whether the thief has the diamond.
    pub fn has_diamond(&mut self) -> bool {
        self.world.query::<&Thief>().iter(&self.world).any(|thief| thief.has_diamond)
    }

    /// Whether the thief is in the player's hands.
    pub fn is_by_hand(&mut self) -> bool {
        self.world.query::<&Thief>().iter(&self.world).any(|thief| thief.by_hand)
    }

    pub fn phase(&self) -> Phase {
        *self.world.resource::<Phase>()
    }

    /// The hash of all that the scripts did so far.
    pub fn trace_hash(&self) -> u64 {
        self.executor().trace_hash()
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

impl Game for Stage {
    type Input = Keys;

    fn frame(&mut self, keys: &Keys, step: Duration) {
        self.world.insert_resource(Step(step));
        self.world.write_message_batch(keys.0.iter().copied());
        self.schedule.run(&mut self.world);
        // As an app does at the end of a frame: what was removed is kept until then.
        self.world.clear_trackers();
        let frame = self.executor().frame();
        self.world.resource_mut::<Chronicle>().date(frame);
    }

    fn executor(&self) -> &Executor {
        self.world.non_send::<ScriptExecutor>().executor()
    }

    fn world(&mut self) -> Option<&mut World> {
        Some(&mut self.world)
    }
}

/// Steps the scripts by the length of the frame.
fn step(world: &mut World) {
    let Step(length) = *world.resource::<Step>();
    step_scripts_by(world, length);
}

/// What two nights are compared by: where everybody is, and how things stand. Not the chronicle, which front ends empty.
fn hashed(world: &mut World) {
    world
        .hash_component::<At>("at")
        .hash_component::<Thief>("thief")
        .hash_component::<Gaze>("gaze")
        .hash_component::<Door>("door")
        .hash_component::<Beam>("beam")
        .hash_component::<Vault>("vault")
        .hash_component_by("spot", |spot: &Spot, _| spot.line.is_some())
        .hash_resource::<Phase>("phase")
        .hash_resource_by("speech", |speech: &Speech, _| (speech.line.speaker.clone(), speech.shown));
}

/// Gives each a name of its own, whatever the map calls them.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// What it is called, and by what name it is known in recordings: the second of a name is its number 2.
    fn of(&mut self, called: &str) -> (Called, ReplayKey) {
        let mut number = 1;
        let mut name = called.to_owned();
        while !self.0.insert(name.clone()) {
            number += 1;
            name = format!("{called} {number}");
        }
        (Called(called.to_owned()), ReplayKey::new(name))
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
    for (number, spot) in (1..).zip(&museum.spots) {
        let key = ReplayKey::numbered("spot", number);
        world.spawn((Spot { cells: spot.area.cells.clone(), line: Some(spot.line.clone()) }, key));
    }
}

/// Everybody who has a script, each with what it is about.
fn cast(world: &mut World, museum: &Museum, names: &mut Names) {
    let story = museum.story.clone();
    // The dialogue first, so that it listens when the director speaks.
    world.spawn((names.of("the dialogue"), script("dialogue", scripts::dialogue)));
    world.spawn((names.of("the director"), script("director", async |me| scripts::director(me, story).await)));

    let thief = museum.thief.clone();
    world.spawn((
        names.of(&thief.name),
        At(thief.at),
        Thief { facing: Default::default(), has_diamond: false, by_hand: false },
        script("thief", async |me| scripts::thief(me, thief).await),
    ));
    for guard in museum.guards.iter().cloned() {
        world.spawn((
            names.of(&guard.name),
            At(guard.at),
            Guard,
            Gaze { cone: guard.torch, alert: false, sees: None },
            script("guard", async |me| scripts::guard(me, guard).await),
        ));
    }
    for camera in museum.cameras.iter().cloned() {
        world.spawn((
            names.of(&format!("camera {}", camera.name)),
            At(camera.at),
            Camera,
            Gaze { cone: camera.lens, alert: false, sees: None },
            script("camera", async |me| scripts::camera(me, camera).await),
        ));
    }
    for laser in museum.lasers.iter().cloned() {
        world.spawn((
            names.of(&laser.area.name),
            Beam { cells: laser.area.cells.clone(), lit: false },
            script("laser", async |me| scripts::laser(me, laser).await),
        ));
    }
    let vault = museum.vault.clone();
    world.spawn((
        names.of(&vault.name),
        At(vault.at),
        Vault { besieged: false, cracking: false, empty: false },
        script("vault", async |me| scripts::vault(me, vault).await),
    ));
    for door in museum.doors.iter().cloned() {
        world.spawn((
            names.of(&format!("door {}", door.area.name)),
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
