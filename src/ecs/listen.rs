//! Listeners: messages, kept from the moment on at which a script began to listen.
//!
//! The rule: a listener gets every message that is written between its creation and its end, and takes
//! none from anybody else: it copies or maps what it wants while it only reads Bevy's buffer. All that
//! listen for one type share one place in that buffer (a hub), which is read in step 5 of every step, of
//! whichever lane, and whenever one of them is asked for its next message.
//!
//! Bounds: a listener keeps the newest `bound` messages (1,024 unless set); older ones give way and are
//! counted (`missed`). Counted, too, is what was gone before a step could read it: Bevy clears a message
//! after two updates, and a system may drain or clear the buffer.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bevy_ecs::message::{Message, Messages};
use bevy_ecs::world::World;

use super::checks::{Checks, Hub, Payload, Waiter, guarded};
use super::stage::{self, Stage, StoreKey};
use crate::executor::{WaitKind, current};

const BOUND: usize = 1024;

/// A script's ear for messages, from [`Me::listen`](crate::Me::listen) or
/// [`Me::listen_map`](crate::Me::listen_map): it keeps what comes until the script asks for it.
///
/// **Order.** Messages come in the order in which they were written. Those that wait for one are woken in
/// the order in which they began to wait, in step 5 of a step, for all that was written until then; what
/// is written after that is found by whoever asks in the same step, and wakes in the next.
///
/// **Bound.** It keeps the newest 1,024, or what [`bounded`](Self::bounded) says; older ones give way.
/// [`missed`](Self::missed) counts those.
///
/// **Cancelling** a `next().await` loses no message. Dropping the listener ends it at once.
///
/// ```
/// use bevy_ecs::prelude::*;
/// use framestep::{Me, Script, step_scripts};
///
/// #[derive(Message, Clone)]
/// struct Hit(i32);
/// #[derive(Component)]
/// struct Health(i32);
///
/// let mut world = World::new();
/// world.init_resource::<Messages<Hit>>();
/// let troll = world.spawn((Health(9), Script::new(async |me: Me| {
///     let mut hits = me.listen::<Hit>();
///     loop {
///         let hit = hits.next().await;
///         me.with(|mut health: Mut<Health>| health.0 -= hit.0)?;
///     }
/// }))).id();
///
/// step_scripts(&mut world);
/// world.write_message(Hit(2));
/// world.write_message(Hit(3));
/// step_scripts(&mut world);
/// assert_eq!(world.get::<Health>(troll).unwrap().0, 4);
/// ```
pub struct Listener<T> {
    inbox: Rc<Inbox<T>>,
    hub: Rc<dyn Hub>,
    store: StoreKey,
}

/// What a listener shares with its hub.
struct Inbox<T> {
    kept: RefCell<VecDeque<T>>,
    bound: Cell<usize>,
    missed: Cell<u64>,
    is_open: Cell<bool>,
    /// The wait for the next message: its number, and its waker.
    armed: Cell<Option<u64>>,
    waker: RefCell<Option<Waker>>,
    /// The mapping panicked.
    panic: Cell<Option<Payload>>,
}

impl<T: 'static> Listener<T> {
    /// Starts to listen, from the end of what has been written so far.
    pub(crate) fn new<M, F>(store: StoreKey, stage: &mut Stage, map: F) -> Self
    where
        M: Message,
        F: FnMut(&M) -> Option<T> + 'static,
    {
        stage.store().hook_checks();
        let checks = &stage.store().checks;
        let hub = checks.hub(|| MessageHub::<M>::new(&stage.world));
        // Those who listen already get what was written before this one came.
        hub.pull(&stage.world, checks);
        let inbox = Rc::new(Inbox {
            kept: RefCell::default(),
            bound: Cell::new(BOUND),
            missed: Cell::new(0),
            is_open: Cell::new(true),
            armed: Cell::new(None),
            waker: RefCell::default(),
            panic: Cell::new(None),
        });
        let sink = Rc::new(Mapped { inbox: inbox.clone(), map: RefCell::new(map), of: PhantomData });
        let typed = hub.as_any().downcast_ref::<MessageHub<M>>().expect("found by its type");
        let mut sinks = typed.sinks.borrow_mut();
        if sinks.len() == sinks.capacity() {
            // Those that have ended go before the list grows, and it grows enough to make that rare.
            sinks.retain(|sink| sink.is_open());
            let more = sinks.len() + 1;
            sinks.reserve(more);
        }
        sinks.push(sink);
        drop(sinks);
        Listener { inbox, hub, store }
    }

    /// Sets how many messages are kept; the oldest give way. At least one is.
    #[must_use]
    pub fn bounded(self, messages: usize) -> Self {
        self.inbox.bound.set(messages.max(1));
        self
    }

    /// Waits for the next message, or gives the oldest that is kept.
    ///
    /// # Panics
    /// In the script, if the mapping of [`Me::listen_map`](crate::Me::listen_map) panicked.
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "it is awaited, as the `next` of any stream")]
    pub fn next(&mut self) -> NextMessage<'_, T> {
        NextMessage { listener: self, at: Location::caller() }
    }

    /// The oldest message that is kept, without waiting.
    pub fn try_next(&mut self) -> Option<T> {
        self.pull();
        self.inbox.kept.borrow_mut().pop_front()
    }

    /// How many messages are kept.
    pub fn len(&self) -> usize {
        self.pull();
        self.inbox.kept.borrow().len()
    }

    /// Whether no message is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets the messages that are kept: the next one is written after this.
    pub fn clear(&mut self) {
        self.pull();
        let kept = std::mem::take(&mut *self.inbox.kept.borrow_mut());
        drop(kept);
    }

    /// How many messages were lost to the bound, or were gone before a step could read them.
    pub fn missed(&self) -> u64 {
        self.inbox.missed.get()
    }

    /// Takes in what was written by now. Out of the world's reach nothing can have been written by us.
    fn pull(&self) {
        let _ = stage::access(self.store, |stage| self.hub.pull(&stage.world, &stage.store().checks));
    }
}

impl<T> Drop for Listener<T> {
    fn drop(&mut self) {
        self.inbox.is_open.set(false);
        let kept = std::mem::take(&mut *self.inbox.kept.borrow_mut());
        drop(kept);
    }
}

impl<T> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("kept", &self.inbox.kept.borrow().len())
            .field("missed", &self.inbox.missed)
            .finish_non_exhaustive()
    }
}

/// The wait that [`Listener::next`] gives.
#[must_use = "a wait does nothing unless it is awaited"]
#[derive(Debug)]
pub struct NextMessage<'a, T: 'static> {
    listener: &'a mut Listener<T>,
    at: &'static Location<'static>,
}

impl<T: 'static> Future for NextMessage<'_, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let inbox = &self.listener.inbox;
        if let Some(payload) = inbox.panic.take() {
            resume_unwind(payload);
        }
        let next = inbox.kept.borrow_mut().pop_front();
        let next = next.or_else(|| {
            self.listener.pull();
            inbox.kept.borrow_mut().pop_front()
        });
        if let Some(next) = next {
            inbox.armed.set(None);
            return Poll::Ready(next);
        }
        if inbox.armed.get().is_none() {
            let armed = stage::access(self.listener.store, |stage| stage.store().checks.arm_message());
            inbox.armed.set(armed.ok());
        }
        let mut waker = inbox.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        drop(waker);
        current::try_with(|core| core.note(WaitKind::Message, self.at));
        Poll::Pending
    }
}

impl<T> Drop for NextMessage<'_, T> {
    fn drop(&mut self) {
        self.listener.inbox.armed.set(None);
    }
}

impl<T> Waiter for Inbox<T> {
    fn take_due(&self, armed: u64) -> Option<Waker> {
        if self.armed.get() == Some(armed) { self.waker.borrow_mut().take() } else { None }
    }
}

/// Where messages of one type go.
trait Sink<M> {
    fn is_open(&self) -> bool;
    fn offer(&self, message: &M, checks: &Checks);
    fn miss(&self, messages: u64);
}

struct Mapped<M, T, F> {
    inbox: Rc<Inbox<T>>,
    map: RefCell<F>,
    of: PhantomData<fn(&M)>,
}

impl<M, T, F> Sink<M> for Mapped<M, T, F>
where
    T: 'static,
    F: FnMut(&M) -> Option<T>,
{
    fn is_open(&self) -> bool {
        self.inbox.is_open.get()
    }

    fn offer(&self, message: &M, checks: &Checks) {
        let inbox = &self.inbox;
        let mut given_way = None;
        let had_none = inbox.kept.borrow().is_empty();
        match guarded(|| (self.map.borrow_mut())(message)) {
            Ok(None) => return,
            Ok(Some(wanted)) => {
                let mut kept = inbox.kept.borrow_mut();
                if kept.len() >= inbox.bound.get() {
                    given_way = kept.pop_front();
                    inbox.missed.set(inbox.missed.get() + 1);
                }
                kept.push_back(wanted);
            }
            Err(payload) => inbox.panic.set(Some(payload)),
        }
        drop(given_way);
        if let Some(armed) = inbox.armed.get().filter(|_| had_none) {
            checks.has_come(armed, inbox.clone());
        }
    }

    fn miss(&self, messages: u64) {
        self.inbox.missed.set(self.inbox.missed.get() + messages);
    }
}

struct MessageHub<M: Message> {
    /// The number of the first message that wasn't read.
    next: Cell<usize>,
    sinks: RefCell<Vec<Rc<dyn Sink<M>>>>,
}

/// How many messages of this type were written so far.
fn written<M: Message>(messages: &Messages<M>) -> usize {
    messages.oldest_message_count() + messages.len()
}

impl<M: Message> MessageHub<M> {
    fn new(world: &World) -> Self {
        let next = world.get_resource::<Messages<M>>().map_or(0, written);
        MessageHub { next: Cell::new(next), sinks: RefCell::default() }
    }
}

impl<M: Message> Hub for MessageHub<M> {
    fn pull(&self, world: &World, checks: &Checks) {
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
        let mut sinks = self.sinks.borrow_mut();
        sinks.retain(|sink| sink.is_open());
        let sinks = sinks;
        let oldest = messages.oldest_message_count();
        if oldest > next {
            sinks.iter().for_each(|sink| sink.miss((oldest - next) as u64));
            next = oldest;
        }
        for id in next..end {
            let Some((message, _)) = messages.get_message(id) else { continue };
            for sink in sinks.iter().filter(|sink| sink.is_open()) {
                sink.offer(message, checks);
            }
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
