//! Counts allocations: a warm executor makes none.
//!
//! Rule: the counter is the thread's own, so that neither other tests nor the test harness are
//! counted. This is a binary of its own because it replaces the global allocator.

#![allow(unsafe_code, reason = "a global allocator is an unsafe trait")]

#[cfg(feature = "bevy_ecs")]
#[path = "alloc/ecs.rs"]
mod ecs;
#[path = "alloc/faults.rs"]
mod faults;
#[path = "alloc/leaks.rs"]
mod leaks;
#[path = "alloc/numbers.rs"]
mod numbers;
#[path = "alloc/soak.rs"]
mod soak;

use framestep::{
    Clock, Executor, JoinHandle, Signal, frames, interval, join, join3, next_frame, race, scope, set_task_clock, sleep,
    spawn, timeout, yield_now,
};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn},
    rc::Rc,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

/// The system's allocator, counting.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes that were allocated, less those that were freed.
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    HELD.set(HELD.get() + bytes as i64);
}

fn uncount(bytes: usize) {
    HELD.set(HELD.get() - bytes as i64);
}

// SAFETY: every call goes to the system's allocator with the arguments that it was made with, so
// its contract is kept as far as callers keep theirs. Counting touches a `const` thread-local
// without a destructor, which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's layout is passed on as it is.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        uncount(layout.size());
        count(size);
        // SAFETY: the block came from `System`, since all blocks do; layout and size are the caller's.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        uncount(layout.size());
        // SAFETY: as for `realloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// How many allocations this thread makes meanwhile.
fn allocations(act: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    act();
    ALLOCATIONS.get() - before
}

/// How many bytes more this thread holds after it than before.
fn held(act: impl FnOnce()) -> i64 {
    let before = HELD.get();
    act();
    HELD.get() - before
}

/// So many microseconds.
const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

/// Frames of the test proper, and before it.
const FRAMES: u64 = if cfg!(miri) { 40 } else { 10_000 };
const WARM_UP: u64 = if cfg!(miri) { 100 } else { 1_000 };

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(5)))), 1);
    assert_eq!(held(|| drop(std::hint::black_box(Box::new(5)))), 0);
    let mut kept = Vec::new();
    assert_eq!(held(|| kept = Vec::<u8>::with_capacity(100)), 100);
    assert_eq!(held(|| kept.reserve_exact(200)), 100);
    assert_eq!(held(|| drop(std::mem::take(&mut kept))), -200);
}

/// A future that is parked until somebody wakes it; it keeps its waker in the cell.
fn parked(waker: Rc<RefCell<Waker>>) -> impl Future<Output = ()> {
    let mut polled = false;
    poll_fn(move |cx| {
        waker.borrow_mut().clone_from(cx.waker());
        if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// What every frame brings: short-lived scripts of many kinds, started by a script.
async fn busy(signal: Signal, clock: Clock) {
    for frame in 0.. {
        // Joined at once, and later; detached.
        let later = spawn(async move {
            frames(1 + frame % 3).await;
            frame
        });
        assert!(matches!(spawn(async { 7 }).await, Ok(7)));
        drop(spawn(sleep(us(1 + frame * 7_919 % 100_000))));
        drop(spawn(async move {
            clock.sleep(us(frame * 104_729 % 50_000)).await;
            [frame; 32]
        }));
        // Cancelled while it sleeps, while it waits for a frame, and before its first poll.
        for frames_first in [0, 1] {
            let cancelled = spawn(async move {
                frames(frames_first).await;
                join(sleep(us(30_000)), frames(5)).await;
                pending::<[u64; 16]>().await
            });
            drop(spawn(async move {
                frames(frame % 2).await;
                cancelled.cancel();
                assert!(cancelled.await.is_err());
            }));
        }
        // Races, joins, timeouts.
        let _won = race(join(yield_now(), frames(2)), sleep(us(20_000))).await;
        let _ = timeout(us(5_000), pending::<()>()).await;
        let (_, waited, _) = join3(next_frame(), later, yield_now()).await;
        assert!(matches!(waited, Ok(number) if number == frame));
        // A scope with children of both kinds.
        scope(async |s| {
            drop(s.branch(pending::<()>()));
            let child = s.spawn(next_frame());
            drop(s.spawn(frames(2)));
            let _ = child.await;
        })
        .await;
        signal.raise();
    }
}

/// Spawns what lives as long as the executor.
fn inhabit(executor: &Executor, signal: &Signal) {
    let clock = executor.add_clock(executor.main_lane(), "scaled");
    clock.set_scale(2, 3);
    for _ in 0..10 {
        drop(executor.spawn(busy(signal.clone(), clock)));
    }
    for number in 0..20 {
        let signal = signal.clone();
        drop(executor.spawn(async move {
            loop {
                let _ = race(signal.wait(), frames(3 + number)).await;
                next_frame().await;
            }
        }));
        drop(executor.spawn(async move {
            let mut beat = interval(us(10_000 + number));
            loop {
                beat.next().await;
            }
        }));
    }
}

#[test]
fn a_warm_executor_allocates_nothing_in_ten_thousand_frames() {
    let mut executor = Executor::with_capacity(1_000);
    let signal = Signal::new();
    inhabit(&executor, &signal);
    let waker = Rc::new(RefCell::new(Waker::noop().clone()));

    // A thread that wakes a script in the middle of each frame's pause.
    let (outside, done) = (Arc::new(Mutex::new(Waker::noop().clone())), Arc::new(AtomicBool::new(false)));
    let barrier = Arc::new(Barrier::new(2));
    let (its_waker, its_end, its_barrier) = (outside.clone(), done.clone(), barrier.clone());
    let thread = thread::spawn(move || {
        loop {
            its_barrier.wait();
            if its_end.load(Ordering::Relaxed) {
                break;
            }
            its_waker.lock().expect("nobody panics").wake_by_ref();
            its_barrier.wait();
        }
    });

    let mut polled = 0;
    let mut cancelled = 0;
    let mut run = |frames: u64| {
        for _ in 0..frames {
            // From outside: a spawn, a wake, a cancel.
            drop(executor.spawn(parked(waker.clone())));
            let woken: Rc<RefCell<Waker>> = waker.clone();
            let handle: JoinHandle<()> = executor.spawn(pending());
            let report = executor.poll_once();
            polled += report.polled;
            cancelled += report.cancelled;
            woken.borrow().wake_by_ref();
            handle.cancel();
            outside.lock().expect("nobody panics").clone_from(&woken.borrow());
            barrier.wait();
            barrier.wait();
        }
    };
    // The cell that scripts share is made once a frame; its own allocation isn't the executor's.
    run(WARM_UP);
    let made = allocations(|| run(FRAMES));
    done.store(true, Ordering::Relaxed);
    barrier.wait();
    thread.join().expect("it ends");
    assert_eq!(made, 0);
    assert!(polled > FRAMES * 20 && cancelled > FRAMES, "{polled} polls and {cancelled} cancels");
}

#[test]
fn with_slots_made_beforehand_the_first_frame_allocates_nothing() {
    let mut executor = Executor::builder().capacity(128).slots(128, 128).slots(640, 8).build();
    let made = allocations(|| {
        for _ in 0..20 {
            drop(executor.spawn(sleep(us(5))));
            drop(executor.spawn(next_frame()));
            drop(executor.spawn(async { spawn(frames(2)).await.is_ok() }));
        }
        for _ in 0..4 {
            drop(executor.spawn(async {
                let large = [1u8; 300];
                next_frame().await;
                large
            }));
        }
        for _ in 0..4 {
            executor.poll_once();
        }
    });
    assert_eq!((made, executor.live()), (0, 0));
}

#[test]
fn holds_and_clocks_of_ones_own_allocate_nothing_once_warm() {
    let mut executor = Executor::new();
    let driven = executor.add_driven_clock(executor.main_lane(), "driven");
    let roots: Vec<JoinHandle<()>> = (0..20)
        .map(|number| {
            executor.spawn(async move {
                set_task_clock(driven);
                loop {
                    // What it spawns outlives it now and then, and spawns in its turn.
                    drop(spawn(async move {
                        sleep(us(number)).await;
                        drop(spawn(frames(number)));
                        join(next_frame(), frames(2)).await;
                    }));
                    let _ = race(next_frame(), sleep(us(5))).await;
                }
            })
        })
        .collect();
    let mut frame = 0;
    let mut run = |frames: u64| {
        let mut polled = 0;
        for _ in 0..frames {
            driven.advance(us(3));
            roots[frame % 20].hold();
            roots[(frame * 7 + 3) % 20].unhold();
            roots[(frame + 10) % 20].unhold();
            polled += executor.poll_once().polled;
            frame += 1;
        }
        polled
    };
    run(WARM_UP);
    let mut polled = 0;
    assert_eq!(allocations(|| polled = run(FRAMES / 10)), 0);
    assert!(polled > FRAMES, "{polled} polls");
}

#[test]
fn a_waker_costs_nothing_to_clone_and_drop() {
    let mut executor = Executor::new();
    let cell = Rc::new(RefCell::new(Waker::noop().clone()));
    let its_cell = cell.clone();
    drop(executor.spawn(async move {
        loop {
            parked(its_cell.clone()).await;
        }
    }));
    for _ in 0..4 {
        executor.poll_once();
        cell.borrow().wake_by_ref();
    }
    executor.poll_once();
    let waker = cell.borrow().clone();
    let made = allocations(|| {
        for _ in 0..100 {
            let clone = waker.clone();
            clone.wake_by_ref();
            drop(clone);
        }
    });
    assert_eq!(made, 0);
}

#[cfg(feature = "bevy_ecs")]
#[test]
fn scripts_on_entities_allocate_nothing_once_warm() {
    use bevy_ecs::prelude::*;
    use framestep::{Me, Script, step_scripts};

    #[derive(Component)]
    struct Place(u64);

    let mut world = World::new();
    for start in 0..100 {
        let walk = async move |me: Me| {
            loop {
                me.with(|mut place: Mut<Place>| place.0 += 1)?;
                match start % 3 {
                    0 => next_frame().await,
                    1 => sleep(us(20_000 + start)).await,
                    // A new condition each time, which holds in a step after.
                    _ => {
                        let mut asked = 0;
                        let holds_when_asked_again = move |_: &World| {
                            asked += 1;
                            asked > 1
                        };
                        me.until_world(holds_when_asked_again).await;
                    }
                }
            }
        };
        world.spawn((Place(start), Script::new(walk)));
    }
    let mut schedule = Schedule::default();
    schedule.add_systems(step_scripts);
    let mut run = |frames: u64| (0..frames).for_each(|_| schedule.run(&mut world));
    run(WARM_UP);
    assert_eq!(allocations(|| run(FRAMES / 10)), 0);
    assert!(world.query::<&Place>().iter(&world).all(|place| place.0 > FRAMES / 30));
}

#[cfg(feature = "bevy_curve")]
#[test]
fn tweens_allocate_nothing_once_warm() {
    use framestep::tween;

    let mut executor = Executor::new();
    let sum = Rc::new(Cell::new(0.0));
    for start in 0..100 {
        let sum = sum.clone();
        drop(executor.spawn(async move {
            loop {
                let add = |t: f32| {
                    sum.set(sum.get() + t);
                    Ok::<(), ()>(())
                };
                tween(us(50_000 + start), bevy_curve::EaseFunction::CubicInOut, add).await.expect("it can't fail");
            }
        }));
    }
    let mut run = |frames: u32| {
        for _ in 0..frames {
            executor.poll_once();
        }
    };
    run(50);
    assert_eq!(allocations(|| run(50)), 0);
    assert!(sum.get() > 1000.0, "{}", sum.get());
}

#[cfg(feature = "bevy_ecs")]
#[test]
fn groups_that_are_paused_and_resumed_allocate_nothing_once_warm() {
    use bevy_ecs::entity_disabling::Disabled;
    use bevy_ecs::prelude::*;
    use framestep::{Me, Script, ScriptClock, ScriptOf, ScriptRegistry, step_scripts};

    #[derive(Component)]
    struct Steps(u64);

    let mut world = World::new();
    let walk = || {
        Script::new(async |me: Me| {
            loop {
                me.with(|mut steps: Mut<Steps>| steps.0 += 1)?;
                race(next_frame(), sleep(us(50_000))).await;
            }
        })
    };
    let goblins: Vec<Entity> = (0..100).map(|_| world.spawn((Steps(0), ScriptClock("enemies"), walk())).id()).collect();
    for goblin in &goblins {
        world.spawn((walk(), ScriptOf(*goblin)));
    }
    // Removing a component allocates, but that is Bevy's.
    let mut run = |frames: u64| {
        let mut allocated = 0;
        for frame in 0..frames {
            match frame % 4 {
                0 => allocated += allocations(|| world.resource::<ScriptRegistry>().pause("enemies")),
                1 => allocated += allocations(|| world.resource::<ScriptRegistry>().resume("enemies")),
                2 => _ = world.entity_mut(goblins[frame as usize % 100]).insert(Disabled),
                _ => _ = world.entity_mut(goblins[(frame - 1) as usize % 100]).remove::<Disabled>(),
            }
            allocated += allocations(|| step_scripts(&mut world));
        }
        allocated
    };
    run(WARM_UP);
    assert_eq!(run(FRAMES / 10), 0);
    let (fewest, most) = (FRAMES / 10, 2 * (WARM_UP + FRAMES / 10));
    assert!(world.query::<&Steps>().iter(&world).all(|steps| (fewest..most).contains(&steps.0)));
}
