//! What the world holds: components, resources, messages and events. The systems and scripts do the rest.
//!
//! Rule: nothing here knows about drawing, keys or files, and nothing holds a float.

use std::{collections::VecDeque, time::Duration};

use bevy_ecs::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    grid::{Cell, Cone, Dir, Grid, Heading},
    map::{Line, Museum},
};

/// Where an entity is.
#[derive(Component, Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct At(pub Cell);

/// What the map calls it.
#[derive(Component, Clone, Debug)]
pub struct Called(pub String);

#[derive(Component, Clone, Debug, Serialize)]
pub struct Thief {
    pub facing: Heading,
    pub has_diamond: bool,
    /// Whether the player has taken over from the autopilot.
    pub by_hand: bool,
}

/// A guard or a camera: someone whose gaze falls on cells.
#[derive(Component, Clone, Debug, Serialize)]
pub struct Gaze {
    pub cone: Cone,
    /// Whether it has seen the thief and acts on it.
    pub alert: bool,
    /// Where it sees the thief in this frame.
    pub sees: Option<Cell>,
}

#[derive(Component, Debug)]
pub struct Guard;

#[derive(Component, Debug)]
pub struct Camera;

#[derive(Component, Clone, Debug, Serialize)]
pub struct Door {
    pub cells: Vec<Cell>,
    pub open: bool,
    /// Whether somebody stands in it or next to it.
    pub crowded: bool,
}

#[derive(Component, Clone, Debug, Serialize)]
pub struct Beam {
    pub cells: Vec<Cell>,
    pub lit: bool,
}

#[derive(Component, Clone, Debug, Serialize)]
pub struct Vault {
    /// Whether the thief is next to it.
    pub besieged: bool,
    pub cracking: bool,
    pub empty: bool,
}

/// A place that has something to say, once.
#[derive(Component, Clone, Debug)]
pub struct Spot {
    pub cells: Vec<Cell>,
    pub line: Option<Line>,
}

/// Somebody in the crowd: light enough for a hundred thousand.
#[derive(Component, Copy, Clone, Debug)]
pub struct Visitor;

/// The floor, with the doors as they are at present.
#[derive(Resource, Debug)]
pub struct Floor {
    pub grid: Grid,
    /// The same with every door open.
    pub undoored: Grid,
    /// The cells that belong to a door, whether open or not.
    pub doorways: Vec<Cell>,
    /// The cells where visitors may stand.
    pub halls: Vec<Cell>,
}

/// The map that the world was built from.
#[derive(Resource, Clone, Debug)]
pub struct Plan(pub Museum);

/// How the night stands.
#[derive(Resource, Copy, Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Phase {
    #[default]
    Opening,
    Quiet,
    Alarm,
    Escaped,
    Caught,
}

impl Phase {
    pub fn is_over(self) -> bool {
        matches!(self, Self::Escaped | Self::Caught)
    }
}

/// The line that is being said, and how much of it is out.
#[derive(Resource, Clone, Debug, Default)]
pub struct Speech {
    pub line: Line,
    pub shown: usize,
}

/// What happened, in words, the latest last. Front ends may empty it: nothing in the scene reads it, and it isn't hashed.
#[derive(Resource, Clone, Debug, Default)]
pub struct Chronicle {
    pub news: VecDeque<News>,
}

/// One thing that happened, or one line that was said.
#[derive(Clone, Debug)]
pub struct News {
    /// The frame; 0 until it is over.
    pub frame: u64,
    pub text: String,
    pub said: bool,
}

/// The most news kept for a front end that doesn't read them.
const MAX_NEWS: usize = 256;

impl Chronicle {
    pub fn note(&mut self, text: String, said: bool) {
        if self.news.len() == MAX_NEWS {
            self.news.pop_front();
        }
        self.news.push_back(News { frame: 0, text, said });
    }

    /// Dates what was noted since the last call.
    pub fn date(&mut self, frame: u64) {
        for news in self.news.iter_mut().rev().take_while(|news| news.frame == 0) {
            news.frame = frame;
        }
    }
}

/// A key of the player's, the same for every front end.
#[derive(Message, Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pressed {
    Walk(Dir),
    Skip,
}

/// All that a frame gets from the player: the keys, in the order in which they were pressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys(pub Vec<Pressed>);

/// How long the frame is that is played.
#[derive(Resource, Copy, Clone, Debug, Default)]
pub struct Step(pub Duration);

/// The opening is over: the night begins.
#[derive(Message, Copy, Clone, Debug)]
pub struct Curtain;

/// To a watcher: it sees the thief, or sees the thief in another cell than before.
#[derive(EntityEvent, Copy, Clone, Debug)]
pub struct Spotted {
    #[event_target]
    pub by: Entity,
    pub cell: Cell,
}

/// To a watcher: it doesn't see the thief any longer.
#[derive(EntityEvent, Copy, Clone, Debug)]
pub struct LostSight {
    #[event_target]
    pub by: Entity,
}

/// To a door: the first has come to it, or the last has left it.
#[derive(EntityEvent, Copy, Clone, Debug)]
pub struct Footsteps {
    #[event_target]
    pub door: Entity,
    pub near: bool,
}

/// The thief has come to the vault, or has left it.
#[derive(Message, Copy, Clone, Debug)]
pub struct Besieged(pub bool);

/// The bell: something is wrong in that cell.
#[derive(Message, Copy, Clone, Debug)]
pub struct Alarm {
    pub cell: Cell,
}

/// The diamond has left the vault.
#[derive(Message, Copy, Clone, Debug)]
pub struct Taken;

/// The thief is out of the museum, diamond in hand.
#[derive(Message, Copy, Clone, Debug)]
pub struct Escaped;

/// A guard has laid a hand on the thief.
#[derive(Message, Copy, Clone, Debug)]
pub struct Caught {
    pub by: Entity,
}

/// Somebody speaks.
#[derive(Message, Clone, Debug)]
pub struct Say(pub Line);

/// The last line that waited to be said is over.
#[derive(Message, Copy, Clone, Debug)]
pub struct Hushed;
