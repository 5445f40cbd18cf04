//! The picture: a panel for each work, a row for each form, a dot for each size, nanoseconds to the right.

use std::error::Error;
use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::forms::{self, Form, Rival};
use crate::report::{Finding, grouped};
use crate::work::Work;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

const WIDTH: u32 = 960;
const HEADING: u32 = 64;
const ROW: u32 = 24;
/// What a panel has beside its rows: its title above, its scale below.
const PANEL: u32 = 70;
/// Where labels end and dots begin.
const LABELS: i32 = 330;
const MARGIN: i32 = 24;
/// Room to the right of the last power of ten, for its label.
const AFTER: i32 = 40;

pub fn draw(path: &Path, findings: &[Finding], sizes: &[usize]) -> Drawn {
    let panels = Work::ALL.map(|work| (work, rows(work)));
    let height = |rows: &[Form]| PANEL + ROW * rows.len() as u32;
    let total = HEADING + panels.iter().map(|(_, rows)| height(rows)).sum::<u32>();
    let root = SVGBackend::new(path, (WIDTH, total)).into_drawing_area();
    root.fill(&WHITE)?;
    let (heading, mut rest) = root.split_vertically(HEADING);
    head(&heading, sizes)?;
    for (work, rows) in &panels {
        let (panel, below) = rest.split_vertically(height(rows));
        let findings: Vec<_> = findings.iter().filter(|finding| finding.work == *work).collect();
        draw_panel(&panel, *work, rows, &findings, sizes)?;
        rest = below;
    }
    root.present()?;
    Ok(())
}

/// The forms of a work that there are.
fn rows(work: Work) -> Vec<Form> {
    forms::of(work).into_iter().filter(|form| form.build.is_some()).collect()
}

fn head(area: &Area, sizes: &[usize]) -> Drawn {
    let title = "Scripts on entities: nanoseconds a script and frame (logarithmic; less is better)";
    area.draw_text(title, &text(17, BLACK), (MARGIN, 14))?;
    let mut x = MARGIN;
    for (number, size) in sizes.iter().enumerate() {
        area.draw(&Circle::new((x + 8, 48), radius(number), BLACK.filled()))?;
        area.draw_text(&format!("{} scripts", grouped(*size)), &text(13, BLACK), (x + 22, 41))?;
        x += 140;
    }
    Ok(())
}

fn draw_panel(area: &Area, work: Work, rows: &[Form], findings: &[&Finding], sizes: &[usize]) -> Drawn {
    let title = format!("{}: {}", work.name(), work.title());
    area.draw_text(&title, &text(15, BLACK), (MARGIN, 8))?;
    let powers = powers(findings);
    let place = |nanoseconds: f64| {
        let share = (nanoseconds.log10() - f64::from(powers.start)) / f64::from(powers.end - powers.start);
        LABELS + (share * f64::from(WIDTH as i32 - AFTER - LABELS)) as i32
    };
    let (top, bottom) = (34, 34 + (ROW * rows.len() as u32) as i32);
    let centred = text(12, BLACK).pos(Pos::new(HPos::Center, VPos::Top));
    for value in (powers.start..=powers.end).map(|power| 10_f64.powi(power)) {
        area.draw(&PathElement::new([(place(value), top), (place(value), bottom)], BLACK.mix(0.15)))?;
        area.draw_text(&format!("{} ns", in_full(value)), &centred, (place(value), bottom + 4))?;
    }
    for (row, form) in rows.iter().enumerate() {
        let y = top + (row as u32 * ROW + ROW / 2) as i32;
        let colour = colour(form.rival);
        let label = format!("{}: {}", form.rival.name(), form.name);
        let left_of = text(13, colour).pos(Pos::new(HPos::Right, VPos::Center));
        area.draw_text(&label, &left_of, (LABELS - 12, y))?;
        // The large ones first, so that none hides another.
        for (number, size) in sizes.iter().enumerate().rev() {
            let found = findings
                .iter()
                .find(|finding| (finding.rival, finding.form, finding.size) == (form.rival, form.name, *size));
            if let Some(cost) = found.and_then(|finding| finding.cost) {
                let dot = Circle::new((place(cost.nanoseconds), y), radius(number), colour.mix(0.6).filled());
                area.draw(&dot)?;
            }
        }
    }
    Ok(())
}

/// From the power of ten below all costs to the one above.
fn powers(findings: &[&Finding]) -> Range<i32> {
    let powers = || findings.iter().filter_map(|finding| finding.cost).map(|cost| cost.nanoseconds.log10());
    let least = powers().fold(f64::INFINITY, f64::min).floor();
    let most = powers().fold(f64::NEG_INFINITY, f64::max).ceil();
    least as i32..most as i32
}

/// A power of ten.
fn in_full(value: f64) -> String {
    if value < 1.0 { value.to_string() } else { grouped(value as usize) }
}

/// Dots grow with the size, by its number.
fn radius(number: usize) -> i32 {
    4 + 2 * number as i32
}

fn colour(rival: Rival) -> RGBColor {
    match rival {
        Rival::Framestep => RGBColor(0, 90, 181),
        Rival::Defer => RGBColor(200, 80, 0),
        Rival::Flurx => RGBColor(20, 125, 60),
        Rival::Floor => RGBColor(95, 95, 95),
    }
}

fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    TextStyle { color: colour.to_backend_color(), ..TextStyle::from(("sans-serif", size)) }
}
