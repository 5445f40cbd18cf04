//! Combinators: join, race and scope, beside those of `futures`, `futures-lite`, `embassy-futures` and `tokio`.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use futures::FutureExt;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::task::JoinSet;

use super::Scale;
use crate::harness::{Contender, Round, contest};
use crate::report::Table;
use crate::rivals::Rival;
use crate::rivals::async_executor::AsyncExecutor;
use crate::rivals::embassy::Embassy;
use crate::rivals::framestep::Framestep;
use crate::rivals::local_pool::LocalPool;
use crate::rivals::tokio::{Tokio, TokioTimed};
use crate::script::{bump, counter};

pub const NAME: &str = "combinators";

/// The macros of `futures` in scripts of ours.
const FUTURES_ON_OURS: &str = "futures on framestep";
const SCRIPTS: usize = 1_000;
const SECOND: Duration = Duration::from_secs(1);

pub fn run(scale: &Scale) -> Table {
    let about = "1,000 scripts, each in a loop of one use: *join* of three waits for the next frame; *race* of one such\n\
                 wait and two that never end; *race a sleep*: of one such wait and a sleep of a second; *scope*: two\n\
                 children are started that wait for a frame each, and awaited. Each rival has its crate's own forms, on\n\
                 its own executor: embassy those of `embassy-futures`, async-executor those of `futures-lite`; for scopes\n\
                 async-executor awaits two tasks, futures a `FuturesUnordered` within the task, tokio a `JoinSet`. All\n\
                 resumes are included. Nanoseconds a use.";
    let mut table = Table::new(NAME, "ns", about);
    let frames = scale.frames(100, 1);
    let rounds = scale.rounds(SCRIPTS);
    for (kind, contenders) in
        [("join", join(frames)), ("race", race(frames)), ("race a sleep", race_sleep(frames)), ("scope", scope(frames))]
    {
        let figures = contest(1, rounds, contenders);
        figures.into_iter().for_each(|cells| table.push(kind, SCRIPTS, cells));
    }
    table
}

fn join<'a>(frames: usize) -> Vec<Contender<'a>> {
    vec![
        contender(Framestep::NAME, Framestep::new(SCRIPTS), frames, async || {
            framestep::join3(framestep::next_frame(), framestep::next_frame(), framestep::next_frame()).await;
        }),
        contender(FUTURES_ON_OURS, Framestep::new(SCRIPTS), frames, async || {
            futures::join!(framestep::next_frame(), framestep::next_frame(), framestep::next_frame());
        }),
        contender(Embassy::NAME, Embassy::new(SCRIPTS), frames, async || {
            embassy_futures::join::join3(Embassy::next_frame(), Embassy::next_frame(), Embassy::next_frame()).await;
        }),
        contender(AsyncExecutor::NAME, AsyncExecutor::new(SCRIPTS), frames, async || {
            let two = futures_lite::future::zip(AsyncExecutor::next_frame(), AsyncExecutor::next_frame());
            futures_lite::future::zip(two, AsyncExecutor::next_frame()).await;
        }),
        contender(LocalPool::NAME, LocalPool::new(SCRIPTS), frames, async || {
            futures::join!(LocalPool::next_frame(), LocalPool::next_frame(), LocalPool::next_frame());
        }),
        contender(Tokio::NAME, Tokio::new(SCRIPTS), frames, async || {
            tokio::join!(Tokio::next_frame(), Tokio::next_frame(), Tokio::next_frame());
        }),
    ]
}

/// `select_biased!` of `futures`, on any executor.
async fn select_of_futures(next_frame: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut next_frame, mut other, mut third) =
        (pin!(next_frame.fuse()), pin!(other.fuse()), pin!(pending::<()>().fuse()));
    futures::select_biased! {
        () = next_frame => (),
        () = other => unreachable!("it never ends"),
        () = third => unreachable!("it never ends"),
    }
}

fn race<'a>(frames: usize) -> Vec<Contender<'a>> {
    vec![
        contender(Framestep::NAME, Framestep::new(SCRIPTS), frames, async || {
            framestep::race3(framestep::next_frame(), pending::<()>(), pending::<()>()).await;
        }),
        contender(FUTURES_ON_OURS, Framestep::new(SCRIPTS), frames, async || {
            select_of_futures(framestep::next_frame(), pending()).await;
        }),
        contender(Embassy::NAME, Embassy::new(SCRIPTS), frames, async || {
            embassy_futures::select::select3(Embassy::next_frame(), pending::<()>(), pending::<()>()).await;
        }),
        contender(AsyncExecutor::NAME, AsyncExecutor::new(SCRIPTS), frames, async || {
            let two = futures_lite::future::or(AsyncExecutor::next_frame(), pending::<()>());
            futures_lite::future::or(two, pending::<()>()).await;
        }),
        contender(LocalPool::NAME, LocalPool::new(SCRIPTS), frames, async || {
            select_of_futures(LocalPool::next_frame(), pending()).await;
        }),
        contender(Tokio::NAME, Tokio::new(SCRIPTS), frames, async || {
            tokio::select! {
                biased;
                () = Tokio::next_frame() => (),
                () = pending() => unreachable!("it never ends"),
                () = pending() => unreachable!("it never ends"),
            }
        }),
    ]
}

fn race_sleep<'a>(frames: usize) -> Vec<Contender<'a>> {
    vec![
        contender(Framestep::NAME, Framestep::new(SCRIPTS), frames, async || {
            framestep::race(framestep::next_frame(), framestep::sleep(SECOND)).await;
        }),
        contender(FUTURES_ON_OURS, Framestep::new(SCRIPTS), frames, async || {
            select_of_futures(framestep::next_frame(), framestep::sleep(SECOND)).await;
        }),
        contender(TokioTimed::NAME, TokioTimed::new(SCRIPTS), frames, async || {
            tokio::select! {
                biased;
                () = TokioTimed::next_frame() => (),
                () = tokio::time::sleep(SECOND) => unreachable!("frames are shorter"),
            }
        }),
    ]
}

fn scope<'a>(frames: usize) -> Vec<Contender<'a>> {
    let smol = AsyncExecutor::new(SCRIPTS);
    let executor = smol.executor;
    vec![
        contender(Framestep::NAME, Framestep::new(3 * SCRIPTS), frames, async || {
            framestep::scope(async |scope| {
                drop(scope.spawn(framestep::next_frame()));
                drop(scope.spawn(framestep::next_frame()));
            })
            .await;
        }),
        contender(AsyncExecutor::NAME, smol, frames, async move || {
            let one = executor.spawn(AsyncExecutor::next_frame());
            let two = executor.spawn(AsyncExecutor::next_frame());
            one.await;
            two.await;
        }),
        contender(LocalPool::NAME, LocalPool::new(SCRIPTS), frames, async || {
            let mut children = FuturesUnordered::new();
            children.push(LocalPool::next_frame());
            children.push(LocalPool::next_frame());
            while children.next().await.is_some() {}
        }),
        contender(Tokio::NAME, Tokio::new(SCRIPTS), frames, async || {
            let mut children = JoinSet::new();
            children.spawn_local(Tokio::next_frame());
            children.spawn_local(Tokio::next_frame());
            while children.join_next().await.is_some() {}
        }),
    ]
}

/// Scripts that do nothing but `once`, over and over. A frame is over when it was done as often as there are
/// scripts.
fn contender<'a, R: Rival>(
    name: &'static str,
    mut rival: R,
    frames: usize,
    once: impl AsyncFn() + Clone + 'static,
) -> Contender<'a> {
    let uses = counter();
    for _ in 0..SCRIPTS {
        let once = once.clone();
        rival.spawn(async move {
            loop {
                once().await;
                bump(uses);
            }
        });
    }
    // The first frame only begins.
    rival.frame(|| true);
    Contender::new(name, move |round: &mut Round| {
        round.measure_counted(|| {
            let before = uses.get();
            for _ in 0..frames {
                let all = uses.get() + SCRIPTS as u64;
                rival.frame(move || uses.get() >= all);
            }
            // Some go a bit beyond what is asked for.
            (uses.get() - before) as usize
        });
    })
}
