//! The museum as characters: floor, walls, what watches and who walks, each layer over the one before.
//!
//! Rule: reading only. A picture changes nothing, and the same world gives the same picture.
//! How: a cell is one column wide, or two where there is room, and the part of the map around the thief is shown where there isn't.

use bevy_ecs::prelude::*;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Color, Modifier, Style},
};

use crate::{
    grid::{Cell, Dir, Heading},
    map::{Museum, Tile},
    palette::{self, Ink, Palette},
    world::*,
};

/// Draws the map into a part of the screen.
pub fn museum(world: &mut World, frame: u64, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let plan = world.resource::<Plan>().0.clone();
    let Some(sheet) = Sheet::around(world, &plan, area) else { return };
    let mut canvas = Canvas { sheet, palette, buffer };
    let alarm = *world.resource::<Phase>() == Phase::Alarm;
    // A pulse of a second, from 0 to 128 and back, for whatever glows in an alarm.
    let glow = if alarm { 128 - (frame as i64 % 60 - 30).unsigned_abs() as u32 * 4 } else { 0 };

    canvas.ground(&plan, glow);
    canvas.gazes(world);
    canvas.walls(&plan, alarm && frame % 60 < 30);
    canvas.things(world, &plan, frame);
    canvas.people(world);
}

/// Which part of the map lands where on the screen.
struct Sheet {
    area: Rect,
    from: Cell,
    to: Cell,
    wide: u16,
}

impl Sheet {
    fn around(world: &mut World, plan: &Museum, area: Rect) -> Option<Self> {
        let wide = if i32::from(area.width) >= plan.width * 2 { 2 } else { 1 };
        let room = (i32::from(area.width / wide), i32::from(area.height));
        let thief = world.query_filtered::<&At, With<Thief>>().iter(world).next()?.0;
        let begin =
            |at: i32, room: i32, size: i32| if size <= room { 0 } else { (at - room / 2).clamp(0, size - room) };
        let from = Cell::new(begin(thief.x, room.0, plan.width), begin(thief.y, room.1, plan.height));
        let to = Cell::new((from.x + room.0).min(plan.width), (from.y + room.1).min(plan.height));
        // A map smaller than its part of the screen stands in the middle.
        let (width, height) = ((to.x - from.x) as u16 * wide, (to.y - from.y) as u16);
        let area = Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
        Some(Self { area, from, to, wide })
    }

    fn cells(&self) -> impl Iterator<Item = Cell> + use<> {
        let (from, to) = (self.from, self.to);
        (from.y..to.y).flat_map(move |y| (from.x..to.x).map(move |x| Cell::new(x, y)))
    }

    fn place(&self, cell: Cell) -> Option<(u16, u16)> {
        let inside = (self.from.x..self.to.x).contains(&cell.x) && (self.from.y..self.to.y).contains(&cell.y);
        inside.then(|| {
            let (x, y) = ((cell.x - self.from.x) as u16, (cell.y - self.from.y) as u16);
            (self.area.x + x * self.wide, self.area.y + y)
        })
    }
}

struct Canvas<'a> {
    sheet: Sheet,
    palette: Palette,
    buffer: &'a mut Buffer,
}

impl Canvas<'_> {
    /// Writes a glyph, and what fills the second column where cells are wide.
    fn put(&mut self, cell: Cell, glyph: char, filler: char, fg: Color) {
        let Some((x, y)) = self.sheet.place(cell) else { return };
        self.buffer[(x, y)].set_char(glyph).set_fg(fg);
        if self.sheet.wide == 2 {
            self.buffer[(x + 1, y)].set_char(filler).set_fg(fg);
        }
    }

    fn paint(&mut self, cell: Cell, bg: Color) {
        let Some((x, y)) = self.sheet.place(cell) else { return };
        for dx in 0..self.sheet.wide {
            self.buffer[(x + dx, y)].set_bg(bg);
        }
    }

    fn bold(&mut self, cell: Cell, glyph: char, ink: Ink) {
        // The second column of a wide cell stays as it is: a camera hangs in a wall that goes on.
        if let Some(place) = self.sheet.place(cell) {
            let style = Style::new().fg(self.palette.color(ink)).add_modifier(Modifier::BOLD);
            self.buffer[place].set_char(glyph).set_style(style);
        }
    }

    fn ground(&mut self, plan: &Museum, glow: u32) {
        use palette::*;
        for cell in self.sheet.cells() {
            let (x, y) = (cell.x, cell.y);
            let (glyph, ink, bg) = match plan.tile(cell) {
                Tile::Carpet => (if (x + 2 * y) % 4 == 0 { '·' } else { ' ' }, CARPET, CARPET_BG),
                Tile::Parquet => (if (x + y) % 3 == 0 { '·' } else { ' ' }, PARQUET, PARQUET_BG),
                Tile::Grass => (if (x * 5 + y * 3) % 7 < 2 { '"' } else { ' ' }, GRASS, GRASS_BG),
                Tile::Stone => (if (x + y) % 2 == 0 { '·' } else { ' ' }, STONE, STONE_BG),
                Tile::Void => (' ', STONE, NIGHT),
                _ => (' ', STONE, STONE_BG),
            };
            self.put(cell, glyph, ' ', self.palette.color(ink));
            self.paint(cell, self.palette.mix(bg, GLARE, glow / 2));
        }
    }

    /// Light where somebody looks: amber from torches, teal from lenses, red from either once they have seen something.
    fn gazes(&mut self, world: &mut World) {
        let mut watchers = world.query::<(&At, &Gaze, Has<Camera>)>();
        let grid = &world.resource::<Floor>().grid;
        for cell in self.sheet.cells().filter(|cell| !grid.is_opaque(*cell)) {
            let seen_by =
                watchers.iter(world).filter(|(at, gaze, _)| gaze.cone.covers(at.0, cell) && grid.sees(at.0, cell));
            // Red covers amber, amber covers teal.
            let light = seen_by.map(|(_, gaze, camera)| if gaze.alert { 0 } else { 1 + u8::from(camera) }).min();
            let ink = match light {
                Some(0) => palette::GLARE,
                Some(1) => palette::TORCH,
                Some(_) => palette::LENS,
                None => continue,
            };
            match self.palette {
                Palette::Sixteen => self.put(cell, '░', '░', ink.0),
                Palette::True => self.paint(cell, self.palette.color(ink)),
            }
        }
    }

    fn walls(&mut self, plan: &Museum, flash: bool) {
        use palette::*;
        let is_wall =
            |cell| matches!(plan.tile(cell), Tile::Wall | Tile::Window | Tile::Painting) || is_gap(plan, cell);
        for cell in self.sheet.cells() {
            let wall = if flash { SIREN } else { WALL };
            let joins = Dir::ALL.map(|dir| is_wall(cell.neighbour(dir)));
            let filler = if joins[0] { '─' } else { ' ' };
            let (glyph, filler, ink) = match plan.tile(cell) {
                Tile::Wall => (corner(joins), filler, wall),
                Tile::Painting if joins[0] || joins[2] => ('▬', '▬', PAINTING),
                Tile::Painting => ('▌', ' ', PAINTING),
                Tile::Window if joins[1] || joins[3] => ('┋', ' ', WINDOW),
                Tile::Window => ('┅', '┅', WINDOW),
                Tile::Statue => ('&', ' ', STATUE),
                Tile::Vase => ('Ω', ' ', VASE),
                Tile::Plant => ('♣', ' ', PLANT),
                Tile::Bench => ('≡', '≡', BENCH),
                _ => continue,
            };
            self.put(cell, glyph, filler, self.palette.color(ink));
        }
    }

    fn things(&mut self, world: &mut World, plan: &Museum, frame: u64) {
        use palette::*;
        for exit in plan.exits.iter().flat_map(|exit| &exit.cells) {
            self.put(*exit, '▒', '▒', self.palette.color(EXIT));
        }
        for door in world.query::<&Door>().iter(world) {
            for cell in &door.cells {
                let upright = plan.tile(cell.neighbour(Dir::North)) == Tile::Wall
                    && plan.tile(cell.neighbour(Dir::South)) == Tile::Wall;
                let (glyph, filler) = match (upright, door.open) {
                    (true, false) => ('┃', ' '),
                    (true, true) => ('╎', ' '),
                    (false, false) => ('━', '━'),
                    (false, true) => ('╌', '╌'),
                };
                self.put(*cell, glyph, filler, self.palette.color(DOOR));
            }
        }
        for beam in world.query::<&Beam>().iter(world) {
            let across = beam.cells.windows(2).all(|pair| pair[0].y == pair[1].y) && beam.cells.len() > 1;
            for cell in &beam.cells {
                let (glyph, filler) = match (beam.lit, across) {
                    (true, true) => ('═', '═'),
                    (true, false) => ('║', ' '),
                    (false, true) => ('┈', '┈'),
                    (false, false) => ('┊', ' '),
                };
                self.put(*cell, glyph, filler, self.palette.color(if beam.lit { BEAM } else { BEAM_OFF }));
            }
        }
        for (at, vault) in world.query::<(&At, &Vault)>().iter(world) {
            let ink = if vault.cracking && frame % 20 < 10 { SIREN } else { DIAMOND };
            self.bold(at.0, if vault.empty { '◇' } else { '◆' }, ink);
        }
    }

    fn people(&mut self, world: &mut World) {
        use palette::*;
        for (entity, at) in world.query_filtered::<(Entity, &At), With<Visitor>>().iter(world) {
            let ink = CROWD[entity.index_u32() as usize % CROWD.len()];
            self.put(at.0, '•', ' ', self.palette.color(ink));
        }
        for (at, gaze, camera) in world.query::<(&At, &Gaze, Has<Camera>)>().iter(world) {
            let (glyph, calm) = if camera { ('◘', CAMERA) } else { (arrow(gaze.cone.heading), GUARD) };
            self.bold(at.0, glyph, if gaze.alert { SIREN } else { calm });
        }
        for (at, thief) in world.query::<(&At, &Thief)>().iter(world) {
            self.bold(at.0, '@', if thief.has_diamond { DIAMOND } else { THIEF });
        }
    }
}

/// An exit in an outer wall: the wall goes on beside it.
fn is_gap(plan: &Museum, cell: Cell) -> bool {
    let door = |area: &[Cell]| area.contains(&cell);
    plan.doors.iter().any(|it| door(&it.area.cells)) || plan.exits.iter().any(|it| door(&it.cells))
}

fn arrow(heading: Heading) -> char {
    match heading.dir() {
        Dir::East => '►',
        Dir::South => '▼',
        Dir::West => '◄',
        Dir::North => '▲',
    }
}

/// The line of a wall with the given neighbours (east, south, west, north).
fn corner(joins: [bool; 4]) -> char {
    match joins {
        [true, true, true, true] => '┼',
        [true, true, true, false] => '┬',
        [true, false, true, true] => '┴',
        [true, true, false, true] => '├',
        [false, true, true, true] => '┤',
        [true, true, false, false] => '┌',
        [false, true, true, false] => '┐',
        [true, false, false, true] => '└',
        [false, false, true, true] => '┘',
        [_, true, _, _] | [_, _, _, true] => '│',
        _ => '─',
    }
}
