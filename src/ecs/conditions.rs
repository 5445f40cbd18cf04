//! The conditions that scripts wait for: kept by type, looked at in order of arming.
//!
//! The rule: a condition is looked at in the steps of the lane that its wait was armed in, in order of
//! arming, until it holds or its wait is dropped, which drops it at once. No user code runs while anything
//! but the conditions of its own type is borrowed.
//!
//! How: all conditions of one type lie in one column, in rows that are used again, so that a wait
//! allocates nothing once as many of its type have been waited for, and those that were armed in a row are
//! looked at in one loop without a call between them. A row has two holders, the wait and its lane's list,
//! and is free when both have let go.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::mem;
use std::rc::Rc;
use std::task::Waker;

use bevy_ecs::world::World;

use super::checks::{Payload, guarded};
use crate::executor::Lane;

/// A condition's place.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Armed {
    column: u32,
    row: u32,
}

/// All conditions of one store.
#[derive(Default)]
pub(crate) struct Conditions {
    columns: RefCell<Vec<Rc<dyn Look>>>,
    /// The columns' numbers, sorted by their types.
    numbers: RefCell<Vec<(TypeId, u32)>>,
    /// Each lane's list, in order of arming.
    lanes: RefCell<Vec<Vec<Armed>>>,
}

impl Conditions {
    /// Lets step 5 of `lane` look at a condition until it gives something, and wake `waker` then.
    pub(crate) fn arm<F, T>(&self, lane: Lane, condition: F, waker: Waker) -> (Rc<Column<F, T>>, u32)
    where
        F: FnMut(&World) -> Option<T> + 'static,
        T: 'static,
    {
        let column = self.column::<F, T>();
        let row = column.fill(condition, waker);
        let mut lanes = self.lanes.borrow_mut();
        let lane = usize::from(lane.index);
        if lanes.len() <= lane {
            lanes.resize_with(lane + 1, Vec::new);
        }
        // ORDER: in order of arming.
        lanes[lane].push(Armed { column: column.number, row });
        (column, row)
    }

    fn column<F, T>(&self) -> Rc<Column<F, T>>
    where
        F: FnMut(&World) -> Option<T> + 'static,
        T: 'static,
    {
        let of = TypeId::of::<Column<F, T>>();
        let mut numbers = self.numbers.borrow_mut();
        let mut columns = self.columns.borrow_mut();
        match numbers.binary_search_by_key(&of, |(of, _)| *of) {
            Ok(at) => {
                let column = columns[numbers[at].1 as usize].clone().as_any();
                column.downcast().expect("found by its type")
            }
            Err(at) => {
                let number = u32::try_from(columns.len()).expect("fewer types than four thousand million");
                let column = Rc::new(Column::new(number));
                columns.push(column.clone());
                numbers.insert(at, (of, number));
                column
            }
        }
    }

    /// Whether a lane has no conditions.
    pub(crate) fn are_none(&self, lane: Lane) -> bool {
        self.lanes.borrow().get(usize::from(lane.index)).is_none_or(Vec::is_empty)
    }

    /// Looks at the conditions of a lane. Those that are over leave its list; their wakers go to `woken`.
    pub(crate) fn look(&self, world: &World, lane: Lane, woken: &mut dyn FnMut(Waker)) {
        let lane = usize::from(lane.index);
        let Some(mut list) = self.lanes.borrow_mut().get_mut(lane).map(mem::take) else { return };
        let (mut seen, mut kept) = (0, 0);
        while let Some(&Armed { column, .. }) = list.get(seen) {
            let column = self.columns.borrow()[column as usize].clone();
            let looked = column.look(world, &mut list[seen..], woken);
            if kept != seen {
                list.copy_within(seen..seen + looked.kept, kept);
            }
            kept += looked.kept;
            seen += looked.seen;
        }
        list.truncate(kept);
        self.lanes.borrow_mut()[lane] = list;
    }
}

/// How many entries of a list were looked at, and how many of them stay, which were moved to its front.
struct Looked {
    seen: usize,
    kept: usize,
}

/// A column whose types are forgotten.
trait Look {
    /// Looks at the conditions that the list names, up to the first of another column.
    fn look(&self, world: &World, list: &mut [Armed], woken: &mut dyn FnMut(Waker)) -> Looked;
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
}

/// The conditions of one type, and the waits for them.
pub(crate) struct Column<F, T> {
    number: u32,
    /// Borrowed while one of them runs.
    conditions: RefCell<Vec<Option<F>>>,
    waits: RefCell<Vec<Wait<T>>>,
    free: RefCell<Vec<u32>>,
    /// A condition that ran has dropped waits of this column; their conditions are still here.
    dropped_meanwhile: Cell<bool>,
}

struct Wait<T> {
    found: Option<Result<T, Payload>>,
    waker: Option<Waker>,
    /// Its holders.
    is_awaited: bool,
    is_listed: bool,
}

impl<F, T> Column<F, T> {
    fn new(number: u32) -> Self {
        Column {
            number,
            conditions: RefCell::default(),
            waits: RefCell::default(),
            free: RefCell::default(),
            dropped_meanwhile: Cell::new(false),
        }
    }

    fn fill(&self, condition: F, waker: Waker) -> u32 {
        let mut conditions = self.conditions.borrow_mut();
        let mut waits = self.waits.borrow_mut();
        let wait = Wait { found: None, waker: Some(waker), is_awaited: true, is_listed: true };
        if let Some(row) = self.free.borrow_mut().pop() {
            conditions[row as usize] = Some(condition);
            waits[row as usize] = wait;
            return row;
        }
        conditions.push(Some(condition));
        waits.push(wait);
        u32::try_from(waits.len() - 1).expect("fewer than four thousand million waits at once")
    }

    /// What the condition of a wait gave, once, or its panic.
    pub(crate) fn take_found(&self, row: u32) -> Option<Result<T, Payload>> {
        self.waits.borrow_mut()[row as usize].found.take()
    }

    /// Has a wait that isn't over wake what `waker` wakes. It may be over when this returns: a foreign waker may do
    /// anything when it is cloned, and so step the world from another's script.
    pub(crate) fn update(&self, row: u32, waker: &Waker) {
        let is_same = self.waits.borrow()[row as usize].waker.as_ref().is_some_and(|kept| kept.will_wake(waker));
        if !is_same {
            let waker = waker.clone();
            let before = self.waits.borrow_mut()[row as usize].waker.replace(waker);
            drop(before);
        }
    }

    /// The wait is over, or dropped: drops the condition, and whatever else is there.
    pub(crate) fn let_go(&self, row: u32) {
        let condition = self.conditions.try_borrow_mut().map(|mut conditions| conditions[row as usize].take());
        let mut waits = self.waits.borrow_mut();
        let wait = &mut waits[row as usize];
        wait.is_awaited = false;
        let rest = (wait.waker.take(), wait.found.take());
        if condition.is_err() {
            self.dropped_meanwhile.set(true);
        } else if !wait.is_listed {
            self.free.borrow_mut().push(row);
        }
        drop(waits);
        drop((condition, rest));
    }

    /// Ends a wait with what was found. Gives its waker, unless it was dropped.
    fn end(&self, row: u32, found: Result<T, Payload>) -> Option<Waker> {
        let mut waits = self.waits.borrow_mut();
        let wait = &mut waits[row as usize];
        let unwanted = if wait.is_awaited { wait.found.replace(found) } else { Some(found) };
        drop(waits);
        // Nobody is left to be told of a panic in here.
        let _ = guarded(|| drop(unwanted));
        self.unlist(row)
    }

    /// Takes a row off its lane's list. Gives the waker that was left.
    fn unlist(&self, row: u32) -> Option<Waker> {
        let mut waits = self.waits.borrow_mut();
        let wait = &mut waits[row as usize];
        wait.is_listed = false;
        if !wait.is_awaited {
            self.free.borrow_mut().push(row);
        }
        wait.waker.take()
    }

    /// Drops the conditions of waits that were dropped while one ran.
    #[cold]
    fn sweep(&self, conditions: &mut [Option<F>]) {
        for (row, condition) in (0..).zip(conditions) {
            let is_listed = self.waits.borrow()[row as usize].is_listed;
            let dropped = condition.take_if(|_| !self.waits.borrow()[row as usize].is_awaited);
            if dropped.is_some() && !is_listed {
                self.free.borrow_mut().push(row);
            }
        }
    }
}

impl<F, T> Look for Column<F, T>
where
    F: FnMut(&World) -> Option<T> + 'static,
    T: 'static,
{
    fn look(&self, world: &World, list: &mut [Armed], woken: &mut dyn FnMut(Waker)) -> Looked {
        let mut conditions = self.conditions.borrow_mut();
        let (mut seen, mut kept) = (0, 0);
        loop {
            // One guard for all, so that a condition that doesn't hold costs no more than the question.
            let outcome = guarded(|| {
                while let Some(&armed) = list.get(seen)
                    && armed.column == self.number
                {
                    let Some(condition) = &mut conditions[armed.row as usize] else {
                        seen += 1;
                        self.unlist(armed.row);
                        continue;
                    };
                    let found = condition(world);
                    if self.dropped_meanwhile.get() {
                        return found;
                    }
                    seen += 1;
                    if let Some(found) = found {
                        self.end(armed.row, Ok(found)).map(&mut *woken);
                    } else {
                        list[kept] = armed;
                        kept += 1;
                    }
                }
                None
            });
            let Some(&armed) = list.get(seen).filter(|armed| armed.column == self.number) else {
                return Looked { seen, kept };
            };
            // This one panicked, or dropped waits while it ran.
            let mut found = outcome.transpose();
            while self.dropped_meanwhile.take() {
                if let Err(payload) = guarded(|| self.sweep(&mut conditions)) {
                    // A destructor that panics does so by the doing of the condition that ran.
                    found = Some(Err(payload));
                    self.dropped_meanwhile.set(true);
                }
            }
            seen += 1;
            if let Some(found) = found {
                self.end(armed.row, found).map(&mut *woken);
            } else {
                list[kept] = armed;
                kept += 1;
            }
        }
    }

    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }
}
