//! Clocks that scripts and systems find by name, and those of Bevy's time.
//!
//! The rule: a clock with a name is the executor's, on the main lane, and its setting is the registry's. Any
//! thread may change the setting; the clock takes it on where the store next attends to its post. It is made
//! when somebody first asks for it. The game's clock and the real one show how far Bevy's elapsed times have
//! come since they were made, whatever the main lane's steps are like.

use std::cell::RefCell;
#[cfg(feature = "bevy_time")]
use std::time::Duration;

#[cfg(feature = "bevy_time")]
use bevy_ecs::world::World;

use super::me::Me;
use super::registry::{Registry, ScriptRegistry};
use super::stage::{self, Stage};
use super::store::Store;
use crate::time::Clock;

/// The clocks that a store has made.
#[derive(Default)]
pub(crate) struct Clocks {
    /// By their names.
    named: RefCell<Vec<(&'static str, Clock)>>,
    #[cfg(feature = "bevy_time")]
    driven: RefCell<[Option<Driven>; 2]>,
}

/// A clock that is given the progress of one of Bevy's times.
#[cfg(feature = "bevy_time")]
struct Driven {
    clock: Clock,
    /// How far that time had come when it was last given.
    seen: Duration,
}

/// Which of Bevy's times a driven clock follows; the place in `Clocks::driven`.
#[cfg(feature = "bevy_time")]
#[derive(Copy, Clone)]
enum Follows {
    Virtual,
    Real,
}

#[cfg(feature = "bevy_time")]
impl Follows {
    /// How far that time has come; `None` where the world has none.
    fn elapsed(self, world: &World) -> Option<Duration> {
        use bevy_time::{Real, Time, Virtual};
        match self {
            Follows::Virtual => world.get_resource::<Time<Virtual>>().map(Time::elapsed),
            Follows::Real => world.get_resource::<Time<Real>>().map(Time::elapsed),
        }
    }
}

impl Clocks {
    /// The names of the clocks that were made.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.named.borrow().iter().map(|clock| clock.0).collect()
    }

    /// Gives the driven clocks the progress of their times, for the step of the main lane that follows. Where the
    /// world has no such time, that step's length.
    #[cfg(feature = "bevy_time")]
    pub(crate) fn drive(&self, world: &World, step_nanos: u64) {
        for (follows, driven) in [Follows::Virtual, Follows::Real].into_iter().zip(&mut *self.driven.borrow_mut()) {
            let Some(driven) = driven else { continue };
            let progress = match follows.elapsed(world) {
                // A time that was set back counts on from there.
                Some(elapsed) => elapsed.saturating_sub(std::mem::replace(&mut driven.seen, elapsed)),
                None => Duration::from_nanos(step_nanos),
            };
            driven.clock.advance(progress);
        }
    }

    #[cfg(feature = "bevy_time")]
    fn driven(&self, store: &Store, world: &World, follows: Follows) -> Clock {
        let driven = &mut self.driven.borrow_mut()[follows as usize];
        let made = driven.get_or_insert_with(|| {
            let name = match follows {
                Follows::Virtual => "game",
                Follows::Real => "real",
            };
            let clock = store.executor.add_driven_clock(store.executor.main_lane(), name);
            Driven { clock, seen: follows.elapsed(world).unwrap_or_default() }
        });
        made.clock
    }
}

impl Store {
    /// The clock of a name, made and set if it isn't there yet.
    pub(crate) fn clock(&self, name: &'static str) -> Clock {
        let found = self.clocks.named.borrow().binary_search_by_key(&name, |clock| clock.0);
        match found {
            Ok(at) => self.clocks.named.borrow()[at].1,
            Err(at) => {
                let clock = self.executor.add_clock(self.executor.main_lane(), name);
                self.clocks.named.borrow_mut().insert(at, (name, clock));
                self.set_clock(&self.registry(), name);
                clock
            }
        }
    }

    /// Sets a clock as the registry says, and has the scripts that follow it stand still or go on.
    pub(crate) fn set_clock(&self, registry: &Registry, name: &'static str) {
        let clock = self.clock(name);
        let setting = registry.clock(name);
        clock.set_scale(setting.scale.0, setting.scale.1);
        if setting.is_paused {
            clock.pause();
        } else {
            clock.resume();
        }
        self.groups.set_paused(self, clock, setting.is_paused);
    }
}

/// Clocks by name. A name is all that it takes: what is said of a clock that nobody uses yet holds for it when
/// it is first used.
impl ScriptRegistry {
    /// Stops a clock and, with it, the scripts that go by it ([`ScriptClock`](crate::ScriptClock)): they stand still
    /// at their awaits, and nothing that they wait for is lost.
    ///
    /// It is done at the start of the next step, of whichever lane, or when the access that called this has ended,
    /// if a script did. Paused twice is paused once.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::ScriptRegistry;
    ///
    /// #[derive(Message)]
    /// struct DialogueOpened;
    ///
    /// fn freeze(mut opened: MessageReader<DialogueOpened>, scripts: Res<ScriptRegistry>) {
    ///     if opened.read().count() > 0 {
    ///         scripts.pause("enemies");
    ///     }
    /// }
    /// # bevy_ecs::system::assert_is_system(freeze);
    /// ```
    pub fn pause(&self, clock: &'static str) {
        self.0.set_clock(clock, |setting| setting.is_paused = true);
    }

    /// Lets a clock, and the scripts that go by it, go on: those that are due resume in the next step of their lanes,
    /// in the order in which they were woken; what remained of a sleep remains. Done when [`pause`](Self::pause) is.
    pub fn resume(&self, clock: &'static str) {
        self.0.set_clock(clock, |setting| setting.is_paused = false);
    }

    /// Makes a clock advance by `numerator / denominator` of each step. Done when [`pause`](Self::pause) is.
    ///
    /// # Panics
    /// When the denominator is zero.
    #[track_caller]
    pub fn set_scale(&self, clock: &'static str, numerator: u32, denominator: u32) {
        assert_ne!(denominator, 0, "a clock's scale has a denominator of at least 1; to stop a clock, pause it");
        self.0.set_clock(clock, |setting| setting.scale = (numerator, denominator));
    }

    /// Whether a clock was paused here, and not resumed since.
    pub fn is_paused(&self, clock: &str) -> bool {
        self.0.clock(clock).is_paused
    }
}

impl Me {
    /// The clock of this name: on the main lane's time, with a pause and a scale of its own. It is made when it is
    /// first asked for.
    ///
    /// To stop it together with the scripts that go by it, and from anywhere, use
    /// [`ScriptRegistry::pause`]; `Clock::pause` stops the clock alone.
    ///
    /// ```
    /// use bevy_ecs::prelude::*;
    /// use framestep::{Me, ScriptError, ScriptRegistry};
    /// use std::time::Duration;
    ///
    /// async fn bullet_time(me: Me) -> Result<(), ScriptError> {
    ///     me.resource(|scripts: &ScriptRegistry| scripts.set_scale("bullets", 1, 10))?;
    ///     framestep::sleep(Duration::from_secs(3)).await;
    ///     me.resource(|scripts: &ScriptRegistry| scripts.set_scale("bullets", 1, 1))
    /// }
    ///
    /// async fn fly(me: Me) {
    ///     me.clock("bullets").sleep(Duration::from_secs(1)).await;
    /// }
    /// ```
    ///
    /// # Panics
    /// In a nested access, and outside of a step. When there are 65,535 clocks.
    #[track_caller]
    pub fn clock(&self, name: &'static str) -> Clock {
        self.find_clock(|stage| stage.store().clock(name))
    }

    #[track_caller]
    fn find_clock(&self, find: impl FnOnce(&mut Stage) -> Clock) -> Clock {
        match stage::access(self.store(), find) {
            Ok(clock) => clock,
            Err(error) => panic!("can't find a clock: {error}"),
        }
    }
}

/// The clocks of Bevy's time.
#[cfg(feature = "bevy_time")]
impl Me {
    /// The clock of the game's time: it shows how far `Time<Virtual>` has come since somebody first asked for this
    /// clock, as of the main lane's last step. It stands still while that is paused.
    ///
    /// In the main lane that is the clock which `sleep` follows anyway, as long as `Update` steps that lane; this is
    /// for other lanes, and for scripts that go by a clock of their own. Where the main lane isn't stepped for a while, this
    /// clock catches up in its next step. A world without `Time<Virtual>` counts the steps of its main lane.
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[must_use]
    #[track_caller]
    pub fn game_clock(&self) -> Clock {
        self.find_clock(|stage| stage.store().clocks.driven(stage.store(), &stage.world, Follows::Virtual))
    }

    /// The clock of the real time: as [`game_clock`](Self::game_clock) for `Time<Real>`, which runs on while the game is paused.
    ///
    /// ```
    /// use framestep::Me;
    /// use std::time::Duration;
    ///
    /// async fn blink_in_the_pause_menu(me: Me) {
    ///     me.real_clock().sleep(Duration::from_millis(500)).await;
    /// }
    /// ```
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[must_use]
    #[track_caller]
    pub fn real_clock(&self) -> Clock {
        self.find_clock(|stage| stage.store().clocks.driven(stage.store(), &stage.world, Follows::Real))
    }

    /// The clock of the lane of `FixedUpdate`, which advances by the fixed timestep in each of that lane's steps.
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[must_use]
    #[track_caller]
    pub fn fixed_clock(&self) -> Clock {
        use bevy_app::FixedUpdate;
        use bevy_ecs::schedule::ScheduleLabel;
        self.find_clock(|stage| {
            let store = stage.store();
            store.executor.lane_clock(store.lane(FixedUpdate.intern(), std::any::type_name::<FixedUpdate>()))
        })
    }
}
