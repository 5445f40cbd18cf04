//! Runs a program on the naive world.
//!
//! Rule: it says the same words at the same moments as `on_real.rs`; the two are read side by side. What is dropped,
//! and in which order, is spelt out here by `discard`.

mod blocks;

use super::{
    naive::{EntityNo, Failure, SIDE, ScriptNo, Source, Stepped, World},
    program::*,
};
use crate::model::{
    naive::{LaneNo, MAIN, Naive},
    program::pick,
};
use std::rc::Rc;

/// Who acts.
#[derive(Clone)]
struct Who {
    world: World,
    script: Option<ScriptNo>,
    acts: Acts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Acts {
    Itself,
    CleansUp,
    Outside,
}

/// The log of a program on the naive world.
pub(super) fn run(program: &Program) -> Vec<String> {
    let mut exec = Naive::new(1_000, 1_000_000, usize::MAX, 0);
    assert_eq!(exec.add_lane(), SIDE);
    for _ in 0..SIGNALS {
        exec.add_signal();
    }
    let world = World::new(blocks::launch);
    let checked = world.clone();
    exec.check = Some(Rc::new(move |exec, lane| checked.check(exec, lane)));
    let game = Who { world: world.clone(), script: None, acts: Acts::Itself };
    for act in &program.acts.0 {
        match act {
            Step(nanos) => step(&mut exec, &game, MAIN, *nanos),
            StepSide(nanos) => step(&mut exec, &game, SIDE, *nanos),
            Game(deed) => game.act(&mut exec, deed),
            Update => world.with(|state| state.update_messages()),
        }
    }
    game.log("drops the world".to_string());
    world.with(|state| state.is_gone = true);
    exec.close();
    world.with(|state| std::mem::take(&mut state.log))
}

fn step(exec: &mut Naive, game: &Who, lane: LaneNo, nanos: u16) {
    let Stepped { frame, counts, live, failures } = game.world.step(exec, lane, u64::from(nanos));
    game.world.with(|state| state.log.extend(failures));
    game.log(format!(
        "steps {} of frame {frame}: polled {} woken {} spawned {} completed {} cancelled {} panicked {} put off {} \
         live {live} running {}",
        if lane == MAIN { "main" } else { "side" },
        counts.polled,
        counts.woken,
        counts.spawned,
        counts.completed,
        counts.cancelled,
        counts.panicked,
        counts.put_off,
        game.world.with(|state| state.scripts.iter().filter(|script| script.is_running).count()),
    ));
}

fn word(done: Result<(), Failure>) -> &'static str {
    done.map_or_else(Failure::word, |()| "done")
}

impl Who {
    fn log(&self, words: String) {
        let who = match self.script {
            None if self.acts == Acts::Outside => "outside".to_string(),
            None => "game".to_string(),
            Some(number) if self.acts == Acts::CleansUp => format!("clean-up of {number}"),
            Some(number) => number.to_string(),
        };
        self.world.with(|state| state.log.push(format!("{who} {words}")));
    }

    fn owner(&self) -> EntityNo {
        let script = self.script.expect("a script");
        self.world.with(|state| state.scripts[script].owner)
    }

    /// The entity that a number means, and what the log calls it.
    fn entity(&self, number: u8) -> Option<(String, EntityNo)> {
        if self.script.is_some() && number >= OWN {
            return Some(("own".to_string(), self.owner()));
        }
        self.world.with(|state| {
            let at = pick(number, state.numbered.len())?;
            Some((format!("e{at}"), state.numbered[at]))
        })
    }

    fn pick_script(&self, number: u8) -> Option<ScriptNo> {
        pick(number, self.world.with(|state| state.scripts.len()))
    }

    fn starts(&self, script: &Script, carrier: EntityNo, owner: EntityNo, owned_by: Option<ScriptNo>, is_alone: bool) {
        let number = self.world.enlist(script, carrier, owner, owned_by, is_alone);
        self.log(format!("starts {number}"));
    }

    /// An access of a script ends with the scripts attended to that it started or cancelled.
    fn act_as_script(&self, exec: &mut Naive, deed: &Deed) {
        self.act(exec, deed);
        self.world.settle_if_posted(exec);
    }

    fn clean_up(&self, exec: &mut Naive, deeds: &[Deed]) {
        if self.world.with(|state| state.is_gone) {
            return;
        }
        let who = Who { acts: Acts::CleansUp, ..self.clone() };
        for deed in deeds {
            if *deed == Blow {
                who.log("blows".to_string());
                // On top of another panic it ends nothing. What was posted is acted on where the access unwinds.
                if std::mem::replace(&mut exec.unwinding, true) {
                    self.world.clean_up_panicked(self.script.expect("a script"));
                } else {
                    self.world.with(|state| state.panics_with = "clean-up panic");
                }
                break;
            }
            who.act(exec, deed);
        }
        self.world.settle_if_posted(exec);
    }

    fn act(&self, exec: &mut Naive, deed: &Deed) {
        let world = &self.world;
        match deed {
            Say(word) => self.log(format!("says {word}")),
            Blow => {}
            Set(entity, part, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = world.set(entity, *part, *value);
                self.log(format!("sets {part:?} of {name} to {value}: {}", word(done)));
            }
            Insert(entity, part, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = world.insert(exec, entity, *part, *value);
                self.log(format!("inserts {part:?} of {name}: {}", word(done)));
            }
            Remove(entity, part) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = world.remove(exec, entity, *part);
                self.log(format!("removes {part:?} of {name}: {}", word(done)));
            }
            SpawnEntity(value) => {
                let entity = world.spawn();
                if *value > 0 {
                    world.insert(exec, entity, A, *value).expect("it is there");
                }
                let number = world.with(|state| {
                    state.numbered.push(entity);
                    state.numbered.len() - 1
                });
                self.log(format!("spawns e{number}"));
            }
            Despawn(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = world.despawn(exec, entity);
                self.log(format!("despawns {name}: {}", word(done)));
            }
            SetGold(value) => world.with(|state| state.gold = *value),
            Write(value) => world.with(|state| state.write_message(*value)),
            Hit(entity, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let is_there = world.with(|state| state.exists(entity));
                if is_there {
                    world.tell(exec, Source::HitsAt(entity), *value);
                }
                self.log(format!("hits {name}: {}", if is_there { "done" } else { "no entity" }));
            }
            Boom(value) => world.tell(exec, Source::Booms, *value),
            Raise(signal) => exec.raise(usize::from(signal % SIGNALS)),
            StartFree(script) => {
                let carrier = world.spawn();
                self.starts(script, carrier, carrier, None, true);
            }
            StartOwned(script) => {
                let carrier = world.spawn();
                self.starts(script, carrier, carrier, self.script, true);
            }
            Disable(entity) | Enable(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let is_there = world.with(|state| state.exists(entity));
                if is_there {
                    world.disable(entity, matches!(deed, Disable(_)));
                }
                self.log(format!("disables or enables {name}: {is_there}"));
            }
            FromOutside(deeds) => {
                let (who, deeds) = (Who { script: None, acts: Acts::Outside, ..self.clone() }, deeds.clone());
                let taken = exec.hand_in(move |exec| {
                    deeds.0.iter().for_each(|deed| who.act(exec, deed));
                    who.world.settle_if_posted(exec);
                });
                assert!(taken, "there is a world");
            }
            StartOf(entity, script) => {
                let Some((_, owner)) = self.entity(*entity) else { return };
                if world.with(|state| state.exists(owner)) {
                    let carrier = world.spawn_for_script_of(owner);
                    self.starts(script, carrier, owner, None, false);
                }
            }
            Put(entity, script) => {
                let Some((_, entity)) = self.entity(*entity) else { return };
                // One that is there is cancelled first.
                if world.take_off(entity).is_ok() {
                    self.starts(script, entity, entity, None, false);
                }
            }
            TakeOff(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = world.take_off(entity);
                self.log(format!("takes the script off {name}: {}", word(done)));
            }
            CancelId(number) => {
                let Some(number) = self.pick_script(*number) else { return };
                let cancelled = world.retire(number);
                self.log(format!("cancels {number}: {cancelled}"));
            }
        }
    }
}
