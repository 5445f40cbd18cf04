//! The probe: what a frame of a game does, as a recording keeps it.
//!
//! The rule: it only looks. A game that is watched does what it does unwatched, and one detail sees the same as
//! another, but less of it. A step's trail ends where the step ends: what happens between two steps belongs to the
//! later one, and what happens after the last to the end of the frame.
//!
//! How: the executor marks the end of each step and keeps its log of changes; where there is a world, a hook takes
//! its hash right behind each step. Sparse detail only counts steps and their polls: it looks at both hashes once in
//! [`SPARSE_FRAMES`] frames, at that of the world in each fourth of these.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use super::line::{StateLine, StepTrail};
use super::names::Names;
use super::{Detail, Game, ReplayError, Setup};
use crate::executor::core::Core;
use crate::executor::{Arrival, Executor, StepMark, TaskChange};

#[cfg(feature = "bevy_ecs")]
use {
    super::world::{HashWorld, owner_name, set_step_hook},
    bevy_ecs::world::World,
};

/// Sparse detail keeps the hashes once in so many frames.
pub(crate) const SPARSE_FRAMES: u64 = 60;

/// And of these the hash of the world once in so many, since that is dear where there is much to be hashed.
pub(crate) const SPARSE_WORLD_FRAMES: u64 = 240;

/// What a probe can look at: a game, or the executor or the world of one whose loop is written by hand.
pub(crate) trait Watched {
    fn executor(&self) -> &Executor;
    #[cfg(feature = "bevy_ecs")]
    fn world(&mut self) -> Option<&mut World>;
}

impl<G: Game> Watched for G {
    fn executor(&self) -> &Executor {
        Game::executor(self)
    }

    #[cfg(feature = "bevy_ecs")]
    fn world(&mut self) -> Option<&mut World> {
        Game::world(self)
    }
}

/// The executor of a game that has no world.
pub(crate) struct Bare<'a>(pub(crate) &'a Executor);

impl Watched for Bare<'_> {
    fn executor(&self) -> &Executor {
        self.0
    }

    #[cfg(feature = "bevy_ecs")]
    fn world(&mut self) -> Option<&mut World> {
        None
    }
}

#[cfg(feature = "bevy_ecs")]
impl Watched for World {
    fn executor(&self) -> &Executor {
        self.non_send::<crate::ecs::ScriptExecutor>().executor()
    }

    fn world(&mut self) -> Option<&mut World> {
        Some(self)
    }
}

/// What the hook behind each step has seen in this frame.
#[derive(Debug, Default)]
struct Seen {
    /// Changes that have been taken out of the executor's log.
    changes: Vec<TaskChange>,
    names: Names,
    /// The world after each step.
    steps: Vec<(u8, u32, Vec<StateLine>)>,
    error: Option<String>,
}

/// What a frame did.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) trail: Vec<StepTrail>,
    /// Lane steps, and polls of scripts within them.
    pub(crate) steps: u64,
    pub(crate) polls: u64,
    /// What was recorded in steps that the frame didn't make, in words.
    pub(crate) missed: Vec<String>,
}

pub(crate) struct Probe {
    /// The executor that is told when nobody watches any more.
    core: Weak<Core>,
    detail: Detail,
    frame: u64,
    seen: Rc<RefCell<Seen>>,
    marks: Vec<StepMark>,
    /// How many changes the executor had logged when this frame began.
    logged: u64,
    /// Whether what it was attached to has a world.
    has_world: bool,
}

impl Probe {
    /// Watches a game from here on.
    pub(crate) fn attach(game: &mut impl Watched, setup: &Setup, detail: Detail) -> Result<Self, ReplayError> {
        let executor = game.executor();
        if !executor.is_traced() {
            return Err(ReplayError::Untraced);
        }
        setup.check(executor)?;
        executor.mark_steps(true);
        executor.log_changes(detail == Detail::Full);
        let mut probe = Probe {
            core: Rc::downgrade(executor.core()),
            detail,
            frame: 0,
            seen: Rc::default(),
            marks: Vec::new(),
            logged: executor.logged_changes(),
            has_world: false,
        };
        executor.take_marks(&mut probe.marks);
        executor.take_changes(&mut probe.seen.borrow_mut().changes);
        probe.seen.borrow_mut().changes.clear();
        probe.has_world = has_world(game);
        probe.hook(game);
        Ok(probe)
    }

    /// Says how many frames were played before it watched.
    pub(crate) fn at_frame(mut self, frame: u64) -> Self {
        self.frame = frame;
        self
    }

    /// Watches no more, and leaves the game as it was before.
    pub(crate) fn detach(self, game: &mut impl Watched) {
        #[cfg(feature = "bevy_ecs")]
        if let Some(world) = game.world() {
            set_step_hook(world, None);
        }
        let _ = game;
    }

    #[cfg(feature = "bevy_ecs")]
    fn hook(&mut self, game: &mut impl Watched) {
        let mut owners = Vec::new();
        game.executor().for_each_task(|task| owners.push((task.number, None)));
        if let Some(world) = game.world() {
            let (seen, detail) = (Rc::downgrade(&self.seen), self.detail);
            if detail == Detail::Sparse {
                set_step_hook(world, None);
            } else {
                let step = move |world: &mut World, lane| {
                    if let Some(seen) = seen.upgrade() {
                        seen.borrow_mut().step(world, lane, detail);
                    }
                };
                set_step_hook(world, Some(Rc::new(step)));
            }
            world.forget_state();
            owners.iter_mut().for_each(|(number, owner)| *owner = owner_name(world, *number));
        }
        if self.detail == Detail::Full {
            // Both go through the scripts in order of their numbers.
            let mut owners = owners.into_iter();
            let mut owner = |_| owners.next().and_then(|(_, owner)| owner);
            self.seen.borrow_mut().names.learn(game.executor(), &mut owner);
        }
    }

    #[cfg(not(feature = "bevy_ecs"))]
    fn hook(&mut self, game: &mut impl Watched) {
        if self.detail == Detail::Full {
            self.seen.borrow_mut().names.learn(game.executor(), &mut |_| None);
        }
    }

    /// What the frame did that is over now.
    pub(crate) fn end_frame(&mut self, game: &mut impl Watched) -> Result<Observed, ReplayError> {
        self.frame += 1;
        self.check_world(game)?;
        self.marks.clear();
        game.executor().take_marks(&mut self.marks);
        let mut observed = Observed {
            steps: self.marks.len() as u64,
            polls: self.marks.iter().map(|mark| mark.polled).sum(),
            ..Observed::default()
        };
        if self.detail == Detail::Sparse {
            if self.frame.is_multiple_of(SPARSE_WORLD_FRAMES) {
                observed.trail.push(self.stand(game)?);
            } else if self.frame.is_multiple_of(SPARSE_FRAMES) {
                observed.trail.push(StepTrail { trace: fold(game.executor().trace_hash()), ..StepTrail::default() });
            }
            return Ok(observed);
        }
        let mut end = self.stand(game)?;
        let mut seen = self.seen.borrow_mut();
        let seen = &mut *seen;
        seen.log(game);
        if let Some(what) = seen.error.take() {
            return Err(ReplayError::World { frame: self.frame, what });
        }
        let mut changes = seen.changes.iter();
        let mut steps = seen.steps.drain(..).peekable();
        for mark in &self.marks {
            let length = mark.changes.saturating_sub(self.logged) as usize;
            self.logged = self.logged.max(mark.changes);
            let lines = changes.by_ref().take(length).map(|change| seen.names.line(change)).collect();
            // A step of an executor that isn't the world's leaves the world unseen.
            let step = steps.next_if(|step| step.0 == mark.lane);
            let (_, world, state) = step.unwrap_or_default();
            observed.trail.push(StepTrail { lane: Some(mark.lane), trace: fold(mark.trace), world, lines, state });
        }
        end.lines = changes.map(|change| seen.names.line(change)).collect();
        self.logged += end.lines.len() as u64;
        drop(steps);
        seen.changes.clear();
        seen.names.end_frame();
        observed.trail.push(end);
        Ok(observed)
    }

    /// Whether it is told of what it was attached to, and not of the executor or the game of that.
    fn check_world(&self, game: &mut impl Watched) -> Result<(), ReplayError> {
        match has_world(game) == self.has_world {
            true => Ok(()),
            false => Err(ReplayError::OtherEnd { frame: self.frame, has_world: self.has_world }),
        }
    }

    /// What stands now, as the end of a frame.
    pub(crate) fn stand(&self, game: &mut impl Watched) -> Result<StepTrail, ReplayError> {
        self.check_world(game)?;
        let trace = fold(game.executor().trace_hash());
        #[cfg(feature = "bevy_ecs")]
        if let Some(world) = game.world() {
            let look = look(world, self.detail).map_err(|what| ReplayError::World { frame: self.frame, what });
            return look.map(|(world, state)| StepTrail { trace, world, state, ..StepTrail::default() });
        }
        Ok(StepTrail { trace, ..StepTrail::default() })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            core.unwatch();
        }
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("detail", &self.detail).field("frame", &self.frame).finish_non_exhaustive()
    }
}

impl Seen {
    /// Takes what the executor has logged, and learns the names in it while their owners are there.
    fn log(&mut self, game: &mut (impl Watched + ?Sized)) {
        let from = self.changes.len();
        game.executor().take_changes(&mut self.changes);
        for change in &self.changes[from..] {
            let mut owner = |number| -> Option<Arc<str>> {
                let _ = number;
                #[cfg(feature = "bevy_ecs")]
                return game.world().and_then(|world| owner_name(world, number));
                #[cfg(not(feature = "bevy_ecs"))]
                None
            };
            self.names.take_in(change, &mut owner);
        }
    }

    #[cfg(feature = "bevy_ecs")]
    fn step(&mut self, world: &mut World, lane: u8, detail: Detail) {
        if detail == Detail::Full {
            self.log(world);
        }
        match look(world, detail) {
            Ok((hash, state)) => self.steps.push((lane, hash, state)),
            Err(error) => _ = self.error.get_or_insert(error),
        }
    }
}

/// The world's hash, and in full detail what has changed.
#[cfg(feature = "bevy_ecs")]
fn look(world: &mut World, detail: Detail) -> Result<(u32, Vec<StateLine>), String> {
    let hash = world.world_hash().map_err(|error| error.to_string())?;
    let state = match detail {
        Detail::Full => world.changed_state().map_err(|error| error.to_string())?,
        _ => Vec::new(),
    };
    Ok((fold(hash.total), state))
}

fn has_world(game: &mut impl Watched) -> bool {
    #[cfg(feature = "bevy_ecs")]
    return game.world().is_some();
    #[cfg(not(feature = "bevy_ecs"))]
    {
        let _ = game;
        false
    }
}

/// What has arrived from outside in the frame that is over.
pub(crate) fn arrivals(executor: &Executor) -> Vec<(u32, Arrival)> {
    let mut arrivals = Vec::new();
    executor.take_arrivals(&mut arrivals);
    arrivals
}

/// 64 bits of hash as 32.
pub(crate) fn fold(hash: u64) -> u32 {
    (hash ^ (hash >> 32)) as u32
}
