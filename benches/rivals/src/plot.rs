//! The pictures: curves of the resumes, and bars of the rest.

use std::io;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::report::{Row, Table, number};

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A picture of bars.
struct Bars {
    work: &'static str,
    file: &'static str,
    /// Heights are logarithms: for values that lie far apart.
    logarithmic: bool,
    /// Only rows of this size, if not all.
    size: Option<usize>,
}

const fn bars_of(work: &'static str, file: &'static str) -> Bars {
    Bars { work, file, logarithmic: false, size: None }
}

const BARS: &[Bars] = &[
    bars_of("self-wake", "self_wake.svg"),
    bars_of("wake hop", "wake_hop.svg"),
    bars_of("spawn", "spawn.svg"),
    Bars { size: Some(100_000), ..bars_of("timers", "timers.svg") },
    Bars { logarithmic: true, ..bars_of("parked", "parked.svg") },
    Bars { logarithmic: true, ..bars_of("asleep", "asleep.svg") },
    bars_of("combinators", "combinators.svg"),
    bars_of("foreign wake", "foreign_wake.svg"),
    bars_of("memory", "memory.svg"),
];

const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(40, 40, 40);

/// Draws what the tables hold.
pub fn save(folder: &Path, tables: &[Table]) -> io::Result<()> {
    let table = |name: &str| tables.iter().find(|table| table.name == name);
    if let (Some(in_order), Some(shuffled)) = (table("resume in order"), table("resume shuffled"))
        && !in_order.rows.is_empty()
    {
        curves(&folder.join("resume.svg"), [in_order, shuffled]).map_err(io::Error::other)?;
    }
    for picture in BARS {
        if let Some(table) = table(picture.work) {
            bars(&folder.join(picture.file), table, picture).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

/// The colours of Okabe and Ito, which readers with any colour vision tell apart; greys for what isn't an
/// executor.
fn colour(rival: &str) -> RGBColor {
    match rival {
        "framestep" => RGBColor(213, 94, 0),
        "nexus" => RGBColor(0, 114, 178),
        "embassy" => RGBColor(0, 158, 115),
        "async-executor" => RGBColor(230, 159, 0),
        "futures" => RGBColor(86, 180, 233),
        "tokio" => RGBColor(204, 121, 167),
        "nexus slab" => RGBColor(0, 60, 100),
        "futures on framestep" => RGBColor(240, 170, 120),
        "inline limit" => RGBColor(185, 185, 185),
        _ => RGBColor(120, 120, 120),
    }
}

fn font(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

/// Rivals as a column of colour and name.
fn legend(area: &Area<'_>, rivals: &[&str], line: bool) -> Result<(), Failure> {
    for (index, rival) in rivals.iter().enumerate() {
        let y = 60 + 24 * index as i32;
        let colour = colour(rival);
        if line {
            area.draw(&PathElement::new([(8, y), (32, y)], colour.stroke_width(width(rival))))?;
            area.draw(&Circle::new((20, y), 4, colour.filled()))?;
        } else {
            area.draw(&Rectangle::new([(14, y - 7), (28, y + 7)], colour.filled()))?;
        }
        area.draw(&Text::new((*rival).to_owned(), (40, y - 7), font(15)))?;
    }
    Ok(())
}

fn width(rival: &str) -> u32 {
    if rival == "framestep" { 4 } else { 2 }
}

/// Two panels with the same axes: nanoseconds a resume over the number of scripts, both logarithmic.
fn curves(path: &Path, tables: [&Table; 2]) -> Result<(), Failure> {
    let root = SVGBackend::new(path, (1_200, 520)).into_drawing_area();
    root.fill(&WHITE)?;
    let (panels, names) = root.split_horizontally(1_010);
    let columns = tables[0].columns();
    legend(&names, &columns, true)?;
    let values = || tables.iter().flat_map(|table| &table.rows).flat_map(|row| &row.cells).map(|cell| cell.value);
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    let sizes = || tables[0].rows.iter().map(|row| row.size as f64);
    let (first, last) = (sizes().fold(f64::MAX, f64::min), sizes().fold(0.0, f64::max).max(10_000.0));
    for (table, panel) in tables.iter().zip(panels.split_evenly((1, 2))) {
        let mut chart = ChartBuilder::on(&panel)
            .caption(table.name, font(20))
            .margin(12)
            .x_label_area_size(46)
            .y_label_area_size(62)
            .build_cartesian_2d((first * 0.8..last * 1.25).log_scale(), (low * 0.8..high * 1.25).log_scale())?;
        chart
            .configure_mesh()
            .x_desc("scripts")
            .y_desc("ns a resume")
            .label_style(font(14))
            .axis_desc_style(font(15))
            .light_line_style(RGBColor(238, 238, 238))
            .bold_line_style(RGBColor(215, 215, 215))
            .x_label_formatter(&|value| crate::report::thousands(value.round() as u64))
            .y_label_formatter(&|value| format!("{value}"))
            .draw()?;
        // Ours last, so that it lies on top.
        for rival in columns.iter().rev() {
            let points: Vec<(f64, f64)> =
                table.rows.iter().filter_map(|row| Some((row.size as f64, row.cell(rival)?.value))).collect();
            let colour = colour(rival);
            chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(width(rival))))?;
            chart.draw_series(points.iter().map(|&point| Circle::new(point, 4, colour.filled())))?;
        }
    }
    root.present()?;
    Ok(())
}

/// A group of bars for each row, each bar with its value.
fn bars(path: &Path, table: &Table, picture: &Bars) -> Result<(), Failure> {
    const BAR: i32 = 34;
    const GAP: i32 = 30;
    const HEIGHT: i32 = 300;
    const LEFT: i32 = 30;
    const TOP: i32 = 50;
    let rows: Vec<&Row> = table.rows.iter().filter(|row| picture.size.is_none_or(|size| row.size == size)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let width: i32 = rows.iter().map(|row| row.cells.len() as i32 * BAR + GAP).sum();
    let size = (width.max(260) + LEFT + 210, HEIGHT + TOP + 70);
    let root = SVGBackend::new(path, (size.0 as u32, size.1 as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let scale = if picture.logarithmic { "logarithmic, " } else { "" };
    let title = format!("{}: {} ({scale}less is better)", table.name, spelled(table));
    root.draw(&Text::new(title, (LEFT, 14), font(19)))?;
    let (_, names) = root.split_horizontally(size.0 - 190);
    let columns = table.columns();
    let shown: Vec<&str> =
        columns.into_iter().filter(|rival| rows.iter().any(|row| row.cell(rival).is_some())).collect();
    legend(&names, &shown, false)?;
    let values = || rows.iter().flat_map(|row| &row.cells).map(|cell| cell.value);
    let (low, high) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
    let share = |value: f64| {
        if picture.logarithmic { (value / low * 2.0).ln() / (high / low * 2.0).ln() } else { value / high }
    };
    let foot = TOP + HEIGHT;
    let mut x = LEFT;
    for row in &rows {
        let middle = x + row.cells.len() as i32 * BAR / 2;
        for rival in &shown {
            let Some(cell) = row.cell(rival) else { continue };
            let top = foot - (share(cell.value) * f64::from(HEIGHT - 20)).round() as i32;
            root.draw(&Rectangle::new([(x + 2, top), (x + BAR - 2, foot)], colour(rival).filled()))?;
            root.draw(&Text::new(number(cell.value), (x + BAR / 2, top - 15), centred(11)))?;
            x += BAR;
        }
        for (line, part) in row.label.split(", ").enumerate() {
            root.draw(&Text::new(part.to_owned(), (middle, foot + 8 + 18 * line as i32), centred(14)))?;
        }
        x += GAP;
    }
    root.draw(&PathElement::new([(LEFT - 6, foot), (x - GAP + 6, foot)], INK.stroke_width(1)))?;
    root.present()?;
    Ok(())
}

fn spelled(table: &Table) -> &'static str {
    match table.unit {
        "ns" => "nanoseconds a unit",
        unit => unit,
    }
}

fn centred(size: u32) -> TextStyle<'static> {
    use plotters::style::text_anchor::{HPos, Pos, VPos};
    font(size).pos(Pos::new(HPos::Center, VPos::Top))
}
