//! Conditions: looked at when they are armed, and then in step 5 of each step of the lane that this was in.

use super::*;

/// A condition: the word for what was found, once it holds.
pub(in crate::world_model) type Look = Rc<dyn Fn(&State) -> Option<String>>;

pub(super) struct Armed {
    look: Look,
    lane: LaneNo,
    task: TaskNo,
    found: Option<String>,
    is_dropped: bool,
}

impl State {
    /// The number of the wait.
    pub(in crate::world_model) fn arm(&mut self, look: Look, task: TaskNo) -> usize {
        let lane = self.lane;
        self.looks.push(Armed { look, lane, task, found: None, is_dropped: false });
        self.looks.len() - 1
    }

    pub(in crate::world_model) fn found(&self, wait: usize) -> Option<String> {
        self.looks[wait].found.clone()
    }

    pub(in crate::world_model) fn drop_look(&mut self, wait: usize) {
        self.looks[wait].is_dropped = true;
    }

    /// In step 5: who is woken, in order of arming.
    pub(super) fn look(&mut self, lane: LaneNo) -> Vec<TaskNo> {
        let mut woken = Vec::new();
        for wait in 0..self.looks.len() {
            let armed = &self.looks[wait];
            if armed.lane == lane && !armed.is_dropped && armed.found.is_none() {
                let found = (armed.look)(self);
                if found.is_some() {
                    woken.push(self.looks[wait].task);
                }
                self.looks[wait].found = found;
            }
        }
        woken
    }
}
