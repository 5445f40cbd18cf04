//! Values from other threads.
//!
//! The thread here sends before a frame that the test chooses: the game that is verified has a slower one.

use framestep::replay::{Detail, ScriptGame, Setup, Verify, inlet_of, record};
use framestep::{Executor, random};

use super::{FRAMES, blamed_script, verified};
use crate::words::on_thread;

/// A thread sends a number before a frame, and a script throws the dice as often. What the number comes through is made
/// by the closure: how it is sent, and how it is waited for.
fn dice<S, L>(setup: &Setup, before: u64, line: impl FnOnce(&Executor) -> (S, L)) -> ScriptGame<()>
where
    S: Fn(u64) + Send + Sync + 'static,
    L: Future<Output = u64> + 'static,
{
    let executor = setup.builder().build();
    let (send, number) = line(&executor);
    let throw = async move {
        for _throw in 0..number.await {
            random();
        }
    };
    executor.spawn(throw).named("dice");
    ScriptGame::new(executor, move |executor, (), step| {
        if executor.frame() + 1 == before {
            on_thread(|| send(3));
        }
        executor.poll_once_with(step);
    })
}

fn by_channel(setup: &Setup, before: u64) -> ScriptGame<()> {
    dice(setup, before, |_| {
        let (sender, receiver) = async_channel::unbounded();
        let send = move |number| sender.try_send(number).expect("there is room");
        (send, async move { receiver.recv().await.expect("it is sent") })
    })
}

fn by_plain_inlet(setup: &Setup, before: u64) -> ScriptGame<()> {
    dice(setup, before, |executor| {
        let (sender, mut inlet) = executor.inlet();
        let send = move |number| sender.send(number).expect("it is open");
        (send, async move { inlet.next().await.expect("it is sent") })
    })
}

fn by_recorded_inlet(setup: &Setup, before: u64) -> ScriptGame<()> {
    dice(setup, before, |executor| {
        let (sender, mut inlet) = inlet_of(executor, "throws");
        // A slower thread finds that nobody waits any more: the script had the recorded number in the recorded frame.
        let send = move |number| _ = sender.send(number);
        (send, async move { inlet.next().await.expect("it is sent") })
    })
}

#[test]
fn a_channel_is_found_and_a_recorded_inlet_passes() {
    let found = verified(|setup| by_channel(setup, 10), |setup| by_channel(setup, 12));
    let found = found.expect_err("nothing is in the channel yet");
    assert_eq!(blamed_script(&found), (10, "dice"));

    verified(|setup| by_recorded_inlet(setup, 10), |setup| by_recorded_inlet(setup, 12))
        .expect("the number comes in the recorded frame");
}

#[test]
fn an_inlet_that_isnt_recorded_is_refused_with_its_place() {
    let game = |setup: &Setup| by_plain_inlet(setup, 10);
    let recording = record(&Setup::new(7), Detail::Full, [(); FRAMES], game).expect("it can be recorded");
    let refused = Verify::new(recording).run(game).expect_err("the number isn't in the recording").to_string();
    assert!(refused.contains("threads.rs:") && refused.contains("taken in by frame 10"), "{refused}");
    assert!(refused.contains("through an inlet made by `replay::inlet`"), "{refused}");
}
