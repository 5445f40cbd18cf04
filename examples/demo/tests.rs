//! What can be seen without a terminal: every screen can be drawn, and every parked line can be found.
//!
//! Run by `cargo test --example demo`.

use framestep::TaskState;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    grid::{Cell, Cone, Grid, Heading},
    map::Museum,
    palette::Palette,
    panel::Parked,
    screen::{self, Look},
    stage::Stage,
};

fn played(frames: u64, crowd: u32) -> Stage {
    let mut stage = Stage::new(&Museum::bundled().expect("the bundled map is good"), 1, crowd);
    for _ in 0..frames {
        stage.frame();
    }
    stage
}

fn picture(stage: &mut Stage, look: &Look, width: u16, height: u16) -> Vec<String> {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
    screen::draw(stage, look, &mut buffer);
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
                picture(&mut stage, &look, width, height);
            }
        }
    }
}

#[test]
fn eighty_by_twenty_four_holds_the_map_the_list_the_source_and_the_frame_line() {
    let mut stage = played(900, 0);
    let mut look = Look::new(Palette::True);
    look.report = stage.frame();
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
        stage.frame();
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
