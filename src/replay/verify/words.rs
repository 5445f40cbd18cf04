//! Words for lines, scripts and places.

use std::fmt::Write;

use crate::executor::{Cause, ChangeKind};
use crate::replay::{Line, StateLine, StepTrail, Who};

/// What happened, as a word.
pub(crate) fn verb(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Step => "step",
        ChangeKind::Spawned => "spawned",
        ChangeKind::Woken => "woken",
        ChangeKind::Polled => "polled",
        ChangeKind::Completed => "completed",
        ChangeKind::Cancelled => "cancelled",
        ChangeKind::Panicked => "panicked",
        ChangeKind::PutOff => "put off",
        ChangeKind::Held => "held",
        ChangeKind::LetGo => "let go",
        ChangeKind::Drew => "drew",
        ChangeKind::Named => "named",
    }
}

/// A script by its name, where it was given one, and its number.
pub(crate) fn name(who: &Who) -> String {
    if has_name(who) { format!("{} #{}", who.name, who.number) } else { format!("script #{}", who.number) }
}

/// Whether it has a name, and not just the type of its future.
pub(crate) fn has_name(who: &Who) -> bool {
    !who.name.is_empty() && !who.name.contains("::") && !who.name.contains(['<', '{'])
}

/// Who brought it about.
pub(crate) fn origin(cause: &Cause) -> String {
    match cause {
        Cause::Game => "by the game".to_string(),
        Cause::Script(number) => format!("by #{number}"),
        Cause::Timer => "by its timer".to_string(),
        Cause::Release => "for this step".to_string(),
        Cause::Check => "by a check".to_string(),
        Cause::Outside => "from outside".to_string(),
    }
}

/// A line in a column: short.
pub(crate) fn short(line: &Line) -> String {
    let mut text = match line.kind {
        ChangeKind::Step if line.who.name.is_empty() => format!("step of lane {}", line.who.number),
        ChangeKind::Step => format!("step of lane {}", line.who.name),
        kind => format!("{} {}", verb(kind), name(&line.who)),
    };
    let written = match (line.kind, &line.at) {
        (ChangeKind::Drew, _) => write!(text, " {:016x}", line.value),
        (ChangeKind::Polled, Some(at)) => write!(text, " at {}", file_and_line(at)),
        (ChangeKind::Woken | ChangeKind::Spawned | ChangeKind::Cancelled, _) => {
            write!(text, " {}", origin(&line.cause))
        }
        _ => Ok(()),
    };
    written.expect("a string takes it");
    text
}

/// What changed in the hashed state.
pub(crate) fn state(line: &StateLine) -> String {
    let of = if line.entity.is_empty() { String::new() } else { format!(" of {}", line.entity) };
    match &line.value {
        Some(value) => format!("{}{of} is {value}", line.kind),
        None => format!("{}{of} is gone", line.kind),
    }
}

/// A trail as words, a line each.
pub(crate) fn words_of(trail: &[StepTrail]) -> Vec<String> {
    let words = |step: &StepTrail| step.lines.iter().map(short).chain(step.state.iter().map(state)).collect::<Vec<_>>();
    trail.iter().flat_map(words).collect()
}

/// `guard.rs:14` of `src/scripts/guard.rs:14:9`.
fn file_and_line(site: &str) -> &str {
    let from = site.rfind('/').map_or(0, |at| at + 1);
    let to = site.rfind(':').filter(|&to| to > from && site[from..to].contains(':')).unwrap_or(site.len());
    &site[from..to]
}

/// At most so many characters, with a mark where some were left out.
pub(crate) fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
