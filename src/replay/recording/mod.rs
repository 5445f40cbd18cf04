//! Recordings: what they hold, how they are written and read.

use crate::executor::Arrival;

use super::line::StepTrail;

/// How much of what a run did its recording keeps.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The two hashes, once in sixty frames and at the end: for long runs. A verification names the second.
    #[default]
    Sparse,
    /// The two hashes after every lane step: a verification names the frame, and the lane.
    Steps,
    /// What happened to every script and to every hashed component, too: a verification says what was expected.
    Full,
}

/// One frame of a recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedFrame {
    /// How long it was, in nanoseconds.
    pub step_nanos: u64,
    /// Its input, as `postcard` has it.
    pub input: Vec<u8>,
    /// What came from outside, each with the number of the lane step within the frame (from 0) that took it in.
    pub arrivals: Vec<(u32, Arrival)>,
    /// What it did, step by step, with the end of the frame last; empty where the recording's detail keeps nothing.
    pub trail: Vec<StepTrail>,
}
