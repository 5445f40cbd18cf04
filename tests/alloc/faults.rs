//! A fault leaves no memory behind, in whichever poll of whichever script it is.

#[path = "../it/faults/cast.rs"]
mod cast;

use super::{held, numbers};

#[test]
#[cfg_attr(miri, ignore = "as many executors as it has no time for; it looks for leaks anyway")]
fn a_panic_or_a_cancel_leaves_no_bytes_behind() {
    numbers::make_room();
    let whole = cast::play(None);
    let plans = cast::plans(&whole);
    assert!(plans.len() > 280, "{}", plans.len());
    for plan in plans {
        let bytes = held(|| {
            let story = cast::play(Some(plan));
            assert!(story.scripts.borrow().iter().all(|script| script.drops == 1));
        });
        assert_eq!(bytes, 0, "{plan:?}");
    }
}
