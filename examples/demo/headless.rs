//! The scene without a terminal: as fast as it goes, a line per simulated second, the trace hash at the end.
//!
//! Rule: the same map, seed, crowd and number of frames print the same bytes, on every machine and in every build.

use std::io::{self, BufWriter, Write};

use crate::{
    cli::Options,
    map::Museum,
    stage::{FRAMES_A_SECOND, Stage},
};

pub fn run(museum: &Museum, options: &Options) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut stage = Stage::new(museum, options.seed, options.crowd);
    let frames = options.headless_frames();
    let (mut polled, mut live) = (0, 0);
    for frame in 1..=frames {
        let report = stage.frame();
        polled += report.polled;
        live = report.live;
        if frame % FRAMES_A_SECOND == 0 || frame == frames {
            let seconds = frame / FRAMES_A_SECOND;
            let (thief, at) = stage.thief();
            let news = stage.news().iter().map(|news| format!("; {}", news.text)).collect::<String>();
            writeln!(
                out,
                "{seconds:>4} s  frame {frame:>6}  polled {polled:>7}  live {live:>7}  {thief} at {},{}{news}",
                at.x, at.y
            )?;
            polled = 0;
        }
    }
    writeln!(out, "frames={frames} live={live} trace={:016x}", stage.trace_hash())?;
    out.flush()
}
