//! Messages and events: who hears them, and who is woken when.
//!
//! Rule: an ear hears from its opening to its end, in order, and keeps what it hears until it is asked; that of a
//! single wait keeps the first. Events wake at once, messages in step 5: those whose waits are over, in the order in
//! which they began to wait.

use super::*;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::world_model) enum Source {
    Messages,
    HitsAt(EntityNo),
    Booms,
    AddedTo(EntityNo),
    RemovedFrom(EntityNo),
}

/// An ear, by the order in which it was opened.
pub(in crate::world_model) type Ear = usize;

struct EarState {
    source: Source,
    /// It keeps the first, and no more.
    is_single: bool,
    is_closed: bool,
    has_heard: bool,
    kept: VecDeque<u8>,
    /// The wait for the next one: its number, and who waits.
    armed: Option<(u64, TaskNo)>,
    /// That one was woken.
    is_woken: bool,
}

#[derive(Default)]
pub(in crate::world_model) struct Heard {
    messages: Vec<u8>,
    /// Messages before this one are gone from Bevy's buffer.
    oldest: usize,
    /// Those before this one will be with its next update.
    older: usize,
    /// Messages before this one have been heard.
    read: usize,
    ears: Vec<EarState>,
    /// Counts waits.
    armed: u64,
}

impl State {
    pub(in crate::world_model) fn write_message(&mut self, value: u8) {
        self.heard.messages.push(value);
    }

    pub(in crate::world_model) fn update_messages(&mut self) {
        self.heard.oldest = self.heard.older;
        self.heard.older = self.heard.messages.len();
    }

    /// What was written by now is heard by all who listen.
    fn pull(&mut self) {
        let Heard { messages, oldest, read, ears, .. } = &mut self.heard;
        for &message in &messages[(*read).max(*oldest)..] {
            for ear in ears.iter_mut().filter(|ear| ear.source == Source::Messages) {
                ear.hears(message);
            }
        }
        *read = messages.len();
    }

    /// In step 5: whom the messages wake that have come.
    pub(super) fn messages_due(&mut self) -> Vec<TaskNo> {
        self.pull();
        self.wake_of(Source::Messages)
    }

    /// Those who wait at ears that have heard something since.
    fn wake_of(&mut self, source: Source) -> Vec<TaskNo> {
        let mut due = Vec::new();
        for ear in self.heard.ears.iter_mut().filter(|ear| ear.source == source && !ear.is_closed) {
            if let Some(armed) = ear.armed
                && !ear.is_woken
                && !ear.kept.is_empty()
            {
                ear.is_woken = true;
                due.push(armed);
            }
        }
        due.sort_unstable();
        due.into_iter().map(|(_, task)| task).collect()
    }

    pub(in crate::world_model) fn open_ear(&mut self, source: Source, is_single: bool) -> Ear {
        // One for messages begins behind all that was written by now.
        if source == Source::Messages {
            self.pull();
        }
        self.heard.ears.push(EarState {
            source,
            is_single,
            is_closed: false,
            has_heard: false,
            kept: VecDeque::new(),
            armed: None,
            is_woken: false,
        });
        self.heard.ears.len() - 1
    }

    pub(in crate::world_model) fn close_ear(&mut self, ear: Ear) {
        self.heard.ears[ear].is_closed = true;
    }

    /// The oldest that is kept; without one, `task` waits.
    pub(in crate::world_model) fn ask_ear(&mut self, ear: Ear, task: TaskNo) -> Option<u8> {
        if self.heard.ears[ear].kept.is_empty() && self.heard.ears[ear].source == Source::Messages {
            self.pull();
        }
        self.heard.armed += 1;
        let number = self.heard.armed;
        let ear = &mut self.heard.ears[ear];
        let next = ear.kept.pop_front();
        if next.is_some() {
            ear.armed = None;
        } else {
            let number = ear.armed.map_or(number, |(number, _)| number);
            ear.armed = Some((number, task));
            ear.is_woken = false;
        }
        next
    }

    /// Whether what is heard has a value.
    pub(in crate::world_model) fn tells_value(&self, ear: Ear) -> bool {
        !matches!(self.heard.ears[ear].source, Source::AddedTo(_) | Source::RemovedFrom(_))
    }

    /// The wait was dropped; its listener listens on.
    pub(in crate::world_model) fn stop_asking(&mut self, ear: Ear) {
        self.heard.ears[ear].armed = None;
    }
}

impl EarState {
    fn hears(&mut self, value: u8) {
        let has_all = self.is_single && self.has_heard;
        if !self.is_closed && !has_all {
            self.has_heard = true;
            self.kept.push_back(value);
        }
    }
}

impl World {
    /// An event is triggered: who waits for it is woken before this returns.
    pub(in crate::world_model) fn tell(&self, exec: &mut Naive, source: Source, value: u8) {
        let woken = self.with(|state| {
            for ear in state.heard.ears.iter_mut().filter(|ear| ear.source == source) {
                ear.hears(value);
            }
            state.wake_of(source)
        });
        for task in woken {
            exec.wake(task);
        }
    }
}
