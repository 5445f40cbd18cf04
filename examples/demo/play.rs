//! The terminal: keys in, pictures out, sixty frames a second.
//!
//! Rule: the terminal is left as it was, whatever happens: by a key, at the end, or by a panic.
//! How: `ratatui` enters the alternate screen with a panic hook that leaves it; a guard leaves it on every other way out.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};

use crate::{
    cli::Options,
    grid::Dir,
    map::Museum,
    palette::Palette,
    screen::{self, Look},
    stage::Stage,
    world::Pressed,
};

const FRAME: Duration = Duration::from_nanos(16_666_667);

/// What a key asks the terminal's player to do.
enum Wish {
    Quit,
    Restart,
    Select(isize),
    Press(Pressed),
}

/// Leaves the alternate screen when dropped.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

pub fn run(museum: &Museum, options: &Options) -> io::Result<()> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(io::Error::other("there is no terminal to play in; run it in one, or add --headless"));
    }
    let mut terminal = ratatui::try_init()?;
    let _restore = Restore;
    let mut seed = options.seed;
    let mut stage = Stage::new(museum, seed, options.crowd);
    let mut look = Look::new(Palette::detect());
    let mut next = Instant::now();
    let mut frames = 0;
    while options.frames.is_none_or(|limit| frames < limit) {
        for wish in wishes(next)? {
            match wish {
                Wish::Quit => return Ok(()),
                Wish::Restart if stage.phase().is_over() => {
                    seed += 1;
                    stage = Stage::new(museum, seed, options.crowd);
                    look = Look { selected: look.selected, ..Look::new(look.palette) };
                }
                Wish::Restart => {}
                Wish::Select(by) => {
                    let count = stage.listed().len().max(1);
                    look.selected = (look.selected + count).wrapping_add_signed(by) % count;
                }
                Wish::Press(key) => {
                    look.by_hand |= matches!(key, Pressed::Walk(_)) && !stage.phase().is_over();
                    stage.press(key);
                }
            }
        }
        look.report = stage.frame();
        frames += 1;
        if look.report.panicked > 0 {
            // The executor would go on, but the panic's message is where the picture was.
            return Err(io::Error::other("a script has panicked, see above; that is a bug in the demo"));
        }
        if let Some(news) = stage.news().into_iter().rfind(|news| !news.said) {
            look.last_news = (look.report.frame, news.text);
        }
        let listed = stage.listed();
        look.meter.watch(listed.get(look.selected % listed.len().max(1)).and_then(|it| it.task.as_ref()));
        terminal.draw(|frame| screen::draw(&mut stage, &look, frame.buffer_mut()))?;
        // A hitch is forgotten rather than caught up with.
        next = (next + FRAME).max(Instant::now());
    }
    Ok(())
}

/// The keys until it is time for the next frame.
fn wishes(until: Instant) -> io::Result<Vec<Wish>> {
    let mut wishes = Vec::new();
    while event::poll(until.saturating_duration_since(Instant::now()))? {
        let Event::Key(key) = event::read()? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let wish = match key.code {
            KeyCode::Char('q') | KeyCode::Esc => Wish::Quit,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Wish::Quit,
            KeyCode::Char('r') => Wish::Restart,
            KeyCode::Tab => Wish::Select(1),
            KeyCode::BackTab => Wish::Select(-1),
            KeyCode::Char(' ') | KeyCode::Enter => Wish::Press(Pressed::Skip),
            KeyCode::Right => Wish::Press(Pressed::Walk(Dir::East)),
            KeyCode::Down => Wish::Press(Pressed::Walk(Dir::South)),
            KeyCode::Left => Wish::Press(Pressed::Walk(Dir::West)),
            KeyCode::Up => Wish::Press(Pressed::Walk(Dir::North)),
            _ => continue,
        };
        wishes.push(wish);
    }
    Ok(wishes)
}
