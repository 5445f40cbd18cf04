//! Small games into which a fault can be planted, and how they are recorded.
//!
//! Rule: what the recorded game does is what the game without a fault does; a fault is one line of code that differs,
//! as after an edit.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use framestep::replay::{Detail, Game, Recorder, Recording, ScriptGame, Setup};
use framestep::{Signal, current_frame, frames, next_frame, random};

/// A frame.
pub(crate) const STEP: Duration = Duration::from_nanos(16_666_667);

/// What the second game does otherwise.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The guard draws once more in a frame.
    ExtraDraw(u64),
    /// The watcher waits a frame longer for its turn once.
    Late(u64),
    /// The guard ends in a frame.
    Ends(u64),
    /// The watcher takes a frame's rest more before it hears bells again.
    Deaf(u64),
    /// Nothing is spawned.
    Empty,
    /// Another lane is stepped, too.
    MoreSteps,
}

/// A guard draws each frame and rings a bell when its player presses a key; a watcher waits for the bell, and a clerk
/// counts frames. The input is a key.
pub(crate) fn bells(fault: Fault) -> impl FnMut(&Setup) -> ScriptGame<u8> {
    move |setup| {
        let executor = setup.builder().build();
        let second = executor.add_lane("second");
        let key = Rc::new(Cell::new(0));
        if fault != Fault::Empty {
            let bell = Signal::new();
            executor.spawn(clerk(fault)).named("clerk");
            executor.spawn(watcher(bell.clone(), fault)).named("watcher");
            executor.spawn(guard(bell, key.clone(), fault)).named("guard");
        }
        ScriptGame::new(executor, move |executor, input, step| {
            key.set(*input);
            if fault == Fault::MoreSteps && executor.frame() == 99 {
                executor.step_lane(second, step);
            }
            executor.poll_once_with(step);
        })
    }
}

async fn clerk(fault: Fault) {
    loop {
        let pause = if fault == Fault::Late(current_frame()) { 2 } else { 1 };
        frames(pause).await;
    }
}

async fn watcher(bell: Signal, fault: Fault) {
    loop {
        bell.wait().await;
        let rest = if fault == Fault::Deaf(current_frame()) { 2 } else { 1 };
        frames(rest).await;
    }
}

async fn guard(bell: Signal, key: Rc<Cell<u8>>, fault: Fault) {
    loop {
        let _ = random();
        if fault == Fault::ExtraDraw(current_frame()) {
            let _ = random();
        }
        if key.get() == 1 {
            bell.raise();
        }
        if fault == Fault::Ends(current_frame()) {
            return;
        }
        next_frame().await;
    }
}

/// The key of a frame: it is pressed in each tenth.
pub(crate) fn key(frame: u64) -> u8 {
    u8::from(frame.is_multiple_of(10))
}

/// Records so many frames of a game, into memory.
pub(crate) fn record<G: Game>(
    mut build: impl FnMut(&Setup) -> G,
    frames: u64,
    detail: Detail,
    input: impl Fn(u64) -> G::Input,
) -> Recording {
    let setup = Setup::new(7).with("map", "museum");
    let mut game = build(&setup);
    let mut recorder = Recorder::to(Vec::new(), &setup, detail, &mut game).expect("the game has the setup's executor");
    for frame in 1..=frames {
        recorder.frame(&mut game, &input(frame), STEP).expect("memory takes it");
    }
    let bytes = recorder.finish(&mut game).expect("memory takes it");
    Recording::from_bytes(bytes).expect("it has just been written")
}

/// Text in which places in files have no lines: those change whenever a test is edited.
pub(crate) fn without_lines(text: &str) -> String {
    let mut parts = text.split(".rs:");
    let mut all = parts.next().expect("there is a first part").to_string();
    for part in parts {
        all += ".rs:_";
        all += part.trim_start_matches(|char: char| char.is_ascii_digit() || char == ':');
    }
    all
}
