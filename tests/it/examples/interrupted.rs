//! Every script of every example, killed at each of its awaits.
//!
//! Rule: a game is run once as it is, to see at which awaits its scripts park. Then it is run again for each of
//! them, up to the first frame in which a script is parked there, and that script's owner is despawned. From
//! there on nothing of the script may run, its clean-up has been done once, nobody is told of a failure, and
//! the others go on; when all are gone nothing is left in the executor. The same is done for each time that each script
//! parks, up to ten times, and for five at most of those after it. Random frames are tried on top.

use std::cell::RefCell;
use std::collections::BTreeMap;

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

/// Runs a game up to a frame, kills the owner of a script that `choose` picks, runs on, and ends it all.
fn kill(play: &Play, at: u32, choose: impl Fn(&[Parked]) -> Option<usize>) -> bool {
    let mut game = begin(play);
    (0..=at).for_each(|number| frame(play, &mut *game, number));
    let scripts = parked(game.world());
    let chosen = choose(&scripts).and_then(|chosen| scripts.get(chosen));
    let Some(&Parked { owner, id, ref site, .. }) = chosen else { return false };
    game.world().despawn(owner);
    assert!(!game.world().resource::<ScriptRegistry>().is_running(id), "{site:?}");
    for number in at + 1..play.frames {
        frame(play, &mut *game, number);
        assert!(game.world().non_send::<ScriptExecutor>().script_info(id).is_none(), "{site:?}");
    }
    end_all(play, &mut *game);
    assert_eq!(TOLD.take(), [""; 0], "killed at {site:?}");
    true
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
    (play.at_end)(world);
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
            let later = parks.iter().skip(TIMES).step_by(LATER).take(TIMES / 2);
            for &at in parks.iter().take(TIMES).chain(later) {
                let found = kill(&play, at, |scripts| scripts.iter().position(|script| script.number == number));
                assert!(found, "{}: script {number} in frame {at}", play.name);
                killed += 1;
            }
        }
    }
    println!("{killed} killed");
    assert!(killed > 100, "{killed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn and_in_any_frame(play in 0..super::plays().len(), at in 0_u32..1_000, which in any::<prop::sample::Index>()) {
        let play = &super::plays()[play];
        _ = kill(play, at % play.frames, |scripts| (!scripts.is_empty()).then(|| which.index(scripts.len())));
    }
}
