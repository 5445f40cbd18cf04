//! One object of the map: its place and its custom properties, each checked as it is taken.
//!
//! Rule: every property is known, of the right kind and within its range, or the map is refused.
//! How: a property is taken by name; what nobody has taken when `done` is called is unknown, most likely misspelt.

use std::{collections::BTreeSet, ops::RangeInclusive, time::Duration};

use tiled::{ObjectData, ObjectShape, PropertyValue};

use super::{
    Area, Line,
    problem::{Culprit, Problem},
};
use crate::grid::{Cell, Grid};

/// Frames in a second of the scene.
const FRAMES_A_SECOND: f64 = 60.0;

pub(super) struct Fields<'a> {
    file: &'a str,
    pub(super) data: &'a ObjectData,
    tile_size: (f32, f32),
    grid: &'a Grid,
    taken: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(file: &'a str, data: &'a ObjectData, tile_size: (f32, f32), grid: &'a Grid) -> Self {
        Self { file, data, tile_size, grid, taken: BTreeSet::new() }
    }

    pub(super) fn name(&self) -> String {
        if self.data.name.is_empty() {
            format!("{} {}", self.data.user_type, self.data.id())
        } else {
            self.data.name.clone()
        }
    }

    pub(super) fn problem(&self, what: impl Into<String>, remedy: impl Into<String>) -> Problem {
        let culprit = Culprit { id: self.data.id(), name: self.data.name.clone(), class: self.data.user_type.clone() };
        Problem::object(self.file, culprit, what, remedy)
    }

    fn take(&mut self, name: &'static str) -> Option<&'a PropertyValue> {
        self.taken.insert(name);
        self.data.properties.get(name)
    }

    /// A number with its default and the range that it must keep to.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
    ) -> Result<f64, Problem> {
        let number = match self.take(name) {
            None => return Ok(default),
            Some(PropertyValue::FloatValue(number)) => f64::from(*number),
            Some(PropertyValue::IntValue(number)) => f64::from(*number),
            Some(_) => {
                return Err(self.problem(format!("the property \"{name}\" isn't a number"), "make it a float in Tiled"));
            }
        };
        if range.contains(&number) {
            return Ok(number);
        }
        Err(self.problem(
            format!("{name} = {number} is out of range"),
            format!("give it a value from {} to {}", range.start(), range.end()),
        ))
    }

    /// A time in seconds, rounded to the millisecond.
    pub(super) fn seconds(
        &mut self,
        name: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
    ) -> Result<Duration, Problem> {
        let seconds = self.number(name, default, range)?;
        Ok(Duration::from_millis((seconds * 1000.0).round() as u64))
    }

    /// A speed in cells a second, as the whole frames that one step takes.
    pub(super) fn step_frames(&mut self, name: &'static str, default: f64) -> Result<u64, Problem> {
        let speed = self.number(name, default, 0.25..=30.0)?;
        Ok((FRAMES_A_SECOND / speed).round() as u64)
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<&'a str, Problem> {
        match self.take(name) {
            None => Ok(""),
            Some(PropertyValue::StringValue(text)) => Ok(text),
            Some(_) => Err(self.problem(format!("the property \"{name}\" isn't text"), "make it a string in Tiled")),
        }
    }

    /// Lines of dialogue: `Who: what`, one a line.
    pub(super) fn lines(&mut self, name: &'static str) -> Result<Vec<Line>, Problem> {
        let text = self.text(name)?;
        let said = text.lines().map(str::trim).filter(|line| !line.is_empty());
        said.map(|line| match line.split_once(':') {
            Some((who, what)) if !who.trim().is_empty() && !what.trim().is_empty() => {
                Ok(Line { speaker: who.trim().into(), text: what.trim().into() })
            }
            _ => Err(self
                .problem(format!("nobody says the line \"{line}\" of {name}"), "write it as \"Who: what they say\"")),
        })
        .collect()
    }

    /// The id of another object; 0 if unset.
    pub(super) fn reference(&mut self, name: &'static str) -> Result<u32, Problem> {
        match self.take(name) {
            None => Ok(0),
            Some(PropertyValue::ObjectValue(id)) => Ok(*id),
            Some(_) => Err(self
                .problem(format!("the property \"{name}\" isn't a reference"), "make it an object property in Tiled")),
        }
    }

    /// To be called when all known properties were taken.
    pub(super) fn done(&self) -> Result<(), Problem> {
        let mut unknown =
            self.data.properties.keys().filter(|name| !self.taken.contains(name.as_str())).collect::<Vec<_>>();
        unknown.sort();
        let Some(name) = unknown.first() else { return Ok(()) };
        let known = self.taken.iter().copied().collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".into() } else { known };
        Err(self.problem(
            format!("the property \"{name}\" is unknown"),
            format!("remove it or correct its name (known: {known})"),
        ))
    }

    fn cell_of(&self, x: f32, y: f32) -> Result<Cell, Problem> {
        let (x, y) = ((x / self.tile_size.0).floor(), (y / self.tile_size.1).floor());
        // A float that isn't finite or too large becomes a cell off the map here, and is refused there.
        let cell = Cell::new(x as i32, y as i32);
        if x.is_finite() && y.is_finite() && self.grid.contains(cell) {
            return Ok(cell);
        }
        let last = (self.grid.width - 1, self.grid.height - 1);
        Err(self.problem(
            format!("the cell ({x}, {y}) is off the map"),
            format!("move it to between (0, 0) and ({}, {})", last.0, last.1),
        ))
    }

    /// The cell that the object's origin lies in.
    pub(super) fn cell(&self) -> Result<Cell, Problem> {
        self.cell_of(self.data.x, self.data.y)
    }

    /// That cell, if one can stand on it.
    pub(super) fn standing(&self) -> Result<Cell, Problem> {
        let cell = self.cell()?;
        self.walkable(cell)?;
        Ok(cell)
    }

    fn walkable(&self, cell: Cell) -> Result<(), Problem> {
        if self.grid.is_solid(cell) {
            return Err(self.problem(
                format!("nobody can stand at ({}, {})", cell.x, cell.y),
                "move it to a cell of floor that nothing stands on",
            ));
        }
        Ok(())
    }

    /// The cells that a point or a rectangle covers, all of them floor.
    pub(super) fn area(&self) -> Result<Area, Problem> {
        let (width, height) = match self.data.shape {
            ObjectShape::Point(..) => (0.0, 0.0),
            ObjectShape::Rect { width, height } => (width, height),
            _ => return Err(self.problem("it is neither a point nor a rectangle", "draw it as a rectangle in Tiled")),
        };
        let from = self.cell()?;
        // The right and the lower edge belong to the cells beyond them.
        let inside = |edge: f32, size: f32| if size > 0.0 { edge + size - 0.01 } else { edge };
        let to = self.cell_of(inside(self.data.x, width), inside(self.data.y, height))?;
        let cells = (from.y..=to.y).flat_map(|y| (from.x..=to.x).map(move |x| Cell::new(x, y))).collect::<Vec<_>>();
        for cell in &cells {
            self.walkable(*cell)?;
        }
        Ok(Area { name: self.name(), cells })
    }

    /// The points of a polyline, each within reach of the one before.
    pub(super) fn polyline(&self) -> Result<Vec<Cell>, Problem> {
        let points = match &self.data.shape {
            ObjectShape::Polyline { points } | ObjectShape::Polygon { points } => points.as_slice(),
            _ => &[],
        };
        if points.len() < 2 {
            return Err(self.problem(
                format!("a {} needs a polyline of at least two points", self.data.user_type),
                "draw it with Tiled's polyline tool",
            ));
        }
        let cells = points
            .iter()
            .map(|(x, y)| self.cell_of(self.data.x + x, self.data.y + y))
            .collect::<Result<Vec<_>, _>>()?;
        for cell in &cells {
            self.walkable(*cell)?;
        }
        for pair in cells.windows(2) {
            self.within_reach(pair[0], pair[1])?;
        }
        Ok(cells)
    }

    pub(super) fn within_reach(&self, from: Cell, to: Cell) -> Result<(), Problem> {
        if self.grid.reaches(from, to) {
            return Ok(());
        }
        Err(self.problem(
            format!("there is no way from ({}, {}) to ({}, {})", from.x, from.y, to.x, to.y),
            "move a point, or open a wall",
        ))
    }
}
