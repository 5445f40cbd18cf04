//! Scripts, their blocks and their waits as step machines, with each drop spelt out.
//!
//! Rule: `on_real/blocks.rs` holds the same as `async` blocks.

use super::*;
use crate::{
    model::{
        naive::{Machine, Output, Polled, ScriptNo as TaskNo},
        program::{List, two_of},
        waits::{self, Waiting},
    },
    world_model::naive::{Ear as EarNo, Look, State},
};
use std::{cell::RefCell, mem::take};

/// A script: says when it is polled, how it ends, and when it is dropped.
struct Root {
    who: Who,
    body: Body,
    number: ScriptNo,
    is_begun: bool,
    is_over: bool,
}

pub(super) fn launch(world: &World, number: ScriptNo, script: &Script) -> Box<dyn Machine<Output>> {
    let who = Who { world: world.clone(), script: Some(number), acts: Acts::Itself };
    Box::new(Root { body: Body::new(who.clone(), script.ops.0.clone()), who, number, is_begun: false, is_over: false })
}

impl Machine<Output> for Root {
    fn poll(&mut self, exec: &mut Naive, me: TaskNo) -> Polled<Output> {
        self.is_begun = true;
        self.who.log("is polled".to_string());
        let number = self.number;
        let polled = self.body.run(exec, me);
        self.is_over = !matches!(polled, Polled::Pending);
        match polled {
            Polled::Pending => Polled::Pending,
            Polled::Panicked => {
                self.who.log("is dropped".to_string());
                let what = self.who.world.with(|state| state.panics_with);
                self.who.world.panicked(exec, number, what);
                Polled::Panicked
            }
            Polled::Ready(result) => {
                self.who
                    .log(result.map_or_else(|failure| format!("fails: {}", failure.word()), |()| "ends".to_string()));
                self.who.log("is dropped".to_string());
                self.who.world.finish(exec, number, result);
                Polled::Ready(Output { word: String::new(), destructor: Box::new(|_| ()) })
            }
        }
    }

    fn discard(&mut self, exec: &mut Naive) {
        if !self.is_over && self.is_begun {
            self.who.log("is dropped".to_string());
            let before = exec.unwinding;
            self.body.discard(exec);
            if exec.unwinding && !before {
                self.who.world.panicked(exec, self.number, "clean-up panic (in its destructor)");
            }
        }
        self.is_over = true;
    }
}

/// What a block holds until its end.
enum Held {
    Guard(u8),
    CleanUp(Vec<Deed>),
}

type Listeners = Rc<RefCell<Vec<Option<EarNo>>>>;

/// A block of ops, with its locals.
struct Body {
    who: Who,
    ops: Vec<Op>,
    at: usize,
    wait: Option<Waiting>,
    held: Vec<Held>,
    listeners: Listeners,
}

impl Body {
    fn new(who: Who, ops: Vec<Op>) -> Self {
        Self { who, ops, at: 0, wait: None, held: Vec::new(), listeners: Rc::default() }
    }

    fn run(&mut self, exec: &mut Naive, me: TaskNo) -> Polled<Result<(), Failure>> {
        loop {
            if let Some(mut wait) = self.wait.take() {
                match wait.poll(exec, me) {
                    Polled::Ready(word) => self.who.log(format!("got {word}")),
                    Polled::Pending => {
                        self.wait = Some(wait);
                        return Polled::Pending;
                    }
                    Polled::Panicked => {
                        wait.discard(exec);
                        self.discard(exec);
                        return Polled::Panicked;
                    }
                }
            }
            if self.at == self.ops.len() {
                self.discard(exec);
                return if exec.unwinding { Polled::Panicked } else { Polled::Ready(Ok(())) };
            }
            let op = self.ops[self.at].clone();
            self.at += 1;
            if let Err(failure) = self.act(exec, op) {
                self.discard(exec);
                return if exec.unwinding { Polled::Panicked } else { Polled::Ready(Err(failure)) };
            }
            if exec.unwinding {
                self.discard(exec);
                return Polled::Panicked;
            }
        }
    }

    fn act(&mut self, exec: &mut Naive, op: Op) -> Result<(), Failure> {
        let world = self.who.world.clone();
        match op {
            Do(deed) => self.who.act_as_script(exec, &deed),
            Read(entity, part) => {
                let Some((name, entity)) = self.who.entity(entity) else { return Ok(()) };
                let word =
                    world.read(entity, part).map_or_else(|failure| failure.word().to_string(), |it| it.to_string());
                self.who.log(format!("reads {part:?} of {name}: {word}"));
            }
            ReadOrFail(part) => {
                let value = world.read(self.who.owner(), part)?;
                self.who.log(format!("reads {value}"));
            }
            Fail => return Err(Failure::Scripted),
            Panic => {
                self.who.log("panics".to_string());
                exec.unwinding = true;
                world.with(|state| state.panics_with = "scripted panic");
            }
            Defer(deeds) => self.held.push(Held::CleanUp(deeds.0)),
            Guard(word) => self.held.push(Held::Guard(word)),
            Listen(ear) => {
                if let Some(source) = source(&self.who, ear) {
                    let ear = world.with(|state| state.open_ear(source, false));
                    self.listeners.borrow_mut().push(Some(ear));
                }
            }
            Forget(number) => {
                let slot = pick(number, self.listeners.borrow().len());
                let ear = slot.and_then(|slot| self.listeners.borrow_mut()[slot].take());
                ear.into_iter().for_each(|ear| world.with(|state| state.close_ear(ear)));
            }
            Await(wait) => self.wait = Some(self.build(exec, &wait)),
        }
        Ok(())
    }

    /// Creates a wait and all its parts, in order.
    fn build(&self, exec: &mut Naive, wait: &Wait) -> Waiting {
        let who = &self.who;
        let entity = |number: u8| who.entity(number).map(|(_, entity)| entity);
        match wait {
            NextFrame => waits::frames(1),
            Frames(frames) => waits::frames(u64::from(*frames)),
            Yield(times) => Box::new(waits::Yield(*times)),
            Sleep(nanos) => waits::sleep(None, u64::from(*nanos)),
            MoveTo(side) => waits::resume_in(if *side { SIDE } else { MAIN }),
            Raised(signal) => waits::raised(exec, usize::from(signal % SIGNALS)),
            Never => waits::never(),
            Holds(number, part, least) => {
                let (Some(entity), part, least) = (entity(*number), *part, *least) else { return over("no entity") };
                self.look(move |state| match state.part(entity, part) {
                    Ok(part) => (part.value >= least).then(|| "found".to_string()),
                    Err(failure) => Some(failure.word().to_string()),
                })
            }
            HoldBoth(number, least) => {
                let (Some(entity), least) = (entity(*number), *least) else { return over("no entity") };
                self.look(move |state| {
                    let both = state.part(entity, A).and_then(|a| Ok(a.value + state.part(entity, B)?.value));
                    match both {
                        Ok(sum) => (sum >= least).then(|| "found".to_string()),
                        Err(failure) => Some(failure.word().to_string()),
                    }
                })
            }
            Gold(least) => {
                let least = *least;
                self.look(move |state| (state.gold >= least).then(|| "found".to_string()))
            }
            Changed(number, part) => {
                let (Some(entity), part) = (entity(*number), *part) else { return over("no entity") };
                let since = who.world.with(|state| state.writes);
                self.look(move |state| match state.part(entity, part) {
                    Ok(part) => (part.written > since).then(|| "found".to_string()),
                    Err(failure) => Some(failure.word().to_string()),
                })
            }
            Despawned(number) => {
                let Some(entity) = entity(*number) else { return over("no entity") };
                self.look(move |state| (!state.exists(entity)).then(|| "despawned".to_string()))
            }
            Heard(ear) => match source(who, *ear) {
                None => over("no entity"),
                Some(source) => {
                    let ear = who.world.with(|state| state.open_ear(source, true));
                    Box::new(HeardWait { world: who.world.clone(), source, ear })
                }
            },
            NextOf(number) => {
                Box::new(NextWait { who: who.clone(), from: self.listeners.clone(), number: *number, taken: None })
            }
            Finished(number) => match who.pick_script(*number) {
                Some(script) if Some(script) != who.script => {
                    Box::new(FinishedWait { world: who.world.clone(), script, waits: None })
                }
                _ => over("no script"),
            },
            Both(parts) => Box::new(waits::Join::new(self.build_all(exec, parts))),
            First(parts) if parts.0.is_empty() => waits::never(),
            First(parts) => Box::new(waits::Race(self.build_all(exec, parts))),
            Within(nanos, inner) => {
                let inner = self.build_all(exec, inner).pop().unwrap_or_else(waits::never);
                Box::new(waits::Timeout::new(u64::from(*nanos), inner))
            }
            Until(parts) => Box::new(waits::Until::new(self.build_all(exec, &two_of(parts, Never)))),
            Block(ops) => Box::new(Body::new(who.clone(), ops.0.clone())),
        }
    }

    fn build_all(&self, exec: &mut Naive, waits: &List<Wait>) -> Vec<Waiting> {
        waits.0.iter().map(|wait| self.build(exec, wait)).collect()
    }

    fn look(&self, look: impl Fn(&State) -> Option<String> + 'static) -> Waiting {
        Box::new(LookWait { world: self.who.world.clone(), look: Some(Rc::new(look)), armed: None })
    }
}

impl Machine<String> for Body {
    fn poll(&mut self, exec: &mut Naive, me: TaskNo) -> Polled<String> {
        match self.run(exec, me) {
            Polled::Pending => Polled::Pending,
            Polled::Panicked => Polled::Panicked,
            Polled::Ready(result) => Polled::Ready(result.map_or("block failed", |()| "block").to_string()),
        }
    }

    /// The wait, then what is held, in order, then the listeners.
    fn discard(&mut self, exec: &mut Naive) {
        if let Some(mut wait) = self.wait.take() {
            wait.discard(exec);
        }
        for held in take(&mut self.held) {
            match held {
                Held::Guard(word) => self.who.log(format!("guard {word} is dropped")),
                Held::CleanUp(deeds) => self.who.clean_up(exec, &deeds),
            }
        }
        for ear in take(&mut *self.listeners.borrow_mut()).into_iter().flatten() {
            self.who.world.with(|state| state.close_ear(ear));
        }
    }
}

fn source(who: &Who, ear: Ear) -> Option<Source> {
    let entity = |number| who.entity(number).map(|(_, entity)| entity);
    Some(match ear {
        AllNews => Source::Messages,
        HitsAt(number) => Source::HitsAt(entity(number)?),
        Booms => Source::Booms,
        AddedTo(number) => Source::AddedTo(entity(number)?),
        RemovedFrom(number) => Source::RemovedFrom(entity(number)?),
    })
}

/// A wait that is over.
fn over(word: &'static str) -> Waiting {
    Box::new(Over(word))
}

struct Over(&'static str);

impl Machine<String> for Over {
    fn poll(&mut self, _: &mut Naive, _: TaskNo) -> Polled<String> {
        Polled::Ready(self.0.to_string())
    }

    fn discard(&mut self, _: &mut Naive) {}
}

/// A condition of the world: looked at once, then in step 5.
struct LookWait {
    world: World,
    look: Option<Look>,
    armed: Option<usize>,
}

impl Machine<String> for LookWait {
    fn poll(&mut self, _: &mut Naive, me: TaskNo) -> Polled<String> {
        if let Some(look) = self.look.take() {
            if let Some(found) = self.world.with(|state| look(state)) {
                return Polled::Ready(found);
            }
            self.armed = Some(self.world.with(|state| state.arm(look, me)));
            return Polled::Pending;
        }
        let armed = self.armed.expect("it isn't polled after its end");
        match self.world.with(|state| state.found(armed)) {
            Some(found) => Polled::Ready(found),
            None => Polled::Pending,
        }
    }

    fn discard(&mut self, _: &mut Naive) {
        if let Some(armed) = self.armed.take() {
            self.world.with(|state| state.drop_look(armed));
        }
    }
}

/// One message or event.
struct HeardWait {
    world: World,
    source: Source,
    ear: EarNo,
}

impl Machine<String> for HeardWait {
    fn poll(&mut self, _: &mut Naive, me: TaskNo) -> Polled<String> {
        match self.world.with(|state| state.ask_ear(self.ear, me)) {
            None => Polled::Pending,
            Some(value) => {
                self.world.with(|state| state.close_ear(self.ear));
                Polled::Ready(match self.source {
                    Source::AddedTo(_) => "added".to_string(),
                    Source::RemovedFrom(_) => "removed".to_string(),
                    _ => format!("heard {value}"),
                })
            }
        }
    }

    fn discard(&mut self, _: &mut Naive) {
        self.world.with(|state| state.close_ear(self.ear));
    }
}

/// The next of a listener, which is out of its block until this is over or dropped.
struct NextWait {
    who: Who,
    from: Listeners,
    number: u8,
    taken: Option<(usize, EarNo)>,
}

impl NextWait {
    fn put_back(&mut self) {
        if let Some((slot, ear)) = self.taken.take() {
            self.who.world.with(|state| state.stop_asking(ear));
            self.from.borrow_mut()[slot] = Some(ear);
        }
    }
}

impl Machine<String> for NextWait {
    fn poll(&mut self, _: &mut Naive, me: TaskNo) -> Polled<String> {
        if self.taken.is_none() {
            let slot = pick(self.number, self.from.borrow().len());
            self.taken = slot.and_then(|slot| Some((slot, self.from.borrow_mut()[slot].take()?)));
        }
        let Some((_, ear)) = self.taken else { return Polled::Ready("no listener".to_string()) };
        match self.who.world.with(|state| state.ask_ear(ear, me)) {
            None => Polled::Pending,
            Some(value) => {
                self.put_back();
                let tells_value = self.who.world.with(|state| state.tells_value(ear));
                Polled::Ready(if tells_value { format!("next {value}") } else { "next one".to_string() })
            }
        }
    }

    fn discard(&mut self, _: &mut Naive) {
        self.put_back();
    }
}

/// The end of another script.
struct FinishedWait {
    world: World,
    script: ScriptNo,
    waits: Option<TaskNo>,
}

impl Machine<String> for FinishedWait {
    fn poll(&mut self, _: &mut Naive, me: TaskNo) -> Polled<String> {
        if !self.world.with(|state| state.scripts[self.script].is_running) {
            return Polled::Ready("finished".to_string());
        }
        if self.waits.is_none() {
            self.world.with(|state| state.waiting.push((self.script, me)));
            self.waits = Some(me);
        }
        Polled::Pending
    }

    fn discard(&mut self, _: &mut Naive) {
        if let Some(me) = self.waits.take() {
            self.world.with(|state| {
                let at = state.waiting.iter().position(|wait| *wait == (self.script, me));
                at.into_iter().for_each(|at| _ = state.waiting.remove(at));
            });
        }
    }
}
