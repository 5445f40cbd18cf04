//! Values from other threads, seen by scripts at one point of the frame.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use crate::executor::core::Core;
use crate::executor::{Closed, Codec, Executor, Injector, InletKey, Post, WaitKind, current};

/// Makes an inlet of the executor that runs the script that calls this; see [`Inlet`].
///
/// # Panics
/// Outside of a script.
#[must_use]
#[track_caller]
pub fn inlet<T: Send + 'static>() -> (InletSender<T>, Inlet<T>) {
    let opened_at = Location::caller();
    current::with("inlet()", |core| Inlet::of(core, None, opened_at))
}

impl Executor {
    /// Makes an inlet: a way for values from other threads to this executor's scripts. See [`Inlet`].
    #[must_use]
    #[track_caller]
    pub fn inlet<T: Send + 'static>(&self) -> (InletSender<T>, Inlet<T>) {
        Inlet::of(self.core(), None, Location::caller())
    }
}

/// Sends values to an [`Inlet`], from any thread. A clone sends to the same.
pub struct InletSender<T> {
    line: Arc<Line>,
    /// Not `fn(T)`: a sender of a supertype must not pass for one of its subtype, whose values have another type.
    is_a: PhantomData<fn(T) -> T>,
}

/// What the senders of an inlet share; it says so when the last of them is gone.
struct Line {
    injector: Injector,
    key: InletKey,
    is_closed: Arc<AtomicBool>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let refused = self.injector.post(Post::LastSent(self.key));
        drop(refused);
    }
}

impl<T: Send + 'static> InletSender<T> {
    /// Sends a value: scripts see it from step 2 of the executor's next step on, whatever its lane, in order of
    /// arrival. Never waits. Accepted isn't taken: a value that no script takes is dropped with the inlet, or
    /// with the executor.
    ///
    /// # Errors
    /// [`Closed`] with the value, when the inlet or its executor is gone.
    pub fn send(&self, value: T) -> Result<(), Closed<T>> {
        if self.line.is_closed.load(Ordering::Acquire) {
            return Err(Closed(value));
        }
        match self.line.injector.post(Post::Value(self.line.key, Box::new(value))) {
            Err(Post::Value(_, value)) => Err(Closed(*value.downcast().expect("it is the value that was sent"))),
            _ => Ok(()),
        }
    }
}

impl<T> Clone for InletSender<T> {
    fn clone(&self) -> Self {
        InletSender { line: self.line.clone(), is_a: PhantomData }
    }
}

impl<T> fmt::Debug for InletSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InletSender").field("key", &self.line.key).finish_non_exhaustive()
    }
}

/// Values that come from other threads, as scripts see them: what came since the last step becomes visible at
/// step 2 of a step, in order of arrival, and nothing in the middle of one.
///
/// So a step is a function of what was visible at its start. It stays on its thread; values that were sent and not
/// taken are dropped with it, or with the executor if that ends first.
///
/// ```
/// let mut executor = framestep::Executor::new();
/// let (chat, mut lines) = executor.inlet::<&'static str>();
/// let herald = executor.spawn(async move {
///     let mut heard = Vec::new();
///     while let Some(line) = lines.next().await {
///         heard.push(line);
///     }
///     heard
/// });
/// std::thread::spawn(move || ["hear", "hear"].map(|line| chat.send(line).unwrap())).join().unwrap();
/// executor.poll_once();
/// assert_eq!(herald.take_output().unwrap().unwrap(), ["hear", "hear"]);
/// ```
pub struct Inlet<T> {
    serial: u32,
    key: InletKey,
    is_closed: Arc<AtomicBool>,
    /// As its sender is.
    is_a: PhantomData<fn(T) -> T>,
    stays_on_its_thread: PhantomData<Rc<()>>,
}

/// Neither end passes for one of a subtype or a supertype: their values are told apart by their type.
///
/// ```compile_fail,E0308
/// fn of_a_supertype(inlet: framestep::Inlet<for<'a> fn(&'a u8)>) -> framestep::Inlet<fn(&'static u8)> { inlet }
/// ```
///
/// ```compile_fail,E0308
/// type Sender<T> = framestep::InletSender<T>;
/// fn of_a_subtype(sender: Sender<fn(&'static u8)>) -> Sender<for<'a> fn(&'a u8)> { sender }
/// ```
#[cfg(doctest)]
struct IsInvariant;

impl<T: Send + 'static> Inlet<T> {
    fn of(core: &Core, codec: Option<Codec>, opened_at: &'static Location<'static>) -> (InletSender<T>, Inlet<T>) {
        let (key, is_closed) = (core.open_inlet(codec, opened_at), Arc::<AtomicBool>::default());
        let line = Line { injector: Injector::of(core), key, is_closed: is_closed.clone() };
        let inlet =
            Inlet { serial: core.serial(), key, is_closed, is_a: PhantomData, stays_on_its_thread: PhantomData };
        (InletSender { line: Arc::new(line), is_a: PhantomData }, inlet)
    }

    /// An inlet whose values are recorded and replayed: `codec` is for values of `T`.
    #[cfg(feature = "replay")]
    pub(crate) fn coded(
        core: &Core,
        codec: Codec,
        opened_at: &'static Location<'static>,
    ) -> (InletSender<T>, Inlet<T>) {
        Inlet::of(core, Some(codec), opened_at)
    }

    /// Waits for the next value; gives `None` when all have been taken and no sender is left, or the executor has
    /// ended. Dropping it loses no value.
    #[track_caller]
    #[expect(clippy::should_implement_trait, reason = "the field's word, as in streams; an inlet is no iterator")]
    pub fn next(&mut self) -> InletNext<'_, T> {
        InletNext { site: Location::caller(), inlet: self, waits: false }
    }

    /// The next value, if one is there.
    pub fn try_next(&mut self) -> Option<T> {
        match self.poll(|core, key| core.next_of_inlet(key, None)) {
            Poll::Ready(value) => value,
            Poll::Pending => None,
        }
    }

    fn poll(
        &self,
        poll: impl FnOnce(&Core, InletKey) -> Poll<Option<Box<dyn std::any::Any + Send>>>,
    ) -> Poll<Option<T>> {
        let next = current::with_serial(self.serial, |core| poll(core, self.key)).unwrap_or(Poll::Ready(None));
        next.map(|value| Some(*value?.downcast().expect("senders send what the inlet gives")))
    }
}

impl<T> Drop for Inlet<T> {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Release);
        current::with_serial(self.serial, |core| core.close_inlet(self.key));
    }
}

impl<T> fmt::Debug for Inlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The future of [`Inlet::next`].
#[must_use = "a wait does nothing unless it is awaited"]
pub struct InletNext<'a, T> {
    site: &'static Location<'static>,
    inlet: &'a mut Inlet<T>,
    waits: bool,
}

impl<T> fmt::Debug for InletNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InletNext").field("site", self.site).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Future for InletNext<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let next = self.inlet.poll(|core, key| core.next_of_inlet(key, Some(context.waker())));
        self.waits = next.is_pending();
        if self.waits {
            current::try_with(|core| core.note(WaitKind::Message, self.site));
        }
        next
    }
}

impl<T> Drop for InletNext<'_, T> {
    fn drop(&mut self) {
        if self.waits {
            current::with_serial(self.inlet.serial, |core| core.forget_waiter(self.inlet.key));
        }
    }
}
