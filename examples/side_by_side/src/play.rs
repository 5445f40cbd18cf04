//! Plays a script in the scene, and tells what was to be seen.

use bevy::prelude::*;
use bevy_defer::{AppReactorExtension, AsyncPlugin};
use framestep::FramestepPlugin;

use crate::scene::{self, Cast, Input, Skip};

/// Who runs the script. The set-up that a crate takes is here, and counts for it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Side {
    Framestep,
    BevyDefer,
}

impl Side {
    fn set_up(self, app: &mut App) {
        match self {
            Side::Framestep => app.add_plugins(FramestepPlugin::default()),
            Side::BevyDefer => app.add_plugins(AsyncPlugin::default_settings()).react_to_message::<Skip>(),
        };
    }
}

/// One script, written for both.
pub struct Pair {
    pub name: &'static str,
    pub framestep: &'static str,
    pub bevy_defer: &'static str,
    /// Framestep's first.
    pub starts: [fn(&mut World, Cast); 2],
    pub plays: &'static [Play],
    /// What is looked at.
    pub seen: fn(&World, Cast) -> String,
}

/// What comes from outside, and how it must end.
pub struct Play {
    /// Before which frame, in order.
    pub inputs: &'static [(u32, Input)],
    pub frames: u32,
    /// The last that is to be seen.
    pub end: &'static str,
}

/// All that was to be seen: what differs from what was before, and in which frame it did.
pub type Story = Vec<(u32, String)>;

impl Pair {
    pub fn play(&self, side: Side, play: &Play) -> Story {
        let (mut app, cast) = scene::app();
        side.set_up(&mut app);
        let [framestep, bevy_defer] = self.starts;
        let start = if side == Side::Framestep { framestep } else { bevy_defer };
        start(app.world_mut(), cast);
        let mut story = Story::new();
        for frame in 0..play.frames {
            for (_, input) in play.inputs.iter().filter(|(at, _)| *at == frame) {
                input.happen(app.world_mut(), cast);
            }
            app.update();
            let seen = (self.seen)(app.world(), cast);
            if story.last().is_none_or(|(_, last)| *last != seen) {
                story.push((frame, seen));
            }
        }
        story
    }
}
