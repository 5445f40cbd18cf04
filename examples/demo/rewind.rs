//! Film backwards: pictures of the frames before the one that is shown, so that going back is as fast as going on.
//!
//! Rule: each picture is of a stage that has played all frames up to there.
//! How: a stage can't go back, but it can play from the beginning to a little before and be drawn in each of the last
//! frames. While these pictures are shown backwards, another stage plays to a little before them, a part for each picture
//! shown, so that its pictures are there when they are wanted.

use framestep::{FrameReport, replay::Player};
use ratatui::buffer::Buffer;

use crate::{night::Night, stage::Stage, take::Take};

/// So many pictures are made of one run of a stage.
const WINDOW: u64 = 64;

pub struct Picture {
    pub frame: u64,
    pub report: FrameReport,
    pub buffer: Buffer,
}

pub struct Rewind {
    take: Take,
    night: Night,
    /// In order of frames; the last one is shown.
    pictures: Vec<Picture>,
    before: Option<Window>,
}

/// What draws a stage.
pub type Draw<'a> = &'a mut dyn FnMut(&mut Stage) -> Buffer;

impl Rewind {
    /// The pictures of a take up to a frame.
    pub fn new(take: &Take, night: &Night, frame: u64, draw: Draw<'_>) -> Self {
        let mut rewind = Self { take: take.clone(), night: night.clone(), pictures: Vec::new(), before: None };
        rewind.before = Some(Window::up_to(&rewind.take, &rewind.night, frame));
        rewind.turn(draw);
        rewind
    }

    /// The picture that is shown.
    pub fn picture(&self) -> &Picture {
        self.pictures.last().expect("one is always left")
    }

    /// Goes back by so many frames.
    pub fn back(&mut self, frames: u64, draw: Draw<'_>) {
        for _ in 0..frames {
            if self.pictures.len() > 1 {
                self.pictures.pop();
            } else if self.picture().frame > 0 {
                self.turn(draw);
            }
            if let Some(before) = &mut self.before {
                before.make(before.left().div_ceil(self.pictures.len() as u64), draw);
            }
        }
    }

    /// Shows the pictures before, and begins with those before them.
    fn turn(&mut self, draw: Draw<'_>) {
        let Some(mut window) = self.before.take() else { return };
        window.make(window.left(), draw);
        self.pictures = window.pictures;
        let first = self.pictures.first().map_or(0, |picture| picture.frame);
        self.before = first.checked_sub(1).map(|last| Window::up_to(&self.take, &self.night, last));
    }
}

/// Pictures that are being made: of the frames from `first` to `last`.
struct Window {
    player: Player<Stage>,
    first: u64,
    last: u64,
    pictures: Vec<Picture>,
}

impl Window {
    fn up_to(take: &Take, night: &Night, last: u64) -> Self {
        let first = (last + 1).saturating_sub(WINDOW);
        Self { player: take.player(night), first, last, pictures: Vec::new() }
    }

    /// How many frames have yet to be played or drawn.
    fn left(&self) -> u64 {
        self.last + 1 - self.first - self.pictures.len() as u64 + self.first.saturating_sub(self.player.frame())
    }

    fn make(&mut self, frames: u64, draw: Draw<'_>) {
        for _ in 0..frames {
            if self.player.frame() >= self.first && self.pictures.len() as u64 <= self.last - self.first {
                let stage = self.player.game_mut();
                let (report, buffer) = (stage.report(), draw(stage));
                self.pictures.push(Picture { frame: self.player.frame(), report, buffer });
            }
            if self.player.frame() < self.last {
                self.player.step().expect("the take was played before");
            }
        }
    }
}
