//! The registry, in every interleaving of hooks on other threads with the thread that steps the scripts.

use std::panic::Location;
use std::sync::atomic::AtomicU32 as PlainU32;
use std::task::Wake;

use loom::thread;

use super::*;
use crate::ecs::Me;
use crate::executor::shared::explore;

fn enlist(registry: &Registry) -> ScriptId {
    let plan = Plan {
        name: "script",
        made_at: Location::caller(),
        lane: None,
        owned_by: None,
        is_alone: false,
        escalates: false,
        random_key: None,
    };
    registry.enlist(Entity::PLACEHOLDER, None, plan, Box::new(async |_: Me| Ok(())))
}

/// What was posted, as words.
fn words(posts: &[Post]) -> Vec<(&'static str, ScriptId)> {
    let word = |post: &Post| match post {
        Post::Start(launch) => ("start", launch.id),
        Post::Retire(id, _) => ("retire", *id),
        Post::Review(_) | Post::SetClock(_) => panic!("nobody posts that here"),
    };
    posts.iter().map(word).collect()
}

fn collected(registry: &Registry) -> Vec<Post> {
    let mut posts = Vec::new();
    registry.collect(&mut posts);
    posts
}

#[derive(Default)]
struct Wakes(PlainU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_posted_while_the_store_collects_is_collected_or_announced() {
    explore(&["collected, announced", "collected, not yet announced", "announced to the next"], || {
        let registry = Arc::new(Registry::default());
        let hooks = registry.clone();
        let hook = thread::spawn(move || enlist(&hooks));
        let was_announced = registry.has_mail();
        let first = words(&collected(&registry));
        assert!(!first.is_empty() || !was_announced, "what is announced is there");
        let id = hook.join().unwrap();
        assert_eq!(registry.has_mail(), first.is_empty());
        let second = words(&collected(&registry));
        assert_eq!([&first[..], &second[..]].concat(), [("start", id)]);
        assert!(!registry.has_mail());
        match (was_announced, first.is_empty()) {
            (true, _) => "collected, announced",
            (false, false) => "collected, not yet announced",
            (false, true) => "announced to the next",
        }
    });
}

#[test]
fn posts_that_are_put_back_stand_in_front_of_those_that_came_since() {
    explore(&["came before", "came since"], || {
        let registry = Arc::new(Registry::default());
        let mine = enlist(&registry);
        let hooks = registry.clone();
        let hook = thread::spawn(move || enlist(&hooks));
        let mut posts = VecDeque::new();
        registry.collect(&mut posts);
        let outcome = if posts.len() == 2 { "came before" } else { "came since" };
        registry.put_back(&mut posts);
        assert!(registry.has_mail());
        let theirs = hook.join().unwrap();
        assert_eq!(words(&collected(&registry)), [("start", mine), ("start", theirs)]);
        outcome
    });
}

#[test]
fn scripts_enlisted_on_several_threads_have_ids_of_their_own_and_start_in_order() {
    explore(&["one behind the other", "mixed"], || {
        let registry = Arc::new(Registry::default());
        let hooks = [(); 2].map(|()| {
            let registry = registry.clone();
            thread::spawn(move || [(); 2].map(|()| enlist(&registry)))
        });
        let ids = hooks.map(|hook| hook.join().unwrap());
        let started: Vec<_> = words(&collected(&registry)).iter().map(|(_, id)| *id).collect();
        let [[a, b], [c, d]] = ids;
        assert_eq!(registry.lock().running, 4);
        if started == [a, b, c, d] || started == [c, d, a, b] {
            "one behind the other"
        } else {
            let of = |one, two| started.iter().copied().filter(|id| [one, two].contains(id)).collect::<Vec<_>>();
            assert_eq!((started.len(), of(a, b), of(c, d)), (4, vec![a, b], vec![c, d]));
            "mixed"
        }
    });
}

#[test]
fn a_script_that_two_threads_cancel_is_cancelled_by_one() {
    explore(&["by this thread", "by the other"], || {
        let registry = Arc::new(Registry::default());
        let id = enlist(&registry);
        let hooks = registry.clone();
        let other = thread::spawn(move || (hooks.retire(id), hooks.is_running(id)));
        let here = (registry.retire(id), registry.is_running(id));
        let there = other.join().unwrap();
        assert_eq!((here.1, there.1, here.0 ^ there.0), (false, false, true));
        assert_eq!(words(&collected(&registry)), [("start", id), ("retire", id)]);
        assert_eq!(registry.lock().running, 0);
        if here.0 { "by this thread" } else { "by the other" }
    });
}

#[test]
fn a_script_that_is_cancelled_while_it_ends_by_itself_gives_its_index_back_once() {
    explore(&["ended by itself", "cancelled"], || {
        let registry = Arc::new(Registry::default());
        let id = enlist(&registry);
        drop(collected(&registry));
        let hooks = registry.clone();
        let other = thread::spawn(move || hooks.retire(id));
        registry.finish(id);
        let is_cancelled = other.join().unwrap();
        let posts = collected(&registry);
        assert_eq!(words(&posts).len(), usize::from(is_cancelled));
        for (_, id) in words(&posts) {
            registry.free(id);
        }
        assert_eq!(registry.lock().free, [id.index]);
        let [next, after] = [enlist(&registry), enlist(&registry)];
        assert_eq!((next.index, next.generation, after.index), (id.index, id.generation + 1, id.index + 1));
        assert!(!registry.is_running(id) && registry.is_running(next) && registry.is_running(after));
        if is_cancelled { "cancelled" } else { "ended by itself" }
    });
}

#[test]
fn who_waits_for_a_script_that_another_thread_cancels_is_woken_or_told_at_once() {
    explore(&["told at once", "woken"], || {
        let registry = Arc::new(Registry::default());
        let id = enlist(&registry);
        drop(collected(&registry));
        let hooks = registry.clone();
        let other = thread::spawn(move || hooks.retire(id));
        let wakes = Arc::new(Wakes::default());
        let waits = registry.wait_for(id, None, &wakes.clone().into()).is_some();
        assert!(other.join().unwrap());
        for (_, id) in words(&collected(&registry)) {
            registry.free(id);
        }
        assert_eq!(wakes.0.load(Ordering::Relaxed), u32::from(waits));
        if waits { "woken" } else { "told at once" }
    });
}
