//! The colours of the night: each in 16 colours and in 24 bits.
//!
//! Rule: nothing is told by a 24-bit colour that isn't told by a glyph or by one of the 16 too.
//! How: `COLORTERM` says whether the terminal can do better than 16. The background is always painted, black at worst.

use ratatui::style::Color;

/// One colour in both ranges.
#[derive(Copy, Clone, Debug)]
pub struct Ink(pub Color, pub u32);

pub const NIGHT: Ink = Ink(Color::Black, 0x0b0d14);
pub const PANEL: Ink = Ink(Color::Black, 0x11141d);
pub const LIT: Ink = Ink(Color::Blue, 0x2b3a67);
pub const LIT_OUTER: Ink = Ink(Color::Black, 0x1c2440);

pub const TEXT: Ink = Ink(Color::White, 0xd6d9e4);
pub const SOFT: Ink = Ink(Color::Gray, 0x9aa0b4);
pub const FAINT: Ink = Ink(Color::DarkGray, 0x565c70);
pub const TITLE: Ink = Ink(Color::LightYellow, 0xf2cc8f);
pub const KEYWORD: Ink = Ink(Color::LightMagenta, 0xc792ea);
pub const CALL: Ink = Ink(Color::LightCyan, 0x82b1ff);
pub const AWAIT: Ink = Ink(Color::LightYellow, 0xffcb6b);
pub const COMMENT: Ink = Ink(Color::DarkGray, 0x6a7a6a);
pub const LITERAL: Ink = Ink(Color::LightGreen, 0xc3e88d);

pub const STONE: Ink = Ink(Color::DarkGray, 0x2a2e3a);
pub const STONE_BG: Ink = Ink(Color::Black, 0x161922);
pub const CARPET: Ink = Ink(Color::Red, 0x54222c);
pub const CARPET_BG: Ink = Ink(Color::Black, 0x26141a);
pub const PARQUET: Ink = Ink(Color::Yellow, 0x54412a);
pub const PARQUET_BG: Ink = Ink(Color::Black, 0x221b14);
pub const GRASS: Ink = Ink(Color::Green, 0x2f5a36);
pub const GRASS_BG: Ink = Ink(Color::Black, 0x111e15);

pub const WALL: Ink = Ink(Color::Gray, 0x8088a0);
pub const WINDOW: Ink = Ink(Color::LightBlue, 0x7fb2e5);
pub const PAINTING: Ink = Ink(Color::LightMagenta, 0xd291bc);
pub const STATUE: Ink = Ink(Color::White, 0xcfd2dc);
pub const VASE: Ink = Ink(Color::Yellow, 0xd08c60);
pub const PLANT: Ink = Ink(Color::Green, 0x58a55c);
pub const BENCH: Ink = Ink(Color::Yellow, 0x96744a);
pub const DOOR: Ink = Ink(Color::Yellow, 0xc98f4e);
pub const EXIT: Ink = Ink(Color::LightGreen, 0x6ee787);

pub const TORCH: Ink = Ink(Color::Yellow, 0x6b5a24);
/// How much of a bar is filled.
pub const FILLED: Ink = Ink(Color::Yellow, 0xb89a52);
pub const LENS: Ink = Ink(Color::Cyan, 0x1d5560);
pub const GLARE: Ink = Ink(Color::Red, 0x7a2230);
pub const SIREN: Ink = Ink(Color::LightRed, 0xff5d62);

pub const THIEF: Ink = Ink(Color::LightGreen, 0x9ef01a);
pub const GUARD: Ink = Ink(Color::LightBlue, 0x8ecae6);
pub const CAMERA: Ink = Ink(Color::LightCyan, 0x64dfdf);
pub const BEAM: Ink = Ink(Color::LightRed, 0xff4d5a);
pub const BEAM_OFF: Ink = Ink(Color::Red, 0x5a2530);
pub const DIAMOND: Ink = Ink(Color::LightCyan, 0xbdf6ff);
pub const CROWD: [Ink; 4] =
    [Ink(Color::Blue, 0x5a6fa8), Ink(Color::Magenta, 0x8d5a97), Ink(Color::Cyan, 0x4f8f8f), Ink(Color::Gray, 0x868a96)];

/// Which of the two ranges to paint in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Palette {
    Sixteen,
    True,
}

impl Palette {
    /// What the terminal says about itself.
    pub fn detect() -> Self {
        match std::env::var("COLORTERM").as_deref() {
            Ok("truecolor" | "24bit") => Self::True,
            _ => Self::Sixteen,
        }
    }

    pub fn color(self, ink: Ink) -> Color {
        match self {
            Self::Sixteen => ink.0,
            Self::True => Color::from_u32(ink.1),
        }
    }

    /// A mixture of two inks, `part` in 256ths of the second. The 16 colours don't mix: there the first one stays.
    pub fn mix(self, ink: Ink, other: Ink, part: u32) -> Color {
        if self == Self::Sixteen {
            return ink.0;
        }
        let channel = |shift: u32| {
            let (a, b) = (ink.1 >> shift & 255, other.1 >> shift & 255);
            ((a * (256 - part) + b * part) / 256) << shift
        };
        Color::from_u32(channel(16) | channel(8) | channel(0))
    }
}
