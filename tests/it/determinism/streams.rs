//! The tree of random streams, and those by name.

use crate::words::Words;
use framestep::{Executor, JoinHandle, RandomStream, next_frame, random, set_random_key, spawn};

/// Runs until a script has ended.
fn output<T>(executor: &mut Executor, script: &JoinHandle<T>) -> T {
    while !script.is_finished() {
        executor.poll_once();
    }
    script.take_output().expect("it ended").expect("it ended well")
}

/// Two draws.
fn two() -> [u64; 2] {
    [random(), random()]
}

#[test]
fn the_tree_is_the_same_on_every_target_and_in_every_build() {
    // What recordings rest on: a change here is a break with those made before it.
    let mut executor = Executor::builder().seed(7).build();
    let root = executor.spawn(async {
        let own = two();
        let child = spawn(async { two() });
        let keyed = spawn(async { two() }).random_key(7);
        let grandchild = spawn(async { spawn(async { two() }).random_key(1).await.expect("it ends") });
        let ends = "they end";
        [own, child.await.expect(ends), keyed.await.expect(ends), grandchild.await.expect(ends)]
    });
    let keyed_root = executor.spawn(async { two() }).random_key(u64::MAX);
    let drawn = output(&mut executor, &root);
    let drawn: Vec<u64> = drawn.into_iter().flatten().chain(output(&mut executor, &keyed_root)).collect();
    let expected: [u64; 10] = [
        599_637_082_977_376_118,
        13_830_717_199_673_000_403,
        12_861_115_336_439_343_464,
        6_160_334_982_029_343_783,
        18_280_410_484_368_202_290,
        9_101_440_862_735_024_937,
        1_073_968_946_266_309_994,
        8_573_454_671_686_683_392,
        3_257_417_318_231_341_183,
        16_084_979_510_110_055_203,
    ];
    assert_eq!(drawn, expected);
}

#[test]
fn streams_by_name_are_the_same_on_every_target_and_in_every_build() {
    let draws = |name| {
        let mut stream = RandomStream::new(7, name);
        [stream.next_u64(), stream.next_u64()]
    };
    let drawn = ["", "weather", "a longer name, of 30 bytes ..."].map(draws);
    let expected: [[u64; 2]; 3] = [
        [7_843_942_250_573_737_242, 6_956_563_421_355_018_373],
        [15_334_418_641_236_541_860, 10_206_395_540_418_577_535],
        [4_971_681_698_895_669_309, 6_991_318_593_936_343_827],
    ];
    assert_eq!(drawn, expected);
    // A name isn't one with zeros behind it.
    assert_ne!(draws("a"), draws("a\0"));
    let executor = Executor::builder().seed(7).build();
    let mut weather = executor.random_stream("weather");
    assert_eq!([weather.next_u64(), weather.next_u64()], draws("weather"));
    assert_ne!(executor.random_stream("weather"), executor.random_stream("loot"));
    assert_ne!(executor.random_stream("weather"), RandomStream::new(8, "weather"));
}

#[test]
fn a_key_makes_a_stream_of_parent_and_key_alone() {
    let draw = |siblings: u64, seed: u64| {
        let mut executor = Executor::builder().seed(seed).build();
        (0..siblings).for_each(|_| drop(executor.spawn(async { random() })));
        let script = executor.spawn(async move {
            (0..siblings).for_each(|_| drop(spawn(async { random() })));
            let by_handle = spawn(async { two() }).random_key(3);
            let by_itself = spawn(async {
                let before = random();
                set_random_key(3);
                (before, two(), spawn(async { random() }).await.expect("it ends"))
            });
            (by_handle.await.expect("it ends"), by_itself.await.expect("it ends"))
        });
        let script = script.random_key(9);
        output(&mut executor, &script)
    };
    let (by_handle, (before, by_itself, child)) = draw(0, 7);
    assert_eq!(by_handle, by_itself);
    assert_ne!(by_handle[0], before);
    let (crowded_by_handle, (crowded_before, crowded_by_itself, crowded_child)) = draw(5, 7);
    assert_eq!([crowded_by_handle, crowded_by_itself], [by_handle; 2]);
    // The count of its siblings tells only the one without a key apart.
    assert_eq!(crowded_child, child);
    assert_ne!(crowded_before, before);
    assert_ne!(draw(0, 8).0, by_handle);
}

#[test]
fn a_key_finds_its_parent_when_that_is_gone_and_forgotten() {
    // Each starts the next and ends, and the last takes a key: links to those that are gone are led past them.
    let draw = |on_its_own: bool, late: bool| {
        let mut executor = Executor::builder().seed(7).build();
        let words = Words::default();
        let said = words.clone();
        drop(executor.spawn(async move {
            let link = spawn(async move {
                let last = spawn(async move {
                    if late {
                        next_frame().await;
                        next_frame().await;
                    }
                    drop(spawn(async {}));
                    set_random_key(3);
                    said.say(random());
                });
                drop(if on_its_own { last.on_its_own() } else { last });
            });
            drop(link);
        }));
        (0..5).for_each(|_| _ = executor.poll_once());
        words.take()
    };
    let early = draw(false, false);
    assert!(!early.is_empty());
    assert_eq!([draw(false, true), draw(true, false), draw(true, true)], [early.clone(), early.clone(), early]);
}

#[test]
fn a_draw_of_one_script_moves_no_other_stream() {
    let draw = |more: bool| {
        let mut executor = Executor::builder().seed(7).build();
        let one = executor.spawn(async move { if more { random() } else { 0 } });
        let other = executor.spawn(async { two() });
        output(&mut executor, &one);
        (output(&mut executor, &other), executor.random())
    };
    assert_eq!(draw(false), draw(true));
}
