//! The test kit: what it asserts, and what it says when that fails.
//!
//! How: a failing assertion is run as a game's programmer would run it, and its message compared. Places in this file
//! are cut out of messages by `told`, which puts `FILE:LINE` for them.

use std::panic::{AssertUnwindSafe, catch_unwind};

mod alone;
#[cfg(feature = "bevy_ecs")]
mod on_entities;

/// The message of the panic that this ends with, with places in these tests replaced.
fn told(act: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(act)).expect_err("it is to fail");
    let message = payload.downcast_ref::<String>().cloned();
    let message = message.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    without_places(&message.expect("panics have messages"))
}

/// Puts `HERE` for each `tests/it/testing/..:line:column`.
fn without_places(text: &str) -> String {
    let mut pieces = text.replace('\\', "/");
    while let Some(start) = pieces.find("tests/it/testing/") {
        let rest = &pieces[start..];
        let end = rest.find(".rs").expect("a place names a file") + ".rs".len();
        let is_number = |char: char| char == ':' || char.is_ascii_digit();
        let end = end + rest[end..].find(|char| !is_number(char)).unwrap_or(rest.len() - end);
        let colon = if rest[..end].ends_with(':') { ":" } else { "" };
        pieces = format!("{}HERE{colon}{}", &pieces[..start], &rest[end..]);
    }
    pieces
}
