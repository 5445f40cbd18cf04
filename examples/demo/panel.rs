//! The panel: the selected script's own source, with the line that it is parked at lit, and its countdown.
//!
//! Rule: what is lit is what the executor says of the script, never a guess.
//! How: a wait knows the file and line where it was written; the file's text is part of the program. The line of the
//! outermost `race` or `timeout` around it is lit more faintly, where it is another one.

use std::time::Duration;

use framestep::{Due, TaskId, TaskInfo, TaskState, WaitInfo, WaitKind};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    palette::{self, Ink, Palette},
    scripts::Source,
    stage::{FRAMES_A_SECOND, Listed},
};

/// Where a script is parked, in its own source.
#[derive(Copy, Clone, Debug)]
pub struct Parked {
    pub source: Source,
    pub line: Option<u32>,
    pub outer: Option<u32>,
}

impl Parked {
    pub fn of(listed: &Listed) -> Option<Self> {
        let wait = listed.task.and_then(|task| task.wait);
        let place = |location: Option<&'static std::panic::Location<'static>>| {
            location.and_then(|at| Some((Source::at(at.file())?, at.line())))
        };
        let at = wait.and_then(|wait| place(wait.at));
        let outer = wait.and_then(|wait| place(wait.outer));
        let source = at.or(outer).map(|(source, _)| source).or_else(|| Source::of(listed.kind))?;
        let line_in_source =
            |place: Option<(Source, u32)>| place.filter(|(it, _)| it.file == source.file).map(|(_, line)| line);
        Some(Self { source, line: line_in_source(at), outer: line_in_source(outer) })
    }
}

/// How much of a countdown has gone by; the executor knows only what remains.
#[derive(Copy, Clone, Debug, Default)]
pub struct Meter {
    wait: Option<(TaskId, u32)>,
    whole: u64,
    rest: u64,
}

impl Meter {
    /// Takes a look at the selected script, once a frame.
    pub fn watch(&mut self, task: Option<&TaskInfo>) {
        let due = task.and_then(|task| Some((task.id, task.wait?)));
        let Some((id, wait)) = due else { return *self = Self::default() };
        let (key, rest) = ((id, wait.at.map_or(0, |at| at.line())), wait.due.map_or(0, units));
        if self.wait != Some(key) || rest > self.rest {
            (self.wait, self.whole) = (Some(key), rest);
        }
        self.rest = rest;
    }

    /// The countdown as a bar of that many columns.
    fn bar(&self, columns: usize) -> String {
        if self.whole == 0 {
            return String::new();
        }
        let full = (self.rest * columns as u64).div_ceil(self.whole) as usize;
        "█".repeat(full.min(columns)) + &"░".repeat(columns.saturating_sub(full))
    }
}

/// A countdown in microseconds, whatever it counts.
fn units(due: Due) -> u64 {
    match due {
        Due::Frames(frames) => frames * 1_000_000 / FRAMES_A_SECOND,
        Due::Time(time) => time.as_micros() as u64,
    }
}

/// What a script waits for, in a few words.
pub fn waits_for(task: Option<&TaskInfo>) -> String {
    let Some(task) = task else { return "has ended".into() };
    match (task.state, task.wait) {
        (TaskState::Waiting, Some(WaitInfo { kind, due, .. })) => match due {
            Some(Due::Frames(1)) => "1 frame".into(),
            Some(Due::Frames(frames)) => format!("{frames} frames"),
            Some(Due::Time(time)) => seconds(time),
            None => match kind {
                WaitKind::NextFrame => "next frame",
                WaitKind::Message => "message",
                WaitKind::Scope => "scope",
                WaitKind::Join => "join",
                WaitKind::Signal => "signal",
                WaitKind::Condition => "condition",
                WaitKind::Event => "event",
                _ => "waits",
            }
            .into(),
        },
        (TaskState::Held, _) => "stands still".into(),
        _ => "ready".into(),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

pub fn draw(listed: &Listed, meter: &Meter, palette: Palette, area: Rect, buffer: &mut Buffer) {
    if area.height < 2 || area.width < 20 {
        return;
    }
    let ink = |ink: Ink| Style::new().fg(palette.color(ink));
    buffer.set_style(area, Style::new().bg(palette.color(palette::PANEL)));
    let Some(parked) = Parked::of(listed) else { return };

    // The headline: file, script, what it waits for, and the bar on the right.
    let rule = "─".repeat(usize::from(area.width));
    buffer.set_stringn(area.x, area.y, &rule, usize::from(area.width), ink(palette::FAINT));
    let title = format!(" scripts/{} ", parked.source.file);
    let (x, _) = buffer.set_stringn(
        area.x + 1,
        area.y,
        &title,
        usize::from(area.width) - 2,
        ink(palette::TITLE).add_modifier(Modifier::BOLD),
    );
    let left = usize::from(area.right().saturating_sub(x + 2));
    let (x, _) = buffer.set_stringn(x + 1, area.y, format!(" {} ", listed.name), left, ink(palette::TEXT));
    let polls = listed.task.map_or(0, |task| task.polls);
    let left = usize::from(area.right().saturating_sub(x + 2));
    let (x, _) = buffer.set_stringn(x + 1, area.y, format!(" {polls} polls "), left, ink(palette::SOFT));
    let waits = format!(" {} {} ", meter.bar(16), waits_for(listed.task.as_ref()));
    let width = waits.chars().count() as u16;
    if x + width + 2 < area.right() {
        buffer.set_string(area.right() - width - 1, area.y, &waits, ink(palette::AWAIT));
    }

    let rows = usize::from(area.height) - 1;
    let lines = parked.source.text.lines().collect::<Vec<_>>();
    let first = first_line(&lines, parked, rows);
    for (row, (index, line)) in lines.iter().enumerate().skip(first).take(rows).enumerate() {
        let number = index as u32 + 1;
        let y = area.y + 1 + row as u16;
        let (mark, bg) = if parked.line == Some(number) {
            ('►', palette::LIT)
        } else if parked.outer == Some(number) {
            ('│', palette::LIT_OUTER)
        } else {
            (' ', palette::PANEL)
        };
        let line_area = Rect::new(area.x, y, area.width, 1);
        buffer.set_style(line_area, Style::new().bg(palette.color(bg)));
        buffer.set_string(
            area.x,
            y,
            format!("{mark}{number:>3} "),
            ink(if mark == ' ' { palette::FAINT } else { palette::AWAIT }),
        );
        code(line, palette, Rect::new(area.x + 5, y, area.width - 5, 1), buffer);
    }
}

/// What a frame did, a line each, in as many columns as there is room for.
pub fn words(frame: u64, words: &[String], palette: Palette, area: Rect, buffer: &mut Buffer) {
    /// The least width of a column.
    const COLUMN: u16 = 38;
    if area.height < 2 || area.width < 20 {
        return;
    }
    let ink = |ink: Ink| Style::new().fg(palette.color(ink));
    buffer.set_style(area, Style::new().bg(palette.color(palette::PANEL)));
    let rule = "─".repeat(usize::from(area.width));
    buffer.set_stringn(area.x, area.y, &rule, usize::from(area.width), ink(palette::FAINT));
    let title = format!(" what frame {frame} did ");
    let width = usize::from(area.width) - 2;
    buffer.set_stringn(area.x + 1, area.y, &title, width, ink(palette::TITLE).add_modifier(Modifier::BOLD));

    let rows = usize::from(area.height) - 1;
    let columns = words.len().div_ceil(rows).clamp(1, usize::from(area.width / COLUMN).max(1));
    let wide = usize::from(area.width) / columns;
    let room = rows * columns;
    for (number, text) in words.iter().take(room).enumerate() {
        let (x, y) = (area.x + (number / rows * wide) as u16, area.y + 1 + (number % rows) as u16);
        let is_last = number + 1 == room && words.len() > room;
        // What is hashed comes as JSON, whose quotes say nothing here.
        let text = if is_last {
            format!("and {} more", words.len() - room + 1)
        } else {
            text.replace('"', "").replace(',', ", ")
        };
        let (verb, rest) = text.split_at(text.find(' ').unwrap_or(text.len()));
        let verb_ink = match verb {
            "polled" => palette::AWAIT,
            "woken" => palette::CALL,
            "nobody" | "and" => palette::FAINT,
            _ => palette::SOFT,
        };
        let (x, _) = buffer.set_stringn(x + 1, y, verb, wide - 1, ink(verb_ink));
        let left = (area.x as usize + (number / rows + 1) * wide).saturating_sub(usize::from(x) + 1);
        buffer.set_stringn(x, y, rest, left, ink(palette::TEXT));
    }
}

/// The first line to show: the lit one a little above the middle; if it fits, the whole file, its header left out last.
fn first_line(lines: &[&str], parked: Parked, rows: usize) -> usize {
    let main = lines.iter().position(|line| line.starts_with("pub async fn")).unwrap_or(0);
    let lit = parked.line.or(parked.outer).map_or(main, |line| line as usize - 1);
    let last = lines.len().saturating_sub(rows);
    // With the beginning of the script on top, if the lit line is then still in view.
    if lit >= main && lit < main + rows { main.min(last) } else { lit.saturating_sub(rows / 2).min(last) }
}

/// One line of Rust in colour: keywords, calls, strings, numbers, comments, and above all `await`.
fn code(line: &str, palette: Palette, area: Rect, buffer: &mut Buffer) {
    let (mut x, mut rest) = (area.x, line);
    while !rest.is_empty() && x < area.right() {
        let (token, ink) = token(rest);
        let style = Style::new().fg(palette.color(ink));
        let style = if token == "await" { style.add_modifier(Modifier::BOLD) } else { style };
        (x, _) = buffer.set_stringn(x, area.y, token, usize::from(area.right() - x), style);
        rest = &rest[token.len()..];
    }
}

const KEYWORDS: [&str; 24] = [
    "as", "async", "break", "const", "continue", "else", "enum", "false", "fn", "for", "if", "impl", "in", "let",
    "loop", "match", "move", "mut", "pub", "return", "struct", "true", "use", "while",
];

fn token(rest: &str) -> (&str, Ink) {
    let run = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
    let first = rest.chars().next().unwrap_or(' ');
    if rest.starts_with("//") {
        return (rest, palette::COMMENT);
    }
    if first == '"' {
        let end = rest[1..].find('"').map_or(rest.len(), |at| at + 2);
        return (&rest[..end], palette::LITERAL);
    }
    if first.is_ascii_digit() {
        return (&rest[..run(|c| c.is_ascii_digit() || c == '_')], palette::LITERAL);
    }
    if first.is_alphabetic() || first == '_' {
        let word = &rest[..run(|c| c.is_alphanumeric() || c == '_')];
        let ink = match word {
            "await" => palette::AWAIT,
            _ if KEYWORDS.contains(&word) => palette::KEYWORD,
            _ if rest[word.len()..].starts_with('(') => palette::CALL,
            _ => palette::TEXT,
        };
        return (word, ink);
    }
    (&rest[..first.len_utf8()], palette::SOFT)
}
