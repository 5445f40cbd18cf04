//! What comes from outside, kept and given again.

use crate::words::{Gate, Words, on_drop, on_thread, quiet_panic};
use framestep::{Arrival, Executor, Inlet, InletSender, inlet, next_frame, replay, spawn};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{sync::mpsc, time::Duration};

fn kept(executor: &Executor) -> Vec<(u32, Arrival)> {
    let mut arrivals = Vec::new();
    executor.take_arrivals(&mut arrivals);
    arrivals
}

/// Says what comes through an inlet.
fn listen(executor: &Executor, words: &Words, mut inlet: Inlet<u32>) {
    let words = words.clone();
    drop(executor.spawn(async move {
        while let Some(value) = inlet.next().await {
            words.say(value);
        }
        words.say("last");
    }));
}

/// An executor, two inlets of one name, and what their listeners say.
fn game() -> (Executor, [InletSender<u32>; 2], Words) {
    let executor = Executor::builder().trace(true).build();
    let words = Words::default();
    let senders = [0; 2].map(|_| {
        let (sender, inlet) = replay::inlet_of::<u32>(&executor, "score");
        listen(&executor, &words, inlet);
        sender
    });
    (executor, senders, words)
}

fn value(number: u32, value: u32) -> Arrival {
    Arrival::Value("score".into(), number, vec![u8::try_from(value).expect("a small number is its own byte")])
}

#[test]
fn values_are_kept_with_the_step_that_took_them_in() {
    let (mut executor, [one, other], words) = game();
    executor.keep_arrivals(true);
    executor.poll_once();
    on_thread(|| [one.send(1), other.send(2), one.send(3)].map(|sent| sent.expect("it is open")));
    executor.poll_once();
    executor.poll_once();
    drop(one);
    executor.poll_once();
    let expected = [(1, value(0, 1)), (1, value(1, 2)), (1, value(0, 3)), (3, Arrival::LastSent("score".into(), 0))];
    assert_eq!(kept(&executor), expected);
    assert_eq!(words.take(), "1 3 2 last");
    other.send(4).expect("it is open");
    executor.poll_once();
    assert_eq!(kept(&executor), [(0, value(1, 4))], "counted from the last that was taken");
    executor.keep_arrivals(false);
    other.send(5).expect("it is open");
    executor.poll_once();
    assert_eq!(kept(&executor), []);
}

#[test]
fn a_replay_gives_what_was_kept_and_nothing_else() {
    let record = || {
        let (mut executor, [one, other], words) = game();
        executor.keep_arrivals(true);
        let mut frames = Vec::new();
        for frame in 0..6_u32 {
            if frame % 2 == 1 {
                one.send(frame).expect("it is open");
            }
            if frame == 4 {
                other.send(40).expect("it is open");
            }
            executor.poll_once();
            words.say("|");
            frames.push((kept(&executor), executor.trace_hash()));
        }
        (frames, words.take())
    };
    let (frames, said) = record();
    assert_eq!(said, "| 1 | | 3 | 40 | 5 |");
    let (mut executor, [one, other], words) = game();
    for (number, (arrivals, hash)) in frames.into_iter().enumerate() {
        executor.replay_arrivals(Some(arrivals));
        assert!(executor.is_replaying());
        // Whatever comes now isn't taken in.
        one.send(99).expect("it is open");
        if number == 2 {
            other.send(98).expect("it is open");
        }
        executor.poll_once();
        words.say("|");
        assert_eq!(executor.trace_hash(), hash, "in frame {number}");
    }
    assert_eq!(words.take(), said);
    executor.replay_arrivals(None);
    assert_eq!(executor.take_replay_faults(), Vec::<String>::new());
    one.send(100).expect("it is open");
    executor.poll_once();
    assert_eq!(words.take(), "100");
}

#[test]
fn wakes_are_kept_by_spawn_number_and_those_of_stale_wakers_arent() {
    let run = |replayed: Option<Vec<Vec<(u32, Arrival)>>>| {
        let mut executor = Executor::builder().trace(true).build();
        executor.keep_arrivals(replayed.is_none());
        let (gate, over) = (Gate::default(), Gate::default());
        let (waits, ends) = (gate.clone(), over.clone());
        drop(executor.spawn(async move { ends.wait().await }));
        drop(executor.spawn(async move { waits.wait().await }));
        let mut frames = Vec::new();
        for frame in 0..3 {
            if let Some(replayed) = &replayed {
                executor.replay_arrivals(Some(replayed[frame].clone()));
            }
            if frame == 1 {
                over.open();
                executor.poll_once();
                let wakers = [over.waker(), gate.waker()];
                if replayed.is_none() {
                    on_thread(move || wakers.into_iter().for_each(|waker| waker.wake()));
                }
            }
            executor.poll_once();
            frames.push(kept(&executor));
        }
        if let Some(replayed) = replayed {
            assert_eq!(frames, vec![Vec::new(); replayed.len()]);
            frames = replayed;
        }
        (frames, gate.polls(), executor.trace_hash())
    };
    let recorded = run(None);
    assert_eq!(recorded.0, [vec![], vec![(1, Arrival::Wake(2))], vec![]]);
    assert_eq!(recorded.1, 2);
    assert_eq!(run(Some(recorded.0.clone())), recorded);
}

#[test]
fn live_wakes_are_discarded_in_a_replay() {
    let mut executor = Executor::new();
    let gate = Gate::default();
    let waits = gate.clone();
    drop(executor.spawn(async move { waits.wait().await }));
    executor.poll_once();
    executor.replay_arrivals(Some(Vec::new()));
    let waker = gate.waker();
    on_thread(move || waker.wake());
    executor.poll_once();
    assert_eq!(gate.polls(), 1);
    assert_eq!(executor.replay_discarded(), 0, "a wake is no loss: the recording has its own");
}

#[test]
fn what_cant_be_kept_is_named_by_its_place_and_dropped_in_a_replay() {
    let mut executor = Executor::builder().trace(true).build();
    executor.keep_arrivals(true);
    let injector = executor.injector();
    let (plain, mut values) = executor.inlet::<u32>();
    let opened = line!() - 1;
    let ran = Words::default();
    let said = ran.clone();
    drop(executor.spawn(async move {
        while let Some(value) = values.next().await {
            said.say(value);
        }
    }));
    let hand_in = |word: &'static str| {
        let (sender, dropped) = mpsc::channel();
        let guard = on_drop(move || _ = sender.send(()));
        injector.run(move || drop((guard, word))).expect("it is there");
        injector.spawn(async { next_frame().await }).expect("it is there");
        plain.send(7).expect("it is open");
        dropped
    };
    let handed = line!() - 5;
    let _ran = hand_in("recorded");
    executor.poll_once();
    let places: Vec<String> = kept(&executor)
        .into_iter()
        .map(|(step, arrival)| match arrival {
            Arrival::Unkept(place) => format!("{step} {}", place.rsplit(['/', '\\']).next().unwrap_or_default()),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = [
        format!("0 arrivals.rs:{handed}:18"),
        format!("0 arrivals.rs:{}:18", handed + 1),
        format!("0 arrivals.rs:{opened}:40"),
    ];
    assert_eq!(places, expected);
    assert_eq!((ran.take(), executor.live()), ("7".to_owned(), 2));

    executor.keep_arrivals(false);
    let unkept = vec![(0, Arrival::Unkept("src/net.rs:1:2".into()))];
    executor.replay_arrivals(Some(unkept));
    let dropped = hand_in("replayed");
    executor.poll_once();
    assert!(dropped.try_recv().is_ok(), "it was dropped in the step");
    assert_eq!((ran.take(), executor.live(), executor.replay_discarded()), (String::new(), 1, 3));
    let expected = "something handed in at src/net.rs:1:2, which a recording can't keep: send a value to a recorded \
                    inlet instead";
    assert_eq!(executor.take_replay_faults(), [expected]);
}

#[test]
fn what_a_replay_cant_give_is_a_fault() {
    let (mut executor, _senders, words) = game();
    let bad = |number, bytes: &[u8]| Arrival::Value("score".into(), number, bytes.to_vec());
    let arrivals = vec![
        (0, bad(2, &[1])),
        (0, bad(0, &[0x80])),
        (0, bad(0, &[1, 2])),
        (0, Arrival::LastSent("scare".into(), 0)),
        (0, Arrival::Wake(9)),
        (0, value(1, 5)),
        (2, value(0, 6)),
    ];
    executor.replay_arrivals(Some(arrivals));
    executor.poll_once();
    executor.poll_once();
    executor.replay_arrivals(Some(Vec::new()));
    let expected = [
        "a value for the inlet `score` (number 2 of that name, from 0), but it isn't open",
        "a value for the inlet `score` (number 0 of that name, from 0), but its bytes are no value of it",
        "a value for the inlet `score` (number 0 of that name, from 0), but its bytes are no value of it",
        "the end of the last sender of the inlet `scare` (number 0 of that name, from 0), but it isn't open",
        "a wake of script 9 from another thread, but no such script is alive",
        "a value for the inlet `score` (number 0 of that name, from 0) was recorded in lane step 2 of the frame, which \
         wasn't made",
    ];
    assert_eq!(executor.take_replay_faults(), expected);
    assert_eq!(executor.take_replay_faults(), Vec::<String>::new());
    assert_eq!(words.take(), "5");
}

#[test]
fn steps_are_counted_over_all_lanes() {
    let (mut executor, [one, _other], words) = game();
    let late = executor.add_lane("late");
    executor.keep_arrivals(true);
    executor.poll_once();
    one.send(1).expect("it is open");
    executor.step_lane(late, Duration::ZERO);
    assert_eq!(kept(&executor), [(1, value(0, 1))]);
    executor.keep_arrivals(false);
    executor.poll_once();
    assert_eq!(words.take(), "1");
    executor.replay_arrivals(Some(vec![(1, value(0, 2))]));
    executor.step_lane(late, Duration::ZERO);
    executor.poll_once();
    assert_eq!(words.take(), "2");
}

#[test]
fn a_closed_inlet_leaves_its_number_to_nobody() {
    let mut executor = Executor::new();
    executor.keep_arrivals(true);
    let script = executor.spawn(async {
        let (gone, first) = replay::inlet::<u32>("score");
        drop(first);
        drop(gone);
        let (sender, mut values) = replay::inlet::<u32>("score");
        sender.send(8).expect("it is open");
        drop(spawn(async move {
            // A plain one of another name is none of them.
            let _plain = inlet::<u32>();
            next_frame().await;
            drop(sender);
        }));
        values.next().await
    });
    (0..3).for_each(|_| _ = executor.poll_once());
    assert_eq!(script.take_output().expect("it ended").expect("with a value"), Some(8));
    let kept = kept(&executor);
    assert_eq!(kept[0], (1, value(1, 8)));
}

#[test]
fn a_replay_can_be_recorded() {
    let (mut executor, [one, _other], _) = game();
    executor.keep_arrivals(true);
    executor.replay_arrivals(Some(vec![(0, value(0, 1)), (1, value(1, 2))]));
    one.send(99).expect("it is open");
    executor.poll_once();
    executor.poll_once();
    assert_eq!(kept(&executor), [(0, value(0, 1)), (1, value(1, 2))]);
}

#[cfg(feature = "bevy_ecs")]
#[test]
fn a_step_with_replayed_arrivals_is_made_though_nothing_else_is_to_do() {
    use bevy_ecs::prelude::*;
    use framestep::{Me, Script, ScriptExecutor, step_scripts};
    use std::{cell::Cell, rc::Rc};

    thread_local! {
        static HEARD: Rc<Cell<u32>> = Rc::default();
    }
    let mut world = World::new();
    world.spawn(Script::new(async |_: Me| {
        let (_sender, mut values) = replay::inlet::<u32>("score");
        while let Some(value) = values.next().await {
            HEARD.with(|heard| heard.set(value));
        }
        Ok(())
    }));
    step_scripts(&mut world);
    let replay = |world: &World, arrivals| {
        world.non_send::<ScriptExecutor>().executor().replay_arrivals(Some(arrivals));
    };
    replay(&world, vec![(1, value(0, 6))]);
    step_scripts(&mut world);
    assert_eq!(HEARD.with(|heard| heard.get()), 0);
    step_scripts(&mut world);
    assert_eq!(HEARD.with(|heard| heard.get()), 6);
}

/// A number whose forms panic: 13 when it is written, 14 when it is read.
struct Touchy(u32);

impl Serialize for Touchy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 13 {
            quiet_panic("13 isn't written");
        }
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if number == 14 {
            quiet_panic("14 isn't read");
        }
        Ok(Touchy(number))
    }
}

#[test]
fn a_value_that_panics_when_it_is_kept_is_taken_in_and_one_that_does_when_it_is_given_is_a_fault() {
    let mut executor = Executor::new();
    let words = Words::default();
    let (sender, mut inlet) = replay::inlet_of::<Touchy>(&executor, "touchy");
    let log = words.clone();
    drop(executor.spawn(async move {
        while let Some(Touchy(number)) = inlet.next().await {
            log.say(number);
        }
    }));
    executor.keep_arrivals(true);
    [13, 14].map(|number| sender.send(Touchy(number)).expect("it is open"));
    executor.poll_once();
    assert_eq!(words.take(), "13 14");
    let kept = kept(&executor);
    assert!(matches!(kept[0].1, Arrival::Unkept(_)), "{kept:?}");
    assert_eq!(kept[1].1, Arrival::Value("touchy".into(), 0, vec![14]));
    let later = Arrival::Value("touchy".into(), 0, vec![15]);
    executor.replay_arrivals(Some(vec![kept[1].clone(), (0, later)]));
    let report = executor.poll_once();
    assert_eq!((words.take().as_str(), report.panicked), ("15", 0));
    let expected =
        "a value for the inlet `touchy` (number 0 of that name, from 0), but reading it panicked: 14 isn't read";
    assert_eq!(executor.take_replay_faults(), [expected]);
}
