//! What can be seen without a terminal: every screen can be drawn, and every parked line can be found.
//!
//! Run by `cargo test --example demo`.

mod interrupted;

use framestep::{
    TaskState,
    replay::{Detail, Game, Recorder, Setup, verify},
};
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    bar::{Motion, Scrub},
    grid::{Cell, Cone, Dir, Grid, Heading},
    night::{self, Night},
    palette::Palette,
    panel::Parked,
    rewind::Rewind,
    screen::{self, Look},
    stage::{FRAME, Stage},
    take::Mark,
    theatre::Theatre,
    world::{Keys, Phase, Pressed},
};

fn frame(stage: &mut Stage) {
    stage.frame(&Keys::default(), FRAME);
}

fn played(frames: u64, crowd: u32) -> Stage {
    let mut stage = Stage::build(&night::setup(1, None, crowd));
    for _ in 0..frames {
        frame(&mut stage);
    }
    stage
}

fn theatre(seed: u64) -> Theatre {
    let setup = night::setup(seed, None, 0);
    Theatre::live(Night::of(&setup).expect("the bundled map is good"), setup, None).expect("nothing is recorded")
}

fn picture(stage: &mut Stage, look: &Look, width: u16, height: u16) -> Vec<String> {
    let theatre = theatre(1);
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    screen::draw(stage, look, &mut buffer);
    let scrub = Scrub::of(&theatre, Motion::Playing, 0);
    screen::foot(&stage.report(), &scrub, None, look.palette, &mut buffer);
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(row).collect()
}

#[test]
fn any_size_of_terminal_can_be_drawn() {
    let mut stage = played(60, 5);
    let mut look = Look::new(Palette::Sixteen);
    for width in [1, 10, 39, 40, 57, 79, 80, 81, 136, 137, 200] {
        for height in [1, 5, 11, 12, 20, 23, 24, 25, 60] {
            for selected in [0, 3, 999] {
                look.selected = selected;
                look.words = (selected == 0).then(|| vec!["polled guard #4 at guard.rs:34".to_owned(); 30]);
                picture(&mut stage, &look, width, height);
            }
        }
    }
}

#[test]
fn eighty_by_twenty_four_holds_the_map_the_list_the_source_and_the_frame_line() {
    let mut stage = played(900, 0);
    let look = Look::new(Palette::True);
    frame(&mut stage);
    let screen = picture(&mut stage, &look, 80, 24);
    assert!(screen.iter().any(|row| row.contains('@')), "{screen:#?}");
    assert!(screen[0].contains("The Moth Diamond"), "{screen:#?}");
    assert!(screen[16].contains("scripts/guard.rs"), "{screen:#?}");
    assert!(screen.iter().any(|row| row.starts_with('►') && row.contains(".await")), "{screen:#?}");
    assert!(screen[23].contains("frame 901") && screen[23].contains("asleep"), "{screen:#?}");
}

#[test]
fn every_listed_script_is_parked_at_an_await_of_its_own_source() {
    let mut stage = played(600, 3);
    for _ in 0..3000 {
        frame(&mut stage);
        for listed in stage.listed() {
            // One that was woken since, by an event, isn't parked any more.
            let Some(task) = listed.task.filter(|task| task.state != TaskState::Ready) else { continue };
            let parked = Parked::of(&listed).expect("its source is part of the program");
            assert_eq!(parked.source.file, format!("{}.rs", listed.kind));
            let line = parked.line.unwrap_or_else(|| panic!("{} isn't parked in its source: {task:?}", listed.name));
            let text = parked.source.text.lines().nth(line as usize - 1).expect("the line is there");
            assert!(text.contains("await"), "{} is parked at {text:?}", listed.name);
        }
    }
}

#[test]
fn the_heist_is_what_was_recorded() {
    verify("assets/replays/heist.replay", Stage::build);
}

#[test]
fn the_capture_is_what_was_recorded() {
    verify("assets/replays/caught.replay", Stage::build);
}

#[test]
fn a_night_can_be_looked_at_anywhere_and_gone_on_with() {
    let mut theatre = theatre(14);
    let mut traces = vec![theatre.stage().trace_hash()];
    for _ in 0..600 {
        theatre.go_on(Keys::default()).expect("it is played");
        traces.push(theatre.stage().trace_hash());
    }
    for at in [599, 60, 61, 0, 333, 600] {
        theatre.seek(at).expect("it was played");
        assert_eq!((theatre.frame(), theatre.stage().trace_hash()), (at, traces[at as usize]));
        assert_eq!(theatre.is_live(), at == 600);
    }
    // What was played is played again, and then the night goes on.
    theatre.seek(598).expect("it was played");
    for at in [599, 600, 601] {
        theatre.go_on(Keys::default()).expect("it is played");
        assert_eq!((theatre.frame(), theatre.frames()), (at, at.max(600)));
    }
    assert!(theatre.is_live());
}

#[test]
fn who_takes_over_sees_where_the_takes_part() {
    let mut theatre = theatre(14);
    for _ in 0..900 {
        theatre.go_on(Keys::default()).expect("it is played");
    }
    theatre.seek(700).expect("it was played");
    theatre.go_on(Keys(vec![Pressed::Walk(Dir::West)])).expect("it is played");
    theatre.idle(FRAME);
    assert_eq!((theatre.taken_over(), theatre.frames(), theatre.is_live()), (Some(700), 701, true));
    let parting = theatre.parting().expect("the thief's script is woken by the key");
    assert_eq!(parting.frame, 701);
    assert!(parting.words.starts_with("Mina is woken, parked at thief.rs:"), "{}", parting.words);
}

#[test]
fn who_takes_over_and_does_the_same_parts_nowhere() {
    let setup = night::setup(14, None, 0);
    let heist = framestep::replay::Recording::from_bytes(crate::HEIST.to_vec()).expect("it ships");
    let keys = crate::take::Take::of(&heist).expect("it is of the museum");
    let walks = |at: u64| keys.keys(at).0.iter().any(|key| matches!(key, Pressed::Walk(_)));
    let first = (1..=keys.len()).find(|at| walks(*at)).expect("the player walks");
    assert_eq!(&keys.setup, &setup);
    let mut theatre = Theatre::recorded(Night::of(&setup).expect("the bundled map is good"), &heist).expect("it ships");
    theatre.seek(first - 1).expect("it is there");
    for at in first..first + 300 {
        theatre.go_on(keys.keys(at).clone()).expect("it is played");
    }
    while theatre.is_behind() {
        theatre.idle(FRAME);
    }
    assert!(theatre.is_live() && theatre.parting().is_none());
}

#[test]
fn the_bar_marks_the_alarm_the_diamond_and_the_end() {
    let heist = framestep::replay::Recording::from_bytes(crate::HEIST.to_vec()).expect("it ships");
    let night = Night::of(heist.setup()).expect("the bundled map is good");
    let mut theatre = Theatre::recorded(night, &heist).expect("it ships");
    while theatre.is_behind() {
        theatre.idle(FRAME);
    }
    let mut marks = theatre.marks().map(|(_, mark)| mark).collect::<Vec<_>>();
    marks.dedup();
    assert_eq!(marks.first(), Some(&Mark::Diamond));
    assert!(marks.contains(&Mark::Alarm));
    assert_eq!(marks.last(), Some(&Mark::End));
    let bar = Rect::new(0, 22, 80, 1);
    let scrub = Scrub::of(&theatre, Motion::Paused, 0);
    assert_eq!(scrub.frame_at(bar, 9), Some(0));
    assert_eq!(scrub.frame_at(bar, 72), Some(theatre.frames()));
    assert_eq!((scrub.frame_at(bar, 8), scrub.frame_at(bar, 73)), (None, None));
}

#[test]
fn pictures_backwards_are_those_forwards() {
    let setup = night::setup(2, None, 0);
    let mut theatre = theatre(2);
    let look = Look::new(Palette::True);
    let mut draw = |stage: &mut Stage| {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        screen::draw(stage, &look, &mut buffer);
        buffer
    };
    let mut forwards = vec![draw(theatre.stage())];
    for _ in 0..200 {
        theatre.go_on(Keys::default()).expect("it is played");
        forwards.push(draw(theatre.stage()));
    }
    let night = Night::of(&setup).expect("the bundled map is good");
    let mut rewind = Rewind::new(&theatre.take, &night, 200, &mut draw);
    assert_eq!(rewind.picture().frame, 200);
    for by in [1, 1, 2, 70, 1, 63, 4, 57, 1, 9] {
        let frame = rewind.picture().frame.saturating_sub(by);
        rewind.back(by, &mut draw);
        assert_eq!(rewind.picture().frame, frame);
        assert_eq!(rewind.picture().buffer, forwards[frame as usize]);
    }
    assert_eq!(rewind.picture().frame, 0);
}

/// Records a night in which the player leads the thief from a frame on, and does what the autopilot would have done.
fn record(path: &str, setup: &Setup, skips: &[u64], by_hand_from: u64, ending: Phase) {
    /// The ending's lines are said in this time.
    const EPILOGUE: u64 = 480;
    let skip = |at: u64| if skips.contains(&at) { vec![Pressed::Skip] } else { Vec::new() };
    let mut stage = Stage::build(setup);
    let mut keys = Vec::new();
    while !stage.phase().is_over() {
        let at = keys.len() as u64 + 1;
        let before = stage.thief().1;
        stage.frame(&Keys(skip(at)), FRAME);
        let step = Dir::between(before, stage.thief().1).filter(|_| at >= by_hand_from);
        keys.push(Keys(skip(at).into_iter().chain(step.map(Pressed::Walk)).collect()));
    }
    assert_eq!(stage.phase(), ending);
    let mut stage = Stage::build(setup);
    let mut recorder = Recorder::create(path, setup, Detail::Full, &mut stage).expect("it can be written");
    keys.resize(keys.len() + EPILOGUE as usize, Keys::default());
    for keys in &keys {
        recorder.frame(&mut stage, keys, FRAME).expect("it can be written");
    }
    recorder.finish(&mut stage).expect("it can be written");
    assert_eq!((stage.phase(), stage.is_by_hand()), (ending, true));
}

/// When the scene has changed on purpose, `BLESS=1` records the same keys anew. Where these lead to another ending now, this
/// finds others: `cargo test --example demo -- --ignored`.
#[test]
#[ignore = "it writes to assets/replays"]
fn record_the_nights_that_ship() {
    record("assets/replays/heist.replay", &night::setup(14, None, 0), &[], 1500, Phase::Escaped);
    record("assets/replays/caught.replay", &night::setup(3, None, 0), &[], 2400, Phase::Caught);
}

#[test]
fn a_wall_hides_what_is_behind_it() {
    let mut grid = Grid::new(5, 1);
    let (eye, behind) = (Cell::new(0, 0), Cell::new(4, 0));
    assert!(grid.sees(eye, behind));
    grid.set(Cell::new(2, 0), true, true);
    assert!(!grid.sees(eye, behind));
    assert!(grid.sees(eye, Cell::new(2, 0)));
    assert!(!grid.reaches(eye, behind));
}

#[test]
fn a_cone_covers_what_lies_ahead() {
    let cone = Cone { heading: Heading::degrees(90), half: Heading::degrees(30).0, range: 4 };
    let eye = Cell::new(10, 10);
    assert!(cone.covers(eye, Cell::new(10, 14)));
    assert!(cone.covers(eye, Cell::new(11, 13)));
    assert!(!cone.covers(eye, Cell::new(10, 15)));
    assert!(!cone.covers(eye, Cell::new(13, 11)));
    assert!(!cone.covers(eye, Cell::new(10, 6)));
}
