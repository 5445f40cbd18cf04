//! What is handed in to the naive executor, and what inlets give.
//!
//! Rule: `on_real/outside.rs` holds the same. A closure is handed in from here: the thread that does it there has
//! ended before anything else is done.

use super::*;
use crate::model::{
    naive::{Machine, Polled},
    waits::Waiting,
};

/// A value: says when it is dropped.
struct Value {
    world: Rc<World>,
    number: u8,
}

impl Drop for Value {
    fn drop(&mut self) {
        self.world.log.borrow_mut().push(format!("value {} is dropped", self.number));
    }
}

/// A script that was handed in: says so if it is dropped before it is one.
struct Unborn {
    who: Who,
    script: Option<Script>,
    says: bool,
}

impl Drop for Unborn {
    fn drop(&mut self) {
        if self.script.is_some() && self.says {
            self.who.log("an unborn script is dropped".to_string());
        }
    }
}

pub(super) fn act(exec: &mut Naive, who: &Who, op: &Op) {
    let closure = Who { world: who.world.clone(), me: None, scope: None, handed_in: true };
    match op {
        HandIn(_, ops) => {
            let ops = ops.0.clone();
            let taken = exec.hand_in(move |exec| act_all(exec, &closure, &ops));
            who.log(format!("hands in: {taken}"));
        }
        SpawnLater(from_thread, script) | SpawnWithLater(from_thread, script) => {
            // Where nobody takes it in, it is dropped on the thread that hands it in.
            let says = !from_thread || exec.is_open();
            let mut unborn = Unborn { who: closure, script: Some(script.clone()), says };
            let taken = exec.hand_in(move |exec| {
                let script = unborn.script.take().expect("it is born once");
                let number = unborn.who.world.table.borrow().len();
                unborn.who.world.table.borrow_mut().push(Entry { handle: false, polled: false });
                unborn.who.log(format!("spawns {number}"));
                let me = Who { world: unborn.who.world.clone(), me: Some(number), scope: None, handed_in: false };
                let root = Root::new(me, script.ops.0.clone(), script.output.0.clone());
                assert_eq!(exec.spawn_handed_in(Box::new(root)), number);
            });
            who.log(format!("hands in: {taken}"));
        }
        SendValue(_, inlet, number) => {
            let Some(inlet) = at(&who.world.senders, *inlet) else { return };
            let value = Value { world: who.world.clone(), number: *number };
            let sent = exec.send(inlet, Box::new(value));
            who.log(format!("sends {number}: {}", if sent.is_ok() { "taken" } else { "given back" }));
        }
        DropSender(inlet) => {
            let sender = take(&mut who.world.senders.borrow_mut()[usize::from(inlet % INLETS)]);
            sender.into_iter().for_each(|inlet| exec.drop_sender(inlet));
        }
        DropInlet(inlet) => {
            let inlet = take(&mut who.world.inlets.borrow_mut()[usize::from(inlet % INLETS)]);
            inlet.into_iter().for_each(|inlet| exec.close_inlet(inlet));
        }
        TryNext(inlet) => {
            let Some(inlet) = at(&who.world.inlets, *inlet) else { return };
            let value = match exec.next_value(inlet, None) {
                Polled::Ready(value) => value,
                _ => None,
            };
            who.log(format!("finds {}", value.as_ref().map_or("nothing".to_string(), word_of)));
        }
        _ => unreachable!("nothing of outside"),
    }
}

fn at(inlets: &RefCell<Vec<Option<InletNo>>>, number: u8) -> Option<InletNo> {
    inlets.borrow()[usize::from(number % INLETS)]
}

fn word_of(value: &crate::model::naive::Value) -> String {
    let value = value.downcast_ref::<Value>().expect("only such are sent");
    format!("value {}", value.number)
}

/// The next value of an inlet that is out of the table for the time of the wait.
pub(super) struct NextWait {
    who: Who,
    number: u8,
    inlet: Option<InletNo>,
    waits: bool,
}

pub(super) fn next_value(who: &Who, number: u8) -> Waiting {
    Box::new(NextWait { who: who.clone(), number, inlet: None, waits: false })
}

impl NextWait {
    fn put_back(&mut self) {
        if let Some(inlet) = self.inlet.take() {
            self.who.world.inlets.borrow_mut()[usize::from(self.number % INLETS)] = Some(inlet);
        }
    }
}

impl Machine<String> for NextWait {
    fn poll(&mut self, exec: &mut Naive, me: ScriptNo) -> Polled<String> {
        if self.inlet.is_none() {
            self.inlet = take(&mut self.who.world.inlets.borrow_mut()[usize::from(self.number % INLETS)]);
        }
        let Some(inlet) = self.inlet else { return Polled::Ready("no inlet".to_string()) };
        let word = match exec.next_value(inlet, Some(me)) {
            Polled::Ready(Some(value)) => word_of(&value),
            Polled::Ready(None) => "no more values".to_string(),
            _ => {
                self.waits = true;
                return Polled::Pending;
            }
        };
        self.waits = false;
        self.put_back();
        Polled::Ready(word)
    }

    fn discard(&mut self, exec: &mut Naive) {
        if let Some(inlet) = self.inlet.filter(|_| self.waits) {
            exec.forget_waiter(inlet);
        }
        self.put_back();
    }
}
