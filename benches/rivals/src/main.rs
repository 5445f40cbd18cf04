//! framestep beside other executors, in one process and in turns.
//!
//! `cargo run --release` runs every work and saves what it finds in `benches/results`. Only ratios of one run
//! mean something: absolute times drift between machines, and on one machine between runs.
//!
//! | to find out | look into |
//! |---|---|
//! | how a rival is used | `rivals`, one file each |
//! | what a work is | `works`, one file each |
//! | how it is measured | `harness`, `alloc` |
//! | how it is shown | `report`, `plot` |

mod alloc;
mod harness;
mod plot;
mod report;
mod rivals;
mod script;
mod works;

use std::path::Path;
use std::time::Instant;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// Measures framestep beside other executors. Without options: all works, and the results are saved.
#[derive(Parser)]
struct Options {
    /// Runs only works whose name contains this.
    #[arg(long, value_name = "WORK")]
    only: Option<String>,
    /// Runs few, short rounds of small sizes: shows that everything works, and measures nothing.
    #[arg(long)]
    quick: bool,
    /// Leaves out sizes beyond this.
    #[arg(long, value_name = "SCRIPTS", default_value_t = usize::MAX)]
    max_size: usize,
    /// Saves the results even of a run that leaves something out.
    #[arg(long)]
    save: bool,
}

fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let is_whole = options.only.is_none() && !options.quick && options.max_size == usize::MAX;
    let scale = works::Scale { quick: options.quick, max_size: options.max_size };
    let mut tables = Vec::new();
    for work in works::ALL {
        if options.only.as_ref().is_none_or(|only| work.name.contains(only.as_str())) {
            let start = Instant::now();
            tables.push((work.run)(&scale));
            eprintln!("{} took {:.1} s", work.name, start.elapsed().as_secs_f64());
        }
    }
    if is_whole || options.save {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("rivals.md"), report::markdown(&tables))?;
        plot::save(&folder, &tables)?;
        println!("saved in {}", folder.display());
    }
    Ok(())
}
