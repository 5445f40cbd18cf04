//! Recording anew, on purpose: what the game does now takes the place of what it did.
//!
//! The rule: inputs, lengths and arrivals stay as they were recorded. What is recorded anew is verified before it takes
//! the place of the old, which is replaced whole or not at all.

use std::path::Path;

use super::{Verified, Verify, VerifyError};
use crate::replay::playback::Reel;
use crate::replay::recorder::record_again;
use crate::replay::{Game, Recording, ReplayError, Setup};

pub(crate) fn record_anew<G: Game>(
    reel: &mut Reel,
    path: &Path,
    world_only: bool,
    build: &mut dyn FnMut(&Setup) -> G,
) -> Result<Verified, VerifyError> {
    let (setup, detail) = (reel.recording.setup().clone(), reel.recording.detail());
    let (mut game, tape) = record_again(reel, u64::MAX, build(&setup), Vec::new(), detail)?;
    let bytes = tape.finish(&mut game)?;
    drop(game);
    let recording = Recording::from_bytes(bytes).map_err(ReplayError::from)?;
    let verify = Verify { world_only, ..Verify::new(recording.clone()) };
    let verified = verify.follow(&mut Reel::new(recording.clone()), build)?;
    recording.save(path).map_err(ReplayError::from)?;
    Ok(verified)
}
