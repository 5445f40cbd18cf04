//! Record, replay, verify, explore: determinism as a tool.
//!
//! A game is built from a [`Setup`] and played frame by frame, each a function of its input and its length: a
//! [`Game`]. A [`Recorder`] keeps what each frame was given and what it did, in one small file; a [`Player`] steps
//! through that, forwards and back; [`verify`](fn@verify) plays it on the game as it is now, and reports the first frame that does
//! something else, the script or the component to blame, and what led there. [`check_determinism`] does so without a
//! file: the game is played twice here and once in another process.
//!
//! ```
//! use std::time::Duration;
//! use framestep::next_frame;
//! use framestep::replay::{Detail, Game, Player, Recorder, Recording, ScriptGame, Setup, Verify};
//!
//! // The game: a guard who makes a step each frame. The input is a key.
//! fn game(setup: &Setup) -> ScriptGame<char> {
//!     let executor = setup.builder().build();
//!     executor.spawn(async { loop { next_frame().await } }).named("guard");
//!     ScriptGame::new(executor, |executor, _key, step| _ = executor.poll_once_with(step))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Recorded, here into memory; `Recorder::create` makes a file.
//! let setup = Setup::new(7);
//! let mut played = game(&setup);
//! let mut recorder = Recorder::to(Vec::new(), &setup, Detail::Full, &mut played)?;
//! for key in "wasd".chars() {
//!     recorder.frame(&mut played, &key, Duration::from_millis(16))?;
//! }
//! let recording = Recording::from_bytes(recorder.finish(&mut played)?)?;
//!
//! // Replayed: forwards, and back.
//! let mut player = Player::new(recording.clone(), game)?;
//! player.seek(4)?;
//! assert_eq!(player.game().executor().trace_hash(), played.executor().trace_hash());
//!
//! // Verified: with a file `verify("heist.replay", game)`, as one line of a test.
//! assert_eq!(Verify::new(recording).run(game)?.frames, 4);
//! # Ok(())
//! # }
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `setup`, `game` | what a run is built from; what a game tells |
//! | `games` | games that are ready made: an executor alone, a world with a schedule |
//! | `line` | what is kept of a step |
//! | `probe`, `names` | what a frame does, as a recording keeps it |
//! | `recorder` | recording a game while it is played |
//! | `recording` | recordings on disk |
//! | `outside` | inlets whose values are recorded |
//! | `playback`, `player` | giving a game what was recorded; stepping through it |
//! | `verify` | the first difference, and the report of it |
//! | `determinism` | the double run |
//! | `explore`, `told` | sweeps over seeds; what went wrong in them |
//! | `world` | the hash of a world's state, systems whose order is left open |
//! | `app` | apps that are recorded, replayed and driven |
//! | `error` | what keeps a game from being recorded or replayed |

#[cfg(feature = "bevy_time")]
mod app;
mod determinism;
mod error;
#[cfg(feature = "explore")]
mod explore;
mod game;
mod games;
mod line;
mod names;
mod outside;
mod playback;
mod player;
mod probe;
mod recorder;
mod recording;
mod setup;
#[cfg(feature = "bevy_ecs")]
pub(crate) mod told;
mod verify;
#[cfg(feature = "bevy_ecs")]
mod world;

#[cfg(feature = "bevy_time")]
pub use app::{AppGame, InputPort, ReplayPlugin, ReplayStatus, ReplaySystems, TakeInput};
pub use determinism::{Determinism, check_determinism};
pub use error::ReplayError;
#[cfg(feature = "explore")]
pub use explore::*;
pub use game::Game;
pub use games::ScriptGame;
#[cfg(feature = "bevy_ecs")]
pub use games::WorldGame;
pub use line::{Line, Site, StateLine, StepTrail, Who};
pub use outside::{inlet, inlet_of};
pub use player::Player;
pub use recorder::{Recorder, record};
pub use recording::{
    Detail, Frames, RecordedFrame, Recording, RecordingCause, RecordingError, RecordingWriter, fingerprint,
};
pub use setup::Setup;
pub use verify::{
    BlamedScript, BlamedValue, Difference, Divergence, MOST_VALUES, Row, Verified, Verify, VerifyError, verify,
};
#[cfg(feature = "bevy_app")]
pub use world::assert_no_ambiguities;
#[cfg(feature = "bevy_ecs")]
pub use world::{
    Ambiguity, HashWorld, ReplayKey, ReplayKeys, WorldHash, WorldHashError, ambiguities, ambiguities_in,
    assert_no_ambiguities_in,
};
