//! Expected beside actual: two runs of lines, aligned.
//!
//! The rule: what is the same stands in one row. The rows begin some lines before the first difference, and end some
//! behind it.

use serde::Serialize;

use super::gap::same;
use super::words::{clipped, short};
use crate::replay::Line;

/// So many lines stand before the first difference, and so many rows from it on.
const BEFORE: usize = 4;
const FROM: usize = 6;

/// One row: a line that both have, or that one has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// What the recording has.
    pub expected: Option<String>,
    /// What the run did.
    pub actual: Option<String>,
    /// Whether the two are the same.
    pub is_equal: bool,
}

/// The rows around the first difference, which is at `at` in both.
pub(crate) fn rows<'a>(expected: &'a [&'a Line], actual: &'a [&'a Line], at: usize) -> Vec<Row> {
    let start = at.saturating_sub(BEFORE);
    let mut rows: Vec<Row> = (start..at).map(|at| row(expected.get(at), actual.get(at))).collect();
    let rest = |lines: &'a [&'a Line]| {
        let from = &lines[at.min(lines.len())..];
        &from[..from.len().min(4 * FROM)]
    };
    let (expected, actual) = (rest(expected), rest(actual));
    rows.extend(aligned(expected, actual).into_iter().take(FROM));
    rows
}

fn row(expected: Option<&&Line>, actual: Option<&&Line>) -> Row {
    let is_equal = matches!((expected, actual), (Some(expected), Some(actual)) if same(expected, actual));
    Row { expected: expected.map(|line| short(line)), actual: actual.map(|line| short(line)), is_equal }
}

/// Aligns two short runs of lines by their longest common subsequence.
fn aligned(expected: &[&Line], actual: &[&Line]) -> Vec<Row> {
    let width = actual.len() + 1;
    let mut common = vec![0_usize; (expected.len() + 1) * width];
    for (row, left) in expected.iter().enumerate().rev() {
        for (column, right) in actual.iter().enumerate().rev() {
            let here = row * width + column;
            common[here] = match same(left, right) {
                true => common[here + width + 1] + 1,
                false => common[here + width].max(common[here + 1]),
            };
        }
    }
    let (mut left, mut right) = (0, 0);
    let (mut only_left, mut only_right) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    while left < expected.len() || right < actual.len() {
        let here = left * width + right;
        let both = left < expected.len() && right < actual.len();
        if both && same(expected[left], actual[right]) {
            flush(&mut rows, &mut only_left, &mut only_right);
            rows.push(row(expected.get(left), actual.get(right)));
            (left, right) = (left + 1, right + 1);
        } else if right == actual.len() || (both && common[here + width] >= common[here + 1]) {
            only_left.push(&expected[left]);
            left += 1;
        } else {
            only_right.push(&actual[right]);
            right += 1;
        }
    }
    flush(&mut rows, &mut only_left, &mut only_right);
    rows
}

/// Lines that only one of the two has stand beside each other.
fn flush<'a>(rows: &mut Vec<Row>, expected: &mut Vec<&'a &Line>, actual: &mut Vec<&'a &Line>) {
    for at in 0..expected.len().max(actual.len()) {
        rows.push(row(expected.get(at).copied(), actual.get(at).copied()));
    }
    expected.clear();
    actual.clear();
}

/// The rows as text: in two columns where they fit into 80 characters, else one below the other. `>` marks the first
/// difference, and what else differs.
pub(crate) fn text(rows: &[Row]) -> Vec<String> {
    /// Two of these, each with a mark before it, are 80 characters wide.
    const COLUMN: usize = 37;
    let long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > COLUMN);
    if rows.iter().any(|row| long(&row.expected) || long(&row.actual)) {
        return stacked(rows);
    }
    let mut lines = vec![format!("  {:<COLUMN$}    {}", "expected", "actual")];
    for row in rows {
        let mark = |text: &Option<String>| if row.is_equal || text.is_none() { ' ' } else { '>' };
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (expected, actual) = (text(&row.expected), text(&row.actual));
        let line = format!("{} {expected:<COLUMN$}  {} {actual}", mark(&row.expected), mark(&row.actual));
        lines.push(line.trim_end().to_string());
    }
    lines
}

fn stacked(rows: &[Row]) -> Vec<String> {
    let mut lines = vec!["- expected, + actual".to_string()];
    for row in rows {
        match (row.is_equal, &row.expected, &row.actual) {
            (true, Some(text), _) => lines.push(clipped(&format!("  {text}"), 79)),
            (_, expected, actual) => {
                lines.extend(expected.iter().map(|text| clipped(&format!("- {text}"), 79)));
                lines.extend(actual.iter().map(|text| clipped(&format!("+ {text}"), 79)));
            }
        }
    }
    lines
}
