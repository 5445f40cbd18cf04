//! The table of who does which work by what.

use crate::rivals::{defer, floors, flurx, ours};
use crate::scene::Scene;
use crate::work::Work;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Rival {
    Framestep,
    Defer,
    Flurx,
    /// No rival: the same work without scripts.
    Floor,
}

impl Rival {
    pub fn name(self) -> &'static str {
        match self {
            Rival::Framestep => "framestep",
            Rival::Defer => "bevy_defer",
            Rival::Flurx => "bevy_flurx",
            Rival::Floor => "no scripts",
        }
    }
}

/// One way in which a rival does a work.
pub struct Form {
    pub rival: Rival,
    pub name: &'static str,
    /// Makes a scene of so many scripts; `None` if the rival has no such thing.
    pub build: Option<fn(usize) -> Scene>,
    /// The largest size at which it ends in reasonable time.
    pub most: usize,
}

impl Form {
    fn new(rival: Rival, name: &'static str, build: fn(usize) -> Scene) -> Self {
        Form { rival, name, build: Some(build), most: usize::MAX }
    }

    fn up_to(self, most: usize) -> Self {
        Form { most, ..self }
    }

    /// A rival that can't do the work, and why.
    fn none(rival: Rival, why: &'static str) -> Self {
        Form { rival, name: why, build: None, most: 0 }
    }

    pub fn build(&self, size: usize) -> Option<Scene> {
        self.build.filter(|_| size <= self.most).map(|build| build(size))
    }
}

/// All forms of a work. The first is ours, which the others are compared to.
pub fn of(work: Work) -> Vec<Form> {
    use Rival::{Defer, Floor, Flurx, Framestep};
    match work {
        Work::Move => vec![
            Form::new(Framestep, "Me::with", ours::moving),
            Form::new(Framestep, "Me::world", ours::moving_by_world),
            Form::new(Defer, "component().get_mut", defer::moving),
            Form::new(Defer, "AsyncWorld.run", defer::moving_by_world),
            Form::new(Flurx, "once::run, delay::frames", flurx::moving).up_to(1_000),
            Form::new(Flurx, "wait::until, never over", flurx::moving_by_one_action),
            Form::new(Floor, "one query system", floors::moving_by_system),
            Form::new(Floor, "World::entity_mut by id", floors::moving_by_id),
        ],
        Work::Start => vec![
            Form::new(Framestep, "Script inserted", ours::starting),
            Form::new(Defer, "AsyncExecutor::spawn", defer::starting),
            Form::new(Flurx, "Reactor spawned", flurx::starting).up_to(1_000),
            Form::new(Floor, "boxed closure, inserted and taken", floors::starting_by_component),
        ],
        Work::Until => vec![
            Form::new(Framestep, "Me::until", ours::until),
            Form::new(Defer, "component().watch", defer::until),
            Form::new(Defer, "AsyncWorld.watch", defer::until_by_world),
            Form::new(Flurx, "wait::until", flurx::until),
            Form::new(Floor, "one query system", floors::until_by_system),
            Form::new(Floor, "World::entity_mut by id", floors::until_by_id),
        ],
        Work::Quiet => vec![
            Form::new(Framestep, "Listener::next", ours::listening),
            Form::new(Defer, "next_event", defer::listening),
            Form::new(Defer, "typed_signal", defer::signalled),
            Form::new(Flurx, "wait::message::read", flurx::listening),
        ],
        Work::Hear => vec![
            Form::new(Framestep, "Listener::next", |size| ours::listening(size).pushed()),
            Form::new(Defer, "typed_signal", |size| defer::signalled(size).pushed()),
            Form::none(Flurx, "each message goes to one reactor"),
            Form::new(Floor, "one query system", |size| floors::hearing_by_system(size).pushed()),
        ],
    }
}
