//! A game in which one script is killed where it is parked, or panics in a poll: what then holds, whatever game it is.
//!
//! Rule: a game is played once as it is, to see when and where its scripts park and how often they are polled. Then it is
//! played again up to a frame in which a script is parked, and that script's owner is despawned; one that another script has
//! spawned by itself is cancelled. From there on nothing of the
//! script may run, nobody is told of a failure, and the others go on; when all are ended nothing is left in the executor.
//!
//! And it is played again with a panic in a poll of a script (`Executor::panic_at`). Up to it all is as ever. Then the error
//! handler is told of it, once and of nothing else, and the rest is as above. Who goes on is said by a rule: all that were
//! spawned before the script, and of those after it all that aren't cancelled with it as its own.
//!
//! Which lines a script is parked at is asked of the executor: the wait that was polled last, and the outermost combinator.
//!
//! The examples have it (`interrupted`), and so does the demo beside its own scripts.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{Script, ScriptExecutor, ScriptId, ScriptOf, ScriptRegistry, TaskId, TaskInfo, TaskState};

/// A game, as a test steps it.
pub(crate) trait Game {
    fn world(&mut self) -> &mut World;
    fn frame(&mut self);
}

/// How a game is played here.
pub(crate) struct Play {
    pub(crate) name: &'static str,
    pub(crate) game: fn() -> Box<dyn Game>,
    /// In so many frames it is killed or panics.
    pub(crate) frames: u32,
    /// So many are played after that.
    pub(crate) after: u32,
    /// What the player does in a frame.
    pub(crate) input: fn(&mut World, u32),
    /// Whether some of its scripts never end by themselves, whoever else is gone.
    pub(crate) goes_on: bool,
    /// What holds when all scripts are gone.
    pub(crate) at_end: fn(&mut World),
}

impl Play {
    /// With nobody who plays.
    pub(crate) const fn of(name: &'static str, game: fn() -> Box<dyn Game>, frames: u32) -> Play {
        Play { name, game, frames, after: frames, input: |_, _| (), goes_on: false, at_end: |_| () }
    }
}

/// A line of a source: the file, and the number of the line.
pub(crate) type Line = (&'static str, u32);

/// A place where a script parks: its name, the wait that was polled last, and the outermost combinator around it.
pub(crate) type Site = (String, Line, Option<Line>);

thread_local! {
    /// What the error handler was told on this thread, where the scripts are stepped.
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn tell(error: BevyError, _: ErrorContext) {
    TOLD.with_borrow_mut(|told| told.push(error.to_string()));
}

fn begin(play: &Play) -> Box<dyn Game> {
    let mut game = (play.game)();
    game.world().insert_resource(FallbackErrorHandler(tell));
    game.world().init_non_send::<ScriptExecutor>();
    game
}

fn frame(play: &Play, game: &mut dyn Game, frame: u32) {
    (play.input)(game.world(), frame);
    game.frame();
}

/// A script that is parked: who it is, where it is, and its spawn number.
#[derive(Clone, Debug)]
pub(crate) struct Parked {
    task: TaskId,
    pub(crate) site: Site,
    pub(crate) number: u64,
}

impl Parked {
    fn of(task: &TaskInfo) -> Option<Parked> {
        let wait = task.wait.filter(|_| task.state == TaskState::Waiting)?;
        let [at, outer] = [wait.at, wait.outer].map(|at| at.map(|at| (at.file(), at.line())));
        let site = (task.name.to_owned(), at.expect("all waits here are this crate's"), outer);
        Some(Parked { task: task.id, site, number: task.number })
    }

    /// Its owner, and its script; `None` for one that a script has spawned by itself.
    fn owner(&self, world: &mut World) -> Option<(Entity, ScriptId)> {
        let mut scripts = world.query::<(Entity, &Script, Option<&ScriptOf>)>();
        let executor = world.non_send::<ScriptExecutor>();
        scripts.iter(world).find_map(|(entity, script, of)| {
            let id = script.id().filter(|id| executor.script_info(*id).is_some_and(|info| info.id == self.task))?;
            Some((of.map_or(entity, |of| of.0), id))
        })
    }
}

/// By their spawn numbers.
fn parked(world: &mut World) -> Vec<Parked> {
    let mut parked = Vec::new();
    world.non_send::<ScriptExecutor>().executor().for_each_task(|task| parked.extend(Parked::of(task)));
    parked.sort_by_key(|script| script.number);
    parked
}

/// The scripts that haven't ended, by their spawn numbers.
fn live(world: &mut World) -> BTreeSet<u64> {
    let mut live = BTreeSet::new();
    world.non_send::<ScriptExecutor>().executor().for_each_task(|task| _ = live.insert(task.number));
    live
}

/// What happens where nothing is interrupted.
#[derive(Default)]
pub(crate) struct Whole {
    /// Of each script its name and how often it was polled as far as was seen, by spawn numbers.
    pub(crate) polls: BTreeMap<u64, (String, u32)>,
    /// Of each place the first frame in which a script is parked there.
    pub(crate) sites: BTreeMap<Site, u32>,
    /// The frames after which a script is parked anew, by its spawn number.
    pub(crate) parks: BTreeMap<u64, Vec<u32>>,
    /// Who is live after each frame.
    live: Vec<BTreeSet<u64>>,
}

impl Whole {
    pub(crate) fn of(play: &Play) -> Self {
        let mut game = begin(play);
        let (mut whole, mut seen) = (Whole::default(), BTreeMap::new());
        for at in 0..play.frames {
            frame(play, &mut *game, at);
            let mut live = BTreeSet::new();
            game.world().non_send::<ScriptExecutor>().executor().for_each_task(|task| {
                live.insert(task.number);
                whole.polls.insert(task.number, (task.name.to_owned(), task.polls));
                let Some(script) = Parked::of(task) else { return };
                whole.sites.entry(script.site).or_insert(at);
                if seen.insert(task.number, task.polls) != Some(task.polls) {
                    whole.parks.entry(task.number).or_default().push(at);
                }
            });
            whole.live.push(live);
        }
        let has_seen_all = whole.polls.keys().copied().eq(1..=whole.polls.len() as u64);
        assert!(has_seen_all && !whole.sites.is_empty(), "{}: all are seen", play.name);
        whole
    }

    /// The polls of a script that may come. What ended did so in one more than was seen, unless it was cancelled.
    pub(crate) fn may_come(&self, number: u64) -> u32 {
        let has_ended = !self.live.last().is_some_and(|live| live.contains(&number));
        self.polls[&number].1 + u32::from(has_ended)
    }
}

/// Plays up to a frame, kills a script that `choose` picks, plays on, and ends it all; where that script was parked.
pub(crate) fn kill(play: &Play, at: u32, choose: impl Fn(&[Parked]) -> Option<usize>) -> Option<Site> {
    let mut game = begin(play);
    (0..=at).for_each(|number| frame(play, &mut *game, number));
    let scripts = parked(game.world());
    let script = scripts.get(choose(&scripts)?)?;
    let Parked { task, site, .. } = script;
    let what = format!("{}: killed in frame {at} at {site:?}", play.name);
    if let Some((owner, id)) = script.owner(game.world()) {
        game.world().despawn(owner);
        assert!(!game.world().resource::<ScriptRegistry>().is_running(id), "{what}");
    } else {
        assert!(game.world().non_send::<ScriptExecutor>().executor().cancel(*task), "{what}");
    }
    go_on(play, &mut *game, at + 1, &what, |world| {
        assert!(world.non_send::<ScriptExecutor>().executor().task_info(*task).is_none(), "{what}");
    });
    (play.at_end)(game.world());
    assert_eq!(TOLD.take(), [""; 0], "{what}");
    Some(site.clone())
}

/// Plays a game in which a poll of a script panics, plays on, and ends it all; whether that poll came.
pub(crate) fn strike(play: &Play, whole: &Whole, number: u64, poll: u32) -> bool {
    let (name, polls) = &whole.polls[&number];
    let what = format!("{}: poll {poll} of `{name}`, script {number}", play.name);
    let mut game = begin(play);
    game.world().non_send::<ScriptExecutor>().executor().panic_at(number, poll);
    for (at, expected) in (0..).zip(&whole.live) {
        frame(play, &mut *game, at);
        if TOLD.with_borrow(Vec::is_empty) {
            let live = game.world().non_send::<ScriptExecutor>().executor().live();
            assert_eq!(live, expected.len(), "{what}: up to it all is as ever");
            continue;
        }
        let live = live(game.world());
        let before = at.checked_sub(1).map(|before| &whole.live[before as usize]);
        let was_there = |other: &&u64| **other < number || before.is_some_and(|before| before.contains(other));
        let gone: Vec<u64> = expected.difference(&live).filter(was_there).copied().filter(|it| *it != number).collect();
        let report = game.world().resource::<ScriptRegistry>().last_report();
        assert!(gone.iter().all(|gone| *gone > number) && gone.len() as u64 <= report.cancelled, "{what}: {gone:?}");
        assert!(!live.contains(&number), "{what}: it has ended");
        // In its first poll it has done nothing yet, and so has nothing to clean up.
        if live.is_empty() && poll > 1 {
            (play.at_end)(game.world());
        }
        go_on(play, &mut *game, at + 1, &what, |_| ());
        if poll > 1 {
            (play.at_end)(game.world());
        }
        let told = TOLD.take();
        let is_it = |told: &String| {
            told.starts_with(&format!("script `{name}`"))
                && told.contains(&format!("a fault in poll {poll} of script {number},"))
        };
        assert!(told.len() == 1 && told.iter().all(is_it), "{what}: {told:?}");
        return true;
    }
    assert!(poll > *polls, "{what}: it comes");
    end_all(play, &mut *game);
    (play.at_end)(game.world());
    assert_eq!(TOLD.take(), [""; 0], "{what}");
    false
}

/// Plays on from a frame, with a look after each, and ends it all.
fn go_on(play: &Play, game: &mut dyn Game, from: u32, what: &str, look: impl Fn(&mut World)) {
    for at in from..from + play.after {
        frame(play, game, at);
        look(game.world());
    }
    assert!(!play.goes_on || !live(game.world()).is_empty(), "{what}: the others go on");
    end_all(play, game);
}

/// Ends all scripts; nothing is left of them in the executor, nor on an entity.
fn end_all(play: &Play, game: &mut dyn Game) {
    let scripts: Vec<Entity> = game.world().query_filtered::<Entity, With<Script>>().iter(game.world()).collect();
    for script in scripts {
        game.world().despawn(script);
    }
    game.frame();
    let world = game.world();
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0, "{}", play.name);
    assert_eq!(world.non_send::<ScriptExecutor>().executor().live(), 0, "{}", play.name);
    assert_eq!(world.query::<&Script>().iter(world).count(), 0, "{}", play.name);
}

/// Which of so many times are tried: so many at first, and so many of those that follow, one in `every`.
#[derive(Copy, Clone)]
pub(crate) struct Times {
    pub(crate) first: usize,
    pub(crate) later: usize,
    pub(crate) every: usize,
}

impl Times {
    fn of(self, times: usize) -> impl Iterator<Item = usize> {
        (0..times.min(self.first)).chain((self.first..times).step_by(self.every).take(self.later))
    }
}

/// Kills each script some of the times that it parks; where it was then.
pub(crate) fn kill_some(play: &Play, whole: &Whole, times: Times) -> Vec<Site> {
    let mut killed = Vec::new();
    for (&number, parks) in &whole.parks {
        for at in times.of(parks.len()).map(|time| parks[time]) {
            let site = kill(play, at, |scripts| scripts.iter().position(|script| script.number == number));
            killed.push(site.unwrap_or_else(|| panic!("{}: script {number} in frame {at}", play.name)));
        }
    }
    killed
}

/// Has each script panic in some of its polls; how many of these came, and how many didn't.
pub(crate) fn strike_some(play: &Play, whole: &Whole, times: Times) -> (u32, u32) {
    let (mut struck, mut missed) = (0, 0);
    for &number in whole.polls.keys() {
        for poll in times.of(whole.may_come(number) as usize) {
            let comes = strike(play, whole, number, poll as u32 + 1);
            *if comes { &mut struck } else { &mut missed } += 1;
        }
    }
    (struck, missed)
}
