//! What stands in an executor's inbox until it is collected.

use std::any::Any;

use super::inlets::InletKey;
use super::key::TaskId;
use super::task::Site;

/// One thing that came from outside.
pub(crate) enum Post {
    /// A task is to be woken.
    Wake(TaskId),
    /// Something is to be done on the executor's thread.
    Run(Job),
    /// A value for an inlet.
    Value(InletKey, Box<dyn Any + Send>),
    /// The last sender of an inlet is gone.
    LastSent(InletKey),
}

pub(crate) struct Job {
    pub(super) act: Box<dyn FnOnce() + Send>,
    pub(super) name: Name,
}

/// What reports call something that was handed in: its type, and where that was done.
#[derive(Copy, Clone, Debug)]
pub(super) struct Name {
    pub(super) of_type: &'static str,
    pub(super) site: Site,
}
