//! Children that can't outlive the block that started them.

use std::future::poll_fn;
use std::panic::Location;
use std::task::Poll;

use crate::executor::scopes::ScopeKey;
use crate::executor::{JoinHandle, WaitKind, current, spawn_on_scope};

/// Runs `body` with a [`Scope`] to start children in, and ends when the body and those children have.
///
/// - Children [`spawn`](Scope::spawn)ed are waited for.
/// - Children [`branch`](Scope::branch)ed are cancelled when the body ends, in order of creation.
/// - The scope ends when its body and all of them have ended, and been dropped: what they held is free.
/// - Dropping the scope's future cancels all its children, in order of creation.
///
/// Children are scripts of their own: they are polled on their own, and a panic of one doesn't end the
/// scope; its handle tells. They start in the lane of whoever starts them. Starting a child allocates
/// nothing once warm.
///
/// ```
/// use framestep::{Executor, frames, scope};
///
/// let mut executor = Executor::new();
/// let heist = executor.spawn(scope(async |s| {
///     let lookout = s.branch(std::future::pending::<()>());
///     let safe = s.spawn(async { frames(2).await; "diamond" });
///     let loot = safe.await.unwrap();
///     (loot, lookout)
/// }));
/// while !heist.is_finished() {
///     executor.poll_once();
/// }
/// let (loot, lookout) = heist.take_output().unwrap().unwrap();
/// assert!(loot == "diamond" && lookout.is_finished());
/// ```
///
/// # Panics
/// When polled outside of a script.
#[track_caller]
pub fn scope<B, T>(body: B) -> impl Future<Output = T>
where
    B: AsyncFnOnce(Scope) -> T,
{
    let site = Location::caller();
    async move {
        let open = Open(current::with("scope()", |core| Scope { serial: core.serial(), key: core.open_scope() }));
        let scope = open.0;
        let output = body(scope).await;
        scope.with(|core| core.end_scope_body(scope.key));
        poll_fn(|context| {
            let waits = scope.with(|core| {
                let waits = core.await_children(scope.key, context.waker());
                if waits {
                    core.note(WaitKind::Scope, site);
                }
                waits
            });
            if waits == Some(true) { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        output
    }
}

/// Starts children of one [`scope`]. `Copy`: children can start siblings.
#[derive(Copy, Clone, Debug)]
pub struct Scope {
    serial: u32,
    key: ScopeKey,
}

impl Scope {
    /// Starts a child that the scope waits for. After the scope's end it is refused.
    ///
    /// # Panics
    /// Outside of the executor's thread.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.start(future, false)
    }

    /// Starts a child that is cancelled when the scope's body ends. After the body's end it is refused.
    ///
    /// # Panics
    /// Outside of the executor's thread.
    #[track_caller]
    pub fn branch<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.start(future, true)
    }

    #[track_caller]
    fn start<F>(self, future: F, branch: bool) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let site = Location::caller();
        let handle = self.with(|core| spawn_on_scope(core, self.key, branch, future, site));
        handle.expect("a `Scope` starts children on the thread of its executor, and while that lives")
    }

    fn with<R>(self, f: impl FnOnce(&crate::executor::core::Core) -> R) -> Option<R> {
        current::with_serial(self.serial, f)
    }
}

/// An open scope; dropping it cancels its children.
#[derive(Debug)]
struct Open(Scope);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.with(|core| core.close_scope(self.0.key));
    }
}
