//! The whole screen: the museum, the list of scripts, the dialogue, the source panel, the scrub bar and the frame line.
//!
//! Rule: it fits into 80 x 24; what a larger terminal has to spare goes to the panel and to cells two columns wide. What is
//! drawn above the scrub bar follows from the stage, so that it can be drawn of any frame.
//! Left out: terminals below 40 x 12, which are asked to grow.

use framestep::FrameReport;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    bar::{Motion, Scrub},
    palette::{self, Ink, Palette},
    panel::{self, Meter},
    stage::{FRAMES_A_SECOND, Listed, Stage},
    take::Parting,
    view,
    world::{Phase, Plan, Speech},
};

const SIDE_COLUMNS: u16 = 24;
/// The panel and the scrub bar.
const PANEL_ROWS: u16 = 7;
/// How long a piece of news stays, and how long the line that says where two takes part.
const NEWS_FRAMES: u64 = 180;
const PARTING_FRAMES: u64 = 600;

/// What the front end remembers between frames.
#[derive(Clone, Debug)]
pub struct Look {
    pub palette: Palette,
    pub selected: usize,
    pub meter: Meter,
    /// What the frame did, in the place of the source.
    pub words: Option<Vec<String>>,
    /// Whether what is seen was recorded.
    pub is_recorded: bool,
    /// Whether another night can be had.
    pub can_restart: bool,
}

impl Look {
    pub fn new(palette: Palette) -> Self {
        // The fourth script is the first guard's.
        Self { palette, selected: 3, meter: Meter::default(), words: None, is_recorded: false, can_restart: true }
    }
}

/// Whether there is room to draw in.
fn is_roomy(all: Rect) -> bool {
    all.width >= 40 && all.height >= 12
}

/// Draws all but the two lowest rows.
pub fn draw(stage: &mut Stage, look: &Look, buffer: &mut Buffer) {
    let all = buffer.area;
    let palette = look.palette;
    buffer.set_style(all, Style::new().fg(palette.color(palette::TEXT)).bg(palette.color(palette::NIGHT)));
    if !is_roomy(all) {
        buffer.set_stringn(0, 0, "the museum needs a larger terminal", usize::from(all.width), Style::new());
        return;
    }
    let (width, height) = {
        let museum = &stage.world.resource::<Plan>().0;
        (museum.width as u16, museum.height as u16)
    };
    let map_rows = height.min(all.height - 2 - PANEL_ROWS.min(all.height / 3));
    let room = all.width - SIDE_COLUMNS.min(all.width / 3);
    let map_columns = if width * 2 <= room { width * 2 } else { room.min(width.max(16)) };
    let map = Rect::new(0, 0, map_columns, map_rows);
    let side = Rect::new(map_columns, 0, all.width - map_columns, map_rows);
    let lower = Rect::new(0, map_rows + 1, all.width, all.height - 3 - map_rows);

    let frame = stage.report().frame;
    view::museum(&mut stage.world, frame, palette, map, buffer);
    let listed = stage.listed();
    sidebar(stage, &listed, look, side, buffer);
    dialogue(stage, look, Rect::new(0, map_rows, all.width, 1), buffer);
    if let Some(words) = &look.words {
        panel::words(frame, words, palette, lower, buffer);
    } else if let Some(selected) = listed.get(look.selected % listed.len().max(1)) {
        panel::draw(selected, &look.meter, palette, lower, buffer);
    }
    if stage.phase().is_over() {
        curtain(stage.phase(), look, map, buffer);
    }
}

/// Where the scrub bar is.
pub fn bar(all: Rect) -> Rect {
    Rect::new(all.x, all.bottom().saturating_sub(2), all.width, 1)
}

/// Draws the two lowest rows, and above them where this take and the one before part.
pub fn foot(report: &FrameReport, scrub: &Scrub, parting: Option<&Parting>, palette: Palette, buffer: &mut Buffer) {
    let all = buffer.area;
    if !is_roomy(all) {
        return;
    }
    if let Some(parting) = parting
        && (parting.frame..parting.frame + PARTING_FRAMES).contains(&scrub.frame)
    {
        let line = Rect::new(0, all.height - 3, all.width, 1);
        let text = format!(" ≠ frame {}: {}", parting.frame, parting.words);
        let text = format!("{text:<width$}", width = usize::from(all.width));
        let ink = style(palette, palette::AWAIT).bg(palette.color(palette::LIT_OUTER));
        buffer.set_stringn(0, line.y, text, usize::from(all.width), ink);
    }
    scrub.draw(palette, bar(all), buffer);
    frame_line(report, scrub, palette, Rect::new(0, all.height - 1, all.width, 1), buffer);
}

fn style(palette: Palette, ink: Ink) -> Style {
    Style::new().fg(palette.color(ink))
}

fn sidebar(stage: &mut Stage, listed: &[Listed], look: &Look, area: Rect, buffer: &mut Buffer) {
    let palette = look.palette;
    let width = usize::from(area.width).saturating_sub(2);
    let title = stage.world.resource::<Plan>().0.story.title.clone();
    buffer.set_stringn(area.x + 1, area.y, title, width, style(palette, palette::TITLE).add_modifier(Modifier::BOLD));
    let seconds = stage.report().frame / FRAMES_A_SECOND;
    let who = match (look.is_recorded, stage.is_by_hand()) {
        (true, _) => "recorded",
        (false, true) => "you",
        (false, false) => "autopilot",
    };
    let (word, ink) = match stage.phase() {
        Phase::Opening => ("night falls", palette::SOFT),
        Phase::Quiet => ("all quiet", palette::SOFT),
        Phase::Alarm => ("ALARM", palette::SIREN),
        Phase::Escaped => ("escaped", palette::THIEF),
        Phase::Caught => ("caught", palette::SIREN),
    };
    buffer.set_stringn(area.x + 1, area.y + 1, word, width, style(palette, ink).add_modifier(Modifier::BOLD));
    let clock = format!("{}:{:02}", seconds / 60, seconds % 60);
    for (y, text) in [(area.y, clock.as_str()), (area.y + 1, who)] {
        let x = area.right().saturating_sub(text.len() as u16 + 1);
        buffer.set_string(x, y, text, style(palette, palette::FAINT));
    }

    // The list scrolls with the selection.
    let rows = usize::from(area.height.saturating_sub(3));
    let selected = look.selected % listed.len().max(1);
    let first = selected.saturating_sub(rows / 2).min(listed.len().saturating_sub(rows));
    for (row, (index, it)) in listed.iter().enumerate().skip(first).take(rows).enumerate() {
        let y = area.y + 3 + row as u16;
        let line = Rect::new(area.x, y, area.width, 1);
        let waits = panel::waits_for(it.task.as_ref());
        let due = it.task.and_then(|task| task.wait).is_some_and(|wait| wait.due.is_some());
        if index == selected {
            buffer.set_style(line, Style::new().bg(palette.color(palette::LIT)));
            buffer.set_string(area.x, y, "►", style(palette, palette::AWAIT));
        }
        let name = if index == selected { palette::TEXT } else { palette::SOFT };
        let room = width.saturating_sub(waits.len() + 1);
        buffer.set_stringn(area.x + 1, y, &it.name, room, style(palette, name));
        let at = area.right().saturating_sub(waits.len() as u16 + 1);
        buffer.set_string(at, y, &waits, style(palette, if due { palette::AWAIT } else { palette::FAINT }));
    }
}

fn dialogue(stage: &Stage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let palette = look.palette;
    let speech = stage.world.resource::<Speech>();
    let width = usize::from(area.width).saturating_sub(2);
    if speech.line.speaker.is_empty() {
        if let Some(news) = stage.last_news()
            && news.frame + NEWS_FRAMES > stage.report().frame
        {
            let italic = style(palette, palette::SOFT).add_modifier(Modifier::ITALIC);
            buffer.set_stringn(area.x + 1, area.y, &news.text, width, italic);
        }
        return;
    }
    let speaker = style(palette, palette::TITLE).add_modifier(Modifier::BOLD);
    let (x, _) = buffer.set_stringn(area.x + 1, area.y, &speech.line.speaker, width, speaker);
    let said = speech.line.text.chars().take(speech.shown).collect::<String>();
    let left = usize::from(area.right().saturating_sub(x + 2));
    buffer.set_stringn(x + 2, area.y, said, left, style(palette, palette::TEXT));
}

fn frame_line(report: &FrameReport, scrub: &Scrub, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let asleep = report.live.saturating_sub(report.polled);
    let mut x = area.x + 1;
    for (word, number) in
        [("frame", report.frame), ("polled", report.polled), ("live", report.live), ("asleep", asleep)]
    {
        let left = |x: u16| usize::from(area.right().saturating_sub(x));
        (x, _) = buffer.set_stringn(x, area.y, word, left(x), style(palette, palette::FAINT));
        (x, _) = buffer.set_stringn(x + 1, area.y, format!("{number:<4} "), left(x + 1), style(palette, palette::TEXT));
    }
    // The longest that fits.
    let keys: &[&str] = match (scrub.motion, scrub.is_live) {
        (Motion::Playing, true) => &[
            "←↑↓→ play   Enter skip a line   Space pause   , back   Tab another script   q quit",
            "←↑↓→ play  Enter skip  Space pause  , back  Tab script  q quit",
            "←↑↓→ play  Space pause  q quit",
        ],
        (Motion::Playing, false) => &[
            "←↑↓→ take over   Space pause   , back   Home End jump   Tab another script   q quit",
            "←↑↓→ take over  Space pause  , back  Tab script  q quit",
            "←↑↓→ take over  Space pause",
        ],
        (Motion::Paused, _) => &[
            "Space go on   . a frame on   , back (hold: rewind)   Home End jump   ←↑↓→ take over   q quit",
            "Space go on  . step  , back  Home End  ←↑↓→ take over",
            "Space on  . step  , back  ←↑↓→",
        ],
        (Motion::Rewinding, _) => &["let go to stop", ""],
    };
    let fits = keys.iter().find(|keys| area.right() > x + keys.chars().count() as u16 + 1);
    if let Some(keys) = fits {
        let at = area.right() - keys.chars().count() as u16 - 1;
        buffer.set_string(at, area.y, keys, style(palette, palette::FAINT));
    }
}

/// The card that ends the night.
fn curtain(phase: Phase, look: &Look, map: Rect, buffer: &mut Buffer) {
    let palette = look.palette;
    let (title, ink) = match phase {
        Phase::Escaped => ("Out, with the diamond.", palette::THIEF),
        _ => ("Caught.", palette::SIREN),
    };
    let lines = [title, if look.can_restart { "r  another night    q  quit" } else { "q  quit" }];
    let width = 33.min(map.width);
    let card =
        Rect::new(map.x + (map.width - width) / 2, map.y + map.height.saturating_sub(5) / 2, width, 5.min(map.height));
    for y in card.top()..card.bottom() {
        for x in card.left()..card.right() {
            let (top, bottom) = (y == card.top(), y + 1 == card.bottom());
            let glyph = match (top, bottom, x == card.left(), x + 1 == card.right()) {
                (true, _, true, _) => '╔',
                (true, _, _, true) => '╗',
                (_, true, true, _) => '╚',
                (_, true, _, true) => '╝',
                (true, ..) | (_, true, ..) => '═',
                (_, _, true, _) | (_, _, _, true) => '║',
                _ => ' ',
            };
            let cell = &mut buffer[(x, y)];
            cell.reset();
            cell.set_char(glyph).set_fg(palette.color(ink)).set_bg(palette.color(palette::NIGHT));
        }
    }
    for (row, line) in lines.iter().enumerate() {
        let x = card.x + card.width.saturating_sub(line.len() as u16) / 2;
        let ink = if row == 0 { ink } else { palette::SOFT };
        buffer.set_stringn(
            x,
            card.y + 1 + 2 * row as u16 - u16::from(row == 1),
            line,
            usize::from(card.width),
            style(palette, ink),
        );
    }
}
