//! Scripts and their blocks as futures: the waits of the language are those of the crate.
//!
//! Rule: `on_naive/blocks.rs` holds the same as step machines, with each drop spelt out.

use super::*;
use crate::model::combine::{Waiting, both, exactly, first, joined, raced, until, within, worded};
use std::{
    future::{Future, pending, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Wake as WakeTrait},
};

/// A script: says when it is polled, when it ends, and when it is dropped.
pub(super) struct Root {
    body: Pin<Box<dyn Future<Output = ()>>>,
    output: Option<List<Op>>,
    who: Who,
}

impl Root {
    pub(super) fn new(who: Who, body: Pin<Box<dyn Future<Output = ()>>>, output: List<Op>) -> Self {
        Self { body, output: Some(output), who }
    }
}

impl Future for Root {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.who.log("is polled".to_string());
        let me = self.who.me.expect("scripts have numbers");
        self.who.world.table.borrow_mut()[me].waker.get_or_insert_with(|| cx.waker().clone());
        self.who.world.table.borrow_mut()[me].id.get_or_insert_with(fs::current_task);
        self.body.as_mut().poll(cx).map(|()| {
            self.who.log("ends".to_string());
            let ops = self.output.take().expect("it ends once");
            Output { who: self.who.clone(), ops }
        })
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.who.log("is dropped".to_string());
    }
}

/// What a script returned: its destructor does something.
pub(super) struct Output {
    pub(super) who: Who,
    ops: List<Op>,
}

impl Drop for Output {
    fn drop(&mut self) {
        self.who.log("output is dropped".to_string());
        self.ops.0.iter().for_each(|op| act(None, &self.who, op));
    }
}

/// A guard in a block: its destructor does something.
struct GuardIn {
    who: Who,
    ops: List<Op>,
}

impl Drop for GuardIn {
    fn drop(&mut self) {
        self.who.log("guard is dropped".to_string());
        self.ops.0.iter().for_each(|op| act(None, &self.who, op));
    }
}

/// Waits that a block keeps; each is taken out while it is polled.
type KeptWaits = Rc<RefCell<Vec<Option<Waiting>>>>;

/// A block's locals: guards are dropped before the waits that are kept.
struct Locals {
    who: Who,
    guards: Vec<GuardIn>,
    kept: KeptWaits,
}

impl Drop for Locals {
    fn drop(&mut self) {
        let kept = self.kept.clone();
        let _kept_last = Emptied(kept);
        drop(take(&mut self.guards));
    }
}

/// Drops the waits when it is dropped, also by a panic.
struct Emptied(KeptWaits);

impl Drop for Emptied {
    fn drop(&mut self) {
        let kept = take(&mut *self.0.borrow_mut());
        drop(kept);
    }
}

/// A block of ops.
pub(super) fn block(who: Who, ops: List<Op>) -> Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let mut locals = Locals { who, guards: Vec::new(), kept: KeptWaits::default() };
        for op in &ops.0 {
            match op {
                Guard(ops) => locals.guards.push(GuardIn { who: locals.who.clone(), ops: ops.clone() }),
                Keep(wait) => {
                    let wait = build(&locals, wait);
                    locals.kept.borrow_mut().push(Some(wait));
                }
                DropKept(number) => {
                    let slot = pick(*number, locals.kept.borrow().len());
                    let wait = slot.and_then(|slot| locals.kept.borrow_mut()[slot].take());
                    drop(wait);
                }
                Await(wait) => {
                    let wait = build(&locals, wait);
                    let word = wait.await;
                    locals.who.log(format!("got {word}"));
                }
                op => act(None, &locals.who, op),
            }
        }
    })
}

/// Creates a wait and all its parts, in order; none is armed yet.
fn build(locals: &Locals, wait: &Wait) -> Waiting {
    let clock = |number: u8| locals.who.world.clocks[usize::from(number) % locals.who.world.clocks.len()];
    let nanos = |nanos: u16| Duration::from_nanos(u64::from(nanos));
    match wait {
        NextFrame => worded("frames", fs::next_frame()),
        Frames(frames) => worded("frames", fs::frames(u64::from(*frames))),
        Yield(times) => {
            let times = *times;
            Box::pin(async move {
                for _ in 0..times {
                    fs::yield_now().await;
                }
                "yielded".to_string()
            })
        }
        Sleep(time) => worded("slept", fs::sleep(nanos(*time))),
        SleepOn(number, time) => worded("slept", clock(*number).sleep(nanos(*time))),
        SleepUntil(number, time) => worded("slept", clock(*number).sleep_until(nanos(*time))),
        Interval(number, period, missed, times) => {
            let missed = match missed {
                Burst => fs::Missed::Burst,
                Skip => fs::Missed::Skip,
                Delay => fs::Missed::Delay,
            };
            let period = nanos((*period).max(1));
            let interval = if *number < LANES_CLOCK { clock(*number).interval(period) } else { fs::interval(period) };
            let mut interval = interval.missed(missed);
            let times = *times;
            Box::pin(async move {
                let mut words = Vec::new();
                for _ in 0..times {
                    words.push(interval.next().await.to_string());
                }
                format!("interval[{}]", words.join(" "))
            })
        }
        Raised(signal) => worded("raised", locals.who.world.signals[usize::from(signal % SIGNALS)].wait()),
        NextValue(number) => Box::pin(outside::next_value(locals.who.clone(), *number)),
        Join(number) => match locals.who.take_handle(*number) {
            None => Box::pin(async { "no handle".to_string() }),
            Some((_, handle)) => Box::pin(async move {
                let end = handle.await;
                end_word(&end)
            }),
        },
        Peek(number) => {
            let (who, number) = (locals.who.clone(), *number);
            Box::pin(poll_fn(move |cx| {
                let Some((script, mut handle)) = who.take_handle(number) else {
                    return Poll::Ready("no handle".to_string());
                };
                match Pin::new(&mut handle).poll(cx) {
                    Poll::Ready(end) => {
                        drop(handle);
                        Poll::Ready(end_word(&end))
                    }
                    Poll::Pending => {
                        who.put_handle(script, handle);
                        Poll::Pending
                    }
                }
            }))
        }
        Never => Box::pin(pending()),
        Both(parts) => both(build_all(locals, parts)),
        All(parts) => Box::pin(joined(fs::join_all(build_all(locals, parts)))),
        First(parts) | FirstOf(parts) if parts.0.is_empty() => Box::pin(pending()),
        First(parts) => first(build_all(locals, parts)),
        FirstOf(parts) => Box::pin(raced(fs::race_all(build_all(locals, parts)))),
        Within(time, inner) => {
            let inner = build_all(locals, inner).pop().unwrap_or_else(|| Box::pin(pending()));
            within(nanos(*time), inner)
        }
        Until(parts) => {
            let [inner, wait] = exactly(build_all(locals, &two(parts)));
            until(inner, wait)
        }
        Block(ops) => worded("block", block(locals.who.clone(), ops.clone())),
        Scope(ops) => {
            let (who, ops) = (locals.who.clone(), ops.clone());
            Box::pin(async move {
                let body = async move |scope: fs::Scope| {
                    let who = Who { scope: Some(scope), ..who };
                    block(who, ops).await;
                    "block"
                };
                format!("scope[{}]", fs::scope(body).await)
            })
        }
        Kept(number) => {
            let (kept, number) = (locals.kept.clone(), *number);
            Box::pin(poll_fn(move |cx| {
                let slot = pick(number, kept.borrow().len());
                let taken = slot.and_then(|slot| Some((slot, kept.borrow_mut()[slot].take()?)));
                let Some((slot, mut wait)) = taken else { return Poll::Ready("gone".to_string()) };
                match wait.as_mut().poll(cx) {
                    Poll::Pending => {
                        kept.borrow_mut()[slot] = Some(wait);
                        Poll::Pending
                    }
                    ready => ready,
                }
            }))
        }
        Wrapped(inner) => {
            let mut inner = build_all(locals, inner).pop().unwrap_or_else(|| Box::pin(pending()));
            Box::pin(poll_fn(move |cx| {
                let waker = Waker::from(Arc::new(PassOn(cx.waker().clone())));
                inner.as_mut().poll(&mut Context::from_waker(&waker))
            }))
        }
        MoveTo(lane) => {
            let lane = locals.who.world.lanes[usize::from(*lane) % locals.who.world.lanes.len()];
            worded("moved", fs::resume_in(lane))
        }
    }
}

fn build_all(locals: &Locals, waits: &List<Wait>) -> Vec<Waiting> {
    waits.0.iter().map(|wait| build(locals, wait)).collect()
}

/// Passes wakes on to another waker.
struct PassOn(Waker);

impl WakeTrait for PassOn {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}
