//! The scrub bar: where in the night one is, and what happened where.
//!
//! Rule: it shows what is known. What of a recording hasn't been played yet has no marks.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    palette::{self, Ink, Palette},
    stage::FRAMES_A_SECOND,
    take::Mark,
    theatre::Theatre,
};

/// How the night is played at present.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Motion {
    Playing,
    Paused,
    Rewinding,
}

/// What a bar shows.
#[derive(Clone, Debug)]
pub struct Scrub {
    pub motion: Motion,
    pub is_live: bool,
    pub is_recorded: bool,
    pub frame: u64,
    pub frames: u64,
    /// The frame of each, and what it is drawn as.
    marks: Vec<(u64, char, Ink)>,
}

impl Scrub {
    pub fn of(theatre: &Theatre, motion: Motion, frame: u64) -> Self {
        let mut marks = theatre
            .marks()
            .map(|(frame, mark)| match mark {
                Mark::Alarm => (frame, '!', palette::SIREN),
                Mark::Diamond => (frame, '◆', palette::DIAMOND),
                Mark::End => (frame, '■', palette::TITLE),
            })
            .collect::<Vec<_>>();
        // The diamond rings the alarm, and both may fall into one column: it is drawn last.
        marks.sort_by_key(|(_, glyph, _)| *glyph == '◆');
        marks.extend(theatre.taken_over().map(|frame| (frame, '┃', palette::THIEF)));
        marks.extend(theatre.parting().map(|parting| (parting.frame, '≠', palette::AWAIT)));
        let (is_live, is_recorded) = (theatre.is_live(), theatre.is_recorded());
        Self { motion, is_live, is_recorded, frame, frames: theatre.frames(), marks }
    }

    /// The columns of the bar itself.
    fn track(area: Rect) -> Rect {
        const LEFT: u16 = 9;
        const RIGHT: u16 = 7;
        Rect::new(area.x + LEFT, area.y, area.width.saturating_sub(LEFT + RIGHT), 1)
    }

    /// The frame that lies under a column, if it is one of the bar's.
    pub fn frame_at(&self, area: Rect, x: u16) -> Option<u64> {
        let track = Self::track(area);
        let last = u64::from(track.width.checked_sub(1)?.max(1));
        (track.left()..track.right()).contains(&x).then(|| (u64::from(x - track.x) * self.frames).div_ceil(last))
    }

    pub fn draw(&self, palette: Palette, area: Rect, buffer: &mut Buffer) {
        let style = |ink: Ink| Style::new().fg(palette.color(ink));
        let (sign, ink) = match self.motion {
            Motion::Paused => ("‖", palette::AWAIT),
            Motion::Rewinding => ("◄", palette::AWAIT),
            Motion::Playing if self.is_live && self.is_recorded => ("●", palette::SIREN),
            Motion::Playing if self.is_live => ("►", palette::THIEF),
            Motion::Playing => ("►", palette::SOFT),
        };
        buffer.set_style(area, Style::new().bg(palette.color(palette::NIGHT)));
        buffer.set_string(area.x + 1, area.y, sign, style(ink).add_modifier(Modifier::BOLD));
        let times = [(area.x + 3, self.frame), (area.right().saturating_sub(6), self.frames)];
        for (x, frame) in times {
            buffer.set_stringn(x, area.y, time(frame), usize::from(area.right() - x), style(palette::SOFT));
        }
        let track = Self::track(area);
        let Some(last) = track.width.checked_sub(1) else { return };
        let column = |frame: u64| track.x + (frame * u64::from(last) / self.frames.max(1)).min(u64::from(last)) as u16;
        let here = column(self.frame);
        for x in track.left()..track.right() {
            let (glyph, ink) = if x <= here { ("━", palette::FILLED) } else { ("─", palette::FAINT) };
            buffer.set_string(x, area.y, glyph, style(ink));
        }
        for (frame, glyph, ink) in &self.marks {
            let cell = &mut buffer[(column(*frame), area.y)];
            cell.set_char(*glyph).set_style(style(*ink).add_modifier(Modifier::BOLD));
        }
        // The head covers what lies under it, but for the mark that one has just come to.
        let is_marked = self.marks.iter().any(|(frame, ..)| column(*frame) == here);
        let head = buffer[(here, area.y)].set_style(Style::new().add_modifier(Modifier::REVERSED));
        if !is_marked {
            head.set_char('●').set_style(style(palette::TEXT).remove_modifier(Modifier::REVERSED));
        }
    }
}

fn time(frame: u64) -> String {
    let seconds = frame / FRAMES_A_SECOND;
    format!("{:>2}:{:02}", seconds / 60, seconds % 60)
}
