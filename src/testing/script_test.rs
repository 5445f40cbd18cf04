//! A test of scripts on entities.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use bevy_ecs::bundle::Bundle;
use bevy_ecs::entity::Entity;
use bevy_ecs::schedule::{Schedule, ScheduleLabel};
use bevy_ecs::world::World;

use super::failures::{Failures, assert_text};
use super::golden::assert_golden;
use super::subject::Subject;
use super::trace::History;
use super::wait::{Parked, describe, describe_all};
use super::words::Words;
use crate::ecs::{Script, ScriptExecutor, ScriptId, ScriptOf, SpawnScript, step_lane, step_scripts, step_scripts_by};
use crate::executor::{Executor, WaitKind};
use crate::replay::told::{self, Hearing};

/// A world with scripts, a log of words, and questions to scripts.
///
/// At its end it panics when a script has failed, panicked or was put off, unless
/// [`assert_failed`](Self::assert_failed) or [`take_failures`](Self::take_failures) has taken that.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::testing::ScriptTest;
/// use framestep::{Me, Script, WaitKind};
///
/// #[derive(Component)]
/// struct Health(i32);
///
/// async fn mourn(me: Me) -> Result {
///     me.until(|health: &Health| health.0 <= 0).await?;
///     me.world(|world| world.despawn(me.entity()))?;
///     Ok(())
/// }
///
/// let mut test = ScriptTest::new();
/// let boss = test.spawn((Health(30), Script::named("mourn", mourn)));
/// test.step(1);
/// test.assert_waits(boss, WaitKind::Condition);
/// test.world().get_mut::<Health>(boss).unwrap().0 = 0;
/// test.step(1);
/// test.assert_ended(boss);
/// ```
pub struct ScriptTest {
    game: Played,
    words: Words,
    hearing: Hearing,
    failures: Failures<Failed>,
    history: History,
    /// The scripts that ran at the end of a frame or were spawned here, with who carried them and who owned them.
    seen: Vec<(ScriptId, Entity, Entity)>,
}

/// Of a failure: the script, and its owner.
type Failed = (Option<ScriptId>, Option<Entity>);

/// What a frame is.
enum Played {
    /// A step of the scripts, then this schedule.
    Steps(World, Schedule),
    /// A schedule with a step of the scripts in it.
    Schedule(World, Schedule),
    #[cfg(feature = "bevy_app")]
    App(bevy_app::App),
}

impl Played {
    fn world(&self) -> &World {
        match self {
            Played::Steps(world, _) | Played::Schedule(world, _) => world,
            #[cfg(feature = "bevy_app")]
            Played::App(app) => app.world(),
        }
    }

    fn world_mut(&mut self) -> &mut World {
        match self {
            Played::Steps(world, _) | Played::Schedule(world, _) => world,
            #[cfg(feature = "bevy_app")]
            Played::App(app) => app.world_mut(),
        }
    }
}

impl Default for ScriptTest {
    fn default() -> Self {
        Self::new()
    }
}

impl ScriptTest {
    /// A test with an empty world, whose executor has seed 0 and keeps its trace.
    #[must_use]
    pub fn new() -> Self {
        Self::build(Played::Steps(World::new(), Schedule::default()))
    }

    /// A test with an empty world whose scripts run on this executor: for another seed, step or cap.
    #[must_use]
    pub fn of(executor: Executor) -> Self {
        let mut world = World::new();
        world.insert_non_send(ScriptExecutor::new(executor));
        Self::build(Played::Steps(world, Schedule::default()))
    }

    /// A test of a game, whose frame is a run of `schedule`, with [`step_scripts`] in it.
    #[must_use]
    pub fn playing(world: World, schedule: Schedule) -> Self {
        Self::build(Played::Schedule(world, schedule))
    }

    /// A test of an app, whose frame is an update.
    #[cfg_attr(
        feature = "bevy_time",
        doc = "Its time is told by the test: each update is as long as the executor's step, unless the app has chosen
[a length of its own](bevy_time::TimeUpdateStrategy::ManualDuration)."
    )]
    #[cfg(feature = "bevy_app")]
    #[must_use]
    pub fn app(app: bevy_app::App) -> Self {
        Self::build(Played::App(app))
    }

    fn build(mut game: Played) -> Self {
        let world = game.world_mut();
        if !world.contains_non_send::<ScriptExecutor>() {
            world.insert_non_send(ScriptExecutor::new(Executor::builder().trace(true).build()));
        }
        let hearing = Hearing::before(world);
        let words = Words::new();
        words.set_frame(executor_of(world).frame());
        #[cfg(feature = "bevy_time")]
        if let Played::App(app) = &mut game {
            use bevy_time::TimeUpdateStrategy::{Automatic, ManualDuration};
            let step = executor_of(app.world()).core().default_step();
            let mut chosen = app.world_mut().get_resource_or_insert_with(|| Automatic);
            if matches!(*chosen, Automatic) {
                *chosen = ManualDuration(step);
            }
        }
        let history = History::of(executor_of(game.world()));
        let mut test = ScriptTest { game, words, hearing, failures: Failures::default(), history, seen: Vec::new() };
        test.look();
        test
    }

    /// The world.
    pub fn world(&mut self) -> &mut World {
        self.game.world_mut()
    }

    /// The executor of the world's scripts.
    #[must_use]
    pub fn executor(&self) -> &Executor {
        executor_of(self.game.world())
    }

    /// The log of words, for scripts and systems to say something.
    #[must_use]
    pub fn log(&self) -> Words {
        self.words.clone()
    }

    /// The words since the last call; see [`Words::take`].
    #[must_use = "the words are taken out of the log"]
    pub fn words(&self) -> String {
        self.words.take()
    }

    /// Spawns an entity, with a [`Script`] among its components or without.
    pub fn spawn(&mut self, bundle: impl Bundle) -> Entity {
        let world = self.game.world_mut();
        let entity = world.spawn(bundle).id();
        world.flush();
        self.look();
        entity
    }

    /// Spawns a script on an entity of its own.
    ///
    /// # Panics
    /// When an observer or a hook takes it away at once.
    #[track_caller]
    pub fn script(&mut self, script: Script) -> ScriptId {
        let world = self.game.world_mut();
        let entity = world.spawn_script(script).id();
        world.flush();
        let id = world.get::<Script>(entity).and_then(Script::id);
        self.look();
        id.expect("a script is there once it is spawned, unless an observer or a hook removes it")
    }

    /// Changes the systems of the game: those that run after the step of the scripts, the schedule that it was given,
    /// or the app's `Update`.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::testing::ScriptTest;
    ///
    /// let mut test = ScriptTest::new();
    /// let log = test.log();
    /// test.schedule(|schedule| {
    ///     schedule.add_systems(move || log.say("tick"));
    /// });
    /// test.step(2);
    /// assert_eq!(test.words(), "1: tick; 2: tick");
    /// ```
    pub fn schedule(&mut self, change: impl FnOnce(&mut Schedule)) {
        match &mut self.game {
            Played::Steps(_, schedule) | Played::Schedule(_, schedule) => change(schedule),
            #[cfg(feature = "bevy_app")]
            Played::App(app) => {
                let mut change = Some(change);
                app.edit_schedule(bevy_app::Update, |schedule| {
                    let change = change.take().expect("a schedule is edited once");
                    change(schedule);
                });
            }
        }
    }

    /// Plays this many frames.
    pub fn step(&mut self, frames: u64) {
        for _ in 0..frames {
            self.frame(None);
        }
    }

    /// Plays one frame of this length.
    ///
    /// # Panics
    /// Where the game's own schedule steps the scripts: then their length is the game's business.
    #[track_caller]
    pub fn step_by(&mut self, length: Duration) {
        assert!(
            matches!(self.game, Played::Steps(..)),
            "this game's schedule steps its scripts, so it says how long a frame is: set its time, and call `step`"
        );
        self.frame(Some(length));
    }

    /// Steps the lane of a label, for tests in which no schedule does.
    pub fn step_lane<L: ScheduleLabel>(&mut self, label: L) {
        let hearing = self.hearing;
        let world = self.game.world_mut();
        hearing.during(|| step_lane(label)(world));
        self.look();
    }

    /// Plays frames until the clock of the main lane has come this much further, and gives their number.
    ///
    /// # Panics
    /// When ten frames in a row don't move the clock.
    #[track_caller]
    pub fn advance(&mut self, time: Duration) -> u64 {
        let clock = self.executor().clock();
        let goal = clock.now() + time;
        let (mut frames, mut still) = (0, 0);
        while clock.now() < goal {
            let before = clock.now();
            self.frame(None);
            frames += 1;
            // An app's first update has no length.
            still = if clock.now() > before { 0 } else { still + 1 };
            assert!(still < 10, "frames don't move the clock, so no number of frames is {time:?} long");
        }
        frames
    }

    /// Plays frames until `is_so`, and gives their number: 0 if it is so already.
    ///
    /// # Panics
    /// When it isn't so after `limit` frames; the message says what each script is doing.
    #[track_caller]
    pub fn until(&mut self, limit: u64, mut is_so: impl FnMut(&mut World) -> bool) -> u64 {
        for frames in 0..=limit {
            if is_so(self.game.world_mut()) {
                return frames;
            }
            if frames < limit {
                self.frame(None);
            }
        }
        let doing = describe_all(self.executor(), &self.history);
        panic!("it isn't so after {limit} frames:{doing}{}", self.failures.listed())
    }

    /// The script waits for this; it is named by its id, or by the entity that it is about.
    ///
    /// # Panics
    /// When it doesn't; the message says what it does.
    #[track_caller]
    pub fn assert_waits(&self, script: impl Subject, kind: WaitKind) -> Parked {
        let parked = self.running(script).and_then(|found| {
            let Some(id) = found else {
                return Err(format!("expected a script that waits for {kind:?}; but {}", self.describe(script)));
            };
            let world = self.game.world();
            let task = world.non_send::<ScriptExecutor>().script_info(id);
            let Some(task) = task else {
                return Err("the script wasn't started yet: call `step` first".to_owned());
            };
            Parked::of(executor_of(world), &self.history, task.id, kind)
        });
        match parked {
            Ok(parked) => parked,
            Err(message) => panic!("{message}{}", self.failures.listed()),
        }
    }

    /// The script has ended, in whatever way but a failure. That it was cancelled is such a way.
    ///
    /// # Panics
    /// When it hasn't, or failed; the message says what it waits for. And when no script was ever seen there: a script
    /// that a system or another script spawns is seen at the end of the frame.
    #[track_caller]
    pub fn assert_ended(&mut self, script: impl Subject) {
        let is_known =
            self.seen.iter().any(|(id, carrier, owner)| script.means(Some(*id), Some(*carrier), Some(*owner)));
        match self.running(script) {
            Ok(None) => {}
            Ok(Some(_)) => panic!("expected a script that has ended; but {}", self.describe(script)),
            Err(message) => panic!("{message}"),
        }
        if let Some(failure) = self.take_failure(script) {
            panic!("expected a script that has ended well; but {failure}");
        }
        assert!(
            is_known,
            "expected a script that has ended; but {} was never seen at the end of a frame",
            script.words()
        );
    }

    /// The script has failed, panicked or was put off, with a message that holds `text`: takes that failure, and gives
    /// it.
    ///
    /// # Panics
    /// When it hasn't.
    #[track_caller]
    pub fn assert_failed(&mut self, script: impl Subject, text: &str) -> String {
        let failure = self.take_failure(script);
        assert_text(failure, text, || self.describe(script))
    }

    /// Takes all failures that weren't taken yet, in order.
    pub fn take_failures(&mut self) -> Vec<String> {
        self.look();
        self.failures.take_all()
    }

    /// All that happened to scripts since the test began, a line a change.
    ///
    /// # Panics
    /// When the executor was built without [`Builder::trace`](crate::Builder::trace), and past a million changes.
    #[track_caller]
    pub fn trace(&mut self) -> String {
        self.look();
        self.history.to_text()
    }

    /// Compares [`trace`](Self::trace) with a golden file, as [`assert_golden`] does.
    ///
    /// # Panics
    /// With the first difference; when the file can't be read; and as `trace` does.
    #[track_caller]
    pub fn assert_trace(&mut self, path: impl AsRef<Path>) {
        let trace = self.trace();
        assert_golden(path, &trace);
    }

    fn frame(&mut self, length: Option<Duration>) {
        self.words.set_frame(self.executor().frame() + 1);
        let hearing = self.hearing;
        let game = &mut self.game;
        hearing.during(|| match game {
            Played::Steps(world, schedule) => {
                match length {
                    Some(length) => step_scripts_by(world, length),
                    None => step_scripts(world),
                }
                schedule.run(world);
                world.clear_trackers();
            }
            Played::Schedule(world, schedule) => {
                schedule.run(world);
                world.clear_trackers();
            }
            #[cfg(feature = "bevy_app")]
            Played::App(app) => app.update(),
        });
        self.words.set_frame(self.executor().frame());
        self.look();
    }

    /// Takes down which scripts there are, and what went wrong.
    fn look(&mut self) {
        let world = self.game.world_mut();
        let mut scripts = world.query::<(Entity, &Script, Option<&ScriptOf>)>();
        for (entity, script, of) in scripts.iter(world) {
            let Some(id) = script.id() else { continue };
            if let Err(at) = self.seen.binary_search_by_key(&id, |seen| seen.0) {
                self.seen.insert(at, (id, entity, of.map_or(entity, |of| of.0)));
            }
        }
        // Without it there is nothing to look at: a test that fails in the middle of something is not to panic again.
        if let Some(scripts) = self.game.world().get_non_send::<ScriptExecutor>() {
            self.history.note(scripts.executor());
        }
        for told in told::take() {
            self.failures.add((told.script, told.entity), told.text);
        }
    }

    fn running(&self, script: impl Subject) -> Result<Option<ScriptId>, String> {
        script.running(self.game.world())
    }

    fn take_failure(&mut self, script: impl Subject) -> Option<String> {
        self.look();
        let seen = &self.seen;
        self.failures.take_one(|(failed, owner)| {
            let carrier = seen.iter().find(|seen| Some(seen.0) == *failed).map(|seen| seen.1);
            script.means(*failed, carrier, *owner)
        })
    }

    fn describe(&self, script: impl Subject) -> String {
        let world = self.game.world();
        match self.running(script) {
            Err(message) => message,
            Ok(None) => format!("{} isn't running: it has ended, or never was", script.words()),
            Ok(Some(id)) => match world.non_send::<ScriptExecutor>().script_info(id) {
                Some(task) => describe(executor_of(world), &self.history, task.id),
                None => "the script wasn't started yet: call `step` first".to_owned(),
            },
        }
    }
}

fn executor_of(world: &World) -> &Executor {
    world.get_non_send::<ScriptExecutor>().expect("the test has put it there").executor()
}

impl fmt::Debug for ScriptTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptTest")
            .field("executor", self.executor())
            .field("words", &self.words)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

impl Drop for ScriptTest {
    fn drop(&mut self) {
        self.look();
        self.failures.settle();
    }
}
