//! What is done with the world, by the game and by clean-ups, and by scripts with what `Me` gives for it.

use super::*;
use bevy_ecs::entity_disabling::Disabled;
use framestep::SpawnScript;

/// Who acts.
#[derive(Clone)]
pub(super) struct Who {
    pub(super) here: Rc<Here>,
    /// The script and its owner.
    script: Option<(usize, fs::Me)>,
    acts: Acts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Acts {
    Itself,
    CleansUp,
    Outside,
}

impl Who {
    pub(super) fn game(here: Rc<Here>) -> Self {
        Who { here, script: None, acts: Acts::Itself }
    }

    pub(super) fn script(number: usize, me: fs::Me) -> Self {
        Who { here: here(), script: Some((number, me)), acts: Acts::Itself }
    }

    pub(super) fn clean_up(&self) -> Self {
        Who { acts: Acts::CleansUp, ..self.clone() }
    }

    pub(super) fn me(&self) -> fs::Me {
        self.script.expect("a script").1
    }

    pub(super) fn log(&self, words: String) {
        let who = match self.script {
            None if self.acts == Acts::Outside => "outside".to_string(),
            None => "game".to_string(),
            Some((number, _)) if self.acts == Acts::CleansUp => format!("clean-up of {number}"),
            Some((number, _)) => number.to_string(),
        };
        self.here.log.borrow_mut().push(format!("{who} {words}"));
    }

    /// The entity that a number means, and what the log calls it.
    pub(super) fn entity(&self, number: u8) -> Option<(String, Entity)> {
        if let Some((_, me)) = self.script
            && number >= OWN
        {
            return Some(("own".to_string(), me.entity()));
        }
        let entities = self.here.entities.borrow();
        pick(number, entities.len()).map(|at| (format!("e{at}"), entities[at]))
    }

    pub(super) fn pick_script(&self, number: u8) -> Option<(usize, fs::ScriptId)> {
        let scripts = self.here.scripts.borrow();
        let at = pick(number, scripts.len())?;
        Some((at, scripts[at]?))
    }

    fn spawned(&self, entity: Entity) {
        let number = self.here.entities.borrow().len();
        self.here.entities.borrow_mut().push(entity);
        self.log(format!("spawns e{number}"));
    }

    fn starts(&self) -> usize {
        let number = self.here.scripts.borrow().len();
        self.here.scripts.borrow_mut().push(None);
        self.log(format!("starts {number}"));
        number
    }

    fn started(&self, number: usize, id: Option<fs::ScriptId>) {
        self.here.scripts.borrow_mut()[number] = Some(id.expect("it is in the world"));
    }

    /// By whoever has the world.
    pub(super) fn act(&self, world: &mut World, deed: &Deed) {
        let no_entity = "no entity";
        match deed {
            Say(word) => self.log(format!("says {word}")),
            Blow if self.acts == Acts::CleansUp => {
                self.log("blows".to_string());
                std::panic::resume_unwind(Box::new("clean-up panic"));
            }
            Blow => {}
            Set(entity, part, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let word = match (world.get_entity_mut(entity), part) {
                    (Err(_), _) => no_entity,
                    (Ok(mut it), A) => it.get_mut().map_or("no component", |mut part: Mut<PartA>| {
                        part.0 = *value;
                        "done"
                    }),
                    (Ok(mut it), B) => it.get_mut().map_or("no component", |mut part: Mut<PartB>| {
                        part.0 = *value;
                        "done"
                    }),
                };
                self.log(format!("sets {part:?} of {name} to {value}: {word}"));
            }
            Insert(entity, part, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let word = match (world.get_entity_mut(entity), part) {
                    (Err(_), _) => no_entity,
                    (Ok(mut it), A) => it.insert(PartA(*value)).is_done(),
                    (Ok(mut it), B) => it.insert(PartB(*value)).is_done(),
                };
                self.log(format!("inserts {part:?} of {name}: {word}"));
            }
            Remove(entity, part) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let word = match (world.get_entity_mut(entity), part) {
                    (Err(_), _) => no_entity,
                    (Ok(mut it), A) => it.remove::<PartA>().is_done(),
                    (Ok(mut it), B) => it.remove::<PartB>().is_done(),
                };
                self.log(format!("removes {part:?} of {name}: {word}"));
            }
            SpawnEntity(value) => {
                let entity = if *value == 0 { world.spawn_empty().id() } else { world.spawn(PartA(*value)).id() };
                self.spawned(entity);
            }
            Despawn(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let word = world.get_entity_mut(entity).map_or(no_entity, |it| {
                    it.despawn();
                    "done"
                });
                self.log(format!("despawns {name}: {word}"));
            }
            SetGold(value) => world.resource_mut::<Treasure>().0 = *value,
            Write(value) => _ = world.write_message(News(*value)),
            Hit(entity, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let is_there = world.get_entity(entity).is_ok();
                if is_there {
                    world.trigger(Knock { entity, value: *value });
                }
                self.log(format!("hits {name}: {}", if is_there { "done" } else { no_entity }));
            }
            Boom(value) => world.trigger(Bang(*value)),
            Raise(signal) => self.here.signals[usize::from(signal % SIGNALS)].raise(),
            StartFree(script) => {
                let number = self.starts();
                let id = world.spawn_script(make(number, script)).get().and_then(fs::Script::id);
                self.started(number, id);
            }
            StartOwned(script) => {
                let number = self.starts();
                let made = make(number, script);
                let made = match self.script {
                    Some((_, me)) => made.owned_by(me.id()),
                    None => made,
                };
                let id = world.spawn_script(made).get().and_then(fs::Script::id);
                self.started(number, id);
            }
            Disable(entity) | Enable(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let is_there = world.get_entity_mut(entity).map(|mut it| match deed {
                    Disable(_) => _ = it.insert(Disabled),
                    _ => _ = it.remove::<Disabled>(),
                });
                self.log(format!("disables or enables {name}: {}", is_there.is_ok()));
            }
            FromOutside(deeds) => {
                let (outside, deeds) = (world.non_send::<fs::ScriptExecutor>().outside(), deeds.clone());
                hand_in(outside, deeds);
            }
            StartOf(entity, script) => {
                let Some((_, entity)) = self.entity(*entity) else { return };
                let Ok(mut owner) = world.get_entity_mut(entity) else { return };
                let number = self.starts();
                owner.spawn_script(make(number, script));
                let carrier = owner.get::<fs::Scripts>().and_then(|scripts| scripts.iter().last());
                let id = world.get(carrier.expect("it was just spawned")).and_then(fs::Script::id);
                self.started(number, id);
            }
            Put(entity, script) => {
                let Some((_, entity)) = self.entity(*entity) else { return };
                let Ok(mut owner) = world.get_entity_mut(entity) else { return };
                let number = self.starts();
                let id = owner.insert(make(number, script)).get().and_then(fs::Script::id);
                self.started(number, id);
            }
            TakeOff(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let word = world.get_entity_mut(entity).map_or(no_entity, |mut it| {
                    it.remove::<fs::Script>();
                    "done"
                });
                self.log(format!("takes the script off {name}: {word}"));
            }
            CancelId(number) => {
                let Some((number, id)) = self.pick_script(*number) else { return };
                let cancelled = world.resource::<fs::ScriptRegistry>().cancel(id);
                self.log(format!("cancels {number}: {cancelled}"));
            }
        }
    }

    /// By a script: with what `Me` gives for it.
    pub(super) fn act_as_script(&self, deed: &Deed) {
        let me = self.me();
        match deed {
            Set(entity, part, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = match part {
                    A => me.other(entity).with(|mut part: Mut<PartA>| part.0 = *value),
                    B => me.other(entity).with(|mut part: Mut<PartB>| part.0 = *value),
                };
                self.log(format!("sets {part:?} of {name} to {value}: {}", word(&done)));
            }
            Insert(entity, part, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = match part {
                    A => me.other(entity).insert(PartA(*value)),
                    B => me.other(entity).insert(PartB(*value)),
                };
                self.log(format!("inserts {part:?} of {name}: {}", word(&done)));
            }
            Remove(entity, part) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = match part {
                    A => me.other(entity).remove::<PartA>(),
                    B => me.other(entity).remove::<PartB>(),
                };
                self.log(format!("removes {part:?} of {name}: {}", word(&done)));
            }
            SpawnEntity(value) => {
                let spawned = if *value == 0 { me.spawn(()) } else { me.spawn(PartA(*value)) };
                self.spawned(spawned.expect("a script has the world"));
            }
            Despawn(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = me.other(entity).despawn();
                self.log(format!("despawns {name}: {}", word(&done)));
            }
            SetGold(value) => {
                me.resource_mut(|mut gold: Mut<Treasure>| gold.0 = *value).expect("it is there");
            }
            Write(value) => me.write_message(News(*value)).expect("they were added"),
            Hit(entity, value) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = me.other(entity).trigger(|entity| Knock { entity, value: *value });
                self.log(format!("hits {name}: {}", word(&done)));
            }
            Boom(value) => me.trigger(Bang(*value)).expect("a script has the world"),
            StartFree(script) => {
                let number = self.starts();
                let id = me.spawn_script(make(number, script)).expect("nobody takes it away");
                self.started(number, Some(id));
            }
            TakeOff(entity) => {
                let Some((name, entity)) = self.entity(*entity) else { return };
                let done = me.other(entity).remove::<fs::Script>();
                self.log(format!("takes the script off {name}: {}", word(&done)));
            }
            StartOwned(script) => {
                let number = self.starts();
                let made = make(number, script).owned_by(me.id());
                let id = me.spawn_script(made).expect("nobody takes it away");
                self.started(number, Some(id));
            }
            FromOutside(deeds) => hand_in(me.outside(), deeds.clone()),
            Blow => {}
            Say(_) | Raise(_) | StartOf(..) | Put(..) | CancelId(_) | Disable(_) | Enable(_) => {
                me.world(|world| self.act(world, deed)).expect("a script has the world");
            }
        }
    }
}

fn word(done: &Result<(), fs::ScriptError>) -> &'static str {
    done.as_ref().map_or_else(script_error_word, |()| "done")
}

fn hand_in(outside: fs::Outside, deeds: crate::model::program::List<Deed>) {
    let act = move |world: &mut World| {
        let who = Who { here: here(), script: None, acts: Acts::Outside };
        deeds.0.iter().for_each(|deed| who.act(world, deed));
    };
    crate::words::on_thread(move || outside.world(act)).expect("there is a world");
}

/// Lets a chain on an entity end with the word for what was done.
trait IsDone {
    fn is_done(&self) -> &'static str;
}

impl IsDone for EntityWorldMut<'_> {
    fn is_done(&self) -> &'static str {
        "done"
    }
}
