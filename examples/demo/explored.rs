//! `--explore`: a night of every seed on all cores, to find those that go wrong.
//!
//! Rule: a night goes wrong when a script fails, when the thief stands in a wall, and when it has no ending in its frames.

#[cfg(feature = "explore")]
mod sweep {
    use std::io::{self, Write};

    use framestep::replay::{Explore, RunCode, Setup, Shard};

    use crate::{cli::Options, ending::Stop, night::Night, stage::Stage, world::Floor};

    /// Two minutes: so long may a night take to end.
    const FRAMES: u64 = 7200;

    pub fn run(night: &Night, options: &Options) -> Result<(), Stop> {
        let shard = match &options.shard {
            None => Shard::WHOLE,
            Some(text) => text.parse().map_err(|error| format!("--shard {text}: {error}"))?,
        };
        let seeds = options.explore.clone().unwrap_or_default();
        let found = sweep(night, options).seeds(seeds).shard(shard).progress(true).run();
        let mut out = io::stdout().lock();
        writeln!(out, "{found}")?;
        if found.is_clean() || found.runs() == 0 {
            return Ok(());
        }
        writeln!(out, "`--code CODE` plays one of these again, with `--headless` or in the terminal")?;
        Err(Stop::Found)
    }

    /// The setup of the run that a code names.
    pub fn setup_of(night: &Night, options: &Options, code: &str) -> Result<Setup, String> {
        let told = |error: framestep::replay::RunCodeError| format!("--code {code}: {error}");
        let sweep = sweep(night, options);
        let code: RunCode = code.trim().parse().map_err(told)?;
        let here = sweep.code(code.seed, code.order);
        if code.options != here.options {
            return Err(told(framestep::replay::RunCodeError::Options { code: code.options, here: here.options }));
        }
        Ok(sweep.setup_of(code))
    }

    fn sweep<'a>(night: &'a Night, options: &Options) -> Explore<'a, Stage> {
        let frames = options.frames.unwrap_or(FRAMES);
        let explore = Explore::new(|setup: &Setup| night.stage(setup))
            .shuffles(options.shuffle.unwrap_or(0))
            .frames(frames)
            .check(move |stage, frame| goes_well(stage, frame == frames));
        options.setup().options.into_iter().fold(explore, |explore, (name, value)| explore.option(name, value))
    }

    fn goes_well(stage: &mut Stage, is_last: bool) -> Result<(), String> {
        let (thief, at) = stage.thief();
        if stage.world.resource::<Floor>().undoored.is_solid(at) {
            return Err(format!("{thief} stands in a wall, at {},{}", at.x, at.y));
        }
        if is_last && !stage.phase().is_over() {
            return Err(format!("the night has no ending: {thief} is at {},{}", at.x, at.y));
        }
        Ok(())
    }
}

#[cfg(feature = "explore")]
pub use sweep::{run, setup_of};

#[cfg(not(feature = "explore"))]
mod missing {
    use framestep::replay::Setup;

    use crate::{cli::Options, ending::Stop, night::Night};

    const LINE: &str = "this build can't explore: run `cargo run --release --features explore --example demo -- ";

    pub fn run(_: &Night, options: &Options) -> Result<(), Stop> {
        let seeds = options.explore.clone().unwrap_or_default();
        Err(format!("{LINE}--explore {}..{}`", seeds.start, seeds.end).into())
    }

    pub fn setup_of(_: &Night, _: &Options, code: &str) -> Result<Setup, String> {
        Err(format!("{LINE}--code {code}`"))
    }
}

#[cfg(not(feature = "explore"))]
pub use missing::{run, setup_of};
