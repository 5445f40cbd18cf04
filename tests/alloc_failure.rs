//! Memory that runs out while the executor grows.
//!
//! Rule: a spawn that needs a block of slots and gets no memory for it is refused, and all else goes on; what grows
//! otherwise ends the process as Rust's collections do, with the same message. Never anything else, whichever
//! allocation of a thread it is that fails: each is tried alone, and one in five with all that come after it.
//!
//! This is a binary of its own because it replaces the global allocator. A failure that ends the process happens in
//! a process of its own: the test runs its own binary again, which fails one allocation after the other until it dies,
//! and then again from the next on.

#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

#[path = "alloc/numbers.rs"]
mod numbers;

use framestep::{
    Executor, JoinError, JoinHandle, Scope, Signal, SpawnLimit, frames, next_frame, race, scope, sleep, spawn,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::pending,
    hint::black_box,
    ptr,
    rc::Rc,
    time::Duration,
};

/// The system's allocator, which fails when it is told to, and counts the bytes that a thread holds.
struct Failing;

thread_local! {
    /// So many allocations until one fails; 0 for none.
    static UNTIL: Cell<u64> = const { Cell::new(0) };
    /// Whether all that come after it fail too.
    static ALL: Cell<bool> = const { Cell::new(false) };
    static FAILED: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn fails() -> bool {
    let fails = match UNTIL.get() {
        0 => false,
        1 => {
            UNTIL.set(u64::from(ALL.get()));
            true
        }
        more => {
            UNTIL.set(more - 1);
            false
        }
    };
    FAILED.set(FAILED.get() + u64::from(fails));
    fails
}

fn hold(block: *mut u8, bytes: i64) -> *mut u8 {
    if !block.is_null() {
        HELD.set(HELD.get() + bytes);
    }
    block
}

// SAFETY: every call goes to the system's allocator with the arguments that it was made with, or is answered with
// null, which says that there is no memory, as any may be. Counting touches `const` thread-locals without
// destructors, which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        // SAFETY: the caller's layout is passed on as it is.
        hold(unsafe { System.alloc(layout) }, layout.size() as i64)
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails() {
            return ptr::null_mut();
        }
        // SAFETY: the block came from `System`, since all blocks do; layout and size are the caller's.
        hold(unsafe { System.realloc(block, layout, size) }, size as i64 - layout.size() as i64)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as i64);
        // SAFETY: as for `realloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static GLOBAL: Failing = Failing;

/// Runs something whose `nth` allocation fails, and all after it if asked for; how many failed.
fn failing(nth: u64, all: bool, act: impl FnOnce()) -> u64 {
    ALL.set(all);
    FAILED.set(0);
    UNTIL.set(nth);
    act();
    UNTIL.set(0);
    FAILED.get()
}

/// What became of the scripts.
#[derive(Default)]
struct Tally {
    asked: Cell<u32>,
    refused: Cell<u32>,
    completed: Cell<u32>,
    dropped: Cell<u32>,
}

fn count(counter: &Cell<u32>) {
    counter.set(counter.get() + 1);
}

/// Goes along with each script: it is dropped with it, and also where it is refused.
struct Guard(Rc<Tally>);

impl Guard {
    fn new(tally: &Rc<Tally>) -> Guard {
        count(&tally.asked);
        Guard(tally.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        count(&self.0.dropped);
    }
}

/// A script of at least so many bytes, which waits for `wait`.
async fn sized<const BYTES: usize>(guard: Guard, wait: impl Future) {
    let bytes = [1_u8; BYTES];
    wait.await;
    assert!(black_box(&bytes).iter().all(|&byte| byte == 1));
    count(&guard.0.completed);
}

#[repr(align(64))]
struct Aligned(u8);

async fn aligned(guard: Guard) {
    let kept = Aligned(7);
    next_frame().await;
    assert_eq!((black_box(&kept).0, (&raw const kept).addr() % 64), (7, 0));
    count(&guard.0.completed);
}

/// Notes a spawn that was refused for want of memory; there is no other reason here.
fn look<T>(tally: &Tally, result: &Result<T, JoinError>) {
    match result {
        Ok(_) => (),
        Err(JoinError::Refused(SpawnLimit::Memory)) => count(&tally.refused),
        Err(other) => panic!("{other}"),
    }
}

/// A script that spawns, joins, and opens a scope.
async fn parent(guard: Guard) {
    let tally = guard.0.clone();
    let child = spawn(sized::<3_000>(Guard::new(&tally), frames(2)));
    look(&tally, &child.await);
    scope(async |s: Scope| {
        let branch = s.branch(pending::<()>());
        if let Some(refused) = branch.take_output() {
            look(&tally, &refused);
            count(&tally.asked);
            count(&tally.dropped);
        }
        let child = s.spawn(sized::<9_000>(Guard::new(&tally), sleep(Duration::from_millis(20))));
        let other = s.spawn(sized::<40>(Guard::new(&tally), next_frame()));
        look(&tally, &child.await);
        look(&tally, &other.await);
    })
    .await;
    count(&tally.completed);
}

/// Scripts of many sizes with waits of all kinds, to their end; the executor is dropped after.
fn scenario(tally: &Rc<Tally>, handles: &mut Vec<JoinHandle<()>>) {
    let mut executor = Executor::new();
    let signal = Signal::new();
    for number in 0..300_u64 {
        handles.push(executor.spawn(sized::<16>(Guard::new(tally), frames(number % 3))));
    }
    for number in 0..20 {
        let wait = race(signal.wait(), sleep(Duration::from_micros(number * 9_000)));
        handles.push(executor.spawn(sized::<300>(Guard::new(tally), wait)));
        handles.push(executor.spawn(sized::<5_000>(Guard::new(tally), signal.wait())));
        handles.push(executor.spawn(parent(Guard::new(tally))));
    }
    handles.push(executor.spawn(aligned(Guard::new(tally))));
    handles.push(executor.spawn(sized::<70_000>(Guard::new(tally), next_frame())));
    for frame in 0..12 {
        executor.poll_once();
        if frame == 6 {
            signal.raise();
        }
    }
    assert_eq!(executor.live(), 0);
    for handle in handles.drain(..) {
        look(tally, &handle.take_output().expect("it has ended"));
    }
}

/// Plays the scenario with a failure, and looks whether all is well; `None` when there was none to come.
fn play(nth: u64, all: bool) -> Option<Rc<Tally>> {
    let tally = Rc::new(Tally::default());
    let mut handles = Vec::with_capacity(400);
    let before = HELD.get();
    let failed = failing(nth, all, || scenario(&tally, &mut handles));
    assert_eq!(HELD.get(), before, "bytes that are left behind");
    let (asked, refused) = (tally.asked.get(), tally.refused.get());
    assert_eq!(tally.completed.get() + refused, asked);
    assert_eq!(tally.dropped.get(), asked);
    // A block that is refused takes two allocations at most to find out.
    assert!(u64::from(refused) <= failed && (refused > 0) == (failed > 0), "{refused} refused, {failed} failed");
    (failed > 0).then_some(tally)
}

/// Brings what the process and the thread keep for good to the size that it stays at.
fn warm_up() {
    numbers::make_room();
    assert!(play(0, false).is_none());
}

#[test]
fn a_scenario_without_failures_leaves_nothing_behind() {
    warm_up();
    let tally = Rc::new(Tally::default());
    let before = HELD.get();
    scenario(&tally, &mut Vec::with_capacity(400));
    assert_eq!(HELD.get(), before);
    assert_eq!((tally.asked.get(), tally.refused.get(), tally.completed.get()), (422, 0, 422));
}

#[test]
fn without_memory_spawns_are_refused_and_all_else_goes_on() {
    let tally = Rc::new(Tally::default());
    let mut executor = Executor::builder().capacity(256).slots(1_000, 100).build();
    let mut handles = Vec::with_capacity(256);
    // What is armed and spawned first makes its room for good.
    let warm = executor.spawn(sized::<300>(Guard::new(&tally), race(next_frame(), sleep(Duration::from_secs(1)))));
    executor.poll_once();
    executor.poll_once();
    look(&tally, &warm.take_output().expect("it has ended"));
    let failed = failing(1, true, || {
        for round in 0..8_u64 {
            for number in 0..5 {
                let wait = race(frames(round), sleep(Duration::from_millis(number)));
                handles.push(executor.spawn(sized::<300>(Guard::new(&tally), wait)));
                handles.push(executor.spawn(sized::<5_000>(Guard::new(&tally), next_frame())));
            }
            executor.poll_once();
        }
        for _ in 0..8 {
            executor.poll_once();
        }
        assert_eq!(executor.live(), 0);
        for handle in handles.drain(..) {
            look(&tally, &handle.take_output().expect("it has ended"));
        }
    });
    assert_eq!((tally.asked.get(), tally.refused.get(), tally.completed.get(), tally.dropped.get()), (81, 40, 41, 81));
    assert!(failed >= 40, "{failed}");
    // With memory there is room again.
    let handle = executor.spawn(sized::<5_000>(Guard::new(&tally), next_frame()));
    executor.poll_once();
    executor.poll_once();
    assert!(matches!(handle.take_output(), Some(Ok(()))));
}

#[test]
fn slots_made_beforehand_are_used_where_the_list_of_sizes_cannot_grow() {
    let tally = Rc::new(Tally::default());
    // As many sizes as the list has room for. Blocks have more slots than are asked for.
    let sizes = [4_000, 6_000, 8_000, 10_000];
    let builder = Executor::builder().capacity(8);
    let executor = sizes.into_iter().fold(builder, |builder, size| builder.slots(size, 1)).build();
    let guards = [(); 5].map(|()| Guard::new(&tally));
    let mut handles = Vec::with_capacity(guards.len());
    let failed = failing(1, true, || {
        for guard in guards {
            handles.push(executor.spawn(sized::<3_000>(guard, pending::<()>())));
        }
    });
    handles.iter().for_each(|handle| _ = handle.take_output().map(|end| look(&tally, &end)));
    assert_eq!((failed, tally.refused.get(), executor.live()), (5, 0, 5));
}

#[cfg(all(unix, not(miri)))]
mod each {
    use super::{play, warm_up};
    use std::{env, os::unix::process::ExitStatusExt, process::Command};

    const FROM: &str = "FRAMESTEP_FAIL_FROM";
    const ALL: &str = "FRAMESTEP_FAIL_ALL";
    const SIGABRT: i32 = 6;

    #[test]
    fn from_where_asked() {
        let Ok(from) = env::var(FROM) else { return };
        let all = env::var_os(ALL).is_some();
        warm_up();
        // Where all fail, nearly each of them ends the process: one in five is tried.
        for nth in (from.parse().expect("a number")..).step_by(if all { 5 } else { 1 }) {
            println!("\n{nth} tried");
            let Some(tally) = play(nth, all) else { break };
            println!("{nth} refused {}", tally.refused.get());
        }
        println!("\nall tried");
    }

    /// Fails each allocation of the scenario in turn: how many ended the process, and how many were refused.
    fn try_each(all: bool) -> (u64, u64) {
        let this = env::current_exe().expect("this program is there");
        let (mut from, mut aborted, mut refused) = (1, 0, 0);
        loop {
            let mut command = Command::new(&this);
            command.args(["each::from_where_asked", "--exact", "--nocapture", "--test-threads=1"]);
            command.env(FROM, from.to_string());
            if all {
                command.env(ALL, "1");
            }
            let output = command.output().expect("it starts");
            let said = String::from_utf8_lossy(&output.stdout);
            let wrong = String::from_utf8_lossy(&output.stderr);
            refused += said.lines().filter(|line| line.contains(" refused ")).count() as u64;
            if said.contains("all tried") {
                assert!(output.status.success(), "{said} {wrong}");
                return (aborted, refused);
            }
            let last = said.lines().rev().find_map(|line| line.strip_suffix(" tried")?.parse::<u64>().ok());
            let last = last.unwrap_or_else(|| panic!("nothing was tried: {said} {wrong}"));
            assert_eq!(output.status.signal(), Some(SIGABRT), "allocation {last}: {said} {wrong}");
            assert!(wrong.contains("memory allocation of"), "allocation {last}: {wrong}");
            assert!(!wrong.contains("panicked"), "allocation {last}: {wrong}");
            aborted += 1;
            from = last + if all { 5 } else { 1 };
        }
    }

    #[test]
    fn whichever_allocation_fails_a_spawn_is_refused_or_the_process_ends() {
        let (aborted, refused) = try_each(false);
        println!("one fails: {aborted} ended the process, {refused} were refused");
        assert!(refused >= 16 && aborted >= 20, "{refused} refused, {aborted} aborted");
    }

    #[test]
    fn so_it_is_for_one_in_five_where_all_that_come_after_fail_too() {
        let (aborted, refused) = try_each(true);
        println!("all fail: {aborted} ended the process, {refused} were refused");
        assert!(aborted >= 20, "{refused} refused, {aborted} aborted");
    }
}
