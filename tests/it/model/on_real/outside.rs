//! What is handed in to the real executor, from other threads and from this one, and what inlets give.
//!
//! Rule: `on_naive/outside.rs` holds the same. A thread that hands something in has ended before anything else is
//! done. What is handed in is `Send`, so it holds numbers and finds the run that it belongs to by its thread.

use super::*;
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

thread_local! {
    /// The run on this thread.
    static HERE: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// Makes the run known to what comes from outside, until it is dropped.
pub(super) fn here(world: &Rc<World>) -> impl Drop + use<> {
    struct Here;
    impl Drop for Here {
        fn drop(&mut self) {
            HERE.take();
        }
    }
    HERE.set(Some(world.clone()));
    Here
}

/// The closure that runs on this thread, unless the thread is one of those that hand in.
fn closure() -> Option<Who> {
    let world = HERE.with(|here| here.borrow().clone())?;
    Some(Who { world, me: None, scope: None, handed_in: true })
}

/// A value: says when it is dropped.
pub(super) struct Value(u8);

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(closure) = closure() {
            closure.world.log.borrow_mut().push(format!("value {} is dropped", self.0));
        }
    }
}

/// A script that was handed in.
pub(super) struct Ticket {
    script: Script,
    /// From its birth to its drop.
    root: Option<Rc<RefCell<Root>>>,
    is_born: bool,
}

/// Its future: the number of its ticket.
struct Posted(usize);

impl Posted {
    /// Gives the script its number.
    fn is_born(&self) {
        let Who { world, .. } = closure().expect("it is taken in at home");
        let number = world.table.borrow().len();
        world.table.borrow_mut().push(Entry::default());
        closure().expect("at home").log(format!("spawns {number}"));
        let me = Who { world: world.clone(), me: Some(number), scope: None, handed_in: false };
        let ticket = &mut world.tickets.borrow_mut()[self.0];
        let body = block(me.clone(), ticket.script.ops.clone());
        ticket.root = Some(Rc::new(RefCell::new(Root::new(me, body, ticket.script.output.clone()))));
        ticket.is_born = true;
    }
}

impl Future for Posted {
    type Output = Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Output> {
        let Who { world, .. } = closure().expect("it is polled at home");
        let root = world.tickets.borrow()[self.0].root.clone();
        let mut root = root.as_ref().expect("it is born").borrow_mut();
        Pin::new(&mut *root).poll(context)
    }
}

impl Drop for Posted {
    fn drop(&mut self) {
        let Some(closure) = closure() else { return };
        let (root, is_born) = {
            let ticket = &mut closure.world.tickets.borrow_mut()[self.0];
            (ticket.root.take(), ticket.is_born)
        };
        drop(root);
        if !is_born {
            closure.log("an unborn script is dropped".to_string());
        }
    }
}

/// Hands in from another thread, or from here.
fn hand_in<T: Send>(from_thread: bool, act: impl FnOnce() -> T + Send) -> T {
    if from_thread { crate::words::on_thread(act) } else { act() }
}

pub(super) fn act(who: &Who, op: &Op) {
    let injector = who.world.injector.clone();
    match op {
        HandIn(from_thread, ops) => {
            let ops = ops.clone();
            let run = move || {
                let closure = closure().expect("it runs at home");
                ops.0.iter().for_each(|op| super::act(None, &closure, op));
            };
            let taken = hand_in(*from_thread, || injector.run(run).is_ok());
            who.log(format!("hands in: {taken}"));
        }
        SpawnLater(from_thread, script) | SpawnWithLater(from_thread, script) => {
            let ticket = who.world.tickets.borrow().len();
            who.world.tickets.borrow_mut().push(Ticket { script: script.clone(), root: None, is_born: false });
            let posted = Posted(ticket);
            let taken = hand_in(*from_thread, || {
                let taken = match op {
                    SpawnLater(..) => {
                        // It says nothing when it is taken in, so a closure goes before it.
                        let born = injector.run(move || std::mem::ManuallyDrop::new(Posted(ticket)).is_born());
                        injector.spawn(posted).is_ok() && born.is_ok()
                    }
                    _ => {
                        let make = move || {
                            posted.is_born();
                            posted
                        };
                        injector.spawn_with(make).is_ok()
                    }
                };
                // Only a limit ends it before its first poll.
                let _ = injector.run(move || {
                    let Who { world, .. } = closure().expect("it runs at home");
                    let is_refused = world.tickets.borrow()[ticket].root.is_none();
                    world.table.borrow_mut().last_mut().expect("its own").refused = is_refused;
                });
                taken
            });
            who.log(format!("hands in: {taken}"));
        }
        SendValue(from_thread, inlet, number) => {
            let sender = who.world.senders.borrow()[usize::from(inlet % INLETS)].clone();
            let Some(sender) = sender else { return };
            let value = Value(*number);
            let sent = hand_in(*from_thread, || sender.send(value));
            who.log(format!("sends {number}: {}", if sent.is_ok() { "taken" } else { "given back" }));
        }
        DropSender(inlet) => {
            let sender = take(&mut who.world.senders.borrow_mut()[usize::from(inlet % INLETS)]);
            drop(sender);
        }
        DropInlet(inlet) => {
            let inlet = take(&mut who.world.inlets.borrow_mut()[usize::from(inlet % INLETS)]);
            drop(inlet);
        }
        TryNext(number) => {
            let at = usize::from(number % INLETS);
            let Some(mut inlet) = take(&mut who.world.inlets.borrow_mut()[at]) else { return };
            let value = inlet.try_next();
            who.world.inlets.borrow_mut()[at] = Some(inlet);
            who.log(format!("finds {}", value.as_ref().map_or("nothing".to_string(), word_of)));
        }
        _ => unreachable!("nothing of outside"),
    }
}

fn word_of(value: &Value) -> String {
    format!("value {}", value.0)
}

/// An inlet that is out of the table until this is dropped.
struct Lent {
    who: Who,
    number: u8,
    inlet: Option<fs::Inlet<Value>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(inlet) = self.inlet.take() {
            self.who.world.inlets.borrow_mut()[usize::from(self.number % INLETS)] = Some(inlet);
        }
    }
}

/// The next value of an inlet.
pub(super) async fn next_value(who: Who, number: u8) -> String {
    let inlet = take(&mut who.world.inlets.borrow_mut()[usize::from(number % INLETS)]);
    let mut lent = Lent { who, number, inlet };
    let Some(inlet) = &mut lent.inlet else { return "no inlet".to_string() };
    let value = inlet.next().await;
    value.as_ref().map_or("no more values".to_string(), word_of)
}

/// Finds the ids of scripts that were handed in: those that weren't refused are numbered as they were spawned.
pub(super) fn learn_ids(exec: &fs::Executor, game: &Who) {
    exec.for_each_task(|info| {
        let mut table = game.world.table.borrow_mut();
        let mut spawned = table.iter_mut().filter(|entry| !entry.refused);
        let entry = spawned.nth(info.number as usize - 1).expect("it is in the table");
        assert_eq!(*entry.id.get_or_insert(info.id), info.id);
    });
}
