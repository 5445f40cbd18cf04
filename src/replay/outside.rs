//! Values from other threads that a recording keeps, and a replay gives again.
//!
//! The rule: an inlet is named by its name and by how many of that name its executor had opened before, and a value is
//! its bytes, as `postcard` has them. So a replay gives the same values in the same steps, whatever the game's threads
//! do meanwhile.

use std::any::Any;
use std::panic::Location;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::executor::{Codec, Executor, current};
use crate::sync::{Inlet, InletSender};

/// Makes an inlet whose values are recorded and replayed, of the executor that runs the script that calls this.
///
/// It is an [`Inlet`] as any other. While a recording is made, what comes through it is kept, with the step that took
/// it in. While one is played, what is sent is discarded, and the script gets the recorded values in the recorded
/// steps. Inlets of one name are told apart by the order in which they are opened, so one name is for values of
/// one type. A value that can't be serialized counts as one that isn't recorded.
///
/// # Panics
/// Outside of a script.
///
/// ```
/// use framestep::{Executor, replay};
///
/// let mut executor = Executor::new();
/// let total = executor.spawn(async {
///     let (sender, mut scores) = replay::inlet::<u32>("scores");
///     std::thread::spawn(move || [3, 4].map(|score| sender.send(score).unwrap()));
///     let mut total = 0;
///     while let Some(score) = scores.next().await {
///         total += score;
///     }
///     total
/// });
/// while !total.is_finished() {
///     executor.poll_once();
/// }
/// assert_eq!(total.take_output().unwrap().unwrap(), 7);
/// ```
#[must_use]
#[track_caller]
pub fn inlet<T>(name: &'static str) -> (InletSender<T>, Inlet<T>)
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    let opened_at = Location::caller();
    current::with("replay::inlet()", |core| Inlet::coded(core, codec::<T>(name), opened_at))
}

/// As [`inlet`], of this executor.
#[must_use]
#[track_caller]
pub fn inlet_of<T>(executor: &Executor, name: &'static str) -> (InletSender<T>, Inlet<T>)
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    Inlet::coded(executor.core(), codec::<T>(name), Location::caller())
}

fn codec<T>(name: &'static str) -> Codec
where
    T: Serialize + DeserializeOwned + Send + 'static,
{
    Codec {
        name,
        encode: |value| postcard::to_stdvec(value.downcast_ref::<T>()?).ok(),
        decode: |bytes| {
            let (value, rest) = postcard::take_from_bytes::<T>(bytes).ok()?;
            rest.is_empty().then(|| Box::new(value) as Box<dyn Any + Send>)
        },
    }
}
