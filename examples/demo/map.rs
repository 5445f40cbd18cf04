//! The museum as plain data, read from a map made in Tiled and checked before anything else sees it.
//!
//! Rule: what `Museum` holds is playable: every cell is on the map, every number within its range, every place within reach.
//! How: `tiled` parses the file, `read` turns layers and objects into the types below, `problem` says in one line what is wrong.
//! Left out: infinite, isometric and hexagonal maps, base64 layers, and layers inside groups: each is refused by name.

mod fields;
mod problem;
mod read;

use std::{path::Path, time::Duration};

pub use problem::Problem;
use serde::Serialize;

use crate::grid::{Cell, Cone, Grid, Heading};

/// The map that is part of the program, so that it plays from any directory.
pub const BUNDLED: &str = include_str!("../../assets/museum.tmx");
/// The name by which messages call the bundled map.
pub const BUNDLED_NAME: &str = "assets/museum.tmx";

/// What a cell of the floor is made of.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Tile {
    /// Nothing: neither to be walked nor to be seen through.
    #[default]
    Void,
    Stone,
    Carpet,
    Parquet,
    Grass,
    Wall,
    Window,
    Statue,
    Vase,
    Painting,
    Plant,
    Bench,
}

impl Tile {
    /// The words that a tileset may give as a tile's class.
    const WORDS: [(&str, Self); 11] = [
        ("stone", Self::Stone),
        ("carpet", Self::Carpet),
        ("parquet", Self::Parquet),
        ("grass", Self::Grass),
        ("wall", Self::Wall),
        ("window", Self::Window),
        ("statue", Self::Statue),
        ("vase", Self::Vase),
        ("painting", Self::Painting),
        ("plant", Self::Plant),
        ("bench", Self::Bench),
    ];

    pub fn is_floor(self) -> bool {
        matches!(self, Self::Stone | Self::Carpet | Self::Parquet | Self::Grass)
    }

    pub fn blocks_sight(self) -> bool {
        matches!(self, Self::Void | Self::Wall | Self::Window | Self::Painting)
    }
}

/// The whole map. The objects stand in the order in which Tiled wrote them.
#[derive(Clone, Debug)]
pub struct Museum {
    pub width: i32,
    pub height: i32,
    pub tiles: Vec<Tile>,
    pub thief: Thief,
    pub vault: Vault,
    pub story: Story,
    pub exits: Vec<Area>,
    pub guards: Vec<Guard>,
    pub cameras: Vec<Camera>,
    pub lasers: Vec<Laser>,
    pub doors: Vec<Door>,
    pub spots: Vec<Spot>,
}

/// A rectangle of cells with its name on the map.
#[derive(Clone, Debug)]
pub struct Area {
    pub name: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug)]
pub struct Thief {
    pub name: String,
    pub at: Cell,
    /// How long a step takes on tiptoe, and how long at a run.
    pub tiptoe_frames: u64,
    pub dash_frames: u64,
    /// The autopilot's way to the vault; straight there if the map has none.
    pub way_in: Vec<Cell>,
}

#[derive(Clone, Debug)]
pub struct Guard {
    pub name: String,
    pub at: Cell,
    pub walk_frames: u64,
    pub run_frames: u64,
    /// How long the guard stays at each point of the round.
    pub rest: Duration,
    pub patrol: Vec<Cell>,
    pub torch: Cone,
}

#[derive(Clone, Debug)]
pub struct Camera {
    pub name: String,
    pub at: Cell,
    pub lens: Cone,
    /// The sweep starts at `lens.heading` and goes on clockwise over so many points.
    pub arc_points: u8,
    /// How long it looks in one direction before it turns to the next.
    pub dwell: Duration,
    /// How long it must see somebody before it rings.
    pub grace: Duration,
}

#[derive(Clone, Debug)]
pub struct Laser {
    pub area: Area,
    pub period: Duration,
    pub offset: Duration,
}

#[derive(Clone, Debug)]
pub struct Door {
    pub area: Area,
    /// How long it stays open behind the last one through.
    pub hold: Duration,
}

#[derive(Clone, Debug)]
pub struct Vault {
    pub name: String,
    pub at: Cell,
    pub crack: Duration,
}

/// A place with something to say to the thief who first steps on it.
#[derive(Clone, Debug)]
pub struct Spot {
    pub area: Area,
    pub line: Line,
}

/// What the director has people say.
#[derive(Clone, Debug, Default)]
pub struct Story {
    pub title: String,
    pub opening: Vec<Line>,
    pub escaped: Vec<Line>,
    pub caught: Vec<Line>,
}

/// A line of dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Line {
    pub speaker: String,
    pub text: String,
}

impl Museum {
    /// Reads the map that is part of the program.
    pub fn bundled() -> Result<Self, Problem> {
        Self::parse(BUNDLED_NAME, BUNDLED)
    }

    /// Reads a map from a file.
    pub fn load(path: &Path) -> Result<Self, Problem> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            Problem::file(
                &name,
                format!("can't be read: {error}"),
                "give --map the path of a map saved by Tiled (.tmx)",
            )
        })?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Problem::file(&name, "isn't text in UTF-8", "save it from Tiled as a Tiled map file (.tmx)")
        })?;
        Self::parse(&name, &text)
    }

    /// Reads a map from its text; `name` is what messages call it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Problem> {
        read::museum(name, text)
    }

    pub fn tile(&self, cell: Cell) -> Tile {
        if !(0..self.width).contains(&cell.x) || !(0..self.height).contains(&cell.y) {
            return Tile::Void;
        }
        self.tiles[(cell.y * self.width + cell.x) as usize]
    }

    /// The floor with all doors open.
    pub fn grid(&self) -> Grid {
        let mut grid = Grid::new(self.width, self.height);
        for cell in grid.cells() {
            let tile = self.tile(cell);
            grid.set(cell, !tile.is_floor(), tile.blocks_sight());
        }
        grid.set(self.vault.at, true, false);
        grid
    }
}

impl Camera {
    /// The headings of one sweep, there and back.
    pub fn sweep(&self) -> Vec<Heading> {
        let arc = i32::from(self.arc_points);
        let there = (0..=arc).step_by(2);
        let back = (1..arc).rev().step_by(2);
        there.chain(back).map(|points| self.lens.heading.turned(points)).collect()
    }
}
