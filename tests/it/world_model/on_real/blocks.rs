//! Scripts and their blocks as futures: the waits of the language are those of the crate.

use super::*;
use crate::model::{
    combine::{self, Waiting, both, exactly, first, worded},
    program::{List, two_of},
};
use bevy_ecs::lifecycle::{Add, Remove as Removal};
use std::{
    future::{Future, IntoFuture, pending},
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

type Ended = Result<(), BevyError>;

/// A script: says when it is polled, how it ends, and when it is dropped.
pub(super) struct Root {
    who: Who,
    body: Pin<Box<dyn Future<Output = Ended>>>,
}

impl Root {
    pub(super) fn new(number: usize, me: fs::Me, ops: List<Op>) -> Self {
        let who = Who::script(number, me);
        Root { body: block(who.clone(), ops), who }
    }
}

impl Future for Root {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        self.who.log("is polled".to_string());
        let polled = self.body.as_mut().poll(context);
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.who.log("ends".to_string()),
            Poll::Ready(Err(error)) => self.who.log(format!("fails: {}", error_word(error))),
        }
        polled
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        self.who.log("is dropped".to_string());
    }
}

type CleanUp = Box<dyn FnOnce(&mut World)>;

/// What a block holds until its end.
#[expect(dead_code, reason = "it is held to be dropped")]
enum Held {
    Guard(LastWord),
    CleanUp(fs::Deferred<CleanUp>),
}

struct LastWord(Who, u8);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.log(format!("guard {} is dropped", self.1));
    }
}

enum Listening {
    Number(fs::Listener<u8>),
    Mere(fs::Listener<()>),
}

/// Those of a block; each is taken out while it is waited at.
type Listeners = Rc<RefCell<Vec<Option<Listening>>>>;

/// A block's locals, in the order in which they are dropped.
struct Locals {
    held: Vec<Held>,
    listeners: Listeners,
    who: Who,
}

fn block(who: Who, ops: List<Op>) -> Pin<Box<dyn Future<Output = Ended>>> {
    Box::pin(async move {
        let mut locals = Locals { held: Vec::new(), listeners: Listeners::default(), who };
        let me = locals.who.me();
        for op in &ops.0 {
            match op {
                Do(deed) => locals.who.act_as_script(deed),
                Read(entity, part) => {
                    let Some((name, entity)) = locals.who.entity(*entity) else { continue };
                    let word = match read(me.other(entity), *part) {
                        Ok(value) => value.to_string(),
                        Err(error) => script_error_word(&error).to_string(),
                    };
                    locals.who.log(format!("reads {part:?} of {name}: {word}"));
                }
                ReadOrFail(part) => {
                    let value = read(*me, *part)?;
                    locals.who.log(format!("reads {value}"));
                }
                Fail => return Err(SCRIPTED.into()),
                Panic => {
                    locals.who.log("panics".to_string());
                    resume_unwind(Box::new("scripted panic"));
                }
                Defer(deeds) => {
                    let (who, deeds) = (locals.who.clean_up(), deeds.clone());
                    let clean_up: CleanUp = Box::new(move |world| deeds.0.iter().for_each(|deed| who.act(world, deed)));
                    locals.held.push(Held::CleanUp(me.defer(clean_up)));
                }
                Guard(word) => locals.held.push(Held::Guard(LastWord(locals.who.clone(), *word))),
                Listen(ear) => {
                    if let Some(listener) = listen(&locals.who, *ear) {
                        locals.listeners.borrow_mut().push(Some(listener));
                    }
                }
                Forget(number) => {
                    let slot = pick(*number, locals.listeners.borrow().len());
                    let listener = slot.and_then(|slot| locals.listeners.borrow_mut()[slot].take());
                    drop(listener);
                }
                Await(wait) => {
                    let wait = build(&locals, wait);
                    let word = wait.await;
                    locals.who.log(format!("got {word}"));
                }
            }
        }
        Ok(())
    })
}

fn read(entity: fs::EntityAccess, part: Part) -> Result<u8, fs::ScriptError> {
    match part {
        A => entity.read(|part: &PartA| part.0),
        B => entity.read(|part: &PartB| part.0),
    }
}

fn listen(who: &Who, ear: Ear) -> Option<Listening> {
    let me = who.me();
    Some(match ear {
        AllNews => Listening::Number(me.listen_map(|news: &News| Some(news.0))),
        HitsAt(entity) => {
            let at = me.other(who.entity(entity)?.1);
            Listening::Number(at.on::<Knock>().map(|knock| knock.value).listen())
        }
        Booms => Listening::Number(me.on_event::<Bang>().map(|bang| bang.0).listen()),
        AddedTo(entity) => Listening::Mere(me.other(who.entity(entity)?.1).added::<PartA>().listen()),
        RemovedFrom(entity) => Listening::Mere(me.other(who.entity(entity)?.1).removed::<PartA>().listen()),
    })
}

/// One that is heard, from here on.
fn hear(who: &Who, ear: Ear) -> Waiting {
    let me = who.me();
    let entity = |number| who.entity(number).map(|(_, entity)| me.other(entity));
    match ear {
        AllNews => numbered(me.message::<News>().map(|news| news.0)),
        HitsAt(number) => match entity(number) {
            Some(at) => numbered(at.on::<Knock>().map(|knock| knock.value)),
            None => no_entity(),
        },
        Booms => numbered(me.on_event::<Bang>().map(|bang| bang.0)),
        AddedTo(number) => match entity(number) {
            Some(at) => worded("added", at.on::<Add<PartA>>().happened().into_future()),
            None => no_entity(),
        },
        RemovedFrom(number) => match entity(number) {
            Some(at) => worded("removed", at.on::<Removal<PartA>>().happened().into_future()),
            None => no_entity(),
        },
    }
}

fn no_entity() -> Waiting {
    Box::pin(async { "no entity".to_string() })
}

fn numbered(source: impl IntoFuture<Output = u8, IntoFuture: 'static>) -> Waiting {
    let heard = source.into_future();
    Box::pin(async move { format!("heard {}", heard.await) })
}

/// A listener that is out of its block until this is dropped.
struct Lent {
    from: Listeners,
    slot: usize,
    listener: Option<Listening>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.from.borrow_mut()[self.slot] = self.listener.take();
    }
}

async fn next_of(from: Listeners, number: u8) -> String {
    let slot = pick(number, from.borrow().len());
    let taken = slot.and_then(|slot| Some((slot, from.borrow_mut()[slot].take()?)));
    let Some((slot, listener)) = taken else { return "no listener".to_string() };
    let mut lent = Lent { from, slot, listener: Some(listener) };
    match lent.listener.as_mut().expect("it was just lent") {
        Listening::Number(listener) => format!("next {}", listener.next().await),
        Listening::Mere(listener) => {
            listener.next().await;
            "next one".to_string()
        }
    }
}

fn found(wait: impl Future<Output = Result<(), fs::ScriptError>> + 'static) -> Waiting {
    Box::pin(async move {
        match wait.await {
            Ok(()) => "found".to_string(),
            Err(error) => script_error_word(&error).to_string(),
        }
    })
}

/// Creates a wait and all its parts, in order.
fn build(locals: &Locals, wait: &Wait) -> Waiting {
    let (who, me) = (&locals.who, locals.who.me());
    let entity = |number: u8| who.entity(number).map(|(_, entity)| me.other(entity));
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
        MoveTo(true) => worded("moved", me.resume_in(Side)),
        MoveTo(false) => worded("moved", fs::resume_in(who.here.main)),
        Raised(signal) => worded("raised", who.here.signals[usize::from(signal % SIGNALS)].wait()),
        Never => Box::pin(pending()),
        Holds(number, part, least) => {
            let (Some(at), least) = (entity(*number), *least) else { return no_entity() };
            match part {
                A => found(at.until(move |part: &PartA| part.0 >= least)),
                B => found(at.until(move |part: &PartB| part.0 >= least)),
            }
        }
        HoldBoth(number, least) => {
            let (Some(at), least) = (entity(*number), *least) else { return no_entity() };
            found(at.until(move |(a, b): (&PartA, &PartB)| a.0 + b.0 >= least))
        }
        Gold(least) => {
            let least = *least;
            found(me.until_resource(move |gold: &Treasure| gold.0 >= least))
        }
        Changed(number, part) => match (entity(*number), part) {
            (None, _) => no_entity(),
            (Some(at), A) => found(at.changed::<PartA>()),
            (Some(at), B) => found(at.changed::<PartB>()),
        },
        Despawned(number) => entity(*number).map_or_else(no_entity, |at| worded("despawned", at.despawned())),
        Heard(ear) => hear(who, *ear),
        NextOf(number) => Box::pin(next_of(locals.listeners.clone(), *number)),
        Finished(number) => match who.pick_script(*number) {
            Some((_, id)) if id != me.id() => worded("finished", me.finished(id)),
            _ => Box::pin(async { "no script".to_string() }),
        },
        Both(parts) => both(build_all(locals, parts)),
        First(parts) if parts.0.is_empty() => Box::pin(pending()),
        First(parts) => first(build_all(locals, parts)),
        Within(time, inner) => {
            let inner = build_all(locals, inner).pop().unwrap_or_else(|| Box::pin(pending()));
            combine::within(nanos(*time), inner)
        }
        Until(parts) => {
            let [inner, wait] = exactly(build_all(locals, &two_of(parts, Never)));
            combine::until(inner, wait)
        }
        Block(ops) => {
            let inner = block(who.clone(), ops.clone());
            Box::pin(async move { inner.await.map_or("block failed", |()| "block").to_string() })
        }
    }
}

fn build_all(locals: &Locals, waits: &List<Wait>) -> Vec<Waiting> {
    waits.0.iter().map(|wait| build(locals, wait)).collect()
}
