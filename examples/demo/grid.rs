//! The floor as a grid: cells, headings, the way from one cell to another, and what can be seen from where.
//!
//! Rule: integers only, so that every machine walks the same way and sees the same thief.
//! How: a heading is one of 64 points of the compass, cones are compared by squared dot products with a table of cosines,
//! a line of sight is Bresenham's, and a way is found by breadth-first search with a fixed order of neighbours.
//! Left out: positions between cells. A walker is in a cell, then in the next; a front end may glide between the two.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize, Serializer};

/// A cell of the floor, counted from the top left.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    pub x: i32,
    pub y: i32,
}

/// Two numbers to read, one to hash: thousands of visitors are hashed at once.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return (self.x, self.y).serialize(serializer);
        }
        // No map has as many rows or columns as 16 bits count.
        serializer.serialize_u32((self.y as u32) << 16 | self.x as u32 & 0xffff)
    }
}

impl Cell {
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    pub const fn neighbour(self, dir: Dir) -> Self {
        let (x, y) = dir.offset();
        Self::new(self.x + x, self.y + y)
    }

    /// Distance in king's moves: 1 for all eight cells around.
    pub fn distance(self, other: Self) -> i32 {
        (self.x - other.x).abs().max((self.y - other.y).abs())
    }

    /// Distance in steps without diagonals.
    pub fn steps(self, other: Self) -> i32 {
        (self.x - other.x).abs() + (self.y - other.y).abs()
    }
}

/// The four ways to step, in the order in which a search tries them.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dir {
    East,
    South,
    West,
    North,
}

impl Dir {
    pub const ALL: [Self; 4] = [Self::East, Self::South, Self::West, Self::North];

    pub const fn offset(self) -> (i32, i32) {
        match self {
            Self::East => (1, 0),
            Self::South => (0, 1),
            Self::West => (-1, 0),
            Self::North => (0, -1),
        }
    }

    pub const fn heading(self) -> Heading {
        Heading(self as u8 * 16)
    }

    /// The step that leads from a cell to its neighbour; `None` if they aren't neighbours.
    pub fn between(from: Cell, to: Cell) -> Option<Self> {
        Self::ALL.into_iter().find(|dir| from.neighbour(*dir) == to)
    }
}

/// A point of the compass in 64ths of a turn, clockwise from the east as in Tiled.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heading(pub u8);

/// `cos(k * 90 / 16 degrees) * 256` for `k` from 0 to 16.
const COSINES: [i64; 17] = [256, 255, 251, 245, 237, 226, 213, 198, 181, 162, 142, 121, 98, 74, 50, 25, 0];

impl Heading {
    pub const QUARTER: i32 = 16;

    /// From whole degrees, rounded to the next point.
    pub fn degrees(degrees: i32) -> Self {
        let points = (degrees.rem_euclid(360) * 64 + 180) / 360;
        Self((points % 64) as u8)
    }

    pub fn turned(self, points: i32) -> Self {
        Self((i32::from(self.0) + points).rem_euclid(64) as u8)
    }

    /// The nearest of the four ways to step.
    pub fn dir(self) -> Dir {
        Dir::ALL[usize::from((self.0 + 8) % 64 / 16)]
    }

    fn cosine(self) -> i64 {
        let k = usize::from(self.0 % 64);
        match k {
            0..=16 => COSINES[k],
            17..=32 => -COSINES[32 - k],
            33..=48 => -COSINES[k - 32],
            _ => COSINES[64 - k],
        }
    }

    /// The direction as a vector of length 256.
    fn vector(self) -> (i64, i64) {
        (self.cosine(), self.turned(-16).cosine())
    }
}

/// What a watcher looks at: a cone of so many cells and so many points to either side.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cone {
    pub heading: Heading,
    pub half: u8,
    pub range: i32,
}

impl Cone {
    /// Whether a cell lies within the cone, walls left aside.
    pub fn covers(&self, eye: Cell, cell: Cell) -> bool {
        let (dx, dy) = (i64::from(cell.x - eye.x), i64::from(cell.y - eye.y));
        let far = dx * dx + dy * dy;
        let range = i64::from(self.range);
        if far == 0 || far > range * range {
            return far == 0;
        }
        let (hx, hy) = self.heading.vector();
        let dot = hx * dx + hy * dy;
        // Beyond a quarter turn to either side the cosine is negative, and only what lies behind is left out.
        let half = usize::from(self.half.min(32));
        if half > 16 {
            let limit = COSINES[32 - half];
            return dot >= 0 || dot * dot <= limit * limit * far;
        }
        let limit = COSINES[half];
        dot >= 0 && dot * dot >= limit * limit * far
    }
}

/// The floor as walkers and eyes need it: what blocks a step and what blocks a look.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    pub width: i32,
    pub height: i32,
    solid: Vec<bool>,
    opaque: Vec<bool>,
}

impl Grid {
    pub fn new(width: i32, height: i32) -> Self {
        let cells = (width * height) as usize;
        Self { width, height, solid: vec![false; cells], opaque: vec![false; cells] }
    }

    pub fn contains(&self, cell: Cell) -> bool {
        (0..self.width).contains(&cell.x) && (0..self.height).contains(&cell.y)
    }

    fn index(&self, cell: Cell) -> Option<usize> {
        self.contains(cell).then(|| (cell.y * self.width + cell.x) as usize)
    }

    /// Says what a cell blocks: steps (`solid`), looks (`opaque`).
    pub fn set(&mut self, cell: Cell, solid: bool, opaque: bool) {
        if let Some(i) = self.index(cell) {
            (self.solid[i], self.opaque[i]) = (solid, opaque);
        }
    }

    pub fn is_solid(&self, cell: Cell) -> bool {
        self.index(cell).is_none_or(|i| self.solid[i])
    }

    pub fn is_opaque(&self, cell: Cell) -> bool {
        self.index(cell).is_none_or(|i| self.opaque[i])
    }

    /// All cells, row by row.
    pub fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        let (width, height) = (self.width, self.height);
        (0..height).flat_map(move |y| (0..width).map(move |x| Cell::new(x, y)))
    }

    /// Whether nothing opaque lies between two cells. The ends themselves may be opaque: a camera hangs in a wall.
    pub fn sees(&self, from: Cell, to: Cell) -> bool {
        let (dx, dy) = ((to.x - from.x).abs(), -(to.y - from.y).abs());
        let (sx, sy) = ((to.x - from.x).signum(), (to.y - from.y).signum());
        let (mut at, mut error) = (from, dx + dy);
        loop {
            if at == to {
                return true;
            }
            if at != from && self.is_opaque(at) {
                return false;
            }
            let twice = 2 * error;
            if twice >= dy {
                error += dy;
                at.x += sx;
            }
            if twice <= dx {
                error += dx;
                at.y += sy;
            }
        }
    }

    /// The first step of a shortest way from a cell to the nearest one that is a goal, through cells that are open.
    /// `None` if the cell is a goal itself, or if no way leads to one.
    pub fn first_step(&self, from: Cell, open: impl Fn(Cell) -> bool, is_goal: impl Fn(Cell) -> bool) -> Option<Cell> {
        if is_goal(from) {
            return None;
        }
        // Of each cell that was come upon, the first step of the way that led there.
        let mut first: Vec<Option<Cell>> = vec![None; self.solid.len()];
        first[self.index(from)?] = Some(from);
        let mut queue = VecDeque::from([from]);
        while let Some(cell) = queue.pop_front() {
            for next in Dir::ALL.map(|dir| cell.neighbour(dir)) {
                let Some(i) = self.index(next) else { continue };
                if first[i].is_some() || self.solid[i] || !open(next) {
                    continue;
                }
                let step = if cell == from { next } else { first[self.index(cell)?]? };
                if is_goal(next) {
                    return Some(step);
                }
                first[i] = Some(step);
                queue.push_back(next);
            }
        }
        None
    }

    /// The same towards one cell, or to beside it where nobody can stand on it.
    pub fn step_towards(&self, from: Cell, goal: Cell) -> Option<Cell> {
        let reach = i32::from(self.is_solid(goal));
        self.first_step(from, |_| true, |cell| cell.steps(goal) <= reach)
    }

    /// Whether there is a way on foot.
    pub fn reaches(&self, from: Cell, goal: Cell) -> bool {
        from == goal || self.step_towards(from, goal).is_some()
    }
}
