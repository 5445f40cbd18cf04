//! The naive world: what the layer over `bevy_ecs` promises, as code that is written to be read.
//!
//! It is a few plain `Vec`s beside the naive executor of `model/naive.rs`, which runs its scripts. Start at
//! [`World::step`], then [`World::settle`]. This file is the life of scripts; `entities` is what is done with the
//! world, `hear` messages and events, `looks` the conditions.
//!
//! Rule: who starts or cancels a script only posts that; the post is acted on, in order, before anything else of a
//! script can run: at the start of a step, and at the end of each access that a script makes.

mod entities;
mod hear;
mod looks;

pub(super) use self::{
    entities::Entity,
    hear::{Ear, Source},
    looks::Look,
};
use super::program::{Part, Script};
use crate::model::naive::{Counts, LaneNo, MAIN, Machine, Naive, Output, ScriptNo as TaskNo};
use std::{cell::RefCell, collections::VecDeque, mem::take, rc::Rc};

/// An entity, by the order in which it was spawned; scripts that have one of their own are among them.
pub(super) type EntityNo = usize;
/// A script, by the order in which it was inserted.
pub(super) type ScriptNo = usize;

/// The lane beside the main one.
pub(super) const SIDE: LaneNo = 1;

/// What is to be done about a script.
enum Post {
    Start(ScriptNo),
    Retire(ScriptNo),
    /// An entity was disabled, or is no more: whether its scripts stand still may have changed.
    Review(EntityNo),
}

/// A script's life.
pub(super) struct Life {
    script: Script,
    /// The entity that has it as a component.
    carrier: EntityNo,
    /// The entity that it is about.
    pub(super) owner: EntityNo,
    /// The script with which it ends.
    owned_by: Option<ScriptNo>,
    /// Its carrier is there for it alone.
    is_alone: bool,
    /// It runs, for all who ask: from its insertion until it ends or is cancelled.
    pub(super) is_running: bool,
    /// Its task, once it was started.
    task: Option<TaskNo>,
    /// It was started, and its end wasn't seen to.
    is_known: bool,
    /// It was cancelled in the middle of its own poll, in this step.
    is_parting: bool,
    stands_still: bool,
}

/// Why a script failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Scripted,
    NoEntity,
    NoComponent,
}

impl Failure {
    pub(super) fn word(self) -> &'static str {
        match self {
            Failure::Scripted => "scripted",
            Failure::NoEntity => "no entity",
            Failure::NoComponent => "no component",
        }
    }
}

/// What a step came to.
pub(super) struct Stepped {
    pub(super) frame: u64,
    pub(super) counts: Counts,
    pub(super) live: usize,
    /// What Bevy's error handler is told.
    pub(super) failures: Vec<String>,
}

/// Makes the future of a script.
type Launch = fn(&World, ScriptNo, &Script) -> Box<dyn Machine<Output>>;

/// See the module. All who use it share it.
#[derive(Clone)]
pub(super) struct World(pub(super) Rc<RefCell<State>>);

pub(super) struct State {
    pub(super) log: Vec<String>,
    pub(super) entities: Vec<Entity>,
    /// Those that the program knows, by its numbers.
    pub(super) numbered: Vec<EntityNo>,
    pub(super) gold: u8,
    /// Counts what is written to components.
    pub(super) writes: u64,
    pub(super) scripts: Vec<Life>,
    posts: VecDeque<Post>,
    /// Something was posted since the post was last looked through.
    has_mail: bool,
    /// Who waits for the end of which script, in the order in which they began to.
    pub(super) waiting: Vec<(ScriptNo, TaskNo)>,
    pub(super) heard: hear::Heard,
    looks: Vec<looks::Armed>,
    /// What Bevy's error handler is told after the step.
    failures: Vec<String>,
    strangers: Vec<String>,
    /// What the panic says that is unwinding.
    pub(super) panics_with: &'static str,
    /// The lane that is being stepped.
    lane: LaneNo,
    /// The world was dropped.
    pub(super) is_gone: bool,
    launch: Launch,
}

impl State {
    fn post(&mut self, post: Post) {
        self.posts.push_back(post);
        self.has_mail = true;
    }

    fn next_post(&mut self) -> Option<Post> {
        self.has_mail = false;
        self.posts.pop_front()
    }
}

impl World {
    pub(super) fn new(launch: Launch) -> Self {
        World(Rc::new(RefCell::new(State {
            log: Vec::new(),
            entities: Vec::new(),
            numbered: Vec::new(),
            gold: 0,
            writes: 0,
            scripts: Vec::new(),
            posts: VecDeque::new(),
            has_mail: false,
            waiting: Vec::new(),
            heard: hear::Heard::default(),
            looks: Vec::new(),
            failures: Vec::new(),
            strangers: Vec::new(),
            panics_with: "",
            lane: MAIN,
            is_gone: false,
            launch,
        })))
    }

    /// Does something with the state. No script runs meanwhile.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.0.borrow_mut())
    }

    /// One step of a lane.
    pub(super) fn step(&self, exec: &mut Naive, lane: LaneNo, nanos: u64) -> Stepped {
        self.with(|state| state.lane = lane);
        // What was started and cancelled since the last step comes before it.
        self.settle(exec);
        // The eight steps; the fifth of them is `check`.
        let (frame, counts) = exec.step(lane, nanos);
        let live = exec.live();
        // What was left by those who panicked.
        self.settle(exec);
        let failures = self.with(|state| {
            state.scripts.iter_mut().for_each(|script| script.is_parting = false);
            let mut failures = take(&mut state.failures);
            failures.append(&mut state.strangers);
            failures
        });
        Stepped { frame, counts, live, failures }
    }

    /// Step 5: messages, then conditions; those who wait are woken behind all that is looked at.
    pub(super) fn check(&self, exec: &mut Naive, lane: LaneNo) {
        let mut due = self.with(State::messages_due);
        due.extend(self.with(|state| state.look(lane)));
        for task in due {
            exec.wake(task);
        }
    }

    /// The end of an access: acts on what it posted, behind what was posted before it.
    pub(super) fn settle_if_posted(&self, exec: &mut Naive) {
        if self.with(|state| state.has_mail) {
            self.settle(exec);
        }
    }

    /// Acts on what was posted, until nothing is left.
    fn settle(&self, exec: &mut Naive) {
        while let Some(post) = self.with(State::next_post) {
            match post {
                Post::Start(script) => self.start(exec, script),
                Post::Retire(script) => self.see_out(exec, script),
                Post::Review(entity) => {
                    self.review(exec, |_, script| script.carrier == entity || script.owner == entity);
                }
            }
        }
    }

    /// A script was inserted on `carrier`, and is about `owner`.
    pub(super) fn enlist(
        &self,
        script: &Script,
        carrier: EntityNo,
        owner: EntityNo,
        owned_by: Option<ScriptNo>,
        is_alone: bool,
    ) -> ScriptNo {
        self.with(|state| {
            let number = state.scripts.len();
            state.scripts.push(Life {
                script: script.clone(),
                carrier,
                owner,
                owned_by,
                is_alone,
                is_running: true,
                task: None,
                is_known: false,
                is_parting: false,
                stands_still: false,
            });
            state.entities[carrier].script = Some(number);
            state.post(Post::Start(number));
            number
        })
    }

    /// Cancels a script: from here on it doesn't run, the rest is done by post. `false` if it had ended.
    pub(super) fn retire(&self, script: ScriptNo) -> bool {
        self.with(|state| {
            let was_running = take(&mut state.scripts[script].is_running);
            if was_running {
                state.post(Post::Retire(script));
            }
            was_running
        })
    }

    fn start(&self, exec: &mut Naive, number: ScriptNo) {
        if !self.with(|state| state.scripts[number].is_running) {
            return;
        }
        let owned_by = self.with(|state| state.scripts[number].owned_by);
        if owned_by.is_some_and(|owner| !self.with(|state| state.scripts[owner].is_running)) {
            self.retire(number);
            return;
        }
        let (script, launch) = self.with(|state| (state.scripts[number].script.clone(), state.launch));
        let machine = launch(self, number, &script);
        let task = exec.spawn_apart(if script.side { SIDE } else { MAIN }, machine);
        self.with(|state| {
            state.scripts[number].task = Some(task);
            state.scripts[number].is_known = true;
        });
        self.review(exec, |script, _| script == number);
    }

    /// Scripts stand still while their owner, or the entity that carries them, is disabled.
    fn review(&self, exec: &mut Naive, concerns: impl Fn(ScriptNo, &Life) -> bool) {
        let (mut to_go, mut to_hold) = (Vec::new(), Vec::new());
        self.with(|state| {
            let State { entities, scripts, .. } = state;
            let known = scripts.iter_mut().enumerate().filter(|(_, script)| script.is_known);
            for (_, script) in known.filter(|(number, script)| concerns(*number, script)) {
                let is_to = entities[script.carrier].is_disabled || entities[script.owner].is_disabled;
                if std::mem::replace(&mut script.stands_still, is_to) != is_to {
                    let list = if is_to { &mut to_hold } else { &mut to_go };
                    list.push(script.task.expect("it was started"));
                }
            }
        });
        for task in to_hold {
            exec.hold(task);
        }
        exec.unhold_all(&to_go);
    }

    /// A script has ended: cancels those that it owns.
    fn retire_owned(&self, owner: ScriptNo) {
        let owned = self.with(|state| {
            let scripts = state.scripts.iter().enumerate();
            let owned = scripts.filter(|(_, script)| script.is_known && script.owned_by == Some(owner));
            owned.map(|(number, _)| number).collect::<Vec<_>>()
        });
        owned.into_iter().for_each(|script| _ = self.retire(script));
    }

    /// Of a script that was cancelled: its task, its component, those who wait for its end.
    fn see_out(&self, exec: &mut Naive, number: ScriptNo) {
        if self.with(|state| take(&mut state.scripts[number].is_known)) {
            let task = self.with(|state| state.scripts[number].task).expect("it was started");
            self.with(|state| state.scripts[number].is_parting = exec.is_running(task));
            exec.cancel(task);
        }
        self.tidy(exec, number);
        self.retire_owned(number);
        self.wake_those_waiting(exec, number);
    }

    /// A script has come to its end by itself, and nothing is left of it.
    pub(super) fn finish(&self, exec: &mut Naive, number: ScriptNo, result: Result<(), Failure>) {
        let was_known = self.with(|state| take(&mut state.scripts[number].is_known));
        if was_known {
            self.retire_owned(number);
        }
        if self.with(|state| take(&mut state.scripts[number].is_running)) {
            self.wake_those_waiting(exec, number);
        }
        if let Err(failure) = result {
            // One that was cancelled while it ran may well miss its entity.
            let parts = self.with(|state| state.scripts[number].is_parting) && failure == Failure::Scripted;
            if was_known || parts {
                self.with(|state| state.failures.push(format!("told of {number}: {}", failure.word())));
            }
        }
        if was_known {
            self.tidy(exec, number);
            self.settle_if_posted(exec);
        }
    }

    /// A clean-up panicked on top of another panic.
    pub(super) fn clean_up_panicked(&self, number: ScriptNo) {
        self.with(|state| state.failures.push(format!("told of {number}: Panic(\"clean-up panic\")")));
    }

    /// A script has panicked, or its destructor has, and nothing is left of it.
    pub(super) fn panicked(&self, exec: &mut Naive, number: ScriptNo, what: &str) {
        self.with(|state| {
            if state.scripts[number].is_known || state.scripts[number].is_parting {
                state.failures.push(format!("told of {number}: Panic(\"{what}\")"));
            } else {
                // It was seen out before: told last, of nobody that is known.
                state.strangers.push(format!("told of a stranger: Panic(\"{what}\")"));
            }
        });
        self.retire(number);
        self.settle_if_posted(exec);
    }

    /// Takes the script off its entity, and the entity along where that is there for the script.
    fn tidy(&self, exec: &mut Naive, number: ScriptNo) {
        let carrier = self.with(|state| state.scripts[number].carrier);
        let (carried, is_own) = self.with(|state| {
            let entity = &state.entities[carrier];
            (entity.script, entity.of.is_some() || state.scripts[number].is_alone)
        });
        if carried != Some(number) {
            return;
        }
        if is_own {
            self.despawn(exec, carrier);
        } else {
            self.with(|state| state.entities[carrier].script = None);
        }
    }

    fn wake_those_waiting(&self, exec: &mut Naive, number: ScriptNo) {
        let waiting = self.with(|state| {
            let (woken, others) = take(&mut state.waiting).into_iter().partition(|(script, _)| *script == number);
            state.waiting = others;
            let woken: Vec<(ScriptNo, TaskNo)> = woken;
            woken
        });
        for (_, task) in waiting {
            exec.wake(task);
        }
    }

    /// What a part of an entity says.
    pub(super) fn read(&self, entity: EntityNo, part: Part) -> Result<u8, Failure> {
        self.with(|state| state.part(entity, part).map(|part| part.value))
    }
}
