//! Whether a game depends on the order of what is ready at the same time.

use framestep::replay::{Explore, Fault, RunCode, Setup};
use framestep::{frames, random};

use super::{Small, told};

/// Two scripts that race for one word; in some seeds they come in the same frame.
fn race(setup: &Setup) -> Small {
    let small = Small::new(setup);
    for name in [1, 2] {
        let words = small.words.clone();
        drop(small.executor.spawn(async move {
            frames(1 + random() % 4).await;
            words.borrow_mut().push(name);
        }));
    }
    small
}

/// Who came first.
fn winner(game: &mut Small) -> u64 {
    game.words.borrow().iter().find(|word| **word != 0).copied().unwrap_or(0)
}

#[test]
fn a_game_that_depends_on_the_order_of_equals_is_found_with_the_frame() {
    let explore = Explore::new(race).seeds(0..40).shuffles(6).frames(10).state(winner).compare_orders();
    let found = explore.run();
    assert_eq!(found.runs(), 40 * 7);
    assert!(told(&found).is_empty(), "{found}");
    let orders: Vec<_> = found.order_dependences().collect();
    assert!((1..40).contains(&orders.len()), "those that come in the same frame, and no others: {found}");
    for order in &orders {
        assert_eq!(order.compared, 6);
        // The plain order and the other part where the words were said, and not before.
        let words_of = |code: RunCode| {
            let mut first = (0, 0);
            explore
                .replay_with(code, |game, frame| {
                    if first.0 == 0 && winner(game) != 0 {
                        first = (frame, winner(game));
                    }
                })
                .unwrap();
            first
        };
        let plain = words_of(RunCode { order: 0, ..order.code });
        let other = words_of(order.code);
        assert_eq!((plain.0, other.0), (order.frame, order.frame));
        assert_ne!(plain.1, other.1);
        let again = explore.replay(order.code).unwrap();
        let told: Vec<_> = again.order_dependences().map(|again| (again.code, again.frame)).collect();
        assert_eq!(told, [(order.code, order.frame)]);
    }
}

#[test]
fn a_game_that_does_not_depend_on_it_is_clean() {
    let count = |game: &mut Small| -> u64 { game.words.borrow().iter().sum() };
    let found = Explore::new(race).seeds(0..20).shuffles(3).frames(10).state(count).compare_orders().run();
    found.assert_clean();
    assert_eq!(found.runs(), 80);
}

#[test]
fn orders_are_compared_without_being_asked_for_their_number() {
    let found = Explore::new(race).seeds(0..5).frames(10).state(winner).compare_orders().run();
    assert_eq!(found.runs(), 10);
}

#[test]
fn orders_of_a_game_in_which_nothing_is_hashed_are_not_compared() {
    let found = Explore::new(race).seeds(0..1).frames(1).compare_orders().run();
    let faults: Vec<_> = found.failures().map(|failure| failure.fault).collect();
    assert_eq!(faults, [Fault::NotHashed, Fault::NotHashed]);
    assert!(found.to_string().contains("say what counts by `Explore::state`"), "{found}");
}

#[test]
fn every_order_of_every_seed_has_a_shuffle_of_its_own_and_the_plain_one_has_none() {
    let explore = Explore::new(Small::new);
    let shuffle = |seed, order| explore.setup_of(explore.code(seed, order)).shuffle;
    assert_eq!(shuffle(3, 0), None);
    let mut all: Vec<_> = (0..10).flat_map(|seed| (1..10).map(move |order| (seed, order))).collect();
    let mut shuffles: Vec<_> = all.drain(..).map(|(seed, order)| shuffle(seed, order).unwrap()).collect();
    shuffles.sort_unstable();
    shuffles.dedup();
    assert_eq!(shuffles.len(), 90);
}
