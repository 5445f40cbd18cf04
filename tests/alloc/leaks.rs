//! What is leaked costs its own memory, once.
//!
//! Rule: as in `alloc`. Handles, waits, scopes and wakers are leaked at first; from then on steps are as free as ever.

use std::mem::forget;

use super::*;

/// A script that polls a wait once, and forgets it.
async fn forgets(wait: impl Future) {
    let mut wait = Box::pin(wait);
    poll_fn(|context| {
        assert!(wait.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    forget(wait);
}

#[test]
#[cfg_attr(miri, ignore = "it leaks on purpose")]
fn what_is_leaked_makes_no_step_any_dearer() {
    let mut executor = Executor::new();
    let signal = Signal::new();
    for _ in 0..20 {
        forget(executor.spawn(async { [0_u8; 100] }));
        for pending in [true, false] {
            let signal = signal.clone();
            drop(executor.spawn(async move {
                if pending {
                    forgets(scope(async |scope| {
                        drop(scope.spawn(frames(50)));
                        std::future::pending::<()>().await;
                    }))
                    .await;
                } else {
                    forgets(join(signal.wait(), join(frames(u64::MAX), sleep(Duration::from_secs(1_000_000))))).await;
                }
                poll_fn(|context| {
                    forget(context.waker().clone());
                    Poll::Ready(())
                })
                .await;
            }));
        }
    }
    let live_on = |executor: &mut Executor, frames: u64| {
        for _ in 0..frames {
            drop(executor.spawn(async {
                spawn(next_frame()).await.expect("it ends well");
                sleep(us(1)).await;
            }));
            assert_eq!(executor.poll_once().panicked, 0);
        }
    };
    live_on(&mut executor, WARM_UP);
    signal.raise();
    assert_eq!(allocations(|| live_on(&mut executor, FRAMES)), 0);
}
