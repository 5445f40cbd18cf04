//! The scene without a terminal: as fast as it goes, a line per simulated second, the trace hash at the end.
//!
//! Rule: the same setup, keys and number of frames print the same bytes, on every machine and in every build, whether they
//! are played for the first time, recorded or replayed.

use std::{
    io::{self, BufWriter, StdoutLock, Write},
    path::Path,
};

use framestep::{
    FrameReport,
    replay::{Player, Recording, ReplayError, Setup},
};

use crate::{
    cli::Options,
    ending::{self, Stop},
    live::{Live, Record},
    night::Night,
    stage::{FRAMES_A_SECOND, Stage},
    world::Keys,
};

/// Plays a night with nobody at the keys.
pub fn play(night: &Night, setup: &Setup, options: &Options, record: Option<&Record>) -> Result<(), Stop> {
    let mut live = Live::begin(night, setup, record)?;
    let mut report = Report::new();
    for _ in 0..options.headless_frames() {
        live.frame(&Keys::default())?;
        report.frame(&mut live.stage)?;
    }
    report.end(&mut live.stage)?;
    live.finish()?;
    if let Some(record) = record {
        eprintln!("{}", ending::test_of(&record.path));
    }
    Ok(())
}

/// Plays a recorded night.
pub fn replay(path: &Path, recording: Recording, night: Night, options: &Options) -> Result<(), Stop> {
    let named = |error: ReplayError| format!("{}: {error}", path.display());
    let frames = options.frames.unwrap_or(u64::MAX).min(recording.frames());
    let mut player = Player::new(recording, move |setup| night.stage(setup)).map_err(named)?;
    player.seek(options.seek.unwrap_or(0)).map_err(named)?;
    let mut report = Report::new();
    while player.frame() < frames {
        player.step().map_err(named)?;
        report.frame(player.game_mut())?;
    }
    report.end(player.game_mut())?;
    Ok(())
}

/// What is printed.
struct Report {
    out: BufWriter<StdoutLock<'static>>,
    polled: u64,
    /// The frame of the last line.
    told: u64,
}

impl Report {
    fn new() -> Self {
        Self { out: BufWriter::new(io::stdout().lock()), polled: 0, told: 0 }
    }

    fn frame(&mut self, stage: &mut Stage) -> io::Result<()> {
        let report = stage.report();
        self.polled += report.polled;
        if report.frame.is_multiple_of(FRAMES_A_SECOND) { self.line(stage) } else { Ok(()) }
    }

    fn line(&mut self, stage: &mut Stage) -> io::Result<()> {
        let FrameReport { frame, live, .. } = stage.report();
        let (seconds, polled) = (frame / FRAMES_A_SECOND, self.polled);
        let (thief, at) = stage.thief();
        let news = stage.news().iter().map(|news| format!("; {}", news.text)).collect::<String>();
        (self.polled, self.told) = (0, frame);
        writeln!(
            self.out,
            "{seconds:>4} s  frame {frame:>6}  polled {polled:>7}  live {live:>7}  {thief} at {},{}{news}",
            at.x, at.y
        )
    }

    fn end(&mut self, stage: &mut Stage) -> io::Result<()> {
        let FrameReport { frame, live, .. } = stage.report();
        if self.told != frame {
            self.line(stage)?;
        }
        writeln!(self.out, "frames={frame} live={live} trace={:016x}", stage.trace_hash())?;
        self.out.flush()
    }
}
