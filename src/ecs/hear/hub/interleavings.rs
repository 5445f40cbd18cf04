//! A hub, in every order in which threads that each hold the world for themselves can come to it.

use loom::sync::Arc as LoomArc;
use loom::thread;

use super::super::pick::Map;
use super::*;
use crate::executor::shared::explore;

#[test]
fn ears_hear_what_is_told_on_another_thread_from_when_they_are_opened_until_they_end() {
    explore(&["the first", "both", "the second"], || {
        let world = LoomArc::new(Mutex::new(()));
        let hub = Arc::new(Hub::<u32>::default());
        let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
        let ear = |name: &'static str| {
            let heard = heard.clone();
            // It is of one kind with the other: they share a column.
            Map(move |word: &u32| heard.lock().unwrap().push((name, *word)))
        };
        let first = hub.open(None, ear("first"), Keep::Newest(2));
        let (there, theirs) = (world.clone(), hub.clone());
        let teller = thread::spawn(move || {
            let _world = lock(&there);
            let mut due = theirs.take_due();
            theirs.deliver(None, &7, Some(&mut due));
            assert!(due.is_empty(), "nobody waits");
            theirs.put_due(due);
        });
        let second = {
            let _world = lock(&world);
            hub.open(None, ear("second"), Keep::Newest(2))
        };
        {
            let _world = lock(&world);
            first.ears.close(first.entry.row);
            hub.close(None, first.entry);
        }
        teller.join().unwrap();
        let _world = lock(&world);
        let who: Vec<_> = heard.lock().unwrap().drain(..).collect();
        let kept = second.ears.kept(second.entry.row);
        assert_eq!(kept, usize::from(who.contains(&("second", 7))));
        second.ears.close(second.entry.row);
        hub.close(None, second.entry);
        // The pickers are dropped with their ears.
        assert_eq!(Arc::strong_count(&heard), 1);
        match who[..] {
            [("first", 7)] => "the first",
            [("first", 7), ("second", 7)] => "both",
            [("second", 7)] => "the second",
            _ => panic!("{who:?}"),
        }
    });
}
