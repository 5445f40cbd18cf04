//! What is to happen in a combination: the rules in words, as a plain function of it.
//!
//! 1. A script that ends is never polled again, and every later wake and cancel finds nothing, whoever takes its slot.
//! 2. At its end its future is dropped, then an output whose handle is gone, then who awaits it is woken: within
//!    the call that cancels it, or as soon as the poll then running has returned. A panic's payload whose handle is
//!    gone is dropped before.
//! 3. An output or payload whose handle is still there is dropped where the handle is, or by whoever takes it, also
//!    when the executor is gone.
//! 4. A panic in what the executor drops is counted, reported, and goes no further; one in what others drop is theirs.
//! 5. A slot is free at the end of the step, unless its output is still there.

use super::{Combination, End, Handle, Holder, When};

/// The counts of one frame.
#[derive(Default)]
struct Frame {
    words: Vec<String>,
    polled: u32,
    woken: u32,
    spawned: u32,
    completed: u32,
    cancelled: u32,
    incidents: Vec<String>,
}

struct Rule {
    one: Combination,
    lines: Vec<String>,
    frame: Frame,
    live: u32,
    has_ended: bool,
}

/// The story, a line a frame and a line for what lies before each and behind the last.
pub(super) fn expected(one: &Combination) -> Vec<String> {
    let mut rule = Rule { one: *one, lines: Vec::new(), frame: Frame::default(), live: 0, has_ended: false };
    if one.end.when() == When::AtExecutorsDrop {
        rule.all_at_drop();
    } else {
        rule.all();
    }
    rule.lines
}

impl Rule {
    fn all(&mut self) {
        let one = self.one;
        let is_awaited = one.handle == Handle::Awaited;
        let has_waker_script = one.holder == Holder::Script;

        // The first frame.
        let canceller = u32::from(one.end == End::CancelledUnpolled(When::InStep));
        self.spawn(canceller + 1 + u32::from(is_awaited) + u32::from(has_waker_script));
        if one.handle == Handle::DroppedBefore {
            self.say("handle");
        }
        if one.end == End::CancelledUnpolled(When::BetweenSteps) {
            self.end();
            self.cancel();
        }
        self.between();
        if canceller > 0 {
            self.poll_and_complete_canceller();
        }
        if !self.has_ended {
            self.say("polled");
            self.frame.polled += 1;
        }
        if is_awaited {
            self.frame.polled += 1;
            if self.has_ended {
                self.join();
            }
        }
        self.frame.polled += u32::from(has_waker_script);
        self.frame();

        // The second: all that has not ended does.
        self.frame.polled += u32::from(has_waker_script);
        match one.end {
            End::CancelledUnpolled(_) => self.between(),
            End::CancelledParked(When::InStep) => {
                self.between();
                self.spawn(1);
                self.poll_and_complete_canceller();
            }
            End::CancelledParked(_) => {
                self.end();
                self.cancel();
                self.between();
            }
            _ => {
                self.between();
                // Released, it isn't woken.
                self.frame.woken += u32::from(one.holder != Holder::Nobody);
                self.last_poll();
            }
        }
        if is_awaited && !matches!(one.end, End::CancelledUnpolled(_)) {
            self.frame.woken += 1;
            self.frame.polled += 1;
            self.join();
        }
        self.frame();

        // The third.
        match one.handle {
            Handle::DroppedAfter => {
                self.say("handle");
                self.drop_result_outside();
            }
            Handle::TakenAfter => self.take(),
            _ => (),
        }
        self.say("cancels false");
        self.between();
        self.frame.polled += u32::from(has_waker_script);
        self.frame();

        // The fourth, with another of its kind.
        let is_free = !(one.handle == Handle::Kept && one.end.returns());
        self.say(&format!("reuses {is_free}"));
        self.between();
        self.spawn(1);
        self.say("another");
        self.frame.polled += 1;
        if has_waker_script {
            self.frame.polled += 1;
            self.complete();
        }
        self.frame();

        // When all is gone.
        if one.handle == Handle::Kept {
            self.say("handle");
            self.drop_result_outside();
        }
        self.between();
    }

    /// Those that the executor's drop ends have one line; its frames are told by the others.
    fn all_at_drop(&mut self) {
        if self.one.handle == Handle::DroppedBefore {
            self.say("handle");
        }
        if self.one.end == End::CancelledParked(When::AtExecutorsDrop) {
            self.say("polled");
        }
        self.end();
        match self.one.handle {
            Handle::Kept => self.say("handle"),
            Handle::TakenAfter => self.take(),
            _ => (),
        }
        self.between();
    }

    fn say(&mut self, word: &str) {
        self.frame.words.push(word.to_owned());
    }

    fn spawn(&mut self, scripts: u32) {
        self.frame.spawned += scripts;
        self.live += scripts;
    }

    fn complete(&mut self) {
        self.frame.completed += 1;
        self.live -= 1;
    }

    fn panic_in(&mut self, script: &str, message: &str) {
        self.frame.incidents.push(format!("{script}: {message}"));
    }

    fn cancel(&mut self) {
        self.say("cancels true");
    }

    fn poll_and_complete_canceller(&mut self) {
        self.frame.polled += 1;
        self.complete();
        self.cancel();
        self.end();
    }

    fn last_poll(&mut self) {
        self.frame.polled += 1;
        self.say("polled");
        if self.one.end.cancels_itself() {
            self.cancel();
        }
        if self.one.handle == Handle::DroppedInLastPoll {
            self.say("handle");
        }
        self.end();
    }

    /// Rule 2.
    fn end(&mut self) {
        let Combination { end, bombs, handle, .. } = self.one;
        self.has_ended = true;
        let handle_is_gone = matches!(handle, Handle::DroppedBefore | Handle::DroppedInLastPoll);
        if end.returns() {
            self.complete();
        } else if end.panics() {
            self.live -= 1;
            self.panic_in("subject", "a panic whose payload is not a text");
            if handle_is_gone {
                self.say("payload");
            }
        } else if end.when() == When::AtExecutorsDrop {
            self.frame.cancelled += 1;
        } else {
            self.frame.cancelled += 1;
            self.live -= 1;
        }
        self.say("future");
        let mut first = bombs.future.then_some("of-future");
        if handle == Handle::DroppedInDestructor {
            self.say("handle");
            self.drop_result();
            if end.returns() && bombs.output {
                // A destructor that panics at one thing doesn't come to the next.
                first = Some("of-output");
            }
        }
        if let Some(message) = first {
            self.panic_in("subject", &format!("{message} (in its destructor)"));
        }
        if end.returns() && handle_is_gone {
            self.say("output");
            if bombs.output {
                self.panic_in("subject", "of-output (in the destructor of its output)");
            }
        }
    }

    /// Whoever holds the result drops it.
    fn drop_result(&mut self) {
        if self.one.end.returns() {
            self.say("output");
        } else if self.one.end.panics() {
            self.say("payload");
        }
    }

    fn drop_result_outside(&mut self) {
        self.drop_result();
        if self.one.end.returns() && self.one.bombs.output {
            self.say("caught-of-output");
        }
    }

    fn result(&self) -> &'static str {
        match self.one.end {
            end if end.returns() => "returned",
            end if end.panics() => "panicked",
            _ => "cancelled",
        }
    }

    fn take(&mut self) {
        self.say(&format!("took {}", self.result()));
        self.drop_result_outside();
    }

    fn join(&mut self) {
        self.say(&format!("joined {}", self.result()));
        self.drop_result();
        if self.one.end.returns() && self.one.bombs.output {
            self.live -= 1;
            self.panic_in("joiner", "of-output");
        } else {
            self.complete();
        }
    }

    /// The line of what lies between two frames.
    fn between(&mut self) {
        let words = std::mem::take(&mut self.frame.words).join(" ");
        self.lines.push(words);
    }

    fn frame(&mut self) {
        let frame = std::mem::take(&mut self.frame);
        let mut line = format!("{} |", frame.words.join(" "));
        let counts = [
            (frame.polled, "polled"),
            (frame.woken, "woken"),
            (frame.spawned, "spawned"),
            (frame.completed, "completed"),
            (frame.cancelled, "cancelled"),
            (frame.incidents.len() as u32, "panicked"),
            (self.live, "live"),
        ];
        for (count, name) in counts.into_iter().filter(|count| count.0 > 0) {
            line += &format!(" {count} {name}");
        }
        for incident in frame.incidents {
            line += &format!(" | {incident}");
        }
        self.lines.push(line);
    }
}
