//! The terminal: keys in, pictures out, sixty frames a second.
//!
//! Rule: the terminal is left as it was, whatever happens: by a key, at the end, or by a panic.
//! How: `ratatui` enters the alternate screen with a panic hook that leaves it; a guard leaves it on every other way out.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use framestep::replay::{Recording, Setup};
use ratatui::{
    DefaultTerminal,
    buffer::Buffer,
    crossterm::{
        event::{
            self, DisableMouseCapture, EnableMouseCapture, Event, KeyCode, KeyEventKind, KeyModifiers, MouseButton,
            MouseEventKind,
        },
        execute,
    },
    layout::Rect,
};

use crate::{
    bar::{Motion, Scrub},
    cli::Options,
    ending::{self, Stop},
    grid::Dir,
    live::Record,
    night::Night,
    palette::Palette,
    rewind::Rewind,
    screen::{self, Look},
    stage::{FRAME, Stage},
    theatre::Theatre,
    world::{Keys, Pressed},
};

/// Of each frame so much is left for what hasn't been seen of a recording yet.
const IDLE: Duration = Duration::from_millis(3);
/// A key that comes again within this time is being held, and is let go of when it doesn't.
const HELD: Duration = Duration::from_millis(150);
/// How long a key that rewinds does so without being held: until it would come again.
const REWIND: Duration = Duration::from_millis(550);

/// What a key asks the terminal's player to do.
enum Wish {
    Quit,
    Restart,
    Select(isize),
    Press(Pressed),
    Pause,
    StepOn,
    StepBack,
    Rewind,
    Seek(u64),
    /// The last frame there is.
    Last,
    Click(u16, u16),
}

/// Leaves the alternate screen when dropped.
struct Restore;

impl Drop for Restore {
    fn drop(&mut self) {
        execute!(io::stdout(), DisableMouseCapture).ok();
        ratatui::restore();
    }
}

/// Plays a night from its first frame.
pub fn live(night: Night, setup: Setup, options: &Options, record: Option<Record>) -> Result<(), Stop> {
    check_terminal()?;
    run(Theatre::live(night, setup, record)?, options)
}

/// Plays a recorded night, until an arrow key takes over.
pub fn recorded(recording: &Recording, night: Night, options: &Options) -> Result<(), Stop> {
    check_terminal()?;
    let mut theatre = Theatre::recorded(night, recording)?;
    if let Some(frame) = options.seek {
        if frame > theatre.frames() {
            return Err(format!("--seek {frame}: the recording has {} frames", theatre.frames()).into());
        }
        theatre.seek(frame)?;
    }
    run(theatre, options)
}

fn check_terminal() -> Result<(), Stop> {
    if io::stdout().is_terminal() && io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Stop::Refused("there is no terminal to play in; run it in one, or add --headless".into()))
}

fn run(theatre: Theatre, options: &Options) -> Result<(), Stop> {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        execute!(io::stdout(), DisableMouseCapture).ok();
        before(info);
    }));
    let mut terminal = ratatui::try_init()?;
    let restore = Restore;
    execute!(io::stdout(), EnableMouseCapture)?;
    let mut front = Front::new(theatre, options.seek.is_some());
    let played = front.play(&mut terminal, options.frames);
    drop(restore);
    let setup = front.theatre.take.setup.clone();
    let recorded = front.theatre.finish();
    played?;
    tell_test(recorded?.as_ref(), &setup, options);
    Ok(())
}

/// Says how the night that was played becomes a test.
fn tell_test(record: Option<&Record>, setup: &Setup, options: &Options) {
    if let Some(record) = record {
        println!("This night is in {}; as a test:\n\n    {}\n", record.path.display(), ending::test_of(&record.path));
    } else if let Some(path) = &options.replay {
        println!("As a test:\n\n    {}\n", ending::test_of(path));
    } else {
        let mut flags = format!("--seed {}", setup.seed);
        for name in ["map", "crowd"] {
            if let Some(value) = setup.option(name) {
                flags += &format!(" --{name} {value}");
            }
        }
        let test = ending::test_of("night.replay".as_ref());
        println!(
            "To keep a night such as this, add `{flags} --record night.replay`; then it is a test:\n\n    {test}\n"
        );
    }
}

/// What is seen and how it goes on.
struct Front {
    theatre: Theatre,
    look: Look,
    is_paused: bool,
    /// Pictures of the frames before, where one is going back.
    rewind: Option<Rewind>,
    /// Until when pictures go back by themselves, and for how many they have.
    rewinds_until: Option<Instant>,
    rewound: u64,
    last_back: Option<Instant>,
    area: Rect,
}

impl Front {
    fn new(theatre: Theatre, is_paused: bool) -> Self {
        Self {
            theatre,
            look: Look::new(Palette::detect()),
            is_paused,
            rewind: None,
            rewinds_until: None,
            rewound: 0,
            last_back: None,
            area: Rect::ZERO,
        }
    }

    fn play(&mut self, terminal: &mut DefaultTerminal, limit: Option<u64>) -> Result<(), Stop> {
        let mut next = Instant::now();
        while limit.is_none_or(|limit| self.theatre.frame() < limit) {
            let size = terminal.size()?;
            self.resize(Rect::new(0, 0, size.width, size.height))?;
            let mut keys = Keys::default();
            for wish in wishes(next)? {
                match wish {
                    Wish::Quit => return Ok(()),
                    Wish::Press(key) => keys.0.push(key),
                    wish => self.grant(wish)?,
                }
            }
            self.go(keys)?;
            self.theatre.idle(IDLE);
            self.draw(terminal)?;
            // A hitch is forgotten rather than caught up with.
            next = (next + FRAME).max(Instant::now());
        }
        Ok(())
    }

    /// Plays the next frame, or goes back by some.
    fn go(&mut self, mut keys: Keys) -> Result<(), Stop> {
        if self.rewinds_until.is_some_and(|until| until > Instant::now()) {
            self.rewound += 1;
            // The longer, the faster: at double speed after a second, at four times that of the film after three.
            let speed = match self.rewound {
                0..60 => 1,
                60..180 => 2,
                _ => 4,
            };
            return self.back(speed);
        }
        (self.rewinds_until, self.rewound) = (None, 0);
        let walks = keys.0.iter().any(|key| matches!(key, Pressed::Walk(_)));
        if walks && !self.theatre.stage().phase().is_over() {
            self.is_paused = false;
        } else if !self.theatre.is_live() {
            // A recorded night has its own keys.
            keys.0.clear();
        }
        if self.is_paused {
            return Ok(());
        }
        self.here()?;
        self.look.words = None;
        self.on(keys)?;
        self.is_paused = !self.theatre.goes_on();
        Ok(())
    }

    /// Goes on by a frame.
    fn on(&mut self, keys: Keys) -> Result<(), Stop> {
        self.theatre.go_on(keys)?;
        if self.theatre.stage().report().panicked > 0 {
            // The executor would go on, but the panic's message is where the picture was.
            return Err(Stop::Refused("a script has panicked, see above; that is a bug in the demo".into()));
        }
        self.watch();
        Ok(())
    }

    /// Looks at the countdown of the selected script.
    fn watch(&mut self) {
        let listed = self.theatre.stage().listed();
        self.look.meter.watch(listed.get(self.look.selected % listed.len().max(1)).and_then(|it| it.task.as_ref()));
    }

    fn grant(&mut self, wish: Wish) -> Result<(), Stop> {
        match wish {
            Wish::Restart => self.restart()?,
            Wish::Select(by) => {
                self.here()?;
                let count = self.theatre.stage().listed().len().max(1);
                self.look.selected = (self.look.selected + count).wrapping_add_signed(by) % count;
                self.look.words = None;
                self.watch();
            }
            Wish::Pause => self.is_paused = !self.is_paused,
            Wish::StepOn => {
                self.is_paused = true;
                self.here()?;
                if self.theatre.goes_on() {
                    self.on(Keys::default())?;
                }
                self.look.words = Some(self.theatre.words());
            }
            Wish::StepBack => {
                let now = Instant::now();
                let is_held = self.last_back.replace(now).is_some_and(|last| now - last < HELD);
                self.is_paused = true;
                if is_held {
                    self.rewinds_until = Some(now + HELD);
                } else {
                    self.back(1)?;
                }
            }
            Wish::Rewind => {
                self.is_paused = true;
                self.back(1)?;
                self.rewinds_until = Some(Instant::now() + REWIND);
            }
            Wish::Seek(frame) => self.seek(frame)?,
            Wish::Last => self.seek(self.theatre.frames())?,
            Wish::Click(x, y) => {
                let bar = screen::bar(self.area);
                if y == bar.y
                    && let Some(frame) = self.scrub().frame_at(bar, x)
                {
                    self.seek(frame)?;
                }
            }
            Wish::Quit | Wish::Press(_) => {}
        }
        Ok(())
    }

    /// Another night, after the end of this one.
    fn restart(&mut self) -> Result<(), Stop> {
        if !self.theatre.stage().phase().is_over() || self.theatre.is_recorded() {
            return Ok(());
        }
        let mut setup = self.theatre.take.setup.clone();
        setup.seed = setup.seed.wrapping_add(1);
        self.theatre = Theatre::live(self.theatre.night.clone(), setup, None)?;
        self.look = Look { selected: self.look.selected, ..Look::new(self.look.palette) };
        (self.rewind, self.is_paused) = (None, false);
        Ok(())
    }

    fn seek(&mut self, frame: u64) -> Result<(), Stop> {
        (self.rewind, self.rewinds_until, self.look.words) = (None, None, None);
        self.theatre.seek(frame)?;
        self.watch();
        Ok(())
    }

    /// Goes back by so many frames, as pictures.
    fn back(&mut self, frames: u64) -> Result<(), Stop> {
        self.look.words = None;
        self.look.is_recorded = true;
        let (look, area) = (&self.look, self.area);
        let mut draw = |stage: &mut Stage| {
            let mut buffer = Buffer::empty(area);
            screen::draw(stage, look, &mut buffer);
            buffer
        };
        let frame = self.theatre.frame();
        let rewind =
            self.rewind.get_or_insert_with(|| Rewind::new(&self.theatre.take, &self.theatre.night, frame, &mut draw));
        rewind.back(frames, &mut draw);
        Ok(())
    }

    /// Has the stage stand where the picture is.
    fn here(&mut self) -> Result<(), Stop> {
        match self.rewind.take() {
            Some(rewind) => self.seek(rewind.picture().frame),
            None => Ok(()),
        }
    }

    fn resize(&mut self, area: Rect) -> Result<(), Stop> {
        if self.area != area {
            self.here()?;
            self.area = area;
        }
        Ok(())
    }

    fn scrub(&self) -> Scrub {
        let motion = match (self.rewinds_until, self.is_paused) {
            (Some(_), _) => Motion::Rewinding,
            (None, true) => Motion::Paused,
            (None, false) => Motion::Playing,
        };
        let frame = self.rewind.as_ref().map_or_else(|| self.theatre.frame(), |rewind| rewind.picture().frame);
        Scrub::of(&self.theatre, motion, frame)
    }

    fn draw(&mut self, terminal: &mut DefaultTerminal) -> io::Result<()> {
        let scrub = self.scrub();
        self.look.is_recorded = !self.theatre.is_live();
        self.look.can_restart = !self.theatre.is_recorded();
        let Self { theatre, look, rewind, .. } = self;
        terminal.draw(|frame| {
            let buffer = frame.buffer_mut();
            let report = match rewind.as_ref().map(Rewind::picture) {
                Some(picture) if picture.buffer.area == buffer.area => {
                    buffer.content.clone_from_slice(&picture.buffer.content);
                    picture.report
                }
                _ => {
                    screen::draw(theatre.stage(), look, buffer);
                    theatre.stage().report()
                }
            };
            screen::foot(&report, &scrub, theatre.parting(), look.palette, buffer);
        })?;
        Ok(())
    }
}

/// The keys until it is time for the next frame.
fn wishes(until: Instant) -> io::Result<Vec<Wish>> {
    let mut wishes = Vec::new();
    while event::poll(until.saturating_duration_since(Instant::now()))? {
        let wish = match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => match key.code {
                KeyCode::Char('q') | KeyCode::Esc => Wish::Quit,
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Wish::Quit,
                KeyCode::Char('r') => Wish::Restart,
                KeyCode::Tab => Wish::Select(1),
                KeyCode::BackTab => Wish::Select(-1),
                KeyCode::Char(' ') => Wish::Pause,
                KeyCode::Char('.') => Wish::StepOn,
                KeyCode::Char(',') => Wish::StepBack,
                KeyCode::Backspace | KeyCode::PageUp => Wish::Rewind,
                KeyCode::Home => Wish::Seek(0),
                KeyCode::End => Wish::Last,
                KeyCode::Enter => Wish::Press(Pressed::Skip),
                KeyCode::Right => Wish::Press(Pressed::Walk(Dir::East)),
                KeyCode::Down => Wish::Press(Pressed::Walk(Dir::South)),
                KeyCode::Left => Wish::Press(Pressed::Walk(Dir::West)),
                KeyCode::Up => Wish::Press(Pressed::Walk(Dir::North)),
                _ => continue,
            },
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => {
                    Wish::Click(mouse.column, mouse.row)
                }
                _ => continue,
            },
            _ => continue,
        };
        wishes.push(wish);
    }
    Ok(wishes)
}
