//! Scripts on entities, beside the other async crates for Bevy: `bevy_defer` 0.19 and `bevy_flurx` 0.16.
//!
//! ```console
//! rustup toolchain install 1.97.1 --profile minimal   # what those crates' Bevy asks for
//! cargo +1.97.1 run --release                         # measures, prints, and writes ../results/rivals-bevy.*
//! cargo +1.97.1 run --release -- --quick --only move
//! ```
//!
//! All are made for Bevy 0.20, so the worlds are of one kind. Schedules run single-threaded, as they do in
//! Bevy without its feature for threads.
//!
//! | file | idea |
//! |---|---|
//! | `scene` | a world, its entities, and what one frame of it is |
//! | `work` | the works, and how it is checked that they happened |
//! | `rivals` | how each crate does each work |
//! | `forms` | the table of who does which work by what |
//! | `measure` | turns, medians |
//! | `allocations` | the counting allocator |
//! | `report`, `plot` | what is found, in words and as a picture |

mod allocations;
mod forms;
mod measure;
mod plot;
mod report;
mod rivals;
mod scene;
mod work;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Parser;

use forms::Form;
use measure::{Cost, Effort};
use report::Finding;
use work::Work;

/// Measures framestep's scripts on entities beside the other async crates for Bevy.
///
/// Only a run with neither option writes the results.
#[derive(Parser)]
struct Arguments {
    /// A few short rounds of the smaller sizes, for a first look.
    #[arg(long)]
    quick: bool,
    /// Only these cases, by work, size and rival: `move`, `move/1000`, `bevy_defer`. Ours are always run along.
    #[arg(long, value_name = "PARTS")]
    only: Vec<String>,
}

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

const FULL: Effort = Effort { rounds: 41, turn: Duration::from_millis(5) };
const QUICK: Effort = Effort { rounds: 5, turn: Duration::from_millis(1) };

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let (effort, sizes) = if arguments.quick { (QUICK, &SIZES[..2]) } else { (FULL, &SIZES[..]) };
    println!("{}", report::head());
    let mut findings = Vec::new();
    for work in Work::ALL {
        for &size in sizes {
            let forms = forms::of(work);
            let chosen = chosen(&forms, work, size, &arguments.only);
            let costs = measure::compare(work, size, &chosen, effort);
            for finding in findings_of(work, size, &chosen, &costs) {
                println!("{}", finding.line());
                findings.push(finding);
            }
        }
    }
    if arguments.quick || !arguments.only.is_empty() {
        println!("A part of the measurement: nothing was written.");
        return Ok(());
    }
    let results = Path::new(env!("CARGO_MANIFEST_DIR")).join("../results");
    fs::create_dir_all(&results)?;
    fs::write(results.join("rivals-bevy.md"), report::page(&findings, sizes))?;
    plot::draw(&results.join("rivals-bevy.svg"), &findings, sizes)?;
    println!("Written to benches/results/rivals-bevy.md and .svg.");
    Ok(())
}

/// The forms that the filter lets through, and with any of them the one that they are compared to.
fn chosen<'a>(forms: &'a [Form], work: Work, size: usize, only: &[String]) -> Vec<&'a Form> {
    let is_wanted = |form: &&Form| {
        let case = [work.name(), &size.to_string(), form.rival.name()];
        only.is_empty() || only.iter().any(|parts| parts.split('/').all(|part| case.contains(&part)))
    };
    let (ours, others) = forms.split_first().expect("there is ours");
    let others: Vec<_> = others.iter().filter(is_wanted).collect();
    if others.is_empty() && !is_wanted(&ours) { Vec::new() } else { std::iter::once(ours).chain(others).collect() }
}

fn findings_of(work: Work, size: usize, forms: &[&Form], costs: &[Option<Cost>]) -> Vec<Finding> {
    let ours = costs.first().copied().flatten();
    let finding = |(form, &cost): (&&Form, &Option<Cost>)| Finding {
        work,
        size,
        rival: form.rival,
        form: form.name,
        cost,
        ratio: cost.zip(ours).map(|(cost, ours)| cost.nanoseconds / ours.nanoseconds),
    };
    forms.iter().zip(costs).map(finding).collect()
}
