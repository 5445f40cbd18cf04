//! Async game scripts, stepped one frame at a time.
//!
//! A script is a plain `async` function. The game calls [`poll_once`](Executor::poll_once) once a frame:
//! every script that is due is resumed, in a fixed order, and control comes back. Nothing blocks, once
//! warm nothing allocates, and the same inputs give the same frames on every run.
//!
//! ```
//! use framestep::{Executor, frames};
//!
//! let mut executor = Executor::new();
//! let door = executor.spawn(async { frames(3).await; "open" });
//! while !door.is_finished() {
//!     executor.poll_once();                        // one frame; returns a FrameReport, never blocks
//! }
//! assert!(matches!(door.take_output(), Some(Ok("open"))));
//! ```
//!
#![cfg_attr(
    feature = "bevy_ecs",
    doc = "With `bevy_ecs` a script lives on an entity and dies with it; see [`Script`]. The [guide] shows what it can say."
)]
//!
//! # What a script can await
//!
//! | await | resumes | when it is dropped |
//! |---|---|---|
//! | [`next_frame`], [`frames`] | that many steps of its lane later | takes the wait back |
//! | [`sleep`], [`sleep_until`], [`interval`] | in the first step in which its clock has come that far | disarms |
//! | [`yield_now`] | in this step, behind all that is ready | – |
//! | [`resume_in`] | in the next step of another [`Lane`] | stays in its lane |
//! | a [`JoinHandle`] | in the step in which that script has ended | detaches the script, if the handle goes too |
//! | [`join`], [`race`], [`timeout`], [`until`](Until::until) ... | with the futures inside | drops them |
//! | [`scope`] | when its body and its children have ended | cancels the children |
//! | [`Signal::wait`] | in the step in which it is raised, or the next | takes the wait back |
//! | [`Inlet::next`] | in the step that takes in a value from another thread | takes the wait back, and loses no value |
//! | any other future | when it wakes the script, from whatever thread | – |
//!
#![cfg_attr(
    feature = "bevy_ecs",
    doc = "With `bevy_ecs`:

| await | resumes | when it is dropped |
|---|---|---|
| [`me.until`](EntityAccess::until), [`changed`](EntityAccess::changed), [`despawned`](EntityAccess::despawned), [`until_resource`](Me::until_resource), [`until_world`](Me::until_world) | in the step whose check (5) finds that it holds | drops the condition |
| [`me.message`](Me::message), [`Listener::next`] of messages | in the step whose check (5) finds one | takes the wait back |
| [`me.on`](EntityAccess::on), [`on_event`](Me::on_event), [`added`](EntityAccess::added), [`removed`](EntityAccess::removed) | when the event is triggered: in this step, or from elsewhere in the next | takes the wait back |
| [`me.finished`](Me::finished) | in the step in which that script has ended | takes the wait back |
| `tween` (with `bevy_curve`) | in each step of its lane in which its clock has moved | stops where it is |
| `me.entered`, `me.left` (with `bevy_state`), `me.loaded` (with `bevy_asset`) | in the step whose check (5) finds it so | takes the wait back |
"
)]
//!
//! # One frame, in order
//!
//! [`Executor::poll_once`] does this, and the source reads in this order, with these numbers:
//!
//! 1. **Advance** the frame count and the clocks.
//! 2. **Collect** what came from outside, in one order of arrival: wakes from other threads, what an
//!    [`Injector`] was handed, values for [`Inlet`]s. (Wakes on the executor's own thread between frames went
//!    straight to the ready queue, in call order.) Nothing is ever lost.
//! 3. **Fire** the timers that are due: by clock (in order of creation), deadline, order of arming.
//! 4. **Release** the scripts that wait for the next frame, in the order in which they began to wait.
//! 5. **Check** the waits that outer layers brought, in order of arming, without resuming any script
//!    whose wait isn't over.
//! 6. **Run** the ready queue to its end, first in, first out. A script that is woken or spawned while
//!    this runs goes to the back of the same queue: a chain of wakes costs no frames, nor does a nested
//!    await. Past a number of polls ([`Builder::script_polls`]) a script is put off to the next frame
//!    and named in [`Executor::incidents`]; a cap on the whole frame ([`Builder::frame_polls`]) holds
//!    always. What is put off runs first next frame.
//! 7. **Reclaim** the slots of scripts that ended. A finished or cancelled script was never polled again,
//!    and its future was dropped as soon as the poll then running had returned, before the next; what
//!    waits for this step is the memory, which is reused only from here on.
//! 8. **Report** what happened, in counts: [`FrameReport`].
//!
//! `frames(n)` awaited in frame f resumes in frame f + n; `frames(0)` doesn't wait. A wait that is over
//! already doesn't yield.
//!
//! **Lanes.** Where a frame has several points at which scripts should run, each is a [`Lane`]. A script
//! is polled in its own lane only; `next_frame` means that lane's next step, and `sleep` follows its clock, or
//! that of the script where it has [one of its own](set_task_clock).
//! A lane's step is steps 2 to 8 for that lane; the main lane's step also advances the frame. Chains of
//! wakes are free within a lane.
//!
//! # What is promised, and what isn't
//!
//! The same source, seed and inputs resume the same scripts in the same order and draw the same random
//! numbers, in debug and release and on every target. What the game does outside is its own: the order of
//! systems that Bevy may choose, iteration over hash maps, wall clocks, and platform maths.
//!
//! **Panics.** A panic ends the script that it happens in: its handle gets the payload, the frame's
//! report counts it, and all others go on. This takes unwinding: where a target or a profile aborts on
//! panic (`wasm32-unknown-unknown`, `panic = "abort"`), a panic ends the game, as it does anywhere.
//!
//! Two panics in one unwind abort the process, as Rust has it: that of a poll and that of a destructor of what its block
//! holds at that point; those of two fields of one future or output; and one out of what a destructor calls in an unwind,
//! as the drop of a handle with its output, or of a future whose spawn is refused. The executor brings none of these about:
//! it drops a future, an output and a payload apart from each other and from the poll, and a script that is cancelled in an
//! unwind, or an executor that is dropped in one, lets no panic out.
//!
//! **Scripts that misbehave.** One that wakes itself or spawns for ever is put off to the next frame past its budget of polls (6)
//! and named. One that never returns from a poll can't be taken off the stack, and the game stands still; a
//! [watchdog](Builder::watchdog) names it, by spawn site and by the wait that it went on from.
#![cfg_attr(
    feature = "bevy_app",
    doc = "In debug builds [`FramestepPlugin`](struct@FramestepPlugin) brings one along."
)]
//! Whatever is leaked (waits, scopes, futures halfway) costs its own memory and no more; but a handle that is leaked, alone or
//! within a future, costs its script's output and the memory of its executor, whose scripts end all the same.
#![cfg_attr(
    feature = "bevy_ecs",
    doc = "What a script may do to the executor and the world that run it stands in the guide: [`guide::reentrancy`]."
)]
//!
//! **Threads.** An [`Executor`] and its scripts stay on one thread and need no `Send`. A `Waker` goes
//! anywhere: it is a name, not a reference, so it may outlive its script, its executor and its thread.
//! Cloning it copies a word, dropping it does nothing.
//!
//! **Limits.** At most 1,024 executors at a time in a process, each with 32 lanes
//! and four million scripts of up to 256 bytes (of larger ones fewer: 16,384 of 64 KiB). On 32-bit targets a waker has one
//! 32-bit word for the script's name: 8 executors at a time, each with 262,144 scripts at once and at most 2^32 spawns in
//! all. As each starts above the names of the one before, a process can make 131,064 executors at most, and fewer where they
//! use slots again; then [`Builder::build`] panics.
//!
//! Slots are made in blocks of about 64 KiB. A spawn that needs another and finds no memory for it is refused
//! ([`SpawnLimit::Memory`]), and all else goes on. What grows otherwise (queues, timers, waits with other wakers, what some
//! scripts have beside their slots) aborts without memory, as Rust's collections do: [`Builder::capacity`] makes its room
//! beforehand, and [`Builder::slots`] that of futures.
//!
//! # Unsafe code
//!
//! It is denied here and opened for these files, each with its invariants numbered at its top:
//! `executor/task.rs` (a future in its slot), `executor/storage.rs` (the memory of slots),
//! `executor/waker.rs` (wakers made from parts), `executor/current.rs` (the executor that runs the script),
//! `executor/queue.rs` (lists that are pushed to without a borrow).
#![cfg_attr(
    feature = "bevy_ecs",
    doc = "The guide says [why this is sound](guide::soundness): the states of a task, what rules each hazard out, and what has run."
)]

/// The examples of the read-me are compiled and run with the tests.
#[cfg(all(doctest, feature = "bevy_ecs", feature = "replay"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "bevy_ecs")]
mod ecs;
mod executor;
#[cfg(feature = "bevy_ecs")]
pub mod guide;
#[cfg(feature = "replay")]
pub mod replay;
mod sync;
#[cfg(feature = "replay")]
pub mod testing;
mod time;

#[cfg(feature = "bevy_ecs")]
pub use ecs::*;
pub use executor::*;
pub use sync::*;
pub use time::*;
