//! Being told of the steps of a world's scripts, and what a script's owner is called.

use std::sync::Arc;

use bevy_ecs::entity::Entity;
use bevy_ecs::name::Name;
use bevy_ecs::world::World;

use super::key::ReplayKey;
use crate::ecs::{Follower, ScriptExecutor, StepHook};

/// Calls `hook` behind each step of each lane, with the lane's number, in place of any that was set before. It may
/// hash the world, and must not step it.
pub(crate) fn set_step_hook(world: &mut World, hook: Option<StepHook>) {
    ScriptExecutor::follow(world, hook.map(|after_step| Follower { after_step, name_of }));
}

/// What the owner of the script with this spawn number is called, as it was when the script started: by its
/// [`ReplayKey`], by its `Name`, or by its number in Bevy. `None` for a script without an entity, and for one that had
/// ended before the last step. It takes a step hook to be kept.
pub(crate) fn owner_name(world: &World, number: u64) -> Option<Arc<str>> {
    world.get_non_send::<ScriptExecutor>()?.store.following.owner(number)
}

fn name_of(world: &World, entity: Entity) -> Arc<str> {
    if let Some(key) = world.get::<ReplayKey>(entity) {
        return key.to_string().into();
    }
    match world.get::<Name>(entity) {
        Some(name) => name.as_str().into(),
        None => format!("entity {entity}").into(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use bevy_ecs::schedule::ScheduleLabel;

    use super::*;
    use crate::ecs::{Me, Script, step_lane, step_scripts};
    use crate::time::{frames, next_frame};

    #[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
    struct Physics;

    /// A world, and a log of each step's lane with what the owners of these scripts were called then.
    fn followed(numbers: &'static [u64]) -> (World, Rc<RefCell<Vec<String>>>) {
        let mut world = World::new();
        let log = Rc::<RefCell<Vec<String>>>::default();
        let to = log.clone();
        set_step_hook(
            &mut world,
            Some(Rc::new(move |world, lane| {
                let owners = numbers.iter().map(|number| owner_name(world, *number).unwrap_or_else(|| "-".into()));
                to.borrow_mut().push(format!("lane {lane}: {}", owners.collect::<Vec<_>>().join(", ")));
            })),
        );
        (world, log)
    }

    #[test]
    fn every_step_is_told_of_busy_or_quiet_in_whatever_lane() {
        let (mut world, log) = followed(&[]);
        world.spawn(Script::new(async |_: Me| {
            frames(3).await;
            Ok(())
        }));
        step_scripts(&mut world);
        // Nothing is due: a step that is made without the world.
        step_scripts(&mut world);
        step_lane(Physics)(&mut world);
        set_step_hook(&mut world, None);
        step_scripts(&mut world);
        assert_eq!(log.take(), ["lane 0: ", "lane 0: ", "lane 1: "]);
    }

    #[test]
    fn an_owner_is_called_by_its_key_its_name_or_its_number() {
        let (mut world, log) = followed(&[1, 2, 3, 4]);
        let stand = || {
            Script::new(async |_: Me| {
                loop {
                    next_frame().await
                }
            })
        };
        world.spawn((ReplayKey::numbered("guard", 2), Name::new("Bob"), stand()));
        world.spawn((Name::new("Eve"), stand()));
        let nameless = world.spawn(stand()).id();
        step_scripts(&mut world);
        assert_eq!(log.take(), [format!("lane 0: guard 2, Eve, entity {nameless}, -")]);
    }

    #[test]
    fn an_owner_that_was_despawned_is_named_up_to_the_end_of_the_step_in_which_its_script_ended() {
        let (mut world, log) = followed(&[1, 2]);
        world.spawn((
            Name::new("bomb"),
            Script::new(async |me: Me| {
                me.despawn()?;
                Ok(())
            }),
        ));
        let guard = world
            .spawn((
                Name::new("guard"),
                Script::new(async |_: Me| {
                    loop {
                        next_frame().await
                    }
                }),
            ))
            .id();
        step_scripts(&mut world);
        world.despawn(guard);
        step_scripts(&mut world);
        step_scripts(&mut world);
        assert_eq!(log.take(), ["lane 0: bomb, guard", "lane 0: -, guard", "lane 0: -, -"]);
    }

    #[test]
    fn one_that_comes_later_is_told_of_scripts_that_run() {
        let mut world = World::new();
        world.spawn((
            Name::new("guard"),
            Script::new(async |_: Me| {
                loop {
                    next_frame().await
                }
            }),
        ));
        step_scripts(&mut world);
        assert_eq!(owner_name(&world, 1), None);
        set_step_hook(&mut world, Some(Rc::new(|_, _| ())));
        assert_eq!(owner_name(&world, 1).as_deref(), Some("guard"));
    }
}
