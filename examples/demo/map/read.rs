//! From Tiled's layers and objects to the museum's data.
//!
//! Rule: every object has a known type and every complaint names the object that it is about.
//! How: the file is parsed by `tiled` from memory. Its errors don't say where they arose, so after one each object
//! is parsed again on its own: the first that fails is the culprit. The length of tile data is checked beforehand,
//! since the crate takes it on trust.

use std::{collections::BTreeMap, io, path::Path};

use tiled::{LayerType, Loader, Map, Orientation, TileLayer};

use super::{
    Camera, Door, Guard, Laser, Line, Museum, Spot, Story, Thief, Tile, Vault,
    fields::Fields,
    problem::{Culprit, Problem},
};
use crate::grid::{Cell, Cone, Dir, Grid, Heading};

/// The largest map and the largest tileset taken.
const MAX_SIDE: u32 = 512;
const MAX_TILES: u64 = 65_536;

const KNOWN_TYPES: &str = "thief, way-in, guard, patrol, camera, laser, door, vault, exit, spot, director";

pub(super) fn museum(file: &str, text: &str) -> Result<Museum, Problem> {
    check_text(file, text)?;
    let map = parse(file, text)?;
    let mut museum = floor(file, &map)?;
    let grid = museum.grid();
    let tile_size = (map.tile_width as f32, map.tile_height as f32);
    let layers = map.layers().filter_map(|layer| layer.as_object_layer()).collect::<Vec<_>>();
    let objects = || {
        let all = layers.iter().flat_map(|layer| layer.object_data());
        all.map(|data| Fields::new(file, data, tile_size, &grid))
    };

    let patrols = objects()
        .filter(|object| object.data.user_type == "patrol")
        .map(|mut object| {
            let rest = object.seconds("rest", 1.0, 0.0..=60.0)?;
            object.done()?;
            Ok((object.data.id(), (object.polyline()?, rest)))
        })
        .collect::<Result<BTreeMap<_, _>, Problem>>()?;

    let (mut thief, mut vault, mut story) = (None, None, None);
    let mut way_in = None;
    for mut object in objects() {
        match object.data.user_type.as_str() {
            "patrol" => continue,
            "thief" => once(&mut thief, read_thief(&mut object)?, &object)?,
            "vault" => once(&mut vault, read_vault(&mut object)?, &object)?,
            "way-in" => once(&mut way_in, object.polyline()?, &object)?,
            "director" => once(&mut story, read_story(&mut object)?, &object)?,
            "exit" => museum.exits.push(object.area()?),
            "guard" => {
                let guard = read_guard(&mut object, |id| patrols.get(&id).cloned())?;
                museum.guards.push(guard);
            }
            "camera" => museum.cameras.push(read_camera(&mut object)?),
            "laser" => museum.lasers.push(Laser {
                area: object.area()?,
                period: object.seconds("period", 2.0, 0.1..=60.0)?,
                offset: object.seconds("offset", 0.0, 0.0..=60.0)?,
            }),
            "door" => museum.doors.push(Door { area: object.area()?, hold: object.seconds("hold", 1.5, 0.1..=60.0)? }),
            "spot" => museum.spots.push(Spot {
                area: object.area()?,
                line: Line { speaker: object.text("speaker")?.into(), text: object.text("text")?.into() },
            }),
            "" => return Err(object.problem("it has no type", format!("give it a class in Tiled: {KNOWN_TYPES}"))),
            other => {
                return Err(
                    object.problem(format!("the type \"{other}\" is unknown"), format!("use one of {KNOWN_TYPES}"))
                );
            }
        }
        object.done()?;
    }

    let missing = |class: &str, remedy: &str| Problem::file(file, format!("the map has no {class}"), remedy);
    museum.thief = thief.ok_or_else(|| missing("thief", "place a point object of type thief on the floor"))?;
    museum.vault = vault.ok_or_else(|| missing("vault", "place a point object of type vault on the floor"))?;
    museum.story = story.unwrap_or_else(|| Story { title: "the museum at night".into(), ..Story::default() });
    if museum.exits.is_empty() {
        return Err(missing("exit", "place a rectangle object of type exit on the floor"));
    }
    for object in objects() {
        if object.data.user_type == "vault" || object.data.user_type == "exit" {
            object.within_reach(museum.thief.at, object.cell()?)?;
        }
    }
    museum.thief.way_in = way_in.unwrap_or_default();
    // A way that isn't drawn, or that stops short, is completed.
    let from = museum.thief.way_in.last().copied().unwrap_or(museum.thief.at);
    if from.steps(museum.vault.at) != 1 {
        let around = Dir::ALL.map(|dir| museum.vault.at.neighbour(dir));
        let beside = around.into_iter().find(|cell| !grid.is_solid(*cell) && grid.reaches(from, *cell));
        museum.thief.way_in.extend(beside);
    }
    Ok(museum)
}

/// Keeps the first of its kind and refuses a second.
fn once<T>(slot: &mut Option<T>, value: T, object: &Fields<'_>) -> Result<(), Problem> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(object.problem("there is one already", "remove one of the two")),
    }
}

fn read_thief(object: &mut Fields<'_>) -> Result<Thief, Problem> {
    Ok(Thief {
        name: object.name(),
        at: object.standing()?,
        tiptoe_frames: object.step_frames("tiptoe", 4.0)?,
        dash_frames: object.step_frames("dash", 8.0)?,
        way_in: Vec::new(),
    })
}

fn read_vault(object: &mut Fields<'_>) -> Result<Vault, Problem> {
    let crack = object.seconds("crack", 5.0, 0.0..=60.0)?;
    Ok(Vault { name: object.name(), at: object.standing()?, crack })
}

fn read_story(object: &mut Fields<'_>) -> Result<Story, Problem> {
    Ok(Story {
        title: object.text("title")?.into(),
        opening: object.lines("opening")?,
        escaped: object.lines("escaped")?,
        caught: object.lines("caught")?,
    })
}

fn read_guard(
    object: &mut Fields<'_>,
    patrol: impl Fn(u32) -> Option<(Vec<Cell>, std::time::Duration)>,
) -> Result<Guard, Problem> {
    let at = object.standing()?;
    let id = object.reference("patrol")?;
    let Some((patrol, rest)) = patrol(id) else {
        return Err(object.problem(
            if id == 0 { "the guard has no patrol".into() } else { format!("object {id} isn't a patrol") },
            "set its property \"patrol\" to a polyline object of type patrol",
        ));
    };
    object.within_reach(at, patrol[0])?;
    Ok(Guard {
        name: object.name(),
        at,
        walk_frames: object.step_frames("walk", 3.0)?,
        run_frames: object.step_frames("run", 6.0)?,
        rest,
        patrol,
        torch: Cone {
            heading: Heading::default(),
            half: Heading::degrees(object.number("view", 60.0, 5.0..=180.0)? as i32 / 2).0,
            range: object.number("range", 7.0, 1.0..=40.0)? as i32,
        },
    })
}

fn read_camera(object: &mut Fields<'_>) -> Result<Camera, Problem> {
    let from = object.number("from", 0.0, -360.0..=360.0)? as i32;
    let to = object.number("to", 90.0, -360.0..=720.0)? as i32;
    if !(0..=355).contains(&(to - from)) {
        return Err(object.problem(
            format!("a sweep from {from} to {to} degrees can't be made"),
            "let it go clockwise: to = from + 0 to 355 degrees",
        ));
    }
    let arc_points = Heading::degrees(to - from).0;
    let sweep = object.seconds("sweep", 5.0, 0.5..=60.0)?;
    Ok(Camera {
        name: object.name(),
        at: object.cell()?,
        lens: Cone {
            heading: Heading::degrees(from),
            half: Heading::degrees(object.number("view", 50.0, 5.0..=180.0)? as i32 / 2).0,
            range: object.number("range", 8.0, 1.0..=40.0)? as i32,
        },
        arc_points,
        dwell: sweep / u32::from(arc_points).max(1),
        grace: object.seconds("grace", 0.5, 0.0..=10.0)?,
    })
}

/// The tiles, each by its class in the tileset. A later layer covers an earlier one.
fn floor(file: &str, map: &Map) -> Result<Museum, Problem> {
    let refuse = |what: String, remedy: &str| Err(Problem::file(file, what, remedy));
    if map.orientation != Orientation::Orthogonal || map.infinite() {
        return refuse("the map isn't orthogonal and finite".into(), "change that in Tiled's map properties");
    }
    if !(1..=MAX_SIDE).contains(&map.width)
        || !(1..=MAX_SIDE).contains(&map.height)
        || map.tile_width == 0
        || map.tile_height == 0
    {
        return refuse(
            format!(
                "a map of {} x {} tiles of {} x {} pixels can't be played",
                map.width, map.height, map.tile_width, map.tile_height
            ),
            &format!("resize it to between 1 x 1 and {MAX_SIDE} x {MAX_SIDE} tiles of at least a pixel"),
        );
    }
    let grid = Grid::new(map.width as i32, map.height as i32);
    let mut tiles = vec![Tile::Void; (map.width * map.height) as usize];
    let mut layers = 0;
    for layer in map.layers() {
        let finite = match layer.layer_type() {
            LayerType::Tiles(TileLayer::Finite(finite)) => finite,
            LayerType::Objects(_) => continue,
            _ => {
                return refuse(
                    format!("the layer \"{}\" is of a kind that isn't read", layer.name),
                    "use tile and object layers outside of groups",
                );
            }
        };
        layers += 1;
        if (finite.width(), finite.height()) != (map.width, map.height) {
            return refuse(format!("the layer \"{}\" has another size than the map", layer.name), "resize it in Tiled");
        }
        for (slot, cell) in tiles.iter_mut().zip(grid.cells()) {
            let Some(tile) = finite.get_tile(cell.x, cell.y) else { continue };
            let class = tile.get_tile().map(|tile| tile.user_type.clone()).unwrap_or_default();
            let Some((_, kind)) = Tile::WORDS.iter().find(|(word, _)| *word == class) else {
                let known = Tile::WORDS.map(|(word, _)| word).join(", ");
                return refuse(
                    format!(
                        "the tile {} at ({}, {}) of the layer \"{}\" has the unknown class \"{class}\"",
                        tile.id(),
                        cell.x,
                        cell.y,
                        layer.name
                    ),
                    &format!("give it one of {known} in the tileset"),
                );
            };
            *slot = *kind;
        }
    }
    if layers == 0 {
        return refuse("the map has no tile layer".into(), "draw a floor on a tile layer");
    }
    Ok(Museum {
        width: grid.width,
        height: grid.height,
        tiles,
        thief: Thief { name: String::new(), at: Cell::default(), tiptoe_frames: 1, dash_frames: 1, way_in: Vec::new() },
        vault: Vault { name: String::new(), at: Cell::new(-1, -1), crack: std::time::Duration::ZERO },
        story: Story::default(),
        exits: Vec::new(),
        guards: Vec::new(),
        cameras: Vec::new(),
        lasers: Vec::new(),
        doors: Vec::new(),
        spots: Vec::new(),
    })
}

/// Refuses what the crate takes on trust: tile data shorter or longer than its layer, tilesets beyond any use, and a last
/// tag that breaks off.
fn check_text(file: &str, text: &str) -> Result<(), Problem> {
    if !text.trim_end().ends_with('>') {
        return Err(Problem::file(file, "isn't a whole Tiled map (it breaks off)", "save it again from Tiled as .tmx"));
    }
    let attribute = |tag: &str, name: &str| attribute(tag, name).and_then(|value| value.parse::<u64>().ok());
    for tag in tags(text, "tileset") {
        if attribute(tag, "tilecount").is_some_and(|count| count > MAX_TILES) {
            return Err(Problem::file(file, "a tileset has too many tiles", format!("keep to {MAX_TILES}")));
        }
    }
    for layer in elements(text, "layer") {
        let (Some(width), Some(height)) = (attribute(layer, "width"), attribute(layer, "height")) else { continue };
        let name = self::attribute(layer, "name").unwrap_or_default();
        let data = tags(layer, "data").next().unwrap_or_default();
        if self::attribute(data, "encoding") != Some("csv") {
            return Err(Problem::file(
                file,
                format!("the layer \"{name}\" isn't stored as CSV"),
                "set the tile layer format to CSV in Tiled's map properties",
            ));
        }
        let cells = data.split_once('>').map_or("", |(_, rest)| rest.split('<').next().unwrap_or_default());
        let found = cells.split(',').count() as u64;
        if Some(found) != width.checked_mul(height) {
            return Err(Problem::file(
                file,
                format!("the layer \"{name}\" has {found} tiles where {width} x {height} belong"),
                "the file is damaged: save it again from Tiled",
            ));
        }
    }
    Ok(())
}

fn parse(file: &str, text: &str) -> Result<Map, Problem> {
    let load = |text: &str| {
        let bytes = text.as_bytes().to_vec();
        let mut loader = Loader::with_reader(move |path: &Path| -> io::Result<Box<dyn io::Read>> {
            if path == Path::new(file) {
                Ok(Box::new(io::Cursor::new(bytes.clone())))
            } else {
                Ok(Box::new(std::fs::File::open(path)?))
            }
        });
        loader.load_tmx_map(file)
    };
    load(text).map_err(|error| {
        for object in elements(text, "object") {
            let alone = format!(
                "<map version=\"1.10\" orientation=\"orthogonal\" width=\"1\" height=\"1\" tilewidth=\"1\" tileheight=\"1\">\
                 <objectgroup>{object}</objectgroup></map>"
            );
            if let Err(error) = load(&alone) {
                let of = |name| attribute(object, name).unwrap_or_default().to_owned();
                let culprit = Culprit { id: of("id").parse().unwrap_or(0), name: of("name"), class: of("type") };
                let remedy = match culprit.class.as_str() {
                    "patrol" | "way-in" => "draw it again with Tiled's polyline tool",
                    _ => "correct it in Tiled and save the map again",
                };
                return Problem::object(file, culprit, format!("it can't be read ({error})"), remedy);
            }
        }
        Problem::file(file, format!("isn't a whole Tiled map ({error})"), "save it again from Tiled as .tmx")
    })
}

/// The rest of the text from each opening of such a tag on, up to the next one.
fn tags<'a>(text: &'a str, tag: &'a str) -> impl Iterator<Item = &'a str> {
    let opens = |rest: &str| rest.starts_with([' ', '\n', '\r', '\t', '>', '/']);
    let pieces = text.split('<').scan(0, |at, piece| {
        let from = *at;
        *at += piece.len() + 1;
        Some((from, piece))
    });
    // What comes before the first `<` opens nothing.
    pieces
        .skip(1)
        .filter_map(move |(from, piece)| piece.strip_prefix(tag).filter(|rest| opens(rest)).map(|_| &text[from..]))
}

/// Each whole element with such a tag, from its `<` to the end of its closing tag.
fn elements<'a>(text: &'a str, tag: &'a str) -> impl Iterator<Item = &'a str> {
    let close = format!("</{tag}>");
    tags(text, tag).map(move |rest| {
        let start = &text[text.len() - rest.len() - 1..];
        let head = start.find('>').map_or(start.len(), |at| at + 1);
        if start[..head].ends_with("/>") {
            return &start[..head];
        }
        start.find(&close).map_or(start, |at| &start[..at + close.len()])
    })
}

/// An attribute of the tag that the text starts with.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let head = text.split('>').next()?;
    let at = head.find(&format!(" {name}=\""))? + name.len() + 3;
    head[at..].split('"').next()
}
