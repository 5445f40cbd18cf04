//! Hearing: waits on messages and on events, and what they are made of. See [`Source`].
//!
//! | file | idea |
//! |---|---|
//! | `pick` | what is made of a message or an event: all of it, a part, nothing |
//! | `column` | the ears of one kind: what they pick, and what they keep |
//! | `hub` | all ears for one type, in order; who hears what |
//! | `tuned` | an ear, as a wait holds it |
//! | `source` | what a script can hear, to be awaited or listened to |
//! | `listener` | the two waits: for one, and for one after the other |
//! | `messages`, `events` | where it comes from: Bevy's buffers, and Bevy's observers |
//!
//! Each imports only those above it, but for `source`, which the last two give.

mod column;
mod events;
mod hub;
mod listener;
mod messages;
mod pick;
mod source;
mod tuned;

pub(crate) use column::WakeList;
pub(crate) use events::EventHubs;
pub use listener::{Heard, Listener, NextHeard};
pub use pick::{Filter, FilterMap, Happened, Map, MapWhole, Pick, Whole};
pub use source::{EventsAt, EventsOf, MessagesOf, Origin, Source};
