//! One run: a game that is built, and played with its inputs until it fails or is over.

use super::Explore;
use super::code::RunCode;
use super::draws::Draws;
use super::found::{Failure, Fault};
use super::panics;
use crate::executor::IncidentKind;
use crate::replay::game::Game;
#[cfg(feature = "bevy_ecs")]
use crate::replay::told::{self, Hearing};
#[cfg(feature = "bevy_ecs")]
use crate::replay::world::HashWorld;

const NOTHING_HASHED: &str = "orders can't be compared where nothing is hashed: say what counts by `Explore::state`, or \
    register components and resources of the world by `HashWorld`";

/// Why a run went no further.
pub(super) type Failed = (Fault, String);

/// A game in the middle of a run.
pub(super) struct Play<'a, 'b, G: Game> {
    explore: &'a Explore<'b, G>,
    game: G,
    draws: Draws,
    frame: u64,
    #[cfg(feature = "bevy_ecs")]
    hearing: Option<Hearing>,
}

impl<'a, 'b, G: Game> Play<'a, 'b, G> {
    pub(super) fn new(explore: &'a Explore<'b, G>, code: RunCode) -> Result<Self, Failed> {
        let setup = explore.setup_of(code);
        #[cfg_attr(not(feature = "bevy_ecs"), expect(unused_mut, reason = "a world is listened to"))]
        let mut game = (explore.build)(&setup);
        if let Err(error) = setup.check(game.executor()) {
            return Err((Fault::OtherSeed, error.to_string()));
        }
        #[cfg(feature = "bevy_ecs")]
        let hearing = game.world().map(Hearing::before);
        Ok(Play {
            explore,
            game,
            draws: Draws::new(code.seed),
            frame: 0,
            #[cfg(feature = "bevy_ecs")]
            hearing,
        })
    }

    /// Plays a frame, and checks it.
    pub(super) fn frame(&mut self) -> Result<(), Failed> {
        self.frame += 1;
        let Play { explore, game, draws, frame, .. } = self;
        let input = (explore.input)(*frame, draws);
        let mut play = || game.frame(&input, explore.step);
        #[cfg(feature = "bevy_ecs")]
        match self.hearing {
            Some(hearing) => hearing.during(play),
            None => play(),
        }
        #[cfg(not(feature = "bevy_ecs"))]
        play();
        if let Some(message) = self.failed_script() {
            return Err((Fault::ScriptFailed, message));
        }
        match &self.explore.check {
            Some(check) => check(&mut self.game, self.frame).map_err(|message| (Fault::CheckFailed, message)),
            None => Ok(()),
        }
    }

    pub(super) fn trace(&self) -> u64 {
        self.game.executor().trace_hash()
    }

    /// The hash of the state; `None` where nothing is hashed.
    pub(super) fn state(&mut self) -> Result<Option<u64>, Failed> {
        if let Some(state) = &self.explore.state {
            return Ok(Some(state(&mut self.game)));
        }
        #[cfg(feature = "bevy_ecs")]
        if let Some(world) = self.game.world() {
            let hash = world.world_hash().map_err(|error| (Fault::NotHashed, error.to_string()))?;
            if !hash.kinds.is_empty() {
                return Ok(Some(hash.total));
            }
        }
        match self.explore.compares_orders {
            true => Err((Fault::NotHashed, NOTHING_HASHED.to_owned())),
            false => Ok(None),
        }
    }

    pub(super) fn game(&mut self) -> &mut G {
        &mut self.game
    }

    pub(super) fn frame_number(&self) -> u64 {
        self.frame
    }

    /// What the first script to fail in this frame said, at the most telling place there is.
    fn failed_script(&self) -> Option<String> {
        let panics = panics::take();
        let place = panics.first().map(|panic| format!(" ({panic})")).unwrap_or_default();
        #[cfg(feature = "bevy_ecs")]
        if let Some(told) = told::take().into_iter().find(|told| told.is_error) {
            let place = if told.is_panic { place } else { String::new() };
            return Some(told.text + &place);
        }
        let incidents = self.game.executor().incidents();
        if let Some(incident) = incidents.iter().find(|incident| incident.kind == IncidentKind::Panicked) {
            return Some(format!("{incident}{place}"));
        }
        // One that was caught in an earlier step of the frame.
        panics.into_iter().next()
    }
}

/// How a run ended.
pub(super) struct End {
    pub(super) trace: u64,
    pub(super) state: Option<u64>,
}

/// Plays a whole run; `look` sees the game after each frame.
pub(super) fn run<G: Game>(
    explore: &Explore<'_, G>,
    code: RunCode,
    is_loud: bool,
    mut look: impl FnMut(&mut G, u64),
) -> Result<End, Failure> {
    #[cfg(feature = "bevy_ecs")]
    let _others = told::set_aside();
    let mut frame = 0;
    let failed = panics::catch(is_loud, || {
        let mut play = Play::new(explore, code)?;
        while frame < code.frames {
            frame += 1;
            let played = play.frame();
            // Also when the frame was one too many: that one is worth a look.
            look(play.game(), frame);
            played?;
        }
        Ok(End { trace: play.trace(), state: play.state()? })
    });
    let failed = failed.unwrap_or_else(|message| Err((Fault::Panicked, message)));
    failed.map_err(|(fault, message)| Failure { code, frame, fault, message })
}

/// The first frame in which the states of two runs differ.
pub(super) fn first_difference<G: Game>(explore: &Explore<'_, G>, one: RunCode, other: RunCode) -> Option<u64> {
    #[cfg(feature = "bevy_ecs")]
    let _others = told::set_aside();
    let difference = panics::catch(false, || {
        let mut one_run = Play::new(explore, one).ok()?;
        let mut other_run = Play::new(explore, other).ok()?;
        loop {
            if one_run.state().ok()? != other_run.state().ok()? {
                return Some(one_run.frame_number());
            }
            if one_run.frame_number() == one.frames {
                return None;
            }
            one_run.frame().ok()?;
            other_run.frame().ok()?;
        }
    });
    difference.ok().flatten()
}
