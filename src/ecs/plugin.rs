//! The plugin: scripts in a Bevy app.

use bevy_app::{App, Plugin, Update};
use bevy_ecs::schedule::IntoScheduleConfigs;

use super::registry::ScriptRegistry;
use super::step::{ScriptSystems, step_scripts};

/// Steps the scripts of an app's world once an update: [`step_scripts`] in [`Update`], in
/// [`ScriptSystems::Step`].
///
/// To choose the executor's settings insert a [`ScriptExecutor`](crate::ScriptExecutor) as non-send data.
/// Other lanes are stepped by [`step_lane`](crate::step_lane) in schedules of your choice.
///
/// ```
/// use bevy_app::App;
/// use framestep::{FramestepPlugin, Me, Script, ScriptRegistry, next_frame};
///
/// let mut app = App::new();
/// app.add_plugins(FramestepPlugin);
/// app.world_mut().spawn(Script::new(async |_: Me| { next_frame().await; Ok(()) }));
/// app.update();
/// assert_eq!(app.world().resource::<ScriptRegistry>().running(), 1);
/// app.update();
/// assert_eq!(app.world().resource::<ScriptRegistry>().running(), 0);
/// ```
#[derive(Copy, Clone, Debug, Default)]
pub struct FramestepPlugin;

impl Plugin for FramestepPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<ScriptRegistry>();
        app.add_systems(Update, step_scripts.in_set(ScriptSystems::Step));
    }
}
