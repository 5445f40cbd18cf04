//! Every `.await` of a source, held against the lines at which a script was parked and killed.
//!
//! Rule: each line with an `.await` is one at which a script was killed, or it is listed with the reason. A list is as short
//! as it can be: what is listed and was reached anyway, or isn't there, fails too.
//!
//! The executor tells of a parked script the wait that it polled last, and the outermost combinator around it. So two kinds
//! of lines are never told, though a script is parked there whenever it is at another one: what awaits a function of the
//! game's own, and what isn't the last arm of a `race` or a `join`. Those are listed with that other line. Which of its
//! callers a function is awaited by isn't told either.

use std::collections::BTreeSet;

use super::struck::{Line, Site};

/// The text of a file.
#[derive(Copy, Clone)]
pub(crate) struct Source {
    pub(crate) file: &'static str,
    pub(crate) text: &'static str,
}

/// A line that isn't told of: its file, the function that it is in, and a part of it.
pub(crate) struct Untold(pub(crate) &'static str, pub(crate) &'static str, pub(crate) &'static str, pub(crate) Why);

pub(crate) enum Why {
    /// A script is parked there when it is parked at the `.await` with these words, of the same file.
    Beside(&'static str),
    /// It isn't reached.
    Never(&'static str),
}

/// A line with an `.await`, and the line at which its statement begins.
struct Await {
    file: &'static str,
    function: &'static str,
    text: &'static str,
    from: u32,
    line: u32,
}

impl Await {
    fn is_told(&self, told: &BTreeSet<Line>) -> bool {
        let is_it = |(file, line): &Line| {
            let name = file.rsplit(['/', '\\']).next();
            name == Some(self.file) && (self.from..=self.line).contains(line)
        };
        told.iter().any(is_it)
    }

    fn is(&self, untold: &Untold) -> bool {
        self.file == untold.0 && self.function == untold.1 && self.text.contains(untold.2)
    }
}

/// Those of a source, without its tests.
fn awaits(source: Source) -> Vec<Await> {
    let code = source.text.split("\nmod tests {").next().unwrap_or_default();
    let lines: Vec<&str> = code.lines().map(|line| line.split("//").next().unwrap_or_default().trim_end()).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut function = "";
    let mut awaits = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some((_, name)) = line.split_once("fn ").filter(|(before, _)| !before.contains('|')) {
            function = name.split(['(', '<']).next().unwrap_or_default();
        }
        if !line.contains(".await") {
            continue;
        }
        // One that stands in a line of its own belongs to the line above that is indented as much and begins something.
        let mut from = at;
        while lines[from].trim_start().starts_with(['.', ')', '}']) && line.trim_start().starts_with('.') {
            let above =
                (0..from).rev().find(|above| !lines[*above].is_empty() && indent(lines[*above]) <= indent(line));
            from = above.expect("something begins above");
        }
        let number = |index: usize| u32::try_from(index + 1).expect("a file is short");
        awaits.push(Await { file: source.file, function, text: line, from: number(from), line: number(at) });
    }
    awaits
}

/// The lines of a place.
pub(crate) fn lines_of((_, at, outer): &Site) -> impl Iterator<Item = Line> {
    [Some(*at), *outer].into_iter().flatten()
}

/// Asserts that scripts were killed at each `.await`, but for those that are listed; how many there are, and how many of
/// these are listed.
#[track_caller]
pub(crate) fn assert_all_told(sources: &[Source], told: &BTreeSet<Line>, list: &[Untold]) -> (usize, usize) {
    let awaits: Vec<Await> = sources.iter().flat_map(|source| awaits(*source)).collect();
    let (is_told, untold): (Vec<&Await>, Vec<&Await>) = awaits.iter().partition(|it| it.is_told(told));
    let show = |it: &&Await| format!("{}:{} in {}: {}", it.file, it.line, it.function, it.text.trim());
    let missing: Vec<String> = untold.iter().filter(|it| !list.iter().any(|entry| it.is(entry))).map(show).collect();
    assert!(missing.is_empty(), "no script was killed at these, and they aren't listed: {missing:#?}");
    for entry @ Untold(file, function, text, why) in list {
        assert!(untold.iter().any(|it| it.is(entry)), "{file} in {function}: it isn't there, or was reached: {text}");
        match why {
            Why::Never(reason) => println!("{file} in {function}: never at {text}: {reason}"),
            Why::Beside(other) => {
                let is_other = |it: &&Await| it.file == *file && it.text.contains(other);
                assert!(is_told.iter().copied().any(|it| is_other(&it)), "{file}: the other isn't reached: {other}");
            }
        }
    }
    (awaits.len(), untold.len())
}
