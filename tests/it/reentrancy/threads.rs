//! Wakers, handles and injectors in the destructors of a thread's locals.
//!
//! Rule: as in `reentrancy`. A thread that ends destroys its locals in an order that nobody promises, those of this
//! crate among them; so each test has one that comes before them and one that comes behind.

use std::{sync::mpsc::Sender, task::Waker};

use super::*;
use crate::words::{Gate, on_thread};
use framestep::{Injector, JoinHandle};

/// Uses what it has when the thread ends.
struct Last {
    waker: Waker,
    injector: Injector,
    handle: JoinHandle<()>,
    tell: Sender<String>,
}

impl Drop for Last {
    fn drop(&mut self) {
        self.waker.wake_by_ref();
        let another = self.waker.clone();
        another.wake();
        let handed_in = self.injector.spawn(async {}).is_ok();
        let (finished, cancelled) = (self.handle.is_finished(), self.handle.cancel());
        self.tell.send(format!("{finished} {cancelled} {handed_in}")).expect("the test listens");
    }
}

thread_local! {
    static FIRST: RefCell<Option<Last>> = const { RefCell::new(None) };
    static THEN: RefCell<Option<Last>> = const { RefCell::new(None) };
    static KEPT: RefCell<Option<Executor>> = const { RefCell::new(None) };
}

/// On a thread of its own: locals made before and behind those of the executor, which `keep` lets live or not.
fn ends(keep: fn(Executor)) -> (Vec<String>, Waker) {
    let (tell, told) = std::sync::mpsc::channel();
    let waker = on_thread(move || {
        // Made now, so destroyed behind what is made later, or before it.
        FIRST.set(None);
        let mut executor = Executor::new();
        let gate = Gate::default();
        let last = || {
            let wait = gate.clone();
            let handle = executor.spawn(async move { wait.wait().await });
            (executor.injector(), handle, tell.clone())
        };
        let (first, then) = (last(), last());
        executor.poll_once();
        let waker = gate.waker();
        let with = |(injector, handle, tell)| Some(Last { waker: waker.clone(), injector, handle, tell });
        FIRST.set(with(first));
        THEN.set(with(then));
        keep(executor);
        waker
    });
    (told.iter().collect(), waker)
}

#[cfg_attr(miri, ignore = "it leaks an executor on purpose")]
#[test]
fn what_a_thread_wakes_cancels_and_hands_in_at_its_end_hurts_nobody() {
    let (told, waker) = ends(drop);
    assert_eq!(told, ["true false false"; 2], "the executor was gone");
    waker.wake();

    // One that lives in a local of the same thread goes before them or behind.
    let (told, waker) = ends(|executor| KEPT.set(Some(executor)));
    assert_eq!(told.len(), 2);
    for told in told {
        assert!(["false true true", "true false false"].contains(&&*told), "{told}");
    }
    waker.wake();

    // One that is never dropped takes in what comes; nobody steps it.
    let (told, waker) = ends(std::mem::forget);
    assert_eq!(told, ["false true true"; 2]);
    waker.wake();
}
