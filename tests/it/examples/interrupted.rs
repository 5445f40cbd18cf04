//! Every script of every example, killed at each of its awaits, and struck by a panic in each of its polls.
//!
//! Rule: a game is run once as it is, to see at which awaits its scripts park and how often they are polled. Then it is run
//! again for each await, up to the first frame in which a script is parked there, and that script's owner is despawned. From
//! there on nothing of the script may run, its clean-up has been done once, nobody is told of a failure, and
//! the others go on; when all are gone nothing is left in the executor. The same is done for each time that each script
//! parks, up to ten times, and for five at most of those after it. Random frames are tried on top.
//!
//! And it is run again for as many polls of each script, with a panic there (`Executor::panic_at`). Up to it all is as ever.
//! Then the error handler is told of it, once and of nothing else, and the rest is as above. Who goes on is said by a rule:
//! all that were spawned before the script, and of those after it all that aren't cancelled with it as its own.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bevy_ecs::error::{BevyError, ErrorContext, FallbackErrorHandler};
use bevy_ecs::prelude::*;
use framestep::{Script, ScriptExecutor, ScriptId, ScriptOf, ScriptRegistry, TaskState};
use proptest::prelude::*;

/// A game, as a test steps it.
pub(super) trait Game {
    fn world(&mut self) -> &mut World;
    fn frame(&mut self);
}

impl Game for (World, Schedule) {
    fn world(&mut self) -> &mut World {
        &mut self.0
    }

    fn frame(&mut self) {
        self.1.run(&mut self.0);
    }
}

#[cfg(feature = "bevy_app")]
impl Game for bevy_app::App {
    fn world(&mut self) -> &mut World {
        self.world_mut()
    }

    fn frame(&mut self) {
        self.update();
    }
}

/// How an example is played here.
pub(super) struct Play {
    pub(super) name: &'static str,
    pub(super) game: fn() -> Box<dyn Game>,
    pub(super) frames: u32,
    /// What the player does in a frame.
    pub(super) input: fn(&mut World, u32),
    /// What holds when all scripts are gone.
    pub(super) at_end: fn(&mut World),
}

/// A place where a script parks: its name, and the file and line.
type Site = (String, &'static str, u32);

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

/// A script that is parked: its owner, where it is, its spawn number, and its polls so far.
#[derive(Clone, Debug)]
struct Parked {
    owner: Entity,
    id: ScriptId,
    site: Site,
    number: u64,
    polls: u32,
}

fn parked(world: &mut World) -> Vec<Parked> {
    let mut scripts: Vec<(Entity, ScriptId)> = world
        .query::<(Entity, &Script, Option<&ScriptOf>)>()
        .iter(world)
        .filter_map(|(entity, script, of)| Some((of.map_or(entity, |of| of.0), script.id()?)))
        .collect();
    scripts.sort_by_key(|script| script.1);
    let executor = world.non_send::<ScriptExecutor>();
    let known = |(owner, id)| {
        let info = executor.script_info(id).filter(|info| info.state == TaskState::Waiting)?;
        let at = info.wait?.at?;
        let site = (info.name.to_owned(), at.file(), at.line());
        Some(Parked { owner, id, site, number: info.number, polls: info.polls })
    };
    scripts.into_iter().filter_map(known).collect()
}

/// Of each place the first frame in which a script is parked there.
fn sites(play: &Play) -> BTreeMap<Site, u32> {
    let mut game = begin(play);
    let mut sites = BTreeMap::new();
    for number in 0..play.frames {
        frame(play, &mut *game, number);
        for script in parked(game.world()) {
            sites.entry(script.site).or_insert(number);
        }
    }
    sites
}

/// Each time is tried up to this one; of those that follow one in so many.
const TIMES: usize = 10;
const LATER: usize = 23;

/// The frames after which a script is parked anew, by its spawn number.
fn parks(play: &Play) -> BTreeMap<u64, Vec<u32>> {
    let mut game = begin(play);
    let mut seen = BTreeMap::new();
    let mut parks: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for at in 0..play.frames {
        frame(play, &mut *game, at);
        for script in parked(game.world()) {
            if seen.insert(script.number, script.polls) != Some(script.polls) {
                parks.entry(script.number).or_default().push(at);
            }
        }
    }
    parks
}

/// Which of so many times are tried.
fn some(times: usize) -> impl Iterator<Item = usize> {
    (0..times.min(TIMES)).chain((TIMES..times).step_by(LATER).take(TIMES / 2))
}

/// The scripts that haven't ended, by their spawn numbers.
fn live(world: &mut World) -> BTreeSet<u64> {
    let mut live = BTreeSet::new();
    world.non_send::<ScriptExecutor>().executor().for_each_task(|task| _ = live.insert(task.number));
    live
}

/// What happens where nothing is interrupted.
struct Whole {
    /// Of each script its name and how often it was polled as far as was seen, by spawn numbers.
    polls: BTreeMap<u64, (String, u32)>,
    /// Who is live after each frame.
    live: Vec<BTreeSet<u64>>,
}

impl Whole {
    fn of(play: &Play) -> Self {
        let mut game = begin(play);
        let mut whole = Whole { polls: BTreeMap::new(), live: Vec::new() };
        for number in 0..play.frames {
            frame(play, &mut *game, number);
            whole.live.push(live(game.world()));
            let executor = game.world().non_send::<ScriptExecutor>().executor();
            executor.for_each_task(|task| _ = whole.polls.insert(task.number, (task.name.to_owned(), task.polls)));
        }
        whole
    }

    /// The polls of a script that may come. What ended did so in one more than was seen, unless it was cancelled.
    fn may_come(&self, number: u64) -> u32 {
        let has_ended = !self.live.last().is_some_and(|live| live.contains(&number));
        self.polls[&number].1 + u32::from(has_ended)
    }
}

/// Those of all plays, in their order.
static WHOLE: LazyLock<Vec<Whole>> = LazyLock::new(|| super::plays().iter().map(Whole::of).collect());

/// Runs a game up to a frame, kills the owner of a script that `choose` picks, runs on, and ends it all.
fn kill(play: &Play, at: u32, choose: impl Fn(&[Parked]) -> Option<usize>) -> bool {
    let mut game = begin(play);
    (0..=at).for_each(|number| frame(play, &mut *game, number));
    let scripts = parked(game.world());
    let chosen = choose(&scripts).and_then(|chosen| scripts.get(chosen));
    let Some(&Parked { owner, id, ref site, .. }) = chosen else { return false };
    game.world().despawn(owner);
    assert!(!game.world().resource::<ScriptRegistry>().is_running(id), "{site:?}");
    go_on(play, &mut *game, at + 1, |world| {
        assert!(world.non_send::<ScriptExecutor>().script_info(id).is_none(), "{site:?}");
    });
    (play.at_end)(game.world());
    assert_eq!(TOLD.take(), [""; 0], "killed at {site:?}");
    true
}

/// Runs a game in which a poll of a script panics, runs on, and ends it all; whether that poll came.
fn strike(play: &Play, whole: &Whole, number: u64, poll: u32) -> bool {
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
        go_on(play, &mut *game, at + 1, |_| ());
        if poll > 1 {
            (play.at_end)(game.world());
        }
        let told = TOLD.take();
        let is_it = |told: &String| {
            told.starts_with(&format!("script `{name}` of entity"))
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

/// Runs a game on from a frame, with a look after each, and ends it all.
fn go_on(play: &Play, game: &mut dyn Game, from: u32, look: impl Fn(&mut World)) {
    for at in from..play.frames {
        frame(play, game, at);
        look(game.world());
    }
    end_all(play, game);
}

fn end_all(play: &Play, game: &mut dyn Game) {
    let scripts: Vec<Entity> = game.world().query_filtered::<Entity, With<Script>>().iter(game.world()).collect();
    for script in scripts {
        game.world().despawn(script);
    }
    game.frame();
    let world = game.world();
    assert_eq!(world.resource::<ScriptRegistry>().running(), 0, "{}", play.name);
    assert_eq!(world.non_send::<ScriptExecutor>().executor().live(), 0, "{}", play.name);
}

#[test]
fn every_script_may_die_at_every_await() {
    let mut killed = 0;
    for play in super::plays() {
        let sites = sites(&play);
        assert!(!sites.is_empty(), "{}", play.name);
        for (site, first) in sites {
            kill(&play, first, |scripts| scripts.iter().position(|script| script.site == site));
            killed += 1;
        }
    }
    assert!(killed > 15, "{killed}");
}

#[test]
fn every_script_may_die_the_first_ten_times_that_it_parks_and_some_later_ones() {
    let mut killed = 0;
    for play in super::plays() {
        for (number, parks) in parks(&play) {
            for at in some(parks.len()).map(|time| parks[time]) {
                let found = kill(&play, at, |scripts| scripts.iter().position(|script| script.number == number));
                assert!(found, "{}: script {number} in frame {at}", play.name);
                killed += 1;
            }
        }
    }
    println!("{killed} killed");
    assert!(killed > 60, "{killed}");
}

#[test]
fn every_script_may_panic_in_its_first_ten_polls_and_in_some_later_ones() {
    let (mut struck, mut missed) = (0, 0);
    for (play, whole) in super::plays().iter().zip(&*WHOLE) {
        assert!(whole.polls.keys().copied().eq(1..=whole.polls.len() as u64), "{}: all are seen", play.name);
        for &number in whole.polls.keys() {
            for poll in some(whole.may_come(number) as usize) {
                let comes = strike(play, whole, number, poll as u32 + 1);
                *if comes { &mut struck } else { &mut missed } += 1;
            }
        }
    }
    println!("{struck} struck, {missed} missed");
    assert!(struck > 60, "{struck}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn and_in_any_frame(play in 0..super::plays().len(), at in 0_u32..1_000, which in any::<prop::sample::Index>()) {
        let play = &super::plays()[play];
        _ = kill(play, at % play.frames, |scripts| (!scripts.is_empty()).then(|| which.index(scripts.len())));
    }

    #[test]
    fn and_in_any_poll(play in 0..super::plays().len(), who in any::<prop::sample::Index>(), poll in any::<prop::sample::Index>()) {
        let (play, whole) = (&super::plays()[play], &WHOLE[play]);
        let numbers: Vec<u64> = whole.polls.keys().copied().collect();
        let number = *who.get(&numbers);
        _ = strike(play, whole, number, poll.index(whole.may_come(number) as usize) as u32 + 1);
    }
}
