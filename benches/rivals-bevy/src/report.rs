//! What is found, as lines while it runs and as a page of Markdown afterwards.

use std::fmt::Write;

use crate::forms::{self, Rival};
use crate::measure::Cost;
use crate::work::Work;

/// What one form costs at one size.
pub struct Finding {
    pub work: Work,
    pub size: usize,
    pub rival: Rival,
    pub form: &'static str,
    pub cost: Option<Cost>,
    /// The cost in time, in terms of ours.
    pub ratio: Option<f64>,
}

/// What stands above the lines.
pub fn head() -> String {
    columns("work", "scripts", "rival", "form", ["ns", "ratio", "allocs"])
}

impl Finding {
    pub fn line(&self) -> String {
        let time = self.cost.map_or_else(dash, |cost| digits(cost.nanoseconds));
        let allocations = self.cost.map_or_else(dash, |cost| exact(cost.allocations));
        let ratio = self.ratio.map_or_else(dash, digits);
        let size = grouped(self.size);
        columns(self.work.name(), &size, self.rival.name(), self.form, [&time, &ratio, &allocations])
    }
}

fn columns(work: &str, size: &str, rival: &str, form: &str, [time, ratio, allocations]: [&str; 3]) -> String {
    format!("{work:<6} {size:>8}  {rival:<10}  {form:<34} {time:>8} {ratio:>8} {allocations:>8}")
}

/// The whole page.
pub fn page(findings: &[Finding], sizes: &[usize]) -> String {
    let mut page = String::from(INTRODUCTION);
    for work in Work::ALL {
        _ = write!(page, "\n## {}: {}\n\n| by | form |", work.name(), work.title());
        for size in sizes {
            _ = write!(page, " {} scripts | ratio | allocations |", grouped(*size));
        }
        page.push_str("\n|---|---|");
        sizes.iter().for_each(|_| page.push_str("--:|--:|--:|"));
        page.push('\n');
        for form in forms::of(work) {
            _ = write!(page, "| {} | {} |", form.rival.name(), form.name);
            for size in sizes {
                let found = findings.iter().find(|finding| {
                    (finding.work, finding.size, finding.rival, finding.form) == (work, *size, form.rival, form.name)
                });
                let cost = found.and_then(|finding| finding.cost);
                let ratio = found.and_then(|finding| finding.ratio);
                let ns = cost.map_or_else(dash, |cost| format!("{} ns", digits(cost.nanoseconds)));
                let allocations = cost.map_or_else(dash, |cost| exact(cost.allocations));
                _ = write!(page, " {ns} | {} | {allocations} |", ratio.map_or_else(dash, digits));
            }
            page.push('\n');
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Scripts on entities, beside the other async crates for Bevy

Written by `cargo +1.97.1 run --release` in `benches/rivals-bevy`: nanoseconds of processor time and allocations for
each script and frame, medians over rounds in which all forms of a work take turns in one process, on one thread.
The ratio is the time in terms of the first line: below 1 is faster than framestep. Absolute times drift between
machines and with what else they do; the ratio is what counts. `–`: there is no such thing, or it would take too
long at this size.

What the same work means to each differs in places:

- A script of framestep belongs to its entity and ends with it; so does a reactor of bevy_flurx with one of its own. A
  task of bevy_defer stands alone: starting one doesn't touch the world.
- A message of framestep is heard by all that listen. `next_event` and `wait::message::read` give each to one; to tell
  all, bevy_defer has signals.
- In `quiet` nothing is to be done: the figures are those of an empty frame, divided by the number of scripts, but for
  bevy_flurx, which asks on behalf of each.
- Schedules run on one thread, and a frame is the one schedule that a crate needs, without the rest of an app's.

![The same as a picture](rivals-bevy.svg)
";

fn dash() -> String {
    "–".to_owned()
}

/// Three digits that count, or all before the point.
fn digits(value: f64) -> String {
    if value >= 1000.0 {
        return grouped(value.round() as usize);
    }
    // What rounds up to a power of ten has that power's digits.
    let decimals = (2 - (value * 1.0005).log10().floor() as i32).clamp(0, 6) as usize;
    format!("{value:.decimals$}")
}

/// Two decimals, and a plain zero where there was no allocation at all.
fn exact(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.2}") }
}

/// A number with its thousands apart.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}
