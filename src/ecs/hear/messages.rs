//! Messages: read from Bevy's buffers, in step 5 of every step and whenever a script asks.
//!
//! The rule: every message is read once for all who listen, in the order in which it was written, and none
//! is taken from anybody else: Bevy's buffer is only read. All that listen for one type share one place in
//! that buffer. Those who listen already get what was written before a new one comes.
//!
//! Only step 5 wakes. What a script had read by asking wakes the others there, and of those only who hasn't taken it
//! by then: whoever asked in between goes on with something else.

use std::any::{TypeId, type_name};
use std::cell::Cell;
use std::rc::Rc;

use bevy_ecs::message::{Message, Messages};
use bevy_ecs::world::World;

use super::super::checks::{Checks, Feed};
use super::super::stage::{self, Stage, StoreKey};
use super::column::{Entry, Keep, WakeList};
use super::hub::{Hub, Key};
use super::pick::Pick;
use super::tuned::{Post, Tuned};
use crate::executor::WaitKind;

/// All who listen for one type of message.
pub(in super::super) struct Buffer<M: Message> {
    /// The number of the first message that wasn't read.
    next: Cell<usize>,
    /// Something was read since the last step 5.
    is_ahead: Cell<bool>,
    hub: Hub<M>,
}

/// How many messages of this type were written so far.
fn written<M: Message>(messages: &Messages<M>) -> usize {
    messages.oldest_message_count() + messages.len()
}

impl<M: Message> Buffer<M> {
    fn new(world: &World) -> Self {
        let next = world.get_resource::<Messages<M>>().map_or(0, written);
        Buffer { next: Cell::new(next), is_ahead: Cell::new(false), hub: Hub::default() }
    }

    /// Opens an ear at the end of what has been written so far.
    ///
    /// # Panics
    /// In a nested access, and outside of a step.
    #[track_caller]
    pub(super) fn open<P: Pick<M>>(store: StoreKey, pick: P, keep: Keep) -> Tuned<P::Output> {
        let opened = stage::access(store, |stage| {
            let buffer = Self::of(stage);
            buffer.read(&stage.world, None);
            (buffer.hub.open(None, pick, keep), buffer)
        });
        match opened {
            Ok((opened, buffer)) => Tuned::new(store, buffer, None, opened),
            Err(error) => panic!("can't listen for `{}`: {error}", type_name::<M>()),
        }
    }

    fn of(stage: &Stage) -> Rc<Self> {
        stage.store().hook_checks();
        let feed = stage.store().checks.feed(TypeId::of::<Self>(), || Rc::new(Self::new(&stage.world)));
        feed.as_any().downcast().expect("found by its type")
    }
}

impl<M: Message> Buffer<M> {
    /// Hands what was written by now to all who listen, and adds those to `due` whom that wakes.
    fn read(&self, world: &World, mut due: Option<&mut WakeList>) {
        let Some(messages) = world.get_resource::<Messages<M>>() else { return };
        let end = written(messages);
        let mut next = self.next.get();
        if next == end {
            return;
        }
        if next > end {
            // The buffer was taken away and a new one put in its place.
            next = 0;
        }
        self.next.set(end);
        let oldest = messages.oldest_message_count();
        if oldest > next {
            self.hub.miss(None, (oldest - next) as u64);
            next = oldest;
        }
        self.is_ahead.set(self.is_ahead.get() || due.is_none());
        for id in next..end {
            if let Some((message, _)) = messages.get_message(id) {
                self.hub.deliver(None, message, due.as_deref_mut());
            }
        }
    }
}

impl<M: Message> Feed for Buffer<M> {
    fn pull(&self, world: &World, checks: &Checks) {
        let mut due = checks.take_due();
        if self.is_ahead.take() {
            self.hub.overdue(None, &mut due);
        }
        self.read(world, Some(&mut due));
        checks.set_due(due);
    }

    fn as_any(self: Rc<Self>) -> Rc<dyn std::any::Any> {
        self
    }
}

impl<M: Message> Post for Buffer<M> {
    fn pull(&self, store: StoreKey) {
        let _ = stage::access(store, |stage| self.read(&stage.world, None));
    }

    fn close(&self, key: Key, entry: Entry) {
        self.hub.close(key, entry);
    }

    fn wait_kind(&self) -> WaitKind {
        WaitKind::Message
    }
}
