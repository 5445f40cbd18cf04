//! The port: where a frame's input is read and given.
//!
//! The rule: it stands behind all that takes input in from outside, and in front of all that uses it. It is a schedule
//! of its own, [`TakeInput`], right behind `PreUpdate`, so that no system of that is left without an order to it.

use std::fmt;

use bevy_app::{App, MainScheduleOrder, PreUpdate};
use bevy_ecs::resource::Resource;
use bevy_ecs::schedule::{InternedScheduleLabel, IntoScheduleConfigs, ScheduleLabel, SystemSet};
use bevy_ecs::world::{Mut, World};

/// The schedule in which a frame's input is read for a recording, or overwritten by a replay: right behind
/// `PreUpdate`, where Bevy's systems collect it.
///
/// Systems that make the input of what came from outside, such as `Controls` out of keys, belong before it: into
/// `PreUpdate`, or in here before [`ReplaySystems::Input`].
#[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct TakeInput;

/// Where a frame's input is read or overwritten, to order other systems before and after it.
#[derive(SystemSet, Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplaySystems {
    /// The input is read, or overwritten.
    Input,
}

type Take<I> = Box<dyn Fn(&mut World) -> I + Send + Sync>;
type Give<I> = Box<dyn Fn(&mut World, &I) + Send + Sync>;

/// How a frame's input is read from a world, and given to it.
///
/// `giving` overwrites all that came from outside, so that in a replay nothing of it is left. A message lies in its
/// buffer for two frames: an input that is read from there comes twice, so read it from where it comes in.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::replay::InputPort;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Message, Clone, Serialize, Deserialize)]
/// struct Move { unit: u32, to: (i32, i32) }
///
/// /// Moves that came over the net, and which the game hasn't heard of yet.
/// #[derive(Resource, Default)]
/// struct Inbox(Vec<Move>);
///
/// // The input is the moves that came since the last frame; the game reads them as messages.
/// let moves = InputPort::new(
///     |world| std::mem::take(&mut world.resource_mut::<Inbox>().0),
///     |world, moves: &Vec<Move>| {
///         world.resource_mut::<Inbox>().0.clear();
///         world.write_message_batch(moves.iter().cloned());
///     },
/// );
/// # let _ = moves;
/// ```
pub struct InputPort<I> {
    take: Take<I>,
    give: Give<I>,
    schedule: Option<InternedScheduleLabel>,
}

impl<I: 'static> InputPort<I> {
    /// A port whose input `taking` reads, and may take away, and `giving` gives. In a recording what was read is given
    /// again.
    #[must_use]
    pub fn new(
        taking: impl Fn(&mut World) -> I + Send + Sync + 'static,
        giving: impl Fn(&mut World, &I) + Send + Sync + 'static,
    ) -> Self {
        InputPort { take: Box::new(taking), give: Box::new(giving), schedule: None }
    }

    /// Puts the port into another schedule than [`TakeInput`], in [`ReplaySystems::Input`]: order that there.
    #[must_use]
    pub fn in_schedule(mut self, label: impl ScheduleLabel) -> Self {
        self.schedule = Some(label.intern());
        self
    }
}

impl<I: Resource + Clone> InputPort<I> {
    /// A port whose input is a resource, such as Bevy's `ButtonInput<KeyCode>` or one of the game's own. Reading it
    /// takes that it is there.
    #[must_use]
    pub fn resource() -> Self {
        let taking = |world: &mut World| match world.get_resource::<I>() {
            Some(input) => input.clone(),
            None => panic!(
                "the input to be recorded isn't there: insert the resource `{}` before the first frame",
                std::any::type_name::<I>()
            ),
        };
        Self::new(taking, |world, input| world.insert_resource(input.clone()))
    }
}

impl<I> fmt::Debug for InputPort<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InputPort").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}

/// The port of an app, and what it is to give next.
#[derive(Resource)]
pub(super) struct Port<I> {
    port: InputPort<I>,
    given: Option<I>,
}

impl<I: Send + Sync + 'static> Port<I> {
    /// Gives the schedule that it is in.
    pub(super) fn add(app: &mut App, port: InputPort<I>) -> InternedScheduleLabel {
        let schedule = port.schedule.unwrap_or_else(|| {
            app.init_schedule(TakeInput);
            let mut order = app.world_mut().get_resource_or_init::<MainScheduleOrder>();
            if !order.labels.contains(&TakeInput.intern()) {
                order.insert_after(PreUpdate, TakeInput);
            }
            TakeInput.intern()
        });
        app.world_mut().insert_resource(Port { port, given: None });
        app.add_systems(schedule, Self::pass.in_set(ReplaySystems::Input));
        schedule
    }

    /// What the next frame is given.
    pub(super) fn give_next(world: &mut World, input: I) {
        world.resource_mut::<Self>().given = Some(input);
    }

    /// What stands in the world.
    pub(super) fn read(world: &mut World) -> I {
        world.resource_scope(|world, port: Mut<Self>| (port.port.take)(world))
    }

    pub(super) fn give_now(world: &mut World, input: &I) {
        world.resource_scope(|world, port: Mut<Self>| (port.port.give)(world, input));
    }

    /// Whether it is still there: the frame didn't come by the port.
    pub(super) fn is_left(world: &World) -> bool {
        world.resource::<Self>().given.is_some()
    }

    /// The system that gives what was left here.
    pub(super) fn pass(world: &mut World) {
        world.resource_scope(|world, mut port: Mut<Self>| {
            if let Some(input) = port.given.take() {
                (port.port.give)(world, &input);
            }
        });
    }
}
