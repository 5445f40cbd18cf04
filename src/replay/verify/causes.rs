//! The chain of causes: who woke whom, back from a line.
//!
//! The rule: each link is a line that happened before the one that it explains: a poll is explained by the wake before
//! it, a wake by the poll of the script that woke, and what a script does by its own poll. A poll that a timer, a step or
//! a check brought about is explained by the poll before it, in which the wait began, if a script brought that about. The
//! chain ends at what no script brought about, at the eighth link, or where what is kept begins.

use super::words::{name, origin, verb};
use crate::executor::{Cause, ChangeKind};
use crate::replay::Line;

/// A chain has at most so many links.
const LINKS: usize = 8;

/// The chain from the last of these lines back, the line itself first. Each line comes with its frame, which is told
/// where it is another than that of the link before.
pub(crate) fn chain(lines: &[(u64, &Line)]) -> Vec<String> {
    let mut links = Vec::new();
    let mut frame_before = lines.last().map_or(0, |(frame, _)| *frame);
    let mut at = lines.len().checked_sub(1);
    while let Some(here) = at {
        let (frame, line) = lines[here];
        let mut link = format!("{} {}", verb(line.kind), name(&line.who));
        if let (ChangeKind::Polled | ChangeKind::Spawned, Some(site)) = (line.kind, &line.at) {
            link += &format!(" at {site}");
        }
        at = explained_by(lines, here);
        if at.is_none_or(|at| has_begun_to_wait(lines[at].1, line)) {
            link += &format!(", {}", origin(&line.cause));
        }
        if at.is_some() && links.len() + 1 == LINKS {
            link += ", and so on";
            at = None;
        }
        if frame != frame_before {
            link = format!("frame {frame}: {link}");
            frame_before = frame;
        }
        links.push(link);
    }
    links
}

/// Whether a line is explained by the poll in which its wait began.
fn has_begun_to_wait(by: &Line, line: &Line) -> bool {
    let is_wait = matches!(line.kind, ChangeKind::Polled | ChangeKind::Woken);
    is_wait && by.kind == ChangeKind::Polled && by.who.number == line.who.number
}

/// The line that explains the one at `here`.
fn explained_by(lines: &[(u64, &Line)], here: usize) -> Option<usize> {
    let line = lines[here].1;
    let script = line.who.number;
    match (line.kind, &line.cause) {
        (ChangeKind::Step, _) => None,
        (ChangeKind::Polled, _) => made_ready(lines, here).or_else(|| wait_of(lines, here, script)),
        (
            ChangeKind::Completed | ChangeKind::Panicked | ChangeKind::PutOff | ChangeKind::Drew | ChangeKind::Named,
            _,
        ) => poll_before(lines, here, script),
        (_, Cause::Script(by)) => poll_before(lines, here, *by),
        (ChangeKind::Woken, _) => wait_of(lines, here, script),
        _ => None,
    }
}

/// The last poll of a script before a line.
fn poll_before(lines: &[(u64, &Line)], here: usize, script: u64) -> Option<usize> {
    lines[..here].iter().rposition(|(_, line)| line.kind == ChangeKind::Polled && line.who.number == script)
}

/// The line that made the script ready which is polled at `here`, since its last poll.
fn made_ready(lines: &[(u64, &Line)], here: usize) -> Option<usize> {
    let script = lines[here].1.who.number;
    let says_why = |kind| !matches!(kind, ChangeKind::Step | ChangeKind::Drew | ChangeKind::Named | ChangeKind::Held);
    let last = lines[..here].iter().rposition(|(_, line)| line.who.number == script && says_why(line.kind))?;
    matches!(lines[last].1.kind, ChangeKind::Woken | ChangeKind::Spawned | ChangeKind::LetGo).then_some(last)
}

/// The poll in which the wait began that is over at `here`, if a script had brought that poll about.
fn wait_of(lines: &[(u64, &Line)], here: usize, script: u64) -> Option<usize> {
    let poll = poll_before(lines, here, script)?;
    let ready = made_ready(lines, poll)?;
    matches!(lines[ready].1.cause, Cause::Script(_)).then_some(poll)
}
