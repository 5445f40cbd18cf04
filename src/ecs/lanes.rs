//! Going from lane to lane.

use std::any::type_name;

use bevy_ecs::schedule::ScheduleLabel;

use super::me::Me;
use super::stage;
use crate::time::ResumeIn;

impl Me {
    /// Moves the script to the lane of a label: it resumes in that lane's next step, and is at home there from
    /// then on. If it is there already, this doesn't wait. See [`resume_in`](crate::resume_in).
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use bevy_ecs::schedule::ScheduleLabel;
    /// use framestep::{Me, Script, step_lane, step_scripts};
    ///
    /// #[derive(ScheduleLabel, Copy, Clone, Debug, PartialEq, Eq, Hash)]
    /// struct Physics;
    /// #[derive(Component)]
    /// struct Velocity(i32);
    ///
    /// let mut world = World::new();
    /// let ball = world.spawn((Velocity(0), Script::new(async |me: Me| {
    ///     me.resume_in(Physics).await;
    ///     me.with(|mut velocity: Mut<Velocity>| velocity.0 += 5)?;
    ///     Ok(())
    /// }))).id();
    /// step_scripts(&mut world);
    /// assert_eq!(world.get::<Velocity>(ball).unwrap().0, 0);
    /// step_lane(Physics)(&mut world);
    /// assert_eq!(world.get::<Velocity>(ball).unwrap().0, 5);
    /// ```
    ///
    /// # Panics
    /// In a nested access, and outside of a step. If the executor has as many lanes as it can have.
    #[track_caller]
    pub fn resume_in<L: ScheduleLabel>(&self, label: L) -> ResumeIn {
        match stage::access(self.store(), |stage| stage.store().lane(label.intern(), type_name::<L>())) {
            Ok(lane) => crate::time::resume_in(lane),
            Err(error) => panic!("can't go to the lane of `{}`: {error}", type_name::<L>()),
        }
    }
}
