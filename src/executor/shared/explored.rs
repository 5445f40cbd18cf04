//! Loom's types, and what runs a test in all interleavings.
//!
//! The rule: a test names what can come of a race, and fails also if one of those never does. So what is said to be
//! tried out is.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex as PlainMutex, OnceLock as PlainOnceLock, PoisonError};
use std::thread::current;

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32};
pub(crate) use loom::sync::{Mutex, MutexGuard};

/// As std's, which loom lacks: what is behind it is seen by those who see that it is there.
pub(crate) struct OnceLock<T>(PlainOnceLock<(AtomicBool, T)>);

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        OnceLock(PlainOnceLock::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        let (is_there, value) = self.0.get()?;
        is_there.load(Ordering::Acquire).then_some(value)
    }

    pub(crate) fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let (is_there, value) = self.0.get_or_init(|| (AtomicBool::new(false), init()));
        is_there.store(true, Ordering::Release);
        value
    }
}

/// A static that several threads touch: made anew for each interleaving.
macro_rules! shared_static {
    ($(#[$doc:meta])* static $name:ident: $of:ty = $value:expr;) => {
        loom::lazy_static! {
            $(#[$doc])*
            static ref $name: $of = $value;
        }
    };
}
pub(crate) use shared_static;

/// Runs `race` in every interleaving, or in those with as many preemptions as `LOOM_MAX_PREEMPTIONS` says; it says
/// what came of it. Each of `expected` must come, and nothing else.
///
/// With `--show-output` the test says how many interleavings there were, and what came of them.
#[track_caller]
pub(crate) fn explore(expected: &[&'static str], race: impl Fn() -> &'static str + Send + Sync + 'static) {
    let outcomes: Arc<PlainMutex<BTreeMap<&'static str, u64>>> = Arc::default();
    let counted = outcomes.clone();
    loom::model(move || {
        let outcome = race();
        *counted.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    });
    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    let all: u64 = outcomes.values().sum();
    println!("{all} interleavings of {}: {outcomes:?}", current().name().unwrap_or_default());
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(outcomes.keys().copied().collect::<Vec<_>>(), expected, "what comes of the race");
}
