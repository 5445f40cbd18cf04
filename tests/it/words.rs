//! Word logs, futures that tests drive by hand, and what they hear from other threads.
//!
//! Rule: a test says words as things happen and compares the whole log once. Nothing here knows about executors but by
//! `std::task` and ids, or about time but how long a broken run may take.

use std::{
    cell::{Cell, RefCell},
    fmt::Display,
    future::Future,
    panic::resume_unwind,
    pin::Pin,
    rc::Rc,
    sync::mpsc::Receiver,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use framestep::TaskId;

/// A log of words, shared by all who say them.
#[derive(Clone, Default)]
pub(crate) struct Words(Rc<RefCell<Vec<String>>>);

impl Words {
    /// Adds a word.
    pub(crate) fn say(&self, word: impl Display) {
        self.0.borrow_mut().push(word.to_string());
    }

    /// All words since the last call, with spaces between them.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.borrow_mut()).join(" ")
    }

    /// A guard that says a word when it is dropped.
    pub(crate) fn on_drop(&self, word: &'static str) -> OnDrop<impl FnOnce() + 'static> {
        let words = self.clone();
        on_drop(move || words.say(word))
    }
}

/// A guard whose destructor does something.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

/// Does something when it is dropped.
pub(crate) fn on_drop<F: FnOnce()>(act: F) -> OnDrop<F> {
    OnDrop(Some(act))
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

/// A gate that scripts wait at: it keeps the waker of the last poll, and opens by hand.
#[derive(Clone, Default)]
pub(crate) struct Gate(Rc<GateState>);

#[derive(Default)]
struct GateState {
    open: Cell<bool>,
    polls: Cell<u32>,
    waker: RefCell<Option<Waker>>,
}

impl Gate {
    /// A future that is over when the gate is open; it doesn't wake anybody by itself.
    pub(crate) fn wait(&self) -> GateWait {
        GateWait(self.clone())
    }

    /// Opens it, and wakes who polled last.
    pub(crate) fn open(&self) {
        self.0.open.set(true);
        self.wake();
    }

    /// Wakes who polled last, open or not.
    pub(crate) fn wake(&self) {
        let waker = self.0.waker.borrow().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The waker of the last poll.
    pub(crate) fn waker(&self) -> Waker {
        self.0.waker.borrow().clone().expect("the gate was polled")
    }

    /// How often it was polled.
    pub(crate) fn polls(&self) -> u32 {
        self.0.polls.get()
    }
}

/// See [`Gate::wait`].
pub(crate) struct GateWait(Gate);

impl Future for GateWait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let state = &self.0.0;
        state.polls.set(state.polls.get() + 1);
        *state.waker.borrow_mut() = Some(cx.waker().clone());
        if state.open.get() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Runs something on another thread, and waits for its end.
pub(crate) fn on_thread<T: Send>(act: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(act).join().expect("it doesn't panic"))
}

/// How long a broken run may take. A run that is whole never comes near it, on however busy a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What another thread sends; where it doesn't, the test fails and says what was lost, in place of waiting for ever.
#[track_caller]
pub(crate) fn hear<T>(from: &Receiver<T>, lost: &str) -> T {
    from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("lost: {lost} ({error})"))
}

/// The slot that an id names.
pub(crate) fn slot(id: TaskId) -> u32 {
    let text = id.to_string();
    text.split_once('v').expect("index, v, generation").0.parse().expect("a number")
}

/// A panic that the panic hook doesn't hear of.
pub(crate) fn quiet_panic(message: &'static str) {
    resume_unwind(Box::new(message));
}

/// Polls a future once with a waker that wakes nobody.
pub(crate) fn poll_now<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
