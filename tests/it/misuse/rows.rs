//! Rows of scripts that all wait for the next frame, and what one of them does in the midst of it.
//!
//! Rule: as in `misuse`. Each act is done by the script in the middle of a row of one type, and the whole
//! log is what it would be if each script were polled by itself.

use super::*;

/// What the script in the middle does in its second poll, before it waits again or after.
type Deed = Rc<dyn Fn(&mut Context<'_>)>;

/// How many scripts stand in a row.
const ROW: usize = 7;
const MIDDLE: usize = 3;

/// A script that says its number in each frame; all of them have one type.
struct Walker {
    words: Words,
    number: usize,
    polls: u32,
    wait: Option<NextFrame>,
    before: Option<Deed>,
    after: Option<Deed>,
}

impl Future for Walker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.polls += 1;
        let number = self.number;
        self.words.say(number);
        if let Some(wait) = &mut self.wait {
            if Pin::new(wait).poll(context).is_pending() {
                self.words.say("early");
                return Poll::Pending;
            }
            self.wait = None;
        }
        let acts = self.polls == 2;
        if let Some(deed) = self.before.clone().filter(|_| acts) {
            deed(context);
        }
        let mut wait = next_frame();
        assert!(Pin::new(&mut wait).poll(context).is_pending());
        self.wait = Some(wait);
        if let Some(deed) = self.after.clone().filter(|_| acts) {
            deed(context);
        }
        Poll::Pending
    }
}

/// What a row says in which the one in the middle does something before or after it waits.
fn row(trace: bool, before: Option<Deed>, after: Option<Deed>, act: impl Fn(&[JoinHandle<()>])) -> String {
    let mut executor = Executor::builder().trace(trace).build();
    let words = Words::default();
    let handles: Vec<_> = (0..ROW)
        .map(|number| {
            let is_middle = number == MIDDLE;
            executor.spawn(Walker {
                words: words.clone(),
                number,
                polls: 0,
                wait: None,
                before: before.clone().filter(|_| is_middle),
                after: after.clone().filter(|_| is_middle),
            })
        })
        .collect();
    act(&handles);
    for _ in 0..4 {
        executor.poll_once();
        words.say("|");
    }
    drop(executor);
    words.take()
}

/// The same for both places of the deed, with and without a trace.
fn rows(deed: impl Fn(&mut Context<'_>) + 'static) -> [String; 2] {
    let deed: Deed = Rc::new(deed);
    [true, false].map(|before| {
        let [traced, untraced] = [true, false].map(|trace| {
            let deed = Some(deed.clone());
            let (before, after) = if before { (deed, None) } else { (None, deed) };
            row(trace, before, after, |_| ())
        });
        assert_eq!(traced, untraced);
        untraced
    })
}

const PLAIN: &str = "0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 |";

#[test]
fn another_waker_in_the_context_is_that_scripts_alone() {
    // What a future does to the context that it is given reaches no other script.
    let [before, after] = rows(|context| *context = Context::from_waker(Waker::noop()));
    // It waits with a waker that wakes nobody.
    assert_eq!(before, "0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 | 0 1 2 4 5 6 | 0 1 2 4 5 6 |");
    assert_eq!(after, PLAIN);
}

#[test]
fn a_context_swapped_for_a_clone_keeps_everybodys_place() {
    // Scripts that wait for the same step resume in the order in which they began to wait.
    // Leaked, and kept where a look for leaks finds them.
    static KEPT: std::sync::Mutex<Vec<&Waker>> = std::sync::Mutex::new(Vec::new());
    let [before, after] = rows(|context| {
        let waker: &'static Waker = Box::leak(Box::new(context.waker().clone()));
        KEPT.lock().expect("nobody panics").push(waker);
        *context = Context::from_waker(waker);
    });
    assert_eq!((before.as_str(), after.as_str()), (PLAIN, PLAIN));
}

#[test]
fn a_script_that_wakes_itself_in_a_row_is_polled_once_more_behind_it() {
    // What is woken while the queue is run goes to the back of it.
    let woken = "0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 3 early | 0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 |";
    let by_reference = rows(|context| context.waker().wake_by_ref());
    let by_clone = rows(|context| {
        let kept = context.waker().clone();
        kept.wake();
    });
    assert_eq!(by_reference, by_clone);
    assert_eq!(by_reference, [woken, woken]);
}

#[test]
fn waits_that_are_dropped_in_a_row_leave_the_others_in_their_places() {
    // Dropping a wait takes it back, and no other.
    for count in if cfg!(miri) { 2..3 } else { 1..4 } {
        let [before, after] = rows(move |context| {
            let mut waits: Vec<_> = (0..count).map(|_| next_frame()).collect();
            for wait in &mut waits {
                assert!(Pin::new(wait).poll(context).is_pending());
            }
        });
        assert_eq!((before.as_str(), after.as_str()), (PLAIN, PLAIN));
    }
}

#[test]
fn a_wait_that_is_leaked_in_a_row_polls_nobody_twice() {
    // A leaked wait is one that nobody took back: its script is polled in its step, once.
    let [before, after] = rows(|context| {
        let mut wait = next_frame();
        assert!(Pin::new(&mut wait).poll(context).is_pending());
        std::mem::forget(wait);
    });
    assert_eq!((before.as_str(), after.as_str()), (PLAIN, PLAIN));
}

#[test]
fn a_panic_in_a_row_ends_that_script_alone() {
    // A panic ends the script that it happens in, and nothing of the order of the others.
    let [before, after] = rows(|_| quiet_panic("boom"));
    let panicked = "0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 | 0 1 2 4 5 6 | 0 1 2 4 5 6 |";
    assert_eq!((before.as_str(), after.as_str()), (panicked, panicked));
}

#[test]
fn a_wake_from_a_thread_during_the_poll_is_of_the_script_that_is_polled() {
    // The waker that a poll is given may be shown to other threads for as long as the poll lasts.
    let [before, after] = rows(|context| {
        let waker = context.waker();
        std::thread::scope(|scope| {
            let clones = [scope.spawn(|| waker.clone()), scope.spawn(|| waker.clone())];
            let clones = clones.map(|clone| clone.join().expect("it doesn't panic"));
            assert!(clones[0].will_wake(&clones[1]));
            scope.spawn(|| waker.wake_by_ref());
        });
    });
    let woken = "0 1 2 3 4 5 6 | 0 1 2 3 4 5 6 | 3 0 1 2 4 5 6 | 3 0 1 2 4 5 6 |";
    assert_eq!((before.as_str(), after.as_str()), (woken, woken));
}

#[test]
fn another_executor_stepped_in_a_row_keeps_its_own_rows() {
    // The current executor is set back when an inner one is done.
    let inner = Rc::new(RefCell::new(Executor::new()));
    let (words, log) = (Words::default(), Words::default());
    for number in 10..13 {
        let log = words.clone();
        inner.borrow().spawn(async move {
            loop {
                log.say(number);
                next_frame().await;
            }
        });
    }
    let stepped = inner.clone();
    let outer = rows(move |_| _ = stepped.borrow_mut().poll_once());
    assert_eq!(outer, [PLAIN, PLAIN]);
    log.say(words.take());
    assert_eq!(log.take(), "10 11 12 10 11 12 10 11 12 10 11 12");
}

#[test]
fn what_an_inner_executors_script_does_to_the_outer_row_is_done_in_order() {
    // Wakes, spawns, cancels and steps work from whatever runs, on whatever executor.
    for trace in [true, false] {
        let words = Words::default();
        let handles: Rc<RefCell<Vec<JoinHandle<()>>>> = Rc::default();
        let inner = shared();
        let mut outer = Executor::builder().trace(trace).build();
        let (kept, deeds, said) = (handles.clone(), inner.clone(), words.clone());
        let deed: Deed = Rc::new(move |context| {
            let (kept, log, waker) = (kept.clone(), said.clone(), context.waker().clone());
            deeds.borrow().spawn(async move {
                log.say("inner");
                // One in the row behind, one ahead, itself.
                for number in [1, 5, MIDDLE] {
                    log.say(kept.borrow()[number].cancel());
                }
                waker.wake();
            });
            step(&deeds);
        });
        for number in 0..ROW {
            let is_middle = number == MIDDLE;
            handles.borrow_mut().push(outer.spawn(Walker {
                words: words.clone(),
                number,
                polls: 0,
                wait: None,
                before: None,
                after: is_middle.then(|| deed.clone()),
            }));
        }
        for _ in 0..4 {
            outer.poll_once();
            words.say("|");
        }
        words.say(outer.live());
        assert_eq!(words.take(), "0 1 2 3 4 5 6 | 0 1 2 3 inner true true true 4 6 | 0 2 4 6 | 0 2 4 6 | 4");
    }
}

#[test]
fn a_cap_in_a_row_puts_off_the_rest_of_it_in_order() {
    // What is put off runs first in the next frame, and nobody is polled twice or lost.
    for trace in [true, false] {
        let words = Words::default();
        let mut executor = Executor::builder().trace(trace).frame_polls(4).build();
        for number in 0..ROW {
            let walker = Walker { words: words.clone(), number, polls: 0, wait: None, before: None, after: None };
            executor.spawn(walker);
        }
        for _ in 0..6 {
            let report = executor.poll_once();
            words.say(format!("{}/{} |", report.polled, report.put_off));
        }
        assert_eq!(words.take(), "0 1 2 3 4/3 | 4 5 6 0 4/3 | 1 2 3 4 4/3 | 5 6 0 1 4/3 | 2 3 4 5 4/3 | 6 0 1 2 4/3 |");
    }
}

#[test]
fn types_that_follow_each_other_are_each_polled_as_what_they_are() {
    // A poll function goes on with scripts of its own type alone, however alike another is.
    struct Left(u64, Option<NextFrame>, Words);
    struct Right(u64, Option<NextFrame>, Words);
    macro_rules! script {
        ($Script:ident, $word:literal) => {
            impl Future for $Script {
                type Output = u64;
                fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<u64> {
                    if let Some(wait) = &mut self.1
                        && Pin::new(wait).poll(context).is_pending()
                    {
                        return Poll::Pending;
                    }
                    self.2.say(format!(concat!($word, "{}"), self.0));
                    let mut wait = next_frame();
                    assert!(Pin::new(&mut wait).poll(context).is_pending());
                    self.1 = Some(wait);
                    Poll::Pending
                }
            }
        };
    }
    script!(Left, "l");
    script!(Right, "r");
    let mut executor = Executor::new();
    let words = Words::default();
    for n in [0, 3] {
        executor.spawn(Left(n, None, words.clone()));
        executor.spawn(Left(n + 1, None, words.clone()));
        executor.spawn(Right(n + 2, None, words.clone()));
    }
    for _ in 0..3 {
        executor.poll_once();
        words.say("|");
    }
    let frame = "l0 l1 r2 l3 l4 r5 |";
    assert_eq!(words.take(), [frame; 3].join(" "));
}

#[test]
fn scripts_that_end_in_a_row_leak_nothing_and_their_slots_go_to_others() {
    // A slot isn't reused while an entry names it, and is reused afterwards.
    let mut executor = Executor::new();
    let words = Words::default();
    let leaks = |number: usize, words: Words| async move {
        let _guard = words.on_drop("drop");
        next_frame().await;
        words.say(number);
        let mut wait = next_frame();
        poll_fn(|context| {
            assert!(Pin::new(&mut wait).poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        if number.is_multiple_of(2) {
            std::mem::forget(wait);
        }
    };
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(executor.spawn(leaks(number, words.clone())).id());
    }
    executor.poll_once();
    executor.poll_once();
    words.say("|");
    // Those whose waits were leaked are still named.
    let early: Vec<_> = (0..4).map(|number| executor.spawn(leaks(number, words.clone())).id()).collect();
    words.say(early.iter().filter(|early| ids.iter().any(|id| slot(*id) == slot(**early))).count());
    for _ in 0..2 {
        let report = executor.poll_once();
        words.say(format!("| {}", report.polled));
    }
    let late: Vec<_> = (0..2).map(|number| executor.spawn(leaks(number, words.clone())).id()).collect();
    words.say(late.iter().filter(|late| ids.iter().chain(&early).any(|id| slot(*id) == slot(**late))).count());
    drop(executor);
    assert_eq!(words.take(), "0 drop 1 drop 2 drop 3 drop | 2 | 4 0 drop 1 drop 2 drop 3 drop | 4 2");
}
