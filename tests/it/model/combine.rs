//! Waits that end with a word, and how the crate combines them.
//!
//! Rule: `waits.rs` holds the same as step machines.

use framestep as fs;
use std::{future::Future, pin::Pin, time::Duration};

/// A wait, for the log.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = String>>>;

pub(crate) fn worded<T>(word: &'static str, wait: impl Future<Output = T> + 'static) -> Waiting {
    Box::pin(async move {
        wait.await;
        word.to_string()
    })
}

pub(crate) async fn joined(all: impl Future<Output = Vec<String>>) -> String {
    format!("join[{}]", all.await.join(" "))
}

pub(crate) async fn raced(all: impl Future<Output = (usize, String)>) -> String {
    let (at, word) = all.await;
    format!("race[{at}:{word}]")
}

/// `join`, `join3` or `join4`, by the number of parts.
pub(crate) fn both(parts: Vec<Waiting>) -> Waiting {
    match parts.len() {
        2 => {
            let [a, b] = exactly(parts);
            let join = fs::join(a, b);
            Box::pin(async move {
                let (a, b) = join.await;
                format!("join[{a} {b}]")
            })
        }
        3 => {
            let [a, b, c] = exactly(parts);
            let join = fs::join3(a, b, c);
            Box::pin(async move {
                let (a, b, c) = join.await;
                format!("join[{a} {b} {c}]")
            })
        }
        4 => {
            let [a, b, c, d] = exactly(parts);
            let join = fs::join4(a, b, c, d);
            Box::pin(async move {
                let (a, b, c, d) = join.await;
                format!("join[{a} {b} {c} {d}]")
            })
        }
        _ => Box::pin(joined(fs::join_all(parts))),
    }
}

/// `race`, `race3` or `race4`, by the number of parts.
pub(crate) fn first(parts: Vec<Waiting>) -> Waiting {
    match parts.len() {
        2 => {
            let [a, b] = exactly(parts);
            let race = fs::race(a, b);
            Box::pin(async move {
                match race.await {
                    fs::Race::First(word) => format!("race[0:{word}]"),
                    fs::Race::Second(word) => format!("race[1:{word}]"),
                }
            })
        }
        3 => {
            let [a, b, c] = exactly(parts);
            let race = fs::race3(a, b, c);
            Box::pin(async move {
                match race.await {
                    fs::Race3::First(word) => format!("race[0:{word}]"),
                    fs::Race3::Second(word) => format!("race[1:{word}]"),
                    fs::Race3::Third(word) => format!("race[2:{word}]"),
                }
            })
        }
        4 => {
            let [a, b, c, d] = exactly(parts);
            let race = fs::race4(a, b, c, d);
            Box::pin(async move {
                match race.await {
                    fs::Race4::First(word) => format!("race[0:{word}]"),
                    fs::Race4::Second(word) => format!("race[1:{word}]"),
                    fs::Race4::Third(word) => format!("race[2:{word}]"),
                    fs::Race4::Fourth(word) => format!("race[3:{word}]"),
                }
            })
        }
        _ => Box::pin(raced(fs::race_all(parts))),
    }
}

pub(crate) fn exactly<const N: usize>(parts: Vec<Waiting>) -> [Waiting; N] {
    parts.try_into().unwrap_or_else(|_| unreachable!("counted"))
}

/// `timeout`.
pub(crate) fn within(time: Duration, wait: Waiting) -> Waiting {
    let within = fs::timeout(time, wait);
    Box::pin(async move {
        match within.await {
            Ok(word) => format!("in time[{word}]"),
            Err(fs::Elapsed { .. }) => "elapsed".to_string(),
        }
    })
}

/// `until`.
pub(crate) fn until(inner: Waiting, wait: Waiting) -> Waiting {
    let until = fs::Until::until(inner, wait);
    Box::pin(async move {
        match until.await {
            Some(word) => format!("until[{word}]"),
            None => "given up".to_string(),
        }
    })
}
