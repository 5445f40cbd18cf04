//! Sources of messages: the next one, those that are wanted, what is made of them.

use std::pin::pin;

use bevy_ecs::error::{FallbackErrorHandler, ignore};
use bevy_ecs::prelude::*;
use framestep::{Listener, Me, Race, Script, frames, join, next_frame, race, step_scripts};

use super::{Counter, Log, id_of, steps};

#[derive(Message, Clone)]
struct Hit(i32);

/// Can't be copied.
#[derive(Message)]
struct Letter {
    to: &'static str,
    text: String,
}

fn world() -> World {
    let mut world = World::new();
    world.init_resource::<Messages<Hit>>();
    world.init_resource::<Messages<Letter>>();
    world
}

fn letter(to: &'static str, text: &str) -> Letter {
    Letter { to, text: text.into() }
}

#[test]
fn an_awaited_source_hears_the_first_that_is_written_after_it_began() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.write_message(Hit(0));
    world.spawn(Script::new(async move |me: Me| {
        me.write_message(Hit(1))?;
        let source = me.message::<Hit>();
        me.write_message(Hit(2))?;
        say.say("waits");
        say.say(format!("{}", source.await.0));
        say.say(format!("{}", me.message::<Hit>().await.0));
        Ok(())
    }));
    step_scripts(&mut world);
    assert_eq!(log.words(), "waits", "a source is a description: it hears from its first poll on");
    for hit in 3..6 {
        world.write_message(Hit(hit));
    }
    steps(&mut world, 2);
    assert_eq!(log.words(), "3", "those that came with it are gone by the time of the second wait");
    world.write_message(Hit(6));
    step_scripts(&mut world);
    assert_eq!(log.words(), "6");
}

#[test]
fn who_takes_a_message_by_asking_isnt_woken_for_it_in_the_next_step() {
    let (mut world, polls) = (world(), Counter::default());
    let counted = polls.clone();
    let writes = world.spawn_empty().id();
    let asks = world.spawn_empty().id();
    world.entity_mut(writes).insert(Script::new(async |me: Me| {
        next_frame().await;
        me.write_message(Hit(1))?;
        Ok(())
    }));
    let writer = id_of(&world, writes);
    world.entity_mut(asks).insert(Script::new(async move |me: Me| {
        // Woken by the other's end, it finds the message that would have woken it in the next step.
        let heard = race(me.message::<Hit>(), me.finished(writer)).await;
        assert!(matches!(heard, Race::First(Hit(1))));
        counted.count(frames(3)).await;
        Ok(())
    }));
    steps(&mut world, 2);
    assert_eq!(polls.get(), 1);
    steps(&mut world, 2);
    assert_eq!(polls.get(), 1, "it waits for something else by then");
    step_scripts(&mut world);
    assert_eq!(polls.get(), 2);
}

#[test]
fn what_isnt_wanted_resumes_nobody_and_what_is_wanted_is_taken_as_said() {
    let (mut world, log) = (world(), Log::default());
    let polls = Counter::default();
    let (say, counted) = (log.clone(), polls.clone());
    world.spawn(Script::new(async move |me: Me| {
        counted
            .count(async {
                let ann = |letter: &Letter| letter.to == "ann";
                say.say(me.message::<Letter>().filter(ann).map(|letter| letter.text.clone()).await);
                let length = |letter: &Letter| letter.text.parse::<i32>().ok();
                say.say(format!("{}", me.message::<Letter>().filter(ann).filter_map(length).await));
                me.message::<Letter>().filter(ann).filter(|letter| letter.text == "end").map(|_| ()).await;
                say.say(format!("{}", me.message::<Hit>().filter(|hit| hit.0 > 1).await.0));
            })
            .await;
        Ok(())
    }));
    step_scripts(&mut world);
    let mut write = |letters: &[(&'static str, &str)], hit| {
        letters.iter().for_each(|(to, text)| _ = world.write_message(letter(to, text)));
        world.write_message(Hit(hit));
        step_scripts(&mut world);
        (polls.get(), log.words())
    };
    assert_eq!(write(&[("bob", "1"), ("eve", "2")], 9), (1, "".into()));
    assert_eq!(write(&[("bob", "1"), ("ann", "hello"), ("ann", "3")], 9), (2, "hello".into()));
    assert_eq!(write(&[("ann", "no number"), ("bob", "4")], 9), (2, "".into()));
    assert_eq!(write(&[("ann", "5")], 9), (3, "5".into()));
    assert_eq!(write(&[("bob", "end"), ("ann", "still on")], 9), (3, "".into()));
    assert_eq!(write(&[("ann", "end")], 1), (4, "".into()));
    assert_eq!(write(&[], 0), (4, "".into()));
    assert_eq!(write(&[], 2), (5, "2".into()));
}

#[test]
fn one_that_waits_for_the_first_asks_for_no_more() {
    let (mut world, log) = (world(), Log::default());
    let (asked, say) = (Counter::default(), log.clone());
    let counted = asked.clone();
    world.spawn(Script::new(async move |me: Me| {
        let last = say.last_word("closure dropped");
        let wanted = move |letter: &Letter| {
            let _moved_in = &last;
            counted.add();
            letter.to == "ann"
        };
        let text = me.message::<Letter>().filter(wanted).map(|letter| letter.text.clone()).await;
        say.say(text);
        Ok(())
    }));
    step_scripts(&mut world);
    for (to, text) in [("bob", "1"), ("ann", "2"), ("ann", "3"), ("bob", "4")] {
        world.write_message(letter(to, text));
    }
    step_scripts(&mut world);
    assert_eq!((asked.get(), log.words().as_str()), (2, "closure dropped | 2"));
}

#[test]
fn a_listener_of_a_source_keeps_what_is_wanted_within_its_bound() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut mine: Listener<usize> =
            me.message::<Letter>().filter(|letter| letter.to == "ann").map(|letter| letter.text.len()).listen();
        let mut newest = me.message::<Letter>().map(|letter| letter.to).listen().bounded(2);
        frames(2).await;
        say.say(format!("{} {:?} {}", mine.len(), mine.try_next(), mine.next().await));
        say.say(format!("{} {} {} {}", newest.next().await, newest.next().await, newest.is_empty(), newest.missed()));
        Ok(())
    }));
    step_scripts(&mut world);
    for (to, text) in [("ann", "one"), ("bob", "two"), ("ann", "three"), ("eve", "four")] {
        world.write_message(letter(to, text));
        step_scripts(&mut world);
    }
    assert_eq!(log.words(), "1 Some(3) 5 | bob ann true 1");
}

#[test]
fn the_loser_of_a_race_hears_nothing_more_and_nothing_grows() {
    let (mut world, log) = (world(), Log::default());
    let drops = Counter::default();
    struct Kept(Counter);
    impl Drop for Kept {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (say, dropped) = (log.clone(), drops.clone());
    world.spawn(Script::new(async move |me: Me| {
        for round in 0..10_000 {
            let kept = Kept(dropped.clone());
            let heard = me.message::<Hit>().filter(move |_| {
                let _moved_in = &kept;
                round == 9_999
            });
            if let Race::First(hit) = race(heard, next_frame()).await {
                say.say(format!("{round} {}", hit.0));
            }
        }
        Ok(())
    }));
    for hit in 0..10_001 {
        step_scripts(&mut world);
        assert_eq!(drops.get(), hit.min(10_000) as u32, "each goes when its race is over");
        world.write_message(Hit(hit));
        world.resource_mut::<Messages<Hit>>().update();
    }
    assert_eq!(log.words(), "9999 9999");
}

#[test]
fn waits_for_the_next_are_woken_in_the_order_in_which_they_were_armed_beside_listeners() {
    let (mut world, log) = (world(), Log::default());
    for (name, late, listens) in [("third", 2, true), ("second", 1, false), ("first", 0, true), ("first too", 0, false)]
    {
        let say = log.clone();
        world.spawn(Script::new(async move |me: Me| {
            let mut hits = listens.then(|| me.listen::<Hit>());
            frames(late).await;
            match &mut hits {
                Some(hits) => hits.next().await,
                None => me.message::<Hit>().await,
            };
            say.say(name);
            Ok(())
        }));
    }
    steps(&mut world, 3);
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "first | first too | second | third");
}

#[test]
fn two_waits_of_one_script_hear_the_same_message() {
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let (one, two) = join(me.message::<Hit>().map(|hit| hit.0), me.message::<Hit>().map(|hit| hit.0 + 1)).await;
        say.say(format!("{one} {two}"));
        Ok(())
    }));
    step_scripts(&mut world);
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "1 2");
}

#[test]
fn a_closure_that_panics_ends_the_script_that_brought_it_also_before_what_was_kept() {
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let say = log.clone();
    let listens = world
        .spawn(Script::new(async move |me: Me| {
            let mut hits = me.message::<Hit>().map(|hit| assert!(hit.0 < 3, "on purpose")).listen();
            loop {
                hits.next().await;
                say.say("heard");
            }
        }))
        .id();
    let waits = world
        .spawn(Script::new(async |me: Me| {
            me.message::<Hit>().filter(|hit| panic!("on purpose {}", hit.0)).await;
            Ok(())
        }))
        .id();
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let mut hits = me.listen::<Hit>();
        loop {
            say.say(format!("unharmed {}", hits.next().await.0));
        }
    }));
    step_scripts(&mut world);
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert!(world.get::<Script>(waits).is_none() && world.get::<Script>(listens).is_some());
    world.write_message(Hit(2));
    world.write_message(Hit(3));
    step_scripts(&mut world);
    assert!(world.get::<Script>(listens).is_none());
    assert_eq!(log.words(), "heard | unharmed 1 | unharmed 2 | unharmed 3");
}

#[test]
fn a_closure_can_end_other_ears_which_hear_nothing_more() {
    type Kept = std::cell::RefCell<Option<Listener<()>>>;
    thread_local! { static KEPT: [Kept; 3] = const { [const { Kept::new(None) }; 3] }; }
    let (mut world, log) = (world(), Log::default());
    let listen = |me: Me, say: &Log, number: usize| {
        let (word, last) = (say.clone(), say.last_word(["0 dropped", "1 dropped", "2 dropped"][number]));
        let heard = move |hit: &Hit| {
            let _moved_in = &last;
            word.say(format!("{number}: {}", hit.0));
            if hit.0 == 2 {
                // Its own, one before it, one behind it.
                [1, 0, 2].map(|ended| drop(KEPT.with(|kept| kept[ended].take())));
            }
        };
        // All of one kind, so that they are asked in one go.
        me.message::<Hit>().map(heard).listen()
    };
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        for number in 0..3 {
            let listener = listen(me, &say, number);
            KEPT.with(|kept| *kept[number].borrow_mut() = Some(listener));
        }
        // Of another kind, behind them.
        let mut last = me.listen::<Hit>();
        loop {
            say.say(format!("last {}", last.next().await.0));
        }
    }));
    step_scripts(&mut world);
    world.write_message(Hit(1));
    step_scripts(&mut world);
    assert_eq!(log.words(), "0: 1 | 1: 1 | 2: 1 | last 1");
    world.write_message(Hit(2));
    step_scripts(&mut world);
    assert_eq!(log.words(), "0: 2 | 1 dropped | 0 dropped | 2 dropped | last 2");
    world.write_message(Hit(3));
    step_scripts(&mut world);
    assert_eq!(log.words(), "last 3");
}

#[test]
fn what_is_left_of_a_listener_may_panic_when_it_is_dropped_within_a_closure() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    thread_local! { static KEPT: std::cell::RefCell<Option<Listener<()>>> = const { std::cell::RefCell::new(None) }; }
    let (mut world, log) = (world(), Log::default());
    world.insert_resource(FallbackErrorHandler(ignore));
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let bomb = Bomb;
        let loaded = me.message::<Hit>().map(move |_| _ = &bomb).listen();
        KEPT.set(Some(loaded));
        let mut hits = me.message::<Hit>().map(|_| drop(KEPT.take())).listen();
        loop {
            hits.next().await;
            say.say("heard");
        }
    }));
    steps(&mut world, 1);
    world.write_message(Hit(1));
    world.write_message(Hit(2));
    steps(&mut world, 2);
    assert_eq!(log.words(), "heard | heard");
}

#[test]
fn clearing_the_world_ends_all_that_hear() {
    #[derive(Event)]
    struct Alarm;
    let (mut world, log) = (world(), Log::default());
    let say = log.clone();
    world.spawn(Script::new(async move |me: Me| {
        let _last = say.last_word("dropped");
        let _alarms = me.on_event::<Alarm>().map(|_| ()).listen();
        loop {
            say.say(format!("{}", me.message::<Hit>().await.0));
        }
    }));
    steps(&mut world, 2);
    world.clear_entities();
    // Whatever is spawned now has the entity that was the observer's.
    world.spawn_empty();
    step_scripts(&mut world);
    assert_eq!(log.words(), "dropped");
    world.clear_all();
    steps(&mut world, 2);
}

#[test]
fn a_wait_for_messages_says_what_it_waits_for() {
    let mut world = world();
    world.spawn(Script::new(async |me: Me| {
        let mut wait = pin!(me.message::<Hit>().into_future());
        wait.as_mut().await;
        Ok(())
    }));
    step_scripts(&mut world);
    let executor = world.non_send::<framestep::ScriptExecutor>().executor();
    let mut waits = Vec::new();
    executor.for_each_task(|task| waits.push(format!("{:?}", task.wait)));
    assert!(waits.len() == 1 && waits[0].contains("Message"), "{waits:?}");
}
